"""Which files a loop's configuration means: what is read-only within a mutable folder, inputs that are linked later."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.config import LoopConfig
from autor_nb.domain.loops.globs import editable, matches
from autor_nb.testing.loop_project import LoopProject, edit

BETTER = edit(level=0.5, salt=1)
FILES = {"src/level.sh": "level=1\n", "src/judge.sh": "bonus=0\n", "model.sh": ". ./src/level.sh\n. ./src/judge.sh\n"}


@pytest.mark.parametrize(
    ("mutable", "readonly", "path", "may"),
    [
        ("src/*.py", "src/judge.py", "src/judge.py", False),
        ("src", "src/judge.py", "src/judge.py", False),
        ("src", "src/judge.py", "src/model.py", True),
        ("src/**", "**/test_*.py", "src/test_model.py", False),
        ("src/model.py", "src", "src/model.py", True),
        ("src/model.py", "**/*.py", "src/model.py", True),
        ("./model.py", "**/*.py", "model.py", True),
        ("src/models", "src", "src/models/a.py", True),
        ("*.py", "*.py", "a.py", False),
        ("src", "data", "other/a.py", False),
    ],
)
def test_the_glob_that_means_a_file_more_closely_decides(mutable: str, readonly: str, path: str, may: bool) -> None:
    """Given a file that both lists mean, when asked, then its own path decides, else what spells out more of it."""
    assert may is matches(path, editable([mutable], [readonly]))


def project(tmp_path: Path, edits: list[dict[str, str]]) -> LoopProject:
    """A loop that may edit all of src but its judge, by a script of such edits."""
    made = LoopProject.make(
        tmp_path, [edit(level=n) for n in range(len(edits))], files=FILES,
        mutable=("src/*.sh", "model.sh"), readonly=("src/judge.sh", "run.sh"),
    )  # fmt: skip
    (tmp_path / "scripts" / "edits.json").write_text(json.dumps(edits), encoding="utf-8")
    return made


def test_what_is_read_only_within_a_mutable_glob_is_no_candidate(tmp_path: Path) -> None:
    """Given src/*.sh and a read-only src/judge.sh, when an idea edits it, then that is refused."""
    loop = project(tmp_path, [{"src/judge.sh": "level=0\n"}])
    loop.work(loop.start(iterations=1))
    assert loop.verdicts() == {} and "'src/judge.sh', which is not mutable" in loop.of(ev.IdeaRefused)[0].why


def test_a_run_that_edits_what_is_read_only_within_a_mutable_glob_has_tampered(tmp_path: Path) -> None:
    """Given an edit whose run writes into the judge, when it is tried, then it is tampered and the judge is named."""
    loop = project(tmp_path, [{"src/level.sh": "level=0.5\nname=judge\necho bonus=1 > src/$name.sh\n"}])
    loop.work(loop.start(iterations=1))
    assert "tampered" == loop.verdicts()[1] and "src/judge.sh" in loop.ended(1).reason


def linking(loop: LoopProject, *link: str) -> dict[str, Any]:
    """Its configuration with these inputs."""
    config = msgspec.convert(loop.state.config, LoopConfig)
    return {"config": msgspec.to_builtins(msgspec.structs.replace(config, link=link))}


def test_inputs_that_are_named_later_are_linked_at_the_next_start(tmp_path: Path) -> None:
    """Given a file and a folder that git ignores, when link names them after a session, then the next one has them."""
    loop = LoopProject.make(tmp_path, [BETTER, edit(level=0.3, salt=2)], files={".gitignore": "data\nx.txt\n"})
    (loop.folder / "data").mkdir()
    (loop.folder / "data" / "a").write_text("1", encoding="utf-8")
    (loop.folder / "x.txt").write_text("2", encoding="utf-8")
    loop.work(loop.start(iterations=1))
    assert not (loop.loop.clone / "x.txt").exists()
    loop.work(loop.start(iterations=1, **linking(loop, "data", "x.txt")))
    assert {1: "keep", 2: "keep"} == loop.verdicts()
    assert "21" == "".join((loop.loop.clone / name).read_text(encoding="utf-8") for name in ("x.txt", "data/a"))
    assert () == loop.ended(2).suspicious


def test_an_input_that_is_named_no_more_is_gone_at_the_next_start(tmp_path: Path) -> None:
    """Given two linked inputs, when one is taken out of link, then the clone has the other one alone."""
    loop = LoopProject.make(
        tmp_path, [BETTER, edit(level=0.3, salt=2)], files={".gitignore": "*.txt\n"}, link=("x.txt", "y.txt")
    )
    for name in ("x.txt", "y.txt"):
        (loop.folder / name).write_text("1", encoding="utf-8")
    loop.work(loop.start(iterations=1))
    assert (loop.loop.clone / "x.txt").is_symlink() and (loop.loop.clone / "y.txt").is_symlink()
    loop.work(loop.start(iterations=1, **linking(loop, "y.txt")))
    assert not (loop.loop.clone / "x.txt").is_symlink() and (loop.loop.clone / "y.txt").is_symlink()
