"""Which loop a reading verb is about: the one that is named, or the only one of the project around here."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from autor_nb.domain.errors import AutorError, UsageError
from autor_nb.store.loops.config_file import SIGNS, declared
from autor_nb.store.loops.layout import LOOPS, LoopFolder, all_loops, find_loop


def project_here() -> Path:
    """The nearest folder upwards that has loops or declares some, else this one."""
    here = Path.cwd()
    if here.parent.name == LOOPS:
        return here.parent.parent
    for folder in (here, *here.parents):
        if (folder / LOOPS).is_dir() or any((folder / name).is_file() for name in SIGNS):
            return folder
    return here


def loop_here(name: str | None) -> LoopFolder:
    """The loop of that name, or the only one; a path to a loop's folder is taken, too."""
    if name and ("/" in name or name == "."):
        given = LoopFolder(Path(name).expanduser().resolve())
        if given.exists:
            return given
        raise UsageError(f"{name} is no loop's folder.", "Name the loop, or a folder below autor_loops/.")
    here = LoopFolder(Path.cwd().resolve())
    if not name and here.path.parent.name == LOOPS and here.exists:
        return here
    return find_loop(project_here(), name)


class LoopName(click.ParamType[str]):
    """A loop's name, completed from the loops that are there or declared."""

    name = "loop"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[click.shell_completion.CompletionItem]:
        """Names that begin so."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(name) for name in _names() if name.startswith(incomplete)]


class Known(click.ParamType[str]):
    """A name that is completed from those that are known; whoever takes it refuses another."""

    def __init__(self, name: str, names: Callable[[], Iterable[str]]) -> None:
        self.name, self._names = name, names

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[click.shell_completion.CompletionItem]:
        """Names that begin so."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(name) for name in self._names() if name.startswith(incomplete)]


def _names() -> list[str]:
    """Loops that are there, and those that a file only declares; one that cannot be read declares none."""
    project = project_here()
    found = {loop.name for loop in all_loops(project)}
    with contextlib.suppress(AutorError):
        found |= {one.name for one in declared(project)}
    return sorted(found)


loop_argument = click.argument("name", required=False, type=LoopName(), metavar="[LOOP]")
_option = click.option("--loop", "name_too", type=LoopName(), metavar="NAME", help="The loop (else the only one).")


def loop_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator: `--loop NAME`."""
    return _option(function)


def either(first: str | None, second: str | None) -> LoopFolder:
    """A loop that may be named as a word or by --loop, but not as two different ones."""
    if first and second and first != second:
        raise UsageError(f"Two loops are named: {first} and {second}.", "Name one.")
    return loop_here(first or second)
