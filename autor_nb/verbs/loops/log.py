"""`autor loop log`: the newest experiments, read from the end of the record."""

from __future__ import annotations

import click

from autor_nb.record import loop_history
from autor_nb.record.units import count_words
from autor_nb.store.loops.history import BadLine
from autor_nb.verbs.blocks import Block, Heading, Next, Para
from autor_nb.verbs.loops import loop_named
from autor_nb.verbs.loops.experiment_table import experiment_table, facts_of
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import pass_face, verb


@verb(name="log", examples=("autor loop log", "autor loop log -n 50", "autor loop log --verdict keep --all"))
@loop_named.loop_argument
@loop_named.loop_option
@click.option("-n", "count", type=click.IntRange(1), default=10, show_default=True, help="How many, the newest first.")
@click.option("--all", "everything", is_flag=True, help="All of them.")
@click.option(
    "--verdict", "word", type=click.Choice(loop_history.WORDS), help="Only those of this verdict or status."
)
@pass_face
def log(face: Face, name: str | None, name_too: str | None, count: int, everything: bool, word: str | None) -> Result:
    """Show the newest experiments: verdict, metric, delta, evidence, what was tried."""
    loop = loop_named.either(name, name_too)
    bad: list[BadLine] = []
    shown = loop_history.records(loop, loop_history.ALL if everything else count, word or "", bad.append)
    newest_first = shown[::-1]
    last = loop_history.records(loop, 1) if word else shown[-1:]
    total = last[-1].run + 1 if last else 0
    said = f"{count_words(len(shown), 'experiment')} of {total:,}" if total else "no experiment yet"
    blocks: list[Block] = [Heading(f"Loop {loop.name}", None, f"{said}{f', only {word}' if word else ''}")]
    if shown:
        blocks.append(experiment_table(newest_first))
    if bad:
        lines = count_words(len(bad), "line")
        blocks.append(Para(f"{lines} of {loop.experiments.name} cannot be read and {'is' if len(bad) == 1 else 'are'} "
                           f"not shown: {bad[0].why}.", quiet=True))  # fmt: skip
    steps = (
        (f"autor loop diff {shown[-1].run} --loop {loop.name}", "what the newest changed")
        if shown
        else (f"autor loop start {loop.name}", "sets it to work"),
        (f"autor loop best {loop.name}", "the best recorded, and what is confirmed"),
    )
    blocks.append(Next(steps))
    facts = {
        "loop": loop.name,
        "total": total,
        "shown": len(shown),
        "experiments": [facts_of(record) for record in newest_first],
        "unreadable_lines": [{"offset": line.offset, "why": line.why} for line in bad],
    }
    return Result(facts, tuple(blocks), tuple(f"{step}: {why}" for step, why in steps), state=loop)
