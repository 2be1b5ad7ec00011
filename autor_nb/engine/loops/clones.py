"""The loop's clone, opened once a session, made again when it is gone, mended after a kill."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autor_nb.engine.loops import edits
from autor_nb.store.loops import making, publishing
from autor_nb.store.loops.clone import Clone

if TYPE_CHECKING:
    from autor_nb.engine.loops.engine import LoopEngine

BATCH = 25


def clone_of(engine: LoopEngine) -> Clone:
    """The clone at work, brought to the head of the log first."""
    if engine.clone is None:
        engine.clone = _opened(engine)
    return engine.clone


def _opened(engine: LoopEngine) -> Clone:
    loop, config, state = engine.loop, engine.config, engine.state
    source = making.find_source(loop.project)
    clone = making.open_clone(loop.clone, source, loop=loop.name, mutable=config.editable, link=config.link)
    if not clone.ready:
        made = making.make(
            loop.clone, source, loop=loop.name, mutable=config.editable, link=config.link, base=state.head or state.base
        )
        clone = made.clone
    if state.head == state.merged_head and clone.git.commit_of(state.head) is None:
        wanted = f"{state.head}\n^{state.base}\n".encode("ascii")  # a merge that was made outside: fetched
        pack = source.git.run("pack-objects", "--revs", "--stdout", "--quiet", stdin=wanted)
        clone.git.run("unpack-objects", "-q", stdin=pack)
    edits.guard(engine, clone)
    clone.repair(state.head)
    making.link_inputs(clone)  # of a configuration that names more of them by now
    return clone


def publish(engine: LoopEngine, *, all_of_them: bool = False) -> None:
    """Give the person's repository what ended: kept commits as the branch, every other as a ref, in batches."""
    waiting = engine.past.commits
    if not waiting or (len(waiting) < BATCH and not all_of_them):
        return
    source = making.find_source(engine.loop.project)
    if engine.published is None:  # what a killed engine had given already is not given again
        engine.published = publishing.published(source.git_dir, engine.loop.name)
        for n, sha in [*waiting.items()]:
            if engine.published.get(n) == sha or sha == engine.state.base:
                del waiting[n]
        if not waiting and publishing.known_head(source.git_dir, engine.loop.name) == engine.state.head:
            return
    clone = clone_of(engine)
    asked = "".join(f"{sha}\n" for sha in waiting.values()).encode("ascii")
    kinds = clone.git.run("cat-file", "--batch-check=%(objecttype)", stdin=asked).decode("ascii").splitlines()
    here = {n: sha for (n, sha), kind in zip(waiting.items(), kinds, strict=True) if kind == "commit"}
    publishing.publish(clone, source.git_dir, here, kept=engine.state.head)
    waiting.clear()
