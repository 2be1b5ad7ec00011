"""Finished studies for the tests of the paper: carried out once for all modules, copied by the test that changes one."""

from __future__ import annotations

import csv
import json
import random
import shutil
from pathlib import Path

import tabular_study_files as files

from autor_nb.domain.ports import Feedback
from autor_nb.plugins.checks.numbers import NumbersChecker
from autor_nb.testing.views import FolderView

files.TITLES.setdefault("07", ("07_writing", "Writing"))
files.TITLES.setdefault("08", ("08_dissemination", "Dissemination"))
GOAL = "Which family predicts best, <b>now</b> & in 2024: by 5 % or 0.3?"
COLUMNS = ["x_1 & y%", "\\input{/etc/passwd} $x$", "2019", 'naïve "q" `c` #let a = 1', "class ~^ {é} 测试"]
HOSTILE_LABELS = ("ja_1 $\\alpha$ \\end{document}", "#no{} <b> 2019")
FAST = {**files.FAST}
CASES = {
    "hostile": {**FAST, "target": COLUMNS[-1]},
    "ceiling": {**FAST, "dataset": "wine", "rope": "0.1"},
    "regression": {**FAST, "dataset": "diabetes", "families": "ridge,knn,tree,elastic_net"},
}


def write_hostile(path: Path) -> Path:
    """A table whose header and labels are markup of every kind."""
    rng = random.Random(1)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        for _ in range(140):
            x, y = rng.gauss(0, 1), rng.gauss(0, 1)
            level = rng.choice(["a & b", "50%", "_{x}", "\\end{document}"])
            label = HOSTILE_LABELS[x + 0.7 * y + rng.gauss(0, 0.8) > 0]
            writer.writerow([round(x, 2), round(y, 2), level, round(rng.random(), 2), label])
    return path


class Case:
    """One study: its run's folder, and a way to carry out a stage of it again."""

    def __init__(self, name: str, run: Path, table: Path | None) -> None:
        self.name, self.run, self.table = name, run, table
        self.workspace = run / "workspace"

    def task(self, number: str, *feedback: Feedback):
        """The task of the attempt that follows the feedback."""
        attempt = max((given.attempt for given in feedback), default=0) + 1
        resources = files.supply(self.run, self.table) if self.table else ()
        return files.task(self.run, number, attempt, options=CASES[self.name], resources=resources, feedback=feedback,
                          goal=GOAL)

    def carry_out(self, number: str, *feedback: Feedback) -> str:
        """An attempt at a stage; the draft it left."""
        files.carry_out(self.task(number, *feedback))
        return files.draft(self.run)

    def copy(self, folder: Path) -> Case:
        """The same study in another folder."""
        shutil.copytree(self.run, folder)
        return Case(self.name, folder, self.table)

    def json(self, path: str):
        """A JSON file of the workspace."""
        return json.loads((self.workspace / path).read_text(encoding="utf-8"))

    def text(self, path: str) -> str:
        """A text file of the workspace."""
        return (self.workspace / path).read_text(encoding="utf-8")

    def writing(self) -> dict[str, bytes]:
        """Every file under writing/."""
        folder = self.workspace / "writing"
        return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}

    def failing(self) -> dict[str, str]:
        """The failing Checks on its numbers."""
        view = FolderView(self.workspace, stage="07", goal=GOAL)
        return {check.id: check.detail for check in NumbersChecker().check(view) if not check.passed}


_DONE: dict[str, Case] = {}


def case(name: str, factory) -> Case:
    """A study carried out from 01 to 08, once in a test session."""
    if name not in _DONE:
        folder = factory.mktemp(f"paper-{name}")
        table = write_hostile(folder / "hostile.csv") if name == "hostile" else None
        made = Case(name, folder / "run", table)
        for number in ("01", "02", "03", "04", "05", "06", "07", "08"):
            made.carry_out(number)
        _DONE[name] = made
    return _DONE[name]
