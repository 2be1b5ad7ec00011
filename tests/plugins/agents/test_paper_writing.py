"""The paper of the embedded agent: numbers that can be read again, text that follows the outcome, sources that compile."""

from __future__ import annotations

import csv
import json
import random
import re
from decimal import Decimal

import msgspec
import pypdfium2
import pytest
from paper_study_files import CASES, COLUMNS, GOAL, HOSTILE_LABELS, case

from autor_nb import registry
from autor_nb.domain.document import Cite, Document, Figure, Number, Table, Words
from autor_nb.domain.ports import Feedback
from autor_nb.plugins.agents.tabular.paper_review import labels_of, parts_of
from autor_nb.store.bibliography import read_bibliography

REQUIRED = ["introduction", "related", "data", "methods", "results", "hypotheses", "limitations", "failed", "conclusion",
            "reproducibility"]


@pytest.fixture(scope="module", params=list(CASES))
def study(request, tmp_path_factory):
    """Each of the studies in turn."""
    return case(request.param, tmp_path_factory)


@pytest.fixture
def hostile(tmp_path_factory, tmp_path):
    """A copy of the study with hostile names, for changing."""
    return case("hostile", tmp_path_factory).copy(tmp_path / "run")


def document(study) -> Document:
    """The paper as a model."""
    return msgspec.json.decode(study.text("writing/document.json"), type=Document)


def words(study, name: str) -> str:
    """The plain words of one section."""
    section = next(s for s in document(study).sections if s.name == name)
    one = Document(title=(), authors=(), date="", notice=(), abstract=(), sections=(section,))
    return "".join(part.text if isinstance(part, Words) else " # " for part in parts_of(one))


def at(study, file: str, pointer: str):
    """What a pointer leads to, read by this test's own means."""
    path = study.workspace / file
    if file.endswith(".csv"):
        with path.open(encoding="utf-8", newline="") as stream:
            value = list(csv.DictReader(stream))
    else:
        value = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    for key in pointer.split("/")[1:]:
        key = key.replace("~1", "/").replace("~0", "~")
        value = value[int(key)] if isinstance(value, list) else value[key]
    return Decimal(value)


def test_every_number_of_the_manuscript_is_what_its_result_file_says(study):
    """Each macro, recomputed here from numbers.json and the result files alone."""
    entries = json.loads(study.text("writing/numbers.json"), parse_float=Decimal)
    macros = {m[2]: m[1].replace("\\%", "%")
              for m in re.finditer(r"^\\newcommand\{\\num\w+\}\{(.*)\} % (.*)$", study.text("writing/numbers.tex"), re.M)}
    assert len(entries) > 100
    assert set(entries) == set(macros)
    for name, entry in entries.items():
        assert not entry["file"].startswith("writing/")
        value = at(study, entry["file"], entry["pointer"])
        assert value == Decimal(entry["value"]), name
        plain = int(value) if entry["format"].endswith("d") else float(value)
        assert format(plain, entry["format"]) == macros[name]


def test_every_number_in_the_text_has_an_entry_and_no_entry_is_idle(study):
    """The model's numbers are those of numbers.json."""
    used = {part.name for part in parts_of(document(study)) if isinstance(part, Number)}
    assert used == set(study.json("writing/numbers.json"))


def test_no_numeral_is_typed_and_every_check_on_numbers_passes(study):
    """The project's own checker, and a look of this test's own at the prose of the sections."""
    assert {} == study.failing()
    for path in sorted((study.workspace / "writing/sections").glob("*.tex")):
        text = path.read_text(encoding="utf-8")
        text = re.sub(r"\\texttt\{(?:\\[{}]|\{(?:[^{}]|\{[^{}]*\})*\}|[^{}])*\}", " ", text)
        text = re.sub(r"\\(?:label|ref|citep|includegraphics)(?:\[[^]]*\])?\{[^}]*\}", " ", text)
        text = re.sub(r"\\ensuremath\{.*\}", " ", text)
        if path.stem not in ("introduction", "settings"):
            assert [] == re.findall(r"(?<![\w\\.])\d[\d.]*", text), path.name


def test_the_paper_has_its_parts_in_order(study):
    """From abstract to appendix, with the notice, three figures at least, and references that lead somewhere."""
    paper = document(study)
    names = [section.name for section in paper.sections if not section.appendix]
    assert REQUIRED == [name for name in names if name != "holdout"]
    assert ["holdout"] == [name for name in names if name not in REQUIRED]
    assert any(section.appendix for section in paper.sections)
    notice = "".join(part.text for part in paper.notice)
    for said in ("without a language model", "templated", "computed", "supplied, not searched"):
        assert said in notice
    blocks = [block for section in paper.sections for block in section.blocks]
    assert 4 <= sum(isinstance(block, Figure) for block in blocks)
    assert 7 <= sum(isinstance(block, Table) for block in blocks)
    assert all((study.workspace / f"{b.path}{s}").is_file() for b in blocks if isinstance(b, Figure) for s in (".png", ".pdf"))
    assert {part.label for part in parts_of(paper) if hasattr(part, "label")} <= labels_of(paper)


def test_the_bibliography_holds_exactly_what_is_cited(study):
    """Defined keys are cited keys."""
    cited = {key for part in parts_of(document(study)) if isinstance(part, Cite) for key in part.keys}
    found = read_bibliography(study.text("writing/references.bib"))
    assert (cited, ()) == (set(found.keys), found.problems)
    assert {"NadeauBengio2003", "Holm1979"} <= cited


def test_intervals_stand_before_p_values(study):
    """In the table of comparisons and in the words of the results."""
    results = next(s for s in document(study).sections if s.name == "results")
    table = next(b for b in results.blocks if isinstance(b, Table) and b.label == "tab:comparisons")
    header = ["".join(getattr(p, "text", "#") for p in cell) for cell in table.header]
    assert header.index("# interval") < header.index("p (Holm)")


def test_the_text_follows_the_outcome(tmp_path_factory):
    """A ceiling is called one and ranks nobody; a regression speaks of errors; nothing goes beyond the data set."""
    ceiling, regression = (case(name, tmp_path_factory) for name in ("ceiling", "regression"))
    assert ceiling.json("results/comparisons.json")["ceiling"]
    assert "no comparison is claimed" in words(ceiling, "results")
    assert "ceiling of the metric" in words(ceiling, "conclusion")
    assert "is better than" not in words(ceiling, "conclusion")
    assert "lowest mean error" in words(regression, "conclusion")
    assert "lower is better" in words(regression, "methods")
    assert "Ceiling" not in words(regression, "results")
    for one in (ceiling, regression):
        assert "nothing about other data" in words(one, "conclusion")


def test_what_was_not_supported_is_said_to_have_failed(study):
    """Every hypothesis that was not supported is under What failed."""
    failed = words(study, "failed")
    for test in study.json("results/hypothesis_tests.json")["tests"]:
        assert (test["outcome"] != "supported") == (f"{test['id']} was {test['outcome']}" in failed)


@pytest.mark.parametrize("name", ["latex", "typst"])
def test_hostile_names_and_labels_are_printed_and_do_nothing(hostile, tmp_path, name):
    """Markup in the header, in labels and in the goal stands in the PDF as it was written."""
    hostile.carry_out("07", Feedback(attempt=1, text="Add a table of the columns."))
    renderer = registry.create("renderers", name)
    sources = hostile.text("writing/main.typ") if name == "typst" else "".join(
        path.read_text() for path in (hostile.workspace / "writing/sections").glob("*.tex"))
    if name == "latex":
        assert "\\input{/etc" not in sources
        assert sources.count("\\end{document}") == 0
    if renderer.unavailable():
        assert "install" in renderer.unavailable()
        return
    built = renderer.build(hostile.workspace / "writing", tmp_path / "paper.pdf")
    assert built.ok, built.log[-2000:]
    text = "".join(page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(tmp_path / "paper.pdf"))
    flat = re.sub(r"[\s\u200b\x02\xad]+", "", text)
    assert "withoutalanguagemodel" in flat
    for shown in (COLUMNS[0], "<b>now</b> &", *HOSTILE_LABELS):
        assert re.sub(r"\s+", "", shown) in flat


@pytest.mark.parametrize("name", ["ceiling", "regression"])
def test_the_paper_builds_with_figures_and_pages(tmp_path_factory, tmp_path, name):
    """With the renderer that needs no TeX."""
    one = case(name, tmp_path_factory)
    built = registry.create("renderers", "typst").build(one.workspace / "writing", tmp_path / "paper.pdf")
    assert built.ok, built.log
    pdf = pypdfium2.PdfDocument(tmp_path / "paper.pdf")
    assert 4 <= len(pdf) <= 14
    assert "How this document was made" in pdf[0].get_textpage().get_text_bounded()


def test_the_same_inputs_give_the_same_bytes(hostile):
    """Everything under writing/, twice."""
    before = hostile.writing()
    hostile.carry_out("07")
    assert before == hostile.writing()


def test_twenty_of_twenty_last_digit_mutations_are_caught(hostile):
    """Seeded: five each in numbers.json, in the macros, in the result files and in the text."""
    rng = random.Random(20)
    entries = json.loads(hostile.text("writing/numbers.json"), parse_float=str, parse_int=str)
    caught = []
    for place in ("numbers", "macros", "results", "text"):
        for name in rng.sample(sorted(entries), 5):
            path, old, new = MUTATIONS[place](hostile, name, entries[name])
            target = hostile.workspace / path
            kept = target.read_bytes()
            assert kept.decode().count(old) >= 1
            target.write_text(kept.decode().replace(old, new, 1), encoding="utf-8")
            found = hostile.failing()
            caught.append((place, name, bool(found)))
            target.write_bytes(kept)
    assert [] == [one for one in caught if not one[2]]
    assert 20 == len(caught)
    assert {} == hostile.failing()


def last_digit(text: str) -> str:
    """The number with its last significant digit changed by one."""
    mantissa, mark, exponent = text.partition("e")
    at_end = len(mantissa) - 1
    return mantissa[:at_end] + str((int(mantissa[at_end]) + 1) % 10) + mark + exponent


def in_numbers(study, name, entry):
    """The value in numbers.json."""
    text = study.text("writing/numbers.json")
    start = text.index(f'"{name}": {{')
    old = text[start:text.index(entry["value"], text.index('"value"', start)) + len(entry["value"])]
    return "writing/numbers.json", old, old[: -len(entry["value"])] + last_digit(entry["value"])


def in_macros(study, name, entry):
    """What the macro prints."""
    line = next(x for x in study.text("writing/numbers.tex").splitlines() if x.endswith(f"% {name}"))
    body = re.search(r"\{([^{}]*)\} %", line)[1]
    digits = list(re.finditer(r"\d", body))[-1]
    changed = body[: digits.start()] + str((int(digits[0]) + 1) % 10) + body[digits.end():]
    return "writing/numbers.tex", line, line.replace(f"{{{body}}} %", f"{{{changed}}} %")


def in_results(study, name, entry):
    """The value in the file it was read from, at its place: everything up to it is kept."""
    path = study.workspace / entry["file"]
    text = path.read_text(encoding="utf-8")
    keys = entry["pointer"].split("/")[1:]
    if entry["file"].endswith(".csv"):
        start = text.index(text.splitlines()[int(keys[0]) + 1])
    else:
        start = 0
        for key in keys:
            found = text.find(json.dumps(key, ensure_ascii=False).replace("~1", "/"), start)
            start = found if found >= 0 else start
    spot = find_at(study, entry, text, start)
    return entry["file"], text[: spot + len(entry["value"])], text[:spot] + last_digit(entry["value"])


def find_at(study, entry, text: str, start: int) -> int:
    """The first occurrence of the value from `start` on whose change moves what the pointer reads."""
    path = study.workspace / entry["file"]
    while True:
        spot = text.index(entry["value"], start)
        changed = text[:spot] + last_digit(entry["value"]) + text[spot + len(entry["value"]):]
        path.write_text(changed, encoding="utf-8")
        try:
            moved = at(study, entry["file"], entry["pointer"]) != Decimal(entry["value"])
        except (ValueError, ArithmeticError, KeyError, IndexError):
            moved = False
        finally:
            path.write_text(text, encoding="utf-8")
        if moved:
            return spot
        start = spot + 1


def in_text(study, name, entry):
    """A macro in a section, replaced by its number with another last digit."""
    line = next(x for x in study.text("writing/numbers.tex").splitlines() if x.endswith(f"% {name}"))
    macro = re.search(r"\\newcommand\{(\\num\w+)\}", line)[1] + "{}"
    path = next(p for p in sorted((study.workspace / "writing").rglob("*.tex"))
                if macro in p.read_text() and p.name != "numbers.tex")
    return path.relative_to(study.workspace).as_posix(), macro, last_digit(entry["value"])


MUTATIONS = {"numbers": in_numbers, "macros": in_macros, "results": in_results, "text": in_text}


def test_what_was_analysed_besides_is_shown_with_its_numbers(hostile, tmp_path):
    """Calibration, importance, learning curve, subgroups and a secondary metric reach the paper, and it still builds."""
    hostile.carry_out("05", Feedback(attempt=1, text="Add permutation importance. Add learning curves."))
    asked = f"Add calibration. Report accuracy as well. Subgroups by {COLUMNS[2]}."
    draft = hostile.carry_out("06", Feedback(attempt=1, text=asked))
    assert "not done: " not in draft
    hostile.carry_out("07")
    assert {} == hostile.failing()
    labels = labels_of(document(hostile))
    assert {"tab:calibration", "tab:importance", "tab:comparisons-accuracy", "fig:calibration", "fig:importance",
            "fig:learning_curve", "fig:subgroups"} <= labels
    assert {part.label for part in parts_of(document(hostile)) if hasattr(part, "label")} <= labels
    built = registry.create("renderers", "typst").build(hostile.workspace / "writing", tmp_path / "paper.pdf")
    assert built.ok, built.log


def test_the_self_review_scores_facts_only(study):
    """Six dimensions are not assessed; the verdict follows from the open issues."""
    review = study.json("artifacts/self_review.json")
    assert 8 == len(review["scores"])
    assert 6 == sum(score is None for score in review["scores"].values())
    assert review["overall"] is None
    assert {"references and figures": 10.0, "completeness": 10.0} == {k: v for k, v in review["scores"].items() if v}
    worst = {issue["severity"] for issue in review["issues"] if not issue["fixed"]}
    assert worst <= {"MINOR"}
    assert "ready" == review["verdict"]


def test_the_goal_is_quoted_and_its_numerals_are_its_own(hostile):
    """The goal stands in the introduction, word for word."""
    assert GOAL in words(hostile, "introduction")
