"""How a magic's line becomes arguments."""

from __future__ import annotations

import pytest

from autor_nb.notebook.line import arguments


@pytest.mark.parametrize(("line", "expected"), [
    ("", []),
    ("status", ["status"]),
    ("--json status 20260101_000000", ["--json", "status", "20260101_000000"]),
    ("refine 2", ["refine", "--", "2"]),
    ("refine 2 --run X", ["refine", "--run", "X", "--", "2"]),
    ("refine --run X 2", ["refine", "--run", "X", "--", "2"]),
    ('refine "use ten seeds" --run X', ["refine", "--run", "X", "--", "use ten seeds"]),
    ("refine 2 more seeds, it's $5 {x} \\alpha", ["refine", "--", "2 more seeds, it's $5 {x} \\alpha"]),
    ("refine don't  keep   blanks? yes", ["refine", "--", "don't  keep   blanks? yes"]),
    ("refine add a --verbose flag", ["refine", "--", "add a --verbose flag"]),
    ("refine the option --run of the tool", ["refine", "--", "the option --run of the tool"]),
    ("refine 'tis odd", ["refine", "--", "'tis odd"]),
    ('refine say "hi" and go', ["refine", "--", 'say "hi" and go']),
    ("refine -- --run is text", ["refine", "--", "--run is text"]),
    ("refine --rnu X text", ["refine", "--rnu", "X", "text"]),
    ("answer 1 it's the column y", ["answer", "1", "--", "it's the column y"]),
    ('answer target "y" --run X', ["answer", "target", "--run", "X", "--", "y"]),
    ("abort", ["abort"]),
    ("abort wrong data", ["abort", "--", "wrong data"]),
    ('new --goal "what\'s best?" --set dataset=iris', ["new", "--goal", "what's best?", "--set", "dataset=iris"]),
    ('new --resources my.csv="the data set" Which one?',
     ["new", "--resources", "my.csv=the data set", "--", "Which one?"]),
    ("new --plan --set=a=b Compare {a} and $b", ["new", "--plan", "--set=a=b", "--", "Compare {a} and $b"]),
    ("approve --waive figures.decode --why 'seen, fine'", ["approve", "--waive", "figures.decode", "--why", "seen, fine"]),
    ("refine “use ten seeds”", ["refine", "--", "use ten seeds"]),
])
def test_a_line_is_split_leniently(line: str, expected: list[str]) -> None:
    """Text is left as it was typed; only options before it (or behind a quoted one) are options."""
    assert expected == arguments(line)


def test_a_very_long_line_is_split_in_linear_time() -> None:
    """A pasted megabyte is no trap."""
    import time

    began = time.perf_counter()
    assert 2 < len(arguments("refine " + "it's \"so " * 100_000)[-1])
    assert time.perf_counter() - began < 5
