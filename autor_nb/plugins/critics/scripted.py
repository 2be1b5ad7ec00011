"""The critic `scripted`: replays a list of ideas, in order; for tests, batches and a person's own plan."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.idea import Idea, IdeaError, read_idea
from autor_nb.domain.loops.parts import CriticTask, OutOfIdeas, Proposal, call_without_model, without_model


class ScriptedCritic:
    """Made with ideas, or with the file that `critic.model` names: a JSON list, or one JSON object a line.

    Which idea is next is read from the history, so that a killed engine goes on where it was. A bad idea is an
    IdeaError when its turn comes, and not before.
    """

    name = "scripted"

    def __init__(self, ideas: Sequence[Idea | dict[str, Any]] | None = None) -> None:
        self._ideas = ideas

    def propose(self, task: CriticTask) -> Proposal:
        """The first idea after the last one that was tried or refused."""
        ideas = self._ideas if self._ideas is not None else load_ideas(task.config.model)
        if task.pinned is not None:
            return without_model(task.pinned, self.name)
        at = 0
        for past in task.experiments:
            at = next((n + 1 for n in range(at, len(ideas)) if _is(ideas[n], past.hypothesis, past.change)), at)
        at += len(task.refused)
        if at >= len(ideas):
            raise OutOfIdeas(f"The script of {len(ideas)} ideas is used up.", "Add ideas to it, or stop here.")
        idea = ideas[at]
        try:
            return without_model(idea if isinstance(idea, Idea) else read_idea(idea), self.name)
        except IdeaError as error:
            raise error.heard(call_without_model(self.name, json.dumps(idea)), 0.0) from None


def _is(idea: Idea | dict[str, Any], hypothesis: str, change: dict[str, Any]) -> bool:
    if isinstance(idea, Idea):
        return idea.hypothesis == hypothesis and idea.change == change
    return str(idea.get("hypothesis", "")).strip() == hypothesis and (idea.get("change") or {}) == change


def load_ideas(name: str) -> list[dict[str, Any]]:
    """The ideas in a file; UsageError names the file and what is wrong with it."""
    if not name:
        raise UsageError("The critic 'scripted' has no script.", 'Name its file as the critic\'s model = "ideas.json".')
    try:
        text = Path(name).read_text(encoding="utf-8")
        ideas = json.loads(text) if text.lstrip()[:1] == "[" else [
            json.loads(line) for line in text.split("\n") if line.strip()]
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(
            f"The script {name!r} cannot be read: {str(error)[:200]}", "Give a JSON list, or one object a line.",
        ) from error
    if not all(isinstance(idea, dict) for idea in ideas):
        raise UsageError(f"The script {name!r} holds what is no JSON object.", "Each idea is an object.")
    return list(ideas)
