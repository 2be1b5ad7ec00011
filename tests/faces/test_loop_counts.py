"""One loop has one count of its experiments, whichever face says it."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from autor_nb import loop_control
from autor_nb.desk.loops.forks import Family
from autor_nb.desk.loops.view import loop_view
from autor_nb.domain.loops import commands as cmd
from autor_nb.export import loop_audit, loop_report, loop_source
from autor_nb.store.loops.course_file import CourseFile
from autor_nb.testing.loop_project import ME, LoopProject, edit
from autor_nb.verbs.result import Face
from autor_nb.verbs.tree import invoke

TRUE = {"baseline": 1, "crash": 1, "discard": 2, "keep": 2}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LoopProject:
    """A measured baseline, a keep, two discards and a crash; and one keep that somebody else recorded."""
    edits = [edit(level=0.5), edit(level=2), edit(what="crash"), edit(level=3)]
    made = LoopProject.make(tmp_path, edits)
    made.work(made.start(iterations=4))
    made.work(made.command(cmd.RecordExperiment, status="keep", metric=0.4, summary="by hand"))
    monkeypatch.chdir(made.folder)
    return made


def heard(*words: str) -> tuple[dict[str, Any], list[str]]:
    """The facts of a verb, and what it said on the way."""
    told: list[str] = []
    result = invoke(["loop", *words], Face("cli", say=told.append))
    assert result is not None
    return result.facts, told


def in_words(text: str) -> dict[str, int]:
    """The counts of a sentence `6 (1 baseline, 1 crash, …)`."""
    found = re.search(r"6 \(((?:\d+ [a-z]+(?:, )?)+)\)", text.replace("\\", ""))
    assert found is not None, text[:400]
    return {word: int(count) for count, word in (part.split() for part in found[1].split(", "))}


def test_every_face_counts_the_same(project: LoopProject) -> None:
    """Status, log, watch, analyze, review, STATE.md, the table, the audit log, the report and the panel."""
    said: dict[str, dict[str, int]] = {"status": heard("status")[0]["counts"]}
    rows = heard("log", "--all")[0]["experiments"]
    said["log"] = dict(Counter(row["status"] for row in rows))
    for word, count in TRUE.items():
        assert (word, count) == (word, len(heard("log", "--all", "--verdict", word)[0]["experiments"]))
    facts, told = heard("watch", "--from-start")
    said["watch"] = facts["counts"]
    ends = Counter(found[1].lower() for line in told if (found := re.search(r"#\d+ (BASELINE|KEEP|DISCARD|CRASH)\b", line)))
    assert {**TRUE, "keep": 1} == dict(ends) and 1 == sum("recorded, not tested: keep" in line for line in told)
    said["analyze"] = {word: group["count"] for word, group in heard("analyze")[0]["verdicts"].items()}
    said["STATE.md"] = in_words(project.loop.state_md.read_text())
    table = project.loop.results.read_text().splitlines()[1:]
    said["results.tsv"] = dict(Counter(line.split("\t")[3] for line in table))
    records = [json.loads(line) for line in project.loop.experiments.read_text().splitlines()]
    said["experiments.jsonl"] = dict(Counter(record["status"] for record in records))
    loop_audit.write(project.loop)
    said["AUDIT_LOG.json"] = json.loads((project.loop.path / loop_audit.JSON).read_text())["summary"]["counts"]
    said["AUDIT_LOG.md"] = in_words((project.loop.path / loop_audit.MARKDOWN).read_text())
    said["review"] = in_words(heard("review")[0]["text"])
    said["report"] = in_words(loop_report.as_markdown(loop_source.read(project.loop)))
    snapshot = loop_control.snapshot(project.loop)
    view = loop_view(snapshot, CourseFile(project.loop).read(), Family(project.loop), ME)
    said["panel"] = {entry["kind"]: int(entry["count"]) for entry in view["curve"]["legend"]}
    assert dict.fromkeys(said, TRUE) == {face: dict(sorted(counts.items())) for face, counts in said.items()}
    assert {6} == {len(rows), facts["experiments"], view["table"]["filters"][0]["count"]}
