"""`autor loop compare`: what loops came to, ranked on common fresh seeds against the commit they began from."""

from __future__ import annotations

import math
from typing import Any

import click
import msgspec

from autor_nb import loop_forks
from autor_nb.domain.loops.config import LoopConfig
from autor_nb.domain.loops.forks import SEEDS, CompareReport, VariantRow
from autor_nb.domain.loops.recheck import in_unit
from autor_nb.figures.loop_recheck import LoopRecheck
from autor_nb.record.units import count_words, number_words
from autor_nb.verbs import clean
from autor_nb.verbs.blocks import Block, Heading, Mark, Next, Para, Table, Verbatim
from autor_nb.verbs.loops import loop_named
from autor_nb.verbs.loops.fork import progress
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import pass_face, verb


@verb(name="compare", examples=("autor loop compare tsp", "autor loop compare tsp-1 tsp-2 --seeds 10"))
@click.argument("names", nargs=-1, type=loop_named.LoopName(), metavar="[LOOP…]")
@click.option("--seeds", type=click.IntRange(2, 200), default=SEEDS, show_default=True, help="Common fresh seeds.")
@click.option("--q", type=click.FloatRange(0, 0.5, min_open=True), default=0.05, show_default=True,
              help="Share of false ones among those that are called better.")
@pass_face
def compare(face: Face, names: tuple[str, ...], seeds: int, q: float) -> Result:
    """Rank finished variants: of one loop its forks and itself, of several exactly those."""
    loops = [loop_named.loop_here(name) for name in dict.fromkeys(names)] or [loop_named.loop_here(None)]
    report = loop_forks.compare(loops, lambda run: face.say(progress(run)), seeds=seeds, q=q)
    return shown(report, face)


def shown(report: CompareReport, face: Face) -> Result:
    """The card, with the differences of the best as a picture."""
    request = report.request
    mark = Mark("interrupted" if report.interrupted else "complete")
    said = sentences(report)
    seeds = count_words(len(report.seeds), "common fresh seed")
    title = f"Comparison on {seeds}" if report.moved else "Comparison: nothing to compare"
    table = Table(
        ("loop", "change", "95 % interval", "E", "p", "better by"),
        tuple(_cells(request.config, row, ranked=not report.interrupted) for row in report.rows),
    )
    figures = (figure_of(report),) if report.best is not None else ()
    blocks: list[Block] = [Heading(title, mark, clean.line(request.config.metric.name, 60))]
    blocks += [Para(one) for one in said]
    blocks.append(table)
    if face.name != "notebook":
        blocks += [Verbatim(figure.text(), title="The best, seed by seed") for figure in figures]
    blocks.append(Next((_next(report),)))
    facts: dict[str, Any] = {**msgspec.to_builtins(report), "sentences": said}
    facts["best"] = report.best.loop if report.best is not None else None
    for row, plain in zip(report.rows, facts["rows"], strict=True):
        plain["change"] = change_of(request.config, row)
    return Result(
        facts, tuple(blocks), tuple(said), exit_code=130 if report.interrupted else 0, state=report, figures=figures
    )


def _next(report: CompareReport) -> tuple[str, str]:
    """What to do with it: only what was measured to be better on average can be merged."""
    names = [one.loop for one in report.request.variants] or [""]
    if not report.moved:
        return f"autor loop start {names[-1]} --iterations 20", "sets one to work again"
    if report.interrupted:
        return f"autor loop compare {' '.join(names)}", "compares them again, on other seeds"
    return f"autor loop merge-best {names[0]}", "confirms the best and merges it"


def change_of(config: LoopConfig, row: VariantRow) -> tuple[float, float | None, float | None] | None:
    """(mean, low, high) as changes of the metric; of several metrics in one, of the score."""
    if row.mean is None:
        return None
    low, high = row.interval or (None, None)
    return (row.mean, low, high) if config.scalarizer else in_unit(config.metric, row.mean, low, high)


def words(config: LoopConfig, value: float | None, infinite: str = "") -> str:
    """A change with its sign; of a time in percent."""
    if value is None:
        return infinite
    if config.metric.time_like and not config.scalarizer:
        return f"{100 * value:+.3g} %".replace("-", "−") if value else "0 %"
    return ("+" if value > 0 else "−" if value < 0 else "") + number_words(abs(value), 3)


def _interval(config: LoopConfig, row: VariantRow) -> str:
    change = change_of(config, row)
    return f"[{words(config, change[1], '−∞')}, {words(config, change[2], '+∞')}]" if change else "–"


def _cells(config: LoopConfig, row: VariantRow, *, ranked: bool) -> tuple[str, ...]:
    change = change_of(config, row)
    if change is None:
        return row.loop, "–", "–", "–", "–", clean.line(row.why_not, 120)
    by = " and ".join(name for name, holds in (("e-BH", row.better_e), ("BH", row.better_p)) if holds) or "neither"
    by = by if ranked else "–"
    e_value = number_words(row.e_value, 3) if row.e_value is not None else "–"
    p_value = f"{row.p_value:.2g}" if row.p_value is not None else "–"
    return row.loop, words(config, change[0]), _interval(config, row), e_value, p_value, by


def sentences(report: CompareReport) -> list[str]:
    """What common seeds show."""
    config, ranked = report.request.config, [row for row in report.rows if row.mean is not None]
    if report.interrupted:
        return ["It was interrupted: this is what is known so far, and no ranking."]
    if not report.moved:
        return ["None of them kept anything: each stands at the commit they began from. No run was made."]
    if not ranked:
        return ["None of them can be ranked: " + "; ".join(f"{row.loop}: {row.why_not}" for row in report.rows) + "."]
    sure, hint = [row.loop for row in ranked if row.better_e], [row.loop for row in ranked if row.better_p]
    best, change = ranked[0], change_of(config, ranked[0])
    assert change is not None
    score = "score" if config.scalarizer else clean.line(config.metric.name, 60)
    first = f"{best.loop} comes first: its {score} differs from the common base by {words(config, change[0])}"
    said = [f"{first} {_interval(config, best)}, over {count_words(len(best.differences), 'seed')}."]
    q = f"{100 * report.request.q:g} %"
    if sure:
        said.append(f"Better than the base, at most {q} of such claims being false whatever depends on what: "
                    f"{', '.join(sure)}.")  # fmt: skip
    else:
        said.append("None is shown to be better than the base by its e-value: more seeds would tell.")
    if more := [name for name in hint if name not in sure]:
        said.append(f"By Benjamini–Hochberg alone, which asks for normal noise: {', '.join(more)}.")
    return said


def figure_of(report: CompareReport) -> LoopRecheck:
    """The best against the base, seed by seed, with the interval after each."""
    config, best = report.request.config, report.best
    assert best is not None
    turned = [_turned(config, value) for value in best.differences]
    sequence = []
    from autor_nb.domain.loops.eprocess import confidence

    for count in range(1, len(turned) + 1):
        d = best.differences[:count]
        low, high = (value if math.isfinite(value) else None for value in confidence(d))
        row = msgspec.structs.replace(best, mean=math.fsum(d) / count, interval=(low, high))
        change = change_of(config, row)
        assert change is not None
        sequence.append(change)
    return LoopRecheck(
        name="score" if config.scalarizer else clean.line(config.metric.name, 60),
        pairs=tuple((f"seed {seed}", value) for seed, value in zip(report.seeds, turned, strict=True)),
        sequence=tuple(sequence),
        better="higher" if config.scalarizer else config.metric.direction,
    )


def _turned(config: LoopConfig, value: float) -> float:
    return value if config.scalarizer else in_unit(config.metric, value, None, None)[0]
