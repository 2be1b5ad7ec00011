"""`config`: a user's defaults, shown and set."""

from __future__ import annotations

import click

from autor_nb import registry
from autor_nb.domain.errors import UsageError
from autor_nb.store import venues
from autor_nb.verbs import defaults
from autor_nb.verbs.blocks import Cell, Para, Table
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import pass_face, verb


@verb(name="config", examples=("autor config", "autor config venue report", "autor config --unset venue"))
@click.option("--unset", metavar="KEY", help="Forget this default.")
@click.argument("key", required=False)
@click.argument("value", required=False)
@pass_face
def config(face: Face, unset: str | None, key: str | None, value: str | None) -> Result:
    """Show your defaults, or set one."""
    values = defaults.read()
    if unset:
        values.pop(defaults.known(unset), None)
        defaults.write(values)
    elif key and value is not None:
        values[defaults.known(key)] = _judged(key, value)
        defaults.write(values)
    elif key:
        defaults.known(key)
        values = {name: item for name, item in values.items() if name == key}
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (name, str(values.get(name, "")) or "(not set)", about)
        for name, about in defaults.KEYS.items()
        if not key or name == key
    )
    return Result(
        facts={"file": str(defaults.place()), "values": values},
        blocks=(Table(("Setting", "Value", "What it is"), rows), Para(str(defaults.place()), quiet=True)),
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
    return value
