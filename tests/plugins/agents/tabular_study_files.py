"""Small studies for the tests of the embedded agent: a messy table, tasks, and stages carried out in this process."""

from __future__ import annotations

import csv
import importlib
import io
import random
import shutil
from pathlib import Path

from autor_nb.domain.ports import AgentTask, Feedback
from autor_nb.domain.run import QA, Resource
from autor_nb.domain.stage import StageRef
from autor_nb.plugins.agents.tabular.__main__ import STAGES
from autor_nb.plugins.agents.tabular.opening import open_session
from autor_nb.plugins.agents.tabular.session import Session

TITLES = {
    "00": ("00_intake", "Intake"), "01": ("01_literature_survey", "Literature Survey"),
    "02": ("02_hypothesis_generation", "Hypothesis Generation"), "03": ("03_study_design", "Study Design"),
    "04": ("04_implementation", "Implementation"), "05": ("05_experimentation", "Experimentation"),
    "06": ("06_analysis", "Analysis"),
}
FAST = {"families": "logistic,knn,naive_bayes,tree", "settings": "2", "outer_folds": "3", "inner_folds": "2", "seeds": "2"}
HEADER = ["Fall-ID", "=cmd()", "<script>alert(1)</script>", 'a,"b"', "konst | ant", "`tick` _x_", "[TODO]", "Kopie",
          "Datum", "patient_id", "Ergebnis"]


def messy_rows() -> list[list[str]]:
    """120 rows with gaps, an id, a constant, a copy of the target, dates, people, and ten copied rows."""
    rng = random.Random(3)
    rows = []
    for n in range(120):
        x, city = rng.gauss(0, 1), rng.choice(["Zürich", "Genève", "Köln"])
        answer = "ja" if x + (city == "Zürich") + rng.gauss(0, 0.6) > 0.4 else "nein"
        rows.append([
            f"R{n:04d}", "" if rng.random() < 0.1 else f"{x:.3f}", f"{rng.gauss(5, 2):.2f}".replace(".", ","), city,
            "konstant", rng.choice("12"), f"{rng.gauss(0, 1):.3f}", "1" if answer == "ja" else "0",
            f"2024-0{rng.randint(1, 9)}-1{rng.randint(0, 9)}", f"patient {rng.randint(1, 40)}", answer,
        ])
    rows += [[f"D{n}", *rows[n][1:]] for n in range(10)]
    return [*rows, [*rows[0][:10], ""], ["Z1", *rows[1][1:10], "vielleicht"]]


def write_messy(path: Path) -> Path:
    """The messy table, with semicolons and in Latin-1."""
    with path.open("w", encoding="latin-1", newline="") as stream:
        writer = csv.writer(stream, delimiter=";")
        writer.writerow(HEADER)
        writer.writerows(messy_rows())
    return path


def task(run: Path, number: str, attempt: int = 1, *, options: dict[str, str] | None = None,
         feedback: tuple[Feedback, ...] = (), resources: tuple[Resource, ...] = (), goal: str = "Which family is best?",
         intake: tuple[QA, ...] = (), seed: int = 0) -> AgentTask:
    """One attempt's task on the workspace under `run`."""
    slug, title = TITLES[number]
    workspace = run / "workspace"
    (workspace / "notes").mkdir(parents=True, exist_ok=True)
    return AgentTask(
        run_id="r", stage=StageRef(number=number, slug=slug, title=title), attempt=attempt, prompt_path=str(run / "p.md"),
        workspace=str(workspace), draft_path=str(workspace / "notes" / "draft.md"), goal=goal, feedback=feedback,
        options=options or {}, resources=resources, intake=intake, seed=seed,
    )


def carry_out(given: AgentTask) -> Session:
    """The stage, done in this process; its protocol lines are kept in `session._out`."""
    session = open_session(given, io.StringIO())
    importlib.import_module(f"autor_nb.plugins.agents.tabular.{STAGES[given.stage.number]}").work(session)
    return session


def supply(run: Path, source: Path) -> tuple[Resource, ...]:
    """Copy a table into the workspace as the engine does."""
    data = run / "workspace" / "data"
    data.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, data / source.name)
    return (Resource(source_path=str(source), resource_type="data", dest_relative=f"workspace/data/{source.name}", sha256=""),)


def draft(run: Path) -> str:
    """The draft as it stands."""
    return (run / "workspace" / "notes" / "draft.md").read_text(encoding="utf-8")
