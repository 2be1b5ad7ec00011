"""The experiment as a program: every family, seed and fold of the design, then the result files."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from . import extras, permutation, tables
from .data import Part, read_part
from .design import Design, read_design
from .evaluate import FoldResult, outer_splits, run_fold
from .families import title
from .holdout import open_holdout

# Set in every worker process once, so that data is read there and not sent with each task.
_shared: dict[str, Any] = {}


def _prepare(root: Path, design: Design) -> None:
    _shared["part"], _shared["design"] = read_part(root / design.train, design), design


def _fold(task: tuple[str, int, int]) -> FoldResult:
    key, seed, fold = task
    return run_fold(key, _shared["part"], _shared["design"], seed, fold)


def _permutation(numbers: list[int]) -> list[float]:
    design = _shared["design"]
    if "folds" not in _shared:
        part = permutation.subset(_shared["part"], design)
        _shared["small"], _shared["folds"] = part, permutation.prepared(part, design)
        _shared["scheme"] = permutation.scheme(part, design)[0]
    return [permutation.one(n, _shared["small"], _shared["folds"], _shared["scheme"], design) for n in numbers]


def _importance(task: tuple[str, dict[str, Any], int]) -> list[float]:
    return extras.importance(task[0], task[1], _shared["part"], _shared["design"], task[2])


def _curve(task: tuple[str, dict[str, Any], int]) -> list[list[Any]]:
    return extras.learning_curve(task[0], task[1], _shared["part"], _shared["design"], task[2])


@contextmanager
def _workers(jobs: int, root: Path, design: Design) -> Iterator[Callable[[Callable[[Any], Any], list[Any]], list[Any]]]:
    """A map over tasks, in order, in this process or in `jobs` worker processes: the results are the same."""
    if jobs == 1:
        _prepare(root, design)
        yield lambda work, items: [work(item) for item in items]
        return
    kind = "fork" if sys.platform.startswith("linux") else "spawn"
    context = multiprocessing.get_context(kind)
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=_prepare, initargs=(root, design)) as pool:
        yield lambda work, items: list(pool.map(work, items))


class Progress:
    """What the program says while it works: words, or one JSON object a line."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json

    def __call__(self, state: str, name: str, text: str = "") -> None:
        """`state` begin or end of the part `name`."""
        line = json.dumps({"state": state, "name": name, "text": text}) if self.as_json else f"{name}: {text or state}"
        print(line, flush=True)


def run(root: Path, design: Design, jobs: int, progress: Progress) -> None:
    """Carry out the whole design and write `results/` and `notes/fit_times.csv` under `root`."""
    part = read_part(root / design.train, design)
    with _workers(jobs, root, design) as each:
        results: list[FoldResult] = []
        for key in ["baseline", *design.family_keys]:
            name = title(key, design.task)
            progress("begin", name)
            tasks = [
                (key, seed, fold) for seed in design.seeds for fold in range(len(outer_splits(part, design, seed)))
            ]
            mine = each(_fold, tasks)
            results += mine
            found = tables.spread(mine, design.metric, design.seeds)
            progress("end", name, _words(found, len(mine), design))
        if design.permutations:
            progress("begin", "permutation test")
            found_p = _permute(each, part, design)
            tables.write_json(root / "results" / "permutation.json", found_p)
            progress("end", "permutation test", f"p = {found_p['p']:.4f}; {found_p['text']}")
        summary = tables.summary(results, part, design)
        _extras(each, results, summary["best"], root, design, progress)
    tables.write_folds(root / "results", results, design)
    tables.write_predictions(root / "results", results, part, design)
    tables.write_json(root / "results" / "summary.json", summary)
    tables.write_csv(
        root / "notes" / "fit_times.csv",
        ["family", "seed", "fold", "seconds"],
        ([r.family, r.seed, r.fold, round(r.seconds, 4)] for r in results),
    )


def _words(found: dict[str, float | None], count: int, design: Design) -> str:
    if found["mean"] is None:
        return f"{count} folds, none could be scored"
    return f"{count} folds, {design.metric} {found['mean']:.4f}"


def _permute(each: Callable[[Any, list[Any]], list[Any]], part: Part, design: Design) -> dict[str, Any]:
    numbers = list(range(design.permutations + 1))
    chunks = [numbers[n : n + 10] for n in range(0, len(numbers), 10)]
    values = [value for chunk in each(_permutation, chunks) for value in chunk]
    return permutation.summary(values, permutation.subset(part, design), design)


def _extras(
    each: Any, results: list[FoldResult], best: str | None, root: Path, design: Design, progress: Progress
) -> None:
    first = {(r.family, r.fold): r for r in results if r.seed == design.seeds[0] and r.predicted is not None}
    if "importance" in design.extras and best is not None:
        progress("begin", "importance of columns")
        per_fold = each(_importance, [(best, r.setting, fold) for (key, fold), r in first.items() if key == best])
        rows = extras.importance_rows(per_fold, design)
        tables.write_csv(root / "results" / "importance.csv", ["column", "mean", "sd", "rank"], rows)
        progress("end", "importance of columns", f"{len(rows)} columns, of the family {best}")
    if "learning_curve" in design.extras:
        progress("begin", "learning curves")
        tasks = [(key, r.setting, fold) for (key, fold), r in first.items() if key != "baseline"]
        rows = [row for rows in each(_curve, tasks) for row in rows]
        tables.write_csv(
            root / "results" / "learning_curve.csv",
            ["family", "share", "n_train", "seed", "fold", design.metric],
            rows,
        )
        progress("end", "learning curves", f"{len(rows)} fits")


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="run.py", description="Run the study that data/design.json describes.")
    parser.add_argument("--root", type=Path, default=Path(), help="folder that holds data/ and results/")
    parser.add_argument("--design", type=Path, default=Path("data/design.json"), help="relative to the root")
    parser.add_argument("--deviations", type=Path, default=Path("notes/deviations.json"), help="relative to the root")
    parser.add_argument("--jobs", type=int, default=min(4, os.cpu_count() or 1), help="worker processes")
    parser.add_argument("--json", action="store_true", help="progress as JSON lines")
    parser.add_argument("--holdout", action="store_true", help="open the holdout instead, and print its scores as JSON")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run it; 0 when every file was written."""
    given = arguments(argv)
    design = read_design(given.root / given.design, given.root / given.deviations)
    if given.holdout:
        if design.holdout is None:
            print("The design has no holdout.", file=sys.stderr)
            return 2
        print(json.dumps(tables.finite(open_holdout(given.root, design))))
        return 0
    begun = time.perf_counter()
    run(given.root, design, max(1, given.jobs), Progress(given.json))
    print(f"finished in {time.perf_counter() - begun:.1f} s", file=sys.stderr)
    return 0
