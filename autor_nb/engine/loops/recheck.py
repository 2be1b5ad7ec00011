"""`loop recheck`: baseline against final on fresh pairs, each in a clean clone of its own, and one test at the end."""

from __future__ import annotations

import secrets
import statistics
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.case import Confirm, Decided, Order, Pair
from autor_nb.domain.loops.gate import audit_next, score_of
from autor_nb.domain.loops.recheck import RecheckPair, RecheckReport, RecheckRequest, RecheckRun
from autor_nb.domain.loops.verdict import Verdict
from autor_nb.engine.loops.measuring import measure, stamps
from autor_nb.engine.loops.trial import TrialRequest, run_whole
from autor_nb.store.loops import making
from autor_nb.store.loops.clone import Clone

SEED_SPACE = 2**31


def recheck(
    request: RecheckRequest, on_run: Callable[[RecheckRun], None], stopped: Callable[[], bool] = lambda: False
) -> RecheckReport:
    """Do it; UsageError if the baseline gives no value at all. Stopped early, what is known, and no verdict."""
    source = making.find_source(Path(request.project))
    with tempfile.TemporaryDirectory(prefix="autor-recheck-") as folder:
        sides = {}
        notes: list[str] = []
        for side, commit in (("baseline", request.baseline), ("final", request.final)):
            made = making.make(Path(folder) / side, source, loop=side, mutable=("**",), link=request.link, base=commit)
            if not made.clone.cwd.is_dir():
                raise UsageError(
                    f"Commit {commit[:10]} has no folder {source.prefix}.", "Run it from the folder that has the code."
                )
            sides[side] = (made.clone, made.head)
            notes += [note for note in made.notes if note not in notes and "uncommitted" not in note]
        work = _Recheck(request, sides, Path(folder) / "output.txt", on_run, stopped)
        return msgspec.structs.replace(work.run(), notes=tuple(notes))


@dataclass
class _Recheck:
    """A recheck at work: what was run so far."""

    request: RecheckRequest
    sides: dict[str, tuple[Clone, str]]
    output: Path
    on_run: Callable[[RecheckRun], None]
    stopped: Callable[[], bool]
    runs: list[RecheckRun] = field(default_factory=list)
    pairs: list[RecheckPair] = field(default_factory=list)
    drawn: int = 0

    def run(self) -> RecheckReport:
        """Pairs in whole blocks until the audit decides, or as many were run as were asked for."""
        first = True
        while True:
            step = audit_next(self._scores(), self.request.coin, time_like=self.request.metric.time_like)
            if isinstance(step, Decided):
                return self._report(step)
            assert isinstance(step, Confirm)
            if self._valid() >= self.request.pairs:
                return self._report(step)
            if first:
                warm = self._one(0, "final", self._seed(), warm_up=True)
                first = False
                if warm is None:
                    return self._report(step, interrupted=True)
            for order in step.orders[: step.pairs]:
                if not self._pair(order, step.repeats):
                    return self._report(step, interrupted=True)

    def _pair(self, order: Order, repeats: int) -> bool:
        """Both on one fresh seed, in turn as often as the audit asks; False if it was stopped."""
        number, seed = len(self.pairs) + 1, self._seed()
        found: dict[str, list[RecheckRun]] = {"baseline": [], "final": []}
        slept = False
        for side in (("final", "baseline") if order == "AB" else ("baseline", "final")) * repeats:
            made = self._one(number, side, seed)
            if made is None:
                return False
            found[side].append(made[0])
            slept = slept or made[1]
        base, final = _middle(found["baseline"]), _middle(found["final"])
        self.pairs.append(RecheckPair(seed=seed, order=order, baseline=base, final=final, slept=slept))
        if base is None and not any(pair.baseline is not None for pair in self.pairs) and not slept:
            raise UsageError(
                f"The baseline {self.request.baseline[:10]} gives no value: "
                f"{next(run.reason for run in found['baseline'] if run.value is None)}",
                "Does its command run in a fresh clone? Ignored inputs are linked by --link data; a longer --timeout "
                "or another --command may be needed.",
            )
        return True

    def _one(self, pair: int, side: str, seed: int, *, warm_up: bool = False) -> tuple[RecheckRun, bool] | None:
        """One run in its clean clone; None if it was stopped."""
        if self.stopped():
            return None
        clone, commit = self.sides[side]
        clone.checkout(commit)
        metric = self.request.metric
        before = stamps([metric], clone.cwd)
        ended = run_whole(
            TrialRequest(
                command=self.request.command,
                cwd=clone.cwd,
                output=self.output,
                marker=f"recheck-{secrets.token_hex(8)}",
                timeout_s=self.request.timeout_s,
                seed=seed,
                seed_env=self.request.seed_env,
            ),
            cancelled=self.stopped,
        )
        if ended.ending == "stopped":
            return None
        value, reason = None, ended.detail
        if ended.ending == "finished":
            found = measure(self.output, [metric], clone.cwd, before)[metric.name]
            value, reason = found.value, found.reason
        run = RecheckRun(
            pair=pair, of=self.request.pairs, side=side, seed=seed, value=value, reason=reason,
            duration_s=ended.duration_s,
        )  # fmt: skip
        self.on_run(run)
        if not warm_up:
            self.runs.append(run)
        return run, ended.slept

    def _seed(self) -> int:
        """A seed that no pair before had."""
        self.drawn += 1
        return (self.request.first_seed + self.drawn - 1) % SEED_SPACE

    def _scores(self) -> tuple[Pair, ...]:
        return tuple(
            Pair(
                seed=pair.seed,
                candidate=self._score(pair.final),
                incumbent=self._score(pair.baseline),
                order="AB" if pair.order == "AB" else "BA",
                slept=pair.slept,
            )
            for pair in self.pairs
        )

    def _score(self, value: float | None) -> float | None:
        metric = self.request.metric
        return None if value is None else score_of(
            value, higher=metric.direction == "higher", time_like=metric.time_like
        )  # fmt: skip

    def _valid(self) -> int:
        return sum(pair.candidate is not None and pair.incumbent is not None and not pair.slept
                   for pair in self._scores())  # fmt: skip

    def _report(self, step: Decided | Confirm, *, interrupted: bool = False) -> RecheckReport:
        decided = isinstance(step, Decided)
        reason = step.reason if isinstance(step, Decided) else f"not shown on {self._valid()} pairs"
        return RecheckReport(
            request=self.request,
            runs=tuple(self.runs),
            pairs=tuple(self.pairs),
            better=isinstance(step, Decided) and step.verdict is Verdict.KEEP,
            reason="interrupted" if interrupted else reason,
            e_value=step.e_value,
            mean=step.mean,
            interval=step.interval,
            seed_ignored=decided and "seed not honoured" in reason,
            interrupted=interrupted,
        )


def _middle(runs: list[RecheckRun]) -> float | None:
    """The median of one side of a pair; none if any of its runs gave none."""
    values = [run.value for run in runs if run.value is not None]
    return statistics.median(values) if len(values) == len(runs) else None
