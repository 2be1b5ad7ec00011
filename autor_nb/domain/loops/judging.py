"""What a gate has a test for: the one place that refuses a configuration whose claim its gate cannot judge."""

from __future__ import annotations

from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.config import LoopConfig
from autor_nb.domain.loops.gate import Gate
from autor_nb.domain.loops.scalarizer import Scalarizer

_MEND = 'Write gate = "eprocess"'


def must_judge(gate: Gate, config: LoopConfig, scalarizer: Scalarizer | None = None) -> None:
    """UsageError for what the gate, by its own words (`time_like`, `several`, `margins`), has no test for."""
    for metric in (config.metric, *(config.metrics if scalarizer is not None else ())):
        if metric.time_like and not gate.time_like:
            raise UsageError(
                f"The gate {gate.name} cannot judge {metric.name}, which is a time.",
                f"{_MEND}: it takes both sides in turn.",
            )
    several = scalarizer is not None and scalarizer.asks_of_each
    if scalarizer is not None and several and not gate.several:
        raise UsageError(
            f"The gate {gate.name} judges one score, and the scalarizer {scalarizer.name} asks for a test of each "
            "metric.",
            f'{_MEND}, or weigh the metrics into one score: scalarizer = "weighted_sum".',
        )
    soft = next((guard for guard in config.guards if guard.soft), None)
    if soft is not None and (scalarizer is None or several):
        but = ": there is none." if scalarizer is None else f", and {scalarizer.name} has a test of each metric."
        raise UsageError(
            f"The soft guard {soft.name} is a penalty on one score{but}",
            'Write scalarizer = "weighted_sum", or remove soft = true from the guard.',
        )
    if not config.simplicity:
        return
    if not gate.margins:
        raise UsageError(
            f'The gate {gate.name} has no test for "as good, within {config.simplicity:g}", which simplicity asks for.',
            f"{_MEND}, or leave simplicity out.",
        )
    if scalarizer is not None and several:
        raise UsageError(
            f"simplicity is a margin of one score, and the scalarizer {scalarizer.name} has a test of each metric.",
            "Leave simplicity out.",
        )
