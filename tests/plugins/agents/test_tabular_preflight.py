"""What the embedded agent says of a run before it exists."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from tabular_study_files import write_messy

from autor_nb.domain.ports import NewRun, Preflight
from autor_nb.domain.run import RunConfig
from autor_nb.plugins.agents.tabular.agent import TabularAgent
from autor_nb.plugins.agents.tabular.tablefile import read_header, read_rows


def ask(goal: str = "Which model is best?", *files: Path, intake: bool = False, **options: str) -> Preflight:
    """The agent's answer."""
    return TabularAgent().preflight(NewRun(goal=goal, config=RunConfig(intake=intake, options=options), resources=files))


def table(folder: Path, text: str, name: str = "my.csv") -> Path:
    """A file with that text."""
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_a_goal_without_data_is_refused_with_the_ways_out():
    """Bundled sets, --resources and the agents are named."""
    answer = ask()
    assert answer.problem == "This goal names no data set."
    assert all(word in answer.suggestion for word in ("breast_cancer", "diabetes", "--resources FILE", "claude"))


def test_agents_on_the_path_are_named(tmp_path, monkeypatch):
    """Only those that are there."""
    program = tmp_path / "codex"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "--agent codex" in ask().suggestion
    assert "--agent claude" not in ask().suggestion


def test_a_bundled_set_by_name():
    """Its target is settled."""
    answer = ask(dataset="breast_cancer")
    assert ("", {"dataset": "breast_cancer", "target": "diagnosis"}) == (answer.problem, answer.options)


def test_an_unknown_set_names_the_nearest():
    """With all that are known."""
    answer = ask(dataset="brest_cancer")
    assert "'brest_cancer'" in answer.problem
    assert "Did you mean 'breast_cancer'?" in answer.suggestion


@pytest.mark.parametrize(("goal", "options", "expected"), [
    ("Find out", {"target": "Age"}, "age"), ("Can we predict income from age?", {}, "income"),
    ("What drives income", {}, "income"),
])
def test_the_target_by_setting_or_by_goal(tmp_path, goal, options, expected):
    """A setting first, then the goal's words; case is forgiven where it is clear."""
    path = table(tmp_path, "age,income,town\n1,2,a\n")
    assert expected == ask(goal, path, **options).options["target"]


def test_a_well_known_name_is_assumed_and_said(tmp_path):
    """A column y is taken, and the plan says so."""
    answer = ask("Compare models", table(tmp_path, "a,b,y\n1,2,3\n"))
    assert "y" == answer.options["target"]
    assert any("assumed" in note for note in answer.notes)


def test_an_open_target_is_intakes_or_a_problem(tmp_path):
    """With intake it stays open; without, the columns are named."""
    path = table(tmp_path, "a,b,c\n1,2,3\n")
    assert ("target",) == ask("Compare", path, intake=True).open
    assert "'a', 'b', 'c'" in ask("Compare", path).suggestion


def test_an_unknown_target_names_the_nearest(tmp_path):
    """And all columns."""
    answer = ask("Compare", table(tmp_path, "age,income\n1,2\n"), target="incme")
    assert "no column 'incme'" in answer.problem
    assert "'income'" in answer.suggestion


@pytest.mark.parametrize(("key", "value", "word"), [
    ("seed", "3", "'seeds'"), ("seeds", "many", "1 to 50"), ("families", "svm,knn", "at least four"),
    ("families", "svm,knn,forest,magic", "'magic'"), ("metric", "beauty", "roc_auc"), ("rope", "-1", "positive"),
])
def test_settings_are_checked(key, value, word):
    """Unknown keys and values are refused with what is known."""
    answer = ask(dataset="iris", **{key: value})
    assert answer.problem
    assert word in answer.problem + answer.suggestion


def test_latin_1_and_semicolons_are_found_out_and_said(tmp_path):
    """Names and cells are right."""
    path = write_messy(tmp_path / "messy.csv")
    answer = ask("Compare", path, target="Ergebnis")
    assert "" == answer.problem
    assert any("cp1252" in note for note in answer.notes)
    assert any("semicolon" in note for note in answer.notes)
    header = read_header(path)
    rows, notes = read_rows(path, header)
    assert [] == notes
    assert {"Zürich", "Genève", "Köln"} == {row[3] for row in rows}


def test_parquet(tmp_path):
    """Columns come from the schema, gaps from nulls."""
    path = tmp_path / "t.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"a": [1, None, 3], "y": ["u", "v", None]}), path)
    assert "y" == ask("Compare", path).options["target"]
    assert [["1", "u"], ["", "v"], ["3", ""]] == read_rows(path, read_header(path))[0]


@pytest.mark.parametrize(("content", "word"), [(b"", "empty"), (b"a\x00b,c\n", "zero bytes"), (b"only\n1\n", "one column")])
def test_what_is_no_table_is_refused(tmp_path, content, word):
    """By what it is."""
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    assert word in ask("Compare", path, target="a").problem


def test_the_face_is_light():
    """Naming the agent and asking for a bundled set imports neither pandas nor scikit-learn."""
    code = ("import sys; from autor_nb.plugins.agents.tabular.agent import TabularAgent;"
            "from autor_nb.domain.ports import NewRun; from autor_nb.domain.run import RunConfig;"
            "a = TabularAgent().preflight(NewRun(goal='g', config=RunConfig(options={'dataset': 'iris'})));"
            "assert not a.problem; print([m for m in ('pandas', 'sklearn', 'matplotlib', 'numpy') if m in sys.modules])")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "[]" == done.stdout.strip()
