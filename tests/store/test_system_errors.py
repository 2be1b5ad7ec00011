"""A failed system call is said in words of its kind, each with its own mend."""

from __future__ import annotations

import errno
import os

import pytest

from autor_nb.domain.errors import StoreError
from autor_nb.store.system_errors import cause_of, what_happened, what_mends

AGAIN = "`autor resume r`"
CASES = {
    errno.ENOSPC: ("is full", "Free some space"),
    errno.EDQUOT: ("quota", "Free some space"),
    errno.EROFS: ("read-only", "writable"),
    errno.EACCES: ("may not be used", "permission"),
    errno.EPERM: ("may not be used", "permission"),
    errno.ENOENT: ("not there any more", "Put it back"),
    errno.EMFILE: ("Too many files", "ulimit"),
    errno.ENFILE: ("Too many files", "ulimit"),
    errno.EIO: ("A system call failed", "worker.log"),
}


@pytest.mark.parametrize("number", CASES, ids=errno.errorcode.get)
def test_each_kind_has_its_words_and_its_mend(number: int) -> None:
    """The file, the system's own words, the advice for this kind alone, and how to go on."""
    error = OSError(number, os.strerror(number), "/data/x.csv")
    what, mend = what_happened(error, "/runs/r"), what_mends(error, "/runs/r", AGAIN)
    words, advice = CASES[number]
    assert words in what and os.strerror(number) in what
    assert advice in mend and mend.endswith(f"then {AGAIN}.")
    assert ("space" in mend) == (number in (errno.ENOSPC, errno.EDQUOT))
    assert "/data/x.csv" in what or number in (errno.EMFILE, errno.ENFILE)


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "full"), OSError(errno.EIO, "bad"), OSError("only words"), OSError()], ids=repr
)
def test_a_call_that_names_no_file_is_about_the_run(error: OSError) -> None:
    """Its folder stands in, and nothing is said of a None."""
    said = what_happened(error, "/runs/r") + what_mends(error, "/runs/r", AGAIN)
    assert "/runs/r" in said and "None" not in said


def test_a_name_that_is_no_text_is_escaped() -> None:
    """Bytes are shown as escapes, and a number in the name's place is no name."""
    assert r"/a\xff" in what_happened(OSError(errno.EROFS, "no", b"/a\xff"), "/runs/r")
    assert "/runs/r" in what_happened(OSError(errno.EROFS, "no", 7), "/runs/r")


def test_the_call_behind_an_error_of_ours_is_found() -> None:
    """Through as many layers as there are; an error without one has none."""
    call = OSError(errno.EROFS, "no")
    try:
        try:
            raise StoreError("inner") from call
        except StoreError as inner:
            raise StoreError("outer") from inner
    except StoreError as outer:
        assert call is cause_of(outer)
    assert cause_of(StoreError("alone")) is None
