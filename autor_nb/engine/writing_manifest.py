"""handoff/writing_manifest.json: what the manuscript may use, as it lies in the workspace, every list capped.

Derived from the log's approvals and the files read back, never from what an agent says it made; where an agent's own
words enter (captions, statements), they are cleaned and bounded. The prompts of the stages that write hold it too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, Generic, TypeVar

import msgspec

from autor_nb.domain.artifact import FileEntry
from autor_nb.domain.state import RunState
from autor_nb.engine.memory import Approved
from autor_nb.engine.quote import bounded, fence, one_line
from autor_nb.store import surrogates
from autor_nb.store.bibliography import read_bibliography
from autor_nb.store.inspection import inspect_file
from autor_nb.store.layout import RunFolder
from autor_nb.store.view import MadeBy

NAME = "writing_manifest.json"
STAGES = ("07", "08")
LISTED = 60
NAMES = 40
READ_BYTES = 4 << 20
RESULT_CHARS = 2_000
SHOWN_CHARS = 24_000
PICTURES = (".png", ".pdf", ".svg", ".jpg", ".jpeg")
TABLES = (".csv", ".tsv", ".parquet")
SIDECAR = ".schema.json"
CAPTIONS = "notes/figures.json"
HYPOTHESES, TESTS = "notes/hypothesis_manifest.json", "results/hypothesis_tests.json"
GENERATED = ("results/experiment_manifest.json",)
FOLDERS = ("figures/", "results/", "writing/", "literature/")
T = TypeVar("T")


class Capped(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """The first of a list, how many there are, and in words how many are left out."""

    items: tuple[T, ...]
    total: int
    more: str


class File(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A figure, a file of results or a table; `names` are those of its numbers or columns."""

    path: str
    size_bytes: int
    stage: str = ""
    attempt: int = 0
    caption: str = ""
    rows: int | None = None
    names: Capped[str] | None = None


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A key that may be cited, and the file that defines it."""

    key: str
    file: str
    title: str


class Hypothesis(msgspec.Struct, frozen=True, kw_only=True):
    """A hypothesis, and what its test came to; `untested` where no test says anything."""

    id: str
    type: str
    statement: str
    outcome: str


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What an approved stage found."""

    stage: str
    attempt: int
    key_results: str


class WritingManifest(msgspec.Struct, frozen=True, kw_only=True):
    """All of it."""

    figures: Capped[File]
    results: Capped[File]
    tables: Capped[File]
    bibliography: Capped[Source]
    hypotheses: Capped[Hypothesis]
    approved: Capped[Result]


def is_wanted(state: RunState) -> bool:
    """Whether the run has come to the stages that write."""
    return any(
        stage.ref.number in STAGES and (stage.attempts or stage.ref.slug == state.current) for stage in state.stages
    )


def inputs_key(files: Mapping[str, FileEntry], made: MadeBy) -> tuple[Any, ...]:
    """The files that the manifest is made of; unless they or an approval change, it stays as it is."""
    return tuple(
        (path, files[path].sha256, made.get((path, files[path].sha256)))
        for path in sorted(files)
        if path.startswith(FOLDERS) or path in (CAPTIONS, HYPOTHESES)
    )


def writing_manifest(
    run: RunFolder, files: Mapping[str, FileEntry], made: MadeBy, approved: Sequence[Approved]
) -> WritingManifest:
    """Read it from the workspace's files as last scanned, and from what is approved."""
    captions = _captions(_json(run, files, CAPTIONS))

    def entry(path: str, **more: Any) -> File:
        maker = made.get((path, files[path].sha256))
        stage, attempt = maker or ("", 0)
        return File(path=path, size_bytes=files[path].size_bytes, stage=stage, attempt=attempt, **more)

    def result(path: str) -> File:
        return entry(path, names=_numbers(_json(run, files, path)))

    def table(path: str) -> File:
        return entry(path, **_columns(run, path))

    def figure(path: str) -> File:
        return entry(path, caption=captions.get(_stem(path), ""))

    paths = sorted(path for path in files if path not in GENERATED and not path.endswith(SIDECAR))
    results = [path for path in paths if path.startswith("results/")]
    return WritingManifest(
        figures=_capped([p for p in paths if p.startswith("figures/") and _suffix(p) in PICTURES], figure),
        results=_capped([p for p in results if _suffix(p) not in TABLES], result),
        tables=_capped([p for p in results if _suffix(p) in TABLES], table),
        bibliography=_capped(list(_sources(run, files)), lambda source: source),
        hypotheses=_capped(list(_hypotheses(run, files)), lambda hypothesis: hypothesis),
        approved=_capped(approved, _result),
    )


def manifest_json(manifest: WritingManifest) -> bytes:
    """The view's content."""
    return msgspec.json.format(surrogates.encode(manifest), indent=2) + b"\n"


# --------------------------------------------------------------------------------------- reading


def _capped(found: Sequence[Any], made: Callable[[Any], Any], limit: int = LISTED) -> Capped[Any]:
    """Only what is listed is opened."""
    left = len(found) - limit
    return Capped(
        items=tuple(made(one) for one in found[:limit]), total=len(found), more=f"and {left:,} more" if left > 0 else ""
    )


def _suffix(path: str) -> str:
    return PurePosixPath(path).suffix.lower()


def _stem(path: str) -> str:
    return path[: -len(_suffix(path))] if _suffix(path) in PICTURES else path


def _read(run: RunFolder, files: Mapping[str, FileEntry], path: str) -> bytes:
    """A file's content; nothing if it is not among the files, too large, or gone."""
    entry = files.get(path)
    if entry is None or entry.size_bytes > READ_BYTES:
        return b""
    try:
        with (run.workspace / path).open("rb") as stream:
            return stream.read(READ_BYTES)
    except (OSError, ValueError):
        return b""


def _json(run: RunFolder, files: Mapping[str, FileEntry], path: str) -> Any:
    try:
        return msgspec.json.decode(_read(run, files, path))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None


def _items(value: Any, *names: str) -> Iterator[dict[str, Any]]:
    """The objects of a list, or of the list that an object holds under one of these names."""
    if isinstance(value, dict):
        value = next((value[name] for name in names if isinstance(value.get(name), list)), None)
    yield from (item for item in value or () if isinstance(item, dict)) if isinstance(value, list) else ()


def _captions(listed: Any) -> dict[str, str]:
    return {
        _stem(item["path"]): one_line(str(item.get("caption") or item.get("title") or ""), 300)
        for item in _items(listed, "figures")
        if isinstance(item.get("path"), str)
    }


def _numbers(value: Any) -> Capped[str] | None:
    """The names of the numbers at the top of a JSON object."""
    if not isinstance(value, dict):
        return None
    found = [key for key, item in value.items() if isinstance(item, int | float) and not isinstance(item, bool)]
    return _capped(sorted(found), lambda key: one_line(key, 120), NAMES) if found else None


def _columns(run: RunFolder, path: str) -> dict[str, Any]:
    try:
        schema = inspect_file(run.workspace / path, PurePosixPath(path).name).schema
    except (OSError, ValueError):
        return {}
    columns, rows = schema.get("columns"), schema.get("rows")
    return {
        "rows": rows if isinstance(rows, int) else None,
        "names": _capped([str(c) for c in columns], lambda c: one_line(c, 120), NAMES)
        if isinstance(columns, list | tuple)
        else None,
    }


def _sources(run: RunFolder, files: Mapping[str, FileEntry]) -> Iterator[Source]:
    """Every key once; the manuscript's own bibliography counts first."""
    known: set[str] = set()
    for folder in ("writing/", "literature/"):
        for path in sorted(path for path in files if path.startswith(folder) and _suffix(path) == ".bib"):
            for entry in sorted(read_bibliography(_read(run, files, path)).entries, key=lambda entry: entry.key):
                if entry.key not in known:
                    known.add(entry.key)
                    title = one_line(entry.fields.get("title", ""), 160)
                    yield Source(key=one_line(entry.key, 120), file=path, title=title)


def _hypotheses(run: RunFolder, files: Mapping[str, FileEntry]) -> Iterator[Hypothesis]:
    outcomes = {
        str(item.get("id")): one_line(str(item.get("outcome", item.get("status", "untested"))), 80)
        for item in _items(_json(run, files, TESTS), "tests", "hypotheses")
    }
    for item in _items(_json(run, files, HYPOTHESES), "items", "hypotheses"):
        name = str(item.get("id", ""))
        yield Hypothesis(
            id=one_line(name, 40),
            type=one_line(str(item.get("type", "")), 40),
            statement=one_line(str(item.get("statement", "")), 300),
            outcome=outcomes.get(name, "untested"),
        )


def _result(stage: Approved) -> Result:
    text = bounded(stage.sections.get("Key Results", ""), RESULT_CHARS, f"stages/{stage.ref.slug}.md")
    return Result(stage=stage.ref.slug, attempt=stage.attempt, key_results=text)


# --------------------------------------------------------------------------------------- showing


def writing_section(manifest: WritingManifest | None) -> str:
    """The prompt's section; approved results stand in the prompt already, whole."""
    if manifest is None:
        return ""
    blocks = (
        ("Figures", manifest.figures, _shown_file),
        ("Result files, with the numbers at their top", manifest.results, _shown_file),
        ("Tables, with their columns", manifest.tables, _shown_file),
        ("Keys that may be cited", manifest.bibliography, lambda s: f"{s.key}  {one_line(s.file)}  {s.title}"),
        ("Hypotheses", manifest.hypotheses, lambda h: f"{h.id}  ({h.type}, {h.outcome})  {h.statement}"),
    )
    lines = [line for title, listed, shown in blocks for line in _block(title, listed, shown)]
    if not lines:
        return ""
    opening = (
        "Read back from the workspace by a program. What is not here cannot be shown, quoted or cited; "
        f"the same list is `../handoff/{NAME}`."
    )
    return f"{opening}\n\n{fence(bounded(chr(10).join(lines), SHOWN_CHARS, f'../handoff/{NAME}'))}"


def _block(title: str, listed: Capped[Any], shown: Callable[[Any], str]) -> Iterable[str]:
    if listed.items:
        yield f"{title} ({listed.total:,}):"
        yield from (f"  {shown(item).rstrip()}" for item in listed.items)
        yield from [f"  … {listed.more}"] if listed.more else []


def _shown_file(file: File) -> str:
    maker = f"stage {file.stage}, attempt {file.attempt}" if file.stage else "supplied"
    line = f"{one_line(file.path, 300)}  {file.size_bytes:,} bytes  {maker}"
    line += f"  {file.rows:,} rows" if file.rows is not None else ""
    if file.names is not None and file.names.items:
        line += f"  [{', '.join([*file.names.items, *([file.names.more] if file.names.more else [])])}]"
    return f"{line}  {file.caption}"
