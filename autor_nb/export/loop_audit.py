"""AUDIT_LOG.md and AUDIT_LOG.json: every experiment with its reasoning, written as it is read, never held as a whole.

Foreign text stands in fenced blocks and on escaped lines, so that nothing of it is markup.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import msgspec

from autor_nb import loop_control
from autor_nb.domain.errors import StoreError
from autor_nb.domain.loops import story
from autor_nb.export import loop_source
from autor_nb.export.loop_source import LoopSource
from autor_nb.record import loop_analysis, loop_headline, loop_story
from autor_nb.record.loop_calls import Call
from autor_nb.record.loop_story import Iteration
from autor_nb.record.markup import escape_markdown, one_line, plain
from autor_nb.record.units import count_words, duration_words, number_words
from autor_nb.store.loops.layout import LoopFolder
from autor_nb.store.system_errors import what_happened, what_mends

MARKDOWN, JSON = "AUDIT_LOG.md", "AUDIT_LOG.json"
THOUGHT, OTHERS, FIELD = 1500, 6, 800
_TICKS = re.compile(r"`{3,}")


def write(loop: LoopFolder) -> LoopSource:
    """Write both files; answers with what was read on the way. Each is replaced whole or not at all."""
    with _beside(loop.path / MARKDOWN) as text, _beside(loop.path / JSON) as table:
        state = loop_control.snapshot(loop).state
        text.write(_head(loop, state))
        table.write(_json_head(loop, state))
        first = True

        def visit(one: Iteration, call: Call | None) -> None:
            nonlocal first
            text.write(_iteration(one, call))
            table.write(("" if first else ",\n") + _json_iteration(one, call))
            first = False

        source = loop_source.read(loop, visit)
        text.write(_foot(source))
        table.write(_json_foot(source))
    return source


@contextlib.contextmanager
def _beside(path: Path) -> Iterator[IO[str]]:
    beside = path.with_name(f".{path.name}.part")
    try:
        with beside.open("w", encoding="utf-8", newline="\n", errors="backslashreplace") as stream:
            yield stream
        beside.replace(path)
    except OSError as error:
        raise StoreError(
            what_happened(error, str(path)), what_mends(error, str(path), "report again"), path=str(path)
        ) from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()


# -------------------------------------------------------------------------------------------- Markdown


def _head(loop: LoopFolder, state: Any) -> str:
    metric = state.config.get("metric") or {}
    counts = story.counts_words(state)
    objective = escape_markdown(one_line(str(state.config.get("objective", "")), 600))
    named = escape_markdown(one_line(str(metric.get("name", "")), 80))
    lines = [
        f"# Audit log of loop {escape_markdown(loop.name)}",
        objective,
        escape_markdown(loop_headline.headline(state).text),
        f"- Metric: {named}, {metric.get('direction', 'lower')} is better",
        f"- Experiments: {state.experiments:,}" + (f" ({counts})" if counts else ""),
        f"- Baseline: {number_words(state.baseline_metric, 6) or 'none'}",
        "",
        "## Preflight",
        *(_check(check) for check in state.doctor),
        "" if state.doctor else "No check was made.",
        "## Experiments",
    ]
    return "\n\n".join(line for line in lines if line).replace("\n\n- ", "\n- ") + "\n"


def _check(check: dict[str, Any]) -> str:
    title, detail = (escape_markdown(one_line(str(check.get(key, "")), 300)) for key in ("title", "detail"))
    return f"- **{escape_markdown(str(check.get('state', '')))}** {title}: {detail}"


def _iteration(one: Iteration, call: Call | None) -> str:
    metric = f" {number_words(one.metric, 6)}" if one.metric is not None else ""
    delta = f" ({'+' if one.delta > 0 else ''}{number_words(one.delta)})" if one.delta is not None else ""
    again = " (continued with more pairs)" if one.again else ""
    head = f"\n### {one.n} · {escape_markdown(one.word)}{metric}{delta}{again}\n\n"
    lines = [_line("tried", one.summary), _line("ended", one.reason)]
    if one.ended is not None:
        lines.append(_line("measured", _measured(one)))
    lines += _idea(one)
    lines += [_line(f"refused, {refused.kind}", refused.why) for refused in one.refused]
    if one.refused_total > len(one.refused):
        lines.append(f"refused: {one.refused_total - len(one.refused)} more proposals")
    if call is not None:
        same = one.idea is not None and call.thought.rstrip("…") in one.idea.thought_process
        lines += _call(call, "" if same else call.thought)
    body = "\n".join(line for line in lines if line)
    fence = "```" if "```" not in body else "`" * (1 + max(map(len, _TICKS.findall(body))))
    return f"{head}{fence}text\n{body}\n{fence}\n"


def _idea(one: Iteration) -> list[str]:
    idea = one.idea
    if idea is None:
        return []
    who = f"pinned by {one.proposed.pinned_by}" if one.proposed and one.proposed.pinned_by else ""
    return [
        _line("by", who or (one.proposed.critic if one.proposed else "")),
        f"expected delta: {number_words(idea.expected_delta)}   risk: {idea.risk_level}",
        _block("thought", idea.thought_process, THOUGHT),
        *(_line("instead of", other) for other in idea.alternatives_considered[:OTHERS]),
        _block("because", idea.justification, FIELD),
        _block("change", idea.code_pseudocode, FIELD),
    ]


def _call(call: Call, thought: str) -> list[str]:
    tokens = f", {call.tokens[0]:,} tokens in and {call.tokens[1]:,} out" if any(call.tokens) else ""
    return [
        _line("call", f"{call.model or 'unknown model'}{tokens}, {call.file}"),
        _line("error", call.error),
        _block("thinking", thought, THOUGHT),
    ]


def _measured(one: Iteration) -> str:
    ended = one.ended
    assert ended is not None
    said = [count_words(ended.trials, "run"), duration_words(ended.duration_s)]
    if ended.e_value is not None:
        said.append(f"E {number_words(ended.e_value, 4)}" + (f" of {ended.bar:.4g}" if ended.bar else ""))
    if one.applied is not None:
        said.append(f"+{one.applied.added} −{one.applied.removed} in {', '.join(one.applied.files[:4])}")
    if ended.suspicious:
        said.append(f"SUSPICIOUS: {'; '.join(ended.suspicious)}")
    return ", ".join(said)


def _line(name: str, text: str) -> str:
    return f"{name}: {' '.join(_safe(text[:4000]).split())[:1000]}" if text else ""


def _block(name: str, text: str, limit: int) -> str:
    if not text.strip():
        return ""
    cut = _safe(text[:limit]) + ("…" if len(text) > limit else "")
    return f"{name}: " + cut.strip().replace("\n", "\n    ")


def _safe(text: str) -> str:
    """Without control characters; most texts have none, which is quickly seen."""
    return text if text.replace("\n", "").isprintable() else plain(text)


def _foot(source: LoopSource) -> str:
    parts = ["\n## Top hits: the greatest confirmed gains\n"]
    parts += [f"- experiment {hit.n}: {number_words(hit.metric, 6)}, gain {number_words(hit.gain)} over what stood "
              f"before: {escape_markdown(one_line(hit.summary, 200))}" for hit in source.hits] or ["None."]  # fmt: skip
    parts.append("\n## Best single recorded scores (no claim)\n")
    parts += [f"- experiment {hit.n}: {number_words(hit.metric, 6)}" for hit in source.lucky] or ["None."]
    parts.append("\n## The newest crashes\n")
    if not source.crashes:
        parts.append("None.")
    for one in source.crashes:
        parts.append(f"### {one.n} · {escape_markdown(one.word)}: {escape_markdown(one_line(one.reason, 200))}\n")
        body = _safe(loop_story.tail_of(source.loop, one)).strip("\n") or "(no output is kept)"
        fence = "`" * max(3, 1 + max(map(len, re.findall(r"`+", body)), default=0))
        parts.append(f"{fence}text\n{body}\n{fence}\n")
    calls = f"{count_words(source.calls, 'call')}, {source.tokens[0]:,} tokens in and {source.tokens[1]:,} out"
    parts.append(f"\n## Critics\n\n{calls}; {source.unreadable_calls} cannot be read.\n")
    parts += [f"- {escape_markdown(one_line(call.file, 100))}: {escape_markdown(one_line(call.error, 200)) or 'unused'}"
              for call in source.stray]  # fmt: skip
    return "\n".join(parts) + "\n"


# ------------------------------------------------------------------------------------------------ JSON


def _encoded(value: Any) -> str:
    try:
        return msgspec.json.encode(value).decode("utf-8")
    except UnicodeEncodeError:
        import json

        return json.dumps(msgspec.to_builtins(value))


def _json_head(loop: LoopFolder, state: Any) -> str:
    said = loop_headline.headline(state)
    summary = {
        "loop": loop.name,
        "headline": {"text": said.text, "source": said.source or None, "better": said.better},
        "objective": state.config.get("objective", ""),
        "metric": state.config.get("metric", {}),
        "counts": story.counts(state),
        "baseline": state.baseline_metric,
        "best_recorded": {"n": state.best_n, "metric": state.best_metric, "is_a_claim": False}
        | ({"score": state.best_score} if state.weighs else {}),
        "confirmed_head": state.confirmed_n if state.has_confirmed else None,
        "audits": state.audits,
    }
    parts = {"summary": summary, "preflight": state.doctor, "gate_tests": state.tested}
    return _encoded(parts)[:-1] + ',\n"iterations":[\n'


def _json_iteration(one: Iteration, call: Call | None) -> str:
    ended = one.ended
    row: dict[str, Any] = {
        "n": one.n,
        "verdict": one.word,
        "summary": one.summary,
        "reason": one.reason,
        "metric": one.metric,
        "delta": one.delta,
        "again": one.again,
        "idea": one.idea,
        "refused": [{"kind": refused.kind, "why": refused.why} for refused in one.refused],
        "call": call,
    }
    if ended is not None:
        row |= {"commit": ended.commit, "e_value": ended.e_value, "bar": ended.bar, "interval": ended.interval,
                "confirmed": ended.confirmed, "trials": ended.trials, "duration_s": ended.duration_s,
                "suspicious": ended.suspicious, "at": ended.at}  # fmt: skip
    return _encoded(row)


def _json_foot(source: LoopSource) -> str:
    hits = [{"n": hit.n, "metric": hit.metric, "gain": hit.gain, "e_value": hit.e_value, "summary": hit.summary}
            for hit in source.hits]  # fmt: skip
    crashes = [{"n": one.n, "verdict": one.word, "reason": one.reason, "output": loop_story.output_of(one),
                "tail": loop_story.tail_of(source.loop, one)} for one in source.crashes]  # fmt: skip
    calls = {"count": source.calls, "tokens_in": source.tokens[0], "tokens_out": source.tokens[1],
             "unreadable": source.unreadable_calls, "without_experiment": list(source.stray)}  # fmt: skip
    rest: dict[str, Any] = {"top_hits": hits, "crash_tails": crashes, "critics": calls}
    rest |= {"analysis": loop_analysis.facts(source.analysis)}
    return "\n],\n" + _encoded(rest)[1:] + "\n"
