"""The coder `external`: waits until a person or another program has edited the mutable files of the clone."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from autor_nb.domain.errors import AutorError
from autor_nb.domain.loops.globs import matches
from autor_nb.domain.loops.parts import CoderResult, CoderTask
from autor_nb.plugins.coders.files import confined

DONE = "edit.done"
IDLE_S = (0.5, 2.0)
QUIET_S = 2.0
CANCEL_S = 0.1
MAX_LOOKED = 20_000

Stamp = tuple[int, int, int]


class ExternalCoder:
    """An edit is complete when the files have differed and stayed the same for a moment, or at once when the file
    `edit.done` appears in the loop's folder (which is removed). Files are looked at, never watched by spinning: every
    0.5 s at first, every 2 s later, and they are hashed only when their size, time or inode has changed.
    """

    name = "external"

    def __init__(self, quiet_s: float = QUIET_S, idle_s: tuple[float, float] = IDLE_S) -> None:
        self._quiet_s, self._idle_s = quiet_s, idle_s

    def apply(self, task: CoderTask) -> CoderResult:
        """Wait for the edit; time-out and stop leave whatever was edited so far, which the engine discards."""
        try:
            return self._wait(task)
        except AutorError as error:
            return CoderResult(ok=False, detail=str(error), ending="failed")

    def _wait(self, task: CoderTask) -> CoderResult:
        clone, done = Path(task.clone), Path(task.folder) / DONE if task.folder else None
        if done is not None:
            done.unlink(missing_ok=True)  # one of an earlier edit
        first = Seen(clone, task)
        task.put_back()
        seen, since, began, idle = first, time.monotonic(), time.monotonic(), self._idle_s[0]
        while True:
            if (answer := self._pause(task, began, idle)) is not None:
                return answer
            now = Seen(clone, task, seen)
            said = done is not None and done.is_file()
            if now.hashes != seen.hashes:
                seen, since, idle = now, time.monotonic(), self._idle_s[0]
            else:
                seen, idle = now, min(self._idle_s[1], idle * 1.25)
            changed = first.differing(now)
            if said or (changed and time.monotonic() - since >= self._quiet_s):
                if said and done is not None:
                    done.unlink(missing_ok=True)
                if changed:
                    return CoderResult(ok=True, detail=f"Edited: {', '.join(changed)}.", changed=changed)
                if said:
                    return CoderResult(
                        ok=False, detail="The edit was said to be done, but no mutable file differs.", ending="refused")

    def _pause(self, task: CoderTask, began: float, idle: float) -> CoderResult | None:
        """Wait one interval in small pieces, in which only a flag is looked at."""
        waiting = threading.Event()
        until = time.monotonic() + idle
        while (left := until - time.monotonic()) > 0:
            if task.cancelled():
                return CoderResult(ok=False, detail="Stopped while waiting for an edit.", ending="stopped")
            spare = task.timeout_s - (time.monotonic() - began)
            if spare <= 0:
                return CoderResult(
                    ok=False, detail=f"No edit of a mutable file within {task.timeout_s:g} s.", ending="timed_out")
            waiting.wait(min(left, CANCEL_S, spare))
        return None


class Seen:
    """What the mutable files hold at one moment."""

    def __init__(self, clone: Path, task: CoderTask, before: Seen | None = None) -> None:
        self.stamps: dict[str, Stamp] = {}
        self.hashes: dict[str, str] = {}
        names = {*task.mutable, *(_files(clone, task.mutable_globs) if task.mutable_globs else ())}
        for name in sorted(names):
            path = confined(clone, name)
            try:
                status = path.stat()
                stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
                known = before is not None and before.stamps.get(name) == stamp
                self.hashes[name] = before.hashes[name] if known and before is not None else _hash(path)
                self.stamps[name] = stamp
            except OSError:
                continue  # between an editor's removal and its rename

    def differing(self, other: Seen) -> tuple[str, ...]:
        """The files that are not the same in both."""
        names = self.hashes.keys() | other.hashes.keys()
        return tuple(sorted(name for name in names if self.hashes.get(name) != other.hashes.get(name)))


def _files(clone: Path, globs: tuple[str, ...]) -> Iterator[str]:
    """The files there now that the globs mean, new ones too; git's own folder apart, and a bounded number looked at."""
    looked = 0
    for folder, inner, files in os.walk(clone):
        inner[:] = [name for name in inner if name not in (".git", "__pycache__")]
        for name in files:
            path = (Path(folder) / name).relative_to(clone).as_posix()
            if not name.startswith(".") and not name.endswith((".swp", ".tmp", "~")) and matches(path, globs):
                yield path
        looked += len(files)
        if looked > MAX_LOOKED:
            return


def _hash(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
