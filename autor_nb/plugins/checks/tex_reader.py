"""Reading a LaTeX source as a reader sees it: plain text with each character's line; it is no compiler."""

from __future__ import annotations

import re
from bisect import bisect_right

import msgspec

MACRO = "\ufffc"
"""Stands where a command puts something that is not in the source."""
MATH_ON, MATH_OFF = "\ue000", "\ue001"

_SKIPPED = {
    name: count
    for count, names in {
        0: "hyperref makebox framebox phantomsection columnbreak pagebreak linebreak toprule midrule "
        "bottomrule addlinespace",
        1: "cite citep citet citealp citealt citeauthor citeyear citeyearpar Citet Citep parencite textcite "
        "autocite footcite nocite fullcite ref pageref eqref autoref nameref cref Cref vref label "
        "includegraphics input include subfile graphicspath bibliography bibliographystyle addbibresource "
        "url doi href hypertarget hyperlink vspace hspace raisebox parbox scalebox rotatebox color "
        "textcolor colorbox cellcolor rowcolor cmidrule cline hypersetup usepackage documentclass "
        "captionsetup pagestyle thispagestyle linespread author enlargethispage needspace Needspace "
        "pagenumbering newlength hyphenation usetikzlibrary autorglyph autormissing autorabsent",
        2: "setlength addtolength setcounter addtocounter rule fontsize resizebox multicolumn multirow "
        "addcontentsline newcolumntype pdfbookmark",
        3: "definecolor specialrule",
    }.items()
    for name in names.split()
}
_ENVIRONMENT_ARGUMENTS = {
    "tabular": 1,
    "tabular*": 2,
    "tabularx": 2,
    "longtable": 1,
    "array": 1,
    "minipage": 1,
    "multicols": 1,
    "wrapfigure": 2,
    "wraptable": 2,
    "adjustbox": 1,
    "spacing": 1,
    "list": 2,
    "tabulary": 2,
    "longtblr": 1,
    "tblr": 1,
    "autortable": 1,
    "autorprosetable": 1,
}
_DROPPED = frozenset(
    (
        "verbatim",
        "verbatim*",
        "Verbatim",
        "lstlisting",
        "minted",
        "comment",
        "thebibliography",
        "tikzpicture",
        "filecontents",
        "filecontents*",
    )
)
_FORMULAS = frozenset(
    (
        "equation",
        "equation*",
        "align",
        "align*",
        "displaymath",
        "math",
        "gather",
        "gather*",
        "multline",
        "multline*",
        "eqnarray",
        "eqnarray*",
    )
)
_CODE = frozenset(("texttt", "path", "code", "lstinline", "nolinkurl"))
_DEFINING = frozenset(
    (
        "newcommand",
        "renewcommand",
        "providecommand",
        "def",
        "gdef",
        "edef",
        "xdef",
        "DeclareRobustCommand",
    )
)
_CHARACTERS = {
    "textbackslash": "\\",
    "textasciitilde": "~",
    "textasciicircum": "^",
    "textquotedbl": '"',
    "textquotesingle": "'",
    "textless": "<",
    "textgreater": ">",
    "textbar": "|",
    "textunderscore": "_",
    "textasciigrave": "`",
    "allowbreak": "",
    "textdollar": "$",
    "textquotedblleft": '"',
    "textquotedblright": '"',
    "slash": "/",
    "quotedblbase": '"',
}
_UNIT = r"(?:(?:pt|em|ex|cm|mm|in|bp|pc|sp|mu|fil{1,3})\b|\\[A-Za-z]+)"
_LENGTH = re.compile(
    rf"\s*=?\s*-?(?:\d+\.?\d*|\.\d+)?\s*{_UNIT}"
    r"(?:\s*(?:plus|minus)\s*-?[\d.]*\s*(?:pt|em|ex|cm|mm|in|fil{1,3}))*"
)
_TAKES_LENGTH = re.compile(r"(?:skip|sep|width|height|indent|margin|kern|depth|stretch|size)$|^[hv]box$")
_DEFINED = re.compile(r"\s*\{?\s*\\([A-Za-z@]+)\s*\}?\s*=?(?:\s*\[[^\]]{0,200}\]){0,2}(?:#\d)*")
_SCALED = re.compile(r"(?:\d+\.?\d*|\.\d+)\\(?:line|text|column|paper)(?:width|height)\b")


class Plain(msgspec.Struct, frozen=True, kw_only=True):
    """Text as read, with the source line of each stretch, and the macros that the source defines itself."""

    text: str
    starts: tuple[int, ...]
    lines: tuple[int, ...]
    definitions: tuple[tuple[str, str, int], ...] = ()
    used: frozenset[str] = frozenset()

    def line(self, offset: int) -> int:
        """The source line of an offset of the text."""
        if not self.starts:
            return self.text.count("\n", 0, offset) + 1
        return self.lines[max(bisect_right(self.starts, offset) - 1, 0)]


def read_tex(source: str, numbers: frozenset[str] = frozenset()) -> Plain:
    """Read a source; never raises, unbalanced braces end where the text ends."""
    return _Reader(source.replace("\r\n", "\n").replace("\r", "\n"), numbers).read()


class _Reader:
    """One pass over a source. Every method moves `at` forward, so that reading ends."""

    def __init__(self, source: str, numbers: frozenset[str]) -> None:
        self.source, self.numbers = source, numbers
        self.at, self.in_formula, self.size = 0, False, 0
        self.out: list[str] = []
        self.starts: list[int] = [0]
        self.lines: list[int] = [1]
        self.used: set[str] = set()
        self.definitions: list[tuple[str, str, int]] = []
        self.line_starts = [0, *(match.end() for match in re.finditer("\n", source))]

    def read(self) -> Plain:
        """The whole source."""
        plain_run = re.compile(r"[^\\%${}~&#\d]+")
        while self.at < len(self.source):
            run = plain_run.match(self.source, self.at)
            if run:
                self._emit(run.group(), each_line=True)
                self.at = run.end()
            else:
                self._special(self.source[self.at])
        return Plain(
            text="".join(self.out),
            starts=tuple(self.starts),
            lines=tuple(self.lines),
            definitions=tuple(self.definitions),
            used=frozenset(self.used),
        )

    def _emit(self, text: str, *, each_line: bool = False) -> None:
        """Add text that begins at the present place; `each_line` when it may span lines of the source."""
        line = bisect_right(self.line_starts, self.at)
        for number, piece in enumerate(text.splitlines(keepends=True) if each_line else (text,)):
            if self.lines[-1] != line + number:
                self.starts.append(self.size)
                self.lines.append(line + number)
            self.out.append(piece)
            self.size += len(piece)

    def _special(self, char: str) -> None:
        if char == "\\":
            self._command()
        elif char == "%":
            end = self.source.find("\n", self.at)
            self.at = len(self.source) if end < 0 else end + 1
        elif char == "$":
            step = 2 if self.source.startswith("$$", self.at) else 1
            self._formula(not self.in_formula)
            self.at += step
        elif char in "{}":
            self.at += 1
        elif char == "~":
            self._emit(" ")
            self.at += 1
        elif char == "&":
            self._emit(" | ")
            self.at += 1
        elif char == "#":
            self.at += 1
            while self.at < len(self.source) and self.source[self.at].isdigit():
                self.at += 1
        else:
            self._digits()

    def _digits(self) -> None:
        scaled = _SCALED.match(self.source, self.at)
        if scaled:
            self._emit(" ")
            self.at = scaled.end()
            return
        end = self.at + 1
        while end < len(self.source) and self.source[end].isdigit():
            end += 1
        self._emit(self.source[self.at : end])
        self.at = end

    def _formula(self, on: bool) -> None:
        self._emit(MATH_ON if on else MATH_OFF)
        self.in_formula = on

    def _command(self) -> None:
        word = re.compile(r"[A-Za-z@]+\*?").match(self.source, self.at + 1)
        if word is None:
            self._control_symbol()
            return
        name = word.group().rstrip("*")
        after = word.end()
        if name in _DEFINING:
            self._define(after)
        elif name == "begin":
            self._begin(after)
        elif name == "end":
            environment, after = self._argument(after)
            if environment in _FORMULAS:
                self._formula(False)
            self._emit("\n")
            self.at = after
        elif name == "ensuremath":
            raw, self.at = self._argument(after)
            nested = raw.count("\\ensuremath") < 3
            self._emit(read_tex(f"${raw}$", self.numbers).text if nested else raw)
        elif name in _CODE:
            self._code(after)
        elif name == "verb":
            self._verb(word.end())
        elif name in _CHARACTERS:
            self._emit(_CHARACTERS[name])
            self.at = re.compile(r"(?:\{\})?[ \t]*").match(self.source, after).end()  # type: ignore[union-attr]
        else:
            self._other(name, after)

    def _other(self, name: str, after: int) -> None:
        """Neither structure nor code: a layout command loses its arguments, others keep them as text."""
        self.used.add(name)
        if name in _SKIPPED:
            self._emit(MACRO if name.startswith(("cite", "ref")) else " ")
            after = self._skip_options(after)
            if name == "cmidrule":
                after = self._skip_parentheses(after)
            for _ in range(_SKIPPED[name]):
                after = self._skip_options(self._argument(after)[1])
            self.at = after
            return
        takes_length = _TAKES_LENGTH.search(name) and name not in self.numbers
        length = _LENGTH.match(self.source, after) if takes_length else None
        if length:
            self.at = length.end()
            return
        self._emit(MACRO if name in self.numbers or not self.in_formula else " ")
        self.at = after
        if re.match(r"[ \t]+", self.source[after : after + 1]) and name not in self.numbers:
            self.at = after + 1

    def _control_symbol(self) -> None:
        symbol = self.source[self.at + 1 : self.at + 2]
        if symbol == "\\":
            self._emit("\n")
            self.at = self._skip_options(self.at + 2 + self.source.startswith("*", self.at + 2))
            return
        if symbol in ("(", "["):
            self._formula(True)
        elif symbol in (")", "]"):
            self._formula(False)
        elif symbol in ("_", "%", "&", "#", "$", "{", "}", "-", " "):
            self._emit("" if symbol == "-" else symbol)
        self.at += 1 + len(symbol)

    def _begin(self, after: int) -> None:
        environment, after = self._argument(after)
        self._emit("\n")
        if environment in _DROPPED:
            end = self.source.find(f"\\end{{{environment}}}", after)
            self.at = len(self.source) if end < 0 else end + len(environment) + 6
            return
        if environment in _FORMULAS:
            self._formula(True)
            self.at = after
            return
        after = self._skip_options(after)
        for _ in range(_ENVIRONMENT_ARGUMENTS.get(environment, 0)):
            after = self._skip_options(self._argument(after)[1])
        self.at = after

    def _code(self, after: int) -> None:
        raw, end = self._argument(self._skip_options(after))
        # Code within code within code is nobody's name; this also keeps hostile nesting from going deep.
        nested = raw.count("\\texttt") < 3 and ("\\" in raw or "%" in raw)
        inner = read_tex(raw, self.numbers).text if nested else raw.replace("{", "").replace("}", "")
        self._emit(MACRO if reads_as_name(inner) else f" {inner} ")
        self.at = end

    def _verb(self, after: int) -> None:
        delimiter = self.source[after : after + 1]
        end = self.source.find(delimiter, after + 1) if delimiter else -1
        inner = self.source[after + 1 : end if end >= 0 else len(self.source)]
        self._emit(MACRO if reads_as_name(inner) else f" {inner} ")
        self.at = len(self.source) if end < 0 else end + 1

    def _define(self, after: int) -> None:
        """A definition is no text where it stands; its body is judged where its name is used."""
        line = bisect_right(self.line_starts, self.at)
        named = _DEFINED.match(self.source, after)
        if named is None:
            self.at = after
            return
        body, self.at = self._argument(named.end())
        self.definitions.append((named.group(1), body, line))

    def _argument(self, at: int) -> tuple[str, int]:
        """The braced argument at `at` (blanks before it are skipped) and the place behind it."""
        while at < len(self.source) and self.source[at] in " \t\n":
            at += 1
        if at >= len(self.source) or self.source[at] != "{":
            return "", at
        depth = 0
        for brace in re.compile(r"\\.|[{}]", re.DOTALL).finditer(self.source, at):
            depth += {"{": 1, "}": -1}.get(brace.group(), 0)
            if depth == 0:
                return self.source[at + 1 : brace.start()], brace.end()
        return self.source[at + 1 :], len(self.source)

    def _skip_options(self, at: int) -> int:
        """Behind any `[…]` that follows at once."""
        while True:
            option = re.compile(r"[ \t]*\[[^\[\]]{0,400}\]").match(self.source, at)
            if option is None:
                return at
            at = option.end()

    def _skip_parentheses(self, at: int) -> int:
        option = re.compile(r"\([^()]{0,40}\)").match(self.source, at)
        return option.end() if option else at


def reads_as_name(text: str) -> bool:
    """Whether text in code type is a name: each piece with a digit has a letter too, or all is quoted."""
    text = text.strip()
    if len(text) > 2 and text[0] == '"' == text[-1]:
        return True
    return all(re.search(r"[^\W\d_]", piece) or not re.search(r"\d", piece) for piece in text.split())
