"""A person is told once that a decision waits, by a real command and a real server, and no run waits for it."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from autor_nb import control
from autor_nb.domain import commands as cmd
from autor_nb.domain import events as ev
from autor_nb.domain.run import Actor, RunConfig
from autor_nb.domain.stage import Ending, StageRef
from autor_nb.engine import notifying
from autor_nb.engine.notices import Notice, due
from autor_nb.engine.notifying import Notifier, post, run_command
from autor_nb.store import eventlog, preferences
from autor_nb.store.layout import RunFolder, new_run_folder
from autor_nb.store.preferences import Notify

ME = Actor(face="test")
SLUG = "01_literature_survey"
SECRET = "T0psecret"
NOTICE = Notice(run_id="r", seq=7, at="2026-11-20T09:00:00.000Z", event="review_opened", title="t", text="x")


class Server:
    """A web server on loopback that answers as it is told and keeps what it was sent."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.posted: list[tuple[str, dict[str, Any]]] = []
        self.hold = threading.Event()
        self.hold.set()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.posted.append((self.path, json.loads(body)))
                outer.hold.wait(60)
                self.send_response(outer.answers.pop(0) if outer.answers else 204)
                self.send_header("Location", f"http://127.0.0.1:{outer.port}/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST

            def log_message(self, *args: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Where it is, with a secret."""
        return f"http://127.0.0.1:{self.port}/hooks/{SECRET}"

    def close(self) -> None:
        """End it."""
        self.hold.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that answers 204."""
    running = Server()
    yield running
    running.close()


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's settings of their own, empty."""
    monkeypatch.setenv("AUTOR_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("no_proxy", "*")
    return tmp_path / "config" / "config.toml"


def noting(tmp_path: Path, more: str = "") -> tuple[str, ...]:
    """A command that appends what it was told to a file."""
    program = (
        f"import json, os; {more}open({str(tmp_path / 'told')!r}, 'a').write(json.dumps(dict(os.environ)) + chr(10))"
    )
    return (sys.executable, "-c", program)


def told(tmp_path: Path) -> list[dict[str, str]]:
    """What that command wrote."""
    file = tmp_path / "told"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def until(fits: Callable[[], bool], timeout_s: float = 30) -> None:
    """Look until it is so."""
    deadline = time.monotonic() + timeout_s
    while not fits():
        assert time.monotonic() < deadline, "it never came about"
        time.sleep(0.02)


def run_with(root: Path, *more: ev.Event, goal: str = "g") -> RunFolder:
    """A run whose first attempt waits for a decision, then whatever is said."""
    run = new_run_folder(root)
    run.make()
    log = eventlog.EventLog(run.events)
    for event in (
        ev.RunCreated(
            run_id=run.run_id,
            goal=goal,
            config=msgspec.to_builtins(RunConfig(agent="scripted")),
            workflow=(StageRef(number="01", slug=SLUG, title="Literature Survey"),),
        ),
        ev.RunStarted(by=ME),
        ev.AttemptStarted(stage=SLUG, attempt=1, agent="scripted"),
        ev.AttemptEnded(stage=SLUG, attempt=1, ending=Ending.FINISHED),
        ev.AttemptChecked(stage=SLUG, attempt=1, blocking=("a.b",), total=3),
        ev.NotebookRendered(stage=SLUG, attempt=1, path="x", complete=True),
        ev.ReviewOpened(stage=SLUG, attempt=1),
        *more,
    ):
        log.append(event)
    log.close()
    return run


def notices(run: RunFolder) -> Notice | None:
    """What is due."""
    return due(eventlog.read(run.events)[0])


# ------------------------------------------------------------------------------------------ what is due


def test_a_review_is_told_in_words(tmp_path: Path) -> None:
    """Stage, attempt, what blocks, and what to type; the goal is on one line without control characters."""
    found = notices(run_with(tmp_path, ev.WorkerStopped(reason="x"), goal="a\x1b[31m\nb"))
    assert found is not None
    assert ("review_opened", SLUG, 1, 7) == (found.event, found.stage, found.attempt, found.seq)
    assert "01 Literature Survey waits for your decision" == found.title
    assert "Attempt 1 is in review. 1 blocking check fails." in found.text and "autor review" in found.text
    assert found.text.endswith(": a b")


@pytest.mark.parametrize(("more", "event"), [
    ((ev.Approved(stage=SLUG, attempt=1, by=ME),), ""),
    ((ev.CheckWaived(stage=SLUG, attempt=1, check_id="a.b", why="w", by=ME),), ""),
    ((ev.Refined(stage=SLUG, attempt=1, feedback="f", by=Actor(face="policy")),), ""),
    ((ev.Approved(stage=SLUG, attempt=1, by=ME), ev.RunCompleted(), ev.WorkerStopped(reason="x")), "run_completed"),
    ((ev.RunFailed(reason="the disk is full"),), "run_failed"),
    ((ev.CommandRefused(command_id="c", command="approve", reason="no", by=ME),), "review_opened"),
    ((ev.RunFailed(reason="x"), ev.RunStarted(by=ME)), ""),
])  # fmt: skip
def test_only_what_nobody_has_seen_is_due(tmp_path: Path, more: tuple[ev.Event, ...], event: str) -> None:
    """A decision makes what came before it old news; a refusal does not."""
    found = notices(run_with(tmp_path, *more))
    assert event == (found.event if found else "")


# ------------------------------------------------------------------------------------- how it is told


def test_a_command_gets_it_in_its_environment_and_never_in_its_words(tmp_path: Path) -> None:
    """What a goal holds is no word of a command, nor of a shell."""
    evil = msgspec.structs.replace(NOTICE, title="$(touch /tmp/x); `id` \"'", stage="05_experimentation", attempt=2)
    assert "was run" == run_command(noting(tmp_path), evil)
    got = told(tmp_path)[0]
    assert ("r", "05_experimentation", "2", "review_opened", evil.title, "x") == tuple(
        got[f"AUTOR_{name}"] for name in ("RUN_ID", "STAGE", "ATTEMPT", "EVENT", "TITLE", "TEXT")
    )


def test_a_command_that_fails_hangs_or_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each in words; one that hangs is ended with what it started."""
    monkeypatch.setattr(notifying, "COMMAND_S", 1.0)
    assert "ended with code 3" == run_command((sys.executable, "-c", "raise SystemExit(3)"), NOTICE)
    assert "could not be started (No such file or directory)" == run_command(("no-such-program",), NOTICE)
    pid = tmp_path / "pid"
    assert "was ended after 1 s" == run_command(("sh", "-c", f"sleep 600 & echo $! > {pid}; wait"), NOTICE)
    left = int(pid.read_text())
    until(lambda: not psutil.pid_exists(left) or psutil.Process(left).status() == psutil.STATUS_ZOMBIE)


@pytest.mark.parametrize(("answers", "posts", "said"), [
    ([], 1, "answered 204"),
    ([500], 2, "answered 204 the second time"),
    ([503, 503], 2, "answered 503, also the second time"),
    ([404], 1, "answered 404"),
    ([302], 1, "answered 302"),
    ([307], 1, "answered 307"),
])  # fmt: skip
def test_a_web_address_is_tried_twice_at_most(
    server: Server, config: Path, monkeypatch: pytest.MonkeyPatch, answers: list[int], posts: int, said: str
) -> None:
    """Only where a second time may help; an answer that leads elsewhere is not followed."""
    monkeypatch.setattr(notifying, "AGAIN_S", 0.01)
    server.answers = list(answers)
    assert said == post(server.url, NOTICE)
    assert [(f"/hooks/{SECRET}", msgspec.to_builtins(NOTICE))] * posts == server.posted


def test_an_address_that_is_silent_or_not_there_is_told(
    server: Server, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After its time, and without the address."""
    monkeypatch.setattr(notifying, "AGAIN_S", 0.01)
    monkeypatch.setattr(notifying, "WEBHOOK_S", 0.3)
    server.hold.clear()
    assert "did not answer within 0.3 s, also the second time" == post(server.url, NOTICE)
    server.close()
    assert "could not be reached (Connection refused), also the second time" == post(server.url, NOTICE)


# --------------------------------------------------------------------------------- once, and by an engine


def tell(run: RunFolder, settings: Notify) -> None:
    """What an engine does at its end."""
    notifier = Notifier(run, settings)
    with notifier.watching():
        pass
    notifier.wait(until=lambda: False)


def test_each_event_is_told_once(tmp_path: Path, server: Server, config: Path) -> None:
    """By both ways; not again by the next engine, but the next event is."""
    run, settings = run_with(tmp_path / "runs"), Notify(noting(tmp_path), server.url)
    tell(run, settings)
    tell(run, settings)
    assert 1 == len(told(tmp_path)) == len(server.posted)
    log = eventlog.EventLog(run.events)
    log.append(ev.RunFailed(reason="the disk is full"))
    log.close()
    tell(run, settings)
    assert ["review_opened", "run_failed"] == [body["event"] for _, body in server.posted]
    state = json.loads((run.operator_state / "notified.json").read_bytes())
    assert "the command was run; the web address answered 204" == state["outcome"] and state["done"]


def test_what_a_killed_engine_had_not_finished_is_told_again(tmp_path: Path) -> None:
    """A note of a process that lives is left alone; one of a dead process is taken over."""
    run = run_with(tmp_path / "runs")
    found = notices(run)
    note = {"seq": found.seq, "at": found.at, "event": found.event, "pid": os.getpid()}
    file = run.operator_state / "notified.json"
    file.write_text(json.dumps({**note, "process_started": psutil.Process().create_time()}))
    tell(run, Notify(noting(tmp_path)))
    assert [] == told(tmp_path)
    file.write_text(json.dumps({**note, "process_started": 1.0}))
    tell(run, Notify(noting(tmp_path)))
    assert 1 == len(told(tmp_path))


def test_a_real_engine_tells_and_a_decision_does_not_wait_for_it(
    begin: Callable[..., Any], server: Server, config: Path
) -> None:
    """A server that does not answer holds neither the review nor an approval; nothing of its address is in the run."""
    preferences.write({preferences.WEBHOOK: server.url})
    server.hold.clear()
    desk = begin(goal="find out")
    desk.wait()
    until(lambda: len(server.posted) == 1)
    began = time.monotonic()
    desk.ask(cmd.Approve)
    assert time.monotonic() - began < 5, "the approval waited for the web address"
    server.hold.set()
    desk.wait()
    until(lambda: len(server.posted) == 2)
    control.start_worker(desk.run)
    assert ["01_literature_survey", "02_hypothesis_generation"] == [body["stage"] for _, body in server.posted]
    log = desk.run.operator_state / "worker.log"
    until(lambda: log.read_text().count("the web address answered 204") == 2)
    assert "told of event" in log.read_text()
    for file in desk.run.path.rglob("*"):
        if file.is_file():
            assert SECRET.encode() not in file.read_bytes(), file


def test_settings_that_cannot_be_carried_out_hold_nothing(begin: Callable[..., Any], config: Path) -> None:
    """The run goes on, and the worker's log says why nobody is told."""
    config.parent.mkdir()
    config.write_text('notify.webhook = "ftp://x"\n')
    desk = begin()
    assert "in_review" == desk.wait().status
    said = (desk.run.operator_state / "worker.log").read_text()
    assert "Nobody will be told of decisions: notify.webhook needs an http:// or https:// address." in said
