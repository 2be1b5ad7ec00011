"""The main job as a newcomer sees it: the example notebook through papermill, on a machine with no TeX."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pypdfium2
import pytest

from autor_nb import control
from autor_nb.domain.run import RunStatus
from autor_nb.store import objects
from autor_nb.store.layout import RunFolder, all_runs

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


def without_tex(folder: Path) -> str:
    """A PATH that has this Python and git, and no TeX."""
    for program in ("git", "bash", "sh", "env"):
        for place in os.environ["PATH"].split(os.pathsep):
            if (Path(place) / program).exists():
                (folder / program).symlink_to(Path(place) / program)
                break
    return os.pathsep.join([str(Path(sys.executable).parent), str(folder)])


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunFolder, Path]:
    """The run that the example notebook made, and the executed notebook."""
    place = tmp_path_factory.mktemp("first")
    (place / "bin").mkdir()
    (place / "runs").mkdir()
    out = place / "out.ipynb"
    environment = {key: os.environ[key] for key in ("LANG", "LD_LIBRARY_PATH", "TMPDIR") if key in os.environ}
    environment |= {"PATH": without_tex(place / "bin"), "HOME": str(place), "IPYTHONDIR": str(place / "ipython")}
    result = subprocess.run(
        [sys.executable, "-m", "papermill", "--no-progress-bar", "-k", "python3",
         str(ROOT / "example_notebooks" / "01_first_run.ipynb"), str(out), "-p", "reviewer", "auto",
         "-p", "dataset", "wine", "-p", "goal", "Which family tells the cultivars apart best?",
         "-p", "runs_dir", str(place / "runs")],
        env=environment, cwd=place, capture_output=True, text=True, timeout=900,
    )
    assert 0 == result.returncode, result.stderr[-3000:]
    (run,) = all_runs(place / "runs")
    return run, out


def test_every_stage_is_approved_and_no_check_blocks(done: tuple[RunFolder, Path]) -> None:
    """Eight stages, one attempt each, nothing waived, every Check answered."""
    state = control.snapshot(done[0]).state
    assert RunStatus.COMPLETED is state.status
    for stage in state.stages:
        (attempt,) = stage.attempts
        assert () == attempt.blocking == attempt.waivers
        checks = attempt.checks or objects.get_checks(done[0], attempt.checks_object)
        assert len(checks) == attempt.checks_total > 10
        assert not [check for check in checks if check.blocks]


def test_every_stage_notebook_was_executed_whole(done: tuple[RunFolder, Path]) -> None:
    """Every code cell ran, none with an error; figures come as PNG and plotly, never as SVG alone."""
    notebooks = sorted(done[0].stages.glob("*.ipynb"))
    assert 8 == len(notebooks)
    for path in notebooks:
        notebook = nbformat.read(path, as_version=4)
        outputs = [out for cell in notebook.cells if cell.cell_type == "code" for out in cell.outputs]
        assert all(cell.execution_count for cell in notebook.cells if cell.cell_type == "code")
        assert not [out for out in outputs if out.output_type == "error"]
        figures = [out.data for out in outputs if "application/vnd.plotly.v1+json" in out.get("data", {})]
        assert figures and all("image/png" in data and "text/plain" in data for data in figures)


def test_the_paper_has_text_figures_and_the_notice(done: tuple[RunFolder, Path]) -> None:
    """Made by typst, because there is no TeX; the log says so."""
    artifacts = done[0].workspace / "artifacts"
    log = (artifacts / "build_log.txt").read_text()
    assert "typst" in log and "latexmk" in log
    paper = pypdfium2.PdfDocument(artifacts / "paper.pdf")
    first = paper[0].get_textpage().get_text_range()
    assert "without a language model" in " ".join(first.split())
    drawn = [obj for page in paper for obj in page.get_objects() if obj.type in (3, 5)]
    assert len(paper) >= 4 and drawn
    assert 3 <= len(list((done[0].workspace / "figures").glob("*.png")))


def test_every_number_of_the_paper_stands_in_a_result_file(done: tuple[RunFolder, Path]) -> None:
    """Recomputed here from numbers.json and the files it names, and printed as the macro says."""
    work = done[0].workspace
    entries = json.loads((work / "writing" / "numbers.json").read_text())
    macros = (work / "writing" / "numbers.tex").read_text().replace("\\%", "%")
    assert len(entries) > 50
    for name, entry in entries.items():
        assert entry["value"] == look_up(work / entry["file"], entry["pointer"]), name
        assert format(entry["value"], entry["format"]) in macros


def test_the_manifest_names_the_experiment_that_was_run(done: tuple[RunFolder, Path]) -> None:
    """What was run, with which seeds, and outputs with the hashes of the files that lie there."""
    work = done[0].workspace
    manifest = json.loads((work / "results" / "experiment_manifest.json").read_text())
    (ran,) = manifest["experiments"]
    assert (1, [], True) == (
        manifest["summary"]["experiment_count"], manifest["problems"], manifest["ready_for_analysis"]
    )
    assert "code/run.py" in ran["command"] and ran["duration_s"] > 0
    assert json.loads((work / "data" / "design.json").read_text())["seeds"] == ran["seeds"]
    assert {"results/folds.csv", "results/summary.json"} <= {one["rel_path"] for one in ran["outputs"]}
    for one in ran["outputs"]:
        assert hashlib.sha256((work / one["rel_path"]).read_bytes()).hexdigest() == one["sha256"]


def look_up(path: Path, pointer: str) -> object:
    """The value at a pointer of a JSON or CSV file."""
    keys = [key.replace("~1", "/").replace("~0", "~") for key in pointer.split("/")[1:]]
    if path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8") as stream:
            text = list(csv.DictReader(stream))[int(keys[0])][keys[1]]
        return float(text) if "." in text or "e" in text else int(text)
    value = json.loads(path.read_text(encoding="utf-8"))
    for key in keys:
        value = value[int(key)] if isinstance(value, list) else value[key]
    return value


def test_verifying_finds_nothing_different(done: tuple[RunFolder, Path]) -> None:
    """Every check asked again as of then, every notebook executed again: the same answers."""
    verification = control.verify(done[0])
    *stages, files = verification.rows
    assert 8 == len(stages) and all(row["stage"] for row in stages)
    assert "" == files["stage"]  # the last row: the files themselves, held to the log
    assert [] == verification.differences
