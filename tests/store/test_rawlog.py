"""The agents' own words: bounded lines, bounded parts, the oldest part goes."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from autor_nb.domain.ports import Text, ToolCall
from autor_nb.store import rawlog
from autor_nb.store.layout import RunFolder
from autor_nb.store.rawlog import PART_BYTES, PARTS, TEXT_CAP, RawLog


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """An empty run."""
    return RunFolder(tmp_path)


def say(run: RunFolder, text: str, attempt: int = 1) -> None:
    """One event of an attempt."""
    log = RawLog(run, "01_s", attempt)
    log.write(Text(text=text))
    log.close()


def fill(run: RunFolder) -> None:
    """Make the part that grows as large as a part may be, with a line that nobody can read at its end."""
    os.truncate(run.raw_log, PART_BYTES)


def test_a_full_part_is_set_aside_and_the_newest_words_are_in_the_growing_one(run: RunFolder) -> None:
    """Nothing is lost before the last part is full; reading goes oldest first."""
    for number in range(PARTS - 1):
        say(run, f"part {number}")
        fill(run)
    say(run, "newest")
    assert [f"part {number}" for number in range(PARTS - 1)] + ["newest"] == [s["text"] for s in rawlog.read(run)]
    assert PARTS == len([path for path in rawlog.parts(run) if path.is_file()])
    fill(run)
    say(run, "newer still")
    assert "part 0" not in [said["text"] for said in rawlog.read(run)]
    assert PARTS == len([path for path in run.path.iterdir() if path.name.startswith("logs_raw")])
    assert all(path.stat().st_size <= PART_BYTES for path in rawlog.parts(run))


def test_a_very_long_word_is_cut_and_says_how_long_it_was(run: RunFolder) -> None:
    """A text by its characters, a tool's input by its bytes; the line stays within the cap."""
    log = RawLog(run, "01_s", 1)
    log.write(Text(text="x" * 1_000_000))
    log.write(ToolCall(name="write", input={"content": "y" * 1_000_000}))
    log.close()
    text, call = rawlog.read(run)
    assert text["text"].endswith("(1,000,000 characters, cut)")
    assert "bytes" in call["input"]["cut"]
    assert all(len(line) <= TEXT_CAP for line in run.raw_log.read_bytes().splitlines())


def test_words_are_told_apart_by_attempt_and_a_torn_line_is_passed_over(run: RunFolder) -> None:
    """A kill in the middle of a line hides that line only."""
    say(run, "first", 1)
    with run.raw_log.open("ab") as stream:
        stream.write(b'{"at":"2026","te\n')
    say(run, "second \udcff", 2)
    assert ["first"] == [said["text"] for said in rawlog.read(run, "01_s", 1)]
    assert ["second \\udcff"] == [said["text"] for said in rawlog.read(run, attempt=2)]


def test_one_thread_looks_while_another_fills_part_after_part(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flush never meets a file that was just set aside, and nothing that was said is lost."""
    monkeypatch.setattr(rawlog, "PART_BYTES", 2_000)
    monkeypatch.setattr(rawlog, "PARTS", 200)
    log = RawLog(run, "01_s", 1)
    writer = threading.Thread(target=lambda: [log.write(Text(text=str(number))) for number in range(2_000)])
    writer.start()
    while writer.is_alive():
        log.flush()
    log.close()
    assert 2_000 == log.count == sum(1 for _ in rawlog.read(run))
