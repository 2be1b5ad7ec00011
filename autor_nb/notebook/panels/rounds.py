"""One round of what keeps a panel up: a fault in it is told where servers write, and never ends the rounds."""

from __future__ import annotations

import contextlib
import sys
import traceback
from collections.abc import Iterator

from autor_nb.domain.errors import AutorError


class Rounds:
    """Follows how rounds went: a thread that a single odd moment ended would leave its page waiting for ever."""

    def __init__(self) -> None:
        self.faults: dict[str, int] = {}

    @contextlib.contextmanager
    def one(self) -> Iterator[None]:
        """A round; what is not there yet or cannot be read just now is looked for again in the next one."""
        try:
            yield
        except (OSError, AutorError):
            pass
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
            self.faults[said] = self.faults.get(said, 0) + 1
            if self.faults[said] == 1 and sys.__stderr__ is not None:
                traceback.print_exc(file=sys.__stderr__)
