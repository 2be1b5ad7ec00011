"""`lab`: JupyterLab, opened on a copy of the example notebook."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import click

from autor_nb.domain.errors import StoreError, UsageError
from autor_nb.verbs.blocks import Para
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import pass_face, verb

EXAMPLE = "01_first_run.ipynb"
PACKAGE = Path(__file__).parent.parent
PLACES = (PACKAGE / "_examples", PACKAGE.parent / "example_notebooks")


@verb(name="lab", examples=("autor lab", "autor lab ~/research --no-browser --port 8899"))
@click.argument("folder", default=".", type=click.Path())
@click.option("--port", type=click.IntRange(1, 65535), help="The server's port.")
@click.option("--no-browser", is_flag=True, help="Only start the server; it prints its address.")
@click.option("--no-start", is_flag=True, help="Only put the example notebook into the folder.")
@click.option("--allow-root", is_flag=True, help="Start the server although you are root.")
@pass_face
def lab(face: Face, folder: str, port: int | None, no_browser: bool, no_start: bool, allow_root: bool) -> Result:
    """Open JupyterLab with the example notebook; Ctrl-C ends it."""
    starts = not no_start and face.name == "cli"  # elsewhere it would hold the cell, and Jupyter is there already
    if starts:
        _may_start(allow_root)
    notebook = put(Path(folder).expanduser().resolve())
    where = Para(f"The example notebook is {notebook}.")
    facts = {"notebook": str(notebook), "started": starts}
    if not starts:
        return Result(facts=facts, blocks=(where,))
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={notebook.parent}"]
    command += [f"--LabApp.default_url=/lab/tree/{notebook.name}"]  # so that the printed address leads there too
    command += [f"--port={port}"] if port else []
    command += ["--no-browser"] if no_browser else []
    command += ["--allow-root"] if allow_root else []
    face.say(f"{where.text} Ctrl-C ends the server; runs go on without it.")
    code = serve(command, notebook.parent)
    return Result(facts={**facts, "exit_code": code}, blocks=(where,), exit_code=1 if code else 0)


def _may_start(allow_root: bool) -> None:
    if importlib.util.find_spec("jupyterlab") is None:
        raise UsageError("JupyterLab is not installed in this environment.", 'pip install "autor-nb[lab]"')
    if os.geteuid() == 0 and not allow_root:
        raise UsageError(
            "You are root, and JupyterLab would let its notebooks do everything that root may.",
            "`autor lab --allow-root` starts it all the same; another user needs no option.",
        )


def serve(command: list[str], folder: Path) -> int:
    """Carry the server's command out until it ends; it is asked to end whenever we are, and never left behind.

    In a terminal Ctrl-C reaches the server too, which asks whether it is meant; without one it would fall over
    its own kernels, so there it has a process group of its own and only we hear the interrupt.
    """
    asks = bool(sys.stdin and sys.stdin.isatty())
    server = subprocess.Popen(command, cwd=folder, stdout=sys.stderr, process_group=None if asks else 0)
    ends = [name for name in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(name) is not signal.SIG_IGN]
    before = {name: signal.signal(name, lambda *_: server.terminate()) for name in ends}
    try:
        while True:
            try:
                return server.wait()
            except KeyboardInterrupt:
                if not asks:
                    server.terminate()
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
        if server.poll() is None:
            server.terminate()


def put(folder: Path) -> Path:
    """A copy of the example in that folder; one that is there is left as it is."""
    source = next((place / EXAMPLE for place in PLACES if (place / EXAMPLE).is_file()), None)
    target = folder / EXAMPLE
    if target.exists():
        return target
    if source is None:
        raise UsageError(
            "The example notebook is not part of this installation.",
            "Reinstall autor-nb, or start `jupyter lab` and type `%load_ext autor_nb`.",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    except OSError as error:
        raise StoreError(
            f"Cannot write {target}: {error.strerror}.",
            "Name another folder: `autor lab FOLDER`.",
            path=str(target),
        ) from error
    return target
