"""The verbs by which a person decides: each is one command to the engine, and shows what it led to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import click

from autor_nb import control
from autor_nb.domain import commands as cmd
from autor_nb.domain import rules
from autor_nb.domain.errors import RefusedError, UsageError
from autor_nb.domain.run import QA, Actor, RunStatus
from autor_nb.domain.stage import StageRef
from autor_nb.store import templates
from autor_nb.store.eventlog import utc_now
from autor_nb.store.layout import RunFolder
from autor_nb.verbs import card, clean, target
from autor_nb.verbs.blocks import Block, Heading, Mark, Next, Para, Table
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import pass_face, verb

# ----------------------------------------------- the functions: the verbs and the Python API call these


def approve(
    run: RunFolder,
    by: Actor,
    *,
    attempt: int | None = None,
    waive: Mapping[str, str] | None = None,
    note: str = "",
) -> list[Any]:
    """Approve what is in review, pinned to the draft as it is now."""
    reviewed = control.snapshot(run).state.under_review
    pin = attempt if attempt is not None else reviewed.attempt if reviewed else None
    sha256 = reviewed.draft_sha256 if reviewed and reviewed.attempt == pin else ""
    return control.ask(
        run, cmd.Approve(**_head(by), attempt=pin, draft_sha256=sha256, waive=dict(waive or {}), note=note)
    )


def refine(run: RunFolder, by: Actor, what: int | str, *, attempt: int | None = None) -> list[Any]:
    """Send what is in review back, with a suggestion (its number) or your own words."""
    reviewed = control.snapshot(run).state.under_review
    pin = attempt if attempt is not None else reviewed.attempt if reviewed else None
    number = what if isinstance(what, int) else None
    text = "" if isinstance(what, int) else what
    return control.ask(run, cmd.Refine(**_head(by), suggestion=number, feedback=text, attempt=pin))


def waive(run: RunFolder, by: Actor, check: str, why: str) -> list[Any]:
    """Pass one failing check by name."""
    reviewed = control.snapshot(run).state.under_review
    return control.ask(
        run, cmd.Waive(**_head(by), check_id=check, why=why, attempt=reviewed.attempt if reviewed else None)
    )


def answer(run: RunFolder, by: Actor, answers: Mapping[str, str]) -> list[Any]:
    """Answer intake questions, by their number, id or text."""
    questions = next(
        (
            stage.latest.questions
            for stage in control.snapshot(run).state.stages
            if stage.latest and stage.latest.questions
        ),
        (),
    )
    numbered = {str(number): question.id for number, question in enumerate(questions, 1)}
    given = tuple(QA(question=numbered.get(key, key), answer=text) for key, text in answers.items())
    return control.ask(run, cmd.Answer(**_head(by), answers=given))


def redo(run: RunFolder, by: Actor, stage: str) -> list[Any]:
    """Withdraw a stage and later ones, and start it afresh."""
    return control.ask(run, cmd.Redo(**_head(by), stage=_stage(run, stage).slug))


def rollback(run: RunFolder, by: Actor, stage: str) -> list[Any]:
    """Withdraw a stage and later ones, and reopen its last approved attempt."""
    return control.ask(run, cmd.Rollback(**_head(by), stage=_stage(run, stage).slug))


def undo(run: RunFolder, by: Actor) -> list[Any]:
    """Take the last rollback back."""
    return control.ask(run, cmd.Undo(**_head(by)))


def abort(run: RunFolder, by: Actor, reason: str = "") -> list[Any]:
    """End the run; it can be resumed."""
    return control.ask(run, cmd.Abort(**_head(by), reason=reason))


def _head(by: Actor) -> dict[str, Any]:
    return {"id": control.new_id(), "at": utc_now(), "by": by}


def _stage(run: RunFolder, key: str) -> StageRef:
    return templates.resolve_stage(key, [stage.ref for stage in control.snapshot(run).state.stages])


# -------------------------------------------------------------------------------------------- the verbs


def decided(face: Face, run: RunFolder, what: str, events: list[Any], *, wait: bool = False) -> Result:
    """What a decision led to; where nobody could look again, after the work that it set off."""
    from autor_nb.verbs import follow

    snapshot = follow.until(face, run, "review") if wait else control.snapshot(run)
    seqs = [event.seq for event in events if getattr(event, "seq", 0)]
    return card.run_card(run, snapshot, Para(what), done=what, events=seqs, exit_code=follow.exit_code(snapshot, wait))


def _waiting(face: Face, run_id: str | None) -> RunFolder:
    return target.only(face, run_id, target.waits, "wait for you")


wait_option = click.option("--wait", is_flag=True, help="Return when the run waits for a person or has ended.")


@verb(name="approve", examples=("autor approve", 'autor approve --waive figures.decode --why "known, harmless"'))
@target.run_option
@click.option("--attempt", type=int, help="Only if this attempt is the one in review.")
@click.option("--waive", "checks", multiple=True, metavar="CHECK", help="Pass this failing check by name.")
@click.option("--why", default="", metavar="TEXT", help="The reason of --waive, shown for ever after.")
@click.option("--note", default="", metavar="TEXT", help="A note that is kept with the approval.")
@wait_option
@pass_face
def approve_verb(
    face: Face,
    run_id: str | None,
    attempt: int | None,
    checks: tuple[str, ...],
    why: str,
    note: str,
    wait: bool,
) -> Result:
    """Approve the attempt in review; the next stage starts."""
    if checks and not why.strip():
        raise UsageError("Waiving a check needs a reason.", f'`autor approve --waive {checks[0]} --why "…"`')
    if why and not checks:
        raise UsageError(
            "--why gives the reason of a waiver, and no check is named.",
            '`autor approve --waive CHECK --why "…"`',
        )
    run = _waiting(face, run_id)
    events = approve(run, control.actor(face.name), attempt=attempt, waive=dict.fromkeys(checks, why), note=note)
    return decided(face, run, _said(events, "Approved"), events, wait=wait or face.waits)


def _said(events: list[Any], word: str) -> str:
    last = events[-1] if events else None
    stage, attempt = getattr(last, "stage", ""), getattr(last, "attempt", 0)
    return f"{word} {stage}" + (f" attempt {attempt}" if attempt else "") + "."


@verb(name="refine", text="words", examples=("autor refine 2", 'autor refine "use five seeds"'))
@target.run_option
@click.option("--attempt", type=int, help="Only if this attempt is the one in review.")
@wait_option
@click.argument("words", nargs=-1, metavar="NUMBER|TEXT")
@pass_face
def refine_verb(face: Face, run_id: str | None, attempt: int | None, wait: bool, words: tuple[str, ...]) -> Result:
    """Send the attempt in review back: with a suggestion's number, or with your own words."""
    text = text_of(face, words)
    if not text.strip():
        raise UsageError(
            "Refining needs a suggestion's number or your own words.",
            '`autor refine 2` or `autor refine "what to do differently"`',
        )
    run = _waiting(face, run_id)
    word = text.strip()
    what: int | str = int(word) if word.isascii() and word.isdigit() and len(word) < 4 else text
    events = refine(run, control.actor(face.name), what, attempt=attempt)
    return decided(face, run, _said(events, "Sent back"), events, wait=wait or face.waits)


def text_of(face: Face, words: tuple[str, ...]) -> str:
    """The line's rest and the cell's body, joined; a lone `-` reads standard input."""
    line = " ".join(words)
    if line == "-" and face.stdin is not None:
        line = face.stdin()
    return "\n".join(part for part in (line, face.body) if part)


@verb(name="answer", text="words", lead=1, examples=("autor answer 1 target is the column diagnosis",))
@target.run_option
@click.argument("question")
@click.argument("words", nargs=-1, metavar="TEXT")
@pass_face
def answer_verb(face: Face, run_id: str | None, question: str, words: tuple[str, ...]) -> Result:
    """Answer an intake question by its number or id."""
    text = text_of(face, words)
    if not text.strip():
        raise UsageError(f"Question {question} needs an answer.", f'`autor answer {clean.line(question, 40)} "…"`')
    run = _waiting(face, run_id)
    events = answer(run, control.actor(face.name), {question: text})
    return decided(face, run, f"Answered question {clean.line(question, 60)}.", events)


@verb(name="waive", examples=('autor waive figures.decode --why "seen, harmless"',))
@target.run_option
@click.option("--why", required=True, metavar="TEXT", help="The reason, shown for ever after.")
@click.argument("check")
@pass_face
def waive_verb(face: Face, run_id: str | None, why: str, check: str) -> Result:
    """Pass one failing check of the attempt in review by name, with a reason that is shown for ever after."""
    run = _waiting(face, run_id)
    events = waive(run, control.actor(face.name), check, why)
    return decided(face, run, f"Waived {clean.line(check, 100)}.", events)


def _preview(face: Face, run: RunFolder, key: str, word: str) -> Result:
    state = control.snapshot(run).state
    ref = _stage(run, key)
    try:
        stages = rules.withdrawal(state, ref.slug)
    except rules.Refused as refused:
        raise UsageError(refused.reason, refused.suggestion) from refused
    rows = tuple(
        (stage.ref.number, stage.ref.title, Mark(str(stage.status)), str(len(stage.attempts))) for stage in stages
    )
    then = {
        "redo": f"{ref.slug} starts afresh at once, in a fresh session.",
        "rollback": f"The last approved attempt of {ref.slug} is open for review again; no agent is called. "
        "`autor undo` takes it back until the next approval, with whatever was refined or edited meanwhile.",
    }[word]
    does_it = f"autor {word} {ref.number} --yes --run {run.run_id}"
    blocks: tuple[Block, ...] = (
        Heading(f"{word.capitalize()} {ref.number} {ref.title}", None, f"run {run.run_id}"),
        Table(("", "Stage", "State", "Attempts"), rows, title="Would be withdrawn (nothing is deleted)"),
        Para(then),
        Next(((does_it, "does it"),)),
    )
    facts = {
        "run_id": run.run_id,
        "stage": ref.slug,
        "preview": True,
        "then": then,
        "command": does_it,
        "withdrawn": [stage.ref.slug for stage in stages],
    }
    return Result(facts=facts, blocks=blocks, hints=(f"{does_it}: does it",), state=run)


def _withdrawing(face: Face, run_id: str | None, stage: str, word: str, yes: bool, preview: bool, wait: bool) -> Result:
    run = target.only(face, run_id, lambda snapshot: snapshot.waiting == "person", "wait for you")
    by = control.actor(face.name)
    shown = _preview(face, run, stage, word)
    if preview:
        return shown
    if not yes:
        _refuse_ahead(run, by, stage, word)
        if face.ask is None or face.name != "cli" or face.form == "json":
            undone = Para(f"Nothing was done: `{shown.facts['command']}` does it.")
            return replace(shown, facts={**shown.facts, "done": False}, blocks=(undone, *shown.blocks), exit_code=2)
        face.say(shown.text())
        if face.ask(f"{word.capitalize()}? [y/N] ").strip().lower() not in ("y", "yes"):
            return Result(facts={**shown.facts, "done": False}, blocks=(Para("Nothing was changed."),), state=run)
    events = redo(run, by, stage) if word == "redo" else rollback(run, by, stage)
    said = "Starts afresh:" if word == "redo" else "Open for review again:"
    return decided(face, run, _said(events, said), events, wait=(wait or face.waits) and word == "redo")


def _refuse_ahead(run: RunFolder, by: Actor, stage: str, word: str) -> None:
    """What the engine would refuse is not first previewed."""
    kind = cmd.Redo if word == "redo" else cmd.Rollback
    try:
        rules.answer(control.snapshot(run).state, kind(**_head(by), stage=_stage(run, stage).slug))
    except rules.Refused as refused:
        raise RefusedError(refused.reason, refused.suggestion) from refused


yes_option = click.option("--yes", is_flag=True, help="Do it; without this the preview is shown, and a terminal asks.")
preview_option = click.option("--preview", is_flag=True, help="Only show what would be withdrawn.")
stage_argument = click.argument("stage", type=target.StageId())


@verb(name="redo", examples=("autor redo 03", "autor redo 03 --yes"))
@target.run_option
@yes_option
@preview_option
@wait_option
@stage_argument
@pass_face
def redo_verb(face: Face, run_id: str | None, yes: bool, preview: bool, wait: bool, stage: str) -> Result:
    """Withdraw a stage and all later ones, and start it afresh (previewed first, done with `--yes`)."""
    return _withdrawing(face, run_id, stage, "redo", yes, preview, wait)


@verb(name="rollback", examples=("autor rollback 03", "autor rollback 03 --yes"))
@target.run_option
@yes_option
@preview_option
@stage_argument
@pass_face
def rollback_verb(face: Face, run_id: str | None, yes: bool, preview: bool, stage: str) -> Result:
    """Withdraw a stage and all later ones, and reopen its last approved attempt (previewed first, `--yes` does it)."""
    return _withdrawing(face, run_id, stage, "rollback", yes, preview, False)


@verb(name="undo", examples=("autor undo",))
@target.run_option
@pass_face
def undo_verb(face: Face, run_id: str | None) -> Result:
    """Take the last rollback back, with whatever was refined or edited since; possible until the next approval."""
    run = target.only(face, run_id, lambda snapshot: snapshot.state.undoable is not None, "have a rollback to undo")
    events = undo(run, control.actor(face.name))
    return decided(face, run, "The rollback is undone.", events)


@verb(name="abort", text="words", examples=("autor abort the data set is wrong",))
@target.run_option
@click.argument("words", nargs=-1, metavar="[REASON]")
@pass_face
def abort_verb(face: Face, run_id: str | None, words: tuple[str, ...]) -> Result:
    """End the run (resumable)."""
    ended = (RunStatus.COMPLETED, RunStatus.ABORTED)
    run = target.only(face, run_id, lambda snapshot: snapshot.status not in ended, "could be aborted")
    events = abort(run, control.actor(face.name), text_of(face, words))
    return decided(face, run, f"Run {run.run_id} is aborted.", events)
