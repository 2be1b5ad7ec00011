"""The second example as its readers run it where nobody can click: every cell works, and the log tells the story."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from autor_nb import control
from autor_nb.domain import events as ev
from autor_nb.store import eventlog
from autor_nb.store.layout import all_runs

NOTEBOOK = Path(__file__).parents[2] / "example_notebooks" / "02_steering_a_run.ipynb"
pytestmark = pytest.mark.slow


def test_the_steering_notebook_runs_and_leaves_the_decisions_it_speaks_of(tmp_path: Path) -> None:
    """Refined, edited by hand, approved, rolled back, undone: in that order, once each, by the person."""
    for folder in ("runs", "home", "here"):
        (tmp_path / folder).mkdir()
    environment = {key: os.environ[key] for key in ("LANG", "LD_LIBRARY_PATH", "TMPDIR") if key in os.environ}
    environment |= {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.defpath]),
        "HOME": str(tmp_path / "home"),
        "AUTOR_RUNS_DIR": str(tmp_path / "runs"),
    }
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-p", "no:cacheprovider", "-q", NOTEBOOK]
    done = subprocess.run(command, cwd=tmp_path / "here", env=environment, capture_output=True, text=True, timeout=400)
    assert 0 == done.returncode, done.stdout[-4000:]
    (run,) = all_runs(tmp_path / "runs")
    control.end_worker(run)
    made = [event for event in eventlog.read(run.events)[0] if isinstance(event, ev.Decision) and event.by.face == "api"]
    assert ["RunCreated", "RunStarted", "Refined", "DraftEdited", "Approved", "RolledBack", "RollbackUndone"] == [
        type(event).__name__ for event in made
    ]
    assert "Read and corrected by hand." in (run.stages / "01_literature_survey.md").read_text(encoding="utf-8")
