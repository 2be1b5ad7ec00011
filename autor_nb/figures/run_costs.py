"""What a run's stages cost: money and tokens, the approved attempt apart from the others."""

from __future__ import annotations

from autor_nb.domain.state import AttemptState, RunState, StageState
from autor_nb.figures.measures import Measure, Measures


def cost_and_tokens(state: RunState) -> Measures:
    """Money, tokens and time by stage; what no agent reported is a dash, never a zero."""
    stages = [stage for stage in state.stages if stage.attempts]
    labels = [f"{stage.ref.number} {stage.ref.title}" for stage in stages]
    costs: list[tuple[float | None, ...]] = [_split(stage, [a.cost_usd for a in stage.attempts]) for stage in stages]
    tokens: list[tuple[float | None, ...]] = [
        (_sum(a.usage.input_tokens for a in stage.attempts), _sum(a.usage.output_tokens for a in stage.attempts))
        for stage in stages
    ]
    missing = _unreported(state)
    return Measures(
        "Cost and tokens by stage",
        tuple(labels),
        (
            Measure("Cost, USD", (("kept attempt", "work"), ("other attempts", "other")), tuple(costs), dollars),
            Measure("Tokens", (("input", "test"), ("output", "write")), tuple(tokens), count),
        ),
        f"{missing} attempts reported no cost" if missing > 1 else "1 attempt reported no cost" if missing else "",
    )


def _split(stage: StageState, costs: list[float | None]) -> tuple[float | None, float | None]:
    """(the approved attempt, or else the newest; all others)."""
    kept = (stage.approved or stage.last_approved or len(stage.attempts)) - 1
    return costs[kept], _sum(cost for at, cost in enumerate(costs) if at != kept)


def _sum(values: object) -> float | None:
    known = [value for value in values if value is not None]  # type: ignore[attr-defined]
    return float(sum(known)) if known else None


def _unreported(state: RunState) -> int:
    ended: list[AttemptState] = [a for stage in state.stages for a in stage.attempts if a.ended_at]
    return sum(attempt.cost_usd is None for attempt in ended)


def dollars(value: float) -> str:
    """$0.42; a thousandth where cents would say nothing."""
    if 0 < value < 0.095:
        return f"${value:.3f}"
    return f"${value:,.2f}" if value < 1000 else f"${value:,.0f}"


def count(value: float) -> str:
    """412 k."""
    for size, unit in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= size:
            share = value / size
            return f"{share:.{2 if share < 9.995 else 1 if share < 99.95 else 0}f}{unit}"
    return f"{value:.0f}"
