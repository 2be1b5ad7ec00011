"""The figures of a run: which there are, and the data that each is drawn from, read from log and objects."""

from __future__ import annotations

from collections.abc import Callable

from autor_nb.desk.attempt import recorded
from autor_nb.desk.compare import Side, numbers_of_attempt
from autor_nb.domain.errors import StoreError
from autor_nb.domain.state import RunState
from autor_nb.figures.descriptions import Description
from autor_nb.figures.run_checks import check_matrix
from autor_nb.figures.run_costs import cost_and_tokens
from autor_nb.figures.run_growth import artifact_growth
from autor_nb.figures.run_results import results_difference
from autor_nb.figures.run_timeline import run_timeline
from autor_nb.store import objects
from autor_nb.store.layout import RunFolder


class Pictures:
    """Describes a run's figures again and again; what never changes is read once."""

    TITLES = ("Timeline", "Checks", "Cost and tokens", "Artifacts", "Results")

    def __init__(self, run: RunFolder) -> None:
        self.run = run
        self._measured: dict[str, tuple[int, int]] = {}

    def describe(self, title: str, state: RunState) -> Description | None:
        """The figure of that title as of this state; None where there is nothing to draw yet."""
        if not any(attempt.ended_at for stage in state.stages for attempt in stage.attempts):
            return None
        return _MAKERS[title](self, state)

    def _timeline(self, state: RunState) -> Description:
        return run_timeline(state)

    def _checks(self, state: RunState) -> Description:
        return check_matrix(state, lambda attempt: recorded(self.run, attempt))

    def _costs(self, state: RunState) -> Description:
        return cost_and_tokens(state)

    def _growth(self, state: RunState) -> Description:
        for attempt in (a for stage in state.stages for a in stage.attempts if a.files_after):
            if attempt.files_after not in self._measured:
                try:
                    files = objects.get_files(self.run, attempt.files_after)
                except StoreError:
                    continue
                self._measured[attempt.files_after] = (len(files), sum(f.size_bytes for f in files.values()))
        return artifact_growth(state, self._measured)

    def _results(self, state: RunState) -> Description | None:
        """The newest two attempts of the stage that was last worked on twice."""
        several = [
            (ended[-1].ended_at, stage, ended)
            for stage in state.stages
            if len(ended := [a for a in stage.attempts if a.ended_at and a.files_after]) > 1
        ]
        if not several:
            return None
        _, stage, ended = max(several, key=lambda each: each[0])
        before, after = (numbers_of_attempt(Side(self.run, state, stage, a)) for a in ended[-2:])
        heads = (f"attempt {ended[-2].attempt}", f"attempt {ended[-1].attempt}")
        return results_difference(before, after, heads=heads)


_MAKERS: dict[str, Callable[[Pictures, RunState], Description | None]] = {
    "Timeline": Pictures._timeline,
    "Checks": Pictures._checks,
    "Cost and tokens": Pictures._costs,
    "Artifacts": Pictures._growth,
    "Results": Pictures._results,
}
