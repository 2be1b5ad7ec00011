"""One real run for the whole room: the scripted agent, good twice at the results, hostile at the figures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from autor_nb import control
from autor_nb.domain.run import RunConfig
from autor_nb.store import layout
from autor_nb.verbs import decision

STAGES = {
    "01_literature_survey": "Literature Survey",
    "02_hypothesis_generation": "Hypothesis Generation",
    "05_experimentation": "Experimentation",
    "06_analysis": "Analysis",
}


def _project(folder: Path) -> Path:
    templates = folder / "templates"
    (templates / "workflows").mkdir(parents=True)
    (templates / "workflows" / "research.yaml").write_text(f"name: research\nstages: [{', '.join(STAGES)}]\n")
    cells = [
        nbformat.v4.new_code_cell("run = stage = ''; attempt = as_of = 0", metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell("print('here')"),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    for slug, title in STAGES.items():
        stage = templates / "stages" / slug
        stage.mkdir(parents=True)
        (stage / "stage.yaml").write_text(
            f'number: "{slug[:2]}"\nslug: {slug}\ntitle: {title}\nchecks: [ending, summary]\n'
        )
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), stage / "notebook.ipynb")
    (folder / "runs").mkdir()
    return folder


@pytest.fixture(scope="session")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[control.Snapshot]:
    """Stages 01, 02 and 05 are approved, 05 after one refinement; 06 waits, done by a hostile agent."""
    me = control.actor("test")
    project = _project(tmp_path_factory.mktemp("desk") / "project")
    run = control.create(
        control.NewRequest(
            goal="find out what holds",
            by=me,
            runs_dir=project / "runs",
            config=RunConfig(agent="scripted", options={"script": "06:hostile", "files": "60"}),
        )
    )
    try:
        for decide in (
            lambda: decision.approve(run, me),
            lambda: decision.approve(run, me),
            lambda: decision.refine(run, me, "Use more seeds."),
            lambda: decision.approve(run, me),
        ):
            control.wait(run, timeout_s=120)
            decide()
        yield control.wait(run, timeout_s=120)
    finally:
        for left in layout.all_runs(project / "runs"):
            control.end_worker(left)
