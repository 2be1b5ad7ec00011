"""Long work on a loop's forks that a panel asked for, in a thread of its own: told as it goes, ended when asked."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from autor_nb import loop_forks
from autor_nb.domain.errors import AutorError, UsageError
from autor_nb.domain.loops.forks import ForkRun
from autor_nb.domain.run import Actor
from autor_nb.store.eventlog import utc_now
from autor_nb.store.loops.layout import LoopFolder
from autor_nb.verbs.loops import compare as comparing
from autor_nb.verbs.loops import merge as merging
from autor_nb.verbs.loops.fork import progress

REFUSED_S = 3.0
"""What is wrong from the start is found within moments: so long the asker waits for a refusal."""
LINES = 6
Document = dict[str, Any]
OnRun = Callable[[ForkRun], None]
Deed = Callable[[OnRun], tuple[list[str], str]]
"""What is done: answers with sentences and their tone."""


class _Asker:
    """Who clicked: told of a refusal as long as nothing was run and they still wait."""

    def __init__(self) -> None:
        self.answered = threading.Event()
        self.waits = True
        self.refused: AutorError | None = None


class ForkWork:
    """At most one comparison or merge at a time. `changed` is called whenever there is more to tell."""

    def __init__(self, loop: LoopFolder, changed: Callable[[], None]) -> None:
        self.loop, self._changed = loop, changed
        self._guard = threading.Lock()
        self._document: Document | None = None
        self._lines: deque[str] = deque(maxlen=LINES)
        self._stop = False
        self.version = 0

    def document(self) -> Document | None:
        """What is at work, or what the last came to; None before any."""
        with self._guard:
            return None if self._document is None else {**self._document, "lines": list(self._lines)}

    def compare(self, seeds: int) -> None:
        """Rank the family on common fresh seeds."""

        def deed(on_run: OnRun) -> tuple[list[str], str]:
            report = loop_forks.compare([self.loop], on_run, seeds=seeds)
            return comparing.sentences(report), "warn" if report.interrupted else "ok"

        self._begin("compare", f"Comparing on {seeds} common fresh seeds", deed)

    def merge(self, by: Actor, seeds: int) -> None:
        """Take over the best fork, if common seeds and fresh pairs confirm it."""

        def deed(on_run: OnRun) -> tuple[list[str], str]:
            found, report = loop_forks.merge(self.loop, by, on_run, seeds=seeds)
            merged = report is not None and report.stage == "done"
            return merging.sentences(self.loop, found, report), "ok" if merged else "warn"

        self._begin("merge", f"Merging the best fork into {self.loop.name}", deed)

    def halt(self) -> None:
        """End it as Ctrl-C would, when the run that is at work has ended; what is known so far is told."""
        with self._guard:
            if self._document is None or not self._document["at_work"]:
                raise UsageError("Nothing is being compared or merged.", "Look again.")
            self._stop = True
            self._document["stopping"] = True
        self._tell()

    def _begin(self, what: str, title: str, deed: Deed) -> None:
        with self._guard:
            if self._document is not None and self._document["at_work"]:
                raise UsageError("A comparison or a merge is at work already.", "Wait for it, or stop it first.")
            self._stop = False
            self._lines.clear()
            self._document = {
                "what": what, "title": title, "at_work": True, "stopping": False, "since": utc_now(), "runs": 0,
                "said": [], "tone": "accent",
            }  # fmt: skip
        asker = _Asker()
        name = f"autor-{what}-{self.loop.name}"
        threading.Thread(target=self._work, args=(deed, asker), name=name, daemon=True).start()
        asker.answered.wait(REFUSED_S)
        with self._guard:
            asker.waits = False
        self._tell()
        if asker.refused is not None:
            raise asker.refused

    def _work(self, deed: Deed, asker: _Asker) -> None:
        def on_run(run: ForkRun) -> None:
            asker.answered.set()
            with self._guard:
                assert self._document is not None
                self._document["runs"] += 1
                self._lines.append(progress(run))
                stop, self._stop = self._stop, False
            self._tell()
            if stop:
                raise KeyboardInterrupt

        wrong: AutorError | None = None
        try:
            said, tone = deed(on_run)
        except AutorError as error:
            wrong, said, tone = error, [error.message, error.suggestion], "fail"
        except (Exception, KeyboardInterrupt) as error:  # ours: a thread of a panel must not print
            said, tone = [f"A fault of autor_nb itself: {type(error).__name__}: {error}"], "fail"
        with self._guard:
            done = {"at_work": False, "stopping": False, "said": [one for one in said if one], "tone": tone}
            self._document = {**(self._document or {}), **done, "ended": utc_now()}
            if wrong is not None and asker.waits and not asker.answered.is_set():
                asker.refused, self._document = wrong, None
        asker.answered.set()
        self._tell()

    def _tell(self) -> None:
        self.version += 1
        self._changed()
