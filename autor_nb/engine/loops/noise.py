"""`loop noise`: runs a command with several seeds, some of them twice, and says what its noise means for a loop."""

from __future__ import annotations

import functools
import math
import secrets
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from autor_nb import registry
from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops import noise as nouns
from autor_nb.domain.loops.noise import NoiseReport, NoiseRequest, NoiseRun, Plan, Spread
from autor_nb.domain.loops.printed import backwards
from autor_nb.domain.loops.verdict import Verdict
from autor_nb.engine.loops.measuring import measure, stamps
from autor_nb.engine.loops.simulation import Simulator, World
from autor_nb.engine.loops.trial import TrialRequest, run_whole

POWER = 0.8
REAL_SHARE = 0.1
EFFECTS = (1.0, 1.5, 2.0, 2.25, 2.5, 3.0, 4.0, 6.0)
SESSIONS = 50
LAST_LINES = 12


def measure_noise(
    request: NoiseRequest, on_run: Callable[[NoiseRun], None], stopped: Callable[[], bool] = lambda: False
) -> NoiseReport:
    """Do it; UsageError if the first run gives no value, or too few of them do. Stopped early, what is known."""
    runs: list[NoiseRun] = []
    seeds = [request.first_seed + offset for offset in range(request.runs)]
    turns = [(seed, False) for seed in seeds] + [(seed, True) for seed in seeds[: request.pairs]]
    with tempfile.TemporaryDirectory(prefix="autor-noise-") as folder:
        for number, (seed, again) in enumerate(turns, start=1):
            if stopped():
                break
            run = _run(request, seed, Path(folder) / "output.txt", stopped)
            if run is None:
                break
            run = msgspec.structs.replace(run, number=number, of=len(turns), again=again)
            on_run(run)
            if run.value is None and not any(earlier.value is not None for earlier in runs):
                raise _no_value(request, run, Path(folder) / "output.txt")
            runs.append(run)
    interrupted = len(runs) < len(turns)
    report = _report(request, tuple(runs), interrupted)
    if len(report.values) < nouns.LEAST_RUNS and not interrupted:
        worst = report.failed[-1]
        raise UsageError(
            f"Only {len(report.values)} of {request.runs} runs gave a value; seed {worst.seed}: {worst.reason}",
            "Mend the command, or ask for more --runs.",
        )
    return report


def _run(request: NoiseRequest, seed: int, output: Path, stopped: Callable[[], bool]) -> NoiseRun | None:
    """One run; None if it was stopped."""
    cwd = Path(request.cwd)
    before = stamps([request.metric], cwd)
    ended = run_whole(
        TrialRequest(
            command=request.command,
            cwd=cwd,
            output=output,
            marker=f"noise-{secrets.token_hex(8)}",
            timeout_s=request.timeout_s,
            seed=seed,
            seed_env=request.seed_env,
        ),
        cancelled=stopped,
    )
    if ended.ending == "stopped":
        return None
    value, reason = None, ended.detail
    if ended.ending == "finished":
        found = measure(output, [request.metric], cwd, before)[request.metric.name]
        value, reason = found.value, found.reason
        if value is not None and request.metric.time_like and value <= 0:
            value, reason = None, f"A time is above 0; it printed {value:g}."
    started = ended.ending != "not_started"
    return NoiseRun(
        number=0, of=0, seed=seed, value=value, reason=reason, duration_s=ended.duration_s, started=started
    )


def _no_value(request: NoiseRequest, run: NoiseRun, output: Path) -> UsageError:
    """The very first run says that something is set up wrongly."""
    lines: list[str] = []
    if output.exists():
        for line in backwards(output):
            lines.append(line.text[-200:])
            if len(lines) == LAST_LINES:
                break
    said = "\n".join(f"  {line}" for line in reversed(lines))
    ran = run.reason and not run.reason.startswith("It ")
    mend = (
        "Name what it prints: --metric NAME (`NAME: 0.5`), --pattern 'loss=(\\S+)', or --source json --pattern a.b."
        if ran
        else "Run it by hand as it stands there; --timeout 30m gives it more time."
    )
    if not run.started:
        mend = "Correct the program's name or path; `command -v NAME` says where the shell finds it."
    shown = request.command if isinstance(request.command, str) else " ".join(request.command)
    return UsageError(
        f"The first run of {shown[:200]!r} gave no value. {run.reason}"
        + (f"\nIts last lines:\n{said}" if said else "\nIt printed nothing." if run.started else ""),
        mend,
    )


def _report(request: NoiseRequest, runs: tuple[NoiseRun, ...], interrupted: bool) -> NoiseReport:
    report = NoiseReport(request=request, runs=runs, seed="unknown", interrupted=interrupted)
    scaled = nouns.on_scale(report.values, request.metric)
    if len(scaled) < nouns.LEAST_RUNS:
        return report
    spread = _spread(scaled)
    found = nouns.pairing(runs, request.metric, spread.sd)
    durations = [run.duration_s for run in runs if run.value is not None]
    return msgspec.structs.replace(
        report,
        spread=spread,
        pairing=found,
        seed=nouns.seed_says(spread.sd, found),
        lucky_sd=nouns.lucky(report.values[0], spread, request.metric, request.direction),
        plan=_plan(request, spread.sd, statistics.median(durations)) if spread.sd > 0 else None,
    )


def _spread(values: tuple[float, ...]) -> Spread:
    """The SD's interval is the chi-squared one: right for Gaussian noise, too narrow for heavier tails."""
    from scipy.special import chdtri

    mean, sd = nouns.moments(values)
    free = len(values) - 1
    return Spread(
        count=len(values),
        mean=mean,
        sd=sd,
        low=sd * math.sqrt(free / float(chdtri(free, 0.025))),
        high=sd * math.sqrt(free / float(chdtri(free, 0.975))),
    )


@functools.cache
def gate_power(candidates: int) -> tuple[tuple[float, float, float], ...]:
    """(effect in SDs, power, runs a session) of the default gate, one in ten candidates real; first row: none is."""
    gate = registry.load("gates", "eprocess")()
    rows = []
    for effect in (0.0, *EFFECTS):
        simulator = Simulator(gate, World(candidates=candidates, effects=((REAL_SHARE, effect),) if effect else ()))
        sessions = [simulator.session(number) for number in range(max(4, SESSIONS * 100 // max(candidates, 1)))]
        real = [one for session in sessions for one in session.tried if one.effect > 0]
        found = sum(one.verdict is Verdict.KEEP for one in real) / len(real) if real else 0.0
        rows.append((effect, found, sum(session.runs for session in sessions) / len(sessions)))
    return tuple(rows)


def _plan(request: NoiseRequest, sd: float, run_s: float) -> Plan:
    """Seeds are counted as saving nothing: a changed program draws other noise from the same seed."""
    rows = gate_power(request.candidates)
    effect_sd, power, runs = next((row for row in rows if row[1] >= POWER), rows[-1])
    many = sorted((math.ceil(rows[0][2]), math.ceil(runs)))
    hours = [count * run_s / 3600 for count in many]
    cost = request.cost_per_hour
    return Plan(
        candidates=request.candidates,
        effect_sd=effect_sd,
        effect=math.expm1(effect_sd * sd) if request.metric.time_like else effect_sd * sd,
        power_at_effect=power,
        powers=tuple((effect, found) for effect, found, _ in rows[1:]),
        runs_low=many[0],
        runs_high=many[1],
        run_s=run_s,
        hours_low=hours[0],
        hours_high=hours[1],
        cost_low=None if cost is None else hours[0] * cost,
        cost_high=None if cost is None else hours[1] * cost,
    )
