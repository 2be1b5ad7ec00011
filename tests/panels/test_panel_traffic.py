"""What an attempt of ten minutes and a thousand events sends to a page, by the tail's own clock."""

from __future__ import annotations

import json
from typing import Any

import pytest

from autor_nb.desk import lines
from autor_nb.domain.ports import Text, Thinking, ToolCall, ToolResult
from autor_nb.notebook.panels.rounds import LOOK_S
from autor_nb.notebook.panels.tail import RunTail
from autor_nb.store.rawlog import RawLog

EVENTS, LASTS_S, BUDGET_BYTES = 1_000, 600.0, 2_000_000
ENVELOPE_BYTES = 900  # of a message from a kernel: header, parent header, metadata
SAID = "The order of the three models does not change when seed 8 is left out; I write that into the draft. " * 3


class Wire:
    """A page's end that counts what it is sent, as a panel would send it."""

    def __init__(self) -> None:
        self.bytes = self.messages = self.cards = 0
        self.watched = True
        self._attempt: dict[str, Any] | None = None

    def show(self, view: dict[str, Any], attempt: dict[str, Any] | None) -> None:
        """Traits: the whole document each time."""
        if attempt is not None and attempt != self._attempt:
            self._attempt = attempt
            self._send({"attempt": attempt})
        self._send({"view": view})

    def tell(self, message: dict[str, Any]) -> None:
        """Messages."""
        if "feed" in message:
            self.cards += len(message["feed"]["cards"]) + message["feed"]["skipped"]
        self._send(message)

    def _send(self, content: dict[str, Any]) -> None:
        self.bytes += len(json.dumps(content, ensure_ascii=False).encode()) + ENVELOPE_BYTES
        self.messages += 1


def happening(number: int) -> Text | Thinking | ToolCall | ToolResult:
    """Event by event what an agent does: a call, its result, a thought, a sentence."""
    match number % 4:
        case 0:
            return ToolCall(name="Bash", input={"command": f"python code/run.py --seed {number}"}, id=f"call-{number}")
        case 1:
            return ToolResult(ok=True, output=f"seed {number}: brier 0.0487\n" * 8, id=f"call-{number - 1}")
        case 2:
            return Thinking(text=f"{number}: {SAID}")
        case _:
            return Text(text=f"{number}: {SAID}")


@pytest.mark.parametrize("place", ["slow"], indirect=True)
def test_ten_minutes_with_a_thousand_events_stay_below_two_megabytes(place: Any) -> None:
    """Every event reaches the page or is counted; signs of life, changed files and the run's state are counted in."""
    place.set_to_work()
    now = [0.0]
    tail, wire = RunTail(place.run, clock=lambda: now[0]), Wire()
    tail.first()
    tail.tell(wire)
    stage = place.run.workspace / "results"
    log, written = RawLog(place.run, "01_literature_survey", 1), 0
    while now[0] < LASTS_S:
        now[0] += LOOK_S
        while written < min(EVENTS, now[0] / LASTS_S * EVENTS):
            log.write(happening(written))
            log.flush()
            if written % 20 == 0:
                (stage / f"scores_{written // 40}.csv").write_text(f"seed,brier\n{written},0.05\n")
            written += 1
        tail.round()
    log.close()
    print(f"\n{wire.bytes / 1e6:.2f} MB in {wire.messages:,} messages")
    heads = [lines.head_of(line) for line in place.run.raw_log.read_bytes().splitlines()]
    assert EVENTS <= wire.cards == sum(lines.is_shown(head[1]) for head in heads if head is not None)
    assert LASTS_S / 2 <= wire.messages and wire.bytes <= BUDGET_BYTES
