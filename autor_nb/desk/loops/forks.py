"""The forks of a loop side by side: each with its own re-measured best, compared only on common fresh seeds."""

from __future__ import annotations

from typing import Any

from autor_nb import loop_control
from autor_nb.desk import clean
from autor_nb.desk.loops import comparisons, curves, head, words
from autor_nb.desk.loops.comparisons import Comparisons
from autor_nb.desk.loops.words import length
from autor_nb.desk.words import count
from autor_nb.domain.errors import AutorError
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.course import Course
from autor_nb.domain.loops.forks import SEEDS
from autor_nb.domain.loops.gate import AUDIT_BAR, AUDIT_PAIRS
from autor_nb.domain.loops.state import LoopState
from autor_nb.figures.loop_convergence import spaced
from autor_nb.figures.loop_words import Numbers
from autor_nb.store import eventlog
from autor_nb.store.loops.course_file import CourseFile
from autor_nb.store.loops.layout import LoopFolder, all_loops
from autor_nb.store.loops.words import EVENTS

MOST = 9
STEPS = 40
Document = dict[str, Any]


class Family:
    """Keeps up with the loops of one project that came from the same one, by reading only what is new."""

    def __init__(self, loop: LoopFolder) -> None:
        self.loop = loop
        self._files: dict[str, CourseFile] = {}
        self._tails: dict[str, loop_control.Tail] = {}
        self._parents: dict[str, tuple[str, str]] = {}
        self._compared: Comparisons | None = None

    def members(self, state: LoopState) -> list[str]:
        """Names of the family, this loop first; alone, just its own."""
        root = state.family or state.name
        found = [self.loop.name]
        for other in all_loops(self.loop.project):
            if other.name != self.loop.name and (other.name == root or self._parent(other)[0] == root):
                found.append(other.name)
        return found

    def own_forks(self, state: LoopState) -> list[str]:
        """Those that were forked from this loop: what it may merge."""
        return [name for name in self.members(state)[1:] if self._parents.get(name, ("", ""))[1] == self.loop.name]

    def sizes(self) -> tuple[Any, ...]:
        """What changes when another of them went on or was compared with the others."""
        logs = [file.loop.events.stat().st_size for file in self._files.values() if file.loop.exists]
        doing = [self._doing(name) for name in self._files]
        return (*logs, *doing, *(self._compared.stamp() if self._compared is not None else ()))

    def _doing(self, name: str) -> tuple[str, str]:
        """(what another of the family does now, its tone), empty if that cannot be told."""
        tail = self._tails.get(name)
        if tail is None:
            tail = self._tails[name] = loop_control.Tail(LoopFolder(self.loop.path.parent / name))
        try:
            now = tail.snapshot()
        except (AutorError, OSError):
            return "", "idle"
        return words.pill(now.state, now.status)

    def _parent(self, loop: LoopFolder) -> tuple[str, str]:
        """(the loop that its family began with, the one that it was forked from), empty for one that is no fork."""
        if loop.name not in self._parents:
            with loop.events.open("rb") as stream:
                first = eventlog.decode(stream.readline(), 1, EVENTS)
            made = first if isinstance(first, ev.LoopCreated) else None
            self._parents[loop.name] = (made.family or made.forked_from, made.forked_from) if made else ("", "")
        return self._parents[loop.name]

    def view(self, state: LoopState, course: Course, places: Numbers) -> Document:
        """One document a member, at most MOST, with what common fresh seeds showed of them."""
        names = self.members(state)
        if len(names) < 2:
            return {"rows": [], "note": "", "more": 0}
        courses = {self.loop.name: course}
        for name in names[1:MOST]:
            file = self._files.setdefault(name, CourseFile(LoopFolder(self.loop.path.parent / name)))
            courses[name] = file.read()
        if self._compared is None:
            self._compared = Comparisons(LoopFolder(self.loop.path.parent / (state.family or state.name)))
        report, wrong = self._compared.newest(state.config)
        rows = []
        for name, each in courses.items():
            own = name == self.loop.name
            against = comparisons.row_of(report, name, state.head if own else each.incumbent, places)
            word, tone = ("", "idle") if own else self._doing(name)
            rows.append({**_row(name, each, places, own), "against": against, "word": word, "tone": tone})
        values = [course.scale.metric(step.mean) for each in courses.values() for step in each.steps if step.runs]
        return {
            "rows": rows,
            "note": "Each on its own fresh seeds.",
            "more": len(names) - len(rows),
            "span": [min(values), max(values)] if values else [0.0, 1.0],
            "last": max(each.last for each in courses.values()),
            "baseline": course.baseline.metric if course.baseline is not None else None,
            "common": comparisons.document(report, wrong, self.loop.name),
            "apart": comparisons.span_of([row["against"] for row in rows]),
            "merge": _merging(state, len(self.own_forks(state))),
        }


def _merging(state: LoopState, forks: int) -> Document:
    """What a merge of the best fork would be, for the words that it is confirmed by."""
    runs = SEEDS * (forks + 1) + 2 * 2 * AUDIT_PAIRS
    took = length(runs * state.worked_s / state.trials) if state.trials and state.worked_s else ""
    return {
        "into": clean.line(state.name, 60), "forks": forks, "seeds": SEEDS, "bar": f"{AUDIT_BAR:g}",
        "cost": f"At most about {runs} runs of the command{f', {took} at the pace so far' if took else ''}.",
    }  # fmt: skip


def acts(state: LoopState, live: bool, family: Family, work: Document | None) -> Document:
    """What may be asked about the family now; `reason` says why not."""
    busy = "A comparison or a merge is at work already." if work is not None and work["at_work"] else ""
    still = "" if state.head else "The loop has no head yet."
    whys = {
        "compare": busy or still or ("" if len(family.members(state)) > 1 else "The loop has no fork."),
        "merge": busy or still
        or ("" if family.own_forks(state) else "No fork began from this loop: merge where they began.")
        or ("Stop the loop first: its head must stand still meanwhile." if live else ""),
        "halt": "" if busy else "Nothing is being compared or merged.",
    }  # fmt: skip
    return {name: {"enabled": not why, "reason": why} for name, why in whys.items()}


def _row(name: str, course: Course, places: Numbers, own: bool) -> Document:
    value, beside = head.best_of(course, places)
    kept = sum(one.verdict == "keep" for one in course.experiments)
    tested = sum(one.reached for one in course.experiments)
    counted = [count(max(0, len(course.experiments) - 1), "experiment"), f"{kept} kept", count(tested, "confirm")]
    steps = spaced([(step.n, course.scale.metric(step.mean)) for step in course.steps if step.runs], STEPS)
    return {
        "name": clean.line(name, 60), "own": own, "value": value or "–", "pm": beside, "counts": ", ".join(counted),
        "steps": [[n, curves.short(metric, 12)] for n, metric in steps], "last": course.last,
    }  # fmt: skip
