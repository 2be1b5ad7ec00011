"""The critic `none`: has no ideas of its own; for loops whose ideas come from outside or are pinned by a person."""

from __future__ import annotations

import msgspec

from autor_nb.domain.loops.idea import Idea
from autor_nb.domain.loops.parts import CriticTask, Proposal

OPEN = Idea(
    thought_process="No critic is configured: whoever edits the mutable files has the idea.",
    alternatives_considered=(),
    hypothesis="An edit from outside improves the metric.",
    expected_delta=0.0,
    justification="Not given.",
    code_pseudocode="Whatever is edited.",
    risk_level="med",
)


class NoCritic:
    """Answers with the pinned idea, else one that says that the idea is yet to come: for the coder `external`."""

    name = "none"

    def propose(self, task: CriticTask) -> Proposal:
        """The pinned idea or the open one."""
        idea = task.pinned or OPEN
        return Proposal(idea=idea, cost_usd=0.0, log={
            "system_prompt": "", "user_prompt": "",
            "raw_response": {"model": "none", "content": "", "thinking": "", "reasoning": "", "usage": {}},
            "parsed_idea": msgspec.to_builtins(idea),
        })
