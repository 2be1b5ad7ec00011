"""Executed notebooks: judged by what ran, whole or honest about it, the same again, and no kernel left behind."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest

sys.path.append(str(Path(__file__).parents[1] / "record"))

from attempt_story import AttemptStory, experiment

from autor_nb.domain.stage import StageSpec
from autor_nb.engine import execution, kernels
from autor_nb.engine.comparison import differences
from autor_nb.engine.kernels import Kernel, SpareKernel, sweep
from autor_nb.engine.render import NotebookRoom, Rendered
from autor_nb.store import templates

SLUG = "05_experimentation"


def render(room: NotebookRoom, story: AttemptStory, attempt: int = 2, spec: StageSpec | None = None) -> Rendered:
    """Render an attempt of the story, as of now."""
    state = story.state
    return room.render(story.run, spec or story.specs[SLUG], state, state.stage(SLUG).attempt(attempt), state.last_seq)


def template_with(folder: Path, *sources: str) -> StageSpec:
    """A stage whose notebook runs this code."""
    cells = [
        nbformat.v4.new_code_cell(
            'run = ".."\nstage = "05"\nattempt = 1\nas_of = 0',
            id="parameters",
            metadata={"tags": ["parameters"]},
        )
    ]
    cells += [nbformat.v4.new_code_cell(source, id=f"c{index}") for index, source in enumerate(sources)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), folder / "notebook.ipynb")
    return StageSpec(number="05", slug=SLUG, title="Experimentation", folder=str(folder))


def code_cells(path: Path) -> list[Any]:
    """The code cells of a notebook."""
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> AttemptStory:
    """An experiment with two attempts."""
    return experiment(tmp_path_factory.mktemp("story"))


@pytest.fixture
def room() -> Any:
    """A room whose kernels are gone afterwards."""
    with NotebookRoom() as opened:
        yield opened
    assert kernels_of_this_process() == []


def kernels_of_this_process() -> list[psutil.Process]:
    """Kernels that live as children of this process; ended children that nobody has collected are none."""
    alive = []
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):  # a zombie counts as one
            if "kernel_main" in " ".join(child.cmdline()):
                alive.append(child)
    return alive


def test_every_stage_has_a_template_that_executes(tmp_path: Path, room: NotebookRoom) -> None:
    """Each of the nine notebooks is valid, has stable cell ids, and shows an attempt without an error."""
    story = AttemptStory(tmp_path)
    for spec in templates.stages(intake=True):
        template = nbformat.read(templates.notebook_template(spec), as_version=4)
        nbformat.validate(template)
        ids = [cell.id for cell in template.cells]
        assert len(set(ids)) == len(ids)
        assert [cell.id for cell in template.cells if "parameters" in cell.metadata.get("tags", [])] == ["parameters"]
        if spec.slug not in story.specs:
            continue
        as_of = story.attempt(spec.slug)
        state = story.state
        done = room.render(story.run, spec, state, state.stage(spec.slug).attempt(1), as_of)
        assert (done.complete, done.detail, done.cells_run) == (True, "", done.cells)
        assert done.path == f"stages/{spec.slug}.attempt_01.ipynb"


def test_a_kept_notebook_is_valid_clean_and_alone(story: AttemptStory, room: NotebookRoom) -> None:
    """No timing, no machine path, no half file beside it; parameters are in it, with a stable id."""
    done = render(room, story)
    path = story.run.path / done.path
    text = path.read_text(encoding="utf-8")
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.papermill.parameters == {
        "run": story.run.run_id,
        "stage": "05",
        "attempt": 2,
        "as_of": story.state.last_seq,
    }
    for volatile in ("start_time", 'duration"', str(story.run.path), "autor_ran", 'execution": {'):
        assert volatile not in text
    assert [cell.id for cell in notebook.cells if "injected-parameters" in cell.metadata.get("tags", [])] == [
        "injected-parameters"
    ]
    assert [p.name for p in story.run.stages.iterdir() if p.name.startswith(".")] == []


def test_rendering_twice_gives_the_same_notebook(story: AttemptStory, room: NotebookRoom) -> None:
    """Outputs, pictures and all: the file is equal byte for byte."""
    first = (story.run.path / render(room, story).path).read_bytes()
    assert (story.run.path / render(room, story).path).read_bytes() == first


def test_executing_again_elsewhere_finds_no_difference(story: AttemptStory, room: NotebookRoom) -> None:
    """What `verify` does: the same text as of then, and the kept file is not touched."""
    path = story.run.path / render(room, story, attempt=1).path
    before = path.stat().st_mtime_ns
    assert room.reexecute(story.run, SLUG, 1) == []
    assert path.stat().st_mtime_ns == before


def test_a_notebook_that_was_edited_is_compared_and_never_run(tmp_path: Path, room: NotebookRoom) -> None:
    """Foreign code in a kept notebook is a difference; foreign text in an output is another."""
    story = experiment(tmp_path)
    path = story.run.path / render(room, story).path
    notebook = nbformat.read(path, as_version=4)
    by_id = {cell.id: cell for cell in notebook.cells}
    by_id["goal"].source = f"open({str(tmp_path / 'ran')!r}, 'w').write('x')"
    by_id["summary"].outputs[0].data["text/plain"] = "All went well."
    nbformat.write(notebook, path)
    found = room.reexecute(story.run, SLUG, 2)
    assert any("cell goal: its code is not the template's" in line for line in found)
    assert any("cell summary" in line and "All went well." in line for line in found)
    assert not (tmp_path / "ran").exists()
    path.write_text("{")
    assert "cannot be read" in room.reexecute(story.run, SLUG, 2)[0]


def test_plain_papermill_gives_the_same_text(story: AttemptStory, room: NotebookRoom, tmp_path: Path) -> None:
    """The kept notebook re-executed by papermill's own engine, from anywhere, reads the same."""
    path = story.run.path / render(room, story).path
    again = tmp_path / "again.ipynb"
    command = [
        sys.executable,
        "-m",
        "papermill",
        str(path),
        str(again),
        "--cwd",
        str(path.parent),
        "--no-progress-bar",
    ]
    subprocess.run(command, check=True, capture_output=True, env=os.environ | {"IPYTHONDIR": str(tmp_path)})
    assert differences(nbformat.read(path, as_version=4), nbformat.read(again, as_version=4)) == []


def test_the_engine_is_registered_and_light() -> None:
    """Papermill finds the engine `autor`, and finding it imports nothing of ours but a tiny module."""
    code = (
        "import papermill, sys; from papermill.engines import papermill_engines as e;"
        "print(e.get_engine('autor').__name__, [m for m in sys.modules if m.startswith('autor_nb.') and m != 'autor_nb.version'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "AutorEngine ['autor_nb.papermill_engine']"


def test_a_cell_that_fails_makes_an_incomplete_notebook(tmp_path: Path, room: NotebookRoom) -> None:
    """The cells after it did not run, whatever papermill says; the note tells why and what to do."""
    story = experiment(tmp_path / "s")
    done = render(room, story, spec=template_with(tmp_path, "1 + 1", "raise ValueError('<b>no</b>')", "2"))
    assert (done.complete, done.cells_run, done.cells) == (False, 3, 5)
    assert "ValueError" in done.detail
    notebook = nbformat.read(story.run.path / done.path, as_version=4)
    nbformat.validate(notebook)
    assert "incomplete" in notebook.cells[0].source
    assert "<b>" not in notebook.cells[0].source
    assert f"autor verify {story.run.run_id}" in notebook.cells[0].source


@pytest.mark.crash
def test_a_kernel_killed_once_is_replaced(tmp_path: Path, room: NotebookRoom) -> None:
    """A kernel that is killed in the middle costs time, not the notebook."""
    story = experiment(tmp_path / "s")
    mark = tmp_path / "killed"
    kill = f"import os, pathlib\nm = pathlib.Path({str(mark)!r})\nif not m.exists():\n    m.touch(); os.kill(os.getpid(), 9)"
    done = render(room, story, spec=template_with(tmp_path, kill, "40 + 2"))
    assert (done.complete, done.cells_run) == (True, 4)
    assert mark.exists()


@pytest.mark.crash
def test_a_kernel_that_is_always_killed_leaves_an_honest_notebook(tmp_path: Path, room: NotebookRoom) -> None:
    """After the third kernel the notebook is kept as far as it got, valid, and says so."""
    story = experiment(tmp_path / "s")
    done = render(room, story, spec=template_with(tmp_path, "40 + 2", "import os; os.kill(os.getpid(), 9)", "1"))
    assert (done.complete, done.cells) == (False, 5)
    assert done.cells_run < done.cells
    assert "lost 3 times" in done.detail
    path = story.run.path / done.path
    nbformat.validate(nbformat.read(path, as_version=4))
    assert "incomplete" in nbformat.read(path, as_version=4).cells[0].source
    assert "Traceback" not in path.read_text()


def test_a_cell_that_never_ends_is_cut_off(tmp_path: Path, room: NotebookRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hang is a lost kernel, not a lost engine."""
    monkeypatch.setattr(execution, "CELL_TIMEOUT_S", 1)
    story = experiment(tmp_path / "s")
    done = render(room, story, spec=template_with(tmp_path, "while True: pass"))
    assert (done.complete, done.cells_run) == (False, 2)
    assert "lost 3 times" in done.detail


def test_no_kernel_at_all_still_leaves_a_notebook(
    tmp_path: Path, room: NotebookRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no process can be started, the template is kept with a note, and nothing is raised."""
    story = experiment(tmp_path)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    done = render(room, story)
    assert (done.complete, done.cells_run) == (False, 0)
    assert "no kernel could be started" in done.detail
    nbformat.validate(nbformat.read(story.run.path / done.path, as_version=4))


def test_a_missing_template_is_a_detail_not_an_exception(tmp_path: Path, room: NotebookRoom) -> None:
    """A stage without a notebook.ipynb gets no notebook, and the answer says why."""
    story = experiment(tmp_path)
    spec = StageSpec(number="05", slug="05_unheard_of", title="X", folder=str(tmp_path))
    state = story.state
    done = room.render(story.run, spec, state, state.stage(SLUG).attempt(1), 1)
    assert (done.path, done.complete) == ("", False)
    assert "no notebook.ipynb" in done.detail


def test_what_an_agent_left_in_the_folder_is_not_imported(tmp_path: Path, room: NotebookRoom) -> None:
    """A module planted beside the notebooks does not stand in for a real one."""
    story = experiment(tmp_path / "s")
    (story.run.stages / "wave.py").write_text("raise RuntimeError('planted')\n")
    (story.run.stages / "planted.py").write_text("x = 1\n")
    check = "import importlib.util\nassert importlib.util.find_spec('planted') is None\nimport wave"
    assert render(room, story, spec=template_with(tmp_path, check)).complete


def test_secrets_do_not_reach_the_kernel(tmp_path: Path, room: NotebookRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names that look like secrets are not in a notebook's environment."""
    monkeypatch.setenv("SOME_API_KEY", "s3cret")
    monkeypatch.setenv("ORDINARY", "1")
    story = experiment(tmp_path / "s")
    check = "import os\nassert 'SOME_API_KEY' not in os.environ\nassert os.environ['ORDINARY'] == '1'"
    assert render(room, story, spec=template_with(tmp_path, check)).complete


def test_a_long_temporary_folder_still_has_room_for_sockets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket's path is bounded by the system; ours stays below it wherever TMPDIR is."""
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    monkeypatch.setattr(kernels.tempfile, "tempdir", str(deep))
    kernel = Kernel()
    try:
        assert len(str(kernel.folder)) < 90
    finally:
        kernel.end()
    assert not kernel.folder.exists()


def test_folders_of_engines_that_are_gone_are_swept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Socket folders are removed when their owner is gone, and only then."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        _sweeps(Path(folder), monkeypatch)


def _sweeps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    monkeypatch.setattr(kernels.tempfile, "tempdir", str(tmp_path))
    gone, ours, foreign = (
        tmp_path / f"anb-{ended.pid}-x",
        tmp_path / f"anb-{os.getpid()}-x",
        tmp_path / "anb-y",
    )
    for folder in (gone, ours, foreign):
        folder.mkdir()
    sweep()
    assert (gone.exists(), ours.exists(), foreign.exists()) == (False, True, True)


def test_a_spare_kernel_is_kept_once_and_ended_on_close() -> None:
    """Warming twice starts one kernel; closing ends it; a dead spare is replaced when taken."""
    spare = SpareKernel()
    threads = threading.active_count()
    spare.warm()
    spare.warm()
    kernel = spare.take()
    assert kernel.alive
    kernel.end()
    assert not kernel.alive
    spare.close()
    spare.warm()
    assert threading.active_count() == threads


@pytest.mark.crash
@pytest.mark.parametrize("wait_s", [0.0, 0.15, 2.5])
def test_kernels_of_a_killed_engine_are_gone_within_five_seconds(tmp_path: Path, wait_s: float) -> None:
    """Killed while its kernel starts, or once it is warm: no kernel outlives its engine."""
    code = (
        "import time; from autor_nb.engine.kernels import Kernel; k = Kernel(); k.start(); print(k.pid, flush=True);"
        "time.sleep(60)"
    )
    engine = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert engine.stdout is not None
    kernel = psutil.Process(int(engine.stdout.readline()))
    until = time.monotonic() + wait_s
    while time.monotonic() < until:
        assert kernel.is_running()
    engine.kill()
    engine.wait()
    psutil.wait_procs([kernel], timeout=5)
    assert not kernel.is_running() or kernel.status() == psutil.STATUS_ZOMBIE
