"""What decides where no person does: `--reviewer auto` and recorded decisions. Pure: state in, events out."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from autor_nb.domain import commands as cmd
from autor_nb.domain import events as ev
from autor_nb.domain.rules import FEEDBACK_CAP, Refused, answer, config_of, fails_the_same
from autor_nb.domain.run import Actor
from autor_nb.domain.state import AttemptState, RunState

POLICY = Actor(face="policy")


class Recorded(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One recorded decision of a `--decisions` file."""

    stage: str
    decision: str
    suggestion: int | None = None
    feedback: str = ""

    @property
    def problem(self) -> str:
        """What is wrong with it, in words; empty if nothing is."""
        said = self.suggestion is not None or bool(self.feedback.strip())
        if self.decision not in ("approve", "refine"):
            return f"there is no decision {self.decision!r}. Known: approve, refine"
        if self.decision == "approve" and said:
            return "an approval takes neither a suggestion nor feedback"
        if self.decision == "refine" and not said:
            return "a refinement needs a suggestion (1, 2 or 3) or feedback"
        if self.suggestion is not None and not 1 <= self.suggestion <= 3:
            return f"there is no suggestion {self.suggestion}: a draft has three"
        return ""


def auto_decision(state: RunState, attempt: AttemptState, remedies: str) -> list[ev.Event]:
    """`--reviewer auto`: approve what no blocking check objects to, refine up to the cap, else fail."""
    if attempt.is_new_work and not attempt.blocking and not attempt.waivers:
        return [ev.Approved(stage=attempt.stage, attempt=attempt.attempt, draft_sha256=attempt.draft_sha256, by=POLICY)]
    what = f"{attempt.stage} attempt {attempt.attempt}"
    if attempt.waivers:
        return [
            ev.RunFailed(
                reason=f"A check of {what} was waived: a policy does not approve that.",
                suggestion="A person approves it: `autor approve`.",
            )
        ]
    same = fails_the_same(state, attempt)
    if same or state.retries >= config_of(state).limits.retries:
        failing = attempt.detail if not attempt.is_new_work else ", ".join(attempt.blocking)
        tries = "just as the attempt before it" if same else f"after {state.retries} tries without a person"
        return [
            ev.RunFailed(
                reason=f"{what} still fails {tries}: {failing}"[:2000],
                suggestion='`autor show` tells why; `autor refine "…"` helps it on.',
            )
        ]
    return [ev.Refined(stage=attempt.stage, attempt=attempt.attempt, feedback=remedies[:FEEDBACK_CAP], by=POLICY)]


def recorded_decision(state: RunState, attempt: AttemptState, recorded: list[Recorded]) -> list[ev.Event]:
    """`--decisions FILE`: the next recorded decision, if it is about this stage; anything else fails the run."""
    position = state.policy_decisions
    where = f"decision {position + 1} of the file"
    if position >= len(recorded):
        return [
            ev.RunFailed(
                reason=f"The decisions file has no decision for {attempt.stage}.",
                suggestion="Add one, or decide by hand: `autor review`.",
            )
        ]
    entry = recorded[position]
    stage = state.stage(entry.stage)
    if stage is None or stage.ref.slug != attempt.stage:
        return [
            ev.RunFailed(
                reason=f"{where} is about stage {entry.stage}, but {attempt.stage} waits.",
                suggestion="Mend the file, or decide by hand: `autor review`.",
            )
        ]
    command: cmd.RunCommand
    if entry.decision == "approve":
        command = cmd.Approve(id="", at="", by=POLICY)
    elif entry.decision == "refine":
        command = cmd.Refine(id="", at="", by=POLICY, suggestion=entry.suggestion, feedback=entry.feedback)
    else:
        return [ev.RunFailed(reason=f"{where} says {entry.decision!r}; it may say approve or refine.")]
    try:
        decided = answer(state, command)
    except Refused as refused:
        return [ev.RunFailed(reason=f"{where} was refused: {refused.reason}", suggestion=refused.suggestion)]
    return [msgspec.structs.replace(event, command_id=None) for event in decided if isinstance(event, ev.Decision)]


def decisions_of(events: Iterable[ev.Event | ev.Unknown]) -> list[Recorded]:
    """The decisions that led a run to where it is, such that a `--decisions` file of them leads another one there.

    What was withdrawn by a redo or rollback is left out, what an undo brought back is in. A waiver or an edited
    draft is a person's alone: replaying meets the review without it.
    """
    kept: list[tuple[str, int, Recorded]] = []
    before_rollback = kept
    for event in events:
        match event:
            case ev.Approved(stage=stage, attempt=attempt):
                kept = [*kept, (stage, attempt, Recorded(stage=stage[:2], decision="approve"))]
            case ev.Refined(stage=stage, attempt=attempt, suggestion=suggestion, feedback=feedback):
                entry = Recorded(
                    stage=stage[:2],
                    decision="refine",
                    suggestion=suggestion,
                    feedback=feedback if suggestion is None else "",
                )
                kept = [*kept, (stage, attempt, entry)]
            case ev.Redone(stage=stage):
                kept = [item for item in kept if item[0] < stage]
            case ev.RolledBack(stage=stage, attempt=attempt):
                before_rollback = kept
                kept = [item for item in kept if item[0] < stage or (item[0] == stage and item[1] < attempt)]
            case ev.RollbackUndone():
                kept = before_rollback
    return [entry for _, _, entry in kept]
