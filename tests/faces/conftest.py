"""Runs for the faces' tests: the real engine and the scripted agent, in a small project of three stages.

A run is carried to where a test begins once, and copied: a run is a folder.
"""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from autor_nb import control
from autor_nb.cli import main as cli
from autor_nb.domain.run import RunConfig
from autor_nb.store import eventlog, layout
from autor_nb.store.layout import RunFolder
from autor_nb.verbs import decision

STAGES = ("01_literature_survey", "02_hypothesis_generation", "03_study_design")
TITLES = ("Literature Survey", "Hypothesis Generation", "Study Design")
CHECKS = "checks: [ending, summary]"


def make_project(folder: Path) -> Path:
    """A project whose workflow has three stages, judged by two checkers, each with a one-cell notebook."""
    import nbformat

    (folder / "templates" / "workflows").mkdir(parents=True)
    (folder / "templates" / "workflows" / "research.yaml").write_text(
        f"name: research\nstages: [{', '.join(STAGES)}]\n")
    for slug, title in zip(STAGES, TITLES, strict=True):
        stage = folder / "templates" / "stages" / slug
        stage.mkdir(parents=True)
        (stage / "stage.yaml").write_text(f'number: "{slug[:2]}"\nslug: {slug}\ntitle: {title}\n{CHECKS}\n')
        cells = [nbformat.v4.new_code_cell("run = stage = ''; attempt = as_of = 0", metadata={"tags": ["parameters"]}),
                 nbformat.v4.new_code_cell("print('here')")]
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}),
            stage / "notebook.ipynb")
    (folder / "runs").mkdir()
    return folder


def begin(project: Path, **options: str) -> RunFolder:
    """A scripted run at its first review."""
    run = control.create(control.NewRequest(
        goal="find out what holds", by=control.actor("test"), runs_dir=project / "runs",
        config=RunConfig(agent="scripted", options=options)))
    control.wait(run, timeout_s=60)
    return run


def _first(project: Path) -> None:
    begin(project)


def _second(project: Path) -> None:
    run = begin(project)
    decision.approve(run, control.actor("test"))
    control.wait(run, timeout_s=60)


def _rolled_back(project: Path) -> None:
    run = begin(project)
    decision.approve(run, control.actor("test"))
    control.wait(run, timeout_s=60)
    decision.rollback(run, control.actor("test"), "01")
    control.wait(run, timeout_s=60)


def _blocked(project: Path) -> None:
    begin(project, script="01:invalid,01:invalid,01:invalid")


def _aborted(project: Path) -> None:
    run = begin(project)
    decision.abort(run, control.actor("test"))


MAKERS: dict[str, Callable[[Path], None]] = {
    "first": _first, "second": _second, "rolled_back": _rolled_back, "blocked": _blocked, "aborted": _aborted,
    "none": lambda project: None,
}


@dataclass
class Said:
    """What a command line answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The envelope."""
        return json.loads(self.out)

    @property
    def data(self) -> Any:
        """The envelope's data."""
        return self.json["data"]


class Piped(io.StringIO):
    """A captured stream with the bytes interface that raw documents use."""

    def __init__(self) -> None:
        super().__init__()
        self.buffer = self  # type: ignore[assignment]

    def write(self, text: Any) -> int:
        """Text or bytes."""
        return super().write(text.decode() if isinstance(text, bytes) else text)


def autor(*args: str) -> Said:
    """The `autor` command in this process, piped."""
    out, err = Piped(), Piped()
    with redirect_stdout(out), redirect_stderr(err):
        code = cli.run(list(args))
    return Said(code, out.getvalue(), err.getvalue())


@dataclass
class Place:
    """A project with (usually) one run."""

    project: Path

    @property
    def runs(self) -> list[RunFolder]:
        """Newest first."""
        return layout.all_runs(self.project / "runs")

    @property
    def run(self) -> RunFolder:
        """The newest run."""
        return self.runs[0]

    @property
    def events(self) -> list[Any]:
        """Its log."""
        return eventlog.read(self.run.events)[0]

    def settle(self) -> control.Snapshot:
        """Until it waits for a person, or has ended."""
        return control.wait(self.run, timeout_s=60)

    def autor(self, *args: str) -> Said:
        """A command line."""
        return autor(*args)


@pytest.fixture(scope="session")
def _prepared(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    made: dict[str, Path] = {}

    def prepared(name: str) -> Path:
        if name not in made:
            made[name] = make_project(tmp_path_factory.mktemp(name) / "project")
            MAKERS[name](made[name])
        return made[name]

    return prepared


@pytest.fixture
def place(
    request: pytest.FixtureRequest, _prepared: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    """A copy of a prepared project, made the current folder; parametrise indirectly by its name."""
    name = getattr(request, "param", "first")
    project = tmp_path / "project"
    shutil.copytree(_prepared(name), project, symlinks=True)
    monkeypatch.chdir(project)
    monkeypatch.delenv("AUTOR_RUNS_DIR", raising=False)
    monkeypatch.setenv("AUTOR_CONFIG_DIR", str(tmp_path / "config"))
    yield Place(project)
    for run in layout.all_runs(project / "runs"):
        control.end_worker(run)
