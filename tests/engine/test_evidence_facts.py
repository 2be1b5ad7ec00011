"""Experiment manifest, readiness facts and release bundle: from files and log, deterministic, never led outside."""

from __future__ import annotations

import contextlib
import hashlib
import json
import zipfile
from pathlib import Path

import pytest
from evidence_story import context, loaded, make_run, put

from autor_nb.domain import events as ev
from autor_nb.domain.artifact import FileEntry
from autor_nb.domain.run import RunConfig
from autor_nb.domain.stage import Ending
from autor_nb.engine.attempt import build_task
from autor_nb.engine.evidence import experiment_manifest, holdout_openings, readiness, release_bundle, write_all
from autor_nb.store import objects
from autor_nb.store.eventlog import EventLog
from autor_nb.store.layout import RunFolder
from autor_nb.store.templates import stages

CLAIM = {"name": "main", "command": "python code/run.py", "seeds": [0, 1], "started": "2025-01-01", "duration_s": 1.5,
         "outputs": ["results/a.json"]}


def experiment_run(tmp_path: Path) -> RunFolder:
    """A run with code, results and a claim about them."""
    run = make_run(tmp_path)
    put(run.workspace, "code/run.py", "import msgspec\nfrom numpy import array\n")
    put(run.workspace, "results/a.json", {"score": 0.5})
    put(run.workspace, "results/b.csv", "a,b\n1,2\n")
    put(run.workspace, "notes/experiments.json", [CLAIM])
    return run


def test_the_manifest_lists_results_with_hashes_code_and_claims(tmp_path: Path) -> None:
    """Facts are the engine's; it does not list itself, also not the second time."""
    run = experiment_run(tmp_path)
    for _ in range(2):
        experiment_manifest.write(context(run, "05"))
        manifest = loaded(run, experiment_manifest.MANIFEST)
        assert manifest["ready_for_analysis"] is True
        assert ["results/a.json", "results/b.csv"] == [item["rel_path"] for item in manifest["result_artifacts"]]
    digest = hashlib.sha256((run.workspace / "results/a.json").read_bytes()).hexdigest()
    assert digest == manifest["result_artifacts"][0]["sha256"] == manifest["experiments"][0]["outputs"][0]["sha256"]
    assert {"numpy", "msgspec"} <= set(manifest["environment"]["packages"])
    assert {"stage": "05", "attempt": 1} == manifest["code_artifacts"][0]["made_by"]
    assert 1.5 == manifest["experiments"][0]["duration_s"]


def test_the_log_that_the_prompt_asks_for_is_read(tmp_path: Path) -> None:
    """One object or a list of them in notes/experiment_log.json, before the older name."""
    run = experiment_run(tmp_path)
    for claims, names in (({**CLAIM, "name": "one"}, ["one"]), ([CLAIM, {**CLAIM, "name": "two"}], ["main", "two"])):
        put(run.workspace, "notes/experiment_log.json", claims)
        experiment_manifest.write(context(run, "05"))
        manifest = loaded(run, experiment_manifest.MANIFEST)
        assert names == [item["name"] for item in manifest["experiments"]]
        assert (len(names), []) == (manifest["summary"]["experiment_count"], manifest["problems"])
        assert "claimed in notes/experiment_log.json" == manifest["experiments"][0]["source"]


def test_claims_that_the_files_deny_are_problems(tmp_path: Path) -> None:
    """An output that is not there, no outputs at all, and what is no list."""
    run = experiment_run(tmp_path)
    for claims, told in (
        ([{**CLAIM, "outputs": ["results/none.json"]}], "not there"), ([{"name": "x"}], "names no outputs"),
        ({"a": 1}, "names no outputs"), ("3", "no JSON object and no list"), ([3], "not an object"),
    ):
        put(run.workspace, "notes/experiments.json", claims)
        experiment_manifest.write(context(run, "05"))
        manifest = loaded(run, experiment_manifest.MANIFEST)
        assert manifest["ready_for_analysis"] is False
        assert told in " ".join(manifest["problems"])


def test_results_that_do_not_parse_are_not_ready(tmp_path: Path) -> None:
    """A file with a right name and wrong content is listed with its error."""
    run = experiment_run(tmp_path)
    put(run.workspace, "results/a.json", "{broken")
    experiment_manifest.write(context(run, "05"))
    manifest = loaded(run, experiment_manifest.MANIFEST)
    assert manifest["ready_for_analysis"] is False and manifest["result_artifacts"][0]["error"]


def test_hostile_files_never_stop_the_manifest(tmp_path: Path) -> None:
    """Undecodable code, deep JSON and no files at all."""
    run = experiment_run(tmp_path)
    put(run.workspace, "code/bad.py", b"\xff\x00import os(")
    put(run.workspace, "notes/experiments.json", "[" * 100_000)
    assert [] == write_all(["experiment_manifest"], context(run, "05"))
    assert [] == write_all(["experiment_manifest"], context(make_run(tmp_path / "empty"), "05"))


# -------------------------------------------------------------------------------------------- readiness


def test_readiness_says_what_is_so(tmp_path: Path) -> None:
    """Approvals, waivers with reason and person, holdout openings; text cannot leave its table cell."""
    run = experiment_run(tmp_path)
    put(run.workspace, "notes/holdout_log.jsonl", '{"n": 1}\n{"n": 2}\nbroken\n')
    put(run.workspace, "reviews/threats_to_validity.md", "# Threats\n\nSome.\n")
    readiness.write(context(run, "08", waived="03"))
    facts = loaded(run, readiness.FACTS)
    items = {item["item"]: item["ok"] for item in facts["checklist"]}
    assert items["Every earlier stage is approved"] is True
    assert items["No failing check was waived"] is False
    assert items["The holdout was opened at most once"] is False
    assert items["The paper was built by us and opens"] is False
    assert items["Threats to validity are written down"] is True
    assert [("03_study_design", "ada (cli)", True)] == [(w["stage"], w["by"], w["in_force"]) for w in facts["waivers"]]
    assert 2 == len(facts["holdout"]["openings"]) and 1 == facts["holdout"]["unreadable_lines"]
    text = (run.workspace / readiness.CHECKLIST).read_text()
    assert "known \\| odd \\`data\\`" in text
    rows = [line for line in text.splitlines() if line.startswith("| ") and "Ready" not in line]
    assert rows and len(facts["checklist"]) <= len(rows)


def attempt_of(run: RunFolder, log: EventLog, number: int, before: str | None, after: str | None) -> None:
    """An attempt at the analysis in the run's log, with the agent's log of openings before and after it."""
    manifests = []
    for text in (before, after):
        entries = {}
        if text is not None:
            sha256 = objects.put(run, text.encode())
            entries = {holdout_openings.LOG: FileEntry(path=holdout_openings.LOG, sha256=sha256, size_bytes=len(text))}
        manifests.append(objects.put_files(run, entries))
    log.append(ev.AttemptStarted(stage="06_analysis", attempt=number, agent="a", files=manifests[0]))
    log.append(ev.AttemptEnded(stage="06_analysis", attempt=number, ending=Ending.FINISHED, files=manifests[1]))


ONE, TWO = '{"n": 1, "attempt": 1}\n', '{"n": 1, "attempt": 1}\n{"n": 2, "attempt": 2}\n'


@pytest.mark.parametrize(("story", "times"), [
    ([(None, None)], 0),
    ([(None, ONE)], 1),
    ([(None, ONE), (ONE, ONE)], 1),
    ([(None, ONE), (ONE, TWO)], 2),
    ([(None, ONE), (None, ONE)], 2),  # redone: the same line, written again by a second opening
    ([(None, ONE), (None, None)], 1),  # redone, and not opened again
    ([(None, ONE), (ONE, None)], 1),  # an agent that removes the log
    ([(None, TWO), (None, ONE), (TWO, TWO)], 3),  # a rollback, and its undoing
    ([(None, None), (ONE, ONE)], 1),  # added while no engine was looking
    ([(None, "no json\n")], 1),
])
def test_openings_are_counted_over_all_attempts(tmp_path: Path, story: list[tuple], times: int) -> None:
    """Whatever redo, rollback or an agent did to the log afterwards."""
    run = make_run(tmp_path)
    run.objects.mkdir()
    with contextlib.closing(EventLog(run.events)) as log:
        for number, (before, after) in enumerate(story, 1):
            attempt_of(run, log, number, before, after)
    assert times == holdout_openings.openings(run).times
    put(run.workspace, holdout_openings.LOG, story[-1][1] or "")
    readiness.write(context(run, "08"))
    (item,) = [i for i in loaded(run, readiness.FACTS)["checklist"] if i["item"].startswith("The holdout")]
    assert (None if times == 0 else times == 1) == item["ok"]
    assert times == loaded(run, readiness.FACTS)["holdout"]["times"]


def test_the_agent_is_told_how_often_earlier_attempts_opened_the_holdout(tmp_path: Path) -> None:
    """Its workspace is that of before the redo; the task holds the count over all attempts."""
    run = make_run(tmp_path)
    run.objects.mkdir()
    with contextlib.closing(EventLog(run.events)) as log:
        attempt_of(run, log, 1, None, ONE)
        attempt_of(run, log, 2, None, ONE)
        log.append(ev.AttemptStarted(stage="06_analysis", attempt=3, agent="a"))
    spec = next(spec for spec in stages(intake=False) if spec.number == "06")
    task = build_task(run, context(run, "06").state, spec, RunConfig(), 3, "goal", None, "mark")
    assert 2 == task.holdout_opened


def test_a_log_of_openings_that_was_not_kept_is_no_clean_answer(tmp_path: Path) -> None:
    """Nobody can count its lines, so that a person must judge."""
    run = make_run(tmp_path)
    run.objects.mkdir()
    with contextlib.closing(EventLog(run.events)) as log:
        attempt_of(run, log, 1, None, ONE)
    (run.objects / hashlib.sha256(ONE.encode()).hexdigest()).unlink()
    put(run.workspace, holdout_openings.LOG, ONE)
    readiness.write(context(run, "08"))
    (item,) = [i for i in loaded(run, readiness.FACTS)["checklist"] if i["item"].startswith("The holdout")]
    assert item["ok"] is None and "1 logs were not kept" in item["detail"]


def test_readiness_stands_on_any_files(tmp_path: Path) -> None:
    """Wrong shapes in every file it reads are no reason to fail."""
    run = make_run(tmp_path)
    for path in ("artifacts/citation_verification.json", "artifacts/self_review.json", "results/hypothesis_tests.json",
                 "results/experiment_manifest.json", "artifacts/paper.pdf", "artifacts/build_log.txt"):
        for content in ("[1]", '"x"', "{", b"\xff"):
            put(run.workspace, path, content)
            assert [] == write_all(["readiness"], context(run, "08"))


# ---------------------------------------------------------------------------------------------- release


def test_the_bundle_is_the_same_bytes_every_time_and_its_manifest_true(tmp_path: Path) -> None:
    """Hashes of the manifest are those of the zip's content, dates are fixed, names sorted."""
    run = experiment_run(tmp_path)
    put(run.path, "stages/03_study_design.md", "# Stage 03: Study Design\n")
    put(run.path, "stages/08_dissemination.md", "# never approved\n")
    hashes = set()
    for _ in range(2):
        release_bundle.write(context(run, "08", waived="03"))
        hashes.add(hashlib.sha256((run.workspace / release_bundle.BUNDLE).read_bytes()).hexdigest())
    manifest = loaded(run, release_bundle.MANIFEST)
    assert {manifest["bundle"]["sha256"]} == hashes
    with zipfile.ZipFile(run.workspace / release_bundle.BUNDLE) as archive:
        names = archive.namelist()
        assert all(item.date_time == (1980, 1, 1, 0, 0, 0) for item in archive.infolist())
        for item in manifest["files"]:
            assert hashlib.sha256(archive.read(item["path"])).hexdigest() == item["sha256"]
        assert "data.parses" in archive.read("waivers.json").decode()
        assert json.loads(archive.read("MANIFEST.json"))["files"] == manifest["files"]
    assert {"code/run.py", "results/a.json", "stages/03_study_design.md", "notes/experiments.json"} <= set(names)
    assert "stages/08_dissemination.md" not in names and release_bundle.BUNDLE not in names
    assert names[:-2] == sorted(names[:-2])


def test_links_are_not_followed_into_the_bundle(tmp_path: Path) -> None:
    """Neither a linked file nor a linked folder brings in what lies outside."""
    run = experiment_run(tmp_path)
    put(tmp_path, "outside/secret.txt", "secret")
    (run.workspace / "results" / "link.json").symlink_to(tmp_path / "outside/secret.txt")
    (run.workspace / "code" / "folder").symlink_to(tmp_path / "outside")
    (run.workspace / "figures").symlink_to(tmp_path / "outside")
    release_bundle.write(context(run, "08"))
    with zipfile.ZipFile(run.workspace / release_bundle.BUNDLE) as archive:
        assert not [name for name in archive.namelist() if "secret" in name or "link" in name or "folder" in name]


def test_raw_data_above_the_cap_is_left_out_and_said(tmp_path: Path) -> None:
    """The manifest has its hash, so that one can check what one obtains elsewhere."""
    run = experiment_run(tmp_path)
    with put(run.workspace, "data/raw.csv", "a\n").open("r+b") as stream:
        stream.truncate(release_bundle.DATA_CAP + 1)
    release_bundle.write(context(run, "08"))
    left = loaded(run, release_bundle.MANIFEST)["left_out"]
    assert [("data/raw.csv", release_bundle.DATA_CAP + 1)] == [(one["path"], one["size_bytes"]) for one in left]
    assert len(left[0]["sha256"]) == 64 and "32 MB" in left[0]["why"]
