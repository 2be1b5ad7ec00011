"""What is tested before a loop is trusted: its surroundings, its gate on no-ops, a real no-op, a broken file."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec

from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.preflight import IDS
from autor_nb.domain.loops.scalarizer import Scalarizer
from autor_nb.domain.loops.seeds import seed_for
from autor_nb.engine.loops import canary, guards, measuring, preflight
from autor_nb.engine.loops.clones import clone_of
from autor_nb.engine.loops.gate_test import test_gate
from autor_nb.engine.loops.preflight_critic import EMBEDDED
from autor_nb.engine.loops.trial import TrialEnd, run_whole
from autor_nb.engine.loops.trials import request_for
from autor_nb.engine.orphans import marker_prefix
from autor_nb.store.loops.clone import Clone

if TYPE_CHECKING:
    from autor_nb.engine.loops.engine import LoopEngine

LEFT_TO_BASELINE = frozenset({"command_runs", "metric_reads", "lock"})


class Trust:
    """The tests of one loop."""

    def __init__(self, engine: LoopEngine) -> None:
        self.engine = engine

    def doctor(self) -> ev.DoctorAnswered:
        """The checks that need no run of the command, which the baseline makes; guards once on the unchanged code."""
        loop = self.engine.loop
        with preflight.prepared(loop.project, loop.name, loop, go_ahead=True) as context:
            context.config, context.refusal = self.engine.config, None
            left = LEFT_TO_BASELINE | self._asked_for_nothing()
            found = [preflight.check(context, id) for id in IDS if id not in left]
        if all(one.state != "blocking" for one in found) and (checked := guards.on_head(self.engine)) is not None:
            found.append(checked)
        rows = tuple({key: str(value)[:600] for key, value in msgspec.to_builtins(one).items()} for one in found)
        return ev.DoctorAnswered(checks=rows, blocking=tuple(one.id for one in found if one.state == "blocking"))

    def _asked_for_nothing(self) -> set[str]:
        """A model is not asked for an idea that nobody will try, nor any critic while a person's idea waits."""
        waits = bool(self.engine.state.pins) or self.engine.config.critic.provider not in EMBEDDED
        return {"critic_dry_run"} if waits else set()

    def test(self, part: str) -> ev.GateTested:
        """One of `steps.TESTS`."""
        began = time.monotonic()
        tested = {"null": self._null, "no_op": self._no_op, "control": self._control}[part]()
        return msgspec.structs.replace(tested, duration_s=round(time.monotonic() - began, 3))

    def _null(self) -> ev.GateTested:
        work, session = self.engine.work_now, self.engine.state.session
        scalarizer: Scalarizer | None = work.scalarizer
        found = test_gate(
            work.gate,
            mode=session.mode if session else "strict",
            seed=seed_for(self.engine.state.seed, "null"),
            metrics=len(scalarizer.metrics) if scalarizer and work.routes else 0,
            routes=work.routes,
            time_like=self.engine.config.metric.time_like,
        )
        return ev.GateTested(
            part="null",
            ok=found.passed,
            detail=found.words[:1000],
            rate=found.rate,
            bound=found.bound,
            sessions=found.sessions,
        )

    def _no_op(self) -> ev.GateTested:
        """One run of the unchanged code on a fresh seed, end to end; it is not counted."""
        clone = clone_of(self.engine)
        clone.checkout(self.engine.state.head)
        _, metric, why = self._run(clone, seed_for(self.engine.state.seed, "no_op"), "no_op")
        ok = metric is not None
        said = f"a run of the unchanged code on a fresh seed gave {metric:.6g}" if metric is not None else why
        return ev.GateTested(part="no_op", ok=ok, detail=said if ok else f"The unchanged code fails: {said}")

    def _control(self) -> ev.GateTested:
        """The mutable files broken in the clone: the command must fail, or the metric move."""
        clone, state = clone_of(self.engine), self.engine.state
        clone.checkout(state.head)
        seed = seed_for(state.seed, "base", 0)
        before = next((row for row in self.engine.past_baseline if row.seed == seed), None)
        try:
            paths = canary.break_files(clone)
            end, metric, _ = self._run(clone, seed, "control")
        finally:
            clone.checkout(state.head)
        if end.ending == "lost":
            return ev.GateTested(part="control", ok=False, detail=end.detail)
        standing = before.metric if before is not None else state.baseline_metric
        ok, said = canary.judged(paths, end.ending == "finished", metric, standing)
        return ev.GateTested(part="control", ok=ok, detail=said)

    def _run(self, clone: Clone, seed: int, what: str) -> tuple[TrialEnd, float | None, str]:
        loop, config = self.engine.loop, self.engine.config
        output = loop.logs / f"{what}.log"
        specs = (config.metric,)
        stamps = measuring.stamps(specs, clone.cwd)
        end = run_whole(
            request_for(config, clone, seed, output, f"{marker_prefix(loop)}{what}", loop.path),
            cancelled=self.engine.interrupting,
        )
        if end.ending != "finished":
            return end, None, end.detail
        found = measuring.measure(output, specs, clone.cwd, before=stamps)[config.metric.name]
        return end, found.value, found.reason
