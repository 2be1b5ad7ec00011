"""A process that works in a clone until it is killed: commits, tries, adopts, publishes; tells each adopted commit."""

from __future__ import annotations

import sys
from pathlib import Path

from autor_nb.store.loops import making, publishing


def main(project: Path) -> None:
    """For ever."""
    source = making.find_source(project)
    clone = making.open_clone(project / "autor_loops/k/.engine/clone", source, loop="k", mutable=("train.py", "src/**"))
    kept = clone.kept() or source.head
    number = len(publishing.published(source.git_dir, "k"))
    while True:
        number += 1
        (clone.path / "train.py").write_text(f"x = {number} of {kept}\n", encoding="utf-8")
        (clone.path / "src" / f"n{number % 3}.py").write_text(f"{number}\n", encoding="utf-8")
        sha = clone.commit_candidate(f"Try {number}").sha
        (clone.path / "left.txt").write_text("x", encoding="utf-8")
        if number % 2:
            print(sha, flush=True)  # acknowledged: the log says that it is kept
            kept = sha
            clone.adopt(kept)
        publishing.publish(clone, source.git_dir, {number: sha}, kept)
        clone.checkout(kept)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
