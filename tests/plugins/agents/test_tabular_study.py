"""A whole study of the embedded agent on a messy table: every stage, refined in every way it offers."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
from tabular_study_files import FAST, HEADER, carry_out, draft, supply, task, write_messy

from autor_nb.domain.errors import UsageError
from autor_nb.domain.hypothesis import freeze_hash, manifest_items
from autor_nb.domain.ports import Feedback
from autor_nb.domain.run import QA
from autor_nb.plugins.agents.tabular import locking
from autor_nb.plugins.agents.tabular.plan import Plan

OPTIONS = {**FAST, "target": "Ergebnis"}
SECTIONS = ["Objective", "Previously Approved Stage Summaries", "What I Did", "Key Results", "Files Produced",
            "Suggestions for Refinement", "Your Options"]


def study(run: Path, source: Path, stages: tuple[str, ...], seed: int = 0) -> dict[str, str]:
    """Carry out stages on the messy table; the drafts by stage."""
    resources = supply(run, source)
    drafts = {}
    for number in stages:
        carry_out(task(run, number, options=OPTIONS, resources=resources, seed=seed))
        drafts[number] = draft(run)
    return drafts


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A study carried out from 00 to 06, and its drafts."""
    folder = tmp_path_factory.mktemp("tabular")
    source = write_messy(folder / "messy.csv")
    return folder / "run", study(folder / "run", source, ("00", "01", "02", "03", "04", "05", "06"))


@pytest.fixture
def again(finished, tmp_path):
    """A copy of the finished study that a test may refine: (run, carry out one attempt with feedback)."""
    run = tmp_path / "run"
    shutil.copytree(finished[0], run)
    shutil.copy(finished[0].parent / "messy.csv", tmp_path)
    resources = supply(run, tmp_path / "messy.csv")

    def refine(number: str, *feedback: Feedback) -> str:
        attempt = max(f.attempt for f in feedback) + 1
        carry_out(task(run, number, attempt, options=OPTIONS, resources=resources, feedback=feedback))
        return draft(run)

    return run, refine


def read(run: Path, path: str):
    """A JSON file of the workspace."""
    return json.loads((run / "workspace" / path).read_text(encoding="utf-8"))


def rows(run: Path, path: str) -> list[dict[str, str]]:
    """A CSV file of the workspace."""
    with (run / "workspace" / path).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def result_bytes(run: Path) -> dict[str, bytes]:
    """Every result file."""
    return {path.name: path.read_bytes() for path in sorted((run / "workspace" / "results").iterdir())}


def test_every_draft_has_the_form_of_a_summary(finished):
    """First line, seven sections in order, three suggestions, six options, files that exist."""
    run, drafts = finished
    for number, text in drafts.items():
        assert text.startswith(f"# Stage {number}: ")
        found = [line[3:] for line in text.splitlines() if line.startswith("## ")]
        assert SECTIONS == [name for name in found if name != "Decision Ledger"]
        suggestions = text.split("## Suggestions for Refinement")[1].split("## Your Options")[0]
        assert ["1.", "2.", "3."] == [line[:2] for line in suggestions.split("\n") if line.strip()]
        produced = text.split("## Files Produced")[1].split("\n## ")[0]
        paths = [line.split("`")[1] for line in produced.splitlines() if line.startswith("- ")]
        assert paths
        assert all((run / "workspace" / path).stat().st_size > 0 for path in paths)
        assert "<script" not in text.replace("`<script>alert(1)</script>`", "").replace("<script>alert(1)</script>` ", "")


def test_the_holdout_is_in_no_training_file_and_no_profile(finished):
    """Row by row; copies of a row lie on one side."""
    run, _ = finished
    train, held = rows(run, "data/train.csv"), rows(run, "data/holdout.csv")
    split = read(run, "data/split.json")
    ids = {row["Fall-ID"] for row in train}
    assert ids.isdisjoint(row["Fall-ID"] for row in held)
    assert (len(train), len(held)) == (split["train_rows"], split["holdout_rows"])
    body = {tuple(list(row.values())[1:]) for row in train}
    assert body.isdisjoint(tuple(list(row.values())[1:]) for row in held)
    assert 130 == len(train) + len(held)
    assert {"vielleicht": 1} == split["excluded_classes"]
    profile = read(run, "data/profile.json")
    assert len(train) == profile["rows"]
    number = next(c for c in profile["columns"] if c["name"] == "[TODO]")
    assert max(float(row["[TODO]"]) for row in train) == pytest.approx(number["max"])
    assert np.mean([float(row["[TODO]"]) for row in train]) == pytest.approx(number["mean"], rel=1e-6)
    seen = (run / "workspace" / "results" / "predictions.csv").read_text()
    assert max(int(line.split(",")[1]) for line in seen.splitlines()[1:]) == len(train) - 1


def test_leakage_checks_name_the_planted_columns(finished):
    """Id, constant, copy of the target, dates and people, each by its own check; people are kept together."""
    run, _ = finished
    found = {check["id"]: check["columns"] for check in read(run, "data/leakage.json")["checks"]}
    expected = {"ids": ["Fall-ID"], "constants": ["konst | ant"], "target_copies": ["Kopie"], "time": ["Datum"],
                "groups": ["patient_id"]}
    assert expected == {key: found[key] for key in expected}
    assert found["duplicates"]
    used = [column["name"] for column in read(run, "data/design.json")["columns"]]
    assert ["=cmd()", "<script>alert(1)</script>", 'a,"b"', "`tick` _x_", "[TODO]"] == used
    train, held = rows(run, "data/train.csv"), rows(run, "data/holdout.csv")
    assert {row["patient_id"] for row in train}.isdisjoint(row["patient_id"] for row in held)
    assert ("grouped", "patient_id") == (read(run, "data/design.json")["fold_scheme"], read(run, "data/split.json")["group"])


def test_decimal_commas_are_numbers(finished):
    """A column with commas is numeric."""
    column = next(c for c in read(finished[0], "data/profile.json")["columns"] if c["name"] == HEADER[2])
    assert ("numeric", ",") == (column["kind"], column["decimal"])
    assert 3 < column["mean"] < 7


def test_both_variances_are_those_of_the_folds(finished):
    """Recomputed from folds.csv."""
    run, _ = finished
    summary = read(run, "results/summary.json")
    mine = [r for r in rows(run, "results/folds.csv") if r["family"] == "tree"]
    by_seed = {s: [float(r["roc_auc"]) for r in mine if r["seed"] == s] for s in {r["seed"] for r in mine}}
    found = summary["families"]["tree"]["metrics"]["roc_auc"]
    assert np.sqrt(np.mean([np.var(v, ddof=1) for v in by_seed.values()])) == pytest.approx(found["sd_folds"])
    assert np.std([np.mean(v) for v in by_seed.values()], ddof=1) == pytest.approx(found["sd_seeds"])
    assert 6 == summary["J"]


def test_comparisons_follow_from_the_folds(finished):
    """Difference and interval by the formula; Holm over all pairs."""
    run, _ = finished
    compared = read(run, "results/comparisons.json")
    assert 10 == len(compared["comparisons"])
    assert 5 == compared["df"]
    item = next(i for i in compared["comparisons"] if {i["a"], i["b"]} == {"knn", "logistic"})
    scores = {f: [float(r["roc_auc"]) for r in rows(run, "results/folds.csv") if r["family"] == f] for f in ("knn", "logistic")}
    d = np.array(scores[item["a"]]) - np.array(scores[item["b"]])
    half = 2.570581836 * np.sqrt((1 / 6 + compared["test_train_ratio"]) * d.var(ddof=1))
    assert [d.mean(), d.mean() - half, d.mean() + half] == pytest.approx([item["difference"], item["ci_low"], item["ci_high"]], abs=1e-7)
    ordered = sorted(compared["comparisons"], key=lambda i: i["p"])
    assert min(1, 10 * ordered[0]["p"]) == pytest.approx(ordered[0]["p_holm"])


def test_the_permutation_test_counts_itself(finished):
    """p = (1 + b) / (1 + B) from the null scores that are kept."""
    found = read(finished[0], "results/permutation.json")
    reached = sum(value >= found["observed"] - 1e-12 for value in found["null"])
    assert (199, (1 + reached) / 200) == (len(found["null"]), found["p"])


def test_only_the_status_of_a_hypothesis_changes(finished, tmp_path):
    """The frozen hash is the same after the analysis, and every item has an outcome."""
    run, _ = finished
    after = manifest_items(read(run, "notes/hypothesis_manifest.json"))
    early = tmp_path / "early"
    study(early, run.parent / "messy.csv", ("01", "02"))
    assert freeze_hash(manifest_items(read(early, "notes/hypothesis_manifest.json"))) == freeze_hash(after)
    outcomes = {t["id"]: t["outcome"] for t in read(run, "results/hypothesis_tests.json")["tests"]}
    assert outcomes == {item["id"]: item["status"] for item in after}
    assert set(outcomes.values()) <= {"supported", "not supported", "undecided", "not tested"}


def test_same_data_and_seed_give_the_same_bytes(finished, tmp_path):
    """Results and figures, byte for byte, in another folder; not with another seed."""
    run, _ = finished
    stages = ("01", "02", "03", "04", "05", "06")
    study(tmp_path / "b", run.parent / "messy.csv", stages)
    assert result_bytes(run) == result_bytes(tmp_path / "b")
    for path in (run / "workspace" / "figures").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / "workspace" / "figures" / path.name).read_bytes(), path.name
    study(tmp_path / "c", run.parent / "messy.csv", stages[:5], seed=1)
    assert result_bytes(run)["folds.csv"] != result_bytes(tmp_path / "c")["folds.csv"]


@pytest.mark.parametrize("jobs", [1, 3])
def test_the_number_of_workers_changes_no_byte(again, jobs):
    """In one process or in three: what code/run.py writes is the same."""
    run, _ = again
    workspace = run / "workspace"
    names = ("folds.csv", "summary.json", "chosen_settings.csv", "predictions.csv", "permutation.json", "failures.json")
    before = {name: result_bytes(run)[name] for name in names}
    for name in names:
        (workspace / "results" / name).unlink()
    subprocess.run([sys.executable, "-W", "ignore", "code/run.py", "--jobs", str(jobs)], cwd=workspace, check=True, capture_output=True)
    assert before == {name: result_bytes(run)[name] for name in names}


def test_figures_are_png_and_pdf_with_real_fonts(finished):
    """At least three of each; text in the PDF is TrueType."""
    figures = finished[0] / "workspace" / "figures"
    assert len(list(figures.glob("*.png"))) >= 3
    for path in figures.glob("*.pdf"):
        assert b"/Type3" not in path.read_bytes()
        assert b"/CreationDate" not in path.read_bytes()


@pytest.mark.parametrize(("number", "asked", "file", "key"), [
    ("03", "use 3 seeds", "data/design.json", "seeds"), ("03", "add extra trees", "data/design.json", "families"),
    ("03", "drop column [TODO]", "data/design.json", "columns"), ("02", "the rope is 0.05", "notes/hypothesis_manifest.json", "rope"),
    ("02", "use log loss as the primary metric", "notes/hypothesis_manifest.json", "metric"),
    ("01", "add k-nn and the elastic net", "literature/survey.json", "method_works"),
])
def test_text_changes_the_work(again, number, asked, file, key):
    """What is asked for in words changes what the stage writes, and is reported as done."""
    run, refine = again
    before = read(run, file)[key]
    text = refine(number, Feedback(attempt=1, text=asked))
    assert before != read(run, file)[key]
    assert "| done |" in text


def test_an_experiment_refined_is_a_deviation_that_is_said(again):
    """More seeds and a family in stage 05: new results, deviations recorded, the design unchanged."""
    run, refine = again
    before, design = result_bytes(run), read(run, "data/design.json")
    text = refine("05", Feedback(attempt=1, text="use 3 seeds, add extra trees and consult the oracle"))
    after = result_bytes(run)
    assert design == read(run, "data/design.json")
    assert before["folds.csv"] != after["folds.csv"]
    assert "extra_trees" in read(run, "results/summary.json")["families"]
    assert 3 == read(run, "results/summary.json")["seeds"]
    assert {"seeds", "families", "comparisons"} == set(read(run, "notes/deviations.json"))
    assert "Deviations from the approved design" in text
    assert "consult the oracle | not done" in text
    assert any(item["kind"] == "deviation" for item in read(run, "notes/limits.json"))


@pytest.mark.parametrize("number", [1, 2, 3])
def test_each_suggestion_of_the_analysis_changes_results(again, number):
    """Taken by number, it is carried out, and the next attempt offers something else."""
    run, refine = again
    before = result_bytes(run)
    offered = read(run, "notes/suggestions/06_analysis.json")["1"][number - 1]
    text = refine("06", Feedback(attempt=1, text=offered["text"], suggestion=number))
    assert before != result_bytes(run)
    assert f"suggestion {number}" in text
    assert "| done |" in text
    assert offered["key"] not in [item["key"] for item in read(run, "notes/suggestions/06_analysis.json")["2"]]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_each_suggestion_of_the_experiment_changes_results(again, number):
    """More seeds, a family, an analysis: results differ."""
    run, refine = again
    before = result_bytes(run)
    offered = read(run, "notes/suggestions/05_experimentation.json")["1"][number - 1]
    refine("05", Feedback(attempt=1, text=offered["text"], suggestion=number))
    assert before != result_bytes(run)


def test_the_holdout_is_opened_once_for_one_experiment(again):
    """A second analysis of the same experiment uses the first opening; a new experiment is a second one, and says so."""
    run, refine = again
    assert 1 == read(run, "results/holdout.json")["opened"]
    refine("06", Feedback(attempt=1, text="report accuracy"))
    assert 1 == read(run, "results/holdout.json")["opened"]
    assert 1 == len((run / "workspace/notes/holdout_log.jsonl").read_text().splitlines())
    refine("05", Feedback(attempt=1, text="use 3 seeds"))
    text = refine("06", Feedback(attempt=1, text="report accuracy"), Feedback(attempt=2, text="report f1"))
    assert 2 == read(run, "results/holdout.json")["opened"]
    assert "opened 2 times" in text


def test_an_opening_that_a_redo_took_back_is_counted(again):
    """The workspace has no log and no scores any more, the engine knows of two openings: this one is the third."""
    run, _ = again
    for path in ("notes/holdout_log.jsonl", "results/holdout.json", "notes/holdout_openings.json"):
        (run / "workspace" / path).unlink()
    given = task(run, "06", 3, options=OPTIONS, resources=supply(run, run.parent / "messy.csv"))
    carry_out(msgspec.structs.replace(given, holdout_opened=2))
    held = read(run, "results/holdout.json")
    assert (3, 3) == (held["opened"], read(run, "notes/holdout_openings.json")["opened"])
    assert "opened 3 times" in draft(run)
    claim = next(t for t in read(run, "results/hypothesis_tests.json")["tests"] if t["test"] == "holdout")
    assert "opened 3 times" in claim["why"]
    assert "up to" not in draft(run)


def test_a_changed_training_part_is_noticed(again):
    """The locked files are verified at every stage."""
    run, refine = again
    path = run / "workspace" / "data" / "train.csv"
    path.write_text(path.read_text(encoding="utf-8") + "x\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"train\.csv"):
        refine("03", Feedback(attempt=1, text="use 5 seeds"))


def test_intake_settles_the_target(tmp_path):
    """Without a target stage 00 asks; the answer reaches the split."""
    source = write_messy(tmp_path / "messy.csv")
    run = tmp_path / "run"
    resources = supply(run, source)
    carry_out(task(run, "00", options=FAST, resources=resources))
    asked = read(run, "notes/intake_questions.json")
    assert ["target", "metric", "related"] == [q["id"] for q in asked]
    unfit = ("Fall-ID", "konst | ant", "Datum", "patient_id")  # an id, one value, too many different texts
    assert [name for name in HEADER if name not in unfit] == asked[0]["choices"]
    assert [True, True, True] == [question["closed"] for question in asked]
    answers = (QA(question=asked[0]["text"], answer="Ergebnis"), QA(question=asked[1]["text"], answer="log loss"),
               QA(question=asked[2]["text"], answer="group: patient_id"))
    carry_out(task(run, "01", options=FAST, resources=resources, intake=answers))
    split, plan = read(run, "data/split.json"), read(run, "notes/plan.json")
    assert ("Ergebnis", "grouped", "log_loss") == (split["target"], split["method"], plan["metric"])
    train, held = rows(run, "data/train.csv"), rows(run, "data/holdout.csv")
    assert {row["patient_id"] for row in train}.isdisjoint(row["patient_id"] for row in held)


def test_supplied_literature_is_cited_and_quoted(tmp_path):
    """Entries of a .bib become sources; nothing is said to have been searched."""
    run = tmp_path / "run"
    folder = run / "workspace" / "literature"
    folder.mkdir(parents=True)
    (folder / "refs.bib").write_text("@article{Doe2020, title={On {Things}}, author={Doe, J.}, year={2020}, "
                                     "doi={10.1000/x}, abstract={Things differ from one another. More follows.}}")
    from autor_nb.domain.run import Resource
    resource = Resource(source_path="refs.bib", resource_type="literature", dest_relative="workspace/literature/refs.bib", sha256="")
    carry_out(task(run, "01", options={**FAST, "dataset": "iris"}, resources=(resource,)))
    sources = read(run, "literature/sources.json")
    assert ("Doe2020", "10.1000/x", "On Things") == (sources[0]["key"], sources[0]["doi"], sources[0]["title"])
    claims = read(run, "literature/claims.json")
    assert "Things differ from one another." in claims[0]["statement"]
    known = {source["source_id"] for source in sources}
    assert len(known) == len(sources)
    assert all(set(claim["source_ids"]) <= known for claim in claims)
    assert "not searched" in draft(run)


@pytest.mark.parametrize(("count", "method", "held"), [(40, "none", 0), (60, "stratified", 12)])
def test_small_tables_keep_every_row(count, method, held):
    """Below fifty rows there is no holdout, and the split says why."""
    import pandas as pd

    table = pd.DataFrame({"x": [str(n % 7 + n / 100) for n in range(count)], "y": [str(n % 2) for n in range(count)]})
    locked = locking.lock(Plan(target="y"), table, "")
    assert (method, held) == (locked.split["method"], locked.split["holdout_rows"])


def test_in_time_the_holdout_is_the_end():
    """And a copy of an earlier row leaves it."""
    import pandas as pd

    days = pd.date_range("2024-01-01", periods=100).strftime("%Y-%m-%d")
    table = pd.DataFrame({"day": days, "x": [str(n * 37 % 101) for n in range(100)], "y": [str(n * 13 % 17) + ".5" for n in range(100)]})
    locked = locking.lock(Plan(target="y", time="day"), table, "")
    assert "by time" == locked.split["method"]
    assert locked.holdout is not None
    assert locked.train["day"].max() < locked.holdout["day"].min()
