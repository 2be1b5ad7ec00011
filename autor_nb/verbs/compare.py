"""`compare`: two attempts or two runs side by side."""

from __future__ import annotations

import re
from typing import Any

import click

from autor_nb import control
from autor_nb.desk import compare
from autor_nb.domain.errors import UsageError
from autor_nb.store import templates
from autor_nb.store.layout import RunFolder
from autor_nb.verbs import target
from autor_nb.verbs.blocks import Block, Cell, Heading, Para, Table
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import pass_face, verb

_PLACE = re.compile(r"([0-9]{1,2}(?:_[a-z_]+)?)(?:\.([0-9]+))?")


@verb(
    name="compare", examples=("autor compare", "autor compare 05", "autor compare 05.1 05.3", "autor compare RUN RUN")
)
@target.run_option
@click.option("--all", "everything", is_flag=True, help="Also what is the same.")
@click.argument("sides", nargs=-1, metavar="[A] [B]")
@pass_face
def compare_verb(face: Face, run_id: str | None, everything: bool, sides: tuple[str, ...]) -> Result:
    """Compare two attempts (05.1 05.3; 05 is its last two) or two runs; without a name, the newest two attempts."""
    if len(sides) > 2:
        raise UsageError(f"Two things can be compared; {len(sides)} were named.", "`autor compare 05.1 05.3`")
    if len(sides) == 2 and not any(_PLACE.fullmatch(side) for side in sides):
        runs = [target.named(face, side) for side in sides]
        found = compare.compare_runs(runs[0], runs[1], everything)
        return _result(found, {"runs": [run.run_id for run in runs]}, ((runs[0], runs[1]), everything))
    run = target.newest(face, run_id)
    left, right = _attempts(run, sides)
    found = compare.compare_attempts(left, right, everything)
    facts = {"run_id": run.run_id, "attempts": [[s.stage.ref.slug, s.attempt.attempt] for s in (left, right)]}
    return _result(found, facts, ((left, right), everything))


def _attempts(run: RunFolder, sides: tuple[str, ...]) -> tuple[compare.Side, compare.Side]:
    state = control.snapshot(run).state
    refs = [stage.ref for stage in state.stages]
    if len(sides) == 2:
        places = [_place(side) for side in sides]
        found = [compare.side_of(run, templates.resolve_stage(key, refs).slug, n, state) for key, n in places]
        return found[0], found[1]
    if sides:
        key, number = _place(sides[0])
        slug = templates.resolve_stage(key, refs).slug
    else:
        several = [stage for stage in state.stages if sum(bool(a.ended_at) for a in stage.attempts) > 1]
        if not several:
            raise UsageError(
                f"Run {run.run_id} has no stage with two attempts yet.", "`autor compare RUN RUN` compares two runs."
            )
        slug, number = max(several, key=lambda stage: stage.attempts[-1].started_at).ref.slug, None
    right = compare.side_of(run, slug, number, state)
    earlier = [a.attempt for a in right.stage.attempts if a.ended_at and a.attempt < right.attempt.attempt]
    if not earlier:
        raise UsageError(
            f"Stage {right.stage.ref.number} has no attempt before attempt {right.attempt.attempt}.",
            f"`autor compare {right.stage.ref.number}.1 …` names another, `autor compare RUN RUN` compares runs.",
        )
    return compare.side_of(run, slug, earlier[-1], state), right


def _place(side: str) -> tuple[str, int | None]:
    found = _PLACE.fullmatch(side)
    if found is None:
        raise UsageError(
            f"{side!r} is neither a stage (05), an attempt (05.2) nor one of two runs.", "`autor compare --help`"
        )
    return found[1], int(found[2]) if found[2] else None


def _result(found: dict[str, Any], facts: dict[str, Any], compared: Any) -> Result:
    left, right = found["left"], found["right"]
    blocks: list[Block] = [
        Heading(f"{left['title']} against {right['title']}", None, ""),
        Para(f"{left['title']}: {', '.join(left['meta'])}. {right['title']}: {', '.join(right['meta'])}.", quiet=True),
    ]
    if found["same"]:
        blocks.append(Para("Nothing differs."))
    for section in found["sections"]:
        rows: tuple[tuple[Cell, ...], ...] = tuple(
            (row["what"], row["left"], row["right"], row["change"]) for row in section["rows"]
        )
        if rows:
            blocks.append(Table(("", left["title"], right["title"], "Change"), rows, title=section["title"]))
        if section["left_out"]:
            blocks.append(Para(f"and {section['left_out']} more", quiet=True))
    facts = {**facts, **{key: found[key] for key in ("left", "right", "same", "sections")}}
    return Result(facts=facts, blocks=tuple(blocks), state=compared, panel="compare")
