"""One run of the command in the clone: sealed before, looked at after, read by the declared rules, written down."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.at_work import TrialRow
from autor_nb.domain.loops.config import LoopConfig, MetricSpec
from autor_nb.domain.loops.metric import Measurement, metrics_file, score
from autor_nb.domain.loops.printed import backwards
from autor_nb.domain.loops.steps import Run
from autor_nb.domain.loops.suspicion import Judgement, TrialFacts
from autor_nb.engine.loops import measuring, sandbox, tampering
from autor_nb.engine.loops.clones import clone_of
from autor_nb.engine.loops.ideas import tampering_around
from autor_nb.engine.loops.trial import TrialEnd, TrialRequest, run_trial
from autor_nb.engine.orphans import marker_prefix
from autor_nb.store.loops.clone import Clone

if TYPE_CHECKING:
    from autor_nb.engine.loops.engine import LoopEngine

REMEMBERED = 200
FIELDS_CAP = 500
LOST_MOST = 2


class Trials:
    """Runs one planned run of the experiment (or audit) at work."""

    def __init__(self, engine: LoopEngine) -> None:
        self.engine = engine
        self.state, self.config, self.loop = engine.state, engine.config, engine.loop

    def run(self, step: Run) -> None:
        """Run it, and append how it went."""
        clone = clone_of(self.engine)
        clone.checkout(step.commit)
        number = self.state.next_trial
        output = self.loop.output(number)
        around = tampering_around(self.engine, clone)
        seen = tampering.watch(clone, around, extra=self._own_files())
        specs = (self.config.metric, *self.config.metrics)
        early = tampering.metrics_file_before(clone, around)
        stamps = measuring.stamps(specs, clone.cwd)
        end = self._command(clone, step, number, output)
        if end.ending == "stopped":
            self._append(step, number, end, output, reason="It was stopped before it had ended.")
            return
        found = measuring.measure(output, specs, clone.cwd, before=stamps) if end.ending == "finished" else {}
        facts = self._facts(step, end, output)
        judged = early + tampering.metrics_file_after(clone, around) + tampering.after(seen, facts)
        if end.ending == "lost":
            end = self._lost(step, end, judged)
        self._append(step, number, end, output, found, judged, self._resource(output), facts.output_sha256)
        if step.subject == "incumbent" and facts.metric_lines is not None:
            self.engine.reference_facts.append((end.duration_s, facts.metric_lines))
        del self.engine.reference_facts[:-REMEMBERED]

    def _lost(self, step: Run, end: TrialEnd, judged: Judgement) -> TrialEnd:
        """It is run again, unless it was tampered with, or lost so often that the command itself must be to blame."""
        at_work = self.state.audit if step.n == ev.AUDIT else self.state.current
        before = sum(row.unwatched for row in at_work.trials) if at_work is not None else 0
        if judged.tampered or before >= LOST_MOST:
            return msgspec.structs.replace(end, ending="failed")
        return msgspec.structs.replace(end, detail=f"{end.detail} It is run again.")

    def _own_files(self) -> list[tuple[str, Path]]:
        """What of the person's project a trial must not touch: the configuration, the direction, the holdout."""
        project = self.loop.project
        names = [*tampering.CONFIGURATIONS, self.config.holdout]
        return [(f"{name} of the project", project / name) for name in names if name and (project / name).exists()]

    def _command(self, clone: Clone, step: Run, number: int, output: Path) -> TrialEnd:
        marker = f"{marker_prefix(self.loop)}{number}"

        def started(pid: int, process_started: float) -> None:
            self.engine.append(
                ev.TrialStarted(
                    trial=number,
                    n=step.n,
                    role=step.role,
                    subject=step.subject,
                    commit=step.commit,
                    seed=step.seed,
                    pair=step.pair,
                    pid=pid,
                    process_started=process_started,
                    marker=marker,
                    output=output.relative_to(self.loop.path).as_posix(),
                )
            )

        return run_trial(
            request_for(self.config, clone, step.seed, output, marker, self.loop.path),
            spawned=started,
            cancelled=lambda: self.engine.interrupting(audit=step.n == ev.AUDIT),
        )

    def _resource(self, output: Path) -> float | None:
        if self.config.resource is None:
            return None
        return measuring.measure_resource(output, self.config.resource).value

    def _facts(self, step: Run, end: TrialEnd, output: Path) -> TrialFacts:
        known = self.engine.reference_facts if step.subject == "candidate" else []
        return TrialFacts(
            duration_s=end.duration_s,
            reference_durations=tuple(duration for duration, _ in known),
            metric_lines=tampering.metric_lines(output, tampering_around(self.engine, clone_of(self.engine))),
            reference_lines=tuple(lines for _, lines in known),
            output_sha256=_sha256(output),
            seed=step.seed,
            earlier_outputs=tuple(self.engine.outputs) if step.subject == "candidate" and self._is_printed() else (),
            reference_varies=len(set(self.state.baseline_scores)) != 1,
        )

    def _is_printed(self) -> bool:
        """Whether the metric is in the output: where it is in a file, runs may all print the same and be honest."""
        return not metrics_file(self.config.metric)

    def _append(
        self,
        step: Run,
        number: int,
        end: TrialEnd,
        output: Path,
        found: dict[str, Measurement] | None = None,
        judged: Judgement | None = None,
        resource: float | None = None,
        sha256: str = "",
        reason: str = "",
    ) -> None:
        judged = judged or Judgement()
        values = {name: one.value for name, one in (found or {}).items() if one.value is not None}
        metric, value, missing = self._judged(found or {}, values)
        if end.ending != "finished":
            metric, value, missing = None, None, f"{end.detail} {last_lines(output)}".strip()
        elif judged.tampered:
            value, missing = None, "; ".join(judged.tampered)
        self.engine.append(
            ev.TrialEnded(
                trial=number,
                n=step.n,
                role=step.role,
                subject=step.subject,
                ending=str(end.ending),
                score=value,
                metric=metric,
                metrics=values if len(values) > 1 else {},
                seed=step.seed,
                pair=step.pair,
                exit_code=end.exit_code,
                duration_s=round(end.duration_s, 4),
                resource=resource,
                reason=(reason or missing)[: 2 * FIELDS_CAP],
                tampered=tuple(text[:FIELDS_CAP] for text in judged.tampered[:20]),
                suspicions=tuple(text[:FIELDS_CAP] for text in judged.suspicions[:20]),
                output=output.relative_to(self.loop.path).as_posix(),
                output_bytes=end.output_bytes,
                output_sha256=sha256,
                slept=end.slept,
                unwatched=end.ending == "lost",
            )
        )

    def _judged(
        self, found: dict[str, Measurement], values: dict[str, float]
    ) -> tuple[float | None, float | None, str]:
        """(metric, score, why there is none)."""
        main = found.get(self.config.metric.name)
        metric = main.value if main is not None else None
        work = self.engine.work_now
        if work.scalarizer is not None and work.frozen is not None:
            value = work.scalarizer.score(values, work.frozen)
            return metric, value, "" if value is not None else _why(found, (self.config.metric, *self.config.metrics))
        value = score(metric, self.config.metric)
        return metric, value, "" if value is not None else _why(found, (self.config.metric,))


def last_lines(output: Path, count: int = 3) -> str:
    """The end of what a run printed, as one line; nothing if it printed nothing."""
    found: list[str] = []
    with contextlib.suppress(OSError):
        for line in backwards(output):
            if text := "".join(char if char.isprintable() else " " for char in line.text).strip():
                found.append(text[-200:])
            if len(found) == count:
                break
    return f"Its last lines: {' · '.join(reversed(found))}" if found else ""


def request_for(
    config: LoopConfig, clone: Clone, seed: int | None, output: Path, marker: str, folder: Path
) -> TrialRequest:
    """The run of a loop's command; in a sandbox neither the loop's own folder nor the holdout can be seen."""
    clone.lent = True
    project = folder.parent.parent
    hidden = (folder, *sandbox.holdouts(config.holdout, clone.cwd, project))
    return TrialRequest(
        command=config.command,
        cwd=clone.cwd,
        output=output,
        marker=marker,
        timeout_s=config.trial_timeout_s,
        seed=seed,
        seed_env=config.seed_env,
        sandbox=config.sandbox,
        writable=(clone.path,),
        hidden=hidden,
    )


def _why(found: dict[str, Measurement], specs: tuple[MetricSpec, ...]) -> str:
    for spec in specs:
        one = found.get(spec.name)
        if one is None or one.value is None:
            return one.reason if one is not None and one.reason else f"The metric {spec.name} was not read."
    return "The metric has no finite score."


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return ""


def scored(rows: list[TrialRow]) -> list[float]:
    """The scores of the runs that have one."""
    return [row.score for row in rows if row.score is not None]
