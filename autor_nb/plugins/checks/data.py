"""The study's data: files under data/ that parse and hold something, some of them made by the design."""

from __future__ import annotations

from collections.abc import Iterable

from autor_nb.domain.check import Check, Severity, failed, passed
from autor_nb.domain.ports import AttemptView
from autor_nb.plugins.checks.content import emptiness, files_in, judged, unreadable

SUFFIXES = (".json", ".jsonl", ".csv", ".tsv", ".parquet", ".yaml", ".yml")
MADE_FROM = "03"


class DataChecker:
    """Judges data/ from stage 03 on."""

    name = "data"

    def check(self, view: AttemptView) -> Iterable[Check]:
        """Present, parses, not empty, fresh."""
        paths = files_in(view, "data/", SUFFIXES)
        kinds = " ".join(SUFFIXES)
        if not paths:
            yield failed(
                "data.present",
                "There is machine-readable data",
                subject="data/",
                detail="None was found.",
                remedy=f"Write the study's data or its design under data/ as one of {kinds}.",
            )
            return
        yield passed("data.present", "There is machine-readable data", subject="data/", detail=f"{len(paths)} files.")
        yield judged(
            "data.parses",
            "Every data file parses",
            unreadable(view, paths),
            "Write these files again so that they parse as their suffix promises, or move them to notes/.",
            subject="data/",
        )
        yield from emptiness(view, paths, "data")
        yield judged(
            "data.tidy",
            "Tables are regular",
            _irregular(view, paths),
            "Give every row as many fields as the header, and save text as UTF-8.",
            subject="data/",
            severity=Severity.WARNING,
        )
        fresh = [path for path in paths if (view.made_by(path) or ("",))[0] >= MADE_FROM]
        yield judged(
            "data.fresh",
            "The study design made data of its own",
            [] if fresh else ["every file was there before"],
            "Have stage 03 write what it settled under data/, for instance the split and data/design.json.",
            subject="data/",
            good=f"{len(fresh)} of {len(paths)} files.",
        )


def _irregular(view: AttemptView, paths: list[str]) -> list[str]:
    problems = []
    for path in paths:
        schema = view.inspect(path).schema
        if schema.get("ragged_rows"):
            problems.append(f"{path}: {schema['ragged_rows']} rows of another width than the header")
        if schema.get("encoding"):
            problems.append(f"{path} is read as {schema['encoding']}, not UTF-8")
    return problems
