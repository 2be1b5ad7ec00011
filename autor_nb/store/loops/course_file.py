"""Keeps the course of a loop up with its log: only lines of the kinds that a picture needs are decoded."""

from __future__ import annotations

from autor_nb.domain.events import Damaged, Event, Unknown
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.course import Course
from autor_nb.domain.loops.idea import Idea
from autor_nb.store.eventlog import decode
from autor_nb.store.loops.layout import LoopFolder
from autor_nb.store.loops.words import EVENTS

BLOCK = 1 << 20
_PASSED = (ev.TrialStarted, ev.BlockPlanned, ev.IdeaRefused, ev.DoctorAnswered, ev.ProgramRead, ev.PairVoided)
_SKIP = tuple(b'{"type":"%s"' % str(kind.__struct_config__.tag).encode() for kind in _PASSED)
_IDEA = b'{"type":"idea_proposed"'


class CourseFile:
    """The course of one loop; `read` takes in what is new."""

    def __init__(self, loop: LoopFolder) -> None:
        self.loop, self.course = loop, Course()
        self._offset = 0
        self._ideas: dict[int, tuple[int, int]] = {}

    def read(self) -> Course:
        """The course as of now. A log that shrank was mended: it is read from its beginning."""
        try:
            if self.loop.events.stat().st_size < self._offset:
                self.course, self._offset, self._ideas = Course(), 0, {}
            with self.loop.events.open("rb") as stream:
                stream.seek(self._offset)
                rest = b""
                while block := stream.read(BLOCK):
                    whole, cut, rest = (rest + block).rpartition(b"\n")
                    if cut:
                        self._take(whole + cut)
        except FileNotFoundError:
            pass
        return self.course

    def _take(self, content: bytes) -> None:
        found: list[Event | Unknown] = []
        for line in content.splitlines(keepends=True):
            size = len(line)
            if not line.startswith(_SKIP) and line.strip():
                event = decode(line, 0, EVENTS)
                if not isinstance(event, Damaged | Unknown):
                    found.append(event)
                    if line.startswith(_IDEA) and isinstance(event, ev.IdeaProposed):
                        self._ideas[event.n] = (self._offset, size)
            self._offset += size
        self.course.take(found)

    def idea(self, n: int) -> Idea | None:
        """The whole idea of an experiment, read where it stands in the log."""
        place = self._ideas.get(n)
        if place is None:
            return None
        with self.loop.events.open("rb") as stream:
            stream.seek(place[0])
            event = decode(stream.read(place[1]), 0, EVENTS)
        return event.idea if isinstance(event, ev.IdeaProposed) else None
