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
    "optuna": ("plugins/critics",),
    "libcst": ("plugins/coders",),
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


def module_of(path: Path) -> str:
    """The dotted name of a file."""
    parts = ["autor_nb", *path.relative_to(PACKAGE).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_at_the_top(path: Path, modules: set[str]) -> set[str]:
    """Our own modules that a file imports when it is imported."""
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" if f"{node.module}.{alias.name}" in modules else node.module
                      for alias in node.names}
    return found & modules - {module_of(path)}


def test_there_is_no_import_cycle_between_modules() -> None:
    """Following imports at the top of modules never leads back to where it began."""
    import graphlib

    modules = {module_of(path) for path in FILES}
    imports = {module_of(path): imported_at_the_top(path, modules) for path in FILES}
    list(graphlib.TopologicalSorter(imports).static_order())


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
