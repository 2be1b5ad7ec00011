"""`config`: a user's defaults, and how to be told that a decision waits; shown and set."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import click

from autor_nb import registry
from autor_nb.domain.errors import UsageError
from autor_nb.store import preferences, venues
from autor_nb.verbs.blocks import Cell, Para, Table
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import pass_face, verb


@verb(
    name="config",
    examples=(
        "autor config",
        "autor config venue report",
        "autor config notify.webhook https://chat.example.org/hooks/…",
        "autor config notify.command ~/bin/tell-me",
        "autor config --unset venue",
    ),
)
@click.option("--unset", metavar="KEY", help="Forget this default.")
@click.argument("key", required=False)
@click.argument("value", required=False)
@pass_face
def config(face: Face, unset: str | None, key: str | None, value: str | None) -> Result:
    """Show your defaults, or set one; notify.command and notify.webhook tell you that a decision waits."""
    values = preferences.read()
    if unset:
        values.pop(preferences.known(unset), None)
        preferences.write(values)
    elif key and value is not None:
        values[preferences.known(key)] = _judged(key, value)
        preferences.write(values)
    elif key:
        preferences.known(key)
        values = {name: item for name, item in values.items() if name == key}
    shown = {name: item if isinstance(item, int) else preferences.shown(name, item) for name, item in values.items()}
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (name, str(shown.get(name, "")) or "(not set)", about)
        for name, about in preferences.KEYS.items()
        if not key or name == key
    )
    file = str(preferences.place())
    return Result(
        facts={"file": file, "values": shown},
        blocks=(Table(("Setting", "Value", "What it is"), rows), Para(file, quiet=True)),
    )


def _judged(key: str, value: str) -> str | int:
    """The value, if it is one that the setting can have."""
    if not value.strip():
        raise UsageError(f"{key} needs a value.", f"`autor config --unset {key}` forgets it.")
    if key == "agent":
        registry.load("agents", value)
    if key == "venue":
        return venues.find_venue(value).key
    if key == "seed":
        if not value.lstrip("-").isdigit():
            raise UsageError(f"The seed {value!r} is no whole number.", "`autor config seed 1`")
        return int(value)
    if key == preferences.WEBHOOK:
        return preferences.address(value.strip())
    if key == preferences.COMMAND:
        program = preferences.words(value)[0]
        if not (os.access(program, os.X_OK) and Path(program).is_file() if "/" in program else shutil.which(program)):
            raise UsageError(f"There is no program {program!r} that can be run.", "Give the whole path of one.")
    return value
