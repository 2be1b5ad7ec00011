"""What may be said of a loop's gain: only what an audit or an unbroken chain of confirmed keeps has shown."""

from __future__ import annotations

from dataclasses import dataclass, replace

from autor_nb.domain.loops import auditing
from autor_nb.domain.loops.course import Scale, scale_of, shown_name
from autor_nb.domain.loops.state import AuditRow, LoopState, Row
from autor_nb.domain.loops.story import suspicious
from autor_nb.record.units import count_words, number_words

ONE_RUN = "a recorded score is no claim"
NO_AUDIT = "No audit was run, so nothing here says that anything is better than the baseline."


@dataclass(frozen=True)
class Headline:
    """The first sentence of everything that is said; `source` is audit, chain or nothing.

    `suspicious` are the keeps that it rests on and that a person should look at before it is relied on.
    """

    text: str
    source: str = ""
    better: bool = False
    n: int | None = None
    suspicious: tuple[int, ...] = ()


def headline(state: LoopState) -> Headline:
    """An audit speaks first; without one that says "better", a chain in which every step was confirmed.

    What rests on a keep that is flagged as suspicious says so in the same breath.
    """
    said = _headline(state)
    flagged = tuple(row.n for row in suspicious(state) if state.baseline_n < row.n <= (said.n or 0) and _counts(row))
    if not said.better or not flagged:
        return said
    return replace(said, text=f"{said.text} {_flagged(flagged)}", suspicious=flagged)


def suspicious_words(state: LoopState) -> str:
    """What a person is asked to look at; a keep is in the head all the same, and every claim from it says so."""
    rows = suspicious(state)
    if not rows:
        return ""
    shown = "; ".join(f"experiment {row.n} ({row.verdict}): {', '.join(row.suspicious)}" for row in rows[-3:])
    more = f"; and {count_words(len(rows) - 3, 'earlier one')}" if len(rows) > 3 else ""
    return f"{shown}{more}; `autor loop diff {rows[-1].n}` shows the change"


def _counts(row: Row) -> bool:
    return row.verdict in ("keep", "advance")


def _flagged(numbers: tuple[int, ...]) -> str:
    several = len(numbers) > 1
    named = ", ".join(str(n) for n in numbers[:5]) + (f" and {len(numbers) - 5} more" if len(numbers) > 5 else "")
    return (
        f"It rests on {'experiments' if several else 'experiment'} {named}, flagged as suspicious: a person should "
        f"look at {'their diffs' if several else 'its diff'} before anybody relies on this."
    )


def _headline(state: LoopState) -> Headline:
    audit = state.audits[-1] if state.audits else None
    if audit is not None and audit.better:
        return Headline(_audited(state, audit), "audit", True, audit.n)
    chain = confirmed_chain(state)
    if chain:
        said = _chained(state, chain)
        if audit is not None:
            said = f"{_audited(state, audit)} {said}"
        return Headline(said, "chain", True, chain[-1].n)
    if audit is not None:
        return Headline(_audited(state, audit), "audit", False, audit.n)
    return Headline(NO_AUDIT)


def confirmed_chain(state: LoopState) -> list[Row]:
    """The keeps from the baseline to the confirmed head, if each was confirmed to be better than the one before."""
    if not state.has_confirmed or state.merged:
        return []
    chain = [row for row in state.kept if state.baseline_n < row.n <= state.confirmed_n]
    whole = chain and chain[-1].n == state.confirmed_n
    confirmed = all(row.confirmed and not row.within and not row.recorded and row.verdict == "keep" for row in chain)
    return chain if whole and confirmed else []


def _audited(state: LoopState, audit: AuditRow) -> str:
    metric = _metric(state)
    pairs = count_words(audit.pairs, "fresh pair")
    pairs += f", {audit.before} of them of audits before" if audit.before else ""
    bar = f"{audit.bar:g}" + (f", the bar of state {audit.place + 1} that was audited" if audit.place else "")
    strength = f"E {number_words(audit.e_value, 3)} {'≥' if audit.better else '<'} {bar}, {pairs}"
    which = "The final audit" + (f", audit {audit.number} of this loop," if audit.number > 1 else "")
    numbers = ""
    if audit.baseline_metric is not None and audit.final_metric is not None:
        share = "" if scale(state).scored else share_words(audit.baseline_metric, audit.final_metric)
        numbers = (
            f": {metric} {number_words(audit.baseline_metric)} → {number_words(audit.final_metric)}"
            + (f" ({share})" if share else "")
        )  # fmt: skip
    if audit.better:
        said = f"{which} shows experiment {audit.n} better than the baseline{numbers} ({strength})."
    else:
        said = f"{which} did not show experiment {audit.n} better than the baseline{numbers} ({strength})."
        if why := auditing.why(audit):
            said += f" {why.rstrip('.')}."
    if earlier := auditing.earlier_words(state):
        said += f" {earlier}"
    if state.head_n != audit.n:
        said += f" The head is experiment {state.head_n} by now, of which there is no audit."
    return said


def _chained(state: LoopState, chain: list[Row]) -> str:
    steps = count_words(len(chain), "keep")
    each = "was" if len(chain) == 1 else "were each"
    best = remeasured_metric(state)
    numbers = ""
    if best is not None and state.confirmed_head == state.head:
        numbers = f"; re-measured, it has {_metric(state)} {number_words(best)}"
    return (
        f"Experiment {chain[-1].n} is better than the baseline by a confirmed chain: {steps} {each} confirmed on fresh "
        f"pairs against the one before{numbers}. No audit has measured the whole gain at once."
        if not state.audits
        else f"Yet {steps} up to experiment {chain[-1].n} {each} confirmed on fresh pairs against the one before."
    )


def remeasured_metric(state: LoopState) -> float | None:
    """The head's metric on seeds that no verdict about it has read; None before there are any since it was kept."""
    if not state.remeasured:
        return None
    return scale(state).metric(sum(state.remeasured) / len(state.remeasured))


def scale(state: LoopState) -> Scale:
    """How scores and the metric belong together."""
    return scale_of(state.config)


def remeasured_words(state: LoopState, digits: int = 6) -> str:
    """The same in words; of several metrics it is their score, and says so."""
    fresh = remeasured_metric(state)
    if fresh is None:
        return ""
    return (f"{shown_name(state.config)} " if scale(state).scored else "") + number_words(fresh, digits)


def metric_words(state: LoopState) -> str:
    """What is compared, and which way is better: the metric, or the score of several."""
    if not state.weighs:
        return f"{_metric(state)}, {'lower' if state.lower_is_better else 'higher'} is better"
    several = [str(metric.get("name", "")) for metric in state.config.get("metrics") or []]
    return f"{_metric(state)} of {', '.join(several)}, higher is better"


def baseline_words(state: LoopState) -> str:
    """What the unchanged code measures."""
    return _value_words(state, state.baseline_metric, state.baseline_score)


def best_words(state: LoopState) -> str:
    """What the best experiment recorded; no claim."""
    return _value_words(state, state.best_metric, state.best_score)


def _value_words(state: LoopState, metric: float | None, score: float | None) -> str:
    """The value that is compared; of several metrics the first one beside it."""
    if not state.weighs or score is None:
        return number_words(metric, 6)
    first = str((state.config.get("metric") or {}).get("name", ""))[:60]
    beside = "" if metric is None else f" ({first} {number_words(metric, 6)})"
    return f"{_metric(state)} {number_words(score, 6)}{beside}"


def head_words(state: LoopState) -> str:
    """The head's metric and how far it can be believed: re-measured, or what it had when it was kept."""
    fresh = remeasured_words(state)
    if fresh:
        return f"{fresh} re-measured on {count_words(len(state.remeasured), 'fresh run')}"
    if state.head_metric is None:
        return ""
    shown = _value_words(state, state.head_metric, state.head_score)
    return f"{shown} at the keep, which flatters it; not re-measured yet"


def share_words(before: float, after: float) -> str:
    """By how much it changed, as a share: −12.4 %; empty where a share says nothing."""
    if before == 0 or (before < 0) != (after < 0):
        return ""
    share = 100 * (after - before) / abs(before)
    return f"{share:+.3g} %".replace("-", "−") if share else "0 %"


def improvement(state: LoopState, metric: float | None) -> float | None:
    """By how many per cent a metric is better than the baseline; negative if it is worse; a score has no share."""
    base = state.baseline_metric
    if metric is None or not base or state.weighs:
        return None
    change = 100 * (metric - base) / abs(base)
    return 0.0 - change if state.lower_is_better else change  # no −0.0


def _metric(state: LoopState) -> str:
    return shown_name(state.config)[:60]
