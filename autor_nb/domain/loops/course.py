"""The course of a loop as pictures need it: every experiment in a few numbers, folded from the log as it grows.

Nothing here decides anything. Scores (higher is better) of runs stay scores, which `Scale` turns into the metric;
differences of the log are the metric's already: candidate minus incumbent, of a time the share by which it moved.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from autor_nb.domain.events import Event, Unknown
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.record import Record
from autor_nb.domain.loops.spread import Spread

NO_VALUE = ("crash", "timeout", "tampered")
COUNTED = ("screen", "confirm", "reference", "warm_up")
TRACKS = 60
DECISIONS = 2000


class Scale(msgspec.Struct, frozen=True):
    """How scores and the metric belong together."""

    higher: bool = False
    time_like: bool = False
    scored: bool = False
    """Several metrics weighed into one: the score itself is what is shown."""

    def metric(self, score: float) -> float:
        """The metric of a score."""
        turned = score if self.higher else 0.0 - score  # never −0.0
        return math.exp(min(turned, 700.0)) if self.time_like else turned

    def change(self, difference: float) -> float:
        """A difference of scores as candidate minus incumbent of the metric; of times, the share by which it moved."""
        turned = difference if self.higher else 0.0 - difference
        return math.expm1(min(turned, 700.0)) if self.time_like else turned


def scale_of(config: dict[str, Any]) -> Scale:
    """The scale of a loop's configuration."""
    metric = config.get("metric") or {}
    if config.get("scalarizer"):
        return Scale(higher=True, scored=True)
    return Scale(higher=metric.get("direction") == "higher", time_like=bool(metric.get("time_like")))


def shown_name(config: dict[str, Any]) -> str:
    """What the numbers are that a verdict, an audit and a curve are about: the metric, or the score of several."""
    if scale_of(config).scored:
        return f"score ({config['scalarizer']})"[:60]
    return str((config.get("metric") or {}).get("name") or "metric")


class Step(msgspec.Struct, frozen=True):
    """From experiment `n` on: the incumbent's mean score on fresh seeds, and half of its interval; 0 runs: unknown."""

    n: int
    mean: float
    half: float
    runs: int
    of: int


class Experiment(msgspec.Struct, kw_only=True):
    """One experiment that ended or was recorded. `screen` is its one recorded metric, `fresh` its fresh runs."""

    n: int
    verdict: str
    summary: str = ""
    reason: str = ""
    metric: float | None = None
    screen: float | None = None
    fresh: Spread | None = None
    delta: float | None = None
    mean: float | None = None
    interval: tuple[float | None, float | None] | None = None
    e_value: float | None = None
    bar: float | None = None
    expected: float | None = None
    pairs: int = 0
    trials: int = 0
    duration_s: float = 0.0
    at: str = ""
    suspicious: tuple[str, ...] = ()
    confirmed: bool = False
    within: float = 0.0  # the margin of a keep that claims no more than "as good", in units of the score
    reached: bool = False
    recorded: bool = False
    critic: str = ""
    diff: str = ""
    beside_another: bool = False  # whether its pairs ran another commit than the incumbent
    trial: int = 0

    @property
    def shown(self) -> float | None:
        """The one metric that a single run recorded, or whatever was recorded at all."""
        return self.screen if self.screen is not None else self.metric

    @property
    def valid(self) -> bool:
        """Whether its metric is one to believe."""
        return self.metric is not None and self.verdict not in NO_VALUE


class Course:
    """All of a loop's experiments; events go in as they are read, each once."""

    def __init__(self, scale: Scale | None = None) -> None:
        self.scale = scale or Scale()
        self.experiments: list[Experiment] = []
        self.steps: list[Step] = []
        self.tracks: dict[int, list[ev.EvidenceRead]] = {}
        self.decisions: list[Event] = []
        self.gate_tests: dict[str, ev.GateTested] = {}
        self.noise = Spread()
        self.budget_since = 0
        self.baseline_n = 0
        self.measured_baseline = False
        self._places: dict[int, int] = {}
        self._at_work = Experiment(n=-1, verdict="")
        self._now = Spread()
        self._of = 0
        self.merged = ""  # the fork whose merge is the incumbent
        self.at_the_keep = False  # what is known of the incumbent are the runs that chose it, which flatter it

    def take(self, events: Iterable[Event | Unknown]) -> None:
        """Fold these in."""
        for event in events:
            step = _STEPS.get(type(event))
            if step is not None:
                step(self, event)
            if isinstance(event, ev.Decision) and event.by.is_person and type(event) is not ev.ExperimentRecorded:
                self.decisions.append(event)
                del self.decisions[:-DECISIONS]

    @property
    def last(self) -> int:
        """The highest number so far, 0 before any."""
        return max(self.experiments[-1].n if self.experiments else 0, self._at_work.n, 0)

    @property
    def at_work(self) -> Experiment | None:
        """The experiment that has not ended, as far as it is measured."""
        one = self._at_work
        verdict = "testing" if self.measured_baseline else "baseline"
        return None if one.n < 0 else msgspec.structs.replace(one, verdict=verdict)

    @property
    def now(self) -> Spread:
        """The incumbent's fresh runs."""
        return self._now

    @property
    def incumbent(self) -> int:
        """The number of the experiment that is the incumbent."""
        return self._of

    @property
    def has_moved(self) -> bool:
        """Whether the incumbent is another experiment than the baseline."""
        return self._of != self.baseline_n or bool(self.merged)

    @property
    def baseline(self) -> Experiment | None:
        """The baseline that everything is measured from: the newest one that is one."""
        found = self.of(self.baseline_n)
        return found if found is not None and found.verdict == "baseline" else None

    def of(self, n: int) -> Experiment | None:
        """The experiment of that number."""
        at = self._places.get(n)
        return None if at is None else self.experiments[at]

    @property
    def noise_sd(self) -> float | None:
        """SD of one run, pooled over the incumbents' runs on fresh seeds; None before two of one."""
        return math.sqrt(self.noise.squares / self.noise.runs) if self.noise.runs else None

    @property
    def levels(self) -> list[Step]:
        """The steps, and as the last one what the incumbent's runs say by now."""
        step = self._step(self.last)
        if (step.runs, step.mean) == ((self.steps[-1].runs, self.steps[-1].mean) if self.steps else (0, 0.0)):
            return self.steps
        return [*(one for one in self.steps if one.n < step.n), step]

    # ------------------------------------------------------------------------------- what events do

    def begin(self, n: int) -> Experiment:
        """The experiment at work, begun if it is new."""
        if self._at_work.n != n:
            self._at_work = Experiment(n=n, verdict="")
        return self._at_work

    def measured(self, score: float) -> None:
        """The incumbent ran once more on a fresh seed."""
        if self.at_the_keep:
            self._now, self.at_the_keep = Spread(), False
        before = self._now.squares
        self._now.add(score)
        if self._now.runs > 1:
            self.noise.runs += 1
            self.noise.squares += self._now.squares - before

    def afresh(self) -> None:
        """What was measured of a baseline that never ended was measured in vain: a session measures it again."""
        if not self.measured_baseline:
            self._at_work, self._now, self.noise = Experiment(n=-1, verdict=""), Spread(), Spread()

    def rescored(self, baseline: Experiment, scores: Sequence[float]) -> None:
        """What the baseline's runs score on the scales that they themselves have made; before, they scored on none."""
        self._now, baseline.screen = Spread.of(scores), scores[0]
        self.noise = Spread(runs=len(scores) - 1, squares=self._now.squares)

    def begin_at(self, n: int, measured: bool) -> None:
        """The baseline is experiment `n`: measured, or recorded by somebody who ran it."""
        self.baseline_n = self._of = n
        self.measured_baseline = measured

    def adopt(self, one: Experiment) -> None:
        """The candidate is the incumbent from now on."""
        self._now, self.at_the_keep = msgspec.structs.replace(one.fresh) if one.fresh else Spread(), True
        if one.fresh is not None and one.fresh.runs > 1:
            self.noise.runs += one.fresh.runs - 1
            self.noise.squares += one.fresh.squares
        self._of, self.merged = one.n, ""

    def put(self, one: Experiment) -> None:
        """An experiment ended (again, when it was given more pairs)."""
        at = self._places.get(one.n)
        if at is None:
            self._places[one.n] = len(self.experiments)
            self.experiments.append(one)
        else:
            self.experiments[at] = one
        step = self._step(one.n)
        if step.runs != (self.steps[-1].runs if self.steps else 0) or (step.runs and step.mean != self.steps[-1].mean):
            self.steps.append(step)

    def _step(self, n: int) -> Step:
        return Step(n, self._now.mean, self._now.half, self._now.runs, self._of)


def _configured(course: Course, event: ev.LoopCreated | ev.LoopConfigChanged) -> None:
    course.scale = scale_of(event.config)


def _started(course: Course, event: ev.LoopStarted) -> None:
    course.afresh()


def _proposed(course: Course, event: ev.IdeaProposed) -> None:
    one = course.begin(event.n)
    one.expected, one.critic = event.idea.expected_delta, event.critic
    if course.scale.time_like and course.now.runs:
        one.expected /= course.scale.metric(course.now.mean)
    one.summary = event.idea.hypothesis


def _applied(course: Course, event: ev.ChangeApplied) -> None:
    one = course.begin(event.n)
    one.diff, one.beside_another = event.diff, bool(event.against)


def _trial(course: Course, event: ev.TrialEnded) -> None:
    if event.role == "audit" and event.subject == "candidate" and event.score is not None:
        course.measured(event.score)
    if event.n < 0 or event.role not in COUNTED:
        return
    late = event.n in course._places and event.n != course._at_work.n
    one = Experiment(n=event.n, verdict="") if late else course.begin(event.n)
    one.trial = event.trial
    one.trials += 1
    one.duration_s += event.duration_s
    if event.score is None:
        return
    if event.subject != "candidate" and event.role in ("reference", "confirm"):
        if event.role == "reference" and one.screen is None and not course.measured_baseline:
            one.screen = event.score if course.scale.scored else event.metric
        if not one.beside_another:
            course.measured(event.score)
    elif event.subject == "candidate" and event.role == "confirm":
        one.fresh = one.fresh or Spread()
        one.fresh.add(event.score)
    elif event.subject == "candidate" and event.role == "screen":
        one.screen = event.score if course.scale.scored else event.metric


def _read(course: Course, event: ev.EvidenceRead) -> None:
    course.begin(event.n).pairs = event.pairs
    course.tracks.setdefault(event.n, []).append(event)
    while len(course.tracks) > TRACKS:
        del course.tracks[next(iter(course.tracks))]


def _ended(course: Course, event: ev.ExperimentEnded) -> None:
    one = course.begin(event.n)
    course._at_work = Experiment(n=-1, verdict="")
    for name in ("metric", "delta", "mean", "interval", "e_value", "bar", "suspicious", "trials", "duration_s", "at"):
        setattr(one, name, getattr(event, name))
    if course.scale.scored:
        one.metric, one.delta = event.score, event.mean
        if event.mean is None and event.score is not None and course.now.runs:
            one.delta = event.score - course.now.mean
    one.confirmed, one.reached, one.within = event.confirmed, event.reached_confirm, event.within
    one.summary = (event.summary or one.summary)[:200]
    one.verdict, one.reason = str(event.verdict), event.reason[:300]
    if event.baseline:
        if course.scale.scored and event.reference:
            course.rescored(one, event.reference)
        one.verdict, one.fresh = "baseline", msgspec.structs.replace(course.now)
        course.begin_at(event.n, measured=True)
    elif event.verdict.moves:
        course.adopt(one)
    course.put(one)


def _reopened(course: Course, event: ev.ExperimentReopened) -> None:
    before = course.of(event.n)
    if before is not None:
        course._at_work = msgspec.structs.replace(before)


def _recorded(course: Course, event: ev.ExperimentRecorded) -> None:
    if event.status == "baseline" and not course.measured_baseline:
        course.begin_at(event.n, measured=False)
    course.put(
        Experiment(
            n=event.n, verdict=event.status, summary=event.summary[:200], metric=event.metric, delta=event.delta,
            duration_s=event.duration_s or 0.0, at=event.at, suspicious=event.suspicious, recorded=True,
        )
    )  # fmt: skip


def _gate(course: Course, event: ev.GateTested) -> None:
    course.gate_tests[event.part] = event


def _granted(course: Course, event: ev.BudgetGranted) -> None:
    course.budget_since = len(course.experiments)


def _merged(course: Course, event: ev.Merged) -> None:
    course._now, course.at_the_keep, course.merged = Spread.of(event.scores), True, event.fork


_STEPS: dict[type, Any] = {
    ev.LoopCreated: _configured,
    ev.LoopConfigChanged: _configured,
    ev.LoopStarted: _started,
    ev.IdeaProposed: _proposed,
    ev.ChangeApplied: _applied,
    ev.TrialEnded: _trial,
    ev.EvidenceRead: _read,
    ev.ExperimentEnded: _ended,
    ev.ExperimentReopened: _reopened,
    ev.ExperimentRecorded: _recorded,
    ev.GateTested: _gate,
    ev.BudgetGranted: _granted,
    ev.Merged: _merged,
}


def course_of(records: Iterable[Record], scale: Scale) -> Course:
    """What a plain list of experiments tells: no tracks, and nothing re-measured."""
    course = Course(scale)
    for record in records:
        course.put(
            Experiment(
                n=record.run, verdict=record.verdict or record.status, summary=record.summary or record.hypothesis,
                reason=record.reason, metric=record.metric, delta=record.delta, interval=record.interval,
                e_value=record.e_value, trials=record.trials, duration_s=record.duration_s or 0.0,
                at=record.timestamp, recorded=record.e_value is None,
            )
        )  # fmt: skip
    return course


def best_recorded(experiments: Iterable[Experiment], higher: bool) -> list[tuple[int, float]]:
    """(n, metric) wherever a single recorded run was better than all before it: what a greedy loop would believe."""
    found: list[tuple[int, float]] = []
    for one in experiments:
        value = one.shown
        if value is None or one.verdict in NO_VALUE:
            continue
        if not found or (value > found[-1][1] if higher else value < found[-1][1]):
            found.append((one.n, value))
    return found
