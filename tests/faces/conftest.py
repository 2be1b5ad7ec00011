"""Runs for the faces' tests: the real engine and the scripted agent, in a small project of three stages.

A run is carried to where a test begins once, and copied: a run is a folder.
"""

from __future__ import annotations

import io
import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from autor_nb import control
from autor_nb.cli import main as cli
from autor_nb.domain.events import AgentSpawned
from autor_nb.domain.run import RunConfig
from autor_nb.store import eventlog, layout
from autor_nb.store.layout import RunFolder
from autor_nb.verbs import decision

STAGES = ("01_literature_survey", "02_hypothesis_generation", "03_study_design")
TITLES = ("Literature Survey", "Hypothesis Generation", "Study Design")
CHECKS = "checks: [ending, summary]"
FACES = ("cli", "notebook", "api")


def make_project(folder: Path) -> Path:
    """A project whose workflow has three stages (and intake), judged by two checkers, with one-cell notebooks."""
    import nbformat

    intake = ("00_intake", "Intake", "optional: true\n")
    (folder / "templates" / "workflows").mkdir(parents=True)
    (folder / "templates" / "workflows" / "research.yaml").write_text(
        f"name: research\nstages: [00_intake, {', '.join(STAGES)}]\n"
    )
    for slug, title, more in (intake, *((slug, title, "") for slug, title in zip(STAGES, TITLES, strict=True))):
        stage = folder / "templates" / "stages" / slug
        stage.mkdir(parents=True)
        (stage / "stage.yaml").write_text(f'number: "{slug[:2]}"\nslug: {slug}\ntitle: {title}\n{more}{CHECKS}\n')
        cells = [
            nbformat.v4.new_code_cell("run = stage = ''; attempt = as_of = 0", metadata={"tags": ["parameters"]}),
            nbformat.v4.new_code_cell("print('here')"),
        ]
        nbformat.write(
            nbformat.v4.new_notebook(
                cells=cells,
                metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
            ),
            stage / "notebook.ipynb",
        )
    (folder / "runs").mkdir()
    return folder


def begin(project: Path, *, intake: bool = False, **options: str) -> RunFolder:
    """A scripted run at its first review."""
    run = control.create(
        control.NewRequest(
            goal="find out what holds",
            by=control.actor("test"),
            runs_dir=project / "runs",
            config=RunConfig(agent="scripted", options=options, intake=intake),
        )
    )
    control.wait(run, timeout_s=60)
    return run


def set_to_work(run: RunFolder) -> None:
    """Resume a run whose agent takes long, and come back when the agent is at work."""
    control.resume(run, control.actor("test"))
    deadline = time.monotonic() + 60
    while not any(isinstance(event, AgentSpawned) for event in eventlog.read(run.events)[0]):
        assert time.monotonic() < deadline, "the agent was never started"


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


def _slow(project: Path) -> None:
    control.create(
        control.NewRequest(
            goal="find out what holds",
            by=control.actor("test"),
            runs_dir=project / "runs",
            config=RunConfig(agent="scripted", options={"delay_s": "600"}),
        ),
        start=False,
    )


def _with_data(project: Path) -> None:
    """Measurements beside the project, and a check in stage 02 that no attempt can pass there."""
    (project / "my.csv").write_text(
        "a,b,y\n" + "".join(f"{n},{n * 37 % 101},{'yes' if (n * 7 % 10 + n % 3) > 5 else 'no'}\n" for n in range(120))
    )
    stage = project / "templates" / "stages" / STAGES[1] / "stage.yaml"
    stage.write_text(stage.read_text().replace("summary]", "summary, figures]"))


def _bare(project: Path) -> None:
    """The workflow that is shipped, and measurements whose names do not tell what is to be predicted."""
    shutil.rmtree(project / "templates")
    (project / "my.csv").write_text(
        "north,east,south,west\n"
        + "".join(
            f"{n % 13 * 7 % 11 / 3:.3f},{n * 37 % 101},{'ab'[(n * 7 % 10 + n % 3) > 5]},{n % 17}\n" for n in range(160)
        )
    )


MAKERS: dict[str, Callable[[Path], None]] = {
    "first": _first,
    "second": _second,
    "rolled_back": _rolled_back,
    "blocked": _blocked,
    "aborted": _aborted,
    "none": lambda project: None,
    "slow": _slow,
    "data": _with_data,
    "bare": _bare,
    "asked": lambda project: begin(project, intake=True, script="00:asks") and None,
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

    @property
    def at_work(self) -> bool:
        """Whether its agent is at work now."""
        return control.snapshot(self.run).live and control.snapshot(self.run).state.review is None

    def set_to_work(self) -> None:
        """Until the agent, which takes long, is at work."""
        set_to_work(self.run)

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


@pytest.fixture
def places(
    request: pytest.FixtureRequest, _prepared: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, Place]]:
    """A copy for every face; the test makes the current folder what it asks about."""
    monkeypatch.delenv("AUTOR_RUNS_DIR", raising=False)
    monkeypatch.setenv("AUTOR_CONFIG_DIR", str(tmp_path / "config"))
    made = {face: Place(tmp_path / face / "project") for face in FACES}
    for copy in made.values():
        shutil.copytree(_prepared(request.param), copy.project, symlinks=True)
    yield made
    for run in [run for copy in made.values() for run in layout.all_runs(copy.project / "runs")]:
        control.end_worker(run)
