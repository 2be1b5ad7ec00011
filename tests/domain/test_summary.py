"""The summary parser: what it finds, what it leaves alone, and that nothing makes it raise or hang."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autor_nb.domain.summary import (
    MAX_BYTES,
    OPTIONS,
    SECTIONS,
    SUGGESTION_CHARS,
    NamedFile,
    Summary,
    code_words,
    first_line,
    open_placeholders,
    parse,
)

BODY = {
    "Objective": "Settle it.",
    "Previously Approved Stage Summaries": "None.",
    "What I Did": "Work.",
    "Key Results": "Fine.",
    "Files Produced": "- `data/x.csv`",
    "Suggestions for Refinement": "1. One\n2. Two\n3. Three",
    "Your Options": "\n".join(f"{n}. {text}" for n, text in enumerate(OPTIONS, 1)),
}


def written(**changed: str) -> str:
    """A valid summary with some sections replaced by their first word in lower case."""
    bodies = {name: changed.get(name.split()[0].lower(), body) for name, body in BODY.items()}
    return "# Stage 03: Study Design\n\n" + "".join(f"## {name}\n\n{body}\n\n" for name, body in bodies.items())


def test_a_valid_summary_is_read() -> None:
    """Title, sections in order, three suggestions, six options, the files."""
    summary = parse(written())
    assert first_line("03", "Study Design") == summary.first_line
    assert "Stage 03: Study Design" == summary.title
    assert SECTIONS == summary.headings
    assert "Fine." == summary.sections["Key Results"]
    assert ("One", "Two", "Three") == summary.suggestions
    assert OPTIONS == summary.options
    assert (NamedFile(path="data/x.csv"),) == summary.files
    assert ("", (), (), "") == (summary.problem, summary.empty, summary.placeholders, summary.decision_ledger)


@pytest.mark.parametrize("change", [
    lambda text: text.replace("\n", "\r\n"), lambda text: text.replace("\n", "\r"), lambda text: "\ufeff" + text,
], ids=["CRLF", "CR", "BOM"])
def test_line_ends_and_marks_do_not_matter(change) -> None:
    """The same is read."""
    assert parse(written()) == parse(change(written()))


def test_headings_are_those_of_the_document_itself() -> None:
    """Fences, indented code, quotations, lists and lower levels make no section."""
    hidden = "```\n## A\n```\n\n    ## B\n\n> ## C\n\n- ## D\n\n### E\n\n`## F`\n\n\\## G"
    assert SECTIONS == parse(written(key=hidden)).headings
    assert (*SECTIONS[:4], "Extra", *SECTIONS[4:]) == parse(written(key="x\n\n## Extra\n\ny")).headings


def test_the_first_of_two_sections_counts_and_both_are_seen() -> None:
    """Nothing later takes a section's place."""
    summary = parse(written() + "## Key Results\n\nOther.\n")
    assert "Fine." == summary.sections["Key Results"]
    assert 2 == summary.headings.count("Key Results")


@pytest.mark.parametrize("body", ["", "<!-- later -->", "### Sub", "---", "```\n```", "> ", "- \n- ", "…"])
def test_a_section_that_shows_nothing_is_empty(body: str) -> None:
    """Comments, rules, sub-headings and empty lists show nothing."""
    assert ("Key Results",) == parse(written(key=body)).empty


@pytest.mark.parametrize("body", ["x", "0", "`x`", "```\nx\n```", "| a |\n|---|\n| b |", "- x", "<b>x</b>", "大"])
def test_a_section_that_shows_something_is_not_empty(body: str) -> None:
    """Words, code, tables, lists and markup do."""
    assert () == parse(written(key=body)).empty


@pytest.mark.parametrize(("body", "expected"), [
    ("1. One\n2. Two\n3. Three", [(1, "One"), (2, "Two"), (3, "Three")]),
    ("1) **One** `x`\n\nwords\n\n2) Two\n   more\n\n3) Three", [(1, "One x"), (2, "Two more"), (3, "Three")]),
    ("1. One\n   1. inner\n   - point\n2. Two", [(1, "One inner point"), (2, "Two")]),
    ("3. Three", [(3, "Three")]),
    ("- One\n- Two", []),
    ("1. \n2. Two", [(1, ""), (2, "Two")]),
])
def test_numbered_items_are_read_with_the_numbers_a_reader_sees(body: str, expected: list) -> None:
    """Nested lists belong to their item."""
    assert tuple(expected) == parse(written(suggestions=body)).numbered_suggestions


def test_a_suggestion_is_cut_for_the_log_only() -> None:
    """The section keeps every word."""
    summary = parse(written(suggestions=f"1. {'x' * 5_000}\n2. Two\n3. Three"))
    assert SUGGESTION_CHARS == len(summary.suggestions[0])
    assert "x" * 5_000 in summary.sections["Suggestions for Refinement"]


def test_files_are_paths_in_backticks_with_their_flag() -> None:
    """`(reused)` belongs to the path it follows; words without shape and addresses are no paths."""
    body = (
        "- `a/b.csv` (reused), `c.txt` and `d e.md` — kept ( Reused )\n- `age`, `0.05`, `https://x.org/y.html`\n"
        "\n```\nno/path.txt\n```\n\n| file | how |\n|---|---|\n| `t/u` | (reused) |\n"
    )
    summary = parse(written(files=body))
    assert {"a/b.csv": True, "c.txt": False, "d e.md": True, "t/u": True} == {f.path: f.reused for f in summary.files}
    assert ["age", "0.05"] == [word.path for word in summary.words]


@pytest.mark.parametrize("text", [
    "[In progress]", "[in progress …]", "[PENDING results]", "[todo]", "[TODO: x]", "[Tbd]", "[To be determined]",
    "[placeholder text]", "[To be populated]", "[XXX]", "[ xxx ]", "TODO", "TBD", "tbd", "todo: x", "todo",
    "**TODO**", "| a |\n|---|\n| [TBD] |", "> [pending]", "- TODO", "### TODO", "[TODO: `x`]", "![TODO](x)",
])
def test_placeholders_are_found(text: str) -> None:
    """In any case and any place outside code."""
    assert parse(written(key=text)).placeholders


@pytest.mark.parametrize("text", [
    "`TODO`", "```\nTODO\n```", "    [TBD]", "todos", "el todo es", "mastodon", "TODOS", "pending", "in progress", "[1]",
    "[pending requests](x.md)", "xxx", "[expected]", "a todo-list", "placeholder", "``[TODO] ` ``",
])
def test_what_is_no_placeholder_is_left_alone(text: str) -> None:
    """Code, ordinary words, references and links."""
    assert () == parse(written(key=f"{text}\n\nand so on")).placeholders


def test_words_of_the_goal_excuse_placeholders() -> None:
    """Only the words that the goal itself uses."""
    summary = parse(written(key="TODO, [pending x], TBD"))
    assert ("TBD",) == open_placeholders(summary, "Classify Pending orders by their todo marks")
    assert 3 == len(open_placeholders(summary, "tbdx todos suspending"))


def test_the_decision_ledger_is_kept() -> None:
    """It may stand anywhere."""
    assert "- Locked: a\n- Open: b" == parse(written() + "## Decision Ledger\n\n- Locked: a\n- Open: b\n").decision_ledger


def test_code_words_are_those_in_code_spans() -> None:
    """Whole spans and their words, without `./`."""
    assert ["python ./code/run.py -q", "python", "code/run.py", "-q"] == code_words("run `python ./code/run.py -q` now")
    assert [] == code_words("run code/run.py")


@pytest.mark.parametrize("text", [
    "x" * 10_000_000, "é" * MAX_BYTES, "x\n" * 100_000,
], ids=["long line", "many bytes", "many lines"])
def test_what_is_too_large_is_not_read(text: str) -> None:
    """It is told, at once."""
    started = time.process_time()
    assert parse(text).problem
    assert time.process_time() - started < 1


@pytest.mark.parametrize("piece", [
    "![", "[a](", "<!--", "`` ` ", "[TODO ", "> ", "- ", "1. a\n", "| a ", "**_", "`a/b` ", "\\", "&#", "](x) ", "#",
])
def test_hostile_repetition_takes_bounded_time(piece: str) -> None:
    """Four times the text takes at most some ten times as long, not sixteen or worse."""
    def seconds(times: int) -> float:
        text = "## Files Produced\n\n" + piece * times
        started = time.process_time()
        parse(text)
        return time.process_time() - started

    small = max(seconds(5_000), 0.005)
    assert seconds(20_000) < 10 * small + 0.5


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=400))
@example("## Files Produced\n\n`\x00`")
@example("\ud800")
def test_nothing_makes_it_raise(text: str) -> None:
    """Any text has a summary."""
    assert isinstance(parse(text), Summary)
    assert open_placeholders(parse(text), text) is not None


markup = st.lists(st.sampled_from((
    "#", "## ", "## Files Produced\n", "## Your Options\n", "\n", "\n\n", "`", "```", "[", "]", "(", ")", "1. ", "- ", "> ",
    "|", "|-|", "TODO", "pending", "<!--", "-->", "*", "_", "a/b.c", "(reused)", "\t", "    ", "\r", "&amp;", "\\", "é",
)), max_size=60).map("".join)


@settings(max_examples=300, deadline=None)
@given(markup)
def test_no_markup_makes_it_raise(text: str) -> None:
    """Nor does any mixture of marks; what is found stands in the text."""
    summary = parse(text)
    assert all(file.path for file in (*summary.files, *summary.words))
    assert set(summary.sections) == set(summary.headings)
    assert all(body.strip("\n") in text.replace("\r\n", "\n").replace("\r", "\n") for body in summary.sections.values())


def test_the_parser_is_imported_when_it_is_needed() -> None:
    """Importing the module loads no Markdown library."""
    code = "import sys, autor_nb.domain.summary; print('markdown_it' in sys.modules)"
    assert "False" == subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
