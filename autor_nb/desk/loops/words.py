"""The words and tones in which a panel speaks of a loop."""

from __future__ import annotations

from typing import Any

from autor_nb import registry
from autor_nb.desk import clean
from autor_nb.desk.words import count
from autor_nb.desk.words import length as _length
from autor_nb.domain.errors import AutorError
from autor_nb.domain.loops.at_work import Current
from autor_nb.domain.loops.state import LoopState, LoopStatus

STATES: dict[LoopStatus, tuple[str, str]] = {
    LoopStatus.CREATED: ("Not started", "idle"),
    LoopStatus.RUNNING: ("Working", "accent"),
    LoopStatus.PAUSED: ("Paused", "warn"),
    LoopStatus.STOPPED: ("Stopped", "idle"),
    LoopStatus.FAILED: ("Failed", "fail"),
    LoopStatus.INTERRUPTED: ("Interrupted", "warn"),
    LoopStatus.DAMAGED: ("Damaged", "fail"),
}
ROLES = {
    "screen": "screen", "confirm": "pair", "reference": "reference", "warm_up": "warm-up, not counted",
    "calibrate": "calibration", "no_op": "no-op test of the gate", "control": "positive control", "audit": "audit",
    "repeat": "repeat",
}  # fmt: skip
PAIRS_MOST = 16


def most_pairs(state: LoopState, extra: int = 0) -> int:
    """How many pairs one experiment may take."""
    options = gate_options(state)
    most = options.get("n_max", options.get("n", PAIRS_MOST))
    return (most if isinstance(most, int) else PAIRS_MOST) + extra


def pair_now(current: Current) -> int:
    """The pair that is being run, counted from 1."""
    running = current.running()
    if running is not None and running.pair is not None:
        return running.pair
    done = [row.pair for row in current.trials if row.pair is not None and row.counts]
    return max(done, default=0) + 1 if not done or len(done) % 2 == 0 else max(done)


def pill(state: LoopState, status: LoopStatus) -> tuple[str, str]:
    """(word, tone) of what goes on now: `Confirming #33, pair 9 of at most 16`."""
    word, tone = STATES.get(status, (str(status), "idle"))
    if status is not LoopStatus.RUNNING:
        at = state.testing
        return (f"{word}, #{at.n} waits" if status is LoopStatus.PAUSED and at is not None else word), tone
    return working(state), tone


def working(state: LoopState) -> str:
    """What a loop at work does now."""
    current = state.current
    if state.audit is not None and current is None:
        done = len({row.pair for row in state.audit.trials if row.counts and row.pair is not None})
        return f"Auditing against the baseline, pair {done + 1} of at most 10"
    if current is None:
        return "Asking for the next idea" if state.baseline else "Preparing the baseline"
    if state.testing is None:
        return f"Measuring the baseline, run {len(current.trials)}"
    if not current.commit:
        return f"Making the change of #{current.n}"
    if current.planned:
        return f"Confirming #{current.n}, pair {pair_now(current)} of at most {most_pairs(state, current.extra_pairs)}"
    return f"Screening #{current.n}"


def length(seconds: float) -> str:
    """36 ms, 4.1 s, 38 min, 8 h."""
    return f"{seconds * 1000:.0f} ms" if 0 < seconds < 1 else _length(seconds).removesuffix(" 00 min")


def gate_options(state: LoopState) -> dict[str, Any]:
    """The gate's options with its own defaults; as they were written, where the gate cannot be asked."""
    gate = state.config.get("gate") or {}
    written = gate.get("options") or {}
    try:
        made = registry.load("gates", str(gate.get("name", "eprocess")))(**written)
    except (AutorError, TypeError, ValueError):
        return dict(written)
    return dict(getattr(made, "options", written))


def alpha_of(state: LoopState) -> tuple[float, int | None]:
    """(α of a session, known number of confirms or None: then no number is the last one)."""
    options = gate_options(state)
    alpha = state.alpha if state.alpha is not None else options.get("alpha", 0.10)
    horizon = options.get("horizon")
    return float(alpha), horizon if isinstance(horizon, int) else None


def gate_name(state: LoopState) -> str:
    """The gate that decides."""
    return clean.line(str((state.config.get("gate") or {}).get("name", "eprocess")), 40)


def spends(state: LoopState) -> bool:
    """Whether the gate has an error budget to spend."""
    return "alpha" in gate_options(state) or gate_name(state) in ("eprocess", "shared")


def trials(number: int) -> str:
    """222 runs."""
    return count(number, "run")
