"""The house stays liveable: sizes, names, docstrings, lazy imports, no cycles, layers."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "autor_nb"
FILES = sorted(path for path in PACKAGE.rglob("*.py") if "_templates" not in path.parts)
DRAWERS = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "tools"}
HEAVY = {
    "papermill": ("engine", "papermill_engine.py"),
    "plotly": ("figures",),
    "ipywidgets": ("notebook",),
    "matplotlib": ("figures", "plugins/agents/tabular", "record"),
    "sklearn": ("plugins/agents/tabular",),
    "openai": (),
    "dask": (),
}


def names(path: Path) -> str:
    """The path as the house names it."""
    return path.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize("path", FILES, ids=names)
def test_a_module_is_short_and_says_what_it_is(path: Path) -> None:
    """A file has at most 400 lines, functions at most 60, a docstring, and no drawer's name."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert text.count("\n") <= 400
    assert ast.get_docstring(tree)
    assert not DRAWERS & {path.stem, *path.relative_to(PACKAGE).parent.parts}
    long = [
        node.name for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (node.end_lineno or 0) - node.lineno > 60
    ]
    assert [] == long


@pytest.mark.parametrize("path", FILES, ids=names)
def test_heavy_packages_are_imported_only_in_the_room_that_owns_them(path: Path) -> None:
    """papermill, plotly, ipywidgets, matplotlib, sklearn stay in their rooms."""
    where = path.relative_to(PACKAGE).as_posix()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else (
            [node.module or ""] if isinstance(node, ast.ImportFrom) and node.level == 0 else [])
        for module in modules:
            rooms = HEAVY.get(module.partition(".")[0])
            assert rooms is None or any(where.startswith(room) for room in rooms), f"{where} imports {module}"


def test_there_is_no_import_cycle_between_modules() -> None:
    """Following imports never leads back to where it began."""
    import grimp

    graph = grimp.build_graph("autor_nb", exclude_type_checking_imports=True)
    state: dict[str, int] = {}
    cycles: list[str] = []

    def visit(module: str, path: tuple[str, ...]) -> None:
        state[module] = 1
        for other in sorted(graph.find_modules_directly_imported_by(module)):
            if any(other.startswith(f"{module}.") or module.startswith(f"{other}.") for _ in (0,)):
                continue
            if state.get(other) == 1:
                cycles.append(" → ".join((*path[path.index(other) if other in path else 0:], module, other)))
            elif other not in state:
                visit(other, (*path, module))
        state[module] = 2

    for module in sorted(graph.modules):
        if module not in state:
            visit(module, ())
    assert [] == cycles


def test_the_layers_hold() -> None:
    """import-linter's contracts are kept."""
    lint = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run([lint], cwd=ROOT, capture_output=True, text=True)
    assert 0 == result.returncode, result.stdout


def test_what_is_committed_names_no_machine() -> None:
    """No path of a machine and no registry's host stands in a tracked file."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout.split("\n")
    words = ["/" + "work/", "/" + "root/", "files.python" + "hosted", "registry." + "npmjs", "deb." + "debian.org"]
    found = []
    for name in filter(None, listed):
        path = ROOT / name
        if path.suffix in {".png", ".pdf"} or not path.is_file() or path.is_symlink():
            continue
        text = path.read_bytes().decode("utf-8", "replace")
        found += [f"{name}: {word}" for word in words if word in text]
    assert [] == found
