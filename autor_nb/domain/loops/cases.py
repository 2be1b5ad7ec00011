"""The experiment at work as its gate may see it: runs in the order in which they were made, and nothing else."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, cast

from autor_nb.domain.loops.case import Case, GuardReading, Pair, Route
from autor_nb.domain.loops.config import LoopConfig
from autor_nb.domain.loops.events import PlannedPair
from autor_nb.domain.loops.metric import score
from autor_nb.domain.loops.seeds import seed_for
from autor_nb.domain.loops.state import Current, LoopState, TrialRow


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
        mode=cast(Literal["strict", "explore"], state.session.mode if state.session else config.mode),
        time_like=config.metric.time_like,
        coin=seed_for(state.seed, "coin", current.n),
        routes=routes,
        screen_scores=scores_of(screen, config) if screen and routes else (),
        guards=_guards(current, config),
    )


def pairs_of(
    planned: Sequence[PlannedPair], trials: Sequence[TrialRow], config: LoopConfig, voided: Sequence[int] = ()
) -> tuple[Pair, ...]:
    """Every planned pair whose two runs are done, in the order in which they were planned."""
    done: list[Pair] = []
    for plan in planned:
        ours, theirs = (_of_pair(trials, plan.pair, subject) for subject in ("candidate", "incumbent"))
        if ours is None or theirs is None:
            break
        done.append(
            Pair(
                seed=plan.seed,
                candidate=ours.score,
                incumbent=theirs.score,
                order="AB" if plan.order == "AB" else "BA",
                void=plan.pair in voided,
                slept=ours.slept or theirs.slept,
                candidate_scores=scores_of(ours, config),
                incumbent_scores=scores_of(theirs, config),
            )
        )
    return tuple(done)


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
        for subject in ("candidate", "incumbent") if plan.order == "AB" else ("incumbent", "candidate"):
            if _of_pair(trials, plan.pair, subject) is None:
                if warm_up and last(trials, "warm_up", "incumbent") is None:
                    return plan, "warm_up", "incumbent"
                return plan, "confirm", subject
    return None


def _of_pair(trials: Sequence[TrialRow], pair: int, subject: str) -> TrialRow | None:
    return next(
        (
            row
            for row in reversed(trials)
            if row.pair == pair and row.subject == subject and row.role in ("confirm", "audit") and row.counts
        ),
        None,
    )


def mean_metric(scores: Sequence[float], config: LoopConfig) -> float | None:
    """Scores as the metric that they came from, averaged as scores: for a time the geometric mean."""
    if not scores:
        return None
    mean = math.fsum(scores) / len(scores)
    value = mean if config.metric.direction == "higher" else -mean
    return math.exp(value) if config.metric.time_like else value


def _guards(current: Current, config: LoopConfig) -> tuple[GuardReading, ...]:
    runs = [row for row in current.trials if row.subject == "candidate" and row.role == "confirm" and row.counts]
    return tuple(
        GuardReading(
            name=guard.name,
            values=tuple(row.metrics[guard.metric] for row in runs if guard.metric in row.metrics),
            min=guard.min,
            max=guard.max,
        )
        for guard in config.guards
        if guard.metric and not guard.soft
    )
