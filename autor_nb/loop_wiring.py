"""Names and a loop's configuration → a built engine: the one place that knows its engine and its parts' names."""

from __future__ import annotations

from autor_nb import loop_gate, registry
from autor_nb.domain.loops.config import LoopConfig
from autor_nb.domain.loops.gate import Gate
from autor_nb.domain.loops.parts import Coder, Critic
from autor_nb.domain.loops.scalarizer import Scalarizer
from autor_nb.engine.loops.engine import LoopEngine
from autor_nb.store.loops.layout import LoopFolder


class WiredLoopParts:
    """`engine.loops.engine.LoopParts` by name, loaded when they are first needed."""

    def gate(self, config: LoopConfig) -> Gate:
        """The gate with its options; UsageError for one that cannot judge what the configuration claims."""
        return loop_gate.gate_of(config)

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
        return loop_gate.scalarizer_of(config)


def build(loop: LoopFolder) -> LoopEngine:
    """An engine over this loop."""
    return LoopEngine(loop, WiredLoopParts())
