"""What a failed system call means to a person: what happened to which place, and what mends it."""

from __future__ import annotations

import errno
import os

_FULL = {errno.ENOSPC, errno.EDQUOT}
_DENIED = {errno.EACCES, errno.EPERM}
_TOO_MANY = {errno.EMFILE, errno.ENFILE}


def cause_of(error: BaseException | None) -> OSError | None:
    """The failed system call behind an error, if one is."""
    while error is not None and not isinstance(error, OSError):
        error = error.__cause__
    return error


def what_happened(error: OSError, place: str) -> str:
    """One sentence; `place` is where the work went on, for a call that names no file."""
    said = error.strerror or str(error) or type(error).__name__
    named = _named(error)
    where = named or place
    if error.errno == errno.EDQUOT:
        return f"The disk quota for {where} is used up ({said})."
    if error.errno == errno.ENOSPC:
        return f"The disk of {where} is full ({said})."
    if error.errno == errno.EROFS:
        return f"The disk of {where} is read-only ({said})."
    if error.errno in _DENIED:
        return f"{where} may not be used ({said})."
    if error.errno == errno.ENOENT and named:
        return f"{named} is not there any more ({said})."
    if error.errno in _TOO_MANY:
        return f"Too many files are open at once ({said})."
    return f"A system call failed: {said}{f': {named}' if named else f', in {place}'}."


def what_mends(error: OSError, place: str, again: str) -> str:
    """The advice; `again` is the command that goes on afterwards."""
    where = _named(error) or place
    if error.errno in _FULL:
        return f"Free some space on the disk of {where}, then {again}."
    if error.errno == errno.EROFS:
        return f"Make that disk writable (mount it again, or move the folder to another one), then {again}."
    if error.errno in _DENIED:
        return f"Give yourself the permission (owner and mode of {where}), then {again}."
    if error.errno == errno.ENOENT and _named(error):
        return f"Put it back, then {again}."
    if error.errno in _TOO_MANY:
        return f"Close programs, or raise the limit (`ulimit -n 4096`), then {again}."
    return f"See operator_state/worker.log, then {again}."


def _named(error: OSError) -> str:
    if isinstance(error.filename, str | bytes | os.PathLike):
        return os.fsencode(error.filename).decode("utf-8", "backslashreplace")
    return ""
