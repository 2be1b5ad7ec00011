"""What ended the engine's work: said in words of its kind, and noted where even a full disk has room for it.

An attempt that a fault ended has no ending in the log when the log could not be written. The note is a file
whose room was taken while there was some; it is kept open and overwritten in place, so that neither a full disk
nor too many open files keep it from being written. The next engine reads it, and records what ended the attempt.
"""

from __future__ import annotations

import contextlib
import os
import traceback

import msgspec

from autor_nb.domain import events as ev
from autor_nb.domain import rules
from autor_nb.domain.errors import AutorError
from autor_nb.domain.stage import Ending
from autor_nb.domain.state import AttemptState
from autor_nb.store import system_errors
from autor_nb.store.layout import RunFolder

_ROOM = 4096
_TEXT = 1500


class _Note(msgspec.Struct, frozen=True):
    stage: str
    attempt: int
    reason: str


class Faults:
    """The faults of one run's engine."""

    def __init__(self, run: RunFolder) -> None:
        self.run = run
        self._path = run.operator_state / "fault.json"
        self._handle = -1
        with contextlib.suppress(OSError):  # without room for a note the attempt is recorded as lost
            self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            if os.fstat(self._handle).st_size < _ROOM:
                os.pwrite(self._handle, b" " * _ROOM, 0)

    def close(self) -> None:
        """Release the note's file."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def failure(self, error: Exception, attempt: AttemptState | None) -> ev.RunFailed:
        """What is recorded of the run; of an attempt that has not ended, the reason is noted as well."""
        failure = self._in_words(error)
        if attempt is not None and attempt.ending is None:
            self._write(_Note(attempt.stage, attempt.attempt, failure.reason))
        return failure

    def ended_by(self, attempt: AttemptState) -> ev.AttemptEnded:
        """What is recorded of an attempt that was left without an ending: its fault if known, else that it is lost."""
        lost = rules.lost_by(attempt)
        try:
            note = msgspec.json.decode(self._path.read_bytes().strip(), type=_Note)
        except (OSError, msgspec.DecodeError):
            return lost
        if (note.stage, note.attempt) != (attempt.stage, attempt.attempt):
            return lost
        return msgspec.structs.replace(
            lost, ending=Ending.STOPPED, detail=f"The engine could not go on, and ended it. {note.reason}"[:2000]
        )

    def _write(self, note: _Note) -> None:
        content = msgspec.json.encode(msgspec.structs.replace(note, reason=_fitting(note.reason)))
        with contextlib.suppress(OSError):
            os.pwrite(self._handle, content.ljust(_ROOM), 0)

    def _in_words(self, error: Exception) -> ev.RunFailed:
        again = f"`autor resume {self.run.run_id}`"
        place = str(self.run.path)
        cause = system_errors.cause_of(error)
        if isinstance(error, AutorError):
            mend = error.suggestion if cause is None else system_errors.what_mends(cause, place, again)
            return ev.RunFailed(reason=error.message[:2000], suggestion=mend[:2000])
        with contextlib.suppress(OSError):  # a full disk takes no traceback
            traceback.print_exception(error)
        if isinstance(error, OSError):  # the disk's, not ours
            return ev.RunFailed(
                reason=system_errors.what_happened(error, place)[:2000],
                suggestion=system_errors.what_mends(error, place, again)[:2000],
            )
        return ev.RunFailed(  # ours: the run says so and can be resumed, the traceback is in worker.log
            reason=f"A fault of autor_nb itself: {type(error).__name__}: {error}"[:2000],
            suggestion=f"{again}; details: operator_state/worker.log",
        )


def _fitting(text: str) -> str:
    """At most as many bytes as the note has room for, whatever the characters."""
    return text.encode("utf-8", "backslashreplace")[:_TEXT].decode("utf-8", "ignore")
