"""Whether anybody may be looking at a panel: pages say so every few seconds, unless the kernel cannot hear them."""

from __future__ import annotations

import time
from typing import Any

GRACE_S = 90.0


class Hearing:
    """Whether the kernel's shell is in a cell, so that words of pages wait outside."""

    def __init__(self) -> None:
        self.busy = False
        self._shell: Any = None

    def listen(self) -> None:
        """Follow the notebook's cells; does nothing outside IPython."""
        from IPython.core.getipython import get_ipython

        shell = get_ipython()
        if shell is not None and shell is not self._shell:
            self._shell = shell
            self.busy = True  # this is called by a cell
            shell.events.register("pre_execute", self._began)
            shell.events.register("post_execute", self._ended)

    def _began(self, *given: Any) -> None:
        self.busy = True

    def _ended(self, *given: Any) -> None:
        self.busy = False


HEARING = Hearing()


class Presence:
    """One panel's pages."""

    def __init__(self) -> None:
        self._heard = time.monotonic()

    def heard(self) -> None:
        """A page said something."""
        self._heard = time.monotonic()

    @property
    def watched(self) -> bool:
        """Whether a page was heard of lately, or could not have been."""
        if HEARING.busy:
            self._heard = time.monotonic()
        return time.monotonic() - self._heard < GRACE_S
