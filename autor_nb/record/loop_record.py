"""What a loop notebook imports: the loop read once, and each part of it as an output that shows itself."""

from __future__ import annotations

from collections import deque
from pathlib import Path

from autor_nb import loop_control
from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.course import Course, shown_name
from autor_nb.figures import Drawn
from autor_nb.figures.descriptions import Description
from autor_nb.record import loop_parts, loop_pictures, loop_story
from autor_nb.record.loop_story import Iteration
from autor_nb.record.markup import Shown, stack, words
from autor_nb.store.loops.layout import LoopFolder

NEWEST, CRASHES = 30, 10


class LoopRecord:
    """A loop as it was when the notebook was executed."""

    def __init__(self, loop: LoopFolder) -> None:
        self.loop = loop
        self.snapshot = loop_control.snapshot(loop)
        self.course = Course()
        self._newest: deque[Iteration] = deque(maxlen=NEWEST)
        self._crashes: deque[Iteration] = deque(maxlen=CRASHES)
        self._gate_tests: dict[str, ev.GateTested] = {}
        story = loop_story.Story()
        for event in loop_story.events(loop):
            self.course.take([event])
            if isinstance(event, ev.GateTested):
                self._gate_tests[event.part] = event
            one = story.take(event)
            if one is not None:
                self._newest.append(one)
                if one.failed:
                    self._crashes.append(one)

    @property
    def metric(self) -> str:
        """The name of what is shown."""
        return shown_name(self.snapshot.state.config)

    def header(self) -> Shown:
        """What may be said, and the loop in a few facts."""
        state = self.snapshot.state
        return stack(loop_parts.headline(state), loop_parts.summary(state, str(self.snapshot.status)), gap=8)

    def convergence(self) -> Drawn | Shown:
        """Best recorded and best re-measured over the experiments."""
        return self._drawn(loop_pictures.convergence_of(self.course, self.loop.name, self.metric))

    def evidence(self) -> Drawn | Shown:
        """The e-values of the newest candidate that reached a confirm."""
        return self._drawn(loop_pictures.evidence_of(self.course))

    def calibration(self) -> Drawn | Shown:
        """What the critic hoped for, and what came."""
        return self._drawn(loop_pictures.calibration_of(self.course))

    def differences(self) -> Drawn | Shown:
        """The newest experiments by their difference to the incumbent of their time."""
        return self._drawn(loop_pictures.differences_of(self.course))

    def audits(self) -> Shown:
        """Every final audit."""
        return loop_parts.audits(self.snapshot.state.audits)

    def kept(self) -> Shown:
        """What the branch went on from."""
        return loop_parts.kept(self.snapshot.state.kept, loop_parts.column(self.snapshot.state))

    def experiments(self) -> Shown:
        """The newest experiments."""
        return loop_parts.experiments(self._newest, loop_parts.column(self.snapshot.state))

    def reasoning(self) -> Shown:
        """Why the newest were made."""
        told = [loop_parts.reasoning(one) for one in reversed(self._newest)]
        return stack(*[part for part in told if part.text]) if any(part.text for part in told) else words("None.")

    def crashes(self) -> Shown:
        """The newest that came to nothing."""
        told = [loop_parts.crash(one, loop_story.tail_of(self.loop, one)) for one in reversed(self._crashes)]
        return stack(*told) if told else words("None.")

    def preflight(self) -> Shown:
        """The checks before the start, and the gate's own tests."""
        return loop_parts.preflight(self.snapshot.state, self._gate_tests)

    def _drawn(self, figure: Description | None) -> Drawn | Shown:
        if figure is None or not self.course.experiments:
            return words("There is nothing to draw yet.")
        return Drawn(figure)


def open(loop: str | Path) -> LoopRecord:
    """The loop in that folder."""
    folder = LoopFolder(Path(loop).expanduser().resolve())
    if not folder.exists:
        raise UsageError(f"{loop} is not a loop.", "Give a folder below autor_loops/.")
    return LoopRecord(folder)
