"""Verifying holds what lies on disk to the log: nothing is called the same that was not compared."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autor_nb.domain import events as ev
from autor_nb.domain.fold import fold
from autor_nb.domain.run import Actor
from autor_nb.domain.stage import Ending, StageRef
from autor_nb.engine.standing import Standing, stand
from autor_nb.store import eventlog, objects
from autor_nb.store.artifacts import ArtifactIndex
from autor_nb.store.atomic import write_bytes
from autor_nb.store.eventlog import EventLog
from autor_nb.store.layout import RunFolder
from autor_nb.store.lock import EngineLock

REFS = (StageRef(number="01", slug="01_s", title="S"),)
ME = Actor(face="test")


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """One approved stage, with a prompt, a summary, inputs and a workspace of two files."""
    run = RunFolder(tmp_path / "20260101_120000")
    run.path.mkdir()
    run.make()
    (run.workspace / "data" / "assay.csv").write_text("a,b\n1,2\n")
    (run.workspace / "results" / "summary.json").write_text('{"auc": 0.9}')
    hashes = {name: put(run.path / name, f"{name} as it was") for name in ("user_input.txt", "run_config.json")}
    index = ArtifactIndex(run)
    files = objects.put_files(run, index.scan())
    for entry in index.files.values():
        objects.keep_file(run, run.workspace / entry.path, entry.sha256)
    prompt = put(run.prompt("01_s", 1), "do it")
    draft = put(run.summary("01_s", 1), "# Stage 01: S")
    put(run.stages / "01_s.md", "# Stage 01: S")
    log = EventLog(run.events)
    for event in (
        ev.RunCreated(run_id=run.run_id, goal="g", workflow=REFS, inputs=hashes),
        ev.AttemptStarted(
            stage="01_s", attempt=1, agent="a", prompt_sha256=prompt,
            prompt_path=run.prompt("01_s", 1).relative_to(run.path).as_posix(),
        ),
        ev.AttemptEnded(
            stage="01_s", attempt=1, ending=Ending.FINISHED, draft_sha256=draft, files=files,
            summary_path="stages/01_s.attempt_01.md",
        ),
        ev.AttemptChecked(stage="01_s", attempt=1),
        ev.Approved(stage="01_s", attempt=1, draft_sha256=draft, by=ME),
        ev.RunCompleted(),
    ):  # fmt: skip
        log.append(event)
    log.close()
    return run


def put(path: Path, text: str) -> str:
    """Write a text; answers with its hash."""
    import hashlib

    write_bytes(path, text.encode(), durable=False)
    return hashlib.sha256(text.encode()).hexdigest()


def standing(run: RunFolder) -> Standing:
    """How it stands now."""
    events, _ = eventlog.read(run.events)
    index = ArtifactIndex(run)
    index.scan()
    return stand(run, fold(events), events, index)


def test_an_untouched_run_stands_as_recorded_and_says_what_was_not_compared(run: RunFolder) -> None:
    """Files, texts, inputs and contents were compared by name; the derived views were not."""
    found = standing(run)
    assert [] == found.differences
    assert {"2 files of the workspace", "stages/01_s.md", "user_input.txt", "run_config.json"} <= set(found.compared)
    assert any("memory.md" in text for text in found.not_compared)


def _append(run: RunFolder, line: bytes) -> None:
    with run.events.open("ab") as stream:
        stream.write(line + b"\n")


TOUCHES: dict[str, tuple[Callable[[RunFolder], Any], str]] = {
    "a result": (lambda run: (run.workspace / "results/summary.json").write_text('{"auc": 1}'), "results/summary.json"),
    "the data": (lambda run: (run.workspace / "data/assay.csv").write_text("a\n"), "data/assay.csv: was changed"),
    "a file gone": (lambda run: (run.workspace / "data/assay.csv").unlink(), "data/assay.csv: is gone"),
    "a file more": (lambda run: (run.workspace / "data/new.csv").write_text("a\n"), "data/new.csv: was added"),
    "the goal": (lambda run: run.user_input.write_text("another"), "user_input.txt: was changed"),
    "the configuration": (lambda run: run.run_config.write_text("{}"), "run_config.json: was changed"),
    "a promoted summary": (lambda run: (run.stages / "01_s.md").write_text("forged"), "stages/01_s.md: was changed"),
    "a promoted summary gone": (lambda run: (run.stages / "01_s.md").unlink(), "stages/01_s.md: is gone"),
    "an attempt's summary": (lambda run: run.summary("01_s", 1).write_text("forged"), "attempt_01.md: was changed"),
    "a prompt": (lambda run: run.prompt("01_s", 1).write_text("forged"), "prompt.md: was changed"),
    "a kept content": (
        lambda run: next(run.objects.iterdir()).write_text("forged"), "its content has another hash"
    ),
    "a damaged line": (lambda run: _append(run, b"garbage"), "line 7 of its log is damaged"),
    "a foreign number": (
        lambda run: _append(run, b'{"type":"paused","seq":1000,"reason":"x"}'),
        "event 1000 stands where event 7 belongs",
    ),
}  # fmt: skip


@pytest.mark.parametrize("touch", TOUCHES)
def test_whatever_was_touched_is_named(run: RunFolder, touch: str) -> None:
    """One change, one difference that names the thing."""
    change, said = TOUCHES[touch]
    change(run)
    found = standing(run)
    assert any(said in text for text in found.differences), found.differences


def test_behind_a_damaged_line_the_workspace_is_not_compared(run: RunFolder) -> None:
    """What the log says of it is lost: the hole is the difference, not every file."""
    lines = run.events.read_bytes().split(b"\n")
    lines[2] = b"garbage"
    run.events.write_bytes(b"\n".join(lines))
    found = standing(run)
    assert not any("workspace/" in text for text in found.differences)
    assert any("line 3 of its log" in text for text in found.differences)
    assert any(text.startswith("the workspace: ") for text in found.not_compared)


def test_lines_of_a_newer_version_and_a_workspace_in_use_are_said_not_to_be_compared(run: RunFolder) -> None:
    """Neither is called a difference, neither is called the same."""
    _append(run, b'{"type":"teleported","seq":7}')
    with EngineLock(run):
        found = standing(run)
    assert [] == found.differences
    assert any("newer version wrote (teleported)" in text for text in found.not_compared)
    assert any("is at work in it" in text for text in found.not_compared)
    assert not any("files of the workspace" in text for text in found.compared)
