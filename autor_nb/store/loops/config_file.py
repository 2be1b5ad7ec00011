"""`autor.toml`: the loops that a project declares, read strictly, and written so that a person's comments stay."""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from autor_nb.domain.errors import StoreError, UsageError
from autor_nb.domain.loops.config import LoopConfig, loop_config, loop_name
from autor_nb.domain.loops.config_table import config_table
from autor_nb.store.atomic import write_text
from autor_nb.store.loops import foreign
from autor_nb.store.system_errors import what_happened, what_mends

AUTOR_TOML = "autor.toml"
SIGNS = (AUTOR_TOML, *foreign.FILES)
HEADER = (
    "# The loops of this project; `autor loop doctor` checks them, `autor guide` explains every field.\n"
)


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """A loop that some file of the project declares, right or wrong."""

    name: str
    path: Path

    @property
    def origin(self) -> str:
        """The file's name."""
        return self.path.name


def find_project(start: Path) -> Path | None:
    """The nearest folder, from `start` upwards, that holds a file that declares loops."""
    here = start.resolve()
    for folder in (here, *here.parents):
        if any((folder / name).is_file() for name in SIGNS):
            return folder
    return None


def project_of(start: Path) -> Path:
    """The project; UsageError where there is none."""
    found = find_project(start)
    if found is None:
        raise UsageError(
            f"Neither {start.resolve()} nor a folder above it holds {', '.join(SIGNS[:-1])} or {SIGNS[-1]}.",
            "`autor loop init --template tsp` makes an example here; `autor loop init` asks for what is yours.",
        )
    return found


def declared(project: Path) -> list[Declared]:
    """Every loop that the project declares, by name; where two files say the same name, autor.toml counts."""
    found = {name: Declared(name=name, path=project / AUTOR_TOML) for name in _sections(project)}
    for name, path in foreign.names(project).items():
        found.setdefault(name, Declared(name=name, path=path))
    return sorted(found.values(), key=lambda loop: loop.name)


def read_loop(project: Path, name: str | None = None) -> LoopConfig:
    """The configuration of that loop, or of the only one; UsageError names what is wrong and where."""
    loops = declared(project)
    chosen = next((loop for loop in loops if loop.name == name), None)
    known = ", ".join(loop.name for loop in loops)
    if name is None and len(loops) == 1:
        chosen = loops[0]
    if chosen is None and name is None and loops:
        raise UsageError(f"{project} declares {len(loops)} loops: {known}.", "Say which: give its name.")
    if chosen is None and not loops:
        raise UsageError(f"{project} declares no loop.", "`autor loop init` writes one into autor.toml.")
    if chosen is None:
        near = difflib.get_close_matches(name or "", [loop.name for loop in loops], n=1)
        raise UsageError(
            f"{project} declares no loop {name!r}.",
            (f"Did you mean {near[0]}? " if near else "") + f"Known: {known}. `autor loop init` writes another.",
        )
    if chosen.origin == AUTOR_TOML:
        return loop_config(chosen.name, _sections(project)[chosen.name])
    return foreign.read_config(chosen.path, chosen.name)


def write_loop(project: Path, config: LoopConfig, *, replace: bool = False) -> Path:
    """Write the loop's section; all else in the file, comments too, stays as it is.

    UsageError if the section is there and `replace` was not said, or the file is no TOML.
    """
    return write_table(project, loop_name(config.name), config_table(config), replace=replace)


def write_table(project: Path, name: str, table: dict[str, Any], *, replace: bool = False) -> Path:
    """The same for a plain table, which is checked before anything is written."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    loop_config(name, table)
    path = project / AUTOR_TOML
    before = _text(path)
    if name in _sections(project) and not replace:
        raise UsageError(
            f"{path} declares the loop {name!r} already.",
            "Take another name, or edit the section; `--force` replaces it.",
        )
    try:
        document = tomlkit.parse(before) if before.strip() else tomlkit.parse(HEADER)
        loops = document.get("loop")
        if loops is None:
            loops = tomlkit.table(is_super_table=True)
            document["loop"] = loops
        if name in loops:
            _merge(loops[name], table)
        else:
            loops[name] = _section(table)
        after = tomlkit.dumps(document)
    except (TOMLKitError, ValueError, TypeError, AttributeError) as error:
        raise UsageError(f"{path} cannot be added to: {error}.", f"Add the section [loop.{name}] by hand.") from error
    _check_only_that_changed(path, before, after, name)
    write_text(path, after)
    return path


def _section(table: dict[str, Any]) -> Any:
    """The table with its plain values first: after an inner table they would belong to it."""
    import tomlkit

    section = tomlkit.table()
    for key, value in sorted(table.items(), key=lambda item: _nested(item[1])):
        section.add(key, _item(value))
    return section


def _nested(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))


def _item(value: Any) -> Any:
    """Small tables stand in their line, larger ones and lists of them below their own header."""
    import tomlkit

    if isinstance(value, dict):
        if any(_nested(inner) for inner in value.values()):
            return _section(value)
        inline = tomlkit.inline_table()
        inline.update(value)
        return inline if len(inline.as_string()) <= 90 else _section(value)
    if _nested(value):
        tables = tomlkit.aot()
        for entry in value:
            tables.append(_section(entry))
        return tables
    return value


def _merge(section: Any, table: dict[str, Any]) -> None:
    """Make the section say what the table says, and touch what says it already no more than that."""
    for key in [key for key in section if key not in table]:
        del section[key]
    for key, value in table.items():
        old = section.get(key)
        if hasattr(old, "unwrap"):
            old = old.unwrap()
        if old == value and type(old) is type(value):
            continue
        if key in section and isinstance(old, dict) and isinstance(value, dict):
            _merge(section[key], value)
        elif key in section:
            section[key] = value
        else:
            section.add(key, _item(value))


def _check_only_that_changed(path: Path, before: str, after: str, name: str) -> None:
    """What will be written reads back as what was there and the new section: never lose a person's text."""
    old, new = tomllib.loads(before), tomllib.loads(after)
    for content in (old, new):
        content.get("loop", {}).pop(name, None)
        if not content.get("loop", True):
            del content["loop"]
    if old != new:
        raise UsageError(
            f"{path} is laid out so that nothing can be added without changing the rest.",
            f"Add the section [loop.{name}] by hand.",
        )


def _sections(project: Path) -> dict[str, Any]:
    """name → table, of those that can be names."""
    path = project / AUTOR_TOML
    loops = read_toml(path).get("loop", {})
    if not isinstance(loops, dict):
        raise UsageError(f"{path}: loop is no table.", "Write [loop.<name>] above the fields of a loop.")
    for key, value in loops.items():
        if not isinstance(value, dict):
            raise UsageError(
                f"{path}: [loop] holds {key} = …, which belongs to no loop.", "Write [loop.<name>] above it."
            )
        loop_name(key)
    return loops


def read_toml(path: Path) -> dict[str, Any]:
    """The content, empty for a file that is not there; UsageError with line and column if it is no TOML."""
    try:
        return tomllib.loads(_text(path))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is not valid TOML: {error}.", "Mend that place in the file.") from error


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text (byte {error.start}).", "Save it as UTF-8.") from error
    except OSError as error:
        raise StoreError(
            what_happened(error, str(path)), what_mends(error, str(path), "ask again"), path=str(path)
        ) from error
