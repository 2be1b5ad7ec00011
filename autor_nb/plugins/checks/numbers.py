"""The numbers of a paper: each is read again from its result file, printed as read, and none is typed in.

Three Checks: `numbers.recompute` (every entry of writing/numbers.json), `numbers.macros` (writing/numbers.tex
says the same, and what the text uses is defined), `numbers.bare` (no numeral in the text; the rule is in
`numerals`). It judges where numbers come from, not whether they are the right ones to show.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from typing import Any

import msgspec

from autor_nb.domain.check import Check, failed, passed
from autor_nb.domain.document import (
    Bullets,
    Document,
    Figure,
    Inline,
    Number,
    Paragraph,
    Table,
    Words,
)
from autor_nb.domain.errors import StoreError
from autor_nb.domain.ports import AttemptView
from autor_nb.plugins.checks.numerals import Numeral, bare_in, bare_in_tex, bare_in_words
from autor_nb.plugins.checks.pointers import Numeric, Tables, Unreadable, number_of, parse_json, same
from autor_nb.plugins.checks.tex_reader import Plain, read_tex

NUMBERS, MACROS = "writing/numbers.json", "writing/numbers.tex"
DOCUMENT, MAIN = "writing/document.json", "writing/main.tex"
RECOMPUTE = "Every number of the paper equals what stands in its result file"
DEFINED = "The paper's number macros are those of numbers.json"
BARE = "No numeral is typed into the text of the paper"
SHOWN = 12
SOURCE_UP_TO, RESULT_UP_TO, TEX_UP_TO = 16 << 20, 128 << 20, 4 << 20
_FORMAT = re.compile(r"[+ ]?z?,?(?:\.\d{1,2})?[defgEG%]?", re.ASCII)
_NUMBER_MACRO = re.compile(r"num[A-Z][A-Za-z]*\Z")
_INPUT = re.compile(r"\\(?:input|include|subfile)\s*\{([^{}%]{1,300})\}")
_NO_TEXT = ("references", "bibliography")


class NumbersChecker:
    """Judges the numbers of a manuscript; it reads the view only and never raises for what the files hold."""

    name = "numbers"

    def check(self, view: AttemptView) -> Iterable[Check]:
        """Three Checks, or one that says why there is nothing to judge."""
        try:
            entries = _entries(view)
        except Unreadable as error:
            yield failed(
                "numbers.recompute",
                RECOMPUTE,
                "Write writing/numbers.json as an object: name → {value, file, pointer, format}, with every "
                "number of the paper read from a file under results/ or data/.",
                subject=NUMBERS,
                detail=f"{NUMBERS} {error}.",
            )
            entries = {}
        else:
            yield _recompute(view, entries)
        sources, problems = _sources(view)
        yield _macros(view, entries, sources, problems)
        yield _bare(view, entries, sources)


def _read(view: AttemptView, path: str, limit: int) -> bytes:
    entry = view.files.get(path)
    if entry is not None and entry.size_bytes > limit:
        raise Unreadable(f"is larger than {limit >> 20} MB")
    try:
        return view.read(path)
    except (KeyError, OSError, StoreError):
        raise Unreadable("is not there") from None


def _entries(view: AttemptView) -> dict[str, Any]:
    parsed = parse_json(_read(view, NUMBERS, SOURCE_UP_TO))
    if not isinstance(parsed, dict):
        raise Unreadable("is not a JSON object")
    if not parsed:
        raise Unreadable("is empty: a paper without numbers has nothing to show")
    return parsed


# ------------------------------------------------------------------------------------------- recompute


def _recompute(view: AttemptView, entries: dict[str, Any]) -> Check:
    tables = Tables(lambda path: _read(view, path, RESULT_UP_TO))
    wrong = []
    for name, entry in entries.items():
        problem = _entry_problem(view, tables, entry)
        if problem:
            wrong.append(f"{name[:60]}: {problem}")
    if wrong:
        return failed(
            "numbers.recompute",
            RECOMPUTE,
            "Read these numbers again from their files and write the paper anew; do not edit them by hand.",
            subject=NUMBERS,
            detail=_listed(wrong, len(entries)),
        )
    told = f"{len(entries)} numbers read again, all equal."
    return passed("numbers.recompute", RECOMPUTE, subject=NUMBERS, detail=told)


def _entry_problem(view: AttemptView, tables: Tables, entry: Any) -> str:
    """What is wrong with one entry, or an empty string."""
    if not isinstance(entry, dict) or any(key not in entry for key in ("value", "file", "pointer", "format")):
        return "lacks one of value, file, pointer, format"
    file, pointer, spec = entry["file"], entry["pointer"], entry["format"]
    if not all(isinstance(text, str) for text in (file, pointer, spec)):
        return "file, pointer and format must be text"
    if posixpath.normpath(file) != file or file.startswith("writing/") or file not in view.files:
        return f"{file[:80]!r} is no file of the workspace outside writing/"
    if not _FORMAT.fullmatch(spec):
        return f"{spec[:20]!r} is no format such as 'd', '.3f', '.1%' or '.2e'"
    try:
        value = number_of(entry["value"] if not isinstance(entry["value"], str) else None, "value")
        found = tables.number(file, pointer)
    except Unreadable as error:
        return f"{file[:80]}: {error}"
    if not same(value, found):
        return f"says {value}, but {file[:80]} says {found} at {pointer[:80]}"
    return "" if _formatted(value, spec) is not None else f"{value} cannot be written with format {spec!r}"


def _formatted(value: Numeric, spec: str) -> str | None:
    """The number as readers see it, or None when its format does not fit."""
    try:
        return format(value if isinstance(value, int) else float(value), spec)
    except (ValueError, OverflowError, TypeError):
        return None


# ---------------------------------------------------------------------------------------------- macros


def _macros(view: AttemptView, entries: dict[str, Any], sources: dict[str, Plain], problems: list[str]) -> Check:
    wrong = list(problems)
    expected = _expected(entries)
    try:
        defined = _definitions(_read(view, MACROS, SOURCE_UP_TO).decode("utf-8", "replace"), expected)
    except Unreadable as error:
        wrong.append(f"{MACROS} {error}")
        defined = []
    macros: set[str] = set()
    told: set[str] = set()
    for macro, name, text in defined:
        shown = f"\\{macro[:60]}"
        if name not in expected:
            wrong.append(f"{shown} is defined, but numbers.json has no such number")
        elif text != expected[name]:
            wrong.append(f"{shown} prints {text[:40]!r}, but the number {name[:60]!r} is {expected[name]!r}")
        if macro in macros or name in told:
            wrong.append(f"{shown} is defined twice, or {name[:60]!r} has two macros")
        macros.add(macro)
        told.add(name)
    wrong += [f"{name[:60]!r} has no macro" for name in expected if name not in told]
    for path, plain in sources.items():
        unknown = sorted(name for name in plain.used if _NUMBER_MACRO.match(name) and name not in macros)
        wrong += [f"{path} uses \\{name[:60]}, which numbers.tex does not define" for name in unknown]
        if "autormissing" in plain.used:
            wrong.append(f"{path} shows a number, citation or label that does not exist")
    if wrong:
        return failed(
            "numbers.macros",
            DEFINED,
            "Make writing/numbers.tex and the sections again from writing/numbers.json: one macro for each "
            "entry, nothing else.",
            subject=MACROS,
            detail=_listed(wrong, len(expected)),
        )
    told_all = f"{len(expected)} macros, all equal to their numbers."
    return passed("numbers.macros", DEFINED, subject=MACROS, detail=told_all)


def _expected(entries: dict[str, Any]) -> dict[str, str]:
    """Name → the text that its macro must print, for every entry that is whole (others fail `recompute`)."""
    expected = {}
    for name, entry in entries.items():
        spec = entry.get("format") if isinstance(entry, dict) else None
        if not isinstance(spec, str) or not _FORMAT.fullmatch(spec):
            continue
        try:
            text = _formatted(number_of(entry.get("value"), "value"), spec)
        except Unreadable:
            continue
        if text is not None:
            expected[name] = text
    return expected


def _definitions(source: str, names: Iterable[str]) -> list[tuple[str, str, str]]:
    """(macro, name of its number, what it prints); the name stands behind a % sign, else the macro is it."""
    known = set(names)
    lines = source.splitlines()
    found = []
    for macro, body, line in read_tex(source).definitions:
        comment = lines[line - 1].rpartition("} %")[2].strip() if line <= len(lines) else ""
        found.append((macro, comment if comment in known else macro, _printed(body)))
    return found


def _printed(body: str) -> str:
    """What a macro's body prints, in plain characters."""
    body = re.sub(r"\\ensuremath\{(.*)\}|\$(.*)\$", lambda m: m.group(1) or m.group(2) or "", body.strip())
    body = body.replace(r"\textminus", "-").replace("−", "-").replace(r"\%", "%").replace("{,}", ",")
    return body.replace(r"\,", "").replace("{}", "").strip()


# ------------------------------------------------------------------------------------------------ bare


def _sources(view: AttemptView) -> tuple[dict[str, Plain], list[str]]:
    """Every LaTeX file whose text a reader sees, read; and what is wrong with those that cannot be."""
    todo = sorted(path for path in view.files if re.fullmatch(r"writing/sections/.+\.tex", path))
    todo += [MAIN] if MAIN in view.files else []
    sources: dict[str, Plain] = {}
    problems: list[str] = []
    numbers = frozenset(_macro_names(view))
    while todo:
        path = todo.pop(0)
        if path in sources or path == MACROS or posixpath.basename(path)[:-4] in _NO_TEXT:
            continue
        try:
            source = _read(view, path, TEX_UP_TO).decode("utf-8", "replace")
        except Unreadable as error:
            problems.append(f"{path} {error}")
            continue
        sources[path] = read_tex(_seen(source), numbers)
        for name in _INPUT.findall(source):
            named = posixpath.normpath(f"writing/{name.strip()}")
            todo += [path for path in (named, f"{named}.tex") if path.endswith(".tex") and path in view.files]
    return sources, problems


def _macro_names(view: AttemptView) -> list[str]:
    try:
        source = _read(view, MACROS, SOURCE_UP_TO).decode("utf-8", "replace")
    except Unreadable:
        return []
    return [name for name, _, _ in read_tex(source).definitions]


def _seen(source: str) -> str:
    """A source with its preamble blanked line by line, except the title and the definitions."""
    begin = re.search(r"^[^%\n]*\\begin\s*\{document\}", source, re.MULTILINE)
    if begin is None:
        return source
    kept = re.compile(r"\s*\\(?:title|newcommand|renewcommand|providecommand|[gex]?def)\b")
    head = [line if kept.match(line) else "" for line in source[: begin.start()].split("\n")]
    return "\n".join(head) + source[begin.start() :]


def _bare(view: AttemptView, entries: dict[str, Any], sources: dict[str, Plain]) -> Check:
    wrong = []
    for path, plain in sources.items():
        wrong += [_told(path, numeral) for numeral in bare_in(plain, view.goal)]
    used = {name for plain in sources.values() for name in plain.used}
    for path, plain in sources.items():
        for macro, body, line in plain.definitions:
            if macro in used and bare_in_tex(body):
                wrong.append(f"{path} line {line}: \\{macro[:60]} is defined with a numeral and used")
    wrong += _bare_in_document(view, entries)
    if wrong:
        return failed(
            "numbers.bare",
            BARE,
            "Put each of these numbers into writing/numbers.json with the result file it comes from, and use "
            "its macro in the text; write names from the data in \\texttt{…}.",
            subject="writing/sections",
            detail=_listed(wrong, 0),
        )
    told = f"{len(sources)} LaTeX files read, none found."
    return passed("numbers.bare", BARE, subject="writing/sections", detail=told)


def _told(path: str, numeral: Numeral) -> str:
    return f"{path} line {numeral.line}: {numeral.text} in “{numeral.context}”"


def _bare_in_document(view: AttemptView, entries: dict[str, Any]) -> list[str]:
    """The same rule for the document model, where one was written: its words, and the numbers it names."""
    if DOCUMENT not in view.files:
        return []
    try:
        document = msgspec.json.decode(_read(view, DOCUMENT, SOURCE_UP_TO), type=Document)
    except (Unreadable, msgspec.DecodeError, RecursionError) as error:
        return [f"{DOCUMENT} cannot be read: {' '.join(str(error).split())[:120]}"]
    wrong = []
    for place, parts in _texts(document):
        for part in parts:
            if isinstance(part, Words):
                found = bare_in_words(part.text, code=part.style == "code", goal=view.goal)
                wrong += [f"{DOCUMENT}, {place}: {numeral.text} in “{numeral.context}”" for numeral in found]
            elif isinstance(part, Number) and part.name not in entries:
                wrong.append(f"{DOCUMENT}, {place}: the number {part.name[:60]!r} is not in numbers.json")
    return wrong


def _texts(document: Document) -> Iterable[tuple[str, tuple[Inline, ...]]]:
    yield from (("title", document.title), ("notice", document.notice), ("abstract", document.abstract))
    for section in document.sections:
        yield section.name, (Words(text=section.title),)
        for block in section.blocks:
            match block:
                case Paragraph():
                    yield section.name, block.content
                case Bullets():
                    yield from ((section.name, item) for item in block.items)
                case Figure():
                    yield block.label, block.caption
                case Table():
                    yield from ((block.label, cell) for row in (block.header, *block.rows) for cell in row)
                    yield from ((block.label, block.caption), (block.label, block.note))


def _listed(problems: list[str], of: int) -> str:
    """The first problems in full, the rest as a count."""
    head = f"{len(problems)} of {of}: " if of else f"{len(problems)} found: "
    more = f"; and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
    return head + "; ".join(problem[:300] for problem in problems[:SHOWN]) + more + "."
