"""A template's reference run as users meet it: what init and the guide say of it, and that a seed repeats a loop."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import msgspec
import pytest

from autor_nb.domain.loops.record import Record
from autor_nb.store.loops import history, references
from autor_nb.store.loops.layout import loop_folder
from autor_nb.store.loops.standing import read as read_state
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import invoke

MAKER = Path(__file__).parents[2] / "tools" / "reference.py"
NAMES = ["multi_metric", "tabular", "tsp"]


def asked(*words: str) -> Result:
    """A verb's answer."""
    answer = invoke([*words], Face(name="api"))
    assert answer is not None
    return answer


def known(name: str) -> references.Reference:
    """A template's reference."""
    found = references.reference(name)
    assert found is not None
    return found


@pytest.mark.parametrize("name", NAMES)
def test_init_by_a_template_says_what_a_run_of_it_found_and_where_to_read_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The headline, a file that is there, and commands that repeat it; the seed of the reference is taken as said."""
    monkeypatch.chdir(tmp_path)
    found = known(name)
    answer = asked(*found.commands[0].split()[1:])
    facts = answer.facts["reference"]
    assert found.headline == facts["headline"] and [*found.commands] == facts["commands"]
    assert (Path(facts["path"]) / references.REPORT).is_file() and tmp_path not in Path(facts["path"]).parents
    shown = str(answer.blocks)
    assert found.headline in shown and str(Path(facts["path"]) / references.REPORT) in shown
    assert found.seed == read_state(loop_folder(tmp_path, answer.facts["loop"])).seed


def test_without_a_seed_every_loop_draws_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two loops of one template are two samples."""
    seeds = set()
    for place in ("one", "two"):
        (tmp_path / place).mkdir()
        monkeypatch.chdir(tmp_path / place)
        asked("loop", "init", "--template", "tsp")
        seeds.add(read_state(loop_folder(tmp_path / place, "tsp")).seed)
    assert 2 == len(seeds)


def test_the_guide_tells_of_every_reference() -> None:
    """By what it was made, what it found, where it is."""
    text = asked("guide").facts["text"]
    for name in NAMES:
        found = known(name)
        assert found.headline in text and str(references.folder(name)) in text
        assert all(f"`{command}`" in text for command in found.commands)


def core(record: Record) -> Record:
    """Without what differs from one machine and moment to the next."""
    return msgspec.structs.replace(record, hash="", short_hash="", timestamp="", duration_s=None)


@pytest.mark.slow
def test_the_maker_makes_today_what_the_reference_tells(tmp_path: Path) -> None:
    """Three experiments of tsp again, with their audit: the same baseline, and the same ideas by the same versions."""
    command = [sys.executable, str(MAKER), "tsp", "--iterations", "3", "--into", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env={**os.environ, "HOME": str(tmp_path)})
    assert 0 == done.returncode, done.stderr[-3000:]
    folder, kept = tmp_path / "tsp", known("tsp")
    made = msgspec.json.decode((folder / references.ABOUT).read_bytes(), type=references.Reference)
    assert made.better and made.template_sha256 == kept.template_sha256 and 4 == made.experiments
    again = [core(one) for one in history.read(folder / references.EXPERIMENTS).records]
    then = [core(one) for one in history.read(references.folder("tsp") / references.EXPERIMENTS).records[:4]]
    stale = f"the engine or the optimiser works otherwise than when it was made: `{references.REMAKE} tsp` makes it again"
    assert then[0] == again[0], stale
    if all(version(package) == kept.software[package] for package in ("optuna", "numpy")):
        assert then == again, stale
    assert sorted(path.name for path in folder.iterdir()) == sorted([*made.files, references.ABOUT])
