"""`autor loop diff`: what two experiments differ in; a discarded one is as good as a kept one."""

from __future__ import annotations

import click

from autor_nb.record import loop_versions
from autor_nb.store.loops import standing
from autor_nb.verbs import clean
from autor_nb.verbs.blocks import Heading, Para, Table, Verbatim
from autor_nb.verbs.loops import loop_named
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import pass_face, verb

VERSION = loop_named.Known("version", lambda: loop_versions.NAMES)


@verb(
    name="diff",
    examples=("autor loop diff 12", "autor loop diff base head", "autor loop diff 7 12 --loop tsp --stat"),
)
@click.argument("a", type=VERSION, metavar="A")
@click.argument("b", type=VERSION, required=False, metavar="[B]")
@loop_named.loop_option
@click.option("--stat", is_flag=True, help="Only the files and how many lines.")
@pass_face
def diff(face: Face, a: str, b: str | None, name_too: str | None, stat: bool) -> Result:
    """Show what experiment B changed against A; with one name, against what it was made from.

    A and B are numbers of experiments, `base`, `head`, `confirmed`, `best`, or commits.
    """
    loop = loop_named.loop_here(name_too)
    state = standing.read(loop)
    second = loop_versions.version(loop, state, b or a)
    first = loop_versions.version(loop, state, a) if b else loop_versions.parent(second)
    files = loop_versions.files_changed(first, second)
    text = "" if stat else loop_versions.difference(first, second)
    rows = tuple(
        (clean.line(path, 120), "binary" if more is None else f"+{more}", "" if less is None else f"−{less}")
        for path, more, less in files
    )
    heading = Heading(f"{first.called} → {second.called}", None, f"loop {loop.name}")
    table = Table(("File", "Added", "Removed"), rows) if rows else Para("Nothing differs.")
    facts = {
        "loop": loop.name,
        "a": {"asked": first.asked, "n": first.n, "commit": first.commit},
        "b": {"asked": second.asked, "n": second.n, "commit": second.commit},
        "files": [{"path": path, "added": more, "removed": less} for path, more, less in files],
        "diff": text,
    }
    return Result(facts, (heading, table, *((Verbatim(text),) if text else ())), state=loop)
