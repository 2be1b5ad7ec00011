"""A quiet Jupyter server on a loopback port, serving JupyterLab and Notebook 7, all its own files in one folder."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

App = Literal["lab", "notebook"]
PLACES = {
    "JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "run", "IPYTHONDIR": "ipython",
    "JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "ws", "AUTOR_CONFIG_DIR": "autor",
}  # fmt: skip
SETTINGS = {"apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False}}


@dataclass(frozen=True)
class Server:
    """A running server over the folder `root`."""

    url: str
    token: str
    root: Path
    process: subprocess.Popen[bytes]

    def address(self, notebook: str, app: App = "lab") -> str:
        """Where a notebook (a path below `root`) is opened."""
        path = urllib.parse.quote(notebook)
        tree = f"lab/tree/{path}?reset&" if app == "lab" else f"notebooks/{path}?"
        return f"{self.url}/{tree}token={self.token}"

    def kernel(self, kernel_id: str) -> psutil.Process:
        """The process of one of the server's kernels, found by its connection file."""
        for child in psutil.Process(self.process.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if any(kernel_id in word for word in child.cmdline()):
                    return child
        raise LookupError(f"no kernel {kernel_id} under the server")


@contextlib.contextmanager
def running_server(root: Path, home: Path, **environment: str) -> Iterator[Server]:
    """Start a server over `root`; its kernels see `environment`, and no setting of the person who runs the tests."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    for plugin, value in SETTINGS.items():
        file = home / "settings" / "@jupyterlab" / f"{plugin}.jupyterlab-settings"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(value))
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}",
        "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={root}",
        "--LabApp.expose_app_in_browser=True", "--JupyterNotebookApp.expose_app_in_browser=True",
        "--LabApp.news_url=None", "--LabApp.extension_manager=readonly",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]  # fmt: skip
    ours = {name: str(home / folder) for name, folder in PLACES.items()}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AUTOR_", "JUPYTER"))}
    with (home / "server.log").open("wb") as log:
        process = subprocess.Popen(command, env=kept | ours | environment, stdout=log, stderr=log, cwd=root)
    server = Server(f"http://127.0.0.1:{port}", token, root, process)
    try:
        _until_ready(server, home / "server.log")
        yield server
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _until_ready(server: Server, log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{server.url}/api?token={server.token}", timeout=1).read()
            return
        if server.process.poll() is not None:
            break
        time.sleep(0.1)
    raise RuntimeError(f"the Jupyter server did not start:\n{log.read_text()[-2000:]}")
