"""Audits of one loop, however many are asked for: which evidence goes on, which bar holds, which seeds are fresh.

An audit asks whether one state of the loop (a head, a commit) is better than the baseline. Asked again and again it
must not say "yes" in the end by luck alone; two rules bound that.

1. One state, one e-process. Under "not better" E is a non-negative supermartingale that starts at 1, so by Ville's
   inequality it ever reaches the bar b with probability at most 1/b, however often one looks and whenever one stops.
   So a further audit of the same state adds fresh pairs to all the pairs before it: looking again costs nothing, and
   adds evidence. Also what a person stopped half-way goes on where it was, its open pair on the seed that it had: who
   could drop what looks bad could choose.
2. Another state, another hypothesis. The first that is audited has the bar 20 of one test; the one in place p = 1,
   2, 3 … after it the bar 20·p·(p + 1): 40, 120, 240 … It is known before the first pair is run, whatever made
   people ask, so the union bound holds: 1/20 + Σ 1/(20·p·(p + 1)) = 1/20 + 1/20. Of all states of a loop that are
   no better than its baseline, any is ever called better with probability at most 0.05 for the first and 0.10, the
   α of the gate's own budget, for all together.

A place is never given twice, and seeds come from the place and the number of the pair within it. A state whose audit
no test could judge (it crashed, or does not honour the seed), or that so many others were audited after that its
pairs are not kept any more, is taken up again as a new hypothesis in a new place: that only raises the bar. So are
the audits in logs of versions that began each one anew: every one of them takes up a place.
"""

from __future__ import annotations

import msgspec

from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.blocks import read
from autor_nb.domain.loops.case import Case, Pair
from autor_nb.domain.loops.cases import pairs_of
from autor_nb.domain.loops.config import LoopConfig
from autor_nb.domain.loops.gate import AUDIT_BAR
from autor_nb.domain.loops.state import Audit, AuditRow, LoopState
from autor_nb.domain.run import Actor

MOST_PAIRS = 500
ROWS = 20
TRAILS = 8


def bar(place: int) -> float:
    """What E must reach in the state that was audited as number `place` of its loop, from 0."""
    return AUDIT_BAR * max(1, place * (place + 1))


def trail_of(state: LoopState, commit: str) -> Audit | None:
    """What earlier audits of that state have measured."""
    return next((one for one in state.trails if one.commit == commit), None)


def is_exhausted(state: LoopState) -> bool:
    """Whether the head has had so many pairs that more would say nothing new."""
    trail = trail_of(state, state.head)
    return trail is not None and len(trail.done) >= MOST_PAIRS


def begin(state: LoopState, by: Actor | None) -> None:
    """An audit of the head against the baseline is to be made; one that is at work goes on."""
    if state.audit is not None:
        return
    trail = trail_of(state, state.head)
    if trail is None:
        state.audit = Audit(commit=state.head, n=state.head_n, by=by, place=_new_place(state))
    else:
        state.trails = [one for one in state.trails if one is not trail]
        trail.n, trail.by = state.head_n, by
        state.audit = trail


def planned(audit: Audit, state: LoopState, event: ev.BlockPlanned) -> None:
    """The next pairs; a log in which they are counted from 0 again is of a version that began each audit anew."""
    if event.pairs and event.pairs[0].pair < audit.drawn + len(audit.planned):
        audit.planned, audit.trials, audit.done, audit.drawn, audit.warm_up = (), [], (), 0, False
        audit.place = _new_place(state)
    audit.planned = (*audit.planned, *event.pairs)
    audit.warm_up = event.warm_up or audit.warm_up


def ended(state: LoopState, event: ev.AuditEnded) -> None:
    """What it found, and what the next audit of the same state goes on from."""
    state.audits_made += 1
    state.audits_failed += not event.better
    shared = [name for name in AuditRow.__struct_fields__ if name != "number"]
    row = AuditRow(number=state.audits_made, **{name: getattr(event, name) for name in shared})
    state.audits = [*state.audits[-(ROWS - 1) :], row]
    audit, state.audit = state.audit, None
    if audit is None or not event.e_value:  # no test could judge it
        return
    audit.done, audit.drawn = pairs(audit, _weighed(state)), audit.drawn + len(audit.planned)
    audit.planned, audit.trials, audit.warm_up = (), [], False
    _keep(state, audit)


def put_aside(state: LoopState) -> None:
    """A person stopped it: its runs are kept as they are."""
    audit, state.audit = state.audit, None
    if audit is not None:
        _keep(state, audit)


def _weighed(state: LoopState) -> LoopConfig | None:
    """The configuration of a loop that weighs several metrics: its pairs hold each of them too."""
    return msgspec.convert(state.config, LoopConfig) if state.frozen else None


def pairs(audit: Audit, config: LoopConfig | None = None) -> tuple[Pair, ...]:
    """The pairs of whole blocks of all audits of this state, void ones left out."""
    found = (*audit.done, *pairs_of(audit.planned, audit.trials, config))
    return read(Case(reference=(), screen=None, screened=True, pairs=found, confirms=0, mode="strict")).valid


def _keep(state: LoopState, audit: Audit) -> None:
    state.trails = [*state.trails[-(TRAILS - 1) :], audit]


def _new_place(state: LoopState) -> int:
    state.audit_places += 1
    return state.audit_places - 1


def earlier_words(state: LoopState) -> str:
    """What is said beside the newest audit, so that nobody takes it for the only one; nothing if it is."""
    others = state.audits_made - 1
    if others < 1 or not state.audits:
        return ""
    failed = state.audits_failed - (not state.audits[-1].better)
    if others == 1:
        return f"The audit before it {'did not show' if failed else 'showed'} what it audited to be better."
    return f"Of the {others} audits before it, {failed} did not show what they audited to be better."


def why(row: AuditRow) -> str:
    """The reason, where it says more than that the bar was not reached: that is told with E, the bar and the pairs."""
    return "" if row.reason.startswith(("not shown to be better", "better than the baseline")) else row.reason
