"""Names and a loop's configuration → a built engine: the one place that knows its engine and its parts' names."""

from __future__ import annotations

from autor_nb import registry
from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.config import LoopConfig
from autor_nb.domain.loops.gate import Gate
from autor_nb.domain.loops.parts import Coder, Critic
from autor_nb.domain.loops.scalarizer import Scalarizer
from autor_nb.engine.loops.engine import LoopEngine
from autor_nb.store.loops.layout import LoopFolder


class WiredLoopParts:
    """`engine.loops.engine.LoopParts` by name, loaded when they are first needed."""

    def gate(self, config: LoopConfig) -> Gate:
        """The gate with its options; UsageError for one that cannot judge this metric."""
        gate: Gate = registry.load("gates", config.gate.name)(**config.gate.options)
        if config.metric.time_like and not gate.time_like:
            raise UsageError(
                f"The gate {gate.name} cannot judge {config.metric.name}, which is a time.",
                "Use the gate eprocess: it takes both sides in turn.",
            )
        return gate

    def critic(self, config: LoopConfig) -> Critic:
        """A fresh critic."""
        critic: Critic = registry.create("critics", config.critic.provider)
        return critic

    def coder(self, config: LoopConfig) -> Coder:
        """A fresh coder."""
        coder: Coder = registry.create("coders", config.coder.agent)
        return coder

    def scalarizer(self, config: LoopConfig) -> Scalarizer | None:
        """What makes one score of several metrics, if one is named."""
        if not config.scalarizer:
            return None
        specs = config.metrics or (config.metric,)
        made: Scalarizer = registry.load("scalarizers", config.scalarizer)(specs, **config.scalarizer_options)
        return made


def build(loop: LoopFolder) -> LoopEngine:
    """An engine over this loop."""
    return LoopEngine(loop, WiredLoopParts())
