"""`autor lab` for real: what it serves and opens, and that Ctrl-C ends all of it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pexpect
import psutil
import pytest

from autor_nb.verbs.lab import EXAMPLE, PLACES

ROOT = ["--allow-root"] if os.geteuid() == 0 else []
LAB = [sys.executable, "-m", "autor_nb.cli.main", "lab"]
WITHIN_S = 40
ORIGINAL = next(place / EXAMPLE for place in PLACES if (place / EXAMPLE).is_file())


def until(what: Callable[[], Any]) -> Any:
    """What became true in time."""
    deadline = time.monotonic() + WITHIN_S
    while not (found := what()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)
    return found


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


class Lab:
    """A folder of its own, a port, and the addresses below it."""

    def __init__(self, place: Path) -> None:
        self.port, self.folder, self.opened = free_port(), place / "re search", place / "opened"
        self.runtime = place / "runtime"
        browser = place / "browser"
        browser.write_text(f'#!/bin/sh\ncat "${{1#file://}}" > "{self.opened}"\n')
        browser.chmod(0o755)
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("AUTOR_", "JUPYTER"))}
        self.environment = {
            **kept, "JUPYTER_CONFIG_DIR": str(place / "config"), "JUPYTER_DATA_DIR": str(place / "data"),
            "JUPYTER_RUNTIME_DIR": str(self.runtime), "IPYTHONDIR": str(place / "ipython"), "JUPYTER_TOKEN": "t0ken",
            "AUTOR_CONFIG_DIR": str(place / "autor"), "BROWSER": f"{browser} %s",
        }  # fmt: skip
        self.arguments = [*LAB, str(self.folder), "--port", str(self.port), *ROOT]

    def get(self, path: str, **more: Any) -> Any:
        """What the server answers; None while it does not."""
        asked = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/{path}", headers={"Authorization": "token t0ken"}, **more
        )
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            return urllib.request.urlopen(asked, timeout=10).read()
        return None

    def kernel(self) -> str:
        """Start one on the server, as an opened notebook does."""
        return str(json.loads(self.get("api/kernels", data=b'{"name": "python3"}', method="POST"))["id"])

    def is_gone(self, processes: list[psutil.Process]) -> bool:
        """Whether the server ended tidily: no process, no listener, none of its files left."""
        psutil.wait_procs(processes, timeout=10)
        left = [process for process in processes if process.is_running()]
        return not left and self.get("api") is None and not list(self.runtime.glob("jpserver-*"))


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """A folder that is not there yet, with a blank in its name."""
    return Lab(tmp_path)


@contextlib.contextmanager
def started(lab: Lab, *more: str) -> Iterator[subprocess.Popen[str]]:
    """The command in a process group of its own, as a shell starts it, answering requests."""
    with subprocess.Popen(
        [*lab.arguments, *more],
        env=lab.environment,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            until(lambda: lab.get("api/status") or process.poll() is not None)
            yield process
        finally:
            for child in psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []:
                child.kill()
            process.kill()


@pytest.mark.parametrize("only", [signal.SIGINT, signal.SIGTERM, None], ids=["interrupt", "terminate", "group"])
def test_it_serves_the_example_until_it_is_ended(lab: Lab, only: signal.Signals | None) -> None:
    """The folder, the notebook and the page are there; a signal ends the server with its kernels, and says so."""
    with started(lab, "--no-browser") as process:
        listed = json.loads(lab.get("api/contents"))["content"]
        assert [EXAMPLE] == [item["name"] for item in listed]
        served = json.loads(lab.get(f"api/contents/{EXAMPLE}"))["content"]
        assert json.loads(ORIGINAL.read_bytes())["cells"][0]["source"] == served["cells"][0]["source"].splitlines(True)
        assert b"JupyterLab" in lab.get(f"lab/tree/{EXAMPLE}")
        assert lab.kernel()
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        assert len(family) >= 3
        if only is None:
            os.killpg(process.pid, signal.SIGINT)
        else:
            process.send_signal(only)
        out, err = process.communicate(timeout=WITHIN_S)
    data = json.loads(out)["data"]
    assert (0, 0) == (process.returncode, data["exit_code"]), err
    assert str(lab.folder / EXAMPLE) == data["notebook"] and f"The example notebook is {lab.folder / EXAMPLE}." in err
    assert f":{lab.port}/lab/tree/{EXAMPLE}" in err
    assert not lab.opened.exists()
    assert lab.is_gone(family)


def test_it_opens_the_browser_on_a_notebook_that_is_kept(lab: Lab) -> None:
    """The page that the browser is given leads to the notebook; a person's own changes are not overwritten."""
    lab.folder.mkdir()
    notebook = json.loads(ORIGINAL.read_bytes())
    notebook["cells"] = notebook["cells"][:1]
    (lab.folder / EXAMPLE).write_text(json.dumps(notebook))
    with started(lab) as process:
        page = until(lambda: lab.opened.exists() and lab.opened.read_text())
        assert re.search(
            rf"http://(localhost|127\.0\.0\.1):{lab.port}/lab/tree/{re.escape(EXAMPLE)}\?token=t0ken", page
        )
        assert 1 == len(json.loads(lab.get(f"api/contents/{EXAMPLE}"))["content"]["cells"])
        process.terminate()
        process.communicate(timeout=WITHIN_S)


def test_in_a_terminal_the_server_asks_and_a_second_ctrl_c_ends_it(lab: Lab) -> None:
    """The first Ctrl-C kills nothing: the server's own question stands, and it goes on or ends as answered."""
    terminal = pexpect.spawn(LAB[0], [*lab.arguments[1:], "--no-browser"], env=lab.environment, timeout=WITHIN_S)
    try:
        until(lambda: lab.get("api/status"))
        assert lab.kernel()
        family = [psutil.Process(terminal.pid), *psutil.Process(terminal.pid).children(recursive=True)]
        terminal.sendintr()
        terminal.expect(r"Shut ?down this Jupyter server \(y/\[n\]\)\?")
        assert lab.get("api/status")
        terminal.sendintr()
        terminal.expect(pexpect.EOF)
        terminal.wait()
        assert 0 == terminal.exitstatus
        assert lab.is_gone(family)
    finally:
        terminal.close(force=True)


def test_root_is_asked_to_say_so(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What JupyterLab refuses in its log is refused here in words, before anything is written."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    said = place.autor("lab", "elsewhere", "--no-browser")
    assert 2 == said.code
    assert "--allow-root" in said.json["error"]["suggestion"]
    assert not (place.project / "elsewhere").exists()


def test_in_a_notebook_it_only_puts_the_example_there(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cell would be held for as long as the server lives, and Jupyter is there already."""
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "autor_nb")
    answered = shell.run_cell("%autor lab")
    answered.raise_error()
    assert {"notebook": str(place.project / EXAMPLE), "started": False} == answered.result.facts
    assert ORIGINAL.read_bytes() == (place.project / EXAMPLE).read_bytes()
