"""Knobs: which literals of a file are one, what they are called, and what is left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.knobs import find_knobs, join_path, split_path

SOURCE = '''LR: float = 3e-3  # range: 1e-4 .. 1e-1 log
SEED = 3
lower = 4
COUNT = 1
COUNT += 1
SUM = 1 + 2
PARAMS = {
    "net": {"depth": 6, "a.b": -1.5},  # of two knobs here neither owns this
    "opt": "adam",  # choices: adam, sgd
    "sizes": [1, 2], **{}, 3: 4,
}
if True:
    INNER = 5
def f():
    LOCAL = 6
'''


def test_literals_of_the_module_are_knobs() -> None:
    """Constants and entries of dicts at module level, with their values and comments; nothing computed or inner."""
    knobs = find_knobs({"t.py": SOURCE})
    assert {
        "LR": 3e-3, "SEED": 3, "PARAMS.net.depth": 6, 'PARAMS.net["a.b"]': -1.5, "PARAMS.opt": "adam",
    } == knobs.values()
    assert ["range: 1e-4 .. 1e-1 log", "", "", "", "choices: adam, sgd"] == [knob.comment for knob in knobs.found]
    assert ["SEED"] == [knob.path for knob in knobs.found if knob.fixed]
    assert ["COUNT in t.py is assigned 2 times and is no knob", "PARAMS in t.py holds ** and is only partly readable"] == [*knobs.notes]


def test_a_name_in_two_files_is_told_apart() -> None:
    """The file goes before the path where it must, and may always; what is ambiguous is refused with the choices."""
    knobs = find_knobs({"a.py": "LR = 1.0\nN = 2\n", "src/b.py": "LR = 2.0\n", "c.json": '{"net": {"N": 3}}'})
    assert ["a.py:LR", "N", "src/b.py:LR", "net.N"] == [*knobs.values()]
    assert (2.0, 2, 3) == tuple(knobs.resolve(path).value for path in ("src/b.py:LR", "a.py:N", "c.json:N"))
    with pytest.raises(UsageError, match=r"a\.py:LR, src/b\.py:LR"):
        knobs.resolve("LR")


@pytest.mark.parametrize("text", ["def f(:", "x = '\0'", "(" * 5000, "\ufeffA = 1\n]"])
def test_a_file_that_cannot_be_read_is_noted(text: str) -> None:
    """It has no knobs, the others keep theirs, and nothing is raised."""
    knobs = find_knobs({"bad.py": text, "good.py": "A = 1\n", "bad.json": "{"})
    assert {"A": 1} == knobs.values()
    assert ["bad.py", "bad.json"] == [note.split()[0] for note in knobs.notes]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8).filter(str.strip), min_size=1, max_size=4))
def test_a_path_reads_back(keys: list[str]) -> None:
    """Whatever the keys are, quotes, dots, brackets and line ends too."""
    assert tuple(keys) == split_path(join_path(tuple(keys)))
