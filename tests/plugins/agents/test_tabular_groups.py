"""Rows that share a person, and columns that give the target away: found, kept together, left out or named."""

from __future__ import annotations

import csv
import json
import random
from itertools import pairwise
from pathlib import Path

import pytest
import tabular_study_files as files
from tabular_study_files import FAST, carry_out, draft, supply, task

from autor_nb.domain.errors import UsageError
from autor_nb.domain.ports import Feedback
from autor_nb.domain.run import QA
from autor_nb.plugins.agents.tabular import units
from autor_nb.plugins.agents.tabular.intake_answers import related_rows
from autor_nb.plugins.agents.tabular.study import data

files.TITLES.setdefault("07", ("07_writing", "Writing"))
OPTIONS = {**FAST, "families": "logistic,knn,naive_bayes,forest", "target": "y"}
PEOPLE, EACH = 60, 5


def people(path: Path) -> Path:
    """Sixty people with five rows each: a label per person, noise that is nearly the same in all rows of one, an
    integer id, and a copy of the target with two rows wrong."""
    rng = random.Random(5)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["patient_id", "noise", "other", "follow_up", "y"])
        rows = []
        for person in range(PEOPLE):
            label, noise = person % 2, rng.gauss(0, 1)
            for _ in range(EACH):
                rows.append([1000 + person * 7, round(noise + rng.gauss(0, 0.01), 3), round(rng.gauss(0, 1), 3),
                             "dead" if label else "alive", "yes" if label else "no"])
        for wrong in (3, 111):
            rows[wrong][3] = {"dead": "alive", "alive": "dead"}[rows[wrong][3]]
        writer.writerows(rows)
    return path


def study(folder: Path, stages: tuple[str, ...], **more: str) -> Path:
    """Carry out stages on these people."""
    source = people(folder / "people.csv")
    run = folder / "run"
    resources = supply(run, source)
    for number in stages:
        carry_out(task(run, number, options={**OPTIONS, **more}, resources=resources))
    return run


def read(run: Path, path: str):
    """A JSON file of the workspace."""
    return json.loads((run / "workspace" / path).read_text(encoding="utf-8"))


def column(run: Path, part: str, name: str = "patient_id") -> list[str]:
    """A column of a part of the data."""
    with (run / "workspace" / "data" / part).open(encoding="utf-8", newline="") as stream:
        return [row[name] for row in csv.DictReader(stream)]


@pytest.fixture(scope="module")
def noise(tmp_path_factory) -> Path:
    """The study of noise, with the follow-up left out."""
    return study(tmp_path_factory.mktemp("noise"), ("01", "02", "03", "04", "05", "06", "07"), drop="follow_up")


def test_noise_that_knows_the_person_shows_no_signal(noise):
    """People are on one side of holdout and folds, permuted as wholes; no family beats the baseline."""
    assert not set(column(noise, "train.csv")) & set(column(noise, "holdout.csv"))
    split, design = read(noise, "data/split.json"), read(noise, "data/design.json")
    assert ("grouped", "patient_id", "grouped") == (split["method"], split["group"], design["fold_scheme"])
    assert ["noise", "other"] == [c["name"] for c in design["columns"]]
    test = read(noise, "results/permutation.json")
    assert "targets are exchanged between whole groups" == test["scheme"]
    assert test["p"] > 0.05
    outcomes = {t["test"]: t["outcome"] for t in read(noise, "results/hypothesis_tests.json")["tests"] if t["id"] != "T1"}
    assert "supported" != outcomes["signal"]
    assert "groups of rows" == read(noise, "results/holdout.json")["bootstrap"]["unit"]


def test_the_folds_hold_whole_people(noise):
    """In every seed each person's rows are tested in one fold."""
    ids = column(noise, "train.csv")
    with (noise / "workspace/results/predictions.csv").open(encoding="utf-8", newline="") as stream:
        where = {(row["seed"], ids[int(row["row"])], row["fold"]) for row in csv.DictReader(stream)}
    assert len(where) == len({(seed, person) for seed, person, _ in where})


def test_the_paper_and_the_review_say_that_nobody_named_the_group(noise):
    """By name in the leakage table, MINOR in the self-review, with what overrules it."""
    document = json.dumps(read(noise, "writing/document.json"))
    assert "its name and its repeating values say that rows share a unit" in document
    assert "Possible leakage" not in document
    (issue,) = [i for i in read(noise, "artifacts/self_review.json")["issues"] if "patient_id" in i["text"]]
    assert "MINOR" == issue["severity"] and "--set group=none" in issue["text"]
    offered = read(noise, "notes/suggestions/06_analysis.json")
    assert not [o for many in offered.values() for o in many if "patient_id" in o["key"]]


def test_a_subgroup_by_an_id_is_refused_in_words(noise):
    """An id has no levels worth comparing."""
    given = task(noise, "06", 2, options={**OPTIONS, "drop": "follow_up"},
                 resources=supply(noise, noise.parent / "people.csv"),
                 feedback=(Feedback(attempt=1, text="add a subgroup analysis by patient_id"),))
    carry_out(given)
    assert "not done: that column names units" in draft(noise)


@pytest.fixture(scope="module")
def copied(tmp_path_factory) -> Path:
    """The study with the near copy among the predictors, and one seed."""
    return study(tmp_path_factory.mktemp("copied"), ("01", "02", "03", "04", "05", "06", "07"), seeds="1")


def test_one_seed_is_one_seed_and_roc_is_no_word(copied):
    """In the summaries and in the paper."""
    carry_out(task(copied, "03", options={**OPTIONS, "seeds": "1"}, resources=supply(copied, copied.parent / "people.csv")))
    assert "repeated with 1 seed;" in draft(copied)
    given = task(copied, "05", options={**OPTIONS, "seeds": "1"}, resources=supply(copied, copied.parent / "people.csv"))
    carry_out(given)
    assert "1 seed × " in draft(copied) and "Area under the ROC curve (higher" in draft(copied)
    numbers = read(copied, "writing/numbers.json")
    (seeds,) = [name for name, entry in numbers.items() if entry["pointer"] == "/seeds"]
    document = read(copied, "writing/document.json")
    runs = [document["abstract"], *(b["content"] for s in document["sections"] for b in s["blocks"] if "content" in b)]
    after = [b.get("text", "") for run in runs for a, b in pairwise(run) if a.get("name") == seeds]
    assert len(after) >= 2
    assert all(text.startswith(" seed") and not text.startswith(" seeds") for text in after)


def test_a_near_copy_of_the_target_is_named_everywhere(copied):
    """In the checks with its score, in abstract and data section, MAJOR in the review."""
    run = copied
    checks = {check["id"]: check for check in read(run, "data/leakage.json")["checks"]}
    assert ["follow_up"] == checks["near_copies"]["columns"]
    assert 0.985 <= checks["near_copies"]["scores"]["follow_up"] < 1
    assert not checks["target_copies"]["found"]
    document, review = read(run, "writing/document.json"), read(run, "artifacts/self_review.json")
    assert "Possible leakage" in str(document["abstract"]) and "follow_up" in str(document["abstract"])
    (section,) = [s for s in document["sections"] if s["name"] == "data"]
    name = next(n for n, e in read(run, "writing/numbers.json").items() if e["pointer"].endswith("/scores/follow_up"))
    assert name in str(section)
    (issue,) = [i for i in review["issues"] if "follow_up" in i["text"]]
    assert ("MAJOR", "revise") == (issue["severity"], review["verdict"])
    assert "--set drop=COLUMN" in issue["text"]


def test_a_person_may_say_that_rows_do_not_belong_together(tmp_path):
    """Split at random then; the id is no predictor all the same, checks and review (MAJOR) say who said so."""
    run = study(tmp_path, ("01", "02", "03", "04", "05", "06", "07"), group="none", seeds="1", drop="follow_up")
    assert ("stratified", "") == (read(run, "data/split.json")["method"], read(run, "data/split.json")["group"])
    assert "patient_id" not in [c["name"] for c in read(run, "data/design.json")["columns"]]
    checks = {check["id"]: check for check in read(run, "data/leakage.json")["checks"]}
    assert ["patient_id"] == checks["groups"]["columns"]
    assert "the person said" in checks["groups"]["action"]
    (issue,) = [i for i in read(run, "artifacts/self_review.json")["issues"] if "may belong together" in i["text"]]
    assert "MAJOR" == issue["severity"] and "patient_id" in issue["text"] and "the person said" in issue["text"]


def test_an_answer_at_intake_overrules_what_was_found(tmp_path):
    """Asked with the found column as the default; “none” is an answer."""
    run = tmp_path / "run"
    resources = supply(run, people(tmp_path / "people.csv"))
    carry_out(task(run, "00", options=OPTIONS, resources=resources))
    question = next(q for q in read(run, "notes/intake_questions.json") if q["id"] == "related")
    assert "group: patient_id" == question["default"] and question["closed"]
    pair = QA(question=question["text"], answer="none")
    carry_out(task(run, "01", options=OPTIONS, resources=resources, intake=(pair,)))
    assert "" == read(run, "data/split.json")["group"]


def cells(values: list) -> list[str]:
    """As they stand in a table."""
    return [str(value) for value in values]


RANDOM = random.Random(0)
ROWS = 420


@pytest.mark.parametrize(("name", "values", "kinds"), [
    ("patient_id", [n // 3 for n in range(ROWS)], {"ids", "grouping"}),
    ("PatientId", [f"P{n // 3}" for n in range(ROWS)], {"ids", "grouping"}),
    ("rat_id", [n % 60 for n in range(ROWS)], {"ids", "grouping"}),
    ("patient", [f"patient {n // 3}" for n in range(ROWS)], {"ids", "grouping"}),
    ("subject_id", list(range(ROWS)), {"ids"}),
    ("batch", [f"b{n % 30}" for n in range(ROWS)], {"grouping"}),
    ("site", ["abc"[n % 3] for n in range(ROWS)], {"few"}),
    ("store_id", [n % 4 for n in range(ROWS)], {"ids", "few"}),
    ("town", [f"t{RANDOM.randint(0, 99)}" for _ in range(ROWS)], {"alike"}),
    ("rec", [(n // 3) * 7919 % 1009 for n in range(ROWS)], {"alike"}),
    ("age", [RANDOM.randint(20, 90) for _ in range(ROWS)], set()),
    ("age", sorted(RANDOM.randint(20, 150) for _ in range(ROWS)), set()),
    ("rating", [n % 5 for n in range(ROWS)], set()),
    ("body_mass_index", [RANDOM.randint(18, 40) for _ in range(ROWS)], set()),
    ("patient_age", [RANDOM.randint(20, 90) for _ in range(ROWS)], set()),
    ("family_income", [RANDOM.randint(20, 900) for _ in range(ROWS)], set()),
    ("customers", [RANDOM.randint(0, 60) for _ in range(ROWS)], set()),
    ("subject_score", [round(RANDOM.gauss(0, 1), 1) for _ in range(ROWS)], set()),
    ("visit", [f"2024-01-{1 + n % 28:02d}" for n in range(ROWS)], set()),
    ("colour", ["rgb"[n % 3] for n in range(ROWS)], set()),
])
def test_what_a_column_is_taken_for(name, values, kinds):
    """By name and by how its values repeat; measurements, counts, dates and ordinary categories are none of these."""
    found = units.find({name: cells(values)})
    assert kinds == {kind for kind in ("ids", "grouping", "alike", "few") if getattr(found, kind)}


def test_the_coarsest_of_nested_units_is_kept_together_and_crossed_ones_are_asked():
    """Samples of patients; customers and sites."""
    nested = {"sample_id": cells([n // 2 for n in range(120)]), "patient_id": cells([n // 6 for n in range(120)])}
    assert "patient_id" == units.decide(units.find(nested), nested, "t.csv")[0]
    crossed = {"customer_id": cells([n // 6 for n in range(120)]), "shop_id": cells([n % 12 for n in range(120)])}
    with pytest.raises(UsageError, match="belong together") as caught:
        units.decide(units.find(crossed), crossed, "t.csv")
    assert "--set group=none" in caught.value.suggestion
    assert "" == related_rows(crossed, "", "t.csv").default
    assert "none" == related_rows({"x": cells(list(range(9)))}, "", "t.csv").default


def test_a_row_of_an_unknown_person_is_a_group_of_its_own():
    """Gaps join nobody; both lists of marks for gaps are the same."""
    import pandas as pd

    groups = data.factorized(pd.Series(["a", "", "NA", " a", "b"]))
    assert [True, False, False] == [bool(groups[0] == groups[n]) for n in (3, 1, 4)]
    assert 4 == len(set(groups.tolist()))
    assert data.MISSING == units.MISSING


def test_a_class_that_lies_in_two_groups_is_refused_in_words():
    """It could be trained on or tested on, not both."""
    import pandas as pd

    from autor_nb.plugins.agents.tabular import locking
    from autor_nb.plugins.agents.tabular.plan import Plan

    table = pd.DataFrame({"patient_id": cells([n // 4 for n in range(120)]), "x": cells(list(range(120))),
                          "y": ["rare" if n < 8 else "no" for n in range(120)]})
    with pytest.raises(UsageError, match="'rare' of the target lies in 2 groups of 'patient_id'") as caught:
        locking.lock(Plan(target="y"), table, "")
    assert "--set group=none" in caught.value.suggestion
    assert "stratified" == locking.lock(Plan(target="y", group_text="none, as the person said"), table, "").split["method"]
