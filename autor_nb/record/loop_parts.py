"""The parts of a loop's report in words: headline, facts, audits, experiments, preflight, decisions, reasoning."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from autor_nb.domain.events import Decision
from autor_nb.domain.loops import auditing, story
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.state import AuditRow, LoopState, Row
from autor_nb.record import loop_headline
from autor_nb.record.loop_story import Iteration
from autor_nb.record.markup import (
    NOTHING,
    Shown,
    bold,
    card,
    code,
    details,
    facts,
    glyph,
    joined,
    muted,
    one_line,
    pre,
    stack,
    words,
)
from autor_nb.record.tables import table
from autor_nb.record.units import count_words, date_words, duration_words, number_words

_GLYPHS = {
    "keep": "pass", "baseline": "info", "advance": "info", "crash": "fail", "timeout": "fail", "tampered": "fail",
    "inconclusive": "warning", "untested": "warning",
}  # fmt: skip
_CHECKS = {"ok": "pass", "warning": "warning", "warn": "warning", "fail": "fail", "blocked": "fail"}
_EDGE = {True: "#1f8a70", False: "#b7791f"}


def verdict(word: str, recorded: bool = False) -> Shown:
    """A verdict: sign and word."""
    said = f"{one_line(word, 30)}, recorded" if recorded else one_line(word, 30)
    return glyph(_GLYPHS[word], said) if word in _GLYPHS and not recorded else words(f"○ {said}")


def signed(value: float | None) -> str:
    """A change with its sign."""
    return "" if value is None else ("+" if value > 0 else "") + number_words(float(value))


def headline(state: LoopState) -> Shown:
    """What may be said, framed."""
    said = loop_headline.headline(state)
    return card(bold(said.text), edge=_EDGE[said.better])


def summary(state: LoopState, status: str) -> Shown:
    """The loop in a few facts; what was recorded is never beside what is claimed without a word."""
    counts = story.counts_words(state)
    head, best = one_line(loop_headline.head_words(state), 120), loop_headline.best_words(state)
    pairs: list[tuple[str, Any]] = [
        ("Status", status),
        ("Metric", one_line(loop_headline.metric_words(state), 200)),
        ("Experiments", f"{state.experiments:,}" + (f" ({counts})" if counts else "")),
        ("Runs", f"{state.trials:,} in {duration_words(state.worked_s)}"),
        ("Baseline", one_line(loop_headline.baseline_words(state), 120)),
        ("Best recorded of an experiment (no claim)",
         f"{one_line(best, 120)} (experiment {state.best_n})" if state.best_n is not None else ""),
        ("Head", f"{head} (experiment {state.head_n})" if head else ""),
        ("Confirmed head", f"experiment {state.confirmed_n}" if state.has_confirmed else "none"),
        ("Suspicious", one_line(loop_headline.suspicious_words(state), 400)),
        ("Errors", f"budget session {state.budget_session}, {count_words(state.confirms, 'confirm')}"),
        ("Cost", f"{state.cost_usd:.2f} USD" if state.cost_usd else ""),
    ]  # fmt: skip
    return facts([(name, value) for name, value in pairs if value])


def column(state: LoopState) -> str:
    """What the column of recorded metrics is called: of several metrics it holds the first, whose name it has."""
    if not state.weighs:
        return "Metric"
    return one_line(str((state.config.get("metric") or {}).get("name", "Metric")), 40)


def audits(rows: Sequence[AuditRow]) -> Shown:
    """Every final audit that was made."""
    if not rows:
        return words("No audit was run.")
    return table(
        ("Audit", "When", "Experiment", "Result", "Baseline", "Final", "E", "Pairs", "Why"),
        [
            (str(row.number or ""), date_words(row.at), str(row.n),
             "better" if row.better else "not shown to be better",
             number_words(row.baseline_metric, 6), number_words(row.final_metric, 6),
             f"{number_words(row.e_value, 4)} of {row.bar:g}",
             f"{row.pairs}, {row.before} from before" if row.before else str(row.pairs),
             one_line(auditing.why(row), 160))
            for row in rows
        ],
        "rlrlrrrrl",
    )  # fmt: skip


def kept(rows: Sequence[Row], first: str = "Metric", most: int = 100) -> Shown:
    """What the branch went on from; `first` names the metric where there are several."""
    if not rows:
        return words("Nothing was kept.")
    shown = table(
        ("n", "Verdict", first, "Delta", "E", "Confirmed", "What was changed"),
        [
            (str(row.n), verdict(row.verdict, row.recorded), number_words(row.metric, 6), signed(row.delta),
             number_words(row.e_value, 4), _confirmed(row), one_line(row.summary, 200))
            for row in rows[-most:]
        ],
        "rlrrrll",
    )  # fmt: skip
    return stack(shown, muted(f"{len(rows) - most} earlier ones are not shown.") if len(rows) > most else NOTHING)


def _confirmed(row: Row) -> str:
    if row.within:
        return f"as good, within {number_words(row.within)}"
    return "yes" if row.confirmed else "no"


def experiments(iterations: Iterable[Iteration], first: str = "Metric") -> Shown:
    """Experiments, the newest first; `first` names the metric where there are several."""
    rows = [
        (str(one.n), verdict(one.word, one.recorded is not None), number_words(one.metric, 6), signed(one.delta),
         number_words(one.ended.e_value if one.ended else None, 4), one_line(one.summary, 200),
         one_line(one.reason, 160))
        for one in reversed(list(iterations))
    ]  # fmt: skip
    if not rows:
        return words("No experiment has ended yet.")
    return table(("n", "Verdict", first, "Delta", "E", "What was tried", "Why it ended so"), rows, "rlrrrll")


def preflight(state: LoopState, gate_tests: dict[str, ev.GateTested]) -> Shown:
    """The checks before the start, and the gate's own tests."""
    rows: list[Sequence[Any]] = [
        (glyph(_CHECKS.get(str(check.get("state")), "info"), str(check.get("state", ""))),
         one_line(str(check.get("title", check.get("id", ""))), 100), one_line(str(check.get("detail", "")), 240))
        for check in state.doctor
    ]  # fmt: skip
    names = {"null": "The gate, on simulated null sessions", "no_op": "One real run of the unchanged code",
             "control": "The mutable file broken"}  # fmt: skip
    rows += [
        (glyph("pass" if test.ok else "fail", "ok" if test.ok else "failed"), names.get(part, part),
         one_line(test.detail, 240))
        for part, test in gate_tests.items()
    ]  # fmt: skip
    return table(("", "Check", "What was found"), rows) if rows else words("No check was made.")


def decisions(made: Iterable[Decision]) -> Shown:
    """What people did, and when."""
    rows = [(date_words(one.at), str(type(one).__struct_config__.tag).replace("_", " "), str(one.by)) for one in made]
    return table(("When", "What", "By"), rows) if rows else words("Nobody intervened.")


def reasoning(one: Iteration) -> Shown:
    """Why an experiment was made, folded."""
    idea = one.idea
    if idea is None:
        return NOTHING
    head = joined([bold(f"{one.n}"), verdict(one.word), one_line(idea.hypothesis, 200)], " ")
    who = one.proposed.critic if one.proposed is not None else ""
    told = [
        ("Hoped for", signed(idea.expected_delta)), ("Came", signed(one.delta)),
        ("By", one_line(who, 60)), ("Risk", idea.risk_level),
    ]  # fmt: skip
    body = stack(
        facts([(name, value) for name, value in told if value]),
        _text("Thought", idea.thought_process, 3000),
        _text("Instead of", "\n".join(f"- {other}" for other in idea.alternatives_considered[:8]), 2000),
        _text("Because", idea.justification, 2000),
        _text("Change", idea.code_pseudocode, 2000),
        gap=6,
    )
    return details(head, body, text=True)


def crash(one: Iteration, tail: str) -> Shown:
    """A run that came to nothing, with the last that it printed."""
    head = joined([bold(f"{one.n}"), verdict(one.word), one_line(one.reason or one.summary, 200)], " ")
    return stack(head, pre(tail) if tail.strip() else muted("No output is kept."))


def origin(state: LoopState) -> Shown:
    """What can be held against it: the commit it began from, command, gate."""
    command = state.config.get("command", "")
    said = command if isinstance(command, str) else " ".join(map(str, command))
    gate = state.config.get("gate") or {}
    return facts([
        ("Begun", date_words(state.created_at)),
        ("Base commit", code(state.base[:12] or "none")),
        ("Head commit", code(state.head[:12] or "none")),
        ("Command", code(one_line(said, 200) or "none")),
        ("Gate", one_line(str(gate.get("name") or "eprocess"), 60)),
        ("Seed", str(state.seed)),
        ("Uncommitted edits at the start", "yes" if state.dirty else "no"),
    ])  # fmt: skip


def _text(name: str, text: str, limit: int) -> Shown:
    if not text.strip():
        return NOTHING
    return stack(muted(name), pre(text[:limit] + ("…" if len(text) > limit else "")))
