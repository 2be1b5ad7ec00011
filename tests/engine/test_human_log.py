"""logs.txt is bounded: of a long run it holds the newest events, however it came about."""

from __future__ import annotations

from pathlib import Path

from autor_nb.domain import events as ev
from autor_nb.engine.projections import LOG_BLOCK, Views, first_logged, logs_bytes
from autor_nb.store import eventlog
from autor_nb.store.layout import RunFolder


def many(first: int, last: int) -> list[ev.Event]:
    """Events of those numbers."""
    return [ev.Paused(seq=n, at="2026-01-01T00:00:00Z", reason=f"reason {n}") for n in range(first, last + 1)]


def test_a_long_runs_log_holds_the_newest_events_and_says_how_many_are_left_out() -> None:
    """Between one and two blocks of lines, whatever the length."""
    assert LOG_BLOCK * 2 - 1 == len(logs_bytes(many(1, LOG_BLOCK * 2 - 1)).splitlines())
    lines = logs_bytes(many(1, LOG_BLOCK * 3 + 7)).decode().splitlines()
    assert f"{LOG_BLOCK * 2} earlier events" in lines[0]
    assert f"reason {LOG_BLOCK * 2 + 1}" in lines[1]
    assert f"reason {LOG_BLOCK * 3 + 7}" in lines[-1]
    for count in range(0, 40 * LOG_BLOCK, LOG_BLOCK // 3):
        assert min(count, LOG_BLOCK) <= count - first_logged(count) < 2 * LOG_BLOCK


def test_appending_past_a_block_gives_the_bytes_that_rebuilding_gives(tmp_path: Path) -> None:
    """The oldest events leave the file while the engine works."""
    run = RunFolder(tmp_path)
    views, position = Views(run), 0
    for last in (1, LOG_BLOCK * 2 - 2, LOG_BLOCK * 2 - 1, LOG_BLOCK * 2, LOG_BLOCK * 2 + 3):
        new = many(position + 1, last)
        with run.events.open("ab") as stream:
            stream.writelines(eventlog.encode(event) + b"\n" for event in new)
        position = last
        views.write_logs(new)
        assert logs_bytes(eventlog.read(run.events)[0]) == (run.path / "logs.txt").read_bytes()
