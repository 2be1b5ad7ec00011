"""Values with text of elsewhere are said as JSON that UTF-8 can hold, without touching what it can hold anyway."""

from __future__ import annotations

import msgspec
import pytest

from autor_nb.domain.loops.record import Record
from autor_nb.store import surrogates


@pytest.mark.parametrize(
    "value",
    ({"a": [1, 2.5, None]}, ["é", "\u2028", "日本"], Record(run=3, summary="plain")),
    ids=("dict", "text", "struct"),
)
def test_what_utf_8_can_hold_is_what_msgspec_writes(value: object) -> None:
    """No byte of an ordinary value is changed."""
    assert msgspec.json.encode(value) == surrogates.encode(value)


def test_an_undecodable_byte_is_written_out_wherever_it_stands() -> None:
    """In keys, in lists and tuples, in fields of a struct: the JSON can be read, and shows which byte it was."""
    assert {"a\\udcff": ["b\\udc80", {"c": "\\udcfe"}]} == msgspec.json.decode(
        surrogates.encode({"a\udcff": ("b\udc80", {"c": "\udcfe"})})
    )
    assert "x\\udc80" == msgspec.json.decode(surrogates.encode(Record(run=1, summary="x\udc80")), type=Record).summary
