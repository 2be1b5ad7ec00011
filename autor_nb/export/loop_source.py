"""What a loop's report is made from, read in one pass: few things are kept, each experiment is handed on as it ends."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from autor_nb import loop_control
from autor_nb.domain.events import Decision
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.course import Course, shown_name
from autor_nb.domain.loops.state import LoopState
from autor_nb.record import loop_calls, loop_headline, loop_story
from autor_nb.record.loop_analysis import Analysis
from autor_nb.record.loop_calls import Call
from autor_nb.record.loop_headline import Headline
from autor_nb.record.loop_story import Iteration
from autor_nb.store.loops.layout import LoopFolder

NEWEST, CRASHES, TOP, DECISIONS, STRAY = 40, 20, 10, 200, 20


@dataclass(frozen=True)
class Hit:
    """An experiment among the best: its gain in the metric, better is positive."""

    gain: float
    n: int
    confirmed: bool
    metric: float | None
    delta: float | None
    summary: str
    e_value: float | None


@dataclass
class LoopSource:
    """All of it, bounded however long the loop is."""

    loop: LoopFolder
    snapshot: loop_control.Snapshot
    course: Course
    analysis: Analysis
    newest: deque[Iteration] = field(default_factory=lambda: deque(maxlen=NEWEST))
    crashes: deque[Iteration] = field(default_factory=lambda: deque(maxlen=CRASHES))
    decisions: deque[Any] = field(default_factory=lambda: deque(maxlen=DECISIONS))
    sessions: deque[Any] = field(default_factory=lambda: deque(maxlen=DECISIONS))
    gate_tests: dict[str, ev.GateTested] = field(default_factory=dict)
    calls: int = 0
    tokens: tuple[int, int] = (0, 0)
    stray: deque[Call] = field(default_factory=lambda: deque(maxlen=STRAY))
    unreadable_calls: int = 0
    _hits: list[tuple[float, int, Hit]] = field(default_factory=list)
    _recorded: list[tuple[float, int, Hit]] = field(default_factory=list)

    @property
    def state(self) -> LoopState:
        """The folded log."""
        return self.snapshot.state

    @property
    def headline(self) -> Headline:
        """What may be said."""
        return loop_headline.headline(self.state)

    @property
    def metric(self) -> str:
        """The name of what is shown."""
        return shown_name(self.state.config)

    @property
    def hits(self) -> list[Hit]:
        """The greatest confirmed gains over what stood before, the greatest first."""
        return [hit for _, _, hit in sorted(self._hits, reverse=True)]

    @property
    def lucky(self) -> list[Hit]:
        """The best single recorded metrics, which are no claim."""
        return [hit for _, _, hit in sorted(self._recorded, reverse=True)]

    def add(self, one: Iteration) -> None:
        """One experiment more."""
        self.analysis.add(one)
        self.newest.append(one)
        if one.failed:
            self.crashes.append(one)
        if one.ended is None or one.failed or one.metric is None or one.word == "baseline":
            return
        sign = -1 if self.state.lower_is_better else 1
        gain = sign * (one.delta or 0.0)
        if loop_headline.scale(self.state).scored and one.ended.mean is not None:
            gain = one.ended.mean  # of the score, which is what was confirmed
        hit = Hit(gain, one.n, one.ended.confirmed, one.metric, one.delta, one.summary[:300], one.ended.e_value)
        _push(self._recorded, (sign * one.metric, -one.n, hit))
        if one.word == "keep" and one.ended.confirmed and not one.ended.within:
            _push(self._hits, (gain, -one.n, hit))

    def call(self, call: Call, known: bool) -> None:
        """A critic's call more; `known` if an experiment came of it."""
        self.calls += 1
        self.tokens = (self.tokens[0] + call.tokens[0], self.tokens[1] + call.tokens[1])
        self.unreadable_calls += not call.readable
        if not known:
            self.stray.append(call)


def _push(heap: list[tuple[float, int, Hit]], item: tuple[float, int, Hit]) -> None:
    if len(heap) < TOP:
        heapq.heappush(heap, item)
    else:
        heapq.heappushpop(heap, item)


Visitor = Callable[[Iteration, Call | None], None]


def read(loop: LoopFolder, visit: Visitor = lambda one, call: None, *, with_calls: bool = True) -> LoopSource:
    """Read the loop once; `visit` gets every experiment with its critic's call, in the order of their ends."""
    snapshot = loop_control.snapshot(loop)
    source = LoopSource(loop, snapshot, Course(), Analysis(lower=snapshot.state.lower_is_better))
    story, batch = loop_story.Story(), list[Any]()
    left = {path.name for path in loop_calls.names(loop.critic_logs)} if with_calls else set()
    for event in loop_story.events(loop):
        batch.append(event)
        if len(batch) >= 256:
            source.course.take(batch)
            batch.clear()
        _note(source, event)
        one = story.take(event)
        if one is None:
            continue
        call = None
        if one.critic_log in left:
            left.discard(one.critic_log)
            call = loop_calls.read(loop.critic_logs / one.critic_log)
            source.call(call, True)
        source.add(one)
        visit(one, call)
    source.course.take(batch)
    for name in sorted(left):
        source.call(loop_calls.read(loop.critic_logs / name), False)
    return source


def _note(source: LoopSource, event: Any) -> None:
    if isinstance(event, ev.GateTested):
        source.gate_tests[event.part] = event
    elif isinstance(event, ev.LoopStarted | ev.LoopStopped | ev.LoopFailed | ev.AuditEnded):
        source.sessions.append(event)
    if isinstance(event, Decision) and event.by.is_person and not isinstance(event, ev.ExperimentRecorded):
        source.decisions.append(event)
