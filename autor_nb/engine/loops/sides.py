"""Commits run side by side outside their loops: each in a clean clone of its own that is gone afterwards."""

from __future__ import annotations

import secrets
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.config import LoopConfig
from autor_nb.domain.loops.metric import score
from autor_nb.engine.loops import measuring, sandbox
from autor_nb.engine.loops.trial import TrialRequest, run_whole
from autor_nb.store.loops import making
from autor_nb.store.loops.clone import Clone

Scorer = Callable[[Mapping[str, float]], float | None]
SEED_SPACE = 2**31


@dataclass(frozen=True)
class Outcome:
    """What one run gave; no score without a reason."""

    score: float | None
    metric: float | None
    reason: str
    duration_s: float
    slept: bool


def together(runs: Sequence[Outcome]) -> Outcome:
    """Repeats of one side on one seed as one: the median, none if any of them gave none."""
    bad = next((one for one in runs if one.score is None), None)
    metrics = [one.metric for one in runs if one.metric is not None]
    return Outcome(
        score=None if bad is not None else statistics.median(one.score for one in runs if one.score is not None),
        metric=statistics.median(metrics) if metrics and bad is None else None,
        reason=bad.reason if bad is not None else "",
        duration_s=sum(one.duration_s for one in runs),
        slept=any(one.slept for one in runs),
    )


class Sides:
    """Clones of one project, by name."""

    def __init__(
        self,
        project: Path,
        config: LoopConfig,
        folder: Path,
        scorer: Scorer | None = None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self.config, self.folder, self.scorer, self.stopped = config, folder, scorer, stopped
        self.project, self.source = project.resolve(), making.find_source(project)
        self._sides: dict[str, tuple[Clone, str]] = {}

    def add(self, name: str, commit: str) -> Clone:
        """A clean clone at that commit of the person's repository."""
        made = making.make(
            self.folder / f"side{len(self._sides)}" / "clone", self.source, loop="side", mutable=self.config.editable,
            link=self.config.link, base=commit,
        )  # fmt: skip
        if not made.clone.cwd.is_dir():
            raise UsageError(
                f"Commit {commit[:10]} has no folder {self.source.prefix}.", "Compare loops of the same project."
            )
        self._sides[name] = made.clone, made.head
        return made.clone

    def move(self, name: str, commit: str) -> None:
        """Another commit of the same clone from now on."""
        self._sides[name] = self._sides[name][0], commit

    def run(self, name: str, seed: int) -> Outcome | None:
        """Run one side on that seed; None if it was stopped."""
        if self.stopped():
            return None
        clone, commit = self._sides[name]
        clone.checkout(commit)
        specs = (self.config.metric, *self.config.metrics)
        before = measuring.stamps(specs, clone.cwd)
        output = clone.path.parent / "output.txt"
        ended = run_whole(
            TrialRequest(
                command=self.config.command,
                cwd=clone.cwd,
                output=output,
                marker=f"side-{secrets.token_hex(8)}",
                timeout_s=self.config.trial_timeout_s,
                seed=seed,
                seed_env=self.config.seed_env,
                sandbox=self.config.sandbox,
                writable=(clone.path,),
                hidden=sandbox.holdouts(self.config.holdout, clone.cwd, self.project),
            ),
            cancelled=self.stopped,
        )
        if ended.ending == "stopped":
            return None
        if ended.ending != "finished":
            return Outcome(None, None, ended.detail, ended.duration_s, ended.slept)
        found = measuring.measure(output, specs, clone.cwd, before=before)
        values = {key: one.value for key, one in found.items() if one.value is not None}
        metric = values.get(self.config.metric.name)
        value = self.scorer(values) if self.scorer is not None else score(metric, self.config.metric)
        missing = next((one.reason for one in found.values() if one.value is None and one.reason), "")
        why = "" if value is not None else missing or "The metric has no finite score."
        return Outcome(value, metric, why, ended.duration_s, ended.slept)
