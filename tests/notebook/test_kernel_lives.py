"""A person's kernel may be interrupted, restarted or killed while the agent works: the run never notices."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from jupyter_client.manager import KernelManager

from autor_nb import control
from autor_nb.domain.events import WorkerStarted
from autor_nb.domain.run import RunStatus
from autor_nb.domain.stage import Ending
from autor_nb.domain.state import AttemptState
from autor_nb.store import eventlog
from autor_nb.store.layout import RunFolder, all_runs

NEW = '%autor new --agent scripted --set delay_s=2.5 --goal "survive" --reviewer person'
POLL_S = 0.01
pytestmark = pytest.mark.crash


def until(what: Callable[[], Any], seconds: float = 20.0) -> Any:
    """What became true in time."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, f"never came: {what}"
        time.sleep(POLL_S)
    return found


class Desk:
    """A person's Jupyter: a real kernel in an empty project, and the client that sends its cells."""

    def __init__(self, place: Path) -> None:
        self.sockets = Path(tempfile.mkdtemp(prefix="k"))  # a socket's path has little room
        self.runs = place / "runs"
        self.runs.mkdir()
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("AUTOR_")},
            "AUTOR_RUNS_DIR": str(self.runs), "AUTOR_CONFIG_DIR": str(place / "config"),
            "IPYTHONDIR": str(place / "ipython"),
        }
        self.place = place

    def start(self) -> None:
        """A new kernel, with the extension loaded."""
        self.manager = KernelManager(kernel_name="python3", transport="ipc", ip=str(self.sockets / "s"),
                                     connection_file=str(self.sockets / "kernel.json"))
        self.manager.start_kernel(cwd=str(self.place), env=self.environment)
        self.connect()

    def connect(self) -> None:
        """Talk to the kernel that is there now."""
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=20)
        self.greeting = self.run("%load_ext autor_nb")

    @property
    def pid(self) -> int:
        """The kernel's process."""
        return int(self.manager.provisioner.pid)

    def run(self, code: str) -> str:
        """Execute a cell that must succeed; all the text that it showed."""
        shown: list[str] = []

        def listen(message: dict[str, Any]) -> None:
            content = message["content"]
            shown.append(content.get("text") or content.get("data", {}).get("text/plain") or "")

        reply = self.client.execute_interactive(code, timeout=20, output_hook=listen, allow_stdin=True)
        assert "ok" == reply["content"]["status"], reply["content"]
        return "\n".join(shown)

    def begin(self, code: str) -> str:
        """Send a cell and return as soon as it has shown something."""
        sent = self.client.execute(code, allow_stdin=True)
        until(lambda: self._hears(sent, "stream"))
        return sent

    def _hears(self, sent: str, kind: str) -> bool:
        message = self.client.get_iopub_msg(timeout=20)
        return message["parent_header"].get("msg_id") == sent and message["msg_type"] == kind

    def close(self) -> None:
        """End the kernel, remove its sockets, leave no engine behind."""
        self.client.stop_channels()
        if self.manager.has_kernel:
            self.manager.shutdown_kernel(now=True)
        shutil.rmtree(self.sockets, ignore_errors=True)
        for run in all_runs(self.runs):
            control.end_worker(run)

    # ----------------------------------------------------------------------------------- what befalls it

    def interrupt(self) -> None:
        """Jupyter's ■ while a cell looks on: the cell ends with a message, the kernel stays."""
        before = self.pid
        sent = self.begin("%autor watch")
        self.manager.interrupt_kernel()
        reply = until(lambda: self._reply(sent))
        assert "error" == reply["status"], reply
        assert any(said in reply["evalue"] for said in ("goes on", "runs go on")), reply
        assert before == self.pid and psutil.pid_exists(before)

    def _reply(self, sent: str) -> dict[str, Any] | None:
        message = self.client.get_shell_msg(timeout=20)
        return message["content"] if message["parent_header"].get("msg_id") == sent else None

    def restart(self) -> None:
        """Jupyter's ↻: the kernel is asked to end, with what it started, and another takes its place."""
        before = self.pid
        self.client.stop_channels()
        self.manager.restart_kernel()
        assert before != self.pid and not psutil.pid_exists(before)

    def kill(self) -> None:
        """The kernel and its whole process group, at once, as the machine does when memory runs out."""
        assert self.pid == os.getpgid(self.pid), "the kernel has no process group of its own to kill"
        os.killpg(self.pid, signal.SIGKILL)
        until(lambda: not self.manager.is_alive())
        self.client.stop_channels()
        self.manager.cleanup_resources()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A kernel in an empty project."""
    made = Desk(tmp_path)
    try:
        made.start()
        yield made
    finally:
        made.close()


def agent_at_work(run: RunFolder) -> AttemptState | None:
    """The only attempt, if its agent works."""
    state = control.snapshot(run).state
    attempts = [attempt for stage in state.stages for attempt in stage.attempts]
    assert len(attempts) <= 1
    return next((a for a in attempts if a.pid and a.ending is None and psutil.pid_exists(a.pid)), None)


@pytest.mark.parametrize("blow", ["interrupt", "restart", "kill"])
def test_the_run_goes_on_whatever_befalls_the_kernel(desk: Desk, blow: str) -> None:
    """Mid-stage blow: same engine, same agent, one attempt, a log that only grew; a new cell shows the run."""
    desk.run(NEW)
    (run,) = all_runs(desk.runs)
    working = until(lambda: agent_at_work(run))
    before = control.snapshot(run)
    assert before.worker is not None and "engine" == before.waiting
    log = run.events.read_bytes()

    getattr(desk, blow)()
    after = control.snapshot(run)
    assert "engine" == after.waiting, "the blow did not fall mid-stage"
    assert after.worker is not None, "the engine went with the kernel"
    assert before.worker.pid == after.worker.pid
    still = agent_at_work(run)
    assert still is not None and working.pid == still.pid

    if blow == "kill":
        desk.start()
    elif blow == "restart":
        desk.connect()
    if blow != "interrupt":
        assert run.run_id in desk.greeting
    seen = desk.run("%autor status")
    assert run.run_id in seen and "Literature Survey" in seen

    now = until(lambda: (found := control.snapshot(run)).status is RunStatus.IN_REVIEW and found)
    (attempt,) = [attempt for stage in now.state.stages for attempt in stage.attempts]
    assert (attempt.stage, 1) == now.state.review and "person" == now.waiting
    assert (working.marker, working.process_started) == (attempt.marker, attempt.process_started)
    assert Ending.FINISHED is attempt.ending and () == attempt.blocking
    assert 1 == sum(isinstance(event, WorkerStarted) for event in eventlog.read(run.events)[0])
    assert 0 == now.state.retries
    assert run.events.read_bytes().startswith(log)
    assert "in review" in desk.run("%autor status").lower().replace("_", " ")
