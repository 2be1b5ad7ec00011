"""The verbs by which a person steers a loop: `veto`, `pin`, `repeat`; none of them can change its error rate."""

from __future__ import annotations

import difflib
import json
from pathlib import Path
from typing import Any

import click
import msgspec

from autor_nb import loop_control
from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops import commands as cmd
from autor_nb.domain.loops.config import LoopConfig
from autor_nb.domain.loops.idea import Idea, parse_idea, person_idea
from autor_nb.domain.loops.knobs import find_knobs
from autor_nb.store.loops.layout import LoopFolder
from autor_nb.verbs import clean
from autor_nb.verbs.decision import text_of
from autor_nb.verbs.loops import loop_named, loop_target
from autor_nb.verbs.loops.session import asked, card
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import pass_face, verb

number_argument = click.argument("n", required=False, type=click.IntRange(0), metavar="[N]")


@verb(name="veto", examples=("autor loop veto", "autor loop veto 7 --why 'that file is generated'"))
@number_argument
@loop_named.loop_option
@click.option("--why", default="", metavar="TEXT", help="The reason, kept with it and told to the critic.")
@pass_face
def veto(face: Face, n: int | None, name_too: str | None, why: str) -> Result:
    """End the experiment in work, whatever its evidence; the loop goes on with the next idea."""
    loop = loop_target.only(name_too, loop_target.is_at_work)
    current = loop_control.snapshot(loop).state.current
    seen = n if n is not None else current.n if current is not None else None
    asked(loop, cmd.VetoIdea, face, n=seen, why=why)
    return card(loop, f"Experiment {seen} is vetoed.", n=seen)


@verb(
    name="pin",
    text="words",
    examples=(
        'autor loop pin "a hotter start escapes the first valley" --set PARAMS.temperature=2.0',
        "autor loop pin --set PARAMS.cooling=0.2 --expect -0.5",
        "autor loop pin --file idea.json",
    ),
)
@loop_named.loop_option
@click.option("--set", "values", multiple=True, metavar="KNOB=VALUE", help="What it changes. Repeatable.")
@click.option("--expect", type=float, metavar="DELTA", help="By how much you expect the metric to move (signed).")
@click.option("--why", default="", metavar="TEXT", help="Why it may help.")
@click.option("--file", "path", type=click.Path(dir_okay=False), metavar="FILE", help="An idea of seven fields.")
@click.argument("words", nargs=-1, metavar="[HYPOTHESIS]")
@pass_face
def pin(
    face: Face,
    name_too: str | None,
    values: tuple[str, ...],
    expect: float | None,
    why: str,
    path: str | None,
    words: tuple[str, ...],
) -> Result:
    """Say what the loop is to try next: your words, the knobs to turn, or a whole idea; it is tested as any other."""
    loop = loop_target.only(name_too, loop_target.is_at_work)
    change = dict(_pair(item) for item in values)
    idea = _idea(text_of(face, words).strip(), change, expect, why, path)
    idea = _with_known_knobs(loop, idea)
    (event, *_) = asked(loop, cmd.PinIdea, face, idea=idea)
    state = loop_control.snapshot(loop).state
    waits = len([one for one in state.pins if one.pin < event.pin])
    turn = "next" if not waits else f"after {waits} that were pinned before"
    return card(
        loop,
        f"Pinned, to be tried {turn}: {clean.line(idea.hypothesis, 200)}",
        pin=event.pin,
        idea=msgspec.to_builtins(idea),
    )


def _idea(text: str, change: dict[str, Any], expect: float | None, why: str, path: str | None) -> Idea:
    """A person's idea of seven fields in which nothing is made up."""
    if path is not None:
        if text or change or expect is not None or why:
            raise UsageError("--file holds the whole idea.", "Leave out the words, --set, --expect and --why.")
        return parse_idea(_content(path))
    turned = ", ".join(f"{knob} = {json.dumps(value)}" for knob, value in change.items())
    if not text and not change:
        raise UsageError(
            "There is no idea to pin.", 'Say it: `autor loop pin "…" --set KNOB=VALUE`, or `--file idea.json`.'
        )
    idea = person_idea(text or turned, change)
    more: dict[str, Any] = {"code_pseudocode": turned} if turned and not text.startswith("{") else {}
    if expect is not None:
        more["expected_delta"] = expect
    if why:
        more["justification"] = why
    return parse_idea(msgspec.json.encode(msgspec.structs.replace(idea, **more)))


def _content(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.", "Name a file with an idea in JSON.") from error


def _pair(item: str) -> tuple[str, Any]:
    """`knob=value`; a value that is no JSON is a word."""
    knob, equals, text = item.partition("=")
    if not equals or not knob.strip() or not text.strip():
        raise UsageError(f"--set {clean.line(item, 60)} is no KNOB=VALUE.", "Write --set PARAMS.temperature=2.0.")
    spelled = {"True": "true", "False": "false"}.get(text.strip(), text.strip())
    try:
        value = json.loads(spelled, parse_constant=_not_finite)
    except ValueError:
        return knob.strip(), text.strip()
    if not isinstance(value, str | int | float | bool):
        raise UsageError(f"--set {clean.line(item, 60)}: a knob holds a number or a word.", "Write KNOB=VALUE.")
    return knob.strip(), value


def _not_finite(word: str) -> None:
    raise UsageError(f"{word} is no value of a knob.", "Give a finite number.")


def _with_known_knobs(loop: LoopFolder, idea: Idea) -> Idea:
    """The idea, its knobs by their whole paths; refused is what the coder could not turn, while the person is there."""
    config = msgspec.convert(loop_control.snapshot(loop).state.config, LoopConfig)
    if config.coder.agent != "params":
        return idea
    found = find_knobs(loop_target.mutable_texts(loop.project, config))
    known = sorted({*(knob.path for knob in found.found), *config.space})
    some = ", ".join(known[:8]) or f"none were found in {', '.join(config.mutable)}"
    if not idea.change:
        raise UsageError(
            "The coder params turns knobs; an idea in words alone it cannot carry out.",
            f"Add --set KNOB=VALUE. Knobs: {some}.",
        )
    change: dict[str, Any] = {}
    for said, value in idea.change.items():
        knob = _whole_path(said, known)
        if knob is None:
            near = difflib.get_close_matches(said, known, n=1)
            raise UsageError(
                f"There is no knob {clean.line(said, 60)!r}.",
                (f"Did you mean {near[0]}? " if near else "") + f"Knobs: {some}.",
            )
        if knob in change:
            raise UsageError(f"{clean.line(knob, 60)} is set twice.", "Set each knob once.")
        change[knob] = value
    return msgspec.structs.replace(idea, change=change)


def _whole_path(said: str, known: list[str]) -> str | None:
    """The knob that is named, in full or by the end of its path where only one ends so; None if there is none."""
    if said in known:
        return said
    ends = [path for path in known if path.endswith((f".{said}", f":{said}", f'["{said}"]'))]
    if len(ends) > 1:
        raise UsageError(f"{clean.line(said, 60)!r} may mean {', '.join(ends[:5])}.", "Write one of these paths.")
    return ends[0] if ends else None


@verb(name="repeat", examples=("autor loop repeat", "autor loop repeat 12 --pairs 8"))
@number_argument
@loop_named.loop_option
@click.option("--pairs", type=int, default=4, show_default=True, metavar="N", help="How many more; an even number.")
@pass_face
def repeat(face: Face, n: int | None, name_too: str | None, pairs: int) -> Result:
    """Grant more pairs to the experiment in work, or to one that ended inconclusive; its evidence goes on."""
    loop = loop_target.only(name_too, loop_target.is_at_work)
    (event, *_) = asked(loop, cmd.AddRepeats, face, n=n, pairs=pairs)
    snapshot = loop_control.snapshot(loop)
    start = "" if snapshot.waiting == "engine" else f" `autor loop start {loop.name} --iterations 1` runs them."
    return card(loop, f"Experiment {event.n} was given {pairs} more pairs.{start}", n=event.n, pairs=pairs)
