"""The Python API over real runs: what it answers, shows and raises."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import autor_nb
from autor_nb.domain.errors import RefusedError, RunError, UsageError


def test_a_run_shows_itself_its_stages_checks_and_artifacts(place: Any) -> None:
    """Three forms of each, and the values behind them."""
    run = autor_nb.open()
    assert ("in_review", "person", place.run.run_id) == (run.status, run.waiting, run.id)
    for thing in (run, run.stages, run.stages[0], run.checks, run.artifacts):
        bundle = thing._repr_mimebundle_()
        assert all(bundle[kind] for kind in ("text/html", "text/markdown", "text/plain"))
        assert repr(thing)
    assert ["01", "02", "03"] == [stage.number for stage in run.stages]
    assert run.stages[0].summary.startswith("# Stage 01: Literature Survey")
    assert run.checks and all(check.passed for check in run.checks)
    assert "literature/sources.json" in [entry.path for entry in run.artifacts]
    assert [run.stages[0].notebook] == run.notebooks
    assert run.pdf is None
    assert [run.id] == [other.id for other in autor_nb.runs()]


def test_verifying_finds_nothing_and_then_what_was_changed(place: Any) -> None:
    """Every check asked again; a removed notebook is named."""
    run = autor_nb.open()
    assert [] == run.verify().facts["differences"]
    run.notebooks[0].unlink()
    verified = run.verify()
    assert 1 == verified.exit_code and "is missing" in verified.facts["differences"][0]


@pytest.mark.parametrize("place", ["none"], indirect=True)
def test_a_run_without_a_person_goes_through(place: Any) -> None:
    """`wait=True` returns when it is complete; every stage is approved by the policy."""
    told: list[str] = []
    run = autor_nb.new("g", agent="scripted", reviewer="auto", wait=True, progress=told.append)
    assert "completed" == run.status
    assert {"approved"} == {stage.status for stage in run.stages}
    assert any("is complete" in line for line in told)


@pytest.mark.parametrize("place", ["none"], indirect=True)
def test_a_run_that_ends_badly_raises_so_that_a_notebook_ends_too(place: Any) -> None:
    """RunError with the reason and what goes on."""
    with pytest.raises(RunError, match="still fails") as raised:
        autor_nb.new("g", agent="scripted", reviewer="auto", retries=1, script="01:crash,01:crash,01:crash", wait=True)
    assert "autor resume" in raised.value.suggestion
    assert "completed" == autor_nb.open().resume(options={"script": ""}).wait("done").status


@pytest.mark.parametrize(("said", "words"), [
    ({"goal": "  "}, "The goal is empty"),
    ({"goal": "g", "venue": "neurips"}, "no venue 'neurips'"),
    ({"goal": "g", "agent": "nobody"}, "no agent named 'nobody'"),
    ({"goal": "g", "resources": ["gone.csv"]}, "gone.csv"),
    ({"goal": "g", "dataset": "gone.csv"}, "gone.csv"),
    ({"goal": "g", "reviewer": "nobody"}, "no reviewer 'nobody'"),
    ({"goal": "g", "script": "01:dance"}, "01:dance"),
    ({"goal": "g", "decisions": "gone.yaml"}, "gone.yaml"),
])
@pytest.mark.parametrize("place", ["none"], indirect=True)
def test_a_wrong_request_makes_no_run(place: Any, said: dict[str, Any], words: str) -> None:
    """UsageError with its mend; nothing under runs/."""
    with pytest.raises(UsageError) as raised:
        autor_nb.new(**{"agent": "scripted", **said})
    assert words in raised.value.message and raised.value.suggestion
    assert [] == list((place.project / "runs").iterdir())


def test_a_refused_decision_raises_and_changes_nothing(place: Any) -> None:
    """The refusal's reason is the error."""
    run = autor_nb.open()
    with pytest.raises(RefusedError, match="no suggestion 9"):
        run.refine(9)
    with pytest.raises(RefusedError, match="Attempt 5 is not in review"):
        run.approve(attempt=5)
    assert "in_review" == run.status


def test_results_are_rows(place: Any) -> None:
    """Every number of results/*.json, or one file as it is; other files are refused with the list."""
    folder = place.run.workspace / "results"
    (folder / "summary.json").write_text(json.dumps({"best": "tree", "families": {"tree": {"auc": 0.9}}, "n": [1, 2]}))
    (folder / "folds.csv").write_text("family,auc\ntree,0.9\nlinear,0.8\n")
    run = autor_nb.open()
    rows = run.results().to_dict("records")
    assert {"families.tree.auc": 0.9, "n[0]": 1, "n[1]": 2} == {row["name"]: row["value"] for row in rows}
    assert [0.9, 0.8] == list(run.results("folds.csv")["auc"])
    with pytest.raises(UsageError, match="no result file"):
        run.results("../notes/draft.md")


def test_what_a_researcher_types_first_is_there(place: Any) -> None:
    """Goal, stage, attempt, summary, suggestions … of a run in review; a long goal is whole."""
    run = autor_nb.open()
    assert ("find out what holds", "scripted", "report", "person") == (run.goal, run.agent, run.venue, run.reviewer)
    assert ("01_literature_survey", 1, 3, "") == (run.stage, run.attempt, len(run.suggestions), run.error)
    assert run.summary.startswith("# Stage 01")
    assert any("01_literature_survey" in line for line in run.log)
    assert ([], [], 0.0, "") == (run.resources, run.questions, run.cost_usd, run.completed_at)
    assert run.workspace.is_dir() and run.created_at.startswith("20")
    assert 5 == run.config.limits.retries
    run.abort("enough")
    assert "enough" in run.error


def test_the_decisions_of_one_run_can_be_replayed(place: Any, tmp_path: Path) -> None:
    """A decisions file carries another run to the same end."""
    decisions = tmp_path / "decisions.yaml"
    decisions.write_text("- {stage: '01', decision: refine, suggestion: 1}\n- {stage: 1, decision: approve}\n"
                         "- {stage: '2', decision: approve}\n- {stage: 03_study_design, decision: approve}\n")
    run = autor_nb.new("g", agent="scripted", decisions=decisions, wait=True)
    assert ("completed", 2) == (run.status, len(run.state.stages[0].attempts))
    told = place.autor("show", "--decisions", "--run", run.id, "--text").out
    (tmp_path / "told.yaml").write_text(told)
    again = autor_nb.new("g", agent="scripted", decisions=tmp_path / "told.yaml", wait=True)
    assert ("completed", 2) == (again.status, len(again.state.stages[0].attempts))
    assert told == place.autor("show", "--decisions", "--run", again.id, "--text").out
    with pytest.raises(UsageError, match="two reviewers"):
        autor_nb.new("g", agent="scripted", decisions=decisions, reviewer="auto")


@pytest.mark.parametrize("place", ["none"], indirect=True)
@pytest.mark.parametrize(("entry", "word"), [
    ("{stage: 1, decision: refine}", "decision 1"),
    ("{stage: 1, decision: approve, waive: {x: y}}", "waive"),
    ("{stage: 17, decision: approve}", "no stage '17'"),
])
def test_a_decisions_file_is_judged_before_there_is_a_run(place: Any, tmp_path: Path, entry: str, word: str) -> None:
    """The entry and what is wrong with it are named."""
    (tmp_path / "d.yaml").write_text(f"- {entry}\n")
    with pytest.raises(UsageError, match=word):
        autor_nb.new("g", agent="scripted", decisions=tmp_path / "d.yaml")
    assert not place.runs
