"""How long an attempt may take, from what attempts like it took; nothing where nothing is known."""

from __future__ import annotations

from typing import Any

import msgspec

from autor_nb.desk import words
from autor_nb.domain.stage import Ending
from autor_nb.domain.state import AttemptState, RunState, StageState
from autor_nb.store import layout
from autor_nb.store.layout import RunFolder

KEPT = 5
OTHER_RUNS = 20


class Estimator:
    """Looks earlier attempts up, in this run first, else in the other runs beside it by the same agent."""

    def __init__(self, run: RunFolder) -> None:
        self.run = run
        self._others: dict[tuple[str, str], list[float]] = {}

    def estimate(self, stage: StageState, attempt: AttemptState) -> dict[str, Any] | None:
        """An estimate with its reason, or None."""
        own = [a for a in stage.attempts if _counts(a) and a.attempt < attempt.attempt and a.agent == attempt.agent]
        own = own[-KEPT:]
        if own:
            took = [a.duration_s for a in own]
            which = "Attempt" if len(own) == 1 else "Attempts"
            numbers = words.listed([str(a.attempt) for a in own])
            text = f"{which} {numbers} of this stage took {words.listed([words.length(s) for s in took])}"
        else:
            took = self._elsewhere(stage.ref.slug, attempt.agent)
            runs = words.count(len(took), "other run")
            text = f"In {runs} this stage took {words.listed(_range(took))}"
        if not took:
            return None
        low, high = min(took), max(took)
        marks = [{"s": s, "label": words.length(s)} for s in dict.fromkeys((low, high))]
        return {"low_s": low, "high_s": high, "marks": marks, "text": text}

    def _elsewhere(self, slug: str, agent: str) -> list[float]:
        if (slug, agent) not in self._others:
            self._others[slug, agent] = self._read(slug, agent)
        return self._others[slug, agent]

    def _read(self, slug: str, agent: str) -> list[float]:
        found: list[float] = []
        runs = [run for run in layout.all_runs(self.run.path.parent) if run.run_id != self.run.run_id]
        for run in runs[:OTHER_RUNS]:
            try:
                record = msgspec.json.decode((run.operator_state / f"{slug}_attempt_01.json").read_bytes())
                if record["status"] == Ending.FINISHED and record["agent"] == agent:
                    found.append(float(record["duration_s"]))
            except (OSError, msgspec.DecodeError, KeyError, TypeError, ValueError):
                continue
        return [seconds for seconds in found if seconds > 0][:KEPT]


def progress(state: RunState) -> dict[str, Any]:
    """How much of the run is approved; `share` is None before there are stages."""
    if not state.stages:
        return {"share": None, "text": ""}
    done = sum(stage.approved is not None for stage in state.stages)
    return {"share": done / len(state.stages), "text": f"{done} of {words.count(len(state.stages), 'stage')} approved"}


def _counts(attempt: AttemptState) -> bool:
    return attempt.ending is Ending.FINISHED and attempt.duration_s > 0 and attempt.written_by == "agent"


def _range(took: list[float]) -> list[str]:
    return list(dict.fromkeys(words.length(s) for s in (min(took), max(took)))) if took else []
