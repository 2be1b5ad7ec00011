"""Text and names in LaTeX: nothing escapes from its place."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autor_nb.plugins.renderers.latex_text import escaped, macro_names

COMMANDS = (
    r"\\(?:text[a-z]+|ensuremath|autorglyph|quotedblbase|[%&#_${}\-,`'^~=u.\"rHvckdb]|[ij]\b|[a-zA-Z]+)"
)


@given(st.text())
def test_escaped_text_keeps_its_braces_in_balance_and_no_special_bare(text: str) -> None:
    """Whatever the text, no bare special character and no open group is left."""
    out = re.sub(r"\\[\\{}$&#_%]", "", escaped(text))
    assert not re.search(r"[$&#_%]|(?<!\\)%", re.sub(r"\\ensuremath\{[^{}]*(?:\{[^{}]*\})?\}", "", out))
    assert out.count("{") == out.count("}")
    assert "\n" not in out and all(c.isascii() or c.isalpha() or c in "¡¿£§«»¶©®ªº¢¥¤¼½¾" for c in out)


@pytest.mark.parametrize(("text", "expected"), [
    ("50%", r"50\%"), ("a\\b", r"a\textbackslash{}b"), ("x^y", r"x\textasciicircum{}y"), ("—", r"{\textemdash}"),
    ("λ", r"\ensuremath{\lambda}"), ("ā", r"\={a}"), ("漢", r"{\autorglyph{6F22}}"), ("ﬁ", "fi"), ("--", "-{}-"),
    ("\u202eabc\x1b", "abc"), ("é", r"\'{e}"), ("ï", r'\"{\i}'), ("ß", "ß"), ("\ud800", "?"),
])
def test_characters_are_printed_as_they_are_or_by_code_point(text: str, expected: str) -> None:
    """Special characters are escaped, letters that T1 lacks are shown by their code point."""
    assert expected == escaped(text)


@given(st.sets(st.text(min_size=1, max_size=12)))
def test_macro_names_are_letters_and_never_shared(names: set[str]) -> None:
    """Two numbers never share a macro, whatever their names."""
    macros = macro_names(names)
    assert set(macros) == names
    assert len(set(macros.values())) == len(names)
    assert all(re.fullmatch(r"num[A-Za-z]+", macro) for macro in macros.values())


def test_macro_names_are_readable_and_do_not_depend_on_order() -> None:
    """A plain name gives the macro one would guess."""
    assert {"auc_best": "numAucBest", "fold_2": "numFoldTwo"} == macro_names(["fold_2", "auc_best"])
    clash = macro_names(["a_b", "aB"])
    assert clash == macro_names(["aB", "a_b"]) and clash["a_b"] != clash["aB"]
