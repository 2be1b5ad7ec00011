"""The experiment at work as its gate may see it: runs in the order in which they were made, and nothing else."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Literal, cast

from autor_nb.domain.loops.at_work import Current, TrialRow
from autor_nb.domain.loops.case import Case, GuardReading, Pair, Route
from autor_nb.domain.loops.config import LoopConfig
from autor_nb.domain.loops.events import PlannedPair
from autor_nb.domain.loops.metric import score
from autor_nb.domain.loops.seeds import seed_for
from autor_nb.domain.loops.state import LoopState


def case_of(state: LoopState, current: Current, config: LoopConfig, routes: tuple[Route, ...] = ()) -> Case:
    """What is known of the candidate; only runs that came to their own end count."""
    screen = last(current.trials, "screen", "candidate")
    return Case(
        reference=current.reference,
        screen=screen.score if screen else None,
        screened=screen is not None,
        pairs=pairs_of(current.planned, current.trials, config, current.voided),
        confirms=current.confirms if current.planned else state.confirms,
        keeps=current.keeps if current.planned else state.keeps,
        extra_pairs=current.extra_pairs,
        mode=cast(Literal["strict", "explore"], _mode(state, current, config)),
        time_like=config.metric.time_like,
        coin=seed_for(state.seed, "coin", current.n),
        calibration=state.calibration,
        margin=current.margin,
        routes=routes,
        reference_scores=current.reference_scores if routes else (),
        screen_scores=scores_of(screen, config) if screen and routes else (),
        guards=_guards(current, config),
    )


def pairs_of(
    planned: Sequence[PlannedPair], trials: Sequence[TrialRow], config: LoopConfig | None = None,
    voided: Sequence[int] = (),
) -> tuple[Pair, ...]:
    """Every planned pair whose two runs are done, in the order in which they were planned; with a configuration
    their single metrics too."""
    done: list[Pair] = []
    for plan in planned:
        ours = _of_pair(trials, plan.pair, "candidate")
        theirs = _of_pair(trials, plan.pair, "incumbent") if plan.incumbent else []
        if len(ours) < plan.repeats or (plan.incumbent and len(theirs) < plan.repeats):
            break
        done.append(
            Pair(
                seed=plan.seed,
                candidate=_middle(ours),
                incumbent=_middle(theirs),
                order="AB" if plan.order == "AB" else "BA",
                void=plan.pair in voided,
                slept=any(row.slept for row in (*ours, *theirs)),
                candidate_scores=_middles(ours, config) if config else (),
                incumbent_scores=_middles(theirs, config) if theirs and config else (),
            )
        )
    return tuple(done)


def _middle(rows: Sequence[TrialRow]) -> float | None:
    """The median score of one side of a pair; none if any of its runs gave none."""
    scores = [row.score for row in rows if row.score is not None]
    return statistics.median(scores) if rows and len(scores) == len(rows) else None


def _middles(rows: Sequence[TrialRow], config: LoopConfig) -> tuple[float, ...]:
    """The median of every single metric of one side of a pair; none if any of its runs gave not all of them."""
    found = [scores_of(row, config) for row in rows]
    return tuple(statistics.median(column) for column in zip(*found, strict=True)) if all(found) else ()


def margin_of(state: LoopState, config: LoopConfig, added: int, removed: int) -> tuple[float, str]:
    """(δ, what it is measured from if that is not the head) for shorter code, where a person declared it.

    It is a claim's: a session of steps claims nothing, and a head that was reached by steps may be better than what is
    confirmed, so that a margin below that would give their gain away.
    """
    steps = state.stepped or (state.session is not None and state.session.mode == "explore")
    if steps or removed <= added or not config.simplicity:
        return 0.0, ""
    return config.simplicity, state.confirmed_head if state.confirmed_head != state.head else ""


def _mode(state: LoopState, current: Current, config: LoopConfig) -> str:
    """The session's; what was begun as a claim "as good, within δ" is judged as one in any session."""
    if current.margin:
        return "strict"
    return state.session.mode if state.session else config.mode


def scores_of(trial: TrialRow, config: LoopConfig) -> tuple[float, ...]:
    """The single metrics of a run, each turned so that higher is better, in the order of the configuration."""
    found = [score(trial.metrics.get(spec.name), spec) for spec in config.metrics]
    return tuple(value for value in found if value is not None) if None not in found else ()


def last(trials: Sequence[TrialRow], role: str, subject: str) -> TrialRow | None:
    """The newest run of that kind that came to its own end."""
    return next((row for row in reversed(trials) if row.role == role and row.subject == subject and row.counts), None)


def next_run(
    planned: Sequence[PlannedPair], trials: Sequence[TrialRow], warm_up: bool
) -> tuple[PlannedPair, str, str] | None:
    """(pair, role, subject) of the run that comes next of what was planned; None when all of it is done."""
    for plan in planned:
        sides = ("candidate", "incumbent") if plan.order == "AB" else ("incumbent", "candidate")
        turns = [subject for _ in range(plan.repeats) for subject in (sides if plan.incumbent else ("candidate",))]
        for turn, subject in enumerate(turns):
            if len(_of_pair(trials, plan.pair, subject)) <= turns[:turn].count(subject):
                if warm_up and last(trials, "warm_up", "incumbent") is None:
                    return plan, "warm_up", "incumbent"
                return plan, "confirm", subject
    return None


def _of_pair(trials: Sequence[TrialRow], pair: int, subject: str) -> list[TrialRow]:
    """The runs of one side of a pair that came to their own end."""
    return [
        row
        for row in trials
        if row.pair == pair and row.subject == subject and row.role in ("confirm", "audit") and row.counts
    ]


def mean_metric(scores: Sequence[float], config: LoopConfig) -> float | None:
    """Scores as the metric that they came from, averaged as scores: for a time the geometric mean."""
    if not scores:
        return None
    mean = math.fsum(scores) / len(scores)
    value = mean if config.metric.direction == "higher" else 0.0 - mean
    return math.exp(value) if config.metric.time_like else value


def guard_readings(rows: Sequence[TrialRow], config: LoopConfig) -> tuple[GuardReading, ...]:
    """What these runs read for every hard guard of a metric."""
    return tuple(
        GuardReading(
            name=guard.name,
            values=tuple(value for row in rows if (value := _read(row, guard.metric, config)) is not None),
            min=guard.min,
            max=guard.max,
        )
        for guard in config.guards
        if guard.metric and not guard.soft
    )


def _read(row: TrialRow, name: str, config: LoopConfig) -> float | None:
    """A run's metric of that name; the main one has a place of its own."""
    return row.metric if name == config.metric.name else row.metrics.get(name)


def _guards(current: Current, config: LoopConfig) -> tuple[GuardReading, ...]:
    """By the confirm runs; where a gate makes none, by the screening run that it decides by."""
    runs = [row for row in current.trials if row.subject == "candidate" and row.counts]
    confirms = [row for row in runs if row.role == "confirm"]
    return guard_readings(confirms or [row for row in runs if row.role == "screen"], config)
