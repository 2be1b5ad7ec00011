"""`edit`: a person replaces the draft in review by their own text, which is judged as an attempt of its own."""

from __future__ import annotations

from pathlib import Path

import click

from autor_nb import control
from autor_nb.domain import commands as cmd
from autor_nb.domain.errors import UsageError
from autor_nb.domain.events import Event
from autor_nb.domain.run import Actor
from autor_nb.domain.state import AttemptState
from autor_nb.store.eventlog import utc_now
from autor_nb.store.layout import RunFolder
from autor_nb.verbs import decision, look, target
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import pass_face, verb

CAP_BYTES = 4 * 1024 * 1024


def edit(
    run: RunFolder, by: Actor, text: str, *, attempt: int | None = None, draft_sha256: str | None = None
) -> list[Event]:
    """Replace the draft in review, pinned to the draft as it is now (or to the one that was edited)."""
    reviewed = control.snapshot(run).state.under_review
    pin = attempt if attempt is not None else reviewed.attempt if reviewed else None
    seen = draft_sha256 if draft_sha256 is not None else reviewed.draft_sha256 if reviewed else ""
    return control.ask(
        run, cmd.Edit(id=control.new_id(), at=utc_now(), by=by, text=text, attempt=pin, draft_sha256=seen)
    )


@verb(name="edit", examples=("autor edit", "autor edit --file my_draft.md"))
@target.run_option
@click.option("--attempt", type=int, help="Only if this attempt is the one in review.")
@click.option("--file", "source", metavar="FILE", help="The new draft; `-` reads standard input.")
@decision.wait_option
@pass_face
def edit_verb(face: Face, run_id: str | None, attempt: int | None, source: str | None, wait: bool) -> Result:
    """Edit the draft in review by hand: in your editor, from a file, or as the body of a cell.

    Your text becomes an attempt of its own, recorded as edited by you, and is checked like any other.
    """
    run = target.only(face, run_id, target.waits, "wait for you")
    reviewed = control.snapshot(run).state.under_review
    text = _text(face, run, reviewed, source)
    sha256 = reviewed.draft_sha256 if reviewed else ""
    events = edit(run, control.actor(face.name), text, attempt=attempt, draft_sha256=sha256)
    where = f"{reviewed.stage} attempt {reviewed.attempt}" if reviewed else "The draft"
    return decision.decided(face, run, f"{where} was edited by hand.", events, wait=wait or face.waits)


def _text(face: Face, run: RunFolder, reviewed: AttemptState | None, source: str | None) -> str:
    if source == "-" and face.stdin is not None:
        return face.stdin()
    if source is not None:
        return _file(Path(source).expanduser())
    if face.body is not None:
        return face.body + "\n"
    if face.keys and reviewed is not None:
        return _in_editor(look.summary_of(run, reviewed))
    raise UsageError(
        "Editing needs the new draft.",
        "`autor edit --file my_draft.md`, or `%%autor edit` with the draft as the cell's body; "
        "`autor show` prints the draft as it is.",
    )


def _file(path: Path) -> str:
    try:
        if path.stat().st_size > CAP_BYTES:
            raise UsageError(f"{path} is larger than a draft may be.", "A draft is a summary: put the rest into files.")
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text.", "Save it as UTF-8, then try again.") from error
    except OSError as error:
        raise UsageError(f"Cannot read {path}: {error.strerror}.", "Say which file holds the draft.") from error


def _in_editor(draft: str) -> str:
    try:
        text = click.edit(draft, extension=".md", require_save=True)
    except click.ClickException as error:
        raise UsageError(
            f"No editor could be opened: {error.format_message()}", "Set EDITOR, or use `autor edit --file FILE`."
        ) from error
    if text is None:
        raise UsageError("The editor was closed without saving: nothing was changed.")
    return text
