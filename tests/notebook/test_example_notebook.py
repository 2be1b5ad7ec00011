"""The example notebook as its readers run it: cell by cell (nbval), and with a goal of their own (papermill)."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from autor_nb import control
from autor_nb.domain.events import RunCreated
from autor_nb.domain.run import RunStatus
from autor_nb.domain.stage import AttemptStatus, StageStatus
from autor_nb.store import eventlog
from autor_nb.store.layout import RunFolder, all_runs

NOTEBOOK = Path(__file__).parents[2] / "example_notebooks" / "01_first_run.ipynb"
GOAL = "Which family tells the wine cultivars apart — and is it \"worth\" {tuning} for $5?"
pytestmark = pytest.mark.slow


class Reader:
    """Somebody with an empty home, who executes the notebook; the two of the module do so at the same time."""

    def __init__(self, place: Path, *command: str) -> None:
        self.runs = place / "runs"
        for folder in (self.runs, place / "home", place / "here"):
            folder.mkdir()
        environment = {key: os.environ[key] for key in ("LANG", "LD_LIBRARY_PATH", "TMPDIR") if key in os.environ}
        environment |= {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.defpath]),
            "HOME": str(place / "home"), "AUTOR_RUNS_DIR": str(self.runs),
        }
        self.log = place / "said.txt"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen([sys.executable, "-m", *command], cwd=place / "here", env=environment,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)

    def finish(self) -> RunFolder:
        """The one run that was made, once the notebook has ended well."""
        code = self.process.wait(timeout=300)
        assert 0 == code, self.log.read_text(errors="replace")[-4000:]
        (run,) = all_runs(self.runs)
        return run

    def leave(self) -> None:
        """Nothing of ours works on."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for run in all_runs(self.runs):
            control.end_worker(run)


@pytest.fixture(scope="module")
def readers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Reader]]:
    """One who tests the notebook as it is, and one who executes it with another goal and data set."""
    by_hand, headless = tmp_path_factory.mktemp("nbval"), tmp_path_factory.mktemp("papermill")
    made = {
        "nbval": Reader(by_hand, "pytest", "--nbval", "--nbval-current-env", "-p", "no:cacheprovider", "-q",
                        str(NOTEBOOK)),
        "papermill": Reader(headless, "papermill", "--no-progress-bar", "-k", "python3", str(NOTEBOOK),
                            str(headless / "out.ipynb"), "-p", "dataset", "wine", "-r", "goal", GOAL),
    }
    yield made
    for reader in made.values():
        reader.leave()


def test_the_notebook_compares_what_is_the_same_everywhere() -> None:
    """Only cells whose output differs from run to run are tagged; what is compared has its output stored."""
    cells = [cell for cell in nbformat.read(NOTEBOOK, as_version=4).cells if cell.cell_type == "code"]
    ignored = [cell for cell in cells if "nbval-ignore-output" in cell.metadata.get("tags", [])]
    compared = [cell for cell in cells if cell not in ignored]
    assert ["parameters"] == compared[0].metadata.tags and not compared[0].outputs
    assert ["'approved'"] == [output.data["text/plain"] for cell in compared[1:] for output in cell.outputs]
    assert 2 == len(compared), "a cell that shows ids, times or paths lacks its tag"
    assert not [cell for cell in ignored if cell.outputs], "an output that nobody compares is stored"


@pytest.mark.parametrize("name", ["nbval", "papermill"])
def test_the_run_waits_for_the_person_at_stage_02(readers: dict[str, Reader], name: str) -> None:
    """The notebook ends well; its first stage was approved by a person, the second waits for one."""
    now = control.snapshot(readers[name].finish())
    assert (RunStatus.IN_REVIEW, "person") == (now.status, now.waiting)
    first, second, *later = now.state.stages
    (approved,) = first.attempts
    assert (StageStatus.APPROVED, 1) == (first.status, first.approved)
    assert AttemptStatus.APPROVED is approved.status
    assert approved.decided_by is not None and "api" == approved.decided_by.face
    assert 0 == now.state.policy_decisions and () == approved.blocking
    assert (StageStatus.IN_REVIEW, ("02_hypothesis_generation", 1)) == (second.status, now.state.review)
    assert {StageStatus.PENDING} == {stage.status for stage in later}


def test_papermill_gives_the_run_its_goal(readers: dict[str, Reader]) -> None:
    """The log's first event and the folder's copy hold the goal as it was given; the reviewer stays a person."""
    run = readers["papermill"].finish()
    created = eventlog.read(run.events)[0][0]
    assert isinstance(created, RunCreated)
    assert created.goal == GOAL == control.snapshot(run).state.goal
    config = control.snapshot(run).state.config
    assert ("person", "wine") == (config["reviewer"], config["options"]["dataset"])
    assert GOAL in (run.path / "user_input.txt").read_text(encoding="utf-8")
    executed = nbformat.read(readers["papermill"].runs.parent / "out.ipynb", as_version=4)
    assert all(cell.execution_count for cell in executed.cells if cell.cell_type == "code" and cell.source)
