"""A gate's options read one by one: each wrong one is a UsageError that names the gate, the option and the mend."""

from __future__ import annotations

import math
from typing import Any

from autor_nb.domain.loops.fields import Fields, shown


class GateOptions(Fields):
    """The options of one gate or scalarizer, as a person wrote them under [loop.<name>.gate]."""

    def __init__(self, part: str, options: dict[str, Any]) -> None:
        super().__init__(f"{part}:", options)
        self.part = part

    def share(self, key: str, default: float) -> float:
        """A probability strictly between 0 and 1."""
        value = self._number(key, default)
        if not 0 < value < 1:
            self.wrong(key, f"is {shown(value)}; it must lie between 0 and 1.", f"Write {key} = {default:g}.")
        return value

    def positive(self, key: str, default: float) -> float:
        """A finite number above 0."""
        value = self._number(key, default)
        if not value > 0:
            self.wrong(key, f"is {shown(value)}; it must be more than 0.", f"Write {key} = {default:g}.")
        return value

    def _number(self, key: str, default: float) -> float:
        value = self.number(key, default)
        assert value is not None and math.isfinite(value)
        return value

    def within(self, key: str, default: int, *, low: int, high: int) -> int:
        """A whole number between two bounds."""
        value = self.whole(key, default, low=low)
        assert value is not None
        if value > high:
            self.wrong(key, f"is {shown(value)}; it must be at most {high}.", f"Write {key} = {high} or less.")
        return value

    def optional_within(self, key: str, *, low: int, high: int) -> int | None:
        """The same, or nothing."""
        return self.within(key, low, low=low, high=high) if self.has(key) else self.whole(key, None, low=low)

    def even(self, key: str, default: int, *, low: int, high: int = 1000) -> int:
        """An even number of pairs, because they are read in blocks of two."""
        value = self.within(key, default, low=low, high=high)
        if value % 2:
            self.wrong(key, f"is {shown(value)}, which is odd; pairs are read in blocks of two.",
                       f"Write {key} = {value + 1}.")
        return value

    def finish(self) -> None:
        """Refuse an option that the part does not know."""
        for key in self.rest():
            known = ", ".join(sorted(self.taken)) or "none"
            self.wrong(shown(key)[1:-1], "is no option of it.", f"Known: {known}.")
