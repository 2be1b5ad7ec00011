"""Finding numerals that stand bare in the text of a paper: in LaTeX sources and in plain words.

The rule. A numeral is a run of digits that does not belong to a word: `F1`, `x_2`, `sha256` and `ResNet-50`
are words; `5-fold`, `0.93`, `95 %` and `1,000` hold numerals. It is *bare* when it is typed into text that a
reader sees, instead of coming out of a macro of `numbers.tex`. Exempt are: what a reader does not see as text
(comments, arguments of \\cite, \\ref, \\label, \\includegraphics, \\input, column specifications, lengths);
names in code type (`\\texttt`, when each blank-separated piece with a digit has a letter too, or the whole
stands in double quotes) and listings; the constants 0, 1, 2 within a formula unless they follow a relation;
dates, and years in parentheses or after a preposition; hand-typed references ("Table 3"); the bibliography;
a quotation of the run's own goal.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right

import msgspec

from autor_nb.plugins.checks.tex_reader import MACRO, MATH_OFF, MATH_ON, Plain, read_tex, reads_as_name

_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_YEAR = r"(?:19|20)\d\d"
_EXEMPT = (
    re.compile(r"\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})?)?\b"),
    re.compile(rf"\b(?:\d{{1,2}}\.? )?(?:{_MONTHS})\.?(?: \d{{1,2}}(?:st|nd|rd|th)?,?)?(?: {_YEAR})?\b"),
    re.compile(rf"\((?:[^()\d]{{0,60}}, )?{_YEAR}[a-z]?\)"),
    re.compile(
        rf"\b(?:[Ii]n|[Ss]ince|[Uu]ntil|[Bb]efore|[Aa]fter|[Dd]uring) {_YEAR}"
        r"(?=\s*(?:[,.;:)]|$)(?!\d)|\s+(?:the|an?|and|or|by|was|were|it|we|when|with|to)\b)"
    ),
    re.compile(
        r"\b(?:Figure|Fig\.|Table|Section|Sect\.|Sec\.|Equation|Eq\.|Chapter|Appendix|Algorithm|Stage|Step|Theorem|"
        r"Lemma|Figures|Tables|Sections|Equations)\s\(?\d{1,3}(?:\.\d{1,2}){0,2}\)?(?![\d%])"
    ),
)
_TOKEN = re.compile(r"[^\W\d]\w*(?:-\d{1,6}(?![\d.,%]{0,9}\d|\s?%))?|(?P<numeral>\d(?:[\d.,]*\d)?(?:\s?%)?)")
_PERCENT = re.compile(r"(?:\s?%)?")
_PLAIN_WORD = re.compile(r"[A-Za-z]+|[0-9]+")
_RELATIONS = "=<>≤≥≈~:"
_CONSTANTS = frozenset("012")


class Numeral(msgspec.Struct, frozen=True, kw_only=True):
    """A bare numeral: its line (from 1) and the words around it."""

    text: str
    line: int
    context: str


def bare_in_tex(source: str, *, numbers: frozenset[str] = frozenset(), goal: str = "") -> list[Numeral]:
    """The bare numerals of a LaTeX source; `numbers` are the names of macros that stand for a number."""
    return bare_in(read_tex(source, numbers), goal)


def bare_in_words(text: str, *, code: bool = False, goal: str = "") -> list[Numeral]:
    """The bare numerals of plain words; `code` when they are set in code type."""
    if code and reads_as_name(text):
        return []
    return bare_in(Plain(text=text, lines=(), starts=()), goal)


def bare_in(plain: Plain, goal: str = "") -> list[Numeral]:
    """The bare numerals of a text that was read already."""
    text = plain.text
    exempt = sorted(
        [*(match.span() for pattern in _EXEMPT for match in pattern.finditer(text)), *_quotations(text, goal)]
    )
    starts = [start for start, _ in exempt]
    reach = _reach(exempt)
    formulas = [match.span() for match in re.finditer(f"{MATH_ON}[^{MATH_OFF}]*", text)]
    formula_starts = [start for start, _ in formulas]
    found = []
    for match in _TOKEN.finditer(text):
        if match["numeral"] is None:
            continue
        at = bisect_right(starts, match.start()) - 1
        if at >= 0 and reach[at] >= match.end():
            continue
        formula = bisect_right(formula_starts, match.start()) - 1
        if formula >= 0 and match.end() <= formulas[formula][1] and _is_constant(text, match):
            continue
        line = plain.line(match.start())
        found.append(Numeral(text=match["numeral"], line=line, context=_context(text, match)))
    return found


def _reach(spans: list[tuple[int, int]]) -> list[int]:
    """For each span in order of start, the furthest end of it and those before it."""
    ends: list[int] = []
    for _, end in spans:
        ends.append(max(end, ends[-1]) if ends else end)
    return ends


def _quotations(text: str, goal: str) -> list[tuple[int, int]]:
    """Where the goal's own words stand: the whole of it, or its beginning if that is at least six words.

    Compared are runs of plain letters and digits, because quotes and accents look different in a source.
    """
    wanted = [match.group() for match in _PLAIN_WORD.finditer(_unaccented(goal))]
    if len(wanted) < 2 or not any(word.isdigit() for word in wanted):
        return []
    here = [(match.group(), *match.span()) for match in _PLAIN_WORD.finditer(_unaccented(text))]
    spans = []
    for place, (word, start, _) in enumerate(here):
        if word != wanted[0]:
            continue
        length = 0
        for theirs, ours in zip(here[place : place + len(wanted)], wanted, strict=False):
            if theirs[0] != ours:
                break
            length += 1
        if length == len(wanted) or length >= 6:
            end = here[place + length - 1][2]
            spans.append((start, end + len(_PERCENT.match(text, end).group())))  # type: ignore[union-attr]
    return spans


def _unaccented(text: str) -> str:
    """The text with each accented letter as its plain one, at the same offset."""
    return "".join(unicodedata.normalize("NFD", char)[0] for char in text)


def _is_constant(text: str, match: re.Match[str]) -> bool:
    """Whether a numeral within a formula is one of its constants, rather than a value of something."""
    if match["numeral"] not in _CONSTANTS:
        return False
    before = text[: match.start()].rstrip(" -+−{(")[-1:]
    return before != MACRO and before not in _RELATIONS if before else True


def _context(text: str, match: re.Match[str]) -> str:
    around = text[max(match.start() - 30, 0) : match.end() + 20]
    around = re.sub(f"[{MACRO}]", "…", re.sub(f"[{MATH_ON}{MATH_OFF}]", "", around))
    return " ".join(around.split())
