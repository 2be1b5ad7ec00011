"""Runs of any length made up for figures: states as the fold leaves them, always the same for the same numbers."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from autor_nb.domain.check import Check, Severity, failed, passed
from autor_nb.domain.run import Actor, Usage
from autor_nb.domain.stage import AttemptStatus, Ending, StageRef, StageStatus
from autor_nb.domain.state import AttemptState, RunState, StageState, Waiver

TITLES = (
    "Intake", "Literature Survey", "Hypothesis Generation", "Study Design", "Implementation", "Experimentation",
    "Analysis", "Writing", "Dissemination",
)  # fmt: skip
RULES = (
    ("ending.finished", "The agent finished its work", 0),
    ("summary.sections", "The seven sections stand once each, in order", 0),
    ("summary.options", "The options are the six agreed ones", 0),
    ("literature.sources", "Every source is named and can be found again", 1),
    ("data.parses", "Every data file parses", 3),
    ("data.tidy", "Tables are regular", 3),
    ("code.compiles", "Python code compiles", 4),
    ("results.present", "There are results", 5),
    ("results.hollow", "No results file is a mere frame", 5),
    ("hypotheses.tested", "Every hypothesis has its outcome", 6),
    ("paper.pages", "The paper keeps to the venue's page limit", 7),
    ("readiness.open", "Nothing on the checklist is open", 8),
)
START = datetime(2026, 11, 20, 9, 12, tzinfo=UTC)


def stages(titles: tuple[str, ...] = TITLES) -> list[StageState]:
    """Stages without attempts."""
    return [
        StageState(
            ref=StageRef(number=f"{at:02}", slug=f"{at:02}_{title.lower().replace(' ', '_')}", title=title), attempts=[]
        )
        for at, title in enumerate(titles)
    ]


def answers(stage: int, mended: bool, rng: random.Random) -> tuple[Check, ...]:
    """What the rules said of an attempt; one that is not `mended` has something wrong."""
    asked = [(name, title) for name, title, first in RULES if first <= stage]
    wrong = set() if mended else {rng.choice(asked)[0], rng.choice(asked)[0]}
    return tuple(
        failed(
            name,
            title,
            "Mend it.",
            subject="results/folds.csv",
            detail="0 rows of 12",
            severity=rng.choice((Severity.BLOCKING, Severity.WARNING)),
        )
        if name in wrong
        else passed(name, title)
        for name, title in asked
    )


def story(many: int, titles: tuple[str, ...] = TITLES, reviewing: bool = True) -> RunState:
    """A run of `many` attempts, the last one in review; a person sleeps now and then, an agent fails now and then."""
    rng = random.Random(many)
    state = RunState(run_id="20261120_091200", goal="Which one?", stages=stages(titles))
    at, made = START, 0
    for number, stage in enumerate(state.stages):
        share = many * (number + 1) // len(titles) - many * number // len(titles)
        for attempt in range(1, share + 1):
            made += 1
            last = attempt == share
            began = at
            worked = rng.uniform(240, 3600)
            at += timedelta(seconds=worked)
            good = last or rng.random() > 0.15
            one = AttemptState(
                stage=stage.ref.slug,
                attempt=attempt,
                started_at=began.isoformat(),
                ended_at=at.isoformat(),
                duration_s=worked,
                ending=Ending.FINISHED if good else Ending.FAILED,
                status=AttemptStatus.APPROVED if last else AttemptStatus.REFINED if good else AttemptStatus.FAILED,
                usage=Usage(input_tokens=rng.randrange(20_000, 400_000), output_tokens=rng.randrange(2_000, 30_000)),
                cost_usd=round(rng.uniform(0.05, 1.4), 3) if rng.random() > 0.08 else None,
                checks=answers(number, last and number != 5, rng),
                checked=True,
                files_after=f"manifest-{made}",
            )
            if good:
                at += timedelta(seconds=rng.choice((60, 240, 900, 13 * 3600)))
                one.decided_at = at.isoformat()
            blocked = [check.id for check in one.checks if check.blocks]
            if last and blocked:
                one.waivers = (Waiver(check_id=blocked[0], why="known", by=Actor(face="cli"), at=at.isoformat()),)
            stage.attempts.append(one)
        if share:
            stage.approved, stage.status = share, StageStatus.APPROVED
    if reviewing and made:
        newest = max((a for s in state.stages for a in s.attempts), key=lambda a: a.started_at)
        newest.status, newest.decided_at = AttemptStatus.IN_REVIEW, ""
    state.updated_at = at.isoformat()
    return state


def measured(state: RunState) -> dict[str, tuple[int, int]]:
    """Files and bytes after every attempt."""
    rng, files, size, found = random.Random(3), 4, 12_000.0, {}
    for stage in state.stages:
        for attempt in stage.attempts:
            files, size = files + rng.randrange(9), size * rng.uniform(1.0, 1.08)
            found[attempt.files_after] = (files, round(size))
    return found


BEFORE = {"ridge": 54.1, "support vectors": 53.9, "random forest": 56.0, "boosting": 55.8, "naive Bayes": 61.0}
AFTER = {"ridge": 53.4, "support vectors": 53.9, "random forest": 54.9, "boosting": 56.6, "elastic net": 53.2}
CHANCE = {"ridge": 0.5, "random forest": 0.4, "boosting": 0.9}
