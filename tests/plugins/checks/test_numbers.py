"""The numbers of a manuscript: read again from their files, printed as they were read, and never typed in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from autor_nb.plugins.checks.numbers import NumbersChecker
from autor_nb.plugins.checks.numerals import bare_in_tex, bare_in_words
from autor_nb.testing.views import FolderView

GOOD = {
    "results/summary.json": '{"scores": [0.9361, 1e-06], "n": 120, "a/b": {"~": 3}, "share": 0.95}',
    "results/folds.csv": "seed,score\n1,0.25\n2,-0.5\n",
    "results/log.jsonl": '{"x": 1}\n{"x": 2.50}\n',
    "writing/numbers.json": json.dumps({
        "score": {"value": 0.9361, "file": "results/summary.json", "pointer": "/scores/0", "format": ".3f"},
        "small": {"value": 1e-06, "file": "results/summary.json", "pointer": "/scores/1", "format": ".1e"},
        "rows": {"value": 120, "file": "results/summary.json", "pointer": "/n", "format": "d"},
        "odd": {"value": 3, "file": "results/summary.json", "pointer": "/a~1b/~0", "format": "d"},
        "level": {"value": 0.95, "file": "results/summary.json", "pointer": "/share", "format": ".0%"},
        "fold": {"value": -0.5, "file": "results/folds.csv", "pointer": "/1/score", "format": "+z.2f"},
        "line": {"value": 2.5, "file": "results/log.jsonl", "pointer": "/1/x", "format": ".1f"},
    }),
    "writing/numbers.tex": "\n".join([
        r"\newcommand{\numScore}{0.936} % score", r"\newcommand{\numSmall}{1.0e-06} % small",
        r"\newcommand{\numRows}{120} % rows", r"\newcommand{\numOdd}{3} % odd", r"\newcommand{\numLevel}{95\%} % level",
        r"\newcommand{\numFold}{-0.50} % fold", r"\newcommand{\numLine}{2.5} % line", r"\autorminus\numFold", ""]),
    "writing/main.tex": "\n".join([
        r"\documentclass[11pt]{article} % 12", r"\usepackage[margin=2.5cm]{geometry}", r"\title{On names}",
        r"\input{numbers}", r"\begin{document}", r"\input{sections/results}", r"\end{document}", ""]),
    "writing/sections/results.tex": "\n".join([
        r"\section{Results} % 5 drafts", r"With \numRows{} rows the score is \numScore{} (\numLevel{} interval,",
        r"$p=\numSmall$, see \cite{Cox1958} and Figure~\ref{fig:1}).", r"\begin{tabular}{p{3cm}lr}",
        r"a & \numFold{} & \numLine{} \\[2pt]", r"\multicolumn{2}{l}{both} & \numOdd{} \\", r"\end{tabular}", ""]),
}


@pytest.fixture
def paper(tmp_path: Path):
    """A small manuscript whose numbers are in order."""
    for name, text in GOOD.items():
        path = tmp_path / "workspace" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "workspace"


def failing(workspace: Path, goal: str = "Find out.") -> dict[str, str]:
    """The failing Checks with what they say."""
    view = FolderView(workspace, stage="07", draft="", goal=goal)
    checks = list(NumbersChecker().check(view))
    assert {"numbers.recompute", "numbers.macros", "numbers.bare"} == {check.id for check in checks}
    assert all(check.remedy for check in checks if not check.passed)
    return {check.id: check.detail for check in checks if not check.passed}


def replace(workspace: Path, name: str, old: str, new: str) -> None:
    """Change a file of the manuscript."""
    path = workspace / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_manuscript_in_order_passes(paper):
    """Every number is read again, printed as it was read, and none is typed in."""
    assert {} == failing(paper)


def test_windows_line_ends_change_nothing(paper):
    """CRLF in sources and tables is odd but valid."""
    for name in GOOD:
        path = paper / name
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert {} == failing(paper)


@pytest.mark.parametrize(("name", "old", "new", "check", "said"), [
    ("writing/numbers.json", "0.9361", "0.9362", "numbers.recompute", "score"),
    ("writing/numbers.json", '"/scores/0"', '"/scores/9"', "numbers.recompute", "leads nowhere"),
    ("writing/numbers.json", '"/n"', '"n"', "numbers.recompute", "must begin with"),
    ("writing/numbers.json", "results/folds.csv", "results/gone.csv", "numbers.recompute", "gone.csv"),
    ("writing/numbers.json", "results/folds.csv", "../../etc/passwd", "numbers.recompute", "no file of the workspace"),
    ("writing/numbers.json", "results/summary.json", "writing/numbers.json", "numbers.recompute", "outside writing/"),
    ("writing/numbers.json", '".3f"', '".99999999f"', "numbers.recompute", "no format"),
    ("writing/numbers.json", '"value": 120', '"value": 120.5', "numbers.recompute", "rows"),
    ("writing/numbers.json", '"value": 120', '"value": true', "numbers.recompute", "no finite number"),
    ("writing/numbers.json", '"value": 120', '"value": "120"', "numbers.recompute", "no finite number"),
    ("results/summary.json", "0.9361", "0.9360", "numbers.recompute", "0.9360"),
    ("results/folds.csv", "-0.5", "-0.6", "numbers.recompute", "fold"),
    ("results/folds.csv", "-0.5", "nan", "numbers.recompute", "no finite number"),
    ("results/summary.json", "{", "", "numbers.recompute", "not valid JSON"),
    ("writing/numbers.tex", "{0.936}", "{0.937}", "numbers.macros", "0.937"),
    ("writing/numbers.tex", "{95\\%}", "{96\\%}", "numbers.macros", "level"),
    ("writing/numbers.tex", "\\newcommand{\\numRows}{120} % rows\n", "", "numbers.macros", "'rows' has no macro"),
    ("writing/numbers.tex", "% rows\n", "% rows\n\\newcommand{\\numMore}{7}\n", "numbers.macros", "numMore"),
    ("writing/numbers.tex", "% rows\n", "% rows\n\\renewcommand{\\numRows}{120} % rows\n", "numbers.macros", "twice"),
    ("writing/sections/results.tex", "\\numRows{}", "\\numRow{}", "numbers.macros", "numRow,"),
    ("writing/sections/results.tex", "\\numRows{}", "121", "numbers.bare", "results.tex line 2: 121"),
    ("writing/sections/results.tex", "\\numFold{}", "-0.51", "numbers.bare", "line 5: 0.51"),
    ("writing/sections/results.tex", "\\numScore{}", "\\numScore{}4", "numbers.bare", "line 2: 4"),
    ("writing/sections/results.tex", "{Results}", "{Results of 3 families}", "numbers.bare", "line 1: 3"),
    ("writing/main.tex", "{On names}", "{On 7 names}", "numbers.bare", "main.tex line 3: 7"),
])
def test_each_fault_is_told_by_its_check(paper, name, old, new, check, said):
    """One change, the Check that sees it, and the words that name it."""
    replace(paper, name, old, new)
    found = failing(paper)
    assert check in found
    assert said in found[check]


def test_a_macro_that_hides_a_numeral_is_seen_where_it_is_used(paper):
    """A definition in the preamble is no way round the rule."""
    replace(paper, "writing/main.tex", "\\title", "\\newcommand{\\best}{0.99}\n\\title")
    assert {} == failing(paper)
    replace(paper, "writing/sections/results.tex", "\\numScore{}", "\\best{}")
    assert "\\best is defined with a numeral" in failing(paper)["numbers.bare"]


def test_files_that_are_brought_in_are_read_too(paper):
    """A table in a file of its own, included by a section."""
    replace(paper, "writing/sections/results.tex", "\\begin{tabular}", "\\input{tables/one}\n\\begin{tabular}")
    (paper / "writing/tables").mkdir()
    (paper / "writing/tables/one.tex").write_text("It is 4.\n")
    assert "tables/one.tex line 1: 4" in failing(paper)["numbers.bare"]


@pytest.mark.parametrize(("source", "expected"), [
    ("Scores of 0.93 and 1,000 rows, 5-fold, 95 \\%.", ["0.93", "1,000", "5", "95 %"]),
    ("F1, x\\_2, $x_{1}$, sha256, ResNet-50 and H2 are names.", []),
    ("\\texttt{a=1} \\texttt{\"2019\"} \\texttt{run.py --seed=0} \\verb|x 1a|", []),
    ("\\texttt{0.93} \\texttt{acc 0.93}", ["0.93", "0.93"]),
    ("$R^2$, $\\frac{1}{J}$ and $s^2$, but $p < 0.05$ and $n = 2$", ["0.05", "2"]),
    ("\\ensuremath{\\frac{1}{J}} and \\ensuremath{0.5}", ["0.5"]),
    ("\\[ x = 1 + 2 \\]", ["1"]),
    ("\\includegraphics[width=0.5\\linewidth]{a1}\\vspace{2em}\\hspace*{1cm}\\\\[3pt]\\tabcolsep=4pt", []),
    ("On 2024-05-01, in May 2024, since 2019, (2003) and 3 May 2021.", []),
    ("We have 2019 rows in 2019 rows.", ["2019", "2019"]),
    ("See Table 3 and Fig. 2.1, but Table 3.5\\% is a number", ["3.5%"]),
    ("caf\\'e 7, na\\\"ive 8", ["7", "8"]),
    ("\\begin{verbatim}\n0.5\n\\end{verbatim}\n\\begin{lstlisting}\n3\n\\end{lstlisting}\n9", ["9"]),
    ("٣ and ４", ["٣", "４"]),
    ("a % 5 is no comment of ours\n\\% 6", ["6"]),
    ("\\textbf{0.1}, {0.2}, \\emph{a 3}", ["0.1", "0.2", "3"]),
    ("\\numX 5, \\numX5, \\numX{}5", ["5", "5", "5"]),
])
def test_what_counts_as_a_bare_numeral(source, expected):
    """The rule by examples."""
    assert expected == [numeral.text for numeral in bare_in_tex(source, numbers=frozenset(["numX"]))]


def test_words_of_a_document_follow_the_same_rule():
    """Plain words, and names in code type."""
    assert ["3"] == [numeral.text for numeral in bare_in_words("H1 has 3 parts")]
    assert [] == bare_in_words("x1=0.5", code=True)
    assert ["0.5"] == [numeral.text for numeral in bare_in_words("0.5", code=True)]


def test_a_quoted_goal_may_hold_numerals_and_nothing_else_may(paper):
    """The person's own words are quoted as they are, also cut at a word and with other quotes."""
    goal = "Predict the café sales of 2024 by “boosting” within 5 %"
    text = r"The goal is: Predict the caf\'{e} sales of 2024 by {\textquotedblleft}boosting{\textquotedblright} within 5\%."
    (paper / "writing/sections/introduction.tex").write_text(text, encoding="utf-8")
    assert {} == failing(paper, goal)
    (paper / "writing/sections/introduction.tex").write_text(text + " It has 2024 rows.", encoding="utf-8")
    assert "2024" in failing(paper, goal)["numbers.bare"]


@pytest.mark.parametrize("content", [
    b"", b"[]", b"{}", b"\xff\xfe{", b'{"a": 1}', b'{"a": {"value": NaN, "file": "x", "pointer": "/", "format": "d"}}',
    b"[" * 100_000, b'{"a": {"value": 1e999999999, "file": "results/summary.json", "pointer": "/n", "format": ".2f"}}',
    b'{"a": {"value": 1, "file": ["x"], "pointer": null, "format": {}}}', b'{"a": {"value": ' + b"9" * 5000 + b"}}",
])
def test_hostile_numbers_are_a_failing_check_and_no_exception(paper, content):
    """Whatever numbers.json holds, the checker answers."""
    (paper / "writing/numbers.json").write_bytes(content)
    assert "numbers.recompute" in failing(paper)


@pytest.mark.parametrize("content", [
    b"\xff\xfe\x00\\newcommand{\\numScore}{", b"\\newcommand" * 5000, b"\\texttt{" * 5000, b"$" * 9999, b"{" * 99_999,
    b"\\ensuremath{" * 5000, b"\\begin{verbatim}", b"\\begin{", b"\\verb", b"\\", b"%", b"\\def\\x#1{" * 2000,
])
def test_hostile_sources_end_quickly_and_raise_nothing(paper, content):
    """Unbalanced, undecodable and deep sources; the section's own numeral is still seen where it can be."""
    (paper / "writing/sections/a.tex").write_bytes(content)
    (paper / "writing/numbers.tex").write_bytes(content)
    (paper / "writing/document.json").write_bytes(content)
    assert {"numbers.macros", "numbers.bare"} <= set(failing(paper))


def test_a_file_of_unreasonable_size_is_not_read(paper):
    """A sparse file of 200 MB is named, not loaded."""
    with (paper / "results/summary.json").open("r+b") as stream:
        stream.truncate(200 << 20)
    assert "larger than 128 MB" in failing(paper)["numbers.recompute"]


def test_more_digits_than_a_double_holds_are_compared_as_doubles(paper):
    """A file written by another program may print twenty digits; one written by Python must match to the last."""
    replace(paper, "results/summary.json", "0.9361,", "0.93610000000000004205,")
    assert {} == failing(paper)
    replace(paper, "results/summary.json", "0.93610000000000004205,", "0.93610000000000014205,")
    assert "numbers.recompute" in failing(paper)
