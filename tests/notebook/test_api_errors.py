"""An error of the Python API in a plain cell: its message and its mend, no traceback; a fault of ours keeps one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell
from nbclient import NotebookClient

from autor_nb.domain import errors
from autor_nb.domain.errors import AutorError, BugError, UsageError

CELLS = {
    "empty goal": ("autor_nb.new('  ')", "The goal is empty.", "autor new --goal"),
    "unknown run": ("autor_nb.open('nowhere')", "There is no run 'nowhere'", "autor runs"),
    "unknown agent": ("autor_nb.new('g', agent='nobody')", "There is no agent named 'nobody'.", "scripted"),
    "missing resource": ("autor_nb.new('g', agent='scripted', resources=['gone.csv'])", "gone.csv", ""),
    "refused": ("autor_nb.open().refine(9)", "There is no suggestion 9", "autor refine 1"),
    "ended badly": ("autor_nb.open().abort('enough').wait()", "is aborted", "autor resume"),
}  # fmt: skip
SET_UP = "import autor_nb\nautor_nb.new('g', agent='scripted').wait();"


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Every cell executed in one real kernel, in which the extension is not even loaded; its outputs by name."""
    place = tmp_path_factory.mktemp("notebook")
    (place / "runs").mkdir()
    cells = {name: nbformat.v4.new_code_cell(code) for name, (code, *_) in CELLS.items()}
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(SET_UP), *cells.values()])
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.delenv("AUTOR_RUNS_DIR", raising=False)
            patch.setenv("AUTOR_CONFIG_DIR", str(place / "config"))
            NotebookClient(
                notebook, kernel_name="python3", allow_errors=True, resources={"metadata": {"path": str(place)}}
            ).execute()
    finally:
        _end_workers(place)
    assert not [output for output in notebook.cells[0].outputs if output.output_type == "error"]
    return {name: cell.outputs for name, cell in zip(cells, notebook.cells[1:], strict=True)}


def _end_workers(place: Path) -> None:
    from autor_nb import control
    from autor_nb.store.layout import all_runs

    for run in all_runs(place / "runs"):
        control.end_worker(run)


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_shows_what_happened_and_what_mends_it(shown: dict[str, Any], name: str) -> None:
    """One error output: few lines, the message first, the suggestion in it, no frame of ours."""
    _, message, mend = CELLS[name]
    (output,) = [output for output in shown[name] if output.output_type == "error"]
    said = "\n".join(output.traceback)
    assert message in said and mend in said
    assert message in output.evalue
    assert len(said.splitlines()) <= 4
    assert "Traceback" not in said and ".py" not in said


def _subclasses(kind: type[AutorError]) -> list[type[AutorError]]:
    return [kind, *(name for child in kind.__subclasses__() for name in _subclasses(child))]


@pytest.mark.parametrize("kind", [kind for kind in _subclasses(AutorError) if kind.__module__ == errors.__name__])
def test_only_a_fault_of_ours_keeps_its_traceback(kind: type[AutorError], capsys: pytest.CaptureFixture[str]) -> None:
    """Raised below a function, in a real shell, from another error."""
    shell = InteractiveShell.instance()
    shell.user_ns["kind"] = kind
    done = shell.run_cell(
        "def deep():\n    try:\n        1 / 0\n    except ZeroDivisionError as error:\n"
        "        raise kind('It broke.', 'Mend it.') from error\ndeep()"
    )
    assert isinstance(done.error_in_exec, kind)
    said = "".join(capsys.readouterr())
    assert "It broke." in said and "Mend it." in said
    assert issubclass(kind, BugError) is ("Traceback" in said)
    assert issubclass(kind, BugError) is ("ZeroDivisionError" in said)


def test_hostile_words_do_nothing_to_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    """No escape sequence, no turned direction, no flood."""
    shell = InteractiveShell.instance()
    shell.user_ns["words"] = "a\x1b[2J\x1b]0;owned\x07\u202eb\n" + "x" * 10_000_000
    shell.run_cell("from autor_nb.domain.errors import UsageError\nraise UsageError(words, words)")
    said = "".join(capsys.readouterr())
    assert "\x1b]0" not in said and "\x1b[2J" not in said and "\u202e" not in said and "\x07" not in said
    assert "a[2J" in said
    assert len(said) < 20_000


def test_outside_a_notebook_nothing_of_ipython_is_needed() -> None:
    """A script sees Python's own traceback, ending in the message and the suggestion."""
    code = "import sys\nimport autor_nb\nassert 'IPython' not in sys.modules\nautor_nb.new('')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert 1 == done.returncode
    assert done.stderr.startswith("Traceback")
    assert f"{errors.__name__}.{UsageError.__name__}: The goal is empty." in done.stderr
