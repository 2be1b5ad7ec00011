"""The third example as its readers run it headless: a loop is made, works, and leaves its records, report and pictures."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from autor_nb.domain.loops import events as ev
from autor_nb.store import eventlog
from autor_nb.store.loops import history
from autor_nb.store.loops.layout import all_loops
from autor_nb.store.loops.templates import starter_table, starters
from autor_nb.store.loops.words import EVENTS

NOTEBOOK = Path(__file__).parents[2] / "example_notebooks" / "03_a_loop.ipynb"
pytestmark = pytest.mark.slow


def test_the_loop_notebook_runs_headless_and_leaves_a_loop_that_did_what_it_says(tmp_path: Path) -> None:
    """Every cell works; three experiments after the baseline, judged by the gate, and what was reported is on disk."""
    for folder in ("home", "here"):
        (tmp_path / folder).mkdir()
    environment = {key: os.environ[key] for key in ("LANG", "LD_LIBRARY_PATH", "TMPDIR") if key in os.environ}
    environment |= {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.defpath]),
        "HOME": str(tmp_path / "home"),
    }
    said = ["-p", "folder", str(tmp_path / "tour"), "-p", "iterations", "3"]
    command = [sys.executable, "-m", "papermill", str(NOTEBOOK), str(tmp_path / "out.ipynb"), *said, "--no-progress-bar"]
    done = subprocess.run(command, cwd=tmp_path / "here", env=environment, capture_output=True, text=True, timeout=400)
    assert 0 == done.returncode, done.stderr[-4000:]
    (loop,) = all_loops(tmp_path / "tour")
    records = history.read(loop.experiments).records
    assert [0, 1, 2, 3] == [record.run for record in records]
    log, _ = eventlog.read(loop.events, 0, EVENTS)
    tested = {event.part: event.ok for event in log if isinstance(event, ev.GateTested)}
    assert {"control": True, "null": True, "no_op": True} == tested
    (ended,) = [event for event in log if isinstance(event, ev.LoopStopped)]
    assert "iterations" == ended.cause
    last = nbformat.read(tmp_path / "out.ipynb", as_version=4).cells[-1]
    assert "True" == last.outputs[0]["data"]["text/plain"]
    assert (loop.path / "AUDIT_LOG.md").is_file()


def test_the_loop_notebook_measures_the_metric_of_whichever_template_it_is_given() -> None:
    """The parameter says that any of them will do, so its table of metrics is the templates' own."""
    sources = [cell.source for cell in nbformat.read(NOTEBOOK, as_version=4).cells]
    (cell,) = [source for source in sources if "autor loop noise" in source or "loop noise --runs" in source]
    (table,) = [node for node in ast.walk(ast.parse(cell)) if isinstance(node, ast.Dict)]
    known = {one.name: starter_table(one.name)[1]["metric"] for one in starters()}
    assert {name: metric["name"] for name, metric in known.items()} == ast.literal_eval(table)
    assert {"lower"} == {metric["direction"] for metric in known.values()} and " --lower " in cell
    assert all(name in sources[1] for name in known)
