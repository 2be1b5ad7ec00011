"""`autor loop merge-best` and `cleanup`: the best fork taken over if it is confirmed; finished ones removed."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from autor_nb import loop_control, loop_forks
from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.forks import SEEDS, Audited, CompareReport, MergeReport, VariantRow
from autor_nb.record.units import count_words, number_words
from autor_nb.store.loops.layout import LoopFolder
from autor_nb.verbs import clean
from autor_nb.verbs.blocks import Block, Heading, Items, Mark, Next, Para, Table
from autor_nb.verbs.loops import compare as comparing
from autor_nb.verbs.loops import loop_named
from autor_nb.verbs.loops.fork import progress
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import pass_face, verb


@verb(name="merge-best", examples=("autor loop merge-best tsp", "autor loop merge-best tsp --seeds 10"))
@loop_named.loop_argument
@loop_named.loop_option
@click.option("--seeds", type=click.IntRange(2, 200), default=SEEDS, show_default=True, help="To choose the best by.")
@pass_face
def merge_best(face: Face, name: str | None, name_too: str | None, seeds: int) -> Result:
    """Take over the best fork: chosen on common seeds, confirmed on fresh pairs, merged by git, run again, adopted.

    Where it is not confirmed, or does not merge, nothing is changed.
    """
    loop = loop_named.either(name, name_too)
    by = loop_control.actor(face.name)
    found, report = loop_forks.merge(loop, by, lambda run: face.say(progress(run)), seeds=seeds)
    return _shown(loop, found, report)


def _shown(loop: LoopFolder, found: CompareReport, report: MergeReport | None) -> Result:
    said = sentences(loop, found, report)
    merged = report is not None and report.stage == "done"
    stopped = found.interrupted or (report is not None and report.stage == "interrupted")
    mark = Mark("complete" if merged else "interrupted" if stopped else "failed")
    blocks: list[Block] = [Heading(f"Merge into loop {loop.name}", mark, ""), *(Para(one) for one in said)]
    if report is not None and report.conflicts:
        blocks.append(Items(tuple(clean.line(path, 200) for path in report.conflicts)))
    after = [(f"autor loop diff base head --loop {loop.name}", "what the head changed")] if merged else [
        (f"autor loop compare {loop.name} --seeds 12", "more seeds")]  # fmt: skip
    if merged:
        after.append((f"autor loop cleanup {loop.name} --yes", "removes the finished forks' folders, keeps their refs"))
    blocks.append(Next(tuple(after)))
    facts: dict[str, Any] = {
        "loop": loop.name,
        "merged": report.merged if merged and report is not None else None,
        "fork": report.request.fork if report is not None else None,
        "stage": report.stage if report is not None else "compare",
        "conflicts": list(report.conflicts) if report is not None else [],
        "comparison": msgspec.to_builtins(found),
        "report": msgspec.to_builtins(report) if report is not None else None,
        "sentences": said,
    }
    return Result(facts, tuple(blocks), tuple(said), exit_code=0 if merged else 130 if stopped else 1, state=report)


def sentences(loop: LoopFolder, found: CompareReport, report: MergeReport | None) -> list[str]:
    """What was found at each step, and what was done."""
    nothing = "Nothing was changed."
    if report is None:
        if found.interrupted:
            return [f"It was interrupted. {nothing}"]
        return [f"No fork of {loop.name} is better than the common base on average: there is nothing to merge."]
    fork = report.request.fork
    said = [f"{fork} came first on {count_words(len(found.seeds), 'common fresh seed')}."]
    if report.confirmed is not None and report.stage != "interrupted":
        said.append(_audit(report, report.confirmed, f"{fork} against the head of {loop.name}"))
    match report.stage:
        case "fork":
            said.append(f"It is not confirmed, so it was not merged. {nothing}")
        case "conflict":
            files = count_words(len(report.conflicts), "file")
            said.append(f"Both changed the same lines of {files}, which git cannot merge. {nothing}")
        case "result" if report.result is not None:
            said.append(_audit(report, report.result, "The merged result"))
            said.append(f"The merged result is not confirmed, so it was not adopted. {nothing}")
        case "done" if report.result is not None:
            said.append(_audit(report, report.result, "The merged result"))
            said.append(f"It was merged: {loop.name} and branch autor/{loop.name} are at {report.merged[:10]}.")
        case _:
            said.append(f"It was interrupted. {nothing}")
    return said


def _audit(report: MergeReport, audit: Audited, what: str) -> str:
    config = report.request.config
    row = VariantRow(loop="", commit="", mean=audit.mean, interval=audit.interval)
    change = comparing.change_of(config, row)
    if change is None:
        return f"{what}: {clean.line(audit.reason, 300)}."
    low, high = comparing.words(config, change[1], "−∞"), comparing.words(config, change[2], "+∞")
    e_value = number_words(audit.e_value, 3) if audit.e_value is not None else "1"
    sign = "≥" if audit.better else "<"
    return (
        f"{what}: {comparing.words(config, change[0])} [{low}, {high}] on {count_words(audit.pairs, 'fresh pair')} "
        f"(E {e_value} {sign} {audit.bar:g})."
    )


@verb(name="cleanup", examples=("autor loop cleanup tsp", "autor loop cleanup tsp --yes"))
@loop_named.loop_argument
@loop_named.loop_option
@click.option("--yes", is_flag=True, help="Remove them; else they are only listed.")
@pass_face
def cleanup(face: Face, name: str | None, name_too: str | None, yes: bool) -> Result:
    """Remove the folders of a loop's finished forks; their branches, refs, logs and records are kept."""
    loop = loop_named.either(name, name_too)
    forks = loop_forks.finished(loop)
    if not forks:
        raise UsageError(f"Loop {loop.name} has no finished fork.", f"`autor loop status {loop.name}` shows its forks.")
    kept = {one.name: str(loop_forks.clear(one)) for one in forks} if yes else {}
    what = "were removed" if yes else "would be removed"
    folders = count_words(len(forks), "folder")
    said = f"{folders} {what}; the branches autor/<fork>, refs/autor/<fork>/<n> and the records stay."
    table = Table(("fork", "records"), tuple((one.name, kept.get(one.name, "–")) for one in forks))
    blocks: list[Block] = [Heading(f"Forks of loop {loop.name}", None, ""), Para(said), table]
    if not yes:
        blocks.append(Next(((f"autor loop cleanup {loop.name} --yes", "removes them"),)))
    facts = {"loop": loop.name, "forks": [one.name for one in forks], "removed": yes, "records": kept}
    return Result(facts, tuple(blocks), (said,))
