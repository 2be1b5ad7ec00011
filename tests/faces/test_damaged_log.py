"""A run with a damaged log, as the faces show it: listed, refused in words, recovered; the others unharmed."""

from __future__ import annotations

from typing import Any

import pytest

import autor_nb
from autor_nb.domain.errors import DamagedLogError
from autor_nb.domain.stage import Ending


def garble(place: Any, number: int) -> None:
    """Put garbage in a line's place."""
    lines = place.run.events.read_bytes().split(b"\n")
    lines[number - 1] = b"\x00 garbage"
    place.run.events.write_bytes(b"\n".join(lines))


@pytest.mark.parametrize("number", [1, 7])
def test_a_damaged_run_is_listed_and_takes_nothing_down(place: Any, number: int) -> None:
    """`autor`, `runs`, `status` and the API answer, name the line and the mend; no command is taken."""
    place.settle()
    garble(place, number)
    for words in ((), ("runs",), ("status",), ("status", place.run.run_id)):
        said = place.autor(*words, "--json")
        assert 0 == said.code, said.out
        assert f"line {number} of its log" in said.out
    assert "autor recover" in place.autor("status").out
    assert "damaged" == autor_nb.runs()[0].status
    with pytest.raises(DamagedLogError, match=f"line {number}"):
        autor_nb.open().approve()
    said = place.autor("redo", "01", "--yes", "--run", place.run.run_id, "--json")
    assert 0 != said.code
    assert "error" == said.json["status"]
    assert b"garbage" in place.run.events.read_bytes()


@pytest.mark.parametrize("place", ["second"], indirect=True)
def test_recovering_goes_on_from_before_the_damage(place: Any) -> None:
    """The stage after the damage is done again; the damaged log lies beside."""
    place.settle()
    approval = next(n for n, event in enumerate(place.events, 1) if "Approved" == type(event).__name__)
    garble(place, approval + 2)
    whole = place.run.events.read_bytes()
    preview = place.autor("recover", "--preview", "--json")
    assert [place.run.run_id] == preview.data["damaged"]
    assert whole == place.run.events.read_bytes()
    assert 0 == place.autor("recover", "--yes", "--json").code
    now = place.settle()
    assert ("02_hypothesis_generation", 2) == now.state.review
    assert Ending.LOST is now.state.stages[1].attempts[0].ending
    assert not now.state.damaged
    (kept,) = place.run.path.glob("damaged/*/events.jsonl")
    assert whole == kept.read_bytes()
    assert "log was damaged" in (place.run.path / "logs.txt").read_text()


def test_lines_of_a_newer_version_are_shown_as_such(place: Any) -> None:
    """The card says how many there are; the run is not damaged."""
    place.settle()
    last = place.events[-1].seq
    with place.run.events.open("ab") as stream:
        stream.write(b'{"seq":%d,"at":"2031-01-01T00:00:00Z","type":"teleported"}\n' % (last + 1))
    assert "written by a newer version" in place.autor("status", "--text").out
    said = place.autor("status", "--json")
    assert (1, None) == (said.data["unknown_events"], said.data["damaged"])
