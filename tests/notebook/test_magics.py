"""The notebook face in IPython and in a real kernel: what it costs, completes, shows and refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from autor_nb.notebook import complete
from autor_nb.notebook.complete import candidates

HEAVY = ("papermill", "plotly", "ipywidgets", "matplotlib", "pandas", "anywidget", "scipy", "sklearn", "numpy")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AUTOR_RUNS_DIR", raising=False)
    monkeypatch.setenv("AUTOR_CONFIG_DIR", str(tmp_path / "config"))
    (tmp_path / "runs").mkdir()
    return tmp_path


@pytest.fixture
def shell(here: Path) -> Any:
    """IPython with the extension."""
    made = InteractiveShell.instance()
    made.run_line_magic("load_ext", "autor_nb")
    return made


def test_loading_imports_nothing_heavy() -> None:
    """Neither the extension nor a status imports what only other rooms need."""
    code = (
        "import sys, json\n"
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\n"
        "before = set(sys.modules)\n"
        "shell.run_line_magic('load_ext', 'autor_nb')\n"
        "print(json.dumps(sorted(set(sys.modules) - before)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = json.loads(done.stdout.splitlines()[-1])
    assert "autor_nb.notebook.magics" in loaded
    assert not {name.partition(".")[0] for name in loaded} & {*HEAVY, "click", "yaml", "jinja2"}


@pytest.mark.parametrize(("line", "some", "none"), [
    ("%autor re", ["refine", "redo", "resume", "review", "recover"], ["approve"]),
    ("%%autor ne", ["new"], ["status"]),
    ("%autor refine --", ["--run", "--attempt", "--help"], ["refine"]),
    ("%autor redo 0", ["03_study_design", "08_dissemination"], ["latest"]),
    ("%autor status ", ["latest"], ["03_study_design"]),
    ("%autor new --agent ", ["tabular", "scripted"], ["report"]),
    ("%autor new --venue rep", ["report"], ["jmlr"]),
    ("%autor new --reviewer ", ["person", "auto"], ["tabular"]),
    ("%autor wait --until ", ["review", "done"], []),
])
def test_lines_are_completed(here: Path, line: str, some: list[str], none: list[str]) -> None:
    """Verbs, options, run ids, stages and names."""
    found = candidates(line) or []
    assert set(some) <= set(found)
    assert not set(none) & set(found)


@pytest.mark.parametrize("line", ["x = 1", "%autoreload 2", "%autor", "print('%autor re')"])
def test_other_lines_are_left_alone(line: str) -> None:
    """Python is completed by Python."""
    assert candidates(line) is None


def test_the_matcher_replaces_pythons_names(shell: Any) -> None:
    """On our lines only our words are offered."""
    with _no_jedi(shell):
        found = list(shell.Completer.completions("%autor appr", 11))
    assert ["approve"] == [item.text for item in found]
    shell.run_line_magic("reload_ext", "autor_nb")
    assert 1 == shell.Completer.custom_matchers.count(complete.matcher)


class _no_jedi:
    """Completion without Jedi, and with IPython's provisional API allowed."""

    def __init__(self, shell: Any) -> None:
        self.shell = shell

    def __enter__(self) -> None:
        from IPython.core.completer import provisionalcompleter

        self._context = provisionalcompleter()
        self._context.__enter__()
        self.shell.Completer.use_jedi = False

    def __exit__(self, *error: Any) -> None:
        self._context.__exit__(*error)


@pytest.mark.parametrize(("line", "message"), [
    ("%autor statsu", "Did you mean `%autor status`?"),
    ("%autor status nowhere", "There is no run 'nowhere'"),
    ("%autor new", "The goal is empty."),
    ("%%autor new --agent scripted\n   \n", "The goal is empty."),
    ("%autor new --agent nobody find out", "There is no agent named 'nobody'."),
    ("%autor new --agent scripted --venue neurips find out", "There is no venue 'neurips'."),
    ("%autor approve", "There is no run under"),
    ("%autor new --agent scripted --resources gone.csv find out", "gone.csv"),
    ("%autor new --seed x find out", "'x' is not a valid integer"),
])
def test_a_mistake_is_a_short_message_and_stops_the_cell(
    shell: Any, capsys: pytest.CaptureFixture[str], here: Path, line: str, message: str
) -> None:
    """What happened and what mends it, no traceback, no run left behind."""
    result = shell.run_cell(line)
    said = "".join(capsys.readouterr())
    assert not result.success
    assert message in said
    assert "Traceback" not in said and "File " not in said
    assert [] == list((here / "runs").iterdir())


def test_help_is_printed(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` for the whole and for a verb, with examples."""
    assert shell.run_cell("%autor --help").success
    assert "approve" in capsys.readouterr().out
    assert shell.run_cell("%autor refine --help").success
    said = capsys.readouterr().out
    assert "%autor refine" in said and "Examples" in said


def test_a_result_shows_html_markdown_and_text(shell: Any) -> None:
    """The card of an empty project, in three forms, with the notebook's own commands."""
    bundle = shell.run_cell("%autor").result._repr_mimebundle_()
    assert {"text/html", "text/markdown", "text/plain"} == set(bundle)
    assert all("%autor new" in text for text in bundle.values())


def test_a_headless_notebook_fails_where_a_mistake_is(here: Path) -> None:
    """Executed like papermill does it, the cell's error stops the notebook, with the message as its value."""
    cells = [nbformat.v4.new_code_cell("%load_ext autor_nb"), nbformat.v4.new_code_cell("%autor"),
             nbformat.v4.new_code_cell("%autor status nowhere"), nbformat.v4.new_code_cell("print('never')")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    with pytest.raises(CellExecutionError) as raised:
        NotebookClient(notebook, kernel_name="python3", resources={"metadata": {"path": str(here)}}).execute()
    assert "There is no run 'nowhere'" in str(raised.value)
    assert {"text/html", "text/markdown", "text/plain"} == set(cells[1].outputs[0].data)
    assert [] == cells[3].outputs
