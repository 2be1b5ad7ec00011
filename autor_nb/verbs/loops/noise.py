"""`autor loop noise`: how noisy any command's metric is, and what a loop could find in that noise."""

from __future__ import annotations

import math
import secrets
from pathlib import Path
from typing import Any, cast

import click
import msgspec

from autor_nb import loop_firstaid
from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.config import MetricSpec, Source, duration_s
from autor_nb.domain.loops.metric import check_pattern
from autor_nb.domain.loops.noise import LEAST_RUNS, NoiseReport, NoiseRequest, NoiseRun
from autor_nb.figures.loop_noise import LoopNoise
from autor_nb.record.units import duration_words, number_words
from autor_nb.store.loops.config_file import read_loop
from autor_nb.verbs import clean
from autor_nb.verbs.blocks import Block, Facts, Heading, Mark, Next, Para, Table, Verbatim
from autor_nb.verbs.loops import loop_named
from autor_nb.verbs.loops import noise_words as words
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import pass_face, verb

SOURCES = ("regex", "json", "last_number")


@verb(
    name="noise",
    examples=(
        "autor loop noise -- python train.py",
        "autor loop noise --metric val_loss --lower -- python train.py --seed {seed}",
        "autor loop noise --loop tsp",
        "autor loop noise --runs 12 --pattern 'acc=(\\S+)' --higher --timeout 5m --cost-per-hour 2.5 -- ./train.sh",
    ),
)
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="-- CMD…")
@click.option(
    "--loop", "name", type=loop_named.LoopName(), metavar="NAME", help="Command, metric, seed and timeout of that loop."
)
@click.option("--runs", type=click.IntRange(LEAST_RUNS, 1000), default=9, show_default=True, help="Different seeds.")
@click.option(
    "--pairs", type=click.IntRange(0, 1000), default=3, show_default=True, help="How many of the seeds to run again."
)
@click.option("--seed-env", metavar="NAME", help="Variable with the seed (else AUTOR_SEED).")
@click.option("--first-seed", type=click.IntRange(0), metavar="N", help="Seeds from N on (else from a random one).")
@click.option("--metric", default="", metavar="NAME", help="What the command prints as `NAME: 0.5` or `NAME=0.5`.")
@click.option("--pattern", default="", metavar="RE", help="Or by a pattern with a group; with --source json a key.")
@click.option(
    "--source", type=click.Choice(SOURCES), help="Where the metric is (else by --pattern, --metric, or last)."
)
@click.option("--lower/--higher", "lower", default=None, help="Which way is better, to say how lucky the first was.")
@click.option("--time-like", is_flag=True, help="The metric is a time: its noise is a ratio.")
@click.option("--timeout", metavar="TIME", help="For one run: 90s, 5m, 2h (else 10m).")
@click.option("--candidates", type=click.IntRange(1, 1000), default=100, show_default=True, help="Session to plan.")
@click.option("--cost-per-hour", type=click.FloatRange(0), metavar="MONEY", help="What an hour of running costs.")
@click.option("--picture", type=click.Path(dir_okay=False), metavar="FILE.png", help="Keep the picture there, too.")
@pass_face
def noise(face: Face, command: tuple[str, ...], picture: str | None, **options: Any) -> Result:
    """Run a command with several seeds, and say how much of its metric is noise.

    Needs no loop and no repository: the command runs here, as you would run it, and nothing is changed. The seed is
    in the variable AUTOR_SEED (--seed-env), and wherever the command has {seed}. With --loop the command of a loop
    that the project declares runs in the project as it lies here.
    """
    request = _request(*_asked(command, options.pop("name"), options), **options)
    report = loop_firstaid.noise(request, lambda run: face.say(_progress(run)))
    result = shown(report, face)
    if picture and result.figures:
        from autor_nb.figures.as_png import to_png
        from autor_nb.store.atomic import write_bytes

        write_bytes(Path(picture), to_png(result.figures[0]))
    return result


def _asked(
    command: tuple[str, ...], name: str | None, options: dict[str, Any]
) -> tuple[str | tuple[str, ...], Path, MetricSpec]:
    """What to run, where, and what to read: as they are said, or as a loop's configuration has them."""
    said = {key: options.pop(key) for key in ("metric", "pattern", "source", "time_like")}
    if name is None:
        options |= {"timeout": options["timeout"] or "10m", "seed_env": options["seed_env"] or "AUTOR_SEED"}
        if not command:
            raise UsageError(
                "There is no command to run.",
                "Write it behind two dashes: `autor loop noise -- python train.py`; or say --loop NAME.",
            )
        words = command[0] if len(command) == 1 and " " in command[0] else command
        return words, Path.cwd(), _metric(said["metric"], said["pattern"], said["source"], options["lower"],
                                          said["time_like"])  # fmt: skip
    if command or any(said.values()) or options["lower"] is not None:
        raise UsageError(
            "--loop takes the command and its metric from the loop's configuration.",
            "Leave out --loop, or the command, --metric, --pattern, --source, --time-like, --lower and --higher.",
        )
    project = loop_named.project_here()
    config = read_loop(project, name)
    options |= {
        "timeout": options["timeout"] or f"{config.trial_timeout_s:.3f}s",
        "seed_env": options["seed_env"] or config.seed_env,
        "lower": config.metric.direction == "lower",
    }
    return config.command, project, config.metric


def _request(
    command: str | tuple[str, ...], cwd: Path, metric: MetricSpec, lower: bool | None, timeout: str, **options: Any
) -> NoiseRequest:
    seconds = duration_s(timeout)
    if not seconds:
        raise UsageError(f"--timeout {timeout!r} is no time above 0.", "Write 90s, 5m or 2h.")
    seed_env = options["seed_env"]
    if not seed_env.isidentifier() or not seed_env.isascii():
        raise UsageError(f"--seed-env {seed_env!r} cannot name a variable.", "Use letters, digits and `_`.")
    first = options["first_seed"]
    return NoiseRequest(
        command=command,
        cwd=str(cwd),
        metric=metric,
        direction="" if lower is None else "lower" if lower else "higher",
        runs=options["runs"],
        pairs=min(options["pairs"], options["runs"]),
        seed_env=seed_env,
        first_seed=secrets.randbelow(2**24) if first is None else first,
        timeout_s=seconds,
        candidates=options["candidates"],
        cost_per_hour=options["cost_per_hour"],
    )


def _metric(name: str, pattern: str, source: str | None, lower: bool | None, time_like: bool) -> MetricSpec:
    chosen = source or ("regex" if pattern or name else "last_number")
    if chosen == "regex" and not pattern and not name:
        raise UsageError("--source regex needs a name or a pattern.", "Add --metric NAME or --pattern RE.")
    if chosen == "json" and not pattern and not name:
        raise UsageError("--source json needs a key.", "Add --pattern a.b, or --pattern metrics.json#a.b for a file.")
    if chosen == "last_number" and pattern:
        raise UsageError("--source last_number takes no pattern.", "Remove --pattern, or --source.")
    if chosen == "regex" and pattern:
        check_pattern(pattern)
    return MetricSpec(
        name=name or "metric",
        direction="higher" if lower is False else "lower",
        source=cast(Source, chosen),
        pattern=pattern,
        time_like=time_like,
    )


def _progress(run: NoiseRun) -> str:
    said = number_words(run.value, 6) if run.value is not None else f"no value: {run.reason}"
    again = " again" if run.again else ""
    return clean.line(f"run {run.number}/{run.of}  seed {run.seed}{again}: {said}  ({duration_words(run.duration_s)})")


def shown(report: NoiseReport, face: Face) -> Result:
    """The card, with the picture."""
    name = report.request.metric.name
    mark = Mark("interrupted" if report.interrupted else "complete")
    blocks: list[Block] = [Heading(f"Noise of {clean.line(name, 60)}", mark, f"{len(report.runs)} runs")]
    blocks += [Para(sentence) for sentence in words.sentences(report)]
    blocks.append(Facts(words.facts(report)))
    if report.plan is not None:
        rows = tuple(
            (f"{effect:g} SD", number_words(words.in_unit(report, effect), 3), f"{power:.0%}")
            for effect, power in report.plan.powers
        )
        blocks.append(
            Table(("an improvement of", "in the metric", "is found with"), rows, title="What a loop would find")
        )
    figures = (_figure(report),) if report.spread is not None else ()
    if face.name != "notebook":
        blocks += [Verbatim(figure.text(), title="The runs") for figure in figures]
    blocks.append(Next((("autor loop noise --runs 20 -- …", "a narrower interval of the SD"),)))
    return Result(
        facts=_facts(report),
        blocks=tuple(blocks),
        hints=tuple(words.sentences(report)),
        exit_code=130 if report.interrupted else 0,
        state=report,
        figures=figures,
    )


def _facts(report: NoiseReport) -> dict[str, Any]:
    facts: dict[str, Any] = msgspec.to_builtins(report)
    facts["failed"] = len(report.failed)
    facts["sentences"] = words.sentences(report)
    return facts


def _figure(report: NoiseReport) -> LoopNoise:
    assert report.spread is not None
    metric = report.request.metric
    mean, sd = report.spread.mean, report.spread.sd
    if metric.time_like:
        mean = math.exp(mean)
        sd = mean * sd
    with_value = [(run.seed, run.value, run.again) for run in report.runs if run.value is not None]
    return LoopNoise(
        name=clean.line(metric.name, 60),
        runs=tuple((seed, value) for seed, value, again in with_value if not again),
        mean=mean,
        sd=sd,
        again=tuple((seed, value) for seed, value, again in with_value if again),
        first=words.luck(report),
    )
