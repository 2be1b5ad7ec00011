"""`review`: a keyboard menu over the draft that waits; plain line input where there is no terminal."""

from __future__ import annotations

from collections.abc import Callable

import click

from autor_nb import control
from autor_nb.domain.errors import RefusedError, UsageError
from autor_nb.domain.state import AttemptState
from autor_nb.store.layout import RunFolder
from autor_nb.verbs import card, clean, decision, draw, follow, look, target
from autor_nb.verbs.blocks import Block, Heading, Mark, Prose
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import Interrupted, pass_face, verb

OPTIONS = (
    ("1", "Use suggestion 1"),
    ("2", "Use suggestion 2"),
    ("3", "Use suggestion 3"),
    ("4", "Refine with your own feedback"),
    ("5", "Approve and continue"),
    ("6", "Abort"),
    ("d", "Show the draft"),
    ("c", "Show the checks"),
    ("w", "Waive a failing check"),
    ("a", "Answer a question"),
    ("q", "Leave; the draft keeps waiting"),
)
DECIDED, STAY, LEAVE = "decided", "stay", "leave"


@verb(name="review", examples=("autor review", "autor review --once"))
@target.run_argument
@target.run_too
@click.option("--once", is_flag=True, help="Leave after one decision instead of waiting for the next draft.")
@pass_face
def review(face: Face, run_id: str | None, run_too: str | None, once: bool) -> Result:
    """Walk through what waits for you: read, look at the checks, decide."""
    run = target.only(face, target.either(run_id, run_too), target.waits, "wait for you")
    if control.snapshot(run).waiting == "engine":
        follow.until(face, run, "review")
    snapshot = control.snapshot(run)
    attempt = snapshot.state.under_review
    if attempt is None or snapshot.waiting != "person":
        raise UsageError(
            f"Nothing of run {run.run_id} waits for a decision: it is {snapshot.status}.",
            f"`autor status {run.run_id}` shows what comes next.",
        )
    if face.name != "cli" or face.ask is None:
        return reading(run, snapshot, attempt)
    try:
        _walk(face, run, once)
    except EOFError:
        face.say("The input has ended; what was decided is decided.")
    except KeyboardInterrupt as error:
        raise Interrupted("You left the review; the draft keeps waiting.", f"`autor review {run.run_id}`") from error
    after = control.snapshot(run)
    return card.run_card(run, after, exit_code=0 if after.waiting == "engine" else follow.exit_code(after))


def reading(run: RunFolder, snapshot: control.Snapshot, attempt: AttemptState) -> Result:
    """The draft and what a person needs for deciding, for a face without a menu."""
    text = look.summary_of(run, attempt)
    blocks: list[Block] = [Heading(f"{attempt.stage} attempt {attempt.attempt}", Mark("in_review"), "waits for you")]
    if text:
        blocks.append(Prose(text))
    made = card.run_card(run, snapshot)
    return Result(
        facts={**made.facts, "text": text},
        hints=made.hints,
        state=run,
        blocks=(*blocks, *card.review_blocks(run, attempt, snapshot.state.intake), made.blocks[-1]),
    )


def _walk(face: Face, run: RunFolder, once: bool) -> None:
    while True:
        snapshot = control.snapshot(run)
        attempt = snapshot.state.under_review
        if attempt is None or snapshot.waiting != "person":
            return
        heading = Heading(f"{attempt.stage} attempt {attempt.attempt}", Mark("in_review"), run.run_id)
        blocks = card.review_blocks(run, attempt, snapshot.state.intake)
        face.say(draw.as_text([heading, *blocks]) + "\n" + menu(attempt))
        outcome = STAY
        while outcome == STAY:
            outcome = _choose(face, run, attempt)
            if outcome == STAY and (now := control.snapshot(run).state.under_review) is not None:
                attempt = now
        if outcome == LEAVE or once:
            return
        follow.until(face, run, "review")


def menu(attempt: AttemptState) -> str:
    """The choices that this attempt leaves."""
    lines = []
    for key, words in OPTIONS:
        if key in "123" and int(key) > len(attempt.suggestions):
            continue
        if (key == "w" and not attempt.open_blocking) or (key == "a" and not attempt.questions):
            continue
        blocked = key == "5" and (attempt.open_blocking or not attempt.is_new_work)
        lines.append(f"  {key}  {words}" + ("  (blocked, see above)" if blocked else ""))
    return "\n".join(lines)


def _choose(face: Face, run: RunFolder, attempt: AttemptState) -> str:
    key = _key(face)
    act = _ACTS.get(key, _suggestion if key in ("1", "2", "3") else None)
    if act is None:
        face.say(f"There is no choice {clean.line(key, 20)!r}.\n{menu(attempt)}" if key else menu(attempt))
        return STAY
    try:
        return act(face, run, attempt, key)
    except (RefusedError, UsageError) as error:
        face.say(clean.plain(str(error), 4000))
        return STAY


def _key(face: Face) -> str:
    if face.keys:
        click.echo("Your choice: ", nl=False, err=True)
        key = click.getchar()
        if key in ("\x03", "\x04"):
            raise KeyboardInterrupt
        click.echo(clean.line(key, 5), err=True)
        return key.strip().lower()
    return _line(face, "Your choice: ").lower()


def _line(face: Face, question: str) -> str:
    assert face.ask is not None
    return face.ask(question).strip()


def _suggestion(face: Face, run: RunFolder, attempt: AttemptState, key: str) -> str:
    decision.refine(run, control.actor(face.name), int(key), attempt=attempt.attempt)
    face.say(f"Sent back with suggestion {key}.")
    return DECIDED


def _own_words(face: Face, run: RunFolder, attempt: AttemptState, key: str) -> str:
    words = _line(face, "What to do differently (empty goes back): ")
    if not words:
        return STAY
    decision.refine(run, control.actor(face.name), words, attempt=attempt.attempt)
    face.say("Sent back with your words.")
    return DECIDED


def _approve(face: Face, run: RunFolder, attempt: AttemptState, key: str) -> str:
    decision.approve(run, control.actor(face.name), attempt=attempt.attempt)
    face.say(f"Approved {attempt.stage} attempt {attempt.attempt}.")
    return DECIDED


def _abort(face: Face, run: RunFolder, attempt: AttemptState, key: str) -> str:
    if _line(face, "End this run? It can be resumed. [y/N] ").lower() not in ("y", "yes"):
        return STAY
    decision.abort(run, control.actor(face.name))
    face.say(f"Run {run.run_id} is aborted.")
    return LEAVE


def _draft(face: Face, run: RunFolder, attempt: AttemptState, key: str) -> str:
    face.say(clean.plain(look.summary_of(run, attempt), 200_000) or "There is no draft.")
    return STAY


def _checks(face: Face, run: RunFolder, attempt: AttemptState, key: str) -> str:
    face.say(look.checks_result(run, attempt, {}).text())
    return STAY


def _waive(face: Face, run: RunFolder, attempt: AttemptState, key: str) -> str:
    failing = attempt.open_blocking
    if not failing:
        face.say("No check stops an approval.")
        return STAY
    check = failing[0] if len(failing) == 1 else _line(face, f"Which check ({', '.join(failing)})? ")
    why = _line(face, f"Why may {clean.line(check, 80)} pass? It is shown for ever after (empty goes back): ")
    if check and why:
        decision.waive(run, control.actor(face.name), check, why)
        face.say(f"Waived {clean.line(check, 80)}.")
    return STAY


def _answer(face: Face, run: RunFolder, attempt: AttemptState, key: str) -> str:
    for number, question in enumerate(attempt.questions, 1):
        said = _line(face, f"{number}. {clean.line(question.text, 300)} (empty keeps {question.default!r}): ")
        if said:
            decision.answer(run, control.actor(face.name), {question.id: said})
    return STAY


_ACTS: dict[str, Callable[[Face, RunFolder, AttemptState, str], str]] = {
    "4": _own_words,
    "5": _approve,
    "6": _abort,
    "d": _draft,
    "c": _checks,
    "w": _waive,
    "a": _answer,
    "q": lambda face, run, attempt, key: LEAVE,
}
