"""`lab`: JupyterLab, opened on a copy of the example notebook."""

from __future__ import annotations

import importlib.util
import shutil
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
@pass_face
def lab(face: Face, folder: str, port: int | None, no_browser: bool, no_start: bool) -> Result:
    """Open JupyterLab with the example notebook."""
    notebook = put(Path(folder).expanduser().resolve())
    said = Result(
        facts={"notebook": str(notebook), "started": not no_start},
        blocks=(Para(f"The example notebook is {notebook}."),),
    )
    if no_start:
        return said
    if importlib.util.find_spec("jupyterlab") is None:
        raise UsageError("JupyterLab is not installed in this environment.", 'pip install "autor-nb[lab]"')
    command = [sys.executable, "-m", "jupyterlab", str(notebook)]
    command += [f"--port={port}"] if port else []
    command += ["--no-browser"] if no_browser else []
    code = subprocess.call(command, cwd=notebook.parent, stdout=sys.stderr)
    return Result(facts={**said.facts, "exit_code": code}, blocks=said.blocks, exit_code=1 if code else 0)


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
