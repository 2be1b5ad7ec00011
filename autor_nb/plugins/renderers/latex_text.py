"""Plain text and names made safe in LaTeX source, whatever they hold."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable

from autor_nb.plugins.renderers.manuscript import visible

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "_": r"\_",
    "%": r"\%",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "`": r"\`{}",
    "'": "'",
    "\u2019": "'",
    "\u2018": r"{\textquoteleft}",
    "\u201c": r"{\textquotedblleft}",
    "\u201d": r"{\textquotedblright}",
    "\u201e": r"{\quotedblbase}",
    "\u2013": r"{\textendash}",
    "\u2014": r"{\textemdash}",
    "\u2026": r"{\textellipsis}",
    "\u00a0": "~",
    "\u202f": r"\,",
    "\u2009": r"\,",
    "\u2010": "-",
    "\u2011": "-",
    "\u2212": r"{\textminus}",
    "\u00ad": r"\-",
    "\u2022": r"{\textbullet}",
    "\u20ac": r"{\texteuro}",
    "\u2122": r"{\texttrademark}",
    "\u2020": r"{\textdagger}",
    "\u2021": r"{\textdaggerdbl}",
}
_MATH = {
    "×": r"\times",
    "÷": r"\div",
    "±": r"\pm",
    "·": r"\cdot",
    "≤": r"\le",
    "≥": r"\ge",
    "≠": r"\ne",
    "≈": r"\approx",
    "≡": r"\equiv",
    "∼": r"\sim",
    "∝": r"\propto",
    "∞": r"\infty",
    "∑": r"\sum",
    "∏": r"\prod",
    "∫": r"\int",
    "√": r"\surd",
    "∂": r"\partial",
    "∇": r"\nabla",
    "∈": r"\in",
    "∉": r"\notin",
    "∅": r"\emptyset",
    "∩": r"\cap",
    "∪": r"\cup",
    "⊂": r"\subset",
    "⊆": r"\subseteq",
    "∀": r"\forall",
    "∃": r"\exists",
    "¬": r"\neg",
    "∧": r"\wedge",
    "∨": r"\vee",
    "→": r"\rightarrow",
    "←": r"\leftarrow",
    "↔": r"\leftrightarrow",
    "⇒": r"\Rightarrow",
    "⇐": r"\Leftarrow",
    "⇔": r"\Leftrightarrow",
    "↑": r"\uparrow",
    "↓": r"\downarrow",
    "°": r"^{\circ}",
    "²": "^{2}",
    "³": "^{3}",
    "¹": "^{1}",
    "µ": r"\mu",
    "′": "'",
    "⟨": r"\langle",
    "⟩": r"\rangle",
    "†": r"\dagger",
    **dict(
        zip(
            "αβγδεζηθικλμνξπρςστυφχψω",
            (
                rf"\{name}"
                for name in [
                    "alpha",
                    "beta",
                    "gamma",
                    "delta",
                    "varepsilon",
                    "zeta",
                    "eta",
                    "theta",
                    "iota",
                    "kappa",
                    "lambda",
                    "mu",
                    "nu",
                    "xi",
                    "pi",
                    "rho",
                    "varsigma",
                    "sigma",
                    "tau",
                    "upsilon",
                    "varphi",
                    "chi",
                    "psi",
                    "omega",
                ]
            ),
            strict=True,
        )
    ),
    **dict(
        zip(
            "ΓΔΘΛΞΠΣΥΦΨΩ",
            (
                rf"\{name}"
                for name in [
                    "Gamma",
                    "Delta",
                    "Theta",
                    "Lambda",
                    "Xi",
                    "Pi",
                    "Sigma",
                    "Upsilon",
                    "Phi",
                    "Psi",
                    "Omega",
                ]
            ),
            strict=True,
        )
    ),
    "ο": "o",
    **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΧ", (rf"\mathrm{{{c}}}" for c in "ABEZHIKMNOPTX"), strict=True)),
}
# Combining marks that T1 can set over a Latin letter.
_ACCENT = {
    "\u0300": "`",
    "\u0301": "'",
    "\u0302": "^",
    "\u0303": "~",
    "\u0304": "=",
    "\u0306": "u",
    "\u0307": ".",
    "\u0308": '"',
    "\u030a": "r",
    "\u030b": "H",
    "\u030c": "v",
    "\u0327": "c",
    "\u0328": "k",
    "\u0323": "d",
    "\u0331": "b",
}
_T1 = frozenset("ÆæŒœØøÅåßŁłĐđÞþŊŋıÐð¡¿£§«»¶©®ªº¢¥¤¼½¾")
_DIGITS = ("Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")


def escaped(text: str) -> str:
    """The text so that LaTeX prints it and does nothing else; what T1 lacks is printed as its code point."""
    return _no_ligatures("".join(_character(c) for c in unicodedata.normalize("NFC", visible(text))))


def _no_ligatures(text: str) -> str:
    """Hyphens, question marks and commas that LaTeX would join into other signs are kept apart."""
    text = re.sub(r"-(?=-)", "-{}", text)
    text = re.sub(r"'(?=')", "'{}", text)
    text = re.sub(r",(?=,)", ",{}", text)
    return text.replace("?`", "?{}`").replace("!`", "!{}`")


def _character(c: str) -> str:
    if c in _SPECIAL:
        return _SPECIAL[c]
    if c in _MATH:
        return rf"\ensuremath{{{_MATH[c]}}}"
    if c.isascii() or c in _T1:
        return c
    base, *marks = list(unicodedata.normalize("NFD", c))
    if base.isascii() and base.isalpha() and len(marks) == 1 and marks[0] in _ACCENT:
        dotless = {"i": r"\i", "j": r"\j"}.get(base, base) if marks[0] != "\u0328" else base
        return rf"\{_ACCENT[marks[0]]}{{{dotless}}}"
    folded = unicodedata.normalize("NFKC", c)
    if folded != c and folded.isascii():
        return "".join(_character(part) for part in folded)
    return rf"{{\autorglyph{{{ord(c):04X}}}}}"


def macro_names(names: Iterable[str]) -> dict[str, str]:
    """A macro of letters only for every number's name; two names never share one."""
    plain = {name: "num" + _letters(name) for name in names}
    taken: dict[str, list[str]] = {}
    for name, macro in plain.items():
        taken.setdefault(macro, []).append(name)
    return {
        name: macro if len(taken[macro]) == 1 else macro + "X" + _hash_letters(name) for name, macro in plain.items()
    }


def _letters(name: str) -> str:
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]", name)
    return "".join(_DIGITS[int(word)] if word.isdigit() else word[:1].upper() + word[1:] for word in words) or "Empty"


def _hash_letters(name: str) -> str:
    digest = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:10]
    return "".join(chr(ord("a") + int(digit, 16)) for digit in digest)


def comment(text: str) -> str:
    """Text that may stand behind a % sign: one line, printable."""
    return "".join(c if c.isprintable() else "?" for c in visible(text))[:200]
