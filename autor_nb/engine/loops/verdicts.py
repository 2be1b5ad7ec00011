"""Verdicts written down: what the gate decided, with the metric in the person's own units, and what follows from it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from autor_nb.domain.events import Event
from autor_nb.domain.loops import auditing
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.at_work import Current, TrialRow
from autor_nb.domain.loops.case import Decided
from autor_nb.domain.loops.cases import case_of, guard_readings, mean_metric, scores_of
from autor_nb.domain.loops.config import Guard
from autor_nb.domain.loops.events import Interval
from autor_nb.domain.loops.fold_trials import fresh_scores
from autor_nb.domain.loops.gate import broken_guard, reference_after, reference_scores_after
from autor_nb.domain.loops.steps import PlanBlock, runs_of
from autor_nb.domain.loops.verdict import Verdict
from autor_nb.engine.loops import guards, holdout
from autor_nb.engine.loops.clones import clone_of, publish
from autor_nb.engine.loops.trials import scored

if TYPE_CHECKING:
    from autor_nb.engine.loops.engine import LoopEngine


class Verdicts:
    """Concludes the experiment (or audit) at work."""

    def __init__(self, engine: LoopEngine) -> None:
        self.engine = engine
        self.state, self.config = engine.state, engine.config

    # ---------------------------------------------------------------------------- while it is at work

    def plan(self, step: PlanBlock) -> None:
        """Write down the next pairs; or the verdict, where the forks have spent the rest of the budget meanwhile."""
        place = self._budget(step)
        spent = self._spent(place) if place else None
        if spent is not None:
            self.conclude(spent)
        else:
            self.engine.append(*self.planned(step, place))

    def _spent(self, place: dict[str, Any]) -> Decided | None:
        current = self.state.current
        assert current is not None
        case = case_of(self.state, current, self.config, self.engine.work_now.routes)
        asked = self.engine.gate.next(msgspec.structs.replace(case, **place))
        return asked if isinstance(asked, Decided) else None

    def planned(self, step: PlanBlock, place: dict[str, Any]) -> list[Event]:
        """The next pairs, after the evidence that was read before them."""
        asked, events = step.asked, list[Event]()
        pairs = len(self.state.current.planned) if self.state.current and step.n != ev.AUDIT else 0
        if asked.e_value is not None and step.n != ev.AUDIT:
            events.append(
                ev.EvidenceRead(
                    n=step.n,
                    pairs=pairs,
                    e_value=asked.e_value,
                    bar=asked.bar,
                    alpha_t=asked.alpha_t,
                    mean=self._units(asked.mean),
                    interval=self._turned(asked.interval),
                )
            )
        return [*events, ev.BlockPlanned(n=step.n, pairs=step.pairs, warm_up=step.warm_up, **place)]

    def _budget(self, step: PlanBlock) -> dict[str, Any]:
        """The place of an experiment in the budget of errors, taken at its first block: one counter for all forks.

        The place is on the disk before it is in the log: killed in between, the same experiment finds it again.
        """
        current = self.state.current
        if step.n == ev.AUDIT or current is None or current.planned:
            return {}
        place = self.engine.family.place(step.n, self.state)
        return {"confirms": place.confirms, "keeps": place.keeps}

    # ------------------------------------------------------------------------------------ at the end

    def baseline(self) -> None:
        """Experiment 0: the mean of fresh runs; several metrics are put on their scales here, once."""
        current = self.state.current
        assert current is not None
        counted = [row for row in current.trials if row.counts]
        runs = [row for row in counted if row.role == "reference"]
        calibrating = [row for row in counted if row.role == "calibrate"]
        reference, spare = self._weighed(runs, runs), self._weighed(calibrating, runs)
        self.engine.append(
            ev.ExperimentEnded(
                n=current.n,
                verdict=Verdict.KEEP,
                baseline=True,
                reason=f"the baseline: mean of {len(runs)} fresh runs{self._guards_now(counted)}",
                commit=current.commit,
                parent=current.parent,
                summary="baseline",
                metric=_mean([row.metric for row in runs if row.metric is not None]),
                score=_mean(list(reference) if reference is not None else scored(runs)),
                metrics=self._metrics(runs),
                trials=len(counted),
                duration_s=round(sum(row.duration_s for row in counted), 4),
                reference_scores=tuple(filter(None, (scores_of(row, self.config) for row in runs))) or None,
                calibration=_differences(scored(calibrating) if spare is None else spare),
                resource=_mean([row.resource for row in runs if row.resource is not None]),
                seed=runs[0].seed,
                reference=reference,
            )
        )
        clone_of(self.engine).adopt(self.state.head)

    def _weighed(self, rows: list[TrialRow], runs: list[TrialRow]) -> tuple[float, ...] | None:
        """Their scores by the scales that are frozen here, from `runs`; None where nothing is weighed.

        When these were run there were no scales yet, so that what is in their rows is the one metric's. A killed
        engine's scales stand.
        """
        scalarizer = self.engine.work_now.scalarizer
        if scalarizer is None:
            return None
        if not self.state.frozen:
            frozen = scalarizer.freeze([row.metrics for row in runs])
            self.engine.append(ev.ScalesFrozen(frozen_scales=msgspec.to_builtins(frozen)))
        scales = self.engine.work_now.frozen
        found = [scalarizer.score(row.metrics, scales) for row in rows]
        return tuple(value for value in found if value is not None)

    def _guards_now(self, runs: list[TrialRow]) -> str:
        """That the unchanged code breaks a guard is no fault, yet whoever sleeps over it should have been told."""
        broken = broken_guard(guard_readings(runs, self.config))
        return f"; {broken} already, so only a candidate that mends this can be kept" if broken else ""

    def conclude(self, decided: Decided) -> None:
        """The experiment's verdict; a kept one is adopted after it is in the log, never before."""
        current = self.state.current
        assert current is not None
        if decided.verdict.moves and (failed := self._guards(current)):
            decided = msgspec.structs.replace(decided, verdict=Verdict.DISCARD, reason=failed, confirmed=False)
        if decided.verdict.moves and holdout.is_due(self.engine, current):
            self.engine.append(holdout.asked(self.engine, current))
        self.engine.append(*self._ended(current, decided))
        if decided.confirmed:
            self.engine.family.kept(self.state)
        if decided.verdict.moves:
            clone = clone_of(self.engine)
            clone.adopt(self.state.head)
        if decided.pauses:
            self.engine.append(ev.LoopPaused(reason=decided.reason[:2000], cause="budget"))
        publish(self.engine, all_of_them=decided.verdict.moves)

    def _ended(self, current: Current, decided: Decided) -> list[Event]:
        fresh, events = fresh_scores(current), list[Event]()
        runs = [row for row in current.trials if row.subject == "candidate" and row.counts]
        metrics = [row.metric for row in runs if row.role == "confirm" and row.metric is not None]
        screen = next((row.metric for row in runs if row.role == "screen"), None)
        metric = _mean(metrics) if metrics else screen
        if decided.verdict in (Verdict.CRASH, Verdict.TIMEOUT):
            metric = None
        standing = self.state.head_metric
        delta = metric - standing if metric is not None and standing is not None else None
        case = case_of(self.state, current, self.config, self.engine.work_now.routes)
        reference = reference_after(case, decided.verdict, fresh=self.engine.gate.fresh_reference)
        single = reference_scores_after(case, decided.verdict) if self.engine.work_now.routes else None
        of_runs = (text for row in runs for text in row.suspicions)
        suspicions = dict.fromkeys((*current.suspicions, *of_runs, *_lost(current)))
        if decided.e_value is not None:
            events.append(
                ev.EvidenceRead(
                    n=current.n,
                    pairs=decided.pairs,
                    e_value=decided.e_value,
                    bar=decided.bar,
                    alpha_t=decided.alpha_t,
                    mean=self._units(decided.mean),
                    interval=self._turned(decided.interval),
                )
            )
        ended = ev.ExperimentEnded(
            n=current.n,
            verdict=decided.verdict,
            reason=self._reason(current, decided, screen)[:2000],
            commit=current.commit,
            parent=current.parent,
            summary=self.engine.past.made_otherwise(current.n) or (current.idea.hypothesis if current.idea else ""),
            metric=metric,
            score=_mean(fresh) if fresh else next((row.score for row in runs if row.role == "screen"), None),
            delta=delta,
            metrics=self._metrics(runs),
            e_value=decided.e_value,
            bar=decided.bar,
            alpha_t=decided.alpha_t,
            mean=self._units(decided.mean),
            interval=self._turned(decided.interval),
            confirmed=decided.confirmed,
            within=decided.within,
            reached_confirm=current.reached_confirm,
            suspicious=tuple(text[:300] for text in suspicions)[:10]
            or (("the gate asks for a person",) if decided.suspicious else ()),
            trials=runs_of(current.trials),
            duration_s=round(sum(row.duration_s for row in current.trials if row.counts), 4),
            resource=_mean([row.resource for row in runs if row.resource is not None]),
            cost_usd=current.cost_usd or None,
            seed=runs[0].seed if runs else None,
            reference=reference if tuple(self.state.reference) != reference else None,
            reference_scores=single if single != self.state.reference_scores else None,
        )
        return [*events, ended]

    def _reason(self, current: Current, decided: Decided, screen: float | None) -> str:
        """The gate's reason; that of a screening run in the metric's own units, which the gate does not know."""
        known = mean_metric(list(current.reference), self.config)
        screened_out = decided.verdict is Verdict.DISCARD and decided.e_value is None and not current.planned
        if not screened_out or current.vetoed_by or screen is None or known is None:
            return decided.reason
        if self.engine.work_now.scalarizer is not None or not decided.reason.startswith("not better"):
            return decided.reason
        runs = len(current.reference)
        return (
            f"not better in its screening run: {screen:.6g} against {known:.6g}, the mean of the incumbent's {runs} "
            f"latest run{'s' if runs > 1 else ''}"
        )

    def _metrics(self, runs: list[TrialRow]) -> dict[str, float]:
        names = dict.fromkeys(name for row in runs for name in row.metrics)
        found = {name: _mean([row.metrics[name] for row in runs if name in row.metrics]) for name in names}
        return {name: value for name, value in found.items() if value is not None}

    def audited(self, decided: Decided) -> ev.AuditEnded:
        """What the audit found."""
        audit = self.state.audit
        assert audit is not None
        rows = [row for row in audit.trials if row.counts and row.role == "audit"]
        ours = [row.score for row in rows if row.subject == "candidate" and row.score is not None]
        theirs = [row.score for row in rows if row.subject == "incumbent" and row.score is not None]
        ours += [pair.candidate for pair in audit.done if pair.candidate is not None]
        theirs += [pair.incumbent for pair in audit.done if pair.incumbent is not None]
        return ev.AuditEnded(
            commit=audit.commit,
            n=audit.n,
            pairs=decided.pairs,
            better=decided.verdict is Verdict.KEEP,
            e_value=decided.e_value if decided.e_value is not None else 0.0,
            bar=decided.bar if decided.bar is not None else auditing.bar(audit.place),
            mean=self._units(decided.mean),
            interval=self._turned(decided.interval),
            baseline_metric=self._as_metric(theirs),
            final_metric=self._as_metric(ours),
            reason=decided.reason,
            place=audit.place,
            before=len(audit.done),
            by=audit.by,
        )

    # ------------------------------------------------------------------------------------- its units

    def _as_metric(self, scores: list[float]) -> float | None:
        if self.engine.work_now.scalarizer is not None:
            return _mean(scores)
        return mean_metric(scores, self.config)

    def _units(self, difference: float | None) -> float | None:
        """A difference of scores as one of metrics: turned back; a time's is relative (a share of the incumbent's)."""
        if difference is None:
            return None
        if self.engine.work_now.scalarizer is not None:
            return difference
        turned = difference if self.config.metric.direction == "higher" else 0.0 - difference
        return math.expm1(turned) if self.config.metric.time_like else turned

    def _turned(self, interval: Interval | None) -> Interval | None:
        """The interval of such a difference, its lower end first."""
        if interval is None:
            return None
        low, high = (self._units(end) for end in interval)
        flips = self.engine.work_now.scalarizer is None and self.config.metric.direction == "lower"
        return (high, low) if flips else (low, high)

    # ----------------------------------------------------------------------------------- guards

    def _guards(self, current: Current) -> str:
        """Why the candidate may not be kept, by the first guard command that fails; nothing if all pass."""
        clone = clone_of(self.engine)
        for guard in self.config.guards:
            if guard.command:
                clone.checkout(current.commit)
                if said := self._guard(guard, current.n):
                    return said
        return ""

    def _guard(self, guard: Guard, n: int) -> str:
        found = guards.run(self.engine, guard, f"{n:06d}")
        if found.end.ending == "finished":
            return ""
        place = found.output.relative_to(self.engine.loop.path)
        return f"guard {guard.name} failed: {found.end.detail} See {place}."


def _lost(current: Current) -> list[str]:
    """A program can kill what watches over it to be run again: where that happened, a person is to look."""
    many = sum(row.unwatched for row in current.trials if row.subject == "candidate")
    return [f"what watched over it was killed in {many} of its runs, which were run again"] if many else []


def _differences(scores: Sequence[float]) -> tuple[float, ...]:
    """Of two and two, in their order."""
    return tuple(one - other for one, other in zip(scores[::2], scores[1::2], strict=False))


def _mean(values: list[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None
