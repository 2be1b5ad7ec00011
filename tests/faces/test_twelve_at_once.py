"""Twelve people press Enter at the same instant: twelve runs, each with its own goal, nothing mixed or left over."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

import psutil
import pytest

from autor_nb import control
from autor_nb.domain import events as ev
from autor_nb.store import eventlog, inbox

TWELVE = range(12)
TEXTS = (".md", ".txt", ".json", ".jsonl", ".ipynb")
GATE = "import sys; sys.stdin.readline(); from autor_nb.cli.main import main; sys.argv[0] = 'autor'; main()"


@pytest.mark.slow
@pytest.mark.parametrize("place", ["none"], indirect=True)
def test_twelve_simultaneous_new_are_twelve_runs(place: Any) -> None:
    """Separate processes held at a gate and let go at once; every run goes its own way to its first review."""
    goals = [f"goal {number}: {'x' * number} of 'group {number}'?" for number in TWELVE]
    asked = [
        [sys.executable, "-c", GATE, "new", "--agent", "scripted", "--seed", str(number), "--json", "--goal", goal]
        for number, goal in zip(TWELVE, goals, strict=True)
    ]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for command in asked
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=180) for process in processes]
    assert [0] * 12 == [process.returncode for process in processes], said
    told = [json.loads(out)["data"]["run_id"] for out, _ in said]

    assert 12 == len(set(told))
    assert sorted(told) == sorted(path.name for path in (place.project / "runs").iterdir())
    by_id = {run.run_id: run for run in place.runs}
    for number, goal, run_id in zip(TWELVE, goals, told, strict=True):
        run = by_id[run_id]
        assert "in_review" == control.wait(run, timeout_s=120).status
        events, _ = eventlog.read(run.events)
        created = [event for event in events if isinstance(event, ev.RunCreated)]
        assert [(run_id, goal)] == [(event.run_id, event.goal) for event in created]
        assert goal == (run.path / "user_input.txt").read_text()
        assert number == json.loads((run.path / "run_config.json").read_text())["seed"]
        assert list(range(1, len(events) + 1)) == [event.seq for event in events]
        for kind in (ev.WorkerStarted, ev.AttemptStarted, ev.ReviewOpened):
            assert 1 == sum(isinstance(event, kind) for event in events), kind
        text = "\n".join(path.read_text(errors="replace") for path in run.path.rglob("*") if path.suffix in TEXTS)
        assert {str(number)} == set(re.findall(r"goal (\d+): ", text)), "another run's goal"
        assert {run_id} == set(re.findall(r"\d{8}_\d{6}(?:_\d\d)?", text)) & set(told), "another run's id"
        assert inbox.is_empty(run)
    assert ["runs", "templates"] == sorted(path.name for path in place.project.iterdir())
    _, left = psutil.wait_procs(at_work_in(str(place.project)), timeout=30)
    assert not left


def at_work_in(folder: str) -> list[psutil.Process]:
    """Processes that were started for something in that folder."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(folder in word for word in process.info["cmdline"] or ())
    ]
