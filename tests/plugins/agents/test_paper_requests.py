"""What a person asks of the paper and of the release: done and visible in the files, or honestly not done."""

from __future__ import annotations

import msgspec
import pypdfium2
import pytest
import tabular_study_files as files
from paper_study_files import Case, case

from autor_nb import registry
from autor_nb.domain.ports import Feedback
from autor_nb.plugins.agents.tabular.paper_wishes import wishes_of


@pytest.fixture
def study(tmp_path_factory, tmp_path) -> Case:
    """A copy of a finished study, for changing."""
    return case("regression", tmp_path_factory).copy(tmp_path / "run")


def offers(study: Case, slug: str, attempt: int) -> list[dict]:
    """What an attempt offered."""
    return study.json(f"notes/suggestions/{slug}.json")[str(attempt)]


def names(study: Case) -> list[str]:
    """The sections of the paper."""
    return [section["name"] for section in study.json("writing/document.json")["sections"]]


def taken(study: Case, slug: str, attempt: int, number: int) -> Feedback:
    """The feedback that takes a suggestion."""
    return Feedback(attempt=attempt, suggestion=number, text=offers(study, slug, attempt)[number - 1]["text"])


@pytest.mark.parametrize("number", [1, 2, 3])
def test_each_suggestion_for_the_paper_changes_it(study, number):
    """Three real options: the draft says done, the sources change, the numbers stay in order."""
    before = study.writing()
    first = [offer["key"] for offer in offers(study, "07_writing", 1)]
    draft = study.carry_out("07", taken(study, "07_writing", 1, number))
    assert "| done |" in draft
    assert before != study.writing()
    assert {} == study.failing()
    assert first[number - 1] not in [offer["key"] for offer in offers(study, "07_writing", 2)]
    assert 3 == len({offer["key"] for offer in offers(study, "07_writing", 2)})


def test_suggestions_never_run_out(study):
    """Eight attempts, each taking the first suggestion: always three, always carried out."""
    given: list[Feedback] = []
    for attempt in range(1, 9):
        given.append(taken(study, "07_writing", attempt, 1))
        before = study.writing()
        draft = study.carry_out("07", *given)
        assert before != study.writing()
        assert "not done" not in draft.replace("done or not done", "")


def test_a_table_of_every_fold_comes_and_goes(study):
    """Asked for in words, then taken out again; its numbers go with it."""
    first = Feedback(attempt=1, text="Please add the per-fold scores.")
    study.carry_out("07", first)
    assert "folds" in names(study)
    assert "writing/sections/folds.tex" in [f"writing/{name}" for name in study.writing()]
    many = len(study.json("writing/numbers.json"))
    study.carry_out("07", first, Feedback(attempt=2, text="Remove the fold table: drop per-fold scores"))
    assert "folds" not in names(study)
    assert "sections/folds.tex" not in study.writing()
    assert many > len(study.json("writing/numbers.json"))
    assert {} == study.failing()


def test_a_title_is_changed_and_a_shorter_paper_is_shorter(study):
    """Free text that the rules know."""
    long = sum(len(content) for name, content in study.writing().items() if name.startswith("sections/"))
    draft = study.carry_out("07", Feedback(attempt=1, text="Change the title to \"Sugar, and what 2 models say\"."),
                            Feedback(attempt=1, text="Make it shorter"))
    title = "".join(part.get("text", "") for part in study.json("writing/document.json")["title"])
    assert 'Sugar, and what "2" models say' == title
    assert 0.9 * long > sum(len(c) for n, c in study.writing().items() if n.startswith("sections/"))
    assert "appendix" not in str([s for s in study.json("writing/document.json")["sections"] if s.get("appendix")])
    assert 2 == draft.count("| done |")
    assert {} == study.failing()


def test_a_venue_with_few_pages_gets_the_short_paper(study, tmp_path):
    """Six pages are kept; a person may still ask for the long one."""
    given = msgspec.structs.replace(study.task("07"), venue="ieee_conference")
    files.carry_out(given)
    built = registry.create("renderers", "typst").build(study.workspace / "writing", tmp_path / "paper.pdf")
    assert built.ok, built.log
    assert len(pypdfium2.PdfDocument(tmp_path / "paper.pdf")) <= 6
    assert not [s for s in study.json("writing/document.json")["sections"] if s.get("appendix")]
    files.carry_out(msgspec.structs.replace(given, attempt=2, feedback=(Feedback(attempt=1, text="Make it longer."),)))
    assert [s for s in study.json("writing/document.json")["sections"] if s.get("appendix")]


def test_the_paper_and_the_release_say_how_often_the_holdout_was_opened(study):
    """The engine counted two openings, the workspace knows of one: every place says two, as a number read from a
    file."""
    assert 1 == study.json("results/holdout.json")["opened"]
    for number in ("07", "08"):
        files.carry_out(msgspec.structs.replace(study.task(number), holdout_opened=2))
    document = study.json("writing/document.json")
    numbers = study.json("writing/numbers.json")
    (name,) = [name for name, entry in numbers.items() if entry["file"] == "notes/holdout_openings.json"]
    assert (2, {}) == (numbers[name]["value"], study.failing())
    places = [document["abstract"], *(s for s in document["sections"] if s["name"] in ("holdout", "hypotheses"))]
    for place in places:
        assert name in str(place)
    assert "opened once" not in str(document)
    assert "opened 2 times" in " ".join(i["text"] for i in study.json("artifacts/self_review.json")["issues"])
    assert "opened 2 times" in study.text("reviews/threats_to_validity.md")


@pytest.mark.parametrize(("text", "why"), [
    ("Make the discussion more inspiring and cite newer work", "not understood"),
    ("Use the NeurIPS layout", "the venue is a setting of the run"),
    ("Use 10 seeds", "roll back to stage 05"),
    ("Add a calibration table", "roll back to stage 06"),
])
def test_what_cannot_be_done_is_said_and_changes_nothing(study, text, why):
    """Honest answers; the sources stay byte for byte."""
    before = study.writing()
    draft = study.carry_out("07", Feedback(attempt=1, text=text))
    assert "not done: " in draft
    assert why in draft
    assert before == study.writing()


def test_calibration_is_shown_where_it_was_assessed():
    """The same words are a change when there is something to show."""
    known = frozenset(["calibration"])
    asked = (Feedback(attempt=1, text="Remove the calibration table"),)
    assert not wishes_of(asked, "07_writing", {}, known).shows("calibration")
    again = (*asked, Feedback(attempt=2, text="Add the calibration table again"))
    assert wishes_of(again, "07_writing", {}, known).shows("calibration")
    assert [False] == [answer.done for answer in wishes_of(again[1:], "07_writing", {}, frozenset()).answers]


def test_the_release_has_threats_and_notes_from_facts(study):
    """Named hypotheses and outcomes, the counts of rows, and nothing that is not known."""
    threats, notes = study.text("reviews/threats_to_validity.md"), study.text("artifacts/release_notes.md")
    split = study.json("data/split.json")
    assert f"{split['raw_rows']} rows" in threats
    assert f"It has {split['holdout_rows']} rows" in threats
    for kind in ("Internal", "Statistical", "External", "Construct"):
        assert f"## {kind} validity" in threats
    for test in study.json("results/hypothesis_tests.json")["tests"]:
        assert test["id"] in notes
        assert test["outcome"] in notes
    assert "without a language model" in notes
    for limit in study.json("notes/limits.json"):
        assert limit["text"][:20].replace("_", "\\_") in threats


@pytest.mark.parametrize("number", [1, 2, 3])
def test_each_suggestion_for_the_release_adds_its_document(study, number):
    """A card or a guide is written, named in the draft, and can be taken out again."""
    paths = ["artifacts/model_card.md", "artifacts/data_card.md", "artifacts/reproduce.md"]
    assert not any((study.workspace / path).exists() for path in paths)
    first = taken(study, "08_dissemination", 1, number)
    draft = study.carry_out("08", first)
    assert f"`{paths[number - 1]}`" in draft
    assert [paths[number - 1]] == [path for path in paths if (study.workspace / path).exists()]
    back = next(n for n, offer in enumerate(offers(study, "08_dissemination", 2), 1) if offer["key"].startswith("release-"))
    study.carry_out("08", first, taken(study, "08_dissemination", 2, back))
    assert not any((study.workspace / path).exists() for path in paths)


def test_hostile_names_stay_names_in_the_release(tmp_path_factory):
    """Markdown from the header and the goal is escaped."""
    hostile = case("hostile", tmp_path_factory)
    for path in ("reviews/threats_to_validity.md", "artifacts/release_notes.md"):
        text = hostile.text(path)
        assert "<b>" not in text.replace("`#no{} <b> 2019`", "").replace("\\<b\\>", "")
