"""Where a report comes from: the log it was read from, the software, and how the run can be done again."""

from __future__ import annotations

import shlex
from pathlib import Path

from autor_nb.desk import clean
from autor_nb.export.parts import meta, section
from autor_nb.export.source import Source
from autor_nb.record.markup import NOTHING, Shown, Words, code, label, pre, stack
from autor_nb.record.tables import table
from autor_nb.record.units import date_words, size_words
from autor_nb.version import __version__

RESOURCES = 60


def origins(source: Source) -> Shown:
    """As of when, of which log, by what, and how to do it again."""
    return section(
        "Where this comes from", _log(source), _again(source), _given(source), _software(source), anchor="origins"
    )


def _log(source: Source) -> Shown:
    at = source.state.updated_at
    return stack(
        meta(f"As of event {source.state.last_seq}, {date_words(at)}." if at else "The log holds no event."),
        meta(f"Read from the first {source.lines:,} lines of events.jsonl, whose SHA-256 is"),
        code(source.sha256),
        meta("In the run's folder, this answers with the same:"),
        pre(f"head -n {source.lines} events.jsonl | sha256sum"),
    )


def _again(source: Source) -> Shown:
    return stack(
        label("To check it, or to do it again"),
        pre("\n".join(["autor verify " + source.run.run_id, command(source)])),
        meta(
            "The first asks every check and executes every stage notebook again, from the run's folder. The second "
            "starts the same run afresh; an agent that is a language model will not answer in the same words."
        ),
    )


def command(source: Source) -> str:
    """`autor new …` with what the run was started with; files by their names alone."""
    config = source.state.config
    said = ["autor", "new", "--goal", clean.line(source.state.goal, 4_000)]
    for key in ("agent", "model", "venue"):
        if config.get(key):
            said += [f"--{key}", clean.line(str(config[key]), 200)]
    if config.get("seed"):
        said += ["--seed", str(config["seed"])]
    for key, value in sorted((config.get("options") or {}).items()):
        said += ["--set", clean.line(f"{key}={value}", 400)]
    for name in sorted({Path(each.source_path).name for each in source.state.resources[:RESOURCES]}):
        said += ["--resources", clean.line(name, 200)]
    return shlex.join(said)


def _given(source: Source) -> Shown:
    rows: list[list[Words]] = [
        [
            code(clean.path(each.dest_relative)),
            size_words(each.size_bytes),
            code(each.sha256[:16]),
            clean.line(each.description, 200),
        ]
        for each in source.state.resources[:RESOURCES]
    ]
    rows += [[code(clean.path(name)), "", code(digest[:16]), "input"] for name, digest in source.state.inputs.items()]
    if not rows:
        return NOTHING
    more = len(source.state.resources) - RESOURCES
    rest = meta(f"{more} more resources are left out.") if more > 0 else NOTHING
    return stack(label("What the run was given"), table(["File", "Size", "SHA-256", "What"], rows, "lrll"), rest)


def _software(source: Source) -> Shown:
    rows: list[list[Words]] = [
        [clean.line(name, 60), clean.line(text, 160)] for name, text in source.state.software.items()
    ]
    rows.append(["this report", f"autor_nb {__version__}"])
    return stack(label("Software"), table(["", "Version"], rows))
