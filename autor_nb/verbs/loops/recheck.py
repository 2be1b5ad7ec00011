"""`autor loop recheck`: whether the gain that a history records is real, by measuring it again on fresh seeds."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import click
import msgspec

from autor_nb import loop_firstaid
from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.config import LoopConfig, MetricSpec, Source, duration_s
from autor_nb.domain.loops.gate import AUDIT_PAIRS, TIME_REPEATS, score_of
from autor_nb.domain.loops.metric import check_pattern
from autor_nb.domain.loops.recheck import RecheckReport, RecheckRequest, RecheckRun, sequence
from autor_nb.domain.loops.record import Record
from autor_nb.figures.loop_recheck import LoopRecheck
from autor_nb.record.units import count_words, duration_words, number_words
from autor_nb.store.loops import config_file, foreign_history, making, results_tsv, standing
from autor_nb.store.loops.layout import LOOPS, LoopFolder, all_loops
from autor_nb.verbs import clean
from autor_nb.verbs.blocks import Block, Cell, Facts, Heading, Mark, Next, Para, Verbatim
from autor_nb.verbs.loops import loop_named
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import pass_face, verb

_SOURCES = ("regex", "json", "last_number")
_HISTORY = (".tsv", ".jsonl", ".ndjson", ".csv", ".txt")


@verb(
    name="recheck",
    examples=(
        "autor loop recheck results.tsv --command 'python train.py'",
        "autor loop recheck --loop tsp",
        "autor loop recheck experiments.jsonl",
        "autor loop recheck 3f2a91c HEAD --command 'python train.py' --metric val_loss --lower",
    ),
)
@click.argument("what", nargs=-1, metavar="[FILE | COMMIT_A COMMIT_B]")
@click.option("--command", default="", metavar="CMD", help="What measures (else the loop's own in autor.toml …).")
@click.option("--loop", "loop_name", type=loop_named.LoopName(), default="", metavar="NAME",
              help="Which loop's configuration to take, and its record where nothing else is named.")
@click.option("--metric", default="", metavar="NAME", help="What the command prints as `NAME: 0.5` or `NAME=0.5`.")
@click.option("--pattern", default="", metavar="RE", help="Or by a pattern with a group; with --source json a key.")
@click.option("--source", type=click.Choice(_SOURCES), help="Where the metric is.")
@click.option("--lower/--higher", "lower", default=None, help="Which way is better (else as the history's gain went).")
@click.option("--time-like", is_flag=True, help="The metric is a time: it is compared by ratios.")
@click.option("--pairs", type=click.IntRange(2, AUDIT_PAIRS), default=AUDIT_PAIRS, show_default=True, help="At most.")
@click.option("--seed-env", default="", metavar="NAME", help="Variable with the seed (AUTOR_SEED).")
@click.option("--first-seed", type=click.IntRange(0), metavar="N", help="Seeds from N on (else from a random one).")
@click.option("--timeout", default="", metavar="TIME", help="For one run: 90s, 5m, 2h (10m).")
@click.option("--link", multiple=True, metavar="GLOB", help="Ignored inputs that the command needs, e.g. data.")
@click.option("--picture", type=click.Path(dir_okay=False), metavar="FILE.png", help="Keep the picture there, too.")
@pass_face
def recheck(face: Face, what: tuple[str, ...], picture: str | None, **options: Any) -> Result:
    """Measure a recorded gain again: first baseline against last kept commit, on fresh seeds, in clean clones.

    FILE is a results.tsv or an experiments.jsonl, ours or another tool's, in the repository that it is about; without
    one it is what the loop here has recorded. Nothing of the repository is changed.
    """
    request = _request(what, **options)
    face.say(f"{request.baseline[:10]} against {request.final[:10]}, at most {request.pairs} pairs")
    report = loop_firstaid.recheck(request, lambda run: face.say(_progress(run)))
    result = shown(report, face)
    if picture and result.figures:
        from autor_nb.figures.as_png import to_png
        from autor_nb.store.atomic import write_bytes

        write_bytes(Path(picture), to_png(result.figures[0]))
    return result


@dataclass(frozen=True)
class _Sides:
    """The two commits, and what was recorded about them."""

    project: Path
    baseline: str
    final: str
    metric: str = ""
    before: float | None = None
    after: float | None = None
    loop: LoopFolder | None = None


def _request(what: tuple[str, ...], **options: Any) -> RecheckRequest:
    sides = _sides(what, options["metric"], options["loop_name"])
    config = _config(sides, options["loop_name"], needed=not options["command"])
    command = options["command"] or (config.command if config else "")
    source = making.find_source(sides.project)
    commits = []
    for named in (sides.baseline, sides.final):
        commit = source.git.commit_of(named)
        if commit is None:
            raise UsageError(
                f"{named!r} is no commit of {source.top}.",
                "Was its branch deleted? `git log --all` shows what is there.",
            )
        commits.append(commit)
    if commits[0] == commits[1]:
        raise UsageError(
            f"Both are commit {commits[0][:10]}.",
            "Nothing differs: a change is to be committed before it is recorded, and what was measured named by its "
            "commit.",
        )
    timeout = _timeout(options["timeout"], config)
    first = options["first_seed"]
    return RecheckRequest(
        project=str(sides.project),
        baseline=commits[0],
        final=commits[1],
        command=command,
        metric=_metric(sides, config, options),
        recorded_baseline=sides.before,
        recorded_final=sides.after,
        link=options["link"] or (config.link if config else ()),
        pairs=options["pairs"] - options["pairs"] % 2,
        seed_env=options["seed_env"] or (config.seed_env if config else "AUTOR_SEED"),
        first_seed=secrets.randbelow(2**30) if first is None else first,
        coin=secrets.randbelow(2**30),
        timeout_s=timeout,
    )


def _timeout(said: str, config: LoopConfig | None) -> float:
    seconds = duration_s(said) if said else config.trial_timeout_s if config else 600.0
    if not seconds:
        raise UsageError(f"--timeout {said!r} is no time above 0.", "Write 90s, 5m or 2h.")
    return seconds


def _sides(what: tuple[str, ...], metric: str, loop_name: str) -> _Sides:
    if not what and (loop_name or all_loops(loop_named.project_here())):
        return _of_loop(loop_named.loop_here(loop_name or None), metric)
    if len(what) == 2:
        return _Sides(Path.cwd(), what[0], what[1], metric)
    if len(what) != 1:
        raise UsageError(
            f"{'Nothing' if not what else 'Too much'} was named.",
            "`autor loop recheck results.tsv`, or two commits: `autor loop recheck COMMIT_A COMMIT_B`.",
        )
    path = Path(what[0])
    if not path.is_file():
        mend = "Name a results.tsv or an experiments.jsonl, or two commits." if path.suffix not in _HISTORY else (
            "`ls` shows what is there.")  # fmt: skip
        raise UsageError(f"There is no file {path}.", mend)
    return _of_file(path, metric)


def _of_loop(loop: LoopFolder, metric: str) -> _Sides:
    """What one of our loops holds, its own experiments and those that were recorded."""
    if not loop.experiments.is_file():
        raise UsageError(f"Loop {loop.name} holds no experiment yet.",
                         f"`autor loop start {loop.name} --iterations 20` makes some.")
    return _of_file(loop.experiments, metric)


def _of_file(path: Path, metric: str) -> _Sides:
    if path.suffix in (".jsonl", ".ndjson"):
        records, name = foreign_history.read_jsonl(path).records, metric
    else:
        table = results_tsv.read(path, metric)
        records, name = table.records(), metric or table.metric
    return _from_records(path, records, name)


def _from_records(path: Path, records: list[Record], metric: str) -> _Sides:
    """The first baseline (else the first with a commit and a metric), and the last kept one."""
    usable = [one for one in records if one.hash or one.short_hash]
    baseline = next((one for one in usable if one.status == "baseline"), None)
    baseline = baseline or next((one for one in usable if one.metric is not None), None)
    kept = [one for one in usable if one.status == "keep" and baseline is not None and one.run > baseline.run]
    moved = [one for one in kept if baseline is not None and not _same_commit(one, baseline)]
    if baseline is None:
        raise UsageError(
            f"{path} names no commit that has a metric.",
            "Name the two commits: `autor loop recheck COMMIT_A COMMIT_B`.",
        )
    if not kept:
        raise UsageError(
            f"{path} holds no kept experiment after its baseline.",
            "There is no gain to measure again; `autor loop noise` says how much is noise.",
        )
    final = (moved or kept)[-1]  # a keep of the baseline's own commit changed nothing that could be measured
    home = LoopFolder(path.resolve().parent)
    own = home if home.path.parent.name == LOOPS and home.exists else None
    folder = own.project if own else config_file.find_project(home.path) or home.path
    return _Sides(
        folder, baseline.hash or baseline.short_hash, final.hash or final.short_hash, metric, baseline.metric,
        final.metric, own,
    )  # fmt: skip


def _same_commit(one: Record, other: Record) -> bool:
    """Whether both name the same commit, one of them perhaps shortened."""
    a, b = one.hash or one.short_hash, other.hash or other.short_hash
    return a.startswith(b) or b.startswith(a)


def _config(sides: _Sides, name: str, *, needed: bool) -> LoopConfig | None:
    """As the loop runs by, whose history it is; else as a file of the project declares it."""
    if sides.loop is not None and name in ("", sides.loop.name):
        return msgspec.convert(standing.read(sides.loop).config, LoopConfig)
    folder = config_file.find_project(sides.project) or sides.project
    try:
        return config_file.read_loop(folder, name or None)
    except UsageError as error:
        if needed or name:
            raise UsageError(
                f"It is not known what command measures: {error.message}",
                "Say it: --command 'python train.py'.",
            ) from error
        return None


def _metric(sides: _Sides, config: LoopConfig | None, options: dict[str, Any]) -> MetricSpec:
    lower, time_like = options["lower"], options["time_like"]
    said = options["source"] or options["pattern"]
    if config and not said and sides.metric in ("", "metric", config.metric.name):
        found = config.metric
        turned = found.direction if lower is None else "lower" if lower else "higher"
        return msgspec.structs.replace(found, direction=turned, time_like=time_like or found.time_like)
    if lower is None:
        if sides.before is None or sides.after is None or sides.before == sides.after:
            raise UsageError("It is not known which way is better.", "Add --lower or --higher.")
        lower = sides.after < sides.before  # what was kept was better, says who kept it
    named = sides.metric if sides.metric not in ("", "metric") else ""
    source = options["source"] or ("regex" if options["pattern"] or named else "last_number")
    if source == "regex" and options["pattern"]:
        check_pattern(options["pattern"])
    return MetricSpec(
        name=named or "metric", direction="lower" if lower else "higher", source=cast(Source, source),
        pattern=options["pattern"], time_like=time_like,
    )  # fmt: skip


def _progress(run: RecheckRun) -> str:
    said = number_words(run.value, 6) if run.value is not None else f"no value: {run.reason}"
    where = f"pair {run.pair}/{run.of}" if run.pair else "warm-up"
    return clean.line(f"{where}  {run.side}  seed {run.seed}: {said}  ({duration_words(run.duration_s)})")


def shown(report: RecheckReport, face: Face) -> Result:
    """The card, with the picture."""
    request = report.request
    mark = Mark("interrupted" if report.interrupted else "complete")
    title = f"Recheck of {clean.line(request.metric.name, 60)}"
    blocks: list[Block] = [Heading(title, mark, f"{request.baseline[:10]} against {request.final[:10]}")]
    said = sentences(report)
    blocks += [Para(sentence) for sentence in said]
    blocks += [Para(clean.line(note, 300), quiet=True) for note in report.notes]
    blocks.append(Facts(_pairs_of_facts(report)))
    figures = (figure_of(report),) if report.changes else ()
    if face.name != "notebook":
        blocks += [Verbatim(figure.text(), title="The pairs") for figure in figures]
    blocks.append(Next((("autor loop noise -- CMD", "how much of one run is noise"),)))
    facts: dict[str, Any] = msgspec.to_builtins(report)
    facts |= {"changes": list(report.changes), "change": report.change, "recorded": request.recorded, "sentences": said}
    return Result(
        facts=facts,
        blocks=tuple(blocks),
        hints=tuple(said),
        exit_code=130 if report.interrupted else 0,
        state=report,
        figures=figures,
    )


def _signed(report: RecheckReport, value: float | None, infinite: str = "") -> str:
    if value is None:
        return infinite
    if report.request.metric.time_like:
        return f"{100 * value:+.3g} %".replace("-", "−") if value else "0 %"
    text = f"{abs(value):.3g}" if abs(value) < 1000 else number_words(abs(value), 3)
    return ("+" if value > 0 else "−" if value < 0 else "") + text


def sentences(report: RecheckReport) -> list[str]:
    """What was recorded, what was measured, and what that shows."""
    request, count = report.request, len(report.changes) // 2 * 2  # read after whole blocks of two
    said = []
    recorded = request.recorded
    gain = f"The recorded change of {_signed(report, recorded)}" if recorded is not None else "The change"
    if report.change is None or not count:
        why = "It was interrupted before two pairs were complete." if report.interrupted else f"{report.reason}."
        return [f"{gain} could not be measured again: {why[0].lower()}{why[1:]}"]
    mean, low, high = report.change
    interval = f"[{_signed(report, low, '−∞')}, {_signed(report, high, '+∞')}]"
    measured = f"{gain} was re-measured on {count_words(count, 'fresh pair')}: {_signed(report, mean)} {interval}"
    e_value = number_words(report.e_value, 3) if report.e_value is not None else "1"
    if report.better:
        said.append(f"{measured}; the final commit is better than the baseline (E {e_value} ≥ {report.bar:g}).")
    elif report.seed_ignored:
        said.append(f"{measured}; but the final commit gives one and the same value on every seed: seed not honoured.")
    else:
        said.append(
            f"{measured}; this does not show that the final commit is better than the baseline "
            f"(E {e_value} < {report.bar:g})."
        )
    if report.interrupted:
        said.append("It was interrupted: this is what is known so far, and no verdict.")
    if not any(report.changes):
        said.append(
            f"Every pair gave the same value twice. If no seed moves the metric, let the command read "
            f"{request.seed_env}: bit-identical is not noise-free."
        )
    elif recorded is not None and report.better and abs(recorded) > 1.5 * abs(mean):
        said.append(f"The recorded number overstates it by a factor of {abs(recorded / mean):.1f}.")
    return said


def _pairs_of_facts(report: RecheckReport) -> tuple[tuple[str, Cell], ...]:
    request = report.request
    base = [pair.baseline for pair in report.pairs if pair.baseline is not None]
    final = [pair.final for pair in report.pairs if pair.final is not None]

    def mean(values: list[float]) -> str:
        return number_words(sum(values) / len(values), 5) if values else "–"

    def record(value: float | None) -> str:
        return f" (recorded {number_words(value, 5)})" if value is not None else ""

    command = request.command if isinstance(request.command, str) else " ".join(request.command)
    repeats = f"; a pair's times are medians of {TIME_REPEATS} in turn" if request.metric.time_like else ""
    return (
        ("baseline", f"{request.baseline[:10]}: mean {mean(base)}{record(request.recorded_baseline)}"),
        ("final", f"{request.final[:10]}: mean {mean(final)}{record(request.recorded_final)}"),
        ("better is", request.metric.direction),
        ("command", clean.line(command, 200)),
        ("runs", f"{len(report.runs)} in {duration_words(sum(run.duration_s for run in report.runs))}{repeats}"),
    )


def figure_of(report: RecheckReport) -> LoopRecheck:
    """The picture."""
    metric = report.request.metric
    whole = [
        (pair, report.request.metric) for pair in report.pairs
        if pair.baseline is not None and pair.final is not None and not pair.slept
    ]  # fmt: skip
    higher = metric.direction == "higher"
    scores = []
    for pair, _ in whole:
        ours, theirs = (score_of(value or 0.0, higher=higher, time_like=metric.time_like)
                        for value in (pair.final, pair.baseline))  # fmt: skip
        scores.append((ours or 0.0) - (theirs or 0.0))
    return LoopRecheck(
        name=clean.line(metric.name, 60),
        pairs=tuple((f"seed {pair.seed}", value) for (pair, _), value in zip(whole, report.changes, strict=False)),
        sequence=sequence(tuple(scores), metric),
        recorded=report.request.recorded,
        better=metric.direction,
    )
