"""What keeps a panel up survives an odd moment: the next round is made, and everybody else is told all the same."""

from __future__ import annotations

import queue
from pathlib import Path
from typing import Any

import pytest

from autor_nb.notebook.panels.loop_tail import LoopTail
from autor_nb.notebook.panels.tail import RunTail
from autor_nb.testing.loop_project import LoopProject, edit


class Page:
    """A page's end that keeps what it is told."""

    watched = True

    def __init__(self) -> None:
        self.told: queue.Queue[dict[str, Any]] = queue.Queue()

    def show(self, view: dict[str, Any], attempt: dict[str, Any] | None) -> None:
        """Traits."""
        self.told.put({"view": view})

    def tell(self, message: dict[str, Any]) -> None:
        """Messages."""
        self.told.put(message)

    def until(self, key: str) -> dict[str, Any]:
        """The next message that has this."""
        while True:
            message = self.told.get(timeout=60)
            if key in message:
                return message


class Closed(Page):
    """One whose page has gone while it was told."""

    def show(self, view: dict[str, Any], attempt: dict[str, Any] | None) -> None:
        raise RuntimeError("the socket is closed")

    def tell(self, message: dict[str, Any]) -> None:
        raise RuntimeError("the socket is closed")


pytestmark = pytest.mark.parametrize("place", ["slow"], indirect=True)


@pytest.fixture(params=["run", "loop"])
def tail(request: pytest.FixtureRequest, tmp_path: Path, place: Any) -> RunTail | LoopTail:
    """That of a run, and that of a loop."""
    if request.param == "loop":
        return LoopTail(LoopProject.make(tmp_path / "loops", [edit(level=0.5)]).loop)
    return RunTail(place.run)


def test_a_fault_while_looking_ends_neither_the_rounds_nor_the_signs_of_life(
    tail: RunTail | LoopTail, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """It is told once where servers write, and the page sees the state again as soon as it can be made."""
    page, look = Page(), tail._look
    monkeypatch.setattr(tail, "_look", lambda **_: (_ for _ in ()).throw(KeyError("odd moment")))
    tail.join(page)
    first = page.until("beat")["beat"]
    assert page.until("beat")["beat"] > first
    monkeypatch.setattr(tail, "_look", look)
    tail.wake()
    assert page.until("view")["view"]["v"] == 1
    page.watched = False
    assert list(tail.rounds.faults) == ["KeyError: 'odd moment'"]
    assert 1 == capfd.readouterr().err.count("Traceback")


def test_a_panel_that_cannot_be_told_keeps_nobody_from_being_told(tail: RunTail | LoopTail) -> None:
    """Two tabs, one of which went at a bad moment."""
    closed, page = Closed(), Page()
    tail.join(closed)
    tail.join(page)
    first = page.until("beat")["beat"]
    assert page.until("beat")["beat"] > first
    closed.watched = page.watched = False
    assert "RuntimeError: the socket is closed" in tail.rounds.faults
