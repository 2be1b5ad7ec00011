"""A loop's configuration → the gate and the weighing that it names, if the one can judge what the other asks."""

from __future__ import annotations

from typing import Any

from autor_nb import registry
from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.config import LoopConfig
from autor_nb.domain.loops.gate import Gate
from autor_nb.domain.loops.judging import must_judge
from autor_nb.domain.loops.scalarizer import Penalised, Scalarizer


def gate_of(config: LoopConfig) -> Gate:
    """The gate with its options; UsageError for one that has no test for what the configuration claims."""
    gate: Gate = _made("gates", config.gate.name, (), config.gate.options)
    must_judge(gate, config, scalarizer_of(config))
    return gate


def scalarizer_of(config: LoopConfig) -> Scalarizer | None:
    """What makes one score of several metrics, if one is named."""
    if not config.scalarizer:
        return None
    specs = config.metrics or (config.metric,)
    made: Scalarizer = _made("scalarizers", config.scalarizer, (specs,), config.scalarizer_options)
    return Penalised(made, config.guards) if any(guard.soft for guard in config.guards) else made


def _made(kind: str, name: str, given: tuple[object, ...], options: dict[str, Any]) -> Any:
    part = registry.load(kind, name)
    try:
        return part(*given, **options)
    except TypeError as error:  # a part of somebody else's that does not look at its options itself
        raise UsageError(
            f"The {kind[:-1]} {name} does not take these options: {error}.", f"`autor guide` lists those of {name}."
        ) from error
