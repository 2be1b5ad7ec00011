"""`autor loop status`: where a loop stands, what waits for a person, what is left of its bounds, the next command."""

from __future__ import annotations

from typing import Any

import msgspec

from autor_nb import loop_control
from autor_nb.desk.loops import words
from autor_nb.domain.loops import auditing, seeding, story
from autor_nb.domain.loops.eprocess import alpha_at
from autor_nb.domain.loops.state import LoopState, LoopStatus, Session
from autor_nb.record import loop_edits, loop_headline
from autor_nb.record.units import count_words, date_words, duration_words, number_words
from autor_nb.store import worker_log
from autor_nb.store.loops import standing
from autor_nb.store.loops.layout import LoopFolder, all_loops
from autor_nb.verbs import clean
from autor_nb.verbs.blocks import Block, Cell, Facts, Heading, Items, Mark, Next, Para, Table
from autor_nb.verbs.loops import loop_named
from autor_nb.verbs.loops.best import best_facts, percent
from autor_nb.verbs.loops.experiment_table import spark
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import pass_face, verb

Steps = tuple[tuple[str, str], ...]


@verb(name="status", examples=("autor loop status", "autor loop status tsp --json"))
@loop_named.loop_argument
@loop_named.loop_option
@pass_face
def status(face: Face, name: str | None, name_too: str | None) -> Result:
    """Show where a loop stands, what waits for a person, what is left of its bounds, and the next command."""
    return loop_card(loop_named.either(name, name_too))


def loop_card(loop: LoopFolder, *lead: Block, exit_code: int = 0) -> Result:
    """The card; `lead` comes first (what was just done)."""
    snapshot = loop_control.snapshot(loop)
    steps = next_steps(loop, snapshot)
    family = forks(loop, snapshot.state)
    blocks = (*lead, *_blocks(snapshot, family), Next(steps))
    facts = status_facts(snapshot)
    facts |= {"forks": [_fork_facts(state) for state in family], "next": [step for step, _ in steps]}
    hints = tuple(f"{step}: {why}" for step, why in steps)
    return Result(facts, blocks, hints, exit_code, state=loop)


# ------------------------------------------------------------------------------------------------ facts


def status_facts(snapshot: loop_control.Snapshot) -> dict[str, Any]:
    """A loop for programs; `state` is its status, `waiting` who must act: person · engine · nobody."""
    state, session, current = snapshot.state, snapshot.state.session, snapshot.state.current
    awaited = loop_edits.awaited(snapshot.loop, state, snapshot.status)
    return {
        **best_facts(snapshot.loop, state),
        "path": str(snapshot.loop.path),
        "state": str(snapshot.status),
        "waiting": snapshot.waiting,
        "worker": snapshot.worker.pid if snapshot.worker else None,
        "objective": str(state.config.get("objective", "")),
        "experiments": state.experiments,
        "counts": story.counts(state),
        "trials": state.trials,
        "streak_of_discards": state.streak,
        "at_work": {"n": current.n, "hypothesis": current.idea.hypothesis if current.idea else "baseline",
                    "pairs": current.readings[-1].pairs if current.readings else 0,
                    "e_value": current.readings[-1].e_value if current.readings else None} if current else None,
        "session": _session_facts(session) if session else None,
        "budget": budget(state),
        "audit": _audit_facts(state),
        "why": snapshot.fault or state.failure or state.pause_reason or state.stop_reason or None,
        "mend": (_where(snapshot) if snapshot.fault else state.failure_suggestion) or None,
        "worker_log": str(worker_log.path_of(snapshot.loop)) if snapshot.fault else None,
        "awaits_edit": msgspec.to_builtins(awaited) if awaited is not None else None,
        "suspicious": [{"n": row.n, "verdict": row.verdict, "why": list(row.suspicious)}
                       for row in story.suspicious(state)],
        "edits_kept_aside": loop_edits.aside(snapshot.loop),
        "pins": [pin.idea.hypothesis for pin in state.pins],
        "blocking_checks": list(session.blocking) if session else [],
        "sandbox": session.sandbox if session else "",
        "mode": session.mode if session else str(state.config.get("mode", "strict")),
        "cost_usd": state.cost_usd,
        "worked_s": round(state.worked_s, 3),
        "updated_at": state.updated_at,
        "report": _report(snapshot.loop),
        "damaged": state.damaged or None,
        "unknown_events": state.unknown,
    }  # fmt: skip


def budget(state: LoopState) -> dict[str, Any] | None:
    """What is left of the budget of errors; None for a gate that has none. `alpha_next` is None when it is spent."""
    if not words.spends(state):
        return None
    alpha, horizon = words.alpha_of(state)
    following = alpha_at(alpha, state.confirms, state.keeps, horizon)
    return {
        "session": state.budget_session,
        "alpha": alpha,
        "confirms": state.confirms,
        "keeps": state.keeps,
        "alpha_next": following,
        "bar_next": 1 / following if following else None,
    }


def _session_facts(session: Session) -> dict[str, Any]:
    left = {
        "iterations": None if session.iterations is None else max(0, session.iterations - session.done),
        "wall_s": None if session.wall_s is None else round(max(0.0, session.wall_s - session.worked_s), 1),
        "cost_usd": None if session.cost_usd is None else max(0.0, session.cost_usd - session.spent_usd),
    }
    return {"at": session.at, "by": str(session.by or ""), "done": session.done, "target": session.target,
            "plateau": session.plateau, "since_improved": session.since_improved, "left": left}  # fmt: skip


def _audit_facts(state: LoopState) -> dict[str, Any] | None:
    if not state.audits:
        return None
    audit = state.audits[-1]
    return {"at": audit.at, "n": audit.n, "better": audit.better, "e_value": audit.e_value, "bar": audit.bar,
            "pairs": audit.pairs, "baseline_metric": audit.baseline_metric, "final_metric": audit.final_metric,
            "of_the_head": audit.commit == state.head, "number": audit.number, "place": audit.place,
            "pairs_before": audit.before, "failed": state.audits_failed}  # fmt: skip


def forks(loop: LoopFolder, state: LoopState) -> list[LoopState]:
    """The other loops of its family as of their checkpoints: its forks, its parent, that one's other forks."""
    root = state.forked_from or loop.name
    found = []
    for other in all_loops(loop.project):
        if other.name != loop.name:
            theirs = standing.load(other)[0].state
            if theirs.name and root in (theirs.forked_from, theirs.name):
                found.append(theirs)
    return found


def _fork_facts(state: LoopState) -> dict[str, Any]:
    return {"loop": state.name, "direction": state.direction, "experiments": state.experiments,
            "head_n": state.head_n, "best_recorded": state.best_metric,
            "best_score": state.best_score if state.weighs else None, "confirmed_n": state.confirmed_n}  # fmt: skip


# ------------------------------------------------------------------------------------------------- card


def _blocks(snapshot: loop_control.Snapshot, family: list[LoopState]) -> list[Block]:
    state, status = snapshot.state, snapshot.status
    blocks: list[Block] = [Heading(f"Loop {snapshot.loop.name}", Mark(str(status)), _aside(snapshot))]
    if objective := clean.line(str(state.config.get("objective", "")), 400):
        blocks.append(Para(objective, quiet=True))
    if state.experiments or state.audits:
        blocks.append(Para(loop_headline.headline(state).text))
    why = state.failure or state.pause_reason or state.stop_reason
    if snapshot.fault:
        fault = clean.line(snapshot.fault, 600)
        blocks.append(Para(f"A fault of autor itself ended its engine: {fault} {_where(snapshot)}"))
    elif why:
        blocks.append(Para(f"{why} {state.failure_suggestion}".strip()))
    if (edit := loop_edits.awaited(snapshot.loop, state, status)) is not None:
        blocks.append(Para(clean.line(edit.text, 600)))
    if kept := loop_edits.aside(snapshot.loop):
        title = clean.line(loop_edits.aside_words(snapshot.loop), 120)
        blocks.append(Items(tuple(clean.line(text, 400) for text in kept[:5]), title=title))
    blocks.append(Facts((*_pairs(state), ("Report", clean.line(_report(snapshot.loop) or "", 300)))))
    if state.session and state.session.blocking:
        blocks.append(Items(state.session.blocking, title="Checks that forbid to start"))
    if state.pins:
        blocks.append(Items(tuple(pin.idea.hypothesis for pin in state.pins), title="Pinned, to be tried next"))
    if family:
        rows = tuple(
            (theirs.name, clean.line(theirs.direction, 60), str(theirs.experiments),
             clean.line(loop_headline.best_words(theirs), 120),
             f"experiment {theirs.confirmed_n}" if theirs.has_confirmed else "none")
            for theirs in family
        )  # fmt: skip
        blocks.append(Table(("Loop", "Direction", "Experiments", "Best recorded", "Confirmed"), rows, "Its forks"))
    if state.damaged:
        mend = "`autor recover` sets that aside and says what it cost; the next start does so too."
        said = f"The log is damaged: {clean.line(state.damaged, 300)}. Shown is all that can be read."
        blocks.append(Para(f"{said} {mend}"))
    elif state.mended:
        blocks.append(Para(f"The log was mended: {clean.line(state.mended, 500)}.", quiet=True))
    if state.unknown:
        newer = count_words(state.unknown, "event")
        blocks.append(Para(f"{newer} of a newer version are not shown.", quiet=True))
    return blocks


def _where(snapshot: loop_control.Snapshot) -> str:
    """What to do about a fault."""
    return f"{worker_log.path_of(snapshot.loop)} says where; `autor loop start {snapshot.loop.name}` tries again."


def _report(loop: LoopFolder) -> str | None:
    """Where the page of its report lies, if it tells all that has happened."""
    page = loop.report_page
    try:
        return str(page) if page.stat().st_mtime_ns >= loop.events.stat().st_mtime_ns else None
    except OSError:
        return None


def _aside(snapshot: loop_control.Snapshot) -> str:
    state, current = snapshot.state, snapshot.state.current
    if snapshot.fault:
        return "the engine broke off; nothing that was done is lost"
    if snapshot.status is LoopStatus.INTERRUPTED:
        return "the engine ended in the middle; nothing that was done is lost"
    if snapshot.waiting == "person":
        return "waits for you"
    if state.audit is not None:
        return f"the audit of experiment {state.audit.n} is at work"
    if snapshot.status is LoopStatus.RUNNING and current is not None:
        what = current.idea.hypothesis if current.idea else "the baseline"
        return clean.line(f"experiment {current.n}: {what}", 120)
    return ""


def _pairs(state: LoopState) -> tuple[tuple[str, Cell], ...]:
    counts = story.counts_words(state)
    best = ""
    if state.best_n is not None:
        gain = percent(loop_headline.improvement(state, state.best_metric))
        best = f"{clean.line(loop_headline.best_words(state), 120)} (experiment {state.best_n}{gain}; no claim)"
    said = clean.line(loop_headline.head_words(state), 120)
    head = f"experiment {state.head_n} ({state.head[:8]}) {said}".rstrip() if state.has_moved else ""
    confirmed = f"experiment {state.confirmed_n}" if state.has_confirmed else "none"
    session = state.session
    return (
        ("Metric", clean.line(loop_headline.metric_words(state), 200)),
        ("Experiments", f"{state.experiments:,} ({counts})" if counts else "none yet"),
        ("Newest", spark([row.metric for row in state.recent], higher=not state.lower_is_better)),
        ("Baseline", clean.line(loop_headline.baseline_words(state), 120)),
        ("Best recorded", best),
        ("Head", head),
        ("Confirmed head", confirmed if state.experiments else ""),
        ("Suspicious", clean.line(loop_headline.suspicious_words(state), 500)),
        ("Evidence", _evidence(state)),
        ("Left", _left(session) if session else ""),
        ("Error budget", _budget_words(state)),
        ("Last audit", _audit_words(state)),
        ("Mode", f"{session.mode}, sandbox {session.sandbox or 'none'}" if session else ""),
        ("Cost", f"{state.cost_usd:.2f} USD" if state.cost_usd else ""),
        ("Last change", date_words(state.updated_at)),
    )


def _evidence(state: LoopState) -> str:
    current = state.current
    if current is None or not current.readings:
        return ""
    read = current.readings[-1]
    bar = f" of {read.bar:.4g}" if read.bar else ""
    return f"E {number_words(read.e_value, 3)}{bar} after {count_words(read.pairs, 'pair')}"


def _left(session: Session) -> str:
    left = _session_facts(session)["left"]
    said = []
    if left["iterations"] is not None:
        said.append(count_words(left["iterations"], "experiment"))
    if left["wall_s"] is not None:
        said.append(duration_words(left["wall_s"]))
    if left["cost_usd"] is not None:
        said.append(f"{left['cost_usd']:.2f} USD")
    if session.target is not None:
        said.append(f"until {number_words(session.target)}")
    if session.plateau is not None:
        said.append(f"until {session.plateau} without a gain ({session.since_improved} now)")
    return ", ".join(said) or "no bound"


def _budget_words(state: LoopState) -> str:
    left = budget(state)
    if left is None:
        return ""
    spent = f"{count_words(left['confirms'], 'confirm')}, {count_words(left['keeps'], 'keep')}"
    where = f"session {left['session']}" if left["session"] > 1 else f"α {left['alpha']:g}"
    if left["alpha_next"] is None:
        return f"{where}: spent after {spent}; `autor loop budget` grants another"
    return f"{where}: {spent}; the next needs E ≥ {left['bar_next']:.4g}"


def _audit_words(state: LoopState) -> str:
    audit = _audit_facts(state)
    if audit is None:
        return "none" if state.experiments else ""
    word = "better" if audit["better"] else "not shown to be better"
    said = f"experiment {audit['n']} {word} (E {number_words(audit['e_value'], 3)}, {audit['pairs']} pairs)"
    return f"{said}. It is audit {audit['number']}. {auditing.earlier_words(state)}" if audit["number"] > 1 else said


# -------------------------------------------------------------------------------------------- next step


def next_steps(loop: LoopFolder, snapshot: loop_control.Snapshot) -> Steps:
    """What a person may type now, the likeliest first."""
    state = snapshot.state
    several = len(all_loops(loop.project)) > 1
    word = f" {loop.name}" if several else ""
    match snapshot.status:
        case LoopStatus.RUNNING:
            return (
                (f"autor loop watch{word}", "follows it; interrupting that stops only the watching"),
                (f"autor loop pause{word}", "lets it rest after the trial in work"),
            )
        case LoopStatus.PAUSED:
            if state.pause_cause == "budget":
                return ((f"autor loop audit{word}", "measures what it has"),
                        (f"autor loop budget{word}", "grants a new budget of errors"))  # fmt: skip
            if state.pause_cause == seeding.CAUSE:
                return ((seeding.first_command(state), "makes a loop of it once the seed was let in, as said above"),
                        (seeding.greedy(state), "only if nothing in it is luck: keeps are unconfirmed"))  # fmt: skip
            return ((f"autor loop resume{word}", "goes on where it rests"),)
        case LoopStatus.FAILED:
            return ((f"autor loop doctor{word}", "names what is to be mended"),
                    (f"autor loop start{word} {_bound(state)}", "tries again"))  # fmt: skip
        case LoopStatus.INTERRUPTED:
            why = "tries again, once its cause is mended" if snapshot.fault else "goes on where it ended"
            return ((f"autor loop start{word}", why),)
        case LoopStatus.DAMAGED:
            return ((f"autor loop log{word}", "what is kept beside the log"),)
        case LoopStatus.CREATED:
            return ((f"autor loop start{word} --iterations 20", "sets it to work"),)
    audited = bool(state.audits) and state.audits[-1].commit == state.head
    report = (f"autor loop report{word}", "the whole course, to read and to share")
    if state.has_moved and not audited:
        return ((f"autor loop audit{word}", "measures head against baseline on fresh pairs"), report)
    return (report, (f"autor loop start{word} --iterations 20", "goes on"))


def _bound(state: LoopState) -> str:
    """The end that a session which broke off still had, as an option; a start without any is refused."""
    left = _session_facts(state.session)["left"] if state.session is not None else {}
    if left.get("iterations") is None and left.get("wall_s") is not None:
        return f"--wall {max(1, round(left['wall_s']))}s"
    return f"--iterations {left.get('iterations') or 20}"
