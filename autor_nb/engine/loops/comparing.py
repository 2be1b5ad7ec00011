"""`loop compare`: every variant's head and the commit they began from, each in its own clone, on common fresh seeds."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from pathlib import Path

from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.forks import KEPT_NOTHING, CompareReport, CompareRequest, ForkRun, VariantRow, ranked
from autor_nb.domain.loops.gate import TIME_REPEATS
from autor_nb.engine.loops.sides import SEED_SPACE, Outcome, Scorer, Sides, together
from autor_nb.store.eventlog import utc_now

BASE = "base"
REDRAWS = 2


def compare(
    request: CompareRequest,
    on_run: Callable[[ForkRun], None],
    stopped: Callable[[], bool] = lambda: False,
    scorer: Scorer | None = None,
) -> CompareReport:
    """Do it; a seed on which the base gives nothing is drawn again, a variant that gives nothing has no rank."""
    with tempfile.TemporaryDirectory(prefix="autor-compare-") as folder:
        sides = Sides(Path(request.project), request.config, Path(folder), scorer, stopped)
        sides.add(BASE, request.base)
        moved = [one for one in request.variants if one.commit != request.base]
        for one in moved:
            sides.add(one.loop, one.commit)
        rounds = _rounds(request, sides, [one.loop for one in moved], on_run)
    whole = [found for found in rounds if len(found[1]) == len(moved) + 1]
    rows = []
    for one in request.variants:
        known = {"loop": one.loop, "commit": one.commit, "n": one.n}
        rows.append(VariantRow(**known, **_row(one.loop, one in moved, whole)))  # type: ignore[arg-type]
    return CompareReport(
        request=request,
        rows=ranked(rows, request.q) if whole else tuple(rows),
        base_metrics=tuple(found[BASE].metric for _, found in whole),
        seeds=tuple(seed for seed, _ in whole),
        interrupted=bool(moved) and len(whole) < request.seeds,
        at=utc_now(),
    )


def _rounds(
    request: CompareRequest, sides: Sides, names: list[str], on_run: Callable[[ForkRun], None]
) -> list[tuple[int, dict[str, Outcome]]]:
    """(seed, what each side gave on it); a round that was stopped is not whole."""
    rounds: list[tuple[int, dict[str, Outcome]]] = []
    drawn, redrawn = 0, 0
    time_like = request.config.metric.time_like
    if names and time_like and sides.run(BASE, (request.first_seed - 1) % SEED_SPACE) is None:  # warm-up, unrecorded
        return rounds
    while names and len(rounds) < request.seeds:
        seed = (request.first_seed + drawn) % SEED_SPACE
        drawn += 1
        order = [BASE, *names]
        random.Random(seed).shuffle(order)
        runs: dict[str, list[Outcome]] = {name: [] for name in order}
        for name in order * (TIME_REPEATS if time_like else 1):  # in turn: A B C A B C
            outcome = sides.run(name, seed)
            if outcome is None:
                return rounds
            runs[name].append(outcome)
            on_run(
                ForkRun(
                    side=name, at=len(rounds) + 1, of=request.seeds, seed=seed, value=outcome.metric,
                    reason=outcome.reason, duration_s=outcome.duration_s,
                )
            )  # fmt: skip
        found = {name: together(one) for name, one in runs.items()}
        if found[BASE].score is None or any(one.slept for one in found.values()):
            redrawn += 1
            if redrawn > REDRAWS:
                raise UsageError(
                    f"The common base {request.base[:10]} gives no value: {found[BASE].reason or 'the machine slept'}",
                    "Does its command run in a fresh clone? Ignored inputs are named by link = [\"data\"].",
                )
            continue
        rounds.append((seed, found))
    return rounds


def _row(name: str, moved: bool, rounds: list[tuple[int, dict[str, Outcome]]]) -> dict[str, object]:
    """Differences and metrics of one variant, or why it has no rank."""
    if not moved:
        return {"why_not": KEPT_NOTHING}
    if not rounds:
        return {"why_not": "it was interrupted before a seed was complete"}
    metrics = tuple(found[name].metric for _, found in rounds)
    for seed, found in rounds:
        if found[name].score is None:
            return {"why_not": f"it gave no value on seed {seed}: {found[name].reason}", "metrics": metrics}
    ours = [found[name].score for _, found in rounds]
    theirs = [found[BASE].score for _, found in rounds]
    if len(rounds) > 3 and len(set(ours)) == 1 and len(set(theirs)) > 1:
        return {"why_not": "seed not honoured: it gives one and the same value on every seed", "metrics": metrics}
    pairs = [(one, other) for one, other in zip(ours, theirs, strict=True) if one is not None and other is not None]
    return {"differences": tuple(one - other for one, other in pairs), "metrics": metrics}
