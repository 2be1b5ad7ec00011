"""The numbers of a paper: each is read from a result file by pointer and named; none is computed here."""

from __future__ import annotations

import csv
import json
import math
import re
from pathlib import Path
from typing import Any

import msgspec

from autor_nb.domain.document import Number, NumberEntry

BOUNDED = frozenset(
    (
        "roc_auc",
        "average_precision",
        "accuracy",
        "balanced_accuracy",
        "f1",
        "macro_f1",
        "brier",
        "r2",
        "log_loss",
    )
)


class Missing(Exception):
    """Raised when a file that the paper is made from is not there or holds no number at a pointer."""


class Ledger:
    """Reads files of a workspace and keeps an entry for every number that the paper shows."""

    def __init__(self, workspace: Path) -> None:
        self.workspace = workspace
        self.entries: dict[str, NumberEntry] = {}
        self._names: dict[tuple[str, str, str], str] = {}
        self._files: dict[str, Any] = {}

    def load(self, file: str) -> Any:
        """A parsed JSON file, or a CSV file as a list of rows by column; Missing if it is not there."""
        if file not in self._files:
            path = self.workspace / file
            try:
                text = path.read_text(encoding="utf-8")
                self._files[file] = (
                    list(csv.DictReader(text.splitlines(keepends=True))) if path.suffix == ".csv" else json.loads(text)
                )
            except (OSError, ValueError) as error:
                raise Missing(f"{file} cannot be read ({error}): the stage that writes it has to run first.") from error
        return self._files[file]

    def has(self, file: str) -> bool:
        """Whether the workspace holds that file."""
        return (self.workspace / file).is_file()

    def value(self, file: str, *keys: str | int) -> float | int:
        """The number itself, for choosing words."""
        found = self.load(file)
        for key in keys:
            try:
                found = found[int(key)] if isinstance(found, list) else found[key]
            except (KeyError, IndexError, TypeError, ValueError) as error:
                raise Missing(f"{file} has nothing at {pointer_of(keys)}.") from error
        number = _parsed(found) if isinstance(found, str) else found
        if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
            raise Missing(f"{file} has no number at {pointer_of(keys)}.")
        return number

    def known(self, file: str, *keys: str | int) -> bool:
        """Whether there is a number."""
        try:
            self.value(file, *keys)
        except Missing:
            return False
        return True

    def number(self, file: str, *keys: str | int, format: str = "") -> Number:
        """The number as a part of the text; without a format, counts are written as counts."""
        value = self.value(file, *keys)
        spec = format or (count_format(value) if isinstance(value, int) else "z.3f")
        pointer = pointer_of(keys)
        place = (file, pointer, spec)
        if place not in self._names:
            name = self._fresh_name(file, keys)
            self._names[place] = name
            self.entries[name] = NumberEntry(value=value, file=file, pointer=pointer, format=spec)
        return Number(name=self._names[place])

    def p(self, file: str, *keys: str | int) -> Number:
        """A p-value, with an exponent where three decimals would show nothing."""
        small = abs(self.value(file, *keys)) < 0.0005
        return self.number(file, *keys, format=".1e" if small else ".3f")

    def percent(self, file: str, *keys: str | int, digits: int = 0) -> Number:
        """A share as a percentage."""
        return self.number(file, *keys, format=f".{digits}%")

    def as_json(self) -> dict[str, Any]:
        """The content of writing/numbers.json, by name."""
        return {name: msgspec.to_builtins(self.entries[name]) for name in sorted(self.entries)}

    def _fresh_name(self, file: str, keys: tuple[str | int, ...]) -> str:
        stem = "_".join([Path(file).stem, *(str(key) for key in keys)])
        base = re.sub(r"_+", "_", re.sub(r"[^A-Za-z0-9]+", "_", stem)).strip("_")[:80] or "number"
        name, again = base, 2
        while name in self.entries:
            name, again = f"{base}_{again}", again + 1
        return name


def pointer_of(keys: tuple[str | int, ...]) -> str:
    """RFC 6901."""
    return "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in keys)


def count_format(value: float | int) -> str:
    """Whole numbers, grouped by thousands from five digits on."""
    return ",d" if abs(value) >= 10_000 else "d"


def score_format(metric: str, scale: float, *, signed: bool = False) -> str:
    """Decimals for a metric: three for those between 0 and 1, else about four significant digits."""
    sign = "+" if signed else ""
    if metric in BOUNDED or scale <= 0 or not math.isfinite(scale):
        return f"{sign}z.3f"
    decimals = min(max(3 - math.floor(math.log10(scale)), 0), 8)
    return f"{sign}z.{decimals}f"


def _parsed(text: str) -> int | float | None:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return None
