"""What to tell somebody who has just recorded an experiment: pure functions of the state before and after it."""

from __future__ import annotations

from autor_nb.domain.loops.state import LoopState, Row
from autor_nb.domain.loops.story import number

REVIEW_EVERY = 20
KEEPS_BEFORE = 3
MOST_TIMES = 10.0
MOST_RATIO = 100.0
LEAST_RATIO = 0.01

_DISCARDS = {
    3: "3 discards in a row: read the newest failures before the next idea, and try another kind of change.",
    5: "5 discards in a row: small steps here find nothing; change the approach, or look at what the metric rewards.",
    7: "7 discards in a row: the loop is stuck. Measure the noise (`autor loop noise -- CMD`): perhaps what is left to "
    "find is smaller than it.",
}


def suspicions(state: LoopState, status: str, metric: float | None) -> tuple[str, ...]:
    """Why a keep of this metric is to be looked at by a person, before it is recorded; nothing for all else."""
    standing, first = state.kept_metric, state.baseline_metric
    if status != "keep" or metric is None or standing is None or len(state.kept) < KEEPS_BEFORE:
        return ()
    if not state.better(metric, standing):
        return ()
    said = []
    gain = abs(metric - standing)
    earlier = abs(standing - first) if first is not None and state.better(standing, first) else 0.0
    if earlier and gain > MOST_TIMES * earlier:
        said.append(f"the gain of {number(gain)} is {gain / earlier:.3g} times all earlier gain together")
    if metric and standing:
        ratio = abs(metric / standing)
        if ratio > MOST_RATIO or ratio < LEAST_RATIO:
            said.append(f"the metric is {ratio:.3g} times what it was")
    return tuple(said)


def after_record(before: LoopState, after: LoopState, row: Row) -> tuple[str, ...]:
    """What to tell whoever recorded `row`; `before` needs no more of a state than `standing_of` keeps."""
    said = []
    if row.verdict != "baseline" and before.baseline_metric is None:
        said.append("No baseline is recorded yet: run the unchanged code and record it with `--status baseline`.")
    standing = before.kept_metric
    kept = row.metric if row.verdict == "keep" else None
    if kept is not None and standing is not None and before.better(standing, kept):
        said.append(
            f"This keep is worse than what stood before ({number(kept)} after {number(standing)}): "
            "is the direction right, or was it meant to be a discard?"
        )
    said += [f"Suspicious: {why}. Look at the diff before you build on it." for why in row.suspicious]
    if row.verdict == "discard" and after.streak in _DISCARDS:
        said.append(_DISCARDS[after.streak])
    if after.experiments % REVIEW_EVERY == 0:
        said.append(
            f"{after.experiments} experiments: time to look back over what worked and what did not, and why."
        )
    return tuple(said)


def standing_of(state: LoopState) -> LoopState:
    """As much of a state as `after_record` reads, kept while the state itself goes on."""
    return LoopState(
        config={"metric": {"direction": "lower" if state.lower_is_better else "higher"}},
        kept_metric=state.kept_metric,
        baseline_metric=state.baseline_metric,
    )
