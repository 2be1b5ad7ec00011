"""kill -9 at any point: the clone goes on from the last acknowledged commit, and the person's repository is whole."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

from autor_nb.store.loops import making, publishing

KILLS = 12


def git(folder: Path, *words: str) -> str:
    """git as a person calls it."""
    words = ("-c", "user.name=p", "-c", "user.email=p@x", *words)
    return subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def test_a_clone_survives_being_killed_anywhere(tmp_path: Path) -> None:
    """Repaired, tree, branch and index are those of the acknowledged commit; publishing again completes the refs."""
    project, draw = tmp_path / "p", random.Random(4)
    (project / "src").mkdir(parents=True)
    (project / "train.py").write_text("x = 0\n", encoding="utf-8")
    (project / "src/a.py").write_text("a\n", encoding="utf-8")
    git(project, "init", "-q", "-b", "main")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "base")
    status = git(project, "status", "--porcelain"), (project / ".git/index").read_bytes()
    source = making.find_source(project)
    place = project / "autor_loops/k/.engine/clone"
    kept = making.make(place, source, loop="k", mutable=("train.py", "src/**")).head
    (project / ".git/info/exclude").write_text("autor_loops/\n", encoding="utf-8")
    worker = [sys.executable, str(Path(__file__).with_name("clone_worker.py")), str(project)]
    for _ in range(KILLS):
        child = subprocess.Popen(worker, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert child.stdout is not None and child.stderr is not None
        said = [child.stdout.readline().strip() for _ in range(draw.randrange(1, 4))]
        try:
            child.wait(timeout=draw.random() * 0.06)
        except subprocess.TimeoutExpired:
            child.kill()
        rest, errors = child.communicate()
        assert "Traceback" not in errors, errors
        lines = [*said, *(line for line in rest.split("\n") if len(line) == 40)]
        kept = lines[-1] or kept
        clone = making.open_clone(place, source, loop="k", mutable=("train.py", "src/**"))
        clone.repair(kept)
        assert kept == clone.head() == clone.kept()
        assert "" == git(place, "status", "--porcelain", "--ignored")
        (source.git_dir / "refs/heads/autor").mkdir(exist_ok=True)
        (source.git_dir / "refs/heads/autor/k.lock").touch()
        publishing.publish(clone, source.git_dir, {}, kept)
        assert kept == git(project, "rev-parse", "autor/k")
    assert "" == git(project, "fsck", "--no-dangling", "--no-progress")
    assert (git(project, "status", "--porcelain"), (project / ".git/index").read_bytes()) == (status[0], status[1])
