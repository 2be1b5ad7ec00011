"""Bad input through the real `autor` command: the thing is named as the person named it, and no run is left."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from autor_nb import control
from autor_nb.domain import events as ev
from autor_nb.store import eventlog, layout

AUTOR = [sys.executable, "-m", "autor_nb.cli.main"]


@dataclass
class Desk:
    """A fresh folder with nobody's settings in it, and the command line in it."""

    folder: Path

    @property
    def runs(self) -> Path:
        """Where runs lie."""
        return self.folder / "work" / "runs"

    def autor(self, *args: str) -> tuple[int, dict[str, Any]]:
        """A command line; its exit code and envelope."""
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        done = subprocess.run(
            [*AUTOR, *args, "--runs-dir", str(self.runs), "--json"],
            cwd=self.folder / "work",
            env={"HOME": str(home), "PATH": f"{Path(sys.executable).parent}:{os.defpath}", "LANG": "C.UTF-8",
                 "TMPDIR": str(home)},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, json.loads(done.stdout)

    def write(self, name: str, content: bytes = b"a,b\n1,2\n") -> Path:
        """A file on the desk."""
        path = self.folder / "work" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    @property
    def run(self) -> layout.RunFolder:
        """The only run."""
        (run,) = layout.all_runs(self.runs)
        return run


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A desk whose engines have ended when the test has."""
    (tmp_path / "work").mkdir()
    made = Desk(tmp_path)
    yield made
    for run in layout.all_runs(made.runs):
        control.end_worker(run)


NEW = ("new", "--agent", "scripted", "--goal", "find out what holds")


def nothing(desk: Desk) -> None:
    """The desk as it is."""


def dangling(desk: Desk) -> None:
    """A link to nothing."""
    (desk.folder / "work" / "gone.csv").symlink_to("never_was.csv")


def beside_runs(desk: Desk) -> None:
    """A resource folder in which the runs lie."""
    desk.write("x.csv")


def pipe(desk: Desk) -> None:
    """Neither file nor folder."""
    os.mkfifo(desk.folder / "work" / "pipe.csv")


def loop(desk: Desk) -> None:
    """A link to itself."""
    (desk.folder / "work" / "loop.csv").symlink_to("loop.csv")


CASES: dict[str, tuple[Callable[[Desk], None], tuple[str, ...], str]] = {
    "an empty goal": (nothing, ("new", "--agent", "scripted", "--goal", ""), "goal is empty"),
    "a goal of blanks": (nothing, ("new", "--agent", "scripted", "--goal", " \n\t "), "goal is empty"),
    "no goal at all": (nothing, ("new", "--agent", "scripted"), "goal is empty"),
    "an unknown venue": (nothing, (*NEW, "--venue", "jounral"), "'jounral'"),
    "an unknown agent": (nothing, ("new", "--agent", "scripetd", "--goal", "q"), "'scripetd'"),
    "an unknown stage of a script": (nothing, (*NEW, "--set", "script=five:crash"), "'five:crash'"),
    "an unknown reviewer": (nothing, (*NEW, "--reviewer", "robot"), "'robot'"),
    "an option that is no pair": (nothing, (*NEW, "--set", "seeds"), "seeds"),
    "an unknown run": (nothing, ("status", "20200101_000000"), "'20200101_000000'"),
    "an unknown run to decide on": (nothing, ("approve", "--run", "yesterday"), "'yesterday'"),
    "a path as a run": (nothing, ("status", "../../etc"), "'../../etc'"),
    "a missing resource": (nothing, (*NEW, "--resources", "data/missing.csv"), "data/missing.csv"),
    "a missing resource with a text": (nothing, (*NEW, "--resources", "missing.csv=what it is"), "missing.csv"),
    "a dangling link": (dangling, (*NEW, "--resources", "gone.csv"), "gone.csv"),
    "a link to itself": (loop, (*NEW, "--resources", "loop.csv"), "loop.csv"),
    "a pipe as a resource": (pipe, (*NEW, "--resources", "pipe.csv"), "pipe.csv"),
    "a folder holding the runs": (beside_runs, (*NEW, "--resources", "."), "holds the runs folder"),
    "a missing decisions file": (nothing, (*NEW, "--decisions", "decided.yaml"), "decided.yaml"),
    "data that nobody named": (nothing, ("new", "--agent", "tabular", "--goal", "what holds"), "data set"),
    "an unknown bundled data set": (
        nothing, ("new", "--agent", "tabular", "--goal", "q", "--set", "dataset=irsi"), "irsi"),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_named_and_leaves_no_run(desk: Desk, case: str) -> None:
    """Exit code 2, an error code, the thing as it was named, a mend, and no folder under runs."""
    prepare, args, named = CASES[case]
    prepare(desk)
    code, envelope = desk.autor(*args)
    assert (2, "error") == (code, envelope["status"]), envelope
    error = envelope["error"]
    assert error["code"] in ("usage", "plugin")
    assert named in error["message"]
    assert error["suggestion"].strip()
    assert [] == (list(desk.runs.iterdir()) if desk.runs.exists() else [])


def test_an_unknown_stage_of_a_run_changes_nothing(desk: Desk) -> None:
    """A run that waits is told of a stage which it does not have: exit code 2, its log as before."""
    code, _ = desk.autor(*NEW, "--wait")
    assert 0 == code
    before = desk.run.events.read_bytes()
    for args in (("rollback", "42"), ("redo", "cooking"), ("show", "42_nosuch")):
        code, envelope = desk.autor(*args)
        assert 2 == code, args
        assert args[1] in envelope["error"]["message"] and envelope["error"]["suggestion"], args
    assert before == desk.run.events.read_bytes()


def test_two_files_of_one_name_are_both_taken_in(desk: Desk) -> None:
    """They get different names, each with its own bytes, and the log holds their hashes."""
    contents = {"a/x.csv": b"a,b\n1,2\n", "b/x.csv": b"a,b\n3,4\n"}
    for name, content in contents.items():
        desk.write(name, content)
    code, _ = desk.autor(*NEW, "--resources", "a/x.csv", "--resources", "b/x.csv=the other half")
    assert 0 == code
    created = eventlog.read(desk.run.events)[0][0]
    assert isinstance(created, ev.RunCreated)
    assert 2 == len({taken.dest_relative for taken in created.resources})
    assert sorted(contents.values()) == sorted(path.read_bytes() for path in desk.run.workspace.glob("data/*.csv"))
    for taken in created.resources:
        copy = (desk.run.path / taken.dest_relative).read_bytes()
        source = next(name for name in contents if taken.source_path.endswith(name))
        assert contents[source] == copy
        assert hashlib.sha256(copy).hexdigest() == taken.sha256


def make_bundle(desk: Desk) -> None:
    """A folder of one good file, a linked one and everything that is not taken in."""
    desk.write("secret.csv", b"a,b\n1,2\n")
    desk.write("bundle/good.csv", b"a,b\n1,2\n")
    desk.write("bundle/.git/config", b"[core]\n")
    desk.write("bundle/inner/__pycache__/x.pyc", b"\0")
    folder = desk.folder / "work" / "bundle"
    (folder / "same.csv").symlink_to("good.csv")
    (folder / "inner" / "gone\x1b[31m.csv").symlink_to("never_was.csv")
    (folder / "round.csv").symlink_to("round.csv")
    (folder / "out.csv").symlink_to("../secret.csv")
    (folder / "linked").symlink_to("inner")
    (folder / "away").symlink_to("../..")
    os.mkfifo(folder / "pipe.csv")


LEFT_OUT = {
    "bundle/.git": "a folder of tools", "bundle/inner/__pycache__": "a folder of tools",
    "bundle/inner/gone\x1b[31m.csv": "not there", "bundle/round.csv": "not there",
    "bundle/out.csv": "leads out of the folder", "bundle/away": "leads out of the folder",
    "bundle/linked": "a linked folder", "bundle/pipe.csv": "neither a file nor a folder",
}


def test_what_a_folder_holds_and_is_not_taken_in_is_named(desk: Desk) -> None:
    """In the plan, the run's card, the log's first event, the inventory and the prompt: each with its reason, and no more."""
    make_bundle(desk)
    code, envelope = desk.autor(*NEW, "--resources", "bundle", "--plan")
    assert 0 == code
    planned = envelope["data"]["left_out"]
    assert len(LEFT_OUT) == len(planned)
    for path, why in LEFT_OUT.items():
        assert [item for item in planned if item.startswith(f"{path} (") and why in item], path
    code, envelope = desk.autor(*NEW, "--resources", "bundle", "--wait")
    assert (0, planned) == (code, envelope["data"]["left_out"])
    created = eventlog.read(desk.run.events)[0][0]
    assert isinstance(created, ev.RunCreated)
    assert planned == list(created.left_out)
    assert ["good.csv", "same.csv"] == sorted(Path(taken.dest_relative).name for taken in created.resources)
    noted = json.loads((desk.run.path / "intake_context.json").read_text())["notes"]
    (prompt,) = (desk.run.path / "prompt_cache").glob("*.md")
    for text in (noted, prompt.read_text()):
        assert all(path.replace("\x1b[31m", "") in text.replace("\x1b[31m", "") for path in LEFT_OUT), text
    assert "\x1b" not in prompt.read_text()
    assert "not all of the resources" in (desk.run.path / "logs.txt").read_text()


def test_of_very_many_left_out_files_the_first_are_named_and_the_rest_counted(desk: Desk) -> None:
    """A folder of dead links fills neither the log's line nor the screen."""
    desk.write("bundle/good.csv", b"a,b\n1,2\n")
    for number in range(130):
        (desk.folder / "work" / "bundle" / f"{number:03}_{'n' * 240}").symlink_to("never_was")
    code, envelope = desk.autor(*NEW, "--resources", "bundle")
    assert 0 == code, envelope
    assert 51 == len(envelope["data"]["left_out"])
    assert "and 80 more" == envelope["data"]["left_out"][-1]


def latin_table() -> bytes:
    """A classification table of 120 rows whose header and values are no UTF-8."""
    rows = [f"{i % 17},{(i * 7) % 13 / 2},{'été' if i % 3 else 'hiver'},{'oui' if (i * 5) % 11 > 4 else 'non'}"
            for i in range(120)]
    return "\n".join(["largeur,température,saison,réponse", *rows, ""]).encode("latin-1")


def test_a_latin_1_table_is_planned_and_taken_through_its_first_stage(desk: Desk) -> None:
    """The tabular agent reads the column names of a table that is no UTF-8, and works on it."""
    content = latin_table()
    desk.write("mesures.csv", content)
    args = ("new", "--agent", "tabular", "--no-intake", "--resources", "mesures.csv", "--set", "target=réponse",
            "--goal", "What predicts réponse?")
    code, envelope = desk.autor(*args, "--plan")
    assert 0 == code, envelope
    assert "réponse" == envelope["data"]["config"]["options"]["target"]
    assert not desk.runs.exists()
    code, envelope = desk.autor(*args, "--wait")
    assert (0, "in_review") == (code, envelope["data"]["state"]), envelope
    assert "01_literature_survey" == envelope["data"]["review"]["stage"]
    assert content == (desk.run.workspace / "data" / "mesures.csv").read_bytes()
    with contextlib.suppress(FileNotFoundError):
        assert "Traceback" not in (desk.run.operator_state / "worker.log").read_text()


def test_a_target_that_a_latin_1_table_lacks_is_refused_with_its_columns(desk: Desk) -> None:
    """The columns are named in readable letters, so that the mend can be typed."""
    desk.write("mesures.csv", latin_table())
    code, envelope = desk.autor("new", "--agent", "tabular", "--resources", "mesures.csv", "--set", "target=reponse",
                                "--goal", "What predicts it?")
    error = envelope["error"]
    assert 2 == code
    assert "reponse" in error["message"]
    assert "réponse" in error["message"] + error["suggestion"]
    assert not desk.runs.exists()
