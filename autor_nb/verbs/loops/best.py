"""`autor loop best`: the best that was recorded, and apart from it what was confirmed."""

from __future__ import annotations

from typing import Any

import click

from autor_nb import loop_control
from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.state import LoopState
from autor_nb.record import loop_headline, loop_versions
from autor_nb.store.loops.layout import LoopFolder
from autor_nb.verbs import clean
from autor_nb.verbs.blocks import Block, Cell, Facts, Heading, Next, Para, Verbatim
from autor_nb.verbs.loops import loop_named
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import pass_face, verb


@verb(name="best", examples=("autor loop best", "autor loop best --diff", "autor loop best tsp --confirmed --diff"))
@loop_named.loop_argument
@loop_named.loop_option
@click.option("--diff", "with_diff", is_flag=True, help="Its difference to the baseline, too.")
@click.option("--confirmed", is_flag=True, help="With --diff: of the confirmed head, not of the best recorded.")
@pass_face
def best(face: Face, name: str | None, name_too: str | None, with_diff: bool, confirmed: bool) -> Result:
    """Show the best recorded score and, apart from it, the confirmed head; a recorded score is no claim."""
    loop = loop_named.either(name, name_too)
    state = loop_control.snapshot(loop).state
    if state.best_n is None and not state.has_confirmed:
        raise UsageError(
            f"Loop {loop.name} has no experiment with a metric yet.",
            f"`autor loop start {loop.name} --iterations 20` sets it to work.",
        )
    said = loop_headline.headline(state)
    facts = best_facts(loop, state)
    heading = Heading(f"Loop {loop.name}: best", None, clean.line(loop_headline.metric_words(state), 200))
    blocks: list[Block] = [heading, Para(said.text), Facts(_pairs(state))]
    if with_diff:
        which = "confirmed" if confirmed else "best" if state.best_commit else "head"
        a, b = (loop_versions.version(loop, state, key) for key in ("base", which))
        facts["diff"] = loop_versions.difference(a, b)
        blocks.append(Verbatim(facts["diff"] or "Nothing differs.", f"{a.called} → {b.called}"))
    steps = _steps(loop, state, better=said.better)
    blocks.append(Next(tuple(steps)))
    return Result(facts, tuple(blocks), tuple(f"{step}: {why}" for step, why in steps), state=loop)


def _steps(loop: LoopFolder, state: LoopState, *, better: bool) -> list[tuple[str, str]]:
    """What can be done about it: only a head that has moved can be audited, what was recorded is measured again."""
    if state.has_moved:
        audit = (f"autor loop audit {loop.name}", "measures head against baseline on fresh pairs")
        diff = (f"autor loop diff base head --loop {loop.name}", "what the head changed")
        return [diff] if better else [audit, diff]
    recheck = (f"autor loop recheck --loop {loop.name}", "measures the last recorded keep again, on fresh pairs")
    told = [recheck] if any(row.recorded for row in state.kept) else []
    if state.best_commit in ("", None, state.base):
        return told
    return [*told, (f"autor loop diff {state.best_n} --loop {loop.name}", "what the best changed")]


def best_facts(loop: LoopFolder, state: LoopState) -> dict[str, Any]:
    """For programs: what was recorded and what was confirmed are never one number."""
    said = loop_headline.headline(state)
    return {
        "loop": loop.name,
        "metric": _metric(state),
        "direction": "lower" if state.lower_is_better else "higher",
        "baseline": state.baseline_metric,
        "baseline_score": state.baseline_score if state.weighs else None,
        "recorded": {
            "n": state.best_n,
            "metric": state.best_metric,
            "score": state.best_score if state.weighs else None,
            "improvement_percent": loop_headline.improvement(state, state.best_metric),
            "commit": state.best_commit,
            "is_a_claim": False,
        },
        "head": {
            "n": state.head_n,
            "metric": state.head_metric,
            "commit": state.head,
            "remeasured": loop_headline.remeasured_metric(state),
            "remeasured_runs": len(state.remeasured),
        },
        "confirmed": {
            "n": state.confirmed_n if state.has_confirmed else None,
            "commit": state.confirmed_head if state.has_confirmed else None,
            "chain": [row.n for row in loop_headline.confirmed_chain(state)],
        },
        "headline": {
            "text": said.text,
            "source": said.source or None,
            "better": said.better,
            "suspicious": list(said.suspicious),
        },
    }


def _pairs(state: LoopState) -> tuple[tuple[str, Cell], ...]:
    recorded = ""
    if state.best_n is not None:
        gain = percent(loop_headline.improvement(state, state.best_metric))
        shown = clean.line(loop_headline.best_words(state), 120)
        recorded = f"{shown} (experiment {state.best_n}{gain}); {loop_headline.ONE_RUN}"
    head = ""
    if state.has_moved:
        metric = loop_headline.remeasured_metric(state)
        gain = "" if loop_headline.scale(state).scored else percent(loop_headline.improvement(state, metric))
        shown = clean.line(loop_headline.head_words(state), 120)
        head = f"experiment {state.head_n}, {state.head[:8]}: {shown}{gain if metric is not None else ''}"
    confirmed = f"experiment {state.confirmed_n}, {state.confirmed_head[:8]}" if state.has_confirmed else "none"
    return (
        ("Baseline", clean.line(loop_headline.baseline_words(state), 120)),
        ("Best recorded", recorded),
        ("Head", head),
        ("Confirmed head", confirmed),
    )


def percent(value: float | None) -> str:
    """`, 12.4 % better`; nothing where there is no share."""
    if value is None:
        return ""
    return f", {abs(value):.3g} % {'better' if value > 0 else 'worse'}" if value else ", the same"


def _metric(state: LoopState) -> str:
    metric = state.config.get("metric", {})
    return str(metric.get("name", ""))
