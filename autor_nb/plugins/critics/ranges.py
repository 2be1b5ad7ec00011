"""Where a knob may go: a map between the knob's own values and the unit interval, or a list of choices."""

from __future__ import annotations

import ast
import math
import re
from typing import Any

import msgspec

from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.config import Knob
from autor_nb.domain.loops.knobs import FoundKnob, Knobs, Scalar, same_value

NUMBER = r"[-+]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
RANGE = re.compile(
    rf"\brange\s*[:=]\s*\[?\s*({NUMBER})\s*(?:\.\.|…|,|to\b|–)\s*({NUMBER})\s*\]?(\s*,?\s*log)?", re.IGNORECASE)
CHOICES = re.compile(r"\b(?:choices|one of)\s*[:=]\s*(.+)$", re.IGNORECASE)
# Words that mean a share between 0 and 1 in every library that has them.
SHARE = re.compile(
    r"(?:^|_)(?:dropout|prob|probability|p|rate|ratio|frac|fraction|share|momentum|subsample|colsample|alpha|beta\d?|"
    r"gamma|quantile|smoothing|mix|mixup)(?:_|$)", re.IGNORECASE)
PENALTY = re.compile(
    r"(?:^|_)(?:decay|l1|l2|reg|regularization|regularisation|penalty|noise|jitter)(?:_|$)", re.IGNORECASE)
FACTOR = 32.0
INT_FACTOR = 8


class Range(msgspec.Struct, frozen=True, kw_only=True):
    """One knob with where it may go. `levels` are all its values when they can be listed, in their order.

    `scale` is linear, log or near_one (log of the distance to 1); `ordered` says that neighbours of a level are near.
    `guessed` ranges come from the default alone. `whole` numbers are rounded.
    """

    path: str
    value: Scalar
    low: float = 0.0
    high: float = 1.0
    scale: str = "linear"
    whole: bool = False
    step: float | None = None
    levels: tuple[Scalar, ...] = ()
    ordered: bool = True
    guessed: bool = False

    def to_unit(self, value: Any) -> float | None:
        """Where a value lies, 0 to 1; None for what does not lie in the range at all."""
        if self.levels:
            for index, level in enumerate(self.levels):
                if same_value(level, value) or (_number(level) and _number(value) and level == value):
                    return index / (len(self.levels) - 1)
            return None
        if not _number(value):
            return None
        low, high = self._bend(self.low), self._bend(self.high)
        try:
            return min(1.0, max(0.0, (self._bend(float(value)) - low) / (high - low)))
        except (ValueError, ZeroDivisionError):
            return 0.0 if float(value) <= self.low else 1.0

    def from_unit(self, unit: float) -> Scalar:
        """The value at a place, rounded to what a person would write."""
        unit = min(1.0, max(0.0, float(unit)))
        if self.levels:
            return self.levels[round(unit * (len(self.levels) - 1))]
        low, high = self._bend(self.low), self._bend(self.high)
        value = self._unbend(low + unit * (high - low))
        if self.step:
            value = self.low + round((value - self.low) / self.step) * self.step
            value = float(f"{value:.12g}")
        if self.whole:
            return int(min(math.floor(self.high), max(math.ceil(self.low), round(value))))
        return self._short(value) if not self.step else min(self.high, max(self.low, value))

    def _short(self, value: float) -> float:
        """Three digits that matter."""
        if self.scale == "near_one":
            short = float(f"{1 - float(f'{1 - value:.3g}'):.12g}")
        elif self.scale == "log":
            short = float(f"{value:.3g}")
        else:
            digits = max(0, 3 - math.ceil(math.log10(self.high - self.low)))
            short = round(value, digits)
        return min(self.high, max(self.low, short))

    def _bend(self, value: float) -> float:
        if self.scale == "log":
            return math.log(value)
        return -math.log(1 - value) if self.scale == "near_one" else value

    def _unbend(self, value: float) -> float:
        if self.scale == "log":
            return math.exp(value)
        return 1 - math.exp(-value) if self.scale == "near_one" else value

    def described(self) -> str:
        """In words."""
        if self.levels:
            shown = ", ".join(str(level) for level in self.levels[:8])
            return f"{{{shown}{', …' if len(self.levels) > 8 else ''}}}"
        scale = {"log": ", log scale", "near_one": ", log scale of the distance to 1"}.get(self.scale, "")
        return f"{self.low:g} to {self.high:g}{scale}"


def ranges(knobs: Knobs, space: dict[str, Knob]) -> list[Range]:
    """What may be turned: the declared space if there is one, else every knob whose range can be read or guessed."""
    if space:
        return [_declared(path, knob, knobs) for path, knob in space.items()]
    found = [knob for knob in knobs.found if not knob.fixed]
    return [made for knob in found if (made := _from_comment(knob) or _guessed(knob)) is not None]


def _declared(path: str, declared: Knob, knobs: Knobs) -> Range:
    """A range of `[loop.<name>.space]`; the knob's value is what the file says."""
    found = knobs.resolve(path)
    if declared.kind == "choice":
        return Range(path=found.path, value=found.value, levels=_with(found.value, declared.choices), ordered=False)
    low, high = float(declared.low or 0.0), float(declared.high or 0.0)
    if not low < high or (declared.log and low <= 0):
        raise UsageError(
            f"The space of knob {path!r} goes from {low:g} to {high:g}"
            + (" on a log scale." if declared.log else "."), "Give low < high, and 0 < low on a log scale.")
    if not _number(found.value):
        raise UsageError(
            f"The knob {path!r} is {found.value!r} in {found.file}, but its space is of {declared.kind}s.",
            "Declare choices for it, or write a number into the file.")
    return Range(
        path=found.path, value=found.value, low=low, high=high, scale="log" if declared.log else "linear",
        whole=declared.kind == "int", step=float(declared.step) if declared.step else None,
    )


def _from_comment(knob: FoundKnob) -> Range | None:
    """A range that stands in the comment behind the knob."""
    if match := CHOICES.search(knob.comment):
        levels = tuple(dict.fromkeys(_literal(word) for word in re.split(r"[,|]", match.group(1)) if word.strip()))
        if len(levels) > 1:
            return Range(path=knob.path, value=knob.value, levels=_with(knob.value, levels), ordered=False)
    if (match := RANGE.search(knob.comment)) and _number(knob.value):
        low, high = float(match.group(1)), float(match.group(2))
        if low < high and math.isfinite(high - low):
            log = bool(match.group(3)) and low > 0
            return Range(path=knob.path, value=knob.value, low=low, high=high, scale="log" if log else "linear",
                         whole=isinstance(knob.value, int))
    return None


def _with(value: Scalar, levels: tuple[Scalar, ...]) -> tuple[Scalar, ...]:
    """The choices, and what the knob is now if that is none of them: the incumbent must have a place."""
    return levels if any(level == value for level in levels) else (value, *levels)


def _literal(word: str) -> Scalar:
    try:
        value = ast.literal_eval(word.strip())
    except (ValueError, SyntaxError):
        return word.strip()
    return value if isinstance(value, bool | int | float | str) or value is None else word.strip()


def _guessed(knob: FoundKnob) -> Range | None:
    """A range from the default alone; None where nothing sensible can be guessed (words, None, sentinels)."""
    value, name = knob.value, knob.keys[-1]
    if isinstance(value, bool):
        return Range(path=knob.path, value=value, levels=(False, True), ordered=False, guessed=True)
    if isinstance(value, int):
        return _guessed_int(knob.path, value)
    if not isinstance(value, float) or not math.isfinite(value):
        return None
    made = _guessed_float(value, name)
    return Range(path=knob.path, value=value, guessed=True, **made)


def _guessed_int(path: str, value: int) -> Range | None:
    if value < 0 or value > 10**9:
        return None  # -1 and the like mean "all" or "no limit"; huge ones are identities
    if value >= 8 and value & (value - 1) == 0:
        powers = tuple(2**n for n in range(max(1, value.bit_length() - 4), value.bit_length() + 3))
        return Range(path=path, value=value, levels=powers, guessed=True)
    if value < 8:
        low, high = 0 if value == 0 else 1, max(8, 3 * value)
        return Range(path=path, value=value, low=low, high=high, whole=True, guessed=True)
    return Range(path=path, value=value, low=max(1, value // INT_FACTOR), high=value * INT_FACTOR, scale="log",
                 whole=True, guessed=True)


def _guessed_float(value: float, name: str) -> dict[str, Any]:
    if value == 0:
        return {"levels": (0.0, 1e-5, 1e-4, 1e-3, 1e-2, 0.1)} if PENALTY.search(name) else {"low": 0.0, "high": 1.0}
    if value < 0:
        return {"low": 3 * value, "high": -value}
    if 0.9 < value < 1:
        return {"low": max(0.5, 1 - (1 - value) * FACTOR), "high": 1 - (1 - value) / FACTOR, "scale": "near_one"}
    if value <= 1 and value > 0.04 and SHARE.search(name) and "learning" not in name.lower():
        return {"low": 0.01, "high": 1.0 if value == 1 else 0.99}
    return {"low": float(f"{value / FACTOR:.3g}"), "high": float(f"{value * FACTOR:.3g}"), "scale": "log"}


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
