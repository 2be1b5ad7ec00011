"""Reading a person's table field by field: each wrong value is a UsageError that names its field and the mend."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable
from typing import Any, NoReturn

from autor_nb.domain.errors import UsageError

REQUIRED = object()
SHOWN = 60
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([smhd]?)\s*")
_ENVIRONMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def shown(value: object) -> str:
    """The value as a message may repeat it: one line, bounded."""
    text = repr(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def duration_s(value: object) -> float | None:
    """Seconds of `90`, `"90s"`, `"5m"`, `"2h"` or `"1d"`; None for anything else, negative or not finite."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value) if 0 <= value <= 1e12 else None
    if isinstance(value, str) and (found := _DURATION.fullmatch(value)):
        return float(found[1]) * _UNITS[found[2] or "s"]
    return None


class Fields:
    """One table of a person's file; `where` is how they see it, `prefix` the way to it inside."""

    def __init__(self, where: str, table: object, prefix: str = "", equals: str = " = ") -> None:
        self.where, self.prefix, self.equals = where, prefix, equals
        if not isinstance(table, dict):
            name = f"{where} {prefix[:-1]}" if prefix else where
            raise UsageError(f"{name} is {shown(table)}, not a table.", f"Give it fields of its own: key{equals}value.")
        self.table: dict[str, Any] = table
        self.taken: set[str] = set()

    def wrong(self, key: str, what: str, mend: str) -> NoReturn:
        """Refuse the field `key`."""
        raise UsageError(f"{self.where} {self.prefix}{key} {what}", mend)

    def has(self, key: str) -> bool:
        """Whether the person wrote it."""
        return self.table.get(key) is not None

    def raw(self, key: str, default: object = None) -> Any:
        """The value as it was written."""
        self.taken.add(key)
        value = self.table.get(key)
        if value is None:
            if default is REQUIRED:
                self.wrong(key, "is missing.", f"Add {self.prefix}{key}{self.equals}… to {self.where}.")
            return default
        return value

    def text(self, key: str, default: object = REQUIRED, *, filled: bool = False) -> str:
        """A string without NUL; with `filled`, more than blanks if it was written."""
        value = self.raw(key, default)
        if not isinstance(value, str):
            self.wrong(key, f"is {shown(value)}, not a text.", f'Write {key}{self.equals}"…" with quotes.')
        if "\0" in value:
            self.wrong(key, "holds a NUL character.", "Remove it.")
        if (filled or default is REQUIRED) and self.has(key) and not value.strip():
            self.wrong(key, "is empty.", f'Write {key}{self.equals}"…", or remove the line if it has a default.')
        return value

    def choice(self, key: str, options: Iterable[str], default: object = REQUIRED) -> str:
        """One word of a closed list."""
        known = tuple(options)
        value = self.raw(key, default)
        if not isinstance(value, str) or value not in known:
            near = difflib.get_close_matches(str(value).lower(), known, n=1)
            self.wrong(
                key, f"is {shown(value)}, which is none of {', '.join(known)}.",
                f'Did you mean "{near[0]}"?' if near else f'Write {key}{self.equals}"{known[0]}" or another of them.',
            )
        return value

    def flag(self, key: str, default: bool) -> bool:
        """true or false."""
        value = self.raw(key, default)
        if not isinstance(value, bool):
            self.wrong(key, f"is {shown(value)}, neither true nor false.", f"Write {key}{self.equals}true or false.")
        return value

    def number(self, key: str, default: float | None = None, *, low: float = -math.inf, above: bool = False
               ) -> float | None:
        """A finite number, at least `low` (or more than it, with `above`)."""
        value = self.raw(key, default)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.wrong(key, f"is {shown(value)}, not a number.", f"Write {key}{self.equals}1.5, without quotes.")
        if not abs(value) < 1e300:  # also NaN; a whole number too large for a float would be refused later
            self.wrong(key, f"is {shown(value)}, not a finite number.", f"Write {key} as an ordinary number.")
        if value < low or (above and value == low):
            least = f"more than {low:g}" if above else f"at least {low:g}"
            self.wrong(key, f"is {shown(value)}; it must be {least}.", f"Write a number that is {least}.")
        return float(value)

    def whole(self, key: str, default: int | None = None, *, low: int = 0) -> int | None:
        """A whole number, at least `low`."""
        value = self.raw(key, default)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            self.wrong(key, f"is {shown(value)}, not a whole number.", f"Write {key}{self.equals}{max(low, 1)}.")
        if not low <= value <= 10**15:
            self.wrong(key, f"is {shown(value)}; it must be at least {low}.", f"Write {key}{self.equals}{max(low, 1)}.")
        return value

    def duration(self, keys: tuple[str, ...], default: float | None = None) -> float | None:
        """Seconds, under whichever of the `keys` it was written."""
        written = [key for key in keys if self.has(key)]
        if len(written) > 1:
            self.wrong(written[1], f"says again what {written[0]} says.", "Keep one of the two.")
        self.taken.update(keys)
        if not written:
            return default
        value = self.table[written[0]]
        seconds = duration_s(value)
        if not seconds:
            self.wrong(
                written[0], f"is {shown(value)}, which is no length of time above zero.",
                f'Write {written[0]}{self.equals}90 (seconds), or "90s", "5m", "2h".',
            )
        return seconds

    def pattern(self, key: str, default: object = "", *, group: bool = True) -> str:
        """A regular expression; with `group`, one that has a group around the number."""
        value = self.text(key, default, filled=True)
        if not value:
            return value
        try:
            groups = re.compile(value).groups
        except (re.error, OverflowError, RecursionError) as error:
            self.wrong(key, f"is no regular expression: {error}.", "Mend it; test it with `grep -P` on the output.")
        if group and not groups:
            self.wrong(key, f"is {shown(value)}, which has no group around the number.",
                       r"Put the number in parentheses, as in 'loss: ([-+.\deE]+)'.")
        return value

    def environment(self, key: str, default: str) -> str:
        """The name of an environment variable; the value is not repeated, since it may be a pasted secret."""
        value = self.text(key, default)
        if (value or not default) and not (value == default or _ENVIRONMENT.fullmatch(value)):
            self.wrong(key, "is not the name of an environment variable.",
                       f'Write only its name: {key}{self.equals}"{default or "MY_API_KEY"}"; no value in files.')
        if not value and default:
            self.wrong(key, "is empty.", f'Write {key}{self.equals}"{default}", or remove the line.')
        return value

    def words(self, key: str, default: object = REQUIRED) -> tuple[str, ...]:
        """One text or a list of texts, none empty."""
        value = self.raw(key, default)
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list | tuple) or any(not isinstance(item, str) for item in items):
            self.wrong(key, f"is {shown(value)}, neither a text nor a list of texts.",
                       f'Write {key}{self.equals}["…", "…"].')
        if any(not item.strip() or "\0" in item for item in items):
            self.wrong(key, "holds an empty text.", "Remove it.")
        if default is REQUIRED and not items:
            self.wrong(key, "is an empty list.", f'Name at least one: {key}{self.equals}["…"].')
        return tuple(items)

    def paths(self, key: str, default: object = REQUIRED) -> tuple[str, ...]:
        """Paths or globs inside the project."""
        found = self.words(key, default)
        for path in found:
            if path.startswith(("/", "~")) or ".." in path.replace("\\", "/").split("/") or "\n" in path:
                self.wrong(key, f"names {shown(path)}, which leads out of the project.",
                           "Give the path from the project's folder, without ~ and ..")
        return found

    def command(self, key: str, default: object = REQUIRED) -> str | tuple[str, ...]:
        """Shell text, or a list of words that needs no shell."""
        value = self.raw(key, default)
        if isinstance(value, str):
            if (default is REQUIRED or self.has(key)) and (not value.strip() or "\0" in value):
                self.wrong(key, "is empty." if not value.strip() else "holds a NUL character.",
                           f'Write {key}{self.equals}"python train.py", or a list of words.')
            return value
        if not isinstance(value, list | tuple) or any(not isinstance(word, str) or "\0" in word for word in value):
            self.wrong(key, f"is {shown(value)}, neither a text nor a list of words.",
                       f'Write {key}{self.equals}"python train.py" or {key}{self.equals}["python", "train.py"].')
        if self.has(key) and not (value and value[0].strip()):
            self.wrong(key, "names no program.", f'Write {key}{self.equals}["python", "train.py"].')
        return tuple(value)

    def mapping(self, key: str) -> dict[str, Any]:
        """A table taken as it is."""
        value = self.raw(key, {})
        if not isinstance(value, dict):
            self.wrong(key, f"is {shown(value)}, not a table.", f"Write {key}{self.equals}{{ option = value }}.")
        return dict(value)

    def inner(self, key: str, shorthand: str = "") -> Fields:
        """The fields of an inner table; with `shorthand`, a text is that one field of it."""
        value = self.raw(key, {})
        if shorthand and isinstance(value, str):
            value = {shorthand: value}
        return Fields(self.where, value, f"{self.prefix}{key}.", self.equals)

    def entries(self, key: str) -> list[Fields]:
        """A list of tables, each named by its place."""
        value = self.raw(key, [])
        if not isinstance(value, list | tuple):
            self.wrong(key, f"is {shown(value)}, not a list of tables.", f"Write {key}{self.equals}[{{ name = … }}].")
        return [Fields(self.where, item, f"{self.prefix}{key}[{n}].", self.equals) for n, item in enumerate(value)]

    def rest(self) -> dict[str, Any]:
        """What nobody took."""
        return {key: value for key, value in self.table.items() if key not in self.taken}

    def finish(self) -> None:
        """Refuse what nobody took: a misspelt field would otherwise be silently ignored."""
        for key in self.rest():
            near = difflib.get_close_matches(str(key), self.taken, n=1)
            self.wrong(str(key), "is no field of a loop.",
                       (f"Did you mean {near[0]}? " if near else "") + f"Known here: {', '.join(sorted(self.taken))}.")
