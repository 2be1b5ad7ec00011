"""The errors a person or another program may meet, split by who can mend them.

    AutorError
    ├── UsageError    the person can mend it now; shown without a traceback, exit code 2
    │   └── RefusedError   the engine answered a command with a reason
    ├── RunError      something outside went wrong while working; a retry may help, exit code 1
    ├── PluginError   a plug-in is broken; names the plug-in and its version
    ├── StoreError    a file on disk cannot be read or written; names the file
    └── BugError      ours: keep the traceback

A notebook shows all but the last as their message and suggestion: IPython asks an exception how it is to be shown.
"""

from __future__ import annotations

from typing import NoReturn

SHOWN_CHARS = 4000


class AutorError(Exception):
    """Base of all. `message` says what happened to which thing; `suggestion` is the command that mends it."""

    code = "error"
    exit_code = 1

    def __init__(self, message: str, suggestion: str = "") -> None:
        super().__init__(message, suggestion)
        self.message = message
        self.suggestion = suggestion

    def __str__(self) -> str:
        return f"{self.message}\n{self.suggestion}" if self.suggestion else self.message

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a traceback."""
        return [_harmless(line) for line in (self.message, self.suggestion) if line]


def _harmless(text: str) -> str:
    """The text without what would move a cursor, change a colour or turn the direction; bounded."""
    cut = text[:SHOWN_CHARS] + ("…" if len(text) > SHOWN_CHARS else "")
    return "".join(char if char.isprintable() or char == "\n" else " " if char.isspace() else "" for char in cut)


class UsageError(AutorError):
    """Raised for input that the person can correct at once."""

    code = "usage"
    exit_code = 2


class RefusedError(UsageError):
    """Raised by a face when the engine refused its command; the refusal is in the log too."""

    code = "refused"


class RunError(AutorError):
    """Raised when a run ended in a way that a retry may mend."""

    code = "run"


class PluginError(AutorError):
    """Raised when a named plug-in cannot be loaded or breaks its contract."""

    code = "plugin"
    exit_code = 2


class StoreError(AutorError):
    """Raised when a file cannot be read or written; `path` names it."""

    code = "store"

    def __init__(self, message: str, suggestion: str = "", path: str = "") -> None:
        super().__init__(message, suggestion)
        self.path = path


class DamagedLogError(StoreError):
    """Raised when a run's log cannot be read to its end: nothing goes on from a log with a hole in it."""

    code = "damaged"


class BugError(AutorError):
    """Raised when our own invariants are broken."""

    code = "bug"

    @property
    def _render_traceback_(self) -> NoReturn:
        raise AttributeError("a bug keeps its traceback")
