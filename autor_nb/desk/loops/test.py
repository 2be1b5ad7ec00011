"""The experiment under test: its evidence, its reasons, its change, what it prints, and what comes next."""

from __future__ import annotations

from typing import Any

from autor_nb.desk import clean
from autor_nb.desk.loops import curves, files, words
from autor_nb.desk.words import count, who
from autor_nb.domain.loops.at_work import Current, TrialRow
from autor_nb.domain.loops.course import Course
from autor_nb.domain.loops.idea import Idea
from autor_nb.domain.loops.state import LoopState
from autor_nb.figures.loop_words import Numbers
from autor_nb.store.loops.layout import LoopFolder

TEXT = 1500
Document = dict[str, Any]


def under_test(loop: LoopFolder, state: LoopState, course: Course, places: Numbers) -> Document | None:
    """The document of the experiment at work; None between two, and for the baseline, which tests nothing."""
    current = state.testing
    if current is None:
        return None
    running = current.running()
    by = (
        f"pinned by {who(current.pinned_by)}"
        if current.pinned_by
        else f"proposed by {clean.line(current.critic or 'the critic', 40)}"
    )
    runs = sum(row.counts for row in current.trials)
    track = curves.track(course, current, places, words.most_pairs(state, current.extra_pairs))
    track["read"] = words.spends(state) or bool(track["looks"])
    return {
        "n": current.n,
        "by": by,
        "at": current.proposed_at,
        "facts": [f"risk {current.idea.risk_level}" if current.idea else "", f"{words.trials(runs)} so far"],
        "idea": idea_of(current.idea),
        "track": track,
        "three": {"expected": track["expected_says"], "actual": track["change"] or "not measured yet",
                  "interval": track["interval"] or "none yet"},
        "change": change_of(loop, current.files, current.added, current.removed, current.diff),
        "output": output_of(loop, running, current),
        "next": _next(state, current, running),
        "vetoed": f"Vetoed by {who(current.vetoed_by)}" if current.vetoed_by else "",
        "suspicions": [clean.line(one, 200) for one in current.suspicions[:5]],
        "extra": f"{count(current.extra_pairs, 'more pair')} granted" if current.extra_pairs else "",
    }  # fmt: skip


def idea_of(idea: Idea | None) -> Document | None:
    """The seven fields, cut and cleaned."""
    if idea is None:
        return None
    knobs = [
        f"{clean.line(str(name), 80)} = {clean.line(str(value), 80)}" for name, value in list(idea.change.items())[:20]
    ]
    return {
        "hypothesis": clean.line(idea.hypothesis, 500),
        "thought": clean.cut(idea.thought_process, TEXT)[0],
        "alternatives": [clean.line(one, 300) for one in idea.alternatives_considered[:6]],
        "justification": clean.cut(idea.justification, TEXT)[0],
        "code": clean.cut(idea.code_pseudocode, TEXT)[0],
        "risk": idea.risk_level,
        "knobs": knobs,
    }


def change_of(loop: LoopFolder, names: tuple[str, ...], added: int, removed: int, sha256: str) -> Document:
    """The change being tried."""
    listed = ", ".join(clean.path(name)[:120] for name in names[:4]) + (
        f" and {len(names) - 4} more" if len(names) > 4 else ""
    )
    return {"files": f"{listed}, +{added} −{removed}" if names else "", **files.diff(loop, sha256)}


def output_of(loop: LoopFolder, running: TrialRow | None, current: Current) -> Document | None:
    """The newest lines of the trial that runs."""
    if running is None:
        return None
    role = words.ROLES.get(running.role, clean.line(running.role, 30))
    title = f"{role} {running.pair}, {running.subject}" if running.pair is not None else f"{role}, {running.subject}"
    order = next((plan.order for plan in current.planned if plan.pair == running.pair), "")
    first = {"AB": "candidate", "BA": "incumbent"}.get(order, "")
    return {
        "trial": running.trial,
        "title": f"{title}{f' ({first} first)' if first else ''}",
        "seed": "" if running.seed is None else f"seed {running.seed}",
        "since": running.started_at,
        **files.output(loop, running.trial),
    }


def _next(state: LoopState, current: Current, running: TrialRow | None) -> str:
    if running is None or running.pair is None or not current.planned:
        return ""
    other = "incumbent" if running.subject == "candidate" else "candidate"
    last = current.planned[-1].pair
    done = {row.subject for row in current.trials if row.pair == running.pair and row.counts}
    first = f"Next: the {other} on the same seed" if other not in done else f"Next: pair {running.pair + 1}"
    return f"{first}. The e-value is read after pair {last}, when the whole block is done."
