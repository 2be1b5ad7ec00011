"""What can be compared with what: attempts or whole runs as a page names them, and the document of two of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from autor_nb import control
from autor_nb.desk import compare, words
from autor_nb.desk.compare import Side
from autor_nb.domain.errors import UsageError
from autor_nb.store import layout
from autor_nb.store.layout import RunFolder

MOST = 200
One = Side | RunFolder
Two = tuple[Side, Side] | tuple[RunFolder, RunFolder]
Document = dict[str, Any]


def of_attempts(two: Two) -> tuple[Side, Side] | None:
    """The two if they are attempts; None if they are whole runs."""
    left, right = two
    return (left, right) if isinstance(left, Side) and isinstance(right, Side) else None


def runs_of(two: Two) -> tuple[RunFolder, RunFolder]:
    """The runs that the two are, or belong to."""
    left, right = two
    return _run(left), _run(right)


def document(two: Two, everything: bool = False) -> Document:
    """A Compare document that also says what else may be chosen on either side."""
    left, right = two
    if isinstance(left, Side) and isinstance(right, Side):
        found = compare.compare_attempts(left, right, everything)
    else:
        found = compare.compare_runs(*runs_of(two), everything)
    picked = {"left": _place(left), "right": _place(right), "all": everything}
    return {**found, "run": runs_of(two)[1].run_id, "choices": choices(two), "picked": picked}


def choices(two: Two) -> list[Document]:
    """Every ended attempt of the runs that are compared; for whole runs, every run beside them, the newest first."""
    runs = dict.fromkeys(runs_of(two))
    if of_attempts(two) is None:
        beside = dict.fromkeys(run for root in _roots(two) for run in layout.all_runs(root))
        return [{"at": _place(run), "label": f"Run {run.run_id}"} for run in list(beside)[:MOST]]
    found = []
    for run in runs:
        state = control.snapshot(run).state
        for stage in state.stages:
            for attempt in (each for each in stage.attempts if each.ended_at):
                side = Side(run, state, stage, attempt)
                lead = f"{run.run_id}: " if len(runs) > 1 else ""
                label = f"{lead}{side.title}, {words.attempt_words(attempt)[0].lower()}"
                found.append({"at": _place(side), "label": label})
    return found[-MOST:]


def chosen(two: Two, left: Any, right: Any) -> Two:
    """Two others of the same kind by their places; UsageError if a place is none of the choices."""
    known = [choice["at"] for choice in choices(two)]
    for place in (left, right):
        if place not in known:
            raise UsageError(
                f"There is nothing to compare at {str(place)[:120]}.", "Choose from the lists, or run the cell again."
            )
    folders = {run.run_id: run for root in _roots(two) for run in layout.all_runs(root)}
    if of_attempts(two) is None:
        return folders[left["run"]], folders[right["run"]]
    one, other = (compare.side_of(folders[at["run"]], at["stage"], at["attempt"]) for at in (left, right))
    return one, other


def _roots(two: Two) -> list[Path]:
    return list(dict.fromkeys(run.path.parent for run in runs_of(two)))


def _run(one: One) -> RunFolder:
    return one.run if isinstance(one, Side) else one


def _place(one: One) -> Document:
    if isinstance(one, Side):
        return {"run": one.run.run_id, "stage": one.stage.ref.slug, "attempt": one.attempt.attempt}
    return {"run": one.run_id, "stage": "", "attempt": 0}
