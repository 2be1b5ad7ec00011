"""What a loop's clone costs: one iteration's git work, at few and at 10,000 refs; printed, not judged.

    python tests/benchmarks/bench_loop_clone.py [FILES]
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from autor_nb.store.loops import making, publishing

ROUNDS = 60
MANY = 10_000


def timed(work: Callable[[], object]) -> float:
    """Milliseconds."""
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1e3


def project_of(folder: Path, files: int) -> Path:
    """A repository of that many files."""
    (folder / "src").mkdir(parents=True)
    for number in range(files):
        (folder / "src" / f"m{number:05d}.py").write_text(f"x = {number}\n", encoding="utf-8")
    (folder / "train.py").write_text("x = 0\n", encoding="utf-8")
    for words in (["init", "-q"], ["add", "-A"], ["-c", "user.name=b", "-c", "user.email=b@x", "commit", "-qm", "b"]):
        subprocess.run(["git", *words], cwd=folder, check=True)
    return folder


def measure(made: making.Made, git_dir: Path, first: int) -> dict[str, float]:
    """Medians of the parts of an iteration; refs are published 20 at a time."""
    clone, parts = made.clone, {name: list[float]() for name in ("commit", "back", "publish / 20", "iteration")}
    waiting: dict[int, str] = {}
    for number in range(first, first + ROUNDS):
        (clone.path / "train.py").write_text(f"x = {number}\n", encoding="utf-8")
        shas: list[str] = []
        commit = timed(lambda into=shas: into.append(clone.commit_candidate("try").sha))
        (clone.path / "out.txt").write_text("left by the trial", encoding="utf-8")
        back = timed(lambda: clone.checkout(made.head))
        waiting[number] = shas[0]
        parts["commit"].append(commit)
        parts["back"].append(back)
        if len(waiting) == 20:
            share = timed(lambda given=waiting: publishing.publish(clone, git_dir, given)) / 20
            parts["publish / 20"].append(share)
            waiting = {}
    share = statistics.median(parts["publish / 20"])
    parts["iteration"] = [a + b + share for a, b in zip(parts["commit"], parts["back"], strict=True)]
    return {name: statistics.median(values) for name, values in parts.items()}


def main() -> None:
    """Print it."""
    files = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with tempfile.TemporaryDirectory() as folder:
        project = project_of(Path(folder) / "project", files)
        source = making.find_source(project)
        kept: list[making.Made] = []
        place = project / "autor_loops/b/.engine/clone"
        made_ms = timed(lambda: kept.append(making.make(place, source, loop="b", mutable=("train.py",))))
        print(f"{files} files: clone made in {made_ms:.0f} ms")
        for count in (0, MANY):
            if count:
                lines = "".join(f"create refs/autor/b/{n} {kept[0].base}\n" for n in range(1000, 1000 + count))
                subprocess.run(["git", "update-ref", "--stdin"], cwd=project, input=lines.encode(), check=True)
            found = measure(kept[0], source.git_dir, 20_000 + count)
            print(f"{count:>6} refs: " + "  ".join(f"{name} {value:.1f} ms" for name, value in found.items()))
        print(f"repair {timed(lambda: kept[0].clone.repair(kept[0].head)):.1f} ms")


if __name__ == "__main__":
    main()
