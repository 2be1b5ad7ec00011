"""The forks of a loop side by side: each with its own re-measured best, compared only on common fresh seeds."""

from __future__ import annotations

from typing import Any

from autor_nb.desk import clean
from autor_nb.desk.loops import curves, head
from autor_nb.desk.words import count
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.course import Course
from autor_nb.domain.loops.state import LoopState
from autor_nb.figures.loop_convergence import spaced
from autor_nb.figures.loop_words import Numbers
from autor_nb.store import eventlog
from autor_nb.store.loops.course_file import CourseFile
from autor_nb.store.loops.layout import LoopFolder, all_loops
from autor_nb.store.loops.words import EVENTS

MOST = 6
STEPS = 40
Document = dict[str, Any]


class Family:
    """Keeps up with the loops of one project that came from the same one, by reading only what is new."""

    def __init__(self, loop: LoopFolder) -> None:
        self.loop = loop
        self._files: dict[str, CourseFile] = {}
        self._parents: dict[str, str] = {}

    def members(self, state: LoopState) -> list[str]:
        """Names of the family, this loop first; alone, just its own."""
        root = state.forked_from or state.name
        found = [self.loop.name]
        for other in all_loops(self.loop.project):
            if other.name != self.loop.name and (other.name == root or self._parent(other) == root):
                found.append(other.name)
        return found

    def sizes(self) -> tuple[int, ...]:
        """How long the logs of the others are: what tells that one of them went on."""
        return tuple(file.loop.events.stat().st_size for file in self._files.values() if file.loop.exists)

    def _parent(self, loop: LoopFolder) -> str:
        if loop.name not in self._parents:
            with loop.events.open("rb") as stream:
                first = eventlog.decode(stream.readline(), 1, EVENTS)
            self._parents[loop.name] = first.forked_from if isinstance(first, ev.LoopCreated) else ""
        return self._parents[loop.name]

    def view(self, state: LoopState, course: Course, places: Numbers) -> Document:
        """One document a member, at most MOST."""
        names = self.members(state)
        if len(names) < 2:
            return {"rows": [], "note": "", "more": 0}
        courses = {self.loop.name: course}
        for name in names[1:MOST]:
            file = self._files.setdefault(name, CourseFile(LoopFolder(self.loop.path.parent / name)))
            courses[name] = file.read()
        values = [course.scale.metric(step.mean) for each in courses.values() for step in each.steps if step.runs]
        span = [min(values), max(values)] if values else [0.0, 1.0]
        last = max(each.last for each in courses.values())
        rows = [_row(name, each, places, name == self.loop.name) for name, each in courses.items()]
        note = "Each on its own fresh seeds; autor loop compare measures them on common ones before anything is merged."
        base = next((one.metric for one in course.experiments if one.verdict == "baseline"), None)
        return {
            "rows": rows,
            "note": note,
            "more": len(names) - len(rows),
            "span": span,
            "last": last,
            "baseline": base,
        }


def _row(name: str, course: Course, places: Numbers, own: bool) -> Document:
    value, beside = head.best_of(course, places)
    kept = sum(one.verdict == "keep" for one in course.experiments)
    tested = sum(one.reached for one in course.experiments)
    counted = [count(max(0, len(course.experiments) - 1), "experiment"), f"{kept} kept", count(tested, "confirm")]
    steps = spaced([(step.n, course.scale.metric(step.mean)) for step in course.steps if step.runs], STEPS)
    return {
        "name": clean.line(name, 60), "own": own, "value": value or "–", "pm": beside, "counts": ", ".join(counted),
        "steps": [[n, curves.short(metric)] for n, metric in steps], "last": course.last,
    }  # fmt: skip
