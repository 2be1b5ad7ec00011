"""A loop's log told experiment by experiment, in one pass that holds one experiment at a time.

What an experiment was (its idea, what was refused on the way, the change, its runs) is put together when it ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from autor_nb.domain.errors import StoreError
from autor_nb.domain.events import Damaged, Event, Unknown
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.idea import Idea
from autor_nb.store.eventlog import decode
from autor_nb.store.loops.layout import LoopFolder
from autor_nb.store.loops.words import EVENTS
from autor_nb.store.system_errors import what_happened, what_mends

BLOCK = 1 << 20
REFUSED = 5
TAIL_BYTES = 2000
_PASSED = (ev.TrialStarted, ev.BlockPlanned, ev.ProgramRead)
_SKIP = tuple(b'{"type":"%s"' % str(kind.__struct_config__.tag).encode() for kind in _PASSED)
_FAILED = ("crash", "timeout", "tampered")


@dataclass
class Iteration:
    """One experiment from its idea to its verdict; `ended` is missing of one that is at work."""

    n: int
    idea: Idea | None = None
    proposed: ev.IdeaProposed | None = None
    refused: list[ev.IdeaRefused] = field(default_factory=list)
    refused_total: int = 0
    applied: ev.ChangeApplied | None = None
    ended: ev.ExperimentEnded | None = None
    recorded: ev.ExperimentRecorded | None = None
    failed_trial: ev.TrialEnded | None = None
    again: bool = False

    @property
    def word(self) -> str:
        """What became of it."""
        if self.recorded is not None:
            return self.recorded.status
        if self.ended is None:
            return ""
        return "baseline" if self.ended.baseline else str(self.ended.verdict)

    @property
    def summary(self) -> str:
        """What was tried."""
        if self.recorded is not None:
            return self.recorded.summary or self.recorded.hypothesis
        said = self.ended.summary if self.ended is not None else ""
        return said or (self.idea.hypothesis if self.idea is not None else "")

    @property
    def metric(self) -> float | None:
        """The metric that stands in its record."""
        source = self.recorded or self.ended
        return None if source is None else source.metric

    @property
    def delta(self) -> float | None:
        """Metric minus what stood before."""
        source = self.recorded or self.ended
        return None if source is None else source.delta

    @property
    def reason(self) -> str:
        """Why it ended so."""
        return self.ended.reason if self.ended is not None else "recorded, not tested" if self.recorded else ""

    @property
    def failed(self) -> bool:
        """Whether it came to no result."""
        return self.word in _FAILED

    @property
    def critic_log(self) -> str:
        """The name of the file in critic_logs/, empty if there is none."""
        return self.proposed.log if self.proposed is not None else ""


class Story:
    """Puts events together; `take` answers with an iteration when one has ended."""

    def __init__(self) -> None:
        self._now: dict[int, Iteration] = {}
        self._parked: dict[int, Iteration] = {}

    def take(self, event: Event | Unknown) -> Iteration | None:
        """One event more."""
        match event:
            case ev.IdeaProposed():
                one = self._of(event.n)
                one.idea, one.proposed = event.idea, event
            case ev.IdeaRefused():
                one = self._of(event.n)
                one.refused_total += 1
                one.refused = [*one.refused[-(REFUSED - 1) :], event]
            case ev.ChangeApplied():
                self._of(event.n).applied = event
            case ev.TrialEnded():
                if event.n >= 0 and event.ending not in ("finished", "stopped", "lost"):
                    self._of(event.n).failed_trial = event
            case ev.ExperimentReopened():
                one = self._parked.pop(event.n) if event.n in self._parked else self._of(event.n)
                one.again, one.ended = True, None
                self._now[event.n] = one
            case ev.ExperimentEnded():
                return self._ended(event)
            case ev.ExperimentRecorded():
                return Iteration(event.n, recorded=event)
        return None

    def _ended(self, event: ev.ExperimentEnded) -> Iteration:
        one = self._now.pop(event.n) if event.n in self._now else Iteration(event.n)
        self._now = {n: other for n, other in self._now.items() if n > event.n}
        one.ended = event
        if event.verdict == "inconclusive":
            self._parked[event.n] = one
            while len(self._parked) > 64:
                del self._parked[next(iter(self._parked))]
        return one

    def _of(self, n: int) -> Iteration:
        return self._now.setdefault(n, Iteration(n))


def events(loop: LoopFolder) -> Iterator[Event]:
    """Every event that tells something about an experiment, one at a time; the file is read in blocks."""
    try:
        with loop.events.open("rb") as stream:
            rest = b""
            while block := stream.read(BLOCK):
                whole, cut, rest = (rest + block).rpartition(b"\n")
                for line in whole.split(b"\n") if cut else ():
                    if line and not line.startswith(_SKIP):
                        event = decode(line, 0, EVENTS)
                        if not isinstance(event, Damaged | Unknown):
                            yield event
    except FileNotFoundError:
        return
    except OSError as error:
        path = str(loop.events)
        raise StoreError(what_happened(error, path), what_mends(error, path, "ask again"), path=path) from error


def iterations(loop: LoopFolder) -> Iterator[Iteration]:
    """Every experiment in the order in which they ended; one that was given more pairs comes again."""
    story = Story()
    for event in events(loop):
        one = story.take(event)
        if one is not None:
            yield one


def tail_of(loop: LoopFolder, one: Iteration, most: int = TAIL_BYTES) -> str:
    """The last lines that a failed run printed; empty where they are not kept."""
    trial = one.failed_trial
    if trial is None or not trial.output:
        return ""
    path = (loop.path / trial.output).resolve()
    if not path.is_relative_to(loop.path.resolve()):
        return ""
    try:
        with path.open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(max(0, size - most))
            said = stream.read(most)
    except OSError:
        return ""
    text = said.decode("utf-8", "replace")
    return text if size <= most else text.partition("\n")[2] or text


def output_of(one: Iteration) -> str:
    """Where that output is, as seen from the loop's folder."""
    return one.failed_trial.output if one.failed_trial is not None else ""
