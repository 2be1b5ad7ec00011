"""The study's results: files that parse and hold something, and the manifest that ties them to their code."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from autor_nb.domain.check import Check, Severity, failed, passed
from autor_nb.domain.ports import AttemptView
from autor_nb.plugins.checks.content import Unreadable, emptiness, files_in, judged, read_json, unreadable

SUFFIXES = (".json", ".jsonl", ".csv", ".tsv", ".parquet", ".npz", ".npy")
MANIFEST = "results/experiment_manifest.json"
MADE_BY = "05"
_TITLE = "The experiment manifest lists results and code"


class ResultsChecker:
    """Judges results/ from stage 05 on; the manifest is the engine's and does not count as a result."""

    name = "results"

    def check(self, view: AttemptView) -> Iterable[Check]:
        """Present, parses, not empty, listed with hashes."""
        paths = [path for path in files_in(view, "results/", SUFFIXES) if path != MANIFEST]
        title = "There are results"
        if not paths:
            yield failed(
                "results.present",
                title,
                subject="results/",
                detail="None was found.",
                remedy=f"Have the study's code write results under results/ as one of {' '.join(SUFFIXES)}.",
            )
            return
        yield passed("results.present", title, subject="results/", detail=f"{len(paths)} files.")
        yield judged(
            "results.parses",
            "Every result file parses",
            unreadable(view, paths),
            "Run the code that writes these files again; a missing number is null in JSON, an empty cell in CSV.",
            subject="results/",
        )
        yield from emptiness(view, paths, "results")
        yield from _manifest(view, paths)


def _manifest(view: AttemptView, paths: list[str]) -> Iterable[Check]:
    remedy = f"Run stage 05 again (autor redo 05): the engine makes {MANIFEST} from the files as they are."
    try:
        manifest = read_json(view, MANIFEST)
        results, code = _listed(manifest, "result_artifacts"), _listed(manifest, "code_artifacts")
    except Unreadable as error:
        yield failed("results.manifest", _TITLE, remedy, subject=MANIFEST, detail=str(error))
        return
    problems = [] if code else ["it names no code"]
    # Later stages add files of their own (tests of hypotheses, comparisons); those are not the experiments'.
    own = [path for path in paths if (view.made_by(path) or (MADE_BY,))[0] <= MADE_BY]
    problems += [f"{path} is not in it" for path in own if path not in results]
    problems += [
        f"{path} has other content than it lists"
        for path in own
        if path in results and results[path] != view.files[path].sha256
    ]
    yield judged(
        "results.manifest",
        _TITLE,
        problems,
        remedy,
        subject=MANIFEST,
        good=f"{len(results)} results, {len(code)} code files.",
    )
    gone = [f"{path} is gone" for path in results if path not in view.files]
    changed = [
        f"{path} was changed after the experiments"
        for path in paths
        if path not in own and path in results and results[path] != view.files[path].sha256
    ]
    yield judged(
        "results.kept",
        "The experiments' results are as they were",
        gone + changed,
        "Leave the files of the experiments alone; put what is derived from them into new files.",
        subject="results/",
        severity=Severity.WARNING,
    )


def _listed(manifest: Any, key: str) -> dict[str, str]:
    """Path → hash of one of the manifest's lists."""
    items = manifest.get(key) if isinstance(manifest, dict) else None
    if not isinstance(items, list):
        raise Unreadable(f"{MANIFEST} has no list {key}")
    return {
        str(item.get("rel_path", item.get("path", ""))): str(item.get("sha256", ""))
        for item in items
        if isinstance(item, dict)
    }
