"""Decisions that no person takes: `--reviewer auto` and `--reviewer decisions`."""

from __future__ import annotations

import msgspec

from autor_nb.domain import events as ev
from autor_nb.domain import policy, rules
from autor_nb.domain.check import Check
from autor_nb.domain.state import NOT_RESTORED, AttemptState, RunState
from autor_nb.store import objects
from autor_nb.store.layout import RunFolder


def decide(run: RunFolder, state: RunState, attempt: AttemptState) -> list[ev.Event]:
    """What the run's policy decides about the attempt in review."""
    config = rules.config_of(state)
    if config.reviewer == "decisions":
        return policy.recorded_decision(state, attempt, recorded_decisions(run))
    return policy.auto_decision(state, attempt, remedies(checks_of(run, attempt), state.missing))


def recorded_decisions(run: RunFolder) -> list[policy.Recorded]:
    """The decisions to replay, as they were read when the run was made."""
    try:
        return msgspec.json.decode(run.decisions.read_bytes(), type=list[policy.Recorded])
    except (OSError, msgspec.DecodeError):
        return []


def checks_of(run: RunFolder, attempt: AttemptState) -> tuple[Check, ...]:
    """The recorded Checks, wherever they lie."""
    return attempt.checks or (objects.get_checks(run, attempt.checks_object) if attempt.checks_object else ())


def remedies(checks: tuple[Check, ...], missing: tuple[str, ...] = ()) -> str:
    """Failing checks, and files that could not be brought back, as feedback that an agent can act on."""
    lines = [
        f"- {check.id} ({check.subject or check.title}): {check.detail} {check.remedy}".rstrip()
        for check in checks
        if check.blocks
    ]
    lines += [f"- {NOT_RESTORED} ({path}): it was too large to be kept. Make it again." for path in missing]
    return "These checks fail and block the approval. Mend each:\n" + "\n".join(lines)
