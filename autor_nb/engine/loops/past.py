"""What was tried before, kept up with the log: for critics, and for the memory of failures."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from autor_nb.domain.events import Event, Unknown
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.course import scale_of
from autor_nb.domain.loops.idea import Idea
from autor_nb.domain.loops.memory import Memory
from autor_nb.domain.loops.parts import PastExperiment


class Past:
    """All experiments in the order in which they ended."""

    def __init__(self, events: Iterable[Event | Unknown]) -> None:
        self.experiments: list[PastExperiment] = []
        self._at: dict[int, int] = {}
        self._ideas: dict[int, Idea] = {}
        self._changes: dict[int, ev.ChangeApplied] = {}
        self._otherwise: dict[int, str] = {}
        self.commits: dict[int, str] = {}  # those that the person's repository was not given yet
        self.memory = Memory()
        self.standing_score: float | None = None
        self._scored = self._time_like = False
        self.take(events)

    def take(self, events: Iterable[Event | Unknown]) -> None:
        """What is new in the log."""
        for event in events:
            match event:
                case ev.LoopCreated() | ev.LoopConfigChanged():
                    scale = scale_of(event.config)
                    self._scored, self._time_like = scale.scored, scale.time_like
                case ev.IdeaProposed():
                    self._ideas[event.n] = event.idea
                case ev.ChangeApplied():
                    self._changes[event.n] = event
                    if event.otherwise or event.n in self._otherwise:
                        self._otherwise[event.n] = event.otherwise
                case ev.ExperimentEnded():
                    self._ended(event)
                case ev.ExperimentRecorded():
                    self._put(
                        event.n,
                        PastExperiment(
                            n=event.n,
                            hypothesis=event.hypothesis or event.summary,
                            verdict=event.status,
                            delta=event.delta,
                            metric=event.metric,
                        ),
                    )

    def _measured(self, event: ev.ExperimentEnded) -> tuple[float | None, float | None]:
        """(metric, delta) as a critic is to see them: of several metrics the score is what a verdict is about."""
        if not self._scored:
            paired = event.mean is not None and not self._time_like  # of a time it is a share
            return event.metric, event.mean if paired else event.delta
        delta = event.mean
        if delta is None and event.score is not None and self.standing_score is not None:
            delta = event.score - self.standing_score
        if event.score is not None and (event.baseline or event.verdict.moves):
            self.standing_score = event.score
        return event.score, None if event.baseline else delta

    def _ended(self, event: ev.ExperimentEnded) -> None:
        metric, delta = self._measured(event)
        idea = self._ideas.pop(event.n, None)
        known: dict[str, Any] = {}
        made = self._changes.pop(event.n, None)
        if made is not None and made.otherwise:  # the idea itself was never tried
            known = {"hypothesis": made.otherwise, "values": made.values}
        elif idea is not None:
            known = {"hypothesis": idea.hypothesis, "change": idea.change, "expected_delta": idea.expected_delta}
        self._put(
            event.n,
            PastExperiment(
                n=event.n,
                verdict="baseline" if event.baseline else str(event.verdict),
                delta=delta,
                metric=metric,
                reason=event.reason,
                **(known or {"hypothesis": event.summary}),
            ),
        )
        if event.commit:
            self.commits[event.n] = event.commit
        if idea is not None:
            otherwise = made.otherwise if made else ""
            self.memory.add(
                event.n,
                str(event.verdict),
                otherwise or idea.hypothesis,
                {} if otherwise else idea.change,
                edit=made.diff_sha256 if made else "",
                values=made.values if made else None,
                delta=event.delta,
            )

    def made_otherwise(self, n: int) -> str:
        """What was made instead of the idea of experiment `n`, if somebody edited something else."""
        return self._otherwise.get(n, "")

    def _put(self, n: int, experiment: PastExperiment) -> None:
        if n in self._at:
            self.experiments[self._at[n]] = experiment
        else:
            self._at[n] = len(self.experiments)
            self.experiments.append(experiment)
