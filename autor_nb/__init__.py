"""autor_nb: the research notebook that makes JupyterLab the control desk of AI-driven research."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from autor_nb.version import __version__

if TYPE_CHECKING:
    from autor_nb.api import Run, new, open, runs

__all__ = ["Run", "__version__", "load_ipython_extension", "new", "open", "runs", "unload_ipython_extension"]
_PUBLIC = ("Run", "new", "open", "runs")


def __getattr__(name: str) -> Any:
    """Public names are imported when they are used, so that importing the package costs nothing."""
    if name in _PUBLIC:
        return getattr(import_module("autor_nb.api"), name)
    raise AttributeError(f"module 'autor_nb' has no attribute {name!r}")


def __dir__() -> list[str]:
    """Public names, for completion."""
    return sorted([*globals(), *_PUBLIC])


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext autor_nb`."""
    from autor_nb.notebook.magics import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """`%unload_ext autor_nb`."""
    from autor_nb.notebook.magics import unload

    unload(shell)
