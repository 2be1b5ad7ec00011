"""A loop's state as a page of text (STATE.md)."""

from __future__ import annotations

from autor_nb.domain.loops import auditing
from autor_nb.domain.loops.course import shown_name
from autor_nb.domain.loops.state import Holdout, LoopState, Row


def number(value: float | None) -> str:
    """A metric as people read it."""
    return "none" if value is None else f"{value:.6g}"


def state_text(state: LoopState) -> str:
    """Markdown: where the loop stands, its best, its newest experiments, and what waits for a person."""
    said = counts_words(state)
    lower = state.lower_is_better and not state.weighs
    base, head, best = state.baseline_metric, state.head_metric, state.best_metric
    if state.weighs:
        base, head, best = state.baseline_score, state.head_score, state.best_score
    lines = [
        f"# Loop {_plain(state.name)}",
        "",
        _plain(str(state.config.get("objective", ""))),
        "",
        f"- Status: {state.status}{_why(state)}",
        f"- Metric: {_plain(shown_name(state.config))} ({'lower' if lower else 'higher'} is better)",
        f"- Experiments: {state.experiments} ({said})" if said else "- Experiments: none yet",
        f"- Baseline: {number(base)}",
        f"- Head: {number(head)} (experiment {state.head_n}, {state.head[:12]})",
        f"- Best recorded: {number(best)}"
        + (f" (experiment {state.best_n}; a recorded score is no claim)" if state.best_n is not None else ""),
        f"- Confirms: {state.confirms} in budget session {state.budget_session}, {state.keeps} kept",
    ]
    if state.audits:
        audit = state.audits[-1]
        word = "better than the baseline" if audit.better else "not shown to be better than the baseline"
        which = f"Audit {audit.number}" if audit.number > 1 else "Audit"
        earlier = f". {auditing.earlier_words(state)}" if state.audits_made > 1 else ""
        shown = f"E {audit.e_value:.4g}, bar {audit.bar:g}, {audit.pairs} fresh pairs"
        lines.append(f"- {which}: experiment {audit.n} is {word} ({shown}){earlier}")
    if flagged := suspicious(state):
        shown = "; ".join(f"{row.n} ({_plain(', '.join(row.suspicious))})" for row in flagged[-5:])
        lines.append(f"- Suspicious, for a person to look at: experiments {shown}")
    if state.holdout is not None:
        lines.append(f"- Holdout: {_holdout(state.holdout)}")
    if state.awaits:
        lines.append(f"- Waits: {_plain(state.awaits)}")
    if state.current is not None and state.current.idea is not None:
        lines += ["", f"At work: experiment {state.current.n}: {_plain(state.current.idea.hypothesis)}"]
    if state.recent:
        lines += ["", "| n | verdict | metric | delta | summary |", "|---|---|---|---|---|"]
        first = state.baseline_n if state.baseline else -1
        lines += [_row(row, "baseline" if row.n == first else row.verdict) for row in reversed(state.recent[-20:])]
    return "\n".join(lines) + "\n"


def counts(state: LoopState) -> dict[str, int]:
    """Experiments by verdict; the measured baseline, whose verdict is a keep, is counted as what it is."""
    found = {word: count for word, count in sorted(state.counts.items()) if count}
    if state.baseline and found.get("keep"):
        found = {"baseline": 1 + found.pop("baseline", 0), **found, "keep": found["keep"] - 1}
    return {word: count for word, count in found.items() if count}


def counts_words(state: LoopState) -> str:
    """1 baseline, 9 discard, 3 keep."""
    return ", ".join(f"{count:,} {word}" for word, count in counts(state).items())


def suspicious(state: LoopState) -> list[Row]:
    """The experiments that ask for a person, oldest first: every keep, and the newest of the others."""
    found = {row.n: row for row in (*state.recent, *state.kept) if row.suspicious and row.verdict != "tampered"}
    return [found[n] for n in sorted(found)]


def _holdout(holdout: Holdout) -> str:
    """What the holdout has told, and whether what runs could have read it."""
    guard = "protected by the sandbox" if holdout.protected else "unprotected: what runs could read it"
    if holdout.failed:
        return f"cannot be read ({_plain(holdout.failed)}); {guard}"
    return f"mean loss {number(holdout.released)} of experiment {holdout.leader}, asked {holdout.asked} times; {guard}"


def _why(state: LoopState) -> str:
    why = state.failure or state.pause_reason or state.stop_reason
    return f" ({_plain(why)})" if why else ""


def _row(row: Row, verdict: str) -> str:
    delta = "" if row.delta is None else f"{row.delta:+.6g}"
    word = f"{verdict}, recorded" if row.recorded else verdict
    return f"| {row.n} | {word} | {number(row.metric)} | {delta} | {_plain(row.summary)} |"


def _plain(text: str) -> str:
    """One line that cannot leave its place in a table, nor say anything to a terminal."""
    shown = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(shown.split()).replace("|", "\\|").replace("<", "&lt;")[:300]
