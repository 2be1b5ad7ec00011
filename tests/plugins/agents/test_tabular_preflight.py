"""What the embedded agent says of a run before it exists."""

from __future__ import annotations

import csv
import io
import math
import subprocess
import sys
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from tabular_study_files import write_messy

from autor_nb.domain.ports import NewRun, Preflight
from autor_nb.domain.run import RunConfig
from autor_nb.plugins.agents.tabular import bundled
from autor_nb.plugins.agents.tabular.agent import TabularAgent
from autor_nb.plugins.agents.tabular.tablefile import read_header, read_rows


def ask(goal: str = "Which model is best?", *files: Path, intake: bool = False, **options: str) -> Preflight:
    """The agent's answer."""
    return TabularAgent().preflight(NewRun(goal=goal, config=RunConfig(intake=intake, options=options), resources=files))


def table(folder: Path, text: str, name: str = "my.csv") -> Path:
    """A file with that text; the row after a header is followed by others like it, with a 1 added to its numbers."""
    header, *rows = text.splitlines()
    if len(rows) == 1:
        rows = [",".join(str(int(cell) + n % 7) if cell.isdigit() else f"{cell}{n % 3}" for cell in rows[0].split(","))
                for n in range(30)]
    (folder / name).write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
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
    pyarrow.parquet.write_table(pyarrow.table({"a": [1, None, 3] * 9, "y": ["u", "v", None] * 9}), path)
    assert "y" == ask("Compare", path).options["target"]
    assert [["1", "u"], ["", "v"], ["3", ""]] == read_rows(path, read_header(path), 3)[0]


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


def csv_of(folder: Path, **columns: list) -> Path:
    """A file with these columns."""
    path = folder / "t.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


NOISE = [round(math.sin(n * 12.9898) * 43.7, 3) for n in range(300)]


@pytest.mark.parametrize(("y", "options", "problem", "mend"), [
    ([], {}, "no rows", "Give a table with rows"),
    (["a", "b"], {}, "Only 2 rows", "at least 12"),
    (["", "NA"] * 20, {}, "No row has a value", "--set target"),
    (["a"] * 40, {}, "one value only ('a')", "--set target"),
    ([f"level {n % 100}" for n in range(300)], {}, "100 different values", "--set target"),
    ([f"kind {n % 15}" for n in range(15)], {}, "Of the 15 classes", "more rows of each class"),
    (["a", "b", "c"] * 20, {"positive": "a"}, "not two classes", "Leave positive out"),
    (["a", "b"] * 20, {"positive": "foo"}, "no class 'foo'", "'a', 'b'"),
    ([n / 7 for n in range(60)], {"positive": "1"}, "has numbers, not two", "Leave positive out"),
])
def test_a_table_that_cannot_be_studied_is_refused_before_a_run_exists(tmp_path, y, options, problem, mend):
    """By what is wrong with it, with the mend."""
    answer = ask("Compare", csv_of(tmp_path, x=NOISE[:len(y)], y=y), target="y", **options)
    assert problem in answer.problem
    assert mend in answer.suggestion


def test_a_positive_class_of_a_bundled_set_is_checked(tmp_path):
    """Iris has three classes; breast cancer has two, of other names."""
    assert "not two classes" in ask(dataset="iris", positive="foo").problem
    assert "'benign', 'malignant'" in ask(dataset="breast_cancer", positive="foo").suggestion
    assert "" == ask(dataset="breast_cancer", positive="benign").problem


def test_rows_of_one_person_are_found_and_said(tmp_path):
    """Integer ids that repeat; nothing is said where --set group says it."""
    path = csv_of(tmp_path, PatientNo=[n // 3 for n in range(60)], x=NOISE[:60], y=["a", "b"] * 30)
    answer = ask("Compare", path, target="y")
    assert "" == answer.problem
    assert any("'PatientNo' stay on one side" in note for note in answer.notes)
    for said in ("none", "PatientNo"):
        assert not any("PatientNo" in note for note in ask("Compare", path, target="y", group=said).notes)


def test_what_only_looks_like_an_id_is_asked(tmp_path):
    """A problem with both answers, or an open question where intake asks."""
    path = csv_of(tmp_path, town=[f"town {n % 40}" for n in range(120)], x=NOISE[:120], y=["a", "b", "b"] * 40)
    answer = ask("Compare", path, target="y")
    assert "'town'" in answer.problem
    assert "--set group=town" in answer.suggestion and "--set group=none" in answer.suggestion
    asked = ask("Compare", path, target="y", intake=True)
    assert ("group",) == asked.open and any("Intake will ask" in note and "'town'" in note for note in asked.notes)
    assert "" == ask("Compare", path, target="y", group="none").problem


def test_the_estimate_follows_the_work(tmp_path):
    """More rows, columns, seeds and slower families take longer; the text names fits and disk."""
    small = ask(dataset="iris")
    assert small.duration_s > ask(dataset="iris", seeds="1").duration_s
    assert ask(dataset="digits").duration_s > 2 * small.duration_s
    slow = ask(dataset="iris", families="forest,extra_trees,boosting,gaussian_process").duration_s
    assert slow > ask(dataset="iris", families="logistic,knn,tree,naive_bayes").duration_s
    assert any("960 fits" in note and "MB of disk" in note for note in small.notes)
    wide = csv_of(tmp_path, **{f"x{n}": NOISE for n in range(40)}, y=["a", "b", "b"] * 100)
    assert ask("Compare", wide, target="y").duration_s > small.duration_s


def test_the_shapes_of_bundled_sets_are_theirs():
    """Rows, columns and classes as scikit-learn has them."""
    for name, (count, columns, classes) in bundled.SHAPES.items():
        header, *lines = csv.reader(io.StringIO(bundled.as_csv(name)))
        values = {line[-1] for line in lines}
        assert (count, columns) == (len(lines), len(header) - 1)
        assert classes == (1 if len(values) > 20 else len(values))
