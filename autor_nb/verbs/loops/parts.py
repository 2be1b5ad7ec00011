"""`autor loop critic` and `autor loop coder`: ask either once, or see what it would be given; nothing is started."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import click
import msgspec

from autor_nb import loop_control, loop_preflight
from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.config import LoopConfig
from autor_nb.domain.loops.idea import Idea, parse_idea, write_idea
from autor_nb.domain.loops.preflight import AskAnswer, AskRequest
from autor_nb.record.units import count_words, number_words
from autor_nb.store.atomic import write_text
from autor_nb.store.loops.layout import LoopFolder
from autor_nb.verbs import clean
from autor_nb.verbs.blocks import Block, Facts, Heading, Mark, Next, Para, Verbatim
from autor_nb.verbs.loops import loop_named, loop_target
from autor_nb.verbs.loops.session import one_of
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import pass_face, verb

SHOWN_CHARS = 20_000
EXTERNAL = "external"
LONG = ("thought_process", "alternatives_considered", "justification", "code_pseudocode")
dry_run = click.option("--dry-run", is_flag=True, help="Show what it would be given, and ask nobody.")


@verb(
    name="critic",
    examples=("autor loop critic", "autor loop critic --dry-run", "autor loop critic --save idea.json"),
)
@loop_named.loop_argument
@loop_named.loop_option
@click.option("--save", type=click.Path(dir_okay=False), metavar="FILE", help="Keep the idea there, as JSON.")
@dry_run
@pass_face
def critic(face: Face, name: str | None, name_too: str | None, save: str | None, dry_run: bool) -> Result:
    """Ask the loop's critic for one idea, from what the loop has found so far; the idea is shown and not tried."""
    loop, config = _loop(one_of(name, name_too))
    answer = loop_preflight.critic(_request(loop, config, dry_run))
    if answer.idea is None:
        return _dry(loop, answer, f"The critic {answer.part} would be given this; it was not asked.")
    if save is not None:
        write_text(Path(save), write_idea(answer.idea))
    idea = msgspec.to_builtins(answer.idea)
    step = (f"autor loop critic {loop.name} --save idea.json", "keeps one, for `autor loop pin --file idea.json`")
    if save is not None:
        step = (f"autor loop pin --loop {loop.name} --file {shlex.quote(save)}", "has it tried next")
    blocks: tuple[Block, ...] = (
        Heading(f"An idea of {answer.part}", Mark("ok"), "shown, not tried"),
        Para(clean.line(answer.idea.hypothesis, 600)),
        Facts(
            (
                ("Change", clean.line(json.dumps(answer.idea.change), 400)),
                ("Expected delta", number_words(answer.idea.expected_delta, 4)),
                ("Risk", answer.idea.risk_level),
            )
        ),
        *(
            Para(clean.line(f"{field.replace('_', ' ').capitalize()}: {_text(idea[field])}", 2000), quiet=True)
            for field in LONG
            if idea[field]
        ),
        Next((step,)),
    )
    facts = {
        "loop": loop.name, "critic": answer.part, "dry_run": False, "idea": idea, "cost_usd": answer.cost_usd,
        "log": answer.log, "saved": save,
    }  # fmt: skip
    return Result(facts, blocks, (": ".join(step),))


@verb(
    name="coder",
    examples=("autor loop coder", "autor loop coder --dry-run", "autor loop coder --file idea.json"),
)
@loop_named.loop_argument
@loop_named.loop_option
@click.option("--file", "path", type=click.Path(dir_okay=False), metavar="FILE", help="The idea (else the newest).")
@dry_run
@pass_face
def coder(face: Face, name: str | None, name_too: str | None, path: str | None, dry_run: bool) -> Result:
    """Have the loop's coder carry out one idea in a copy, and show the change; the copy is thrown away.

    Exit code 1 if it could not.
    """
    loop, config = _loop(one_of(name, name_too))
    if config.coder.agent == EXTERNAL and not dry_run:
        raise UsageError(
            f"The coder of loop {loop.name} is {EXTERNAL}: whoever edits the files while the loop waits for it.",
            f"`autor loop status {loop.name} --json` names the folder under awaits_edit; --dry-run shows the idea.",
        )
    idea = _idea(loop, path)
    answer = loop_preflight.coder(msgspec.structs.replace(_request(loop, config, dry_run), idea=idea))
    if dry_run:
        said = f"The coder {answer.part} would carry this out; it was not asked: {clean.line(idea.hypothesis, 300)}"
        return _dry(loop, answer, said, idea)
    blocks: tuple[Block, ...] = (
        Heading(f"A change by {answer.part}", Mark("ok" if answer.ok else "fail"), "in a copy that is thrown away"),
        Para(clean.line(idea.hypothesis, 300), quiet=True),
        *([Para(clean.line(answer.detail, 600))] if answer.detail else []),
        *([Verbatim(clean.plain(answer.diff[:SHOWN_CHARS]), title=", ".join(answer.changed))] if answer.diff else []),
    )
    facts = {
        "loop": loop.name, "coder": answer.part, "dry_run": False, "ok": answer.ok, "detail": answer.detail,
        "changed": list(answer.changed), "diff": answer.diff, "idea": msgspec.to_builtins(idea),
        "cost_usd": answer.cost_usd,
    }  # fmt: skip
    hints = () if answer.ok else (answer.detail,)
    return Result(facts, blocks, hints, 0 if answer.ok else 1)


def _loop(name: str | None) -> tuple[LoopFolder, LoopConfig]:
    """The loop and its configuration, as its file has it, or as its log has it where no file declares it."""
    want = loop_target.wanted(name)
    if want.config is not None:
        return want.loop, want.config
    return want.loop, msgspec.convert(loop_control.snapshot(want.loop).state.config, LoopConfig)


def _request(loop: LoopFolder, config: LoopConfig, dry: bool) -> AskRequest:
    return AskRequest(project=str(loop.project), config=config, folder=str(loop.path), dry_run=dry)


def _idea(loop: LoopFolder, path: str | None) -> Idea:
    """The idea in the file, else the newest that the loop had."""
    place = Path(path) if path is not None else loop.next_idea
    try:
        return parse_idea(place.read_bytes())
    except OSError as error:
        if path is None:
            raise UsageError(
                f"Loop {loop.name} has had no idea yet.",
                f"`autor loop critic {loop.name} --save idea.json` asks for one; `--file idea.json` names it.",
            ) from error
        raise UsageError(f"{path} cannot be read: {error.strerror}.", "Name a file with an idea in JSON.") from error


def _dry(loop: LoopFolder, answer: AskAnswer, said: str, idea: Idea | None = None) -> Result:
    """What the part would be given."""
    texts = [Verbatim(clean.plain(text[:SHOWN_CHARS]), title=title) for title, text in answer.task.items() if text]
    facts: dict[str, Any] = {"loop": loop.name, "part": answer.part, "dry_run": True, "task": answer.task}
    if idea is not None:
        facts["idea"] = msgspec.to_builtins(idea)
    heading = Heading(f"Loop {loop.name}", Mark("ok"), count_words(len(texts), "text"))
    return Result(facts, (heading, Para(said), *texts), (said,))


def _text(value: Any) -> str:
    return "; ".join(str(one) for one in value) if isinstance(value, list | tuple) else str(value)
