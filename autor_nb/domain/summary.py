"""The stage summary that an agent writes, parsed by a real Markdown parser; others judge what it holds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

SECTIONS = (
    "Objective",
    "Previously Approved Stage Summaries",
    "What I Did",
    "Key Results",
    "Files Produced",
    "Suggestions for Refinement",
    "Your Options",
)
LEDGER = "Decision Ledger"
OPTIONS = (
    "Use suggestion 1",
    "Use suggestion 2",
    "Use suggestion 3",
    "Refine with your own feedback",
    "Approve and continue",
    "Abort",
)
MAX_BYTES = 2 * 1024 * 1024
MAX_LINES = 50_000
SUGGESTION_CHARS = 2_000

_BRACKETED = re.compile(
    r"\[\s*(in progress|pending|todo|tbd|to be determined|placeholder|to be populated|xxx)(?!\w)"
    r"[^\[\]]*\](?!\()",
    re.I,
)
# Lower-case "todo" is an ordinary word in other languages; as a label ("todo:") it is a placeholder.
_BARE = re.compile(r"(?<!\w)(?:(TODO)(?!\w)|([Tt][Bb][Dd])(?!\w)|([Tt]odo)(?=\s*:))")
_ALONE = re.compile(r"\W*(todo)\W*", re.I)
_SUFFIX = re.compile(r"\.[A-Za-z][A-Za-z0-9_]{0,9}$")
_REUSED = re.compile(r"\(\s*reused\s*\)", re.I)
_CODE = "\x00"  # stands for a code span in running text; Markdown itself replaces this character in its input


class NamedFile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A path in backticks under Files Produced, as written; `reused` if the words (reused) follow it."""

    path: str
    reused: bool = False


class Summary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A parsed summary. Nothing here is judged; `problem` is set, and the rest empty, if it is too large.

    `headings` are the texts of all H2 in order, `sections` their source (the first of each name), `empty`
    the names whose section shows nothing. Numbered suggestions and options are (number, text). `files` are
    the paths under Files Produced, `words` the code spans there that do not look like paths but may name one.
    `placeholders` are those outside code, as written, each once; which the goal excuses is not known here.
    """

    first_line: str = ""
    title: str = ""
    headings: tuple[str, ...] = ()
    sections: dict[str, str] = {}
    empty: tuple[str, ...] = ()
    numbered_suggestions: tuple[tuple[int, str], ...] = ()
    numbered_options: tuple[tuple[int, str], ...] = ()
    files: tuple[NamedFile, ...] = ()
    words: tuple[NamedFile, ...] = ()
    placeholders: tuple[str, ...] = ()
    decision_ledger: str = ""
    problem: str = ""

    @property
    def suggestions(self) -> tuple[str, ...]:
        """The texts of suggestions 1, 2 and 3 as far as they are there, each short enough for a log line."""
        texts: dict[int, str] = {}
        for number, text in self.numbered_suggestions:
            if text:
                texts.setdefault(number, text)
        return tuple(texts[number][:SUGGESTION_CHARS] for number in (1, 2, 3) if number in texts)

    @property
    def options(self) -> tuple[str, ...]:
        """The options' texts in order of appearance."""
        return tuple(text for _, text in self.numbered_options)


def first_line(number: str, title: str) -> str:
    """The first line that a stage's summary must have."""
    return f"# Stage {number}: {title}"


@lru_cache(maxsize=4)
def parse(text: str) -> Summary:
    """Read a summary; never raises, whatever the text holds, and does a bounded amount of work."""
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "replace")) > MAX_BYTES:
        return Summary(problem=f"it is larger than {MAX_BYTES // 1024 // 1024} MB")
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if text.count("\n") > MAX_LINES:
        return Summary(problem=f"it has more than {MAX_LINES:,} lines")
    tokens = _parser().parse(text)
    lines = text.split("\n")
    found: list[tuple[str, str, Sequence[Token]]] = []
    bounds = _headings(tokens)
    for index, (at, name) in enumerate(bounds):
        end = bounds[index + 1][0] if index + 1 < len(bounds) else len(tokens)
        start_line = (tokens[at].map or [0, 0])[1]
        end_line = (tokens[end].map or [0])[0] if end < len(tokens) else len(lines)
        found.append((name, "\n".join(lines[start_line:end_line]).strip("\n"), tokens[at + 3 : end]))
    by_name: dict[str, tuple[str, Sequence[Token]]] = {}
    for name, source, body in found:
        by_name.setdefault(name, (source, body))
    files, words = _files(by_name.get("Files Produced", ("", ()))[1])
    return Summary(
        first_line=lines[0].rstrip(),
        title=_title(tokens),
        headings=tuple(name for name, _, _ in found),
        sections={name: source for name, (source, _) in by_name.items()},
        empty=tuple(dict.fromkeys(name for name, _, body in found if not _shows_something(body))),
        numbered_suggestions=_numbered(by_name.get("Suggestions for Refinement", ("", ()))[1]),
        numbered_options=_numbered(by_name.get("Your Options", ("", ()))[1]),
        files=files,
        words=words,
        placeholders=_placeholders(tokens),
        decision_ledger=by_name.get(LEDGER, ("", ()))[0],
    )


def code_words(line: str) -> list[str]:
    """The words that stand in code spans of one line of Markdown, `./` and quotes taken off."""
    words: list[str] = []
    for token in _parser().parseInline(line[:10_000]):
        for child in token.children or ():
            if child.type == "code_inline":
                words += [word.strip("\"'").removeprefix("./") for word in (child.content, *child.content.split())]
    return [word.removeprefix("workspace/") for word in words]


def open_placeholders(summary: Summary, goal: str) -> tuple[str, ...]:
    """The placeholders that the words of the goal do not excuse."""
    goal = " ".join(goal.casefold().split())
    return tuple(p for p in summary.placeholders if not _in_goal(p, goal))


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    # Raw HTML is text, as it will be shown. Links stay as written: matching their brackets costs far more
    # than the rest on hostile input, and no rule needs them.
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    return parser.disable(["link", "image", "autolink", "reference"])


def _headings(tokens: Sequence[Token]) -> list[tuple[int, str]]:
    """(index of the opening token, text) of every H2 that is not inside a list or a quotation."""
    return [
        (index, _plain(tokens[index + 1]))
        for index, token in enumerate(tokens)
        if token.type == "heading_open" and token.tag == "h2" and token.level == 0
    ]


def _title(tokens: Sequence[Token]) -> str:
    if tokens and tokens[0].type == "heading_open" and tokens[0].tag == "h1":
        return _plain(tokens[1])
    return ""


def _plain(token: Token) -> str:
    """An inline token's text without its marks, on one line."""
    return " ".join(_text(token, code=True).split())


def _text(token: Token, *, code: bool) -> str:
    parts: list[str] = []
    for child in token.children or ():
        if child.type in ("softbreak", "hardbreak"):
            parts.append("\n")
        elif child.type == "code_inline":
            parts.append(child.content if code else _CODE)
        else:
            parts.append(child.content)
    return "".join(parts)


def _shows_something(body: Sequence[Token]) -> bool:
    in_heading = False
    for token in body:
        if token.type in ("heading_open", "heading_close"):
            in_heading = token.type == "heading_open"
        elif (
            not in_heading
            and token.type in ("inline", "fence", "code_block")
            and re.search(r"[^\W_]", _without_comments(token.content))
        ):
            return True
    return False


def _without_comments(text: str) -> str:
    """Text without HTML comments; by hand, since an expression takes square time on `<!--<!--<!--`."""
    parts: list[str] = []
    at = 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        parts.append(text[at:start])
        at = end + 3
    return "".join((*parts, text[at:]))


def _numbered(body: Sequence[Token]) -> tuple[tuple[int, str], ...]:
    """The items of the section's own ordered lists, with the numbers that a reader sees."""
    items: list[tuple[int, list[str]]] = []
    number = 0
    for token in body:
        if token.type == "ordered_list_open" and token.level == 0:
            number = int(token.attrs.get("start", 1))
        elif token.type == "list_item_open" and token.level == 1 and token.markup in (".", ")"):
            items.append((number, []))
            number += 1
        elif token.level > 1 and items and token.type in ("inline", "fence", "code_block"):
            items[-1][1].append(_plain(token) if token.type == "inline" else token.content.strip())
    return tuple((number, " ".join(filter(None, parts))) for number, parts in items)


def _rows(body: Sequence[Token]) -> Iterator[list[tuple[bool, str]]]:
    """Lines of text as a reader sees them (table rows whole), each as pieces (is it code, its text)."""
    row: list[tuple[bool, str]] = []
    in_table_row = False
    for token in body:
        if token.type == "tr_open":
            in_table_row = True
        elif token.type == "tr_close":
            in_table_row = False
        for child in token.children or () if token.type == "inline" else ():
            if child.type in ("softbreak", "hardbreak"):
                yield row
                row = []
            else:
                row.append((child.type == "code_inline", child.content))
        if row and not in_table_row:
            yield row
            row = []


def _files(body: Sequence[Token]) -> tuple[tuple[NamedFile, ...], tuple[NamedFile, ...]]:
    paths: dict[str, NamedFile] = {}
    words: dict[str, NamedFile] = {}
    for row in _rows(body):
        # From the back, so that each span knows what stands between it and the next one.
        after = ""
        named: list[tuple[str, bool]] = []
        for is_code, content in reversed(row):
            if not is_code:
                after = (content + after)[:400]
                continue
            named.append((content.strip(), bool(_REUSED.search(after))))
            after = ""
        for name, reused in reversed(named):
            if name and "://" not in name:
                into = paths if "/" in name or "\\" in name or _SUFFIX.search(name) else words
                into.setdefault(name, NamedFile(path=name, reused=reused))
    return tuple(paths.values()), tuple(words.values())


def _placeholders(tokens: Sequence[Token]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for token in tokens:
        if token.type != "inline":
            continue
        text = _text(token, code=False)
        for match in _BRACKETED.finditer(text):
            found.setdefault(" ".join(match.group().replace(_CODE, "…").split())[:80])
        for match in _BARE.finditer(_BRACKETED.sub(" ", text)):
            found.setdefault(match.group())
        for line in text.split("\n"):
            alone = _ALONE.fullmatch(line)
            if alone and _CODE not in line:
                found.setdefault(alone.group(1))
    return tuple(found)


def _in_goal(placeholder: str, goal: str) -> bool:
    match = _BRACKETED.fullmatch(placeholder)
    word = (match.group(1) if match else placeholder).casefold()
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", goal) is not None
