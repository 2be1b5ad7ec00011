"""The feed: cards from what agents say, pages, and a tail that survives rotation, torn lines and new attempts."""

from __future__ import annotations

import json
import tracemalloc
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from autor_nb.control import Snapshot
from autor_nb.desk import lines
from autor_nb.desk.cards import card
from autor_nb.desk.feed import FeedTail, page_of
from autor_nb.domain.ports import AgentEvent, Finished, Notice, SessionStarted, Text, Thinking, ToolCall, ToolResult
from autor_nb.domain.ports import UsageReported as Used
from autor_nb.store import rawlog
from autor_nb.store.layout import RunFolder
from autor_nb.store.rawlog import RawLog

STAGE = "05_experimentation"
EVIL = "<script>alert(1)</script>\x1b[2J\x1b]0;owned\x07\u202egnp\u200b"


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A folder for a raw log."""
    return RunFolder(tmp_path)


def say(run: RunFolder, *events: AgentEvent, stage: str = STAGE, attempt: int = 1) -> None:
    """What the engine appends when an agent says this."""
    raw = RawLog(run, stage, attempt)
    for event in events:
        raw.write(event)
    raw.close()


def texts(read: dict[str, Any] | None) -> list[str]:
    """The cards' texts."""
    assert read is not None
    return [one["text"] for one in read["cards"]]


def tool(name: str, **given: Any) -> dict[str, Any]:
    """The card of a call."""
    return card(1, {"type": "tool_call", "name": name, "input": given})


# ----------------------------------------------------------------------------------------------- cards


@pytest.mark.parametrize(
    ("name", "given", "title", "text"),
    [
        ("Bash", {"command": "python code/run.py --seeds 8 9"}, "Run a command", "python code/run.py --seeds 8 9"),
        ("shell", {"command": ["bash", "-lc", "ls -la"]}, "Run a command", "ls -la"),
        ("exec", {"cmd": ["echo", "two words"]}, "Run a command", "echo 'two words'"),
        (
            "Edit",
            {"file_path": "code/a.py", "old_string": "a\n", "new_string": "a\nb\nc"},
            "Edit a file",
            "code/a.py  +3 −1 lines",
        ),
        (
            "MultiEdit",
            {"path": "a.py", "edits": [{"new_string": "x"}, {"new_string": "y\nz"}]},
            "Edit a file",
            "a.py  +3 lines",
        ),
        ("Write", {"file_path": "b.py", "content": "1\n2\n"}, "Write a file", "b.py  +2 lines"),
        ("write_file", {"path": "c.md", "content": "one"}, "Write a file", "c.md  +1 line"),
        ("Read", {"file_path": "data/x.csv"}, "Read a file", "data/x.csv"),
        ("apply_patch", {"input": "*** Update File: a.py\n-x\n+y\n+z\n"}, "Edit a file", "a.py  +2 −1 lines"),
        ("Grep", {"pattern": "seed", "path": "code"}, "Search", "seed in code"),
        ("WebFetch", {"url": "https://host/x", "prompt": "?"}, "Fetch a page", "https://host/x"),
        ("TodoWrite", {"todos": [{"content": "a", "status": "completed"}, {"content": "b"}]}, "Plan", "✓ a\n· b"),
        ("read the design", {"seeds": 3}, "read the design", "seeds: 3"),
        ("ridge", {}, "ridge", ""),
        ("", {}, "A step", ""),
    ],
)
def test_a_call_is_titled_for_people(name: str, given: dict[str, Any], title: str, text: str) -> None:
    """Commands, files and searches by what they are, anything else by the agent's own words."""
    made = tool(name, **given)
    assert (title, text, "tool") == (made["title"], made["text"], made["kind"])


def test_commands_and_results_are_in_mono_and_words_are_not() -> None:
    """So that a page can show them as what they are."""
    assert tool("Bash", command="ls")["mono"]
    assert card(1, {"type": "tool_result", "ok": True, "output": "x"})["mono"]
    assert not card(1, {"type": "text", "text": "x"})["mono"]


def test_a_result_shows_its_first_lines_and_counts_the_rest() -> None:
    """Twelve lines, how many there are, and how many characters were cut."""
    output = "\n".join(f"line {at:02d}" for at in range(78))
    made = card(3, {"type": "tool_result", "ok": False, "output": output}, 147.2)
    assert (False, "failed · 78 lines", 147.2) == (made["ok"], made["title"], made["took_s"])
    assert output.split("\n")[:12] == made["text"].split("\n")
    assert len(output) == len(made["text"]) + made["more"]


@pytest.mark.parametrize("kind", ["text", "thinking"])
def test_long_words_are_cut_and_said_to_be(kind: str) -> None:
    """2,000 characters, and how many more there are."""
    made = card(1, {"type": kind, "text": "x" * 5_000})
    assert (2_000, 3_000, kind) == (len(made["text"]), made["more"], made["kind"])


@pytest.mark.parametrize(
    "event",
    [
        {"type": "text", "text": EVIL},
        {"type": "tool_call", "name": EVIL, "input": {EVIL: EVIL}},
        {"type": "tool_call", "name": "Edit", "input": {"file_path": EVIL, "new_string": EVIL}},
        {"type": "tool_call", "name": "Bash", "input": {"command": EVIL}},
        {"type": "tool_call", "name": "apply_patch", "input": {"patch": f"*** Add File: {EVIL}\n+{EVIL}"}},
        {"type": "tool_result", "ok": True, "output": EVIL},
        {"type": "finished", "ok": True, "detail": EVIL},
        {"type": "session_started", "session_id": EVIL},
        {"type": "tool_call", "name": 3, "input": [1], "at": {"x": 1}},
        {"type": "tool_call", "name": "todo", "input": {"todos": [1, {"content": 2}, None], "edits": 7, "path": 8}},
        {"type": "text"},
        {"type": "tool_result", "ok": "maybe", "output": None},
    ],
)
def test_a_hostile_event_is_a_harmless_card(event: dict[str, Any]) -> None:
    """No control, direction or hidden character is left; any shape of input is a card that JSON can carry."""
    made = json.loads(json.dumps(card(1, event)))
    assert {"n", "at", "kind", "ok", "title", "text", "mono", "more", "took_s"} == set(made)
    for text in (made["title"], made["text"], made["at"]):
        assert not [char for char in text if unicodedata.category(char) in ("Cc", "Cf") and char != "\n"]


# ----------------------------------------------------------------------------------------------- pages


def test_a_real_attempts_feed(snapshot: Snapshot) -> None:
    """The scripted agent's session, call, result with its time, and end; usage is no card."""
    page = page_of(snapshot.run, STAGE, 2)
    assert ["session", "tool", "result", "finished"] == [one["kind"] for one in page["cards"]]
    assert [1, 2, 3, 4] == [one["n"] for one in page["cards"]]
    call, result = page["cards"][1:3]
    assert (f"produce {STAGE}", "attempt: 2") == (call["title"], call["text"])
    assert (True, "ok", "2 files") == (result["ok"], result["title"], result["text"])
    assert 0 <= result["took_s"] < 60
    assert (4, 4) == (page["total"], page["matched"])


def test_a_hostile_attempts_feed_is_text(snapshot: Snapshot) -> None:
    """Markup stays words, and nothing moves a cursor."""
    page = page_of(snapshot.run, "06_analysis", 1)
    shown = json.dumps(page["cards"], ensure_ascii=False)
    assert "<script>document.title='owned'</script>" in shown
    assert "\\u001b" not in json.dumps(page["cards"]) and "\x1b" not in shown


def test_pages_go_back_to_the_beginning(run: RunFolder) -> None:
    """`before` asks for the cards before one; pages do not overlap and nothing is missing."""
    say(run, *(Text(text=f"line {at}") for at in range(1, 121)), Used())
    seen: list[int] = []
    before = None
    while not seen or seen[0] > 1:
        page = page_of(run, STAGE, 1, before=before, count=50)
        seen = [one["n"] for one in page["cards"]] + seen
        before = seen[0]
        assert (120, 120) == (page["total"], page["matched"])
    assert list(range(1, 121)) == seen


def test_a_search_finds_words_in_any_case_and_what_cards_are_titled(run: RunFolder) -> None:
    """Also with quotes, accents and backslashes; other kinds are left out when kinds are given."""
    say(
        run,
        Text(text='He said "Größe" and C:\\dir'),
        Thinking(text="of the size"),
        ToolCall(name="Bash", input={"command": "ls SIZE"}, id="1"),
        ToolResult(ok=False, output="no such", id="1"),
        Notice(text="a notice of size"),
    )

    def found(search: str, *kinds: str) -> list[int]:
        page = page_of(run, STAGE, 1, search=search, kinds=kinds)
        assert (page["total"], page["matched"]) == (5, len(page["cards"]))
        return [one["n"] for one in page["cards"]]

    assert [1] == found('"größe"')
    assert [1] == found("c:\\DIR")
    assert [2, 3, 5] == found("size")
    assert [2, 5] == found("size", "thinking", "notice")
    assert [3] == found("run a command")
    assert [4] == found("failed")
    assert [] == found("tool_call")
    assert [] == found(STAGE)


def test_results_are_timed_across_pages_and_ids_may_be_used_again(run: RunFolder) -> None:
    """A call on the page before still gives its result a time; a result without a call has none."""
    say(run, ToolCall(name="a", id="1"), ToolResult(ok=True, id="1"), ToolResult(ok=True, id="1"), ToolResult(ok=True))
    first, second, third = page_of(run, STAGE, 1, count=3)["cards"]
    assert first["took_s"] is not None
    assert (None, None) == (second["took_s"], third["took_s"])


def test_attempts_do_not_mix_and_one_that_said_nothing_is_empty(run: RunFolder) -> None:
    """Each has its own numbers."""
    say(run, Text(text="a"), Text(text="b"), attempt=1)
    say(run, Text(text="c"), attempt=2)
    assert ["a", "b"] == texts(page_of(run, STAGE, 1))
    assert ["c"] == texts(page_of(run, STAGE, 2))
    assert {"cards": [], "total": 0, "matched": 0} == page_of(run, STAGE, 3)


# ------------------------------------------------------------------------------------------------ tail


def test_the_tail_gives_what_is_new_once(run: RunFolder) -> None:
    """Nothing before there is a log, then everything, then only what came after."""
    tail = FeedTail(run)
    assert tail.read() is None
    say(run, SessionStarted(session_id="s"), Text(text="a"))
    assert {"stage": STAGE, "attempt": 1, "total": 2, "skipped": 0} == {
        key: value for key, value in (tail.read() or {}).items() if key != "cards"
    }
    assert tail.read() is None
    say(run, Used(), Text(text="b"), Finished(ok=True))
    read = tail.read()
    assert [3, 4] == [one["n"] for one in read["cards"]]
    say(run, Used())
    assert tail.read() is None


def test_what_is_too_much_is_counted(run: RunFolder) -> None:
    """The newest cards, and how many were left out; a page gives those."""
    tail = FeedTail(run)
    say(run, *(Text(text=str(at)) for at in range(1, 1_001)))
    read = tail.read(50)
    assert ([str(at) for at in range(951, 1_001)], 950, 1_000) == (texts(read), read["skipped"], read["total"])
    assert texts(page_of(run, STAGE, 1, before=951, count=2)) == ["949", "950"]


def test_a_torn_line_is_read_when_it_is_whole(run: RunFolder) -> None:
    """Half a line waits; a line torn for good spoils only itself."""
    say(run, Text(text="a"), Text(text="b"))
    whole = run.raw_log.read_bytes()
    tail = FeedTail(run)
    run.raw_log.write_bytes(whole[:-20])
    assert ["a"] == texts(tail.read())
    assert tail.read() is None
    with run.raw_log.open("ab") as stream:
        stream.write(whole[-20:])
    assert ["b"] == texts(tail.read())
    with run.raw_log.open("ab") as stream:
        stream.write(
            b'{"at":"2026-11-21T10:00:00Z","stage":"05_exp\n\xff\xfe\n[1]\n{"attempt":"x"}\n' + b"y" * 3_000_000 + b"\n"
        )
    say(run, Text(text="c"))
    assert ["c"] == texts(tail.read())


def test_a_new_attempt_begins_anew(run: RunFolder) -> None:
    """Its first card is number 1, whatever was not read of the attempt before."""
    tail = FeedTail(run)
    say(run, Text(text="a"))
    tail.read()
    say(run, Text(text="b"))
    say(run, Text(text="c"), Text(text="d"), attempt=2)
    read = tail.read()
    assert (2, ["c", "d"], 2, 0) == (read["attempt"], texts(read), read["total"], read["skipped"])


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log that is rotated every 2,000 bytes."""
    monkeypatch.setattr(rawlog, "PART_BYTES", 2_000)


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("step", [1, 7, 40])
def test_rotation_loses_nothing_that_is_kept(run: RunFolder, step: int) -> None:
    """However often it is read between rotations, every card comes once and in order."""
    tail, got = FeedTail(run), []
    for at in range(0, 120, step):
        say(run, *(Text(text=str(number)) for number in range(at, min(at + step, 120))))
        read = tail.read(50)
        assert (0, min(at + step, 120)) == (read["skipped"], read["total"])
        got += texts(read)
    assert [str(number) for number in range(120)] == got
    assert len([path for path in rawlog.parts(run) if path.exists()]) > 3


@pytest.mark.usefixtures("small_parts")
def test_one_who_joins_late_counts_from_the_attempts_beginning(run: RunFolder) -> None:
    """Across parts, and not the attempts before it."""
    say(run, *(Text(text="x") for _ in range(30)), attempt=1)
    say(run, *(Text(text=str(number)) for number in range(1, 61)), attempt=2)
    read = FeedTail(run).read(3)
    assert ((2, 60, 57), ["58", "59", "60"]) == ((read["attempt"], read["total"], read["skipped"]), texts(read))
    assert ["1"] == texts(page_of(run, STAGE, 2, before=2, count=1))


@pytest.mark.usefixtures("small_parts")
def test_when_parts_are_gone_the_rest_is_shown(run: RunFolder) -> None:
    """More rotations than parts are kept between two readings: what is left comes, nothing breaks."""
    tail = FeedTail(run)
    say(run, Text(text="first"))
    tail.read()
    say(run, *(Text(text=str(number)) for number in range(400)))
    read = tail.read(5)
    assert [str(number) for number in range(395, 400)] == texts(read)
    say(run, Text(text="last"))
    assert ["last"] == texts(tail.read(5))


def test_a_log_that_was_removed_begins_again(run: RunFolder) -> None:
    """Somebody cleaned up: the tail waits, and goes on with the new log."""
    tail = FeedTail(run)
    say(run, *(Text(text=str(number)) for number in range(20)))
    tail.read()
    run.raw_log.unlink()
    assert tail.read() is None
    say(run, Text(text="new"))
    assert "new" == texts(tail.read())[-1]


def test_a_flood_is_followed_in_little_memory(run: RunFolder) -> None:
    """200,000 lines at once: counted, the newest shown, and no more than a few megabytes held."""
    line = b'{"at":"2026-11-21T10:00:00.000Z","stage":"%s","attempt":1,"type":"text","text":"%s"}\n' % (
        STAGE.encode(),
        b"x" * 200,
    )
    with run.raw_log.open("wb") as stream:
        for _ in range(200):
            stream.write(line * 1_000)
    tail = FeedTail(run)
    tracemalloc.start()
    try:
        read = tail.read(50)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (200_000, 199_950, 50) == (read["total"], read["skipped"], len(read["cards"]))
    assert most < 8_000_000


def test_calls_without_results_are_forgotten_in_time(run: RunFolder) -> None:
    """An agent that only calls does not fill the memory."""
    calls = lines.Calls()
    for number in range(lines.OPEN_CALLS + 500):
        calls.began(b"tool_call", b'{"id":"%d"}\n' % number, b"2026-11-21T10:00:00Z")
    assert b"" == calls.began(b"tool_result", b'{"id":"1"}\n', b"")
    assert b"" != calls.began(b"tool_result", b'{"id":"%d"}\n' % (lines.OPEN_CALLS + 499), b"")
