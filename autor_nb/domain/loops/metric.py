"""A number read from what a command printed: a Measurement with a value, or with the reason why there is none.

The last match decides, also when it is refused: a run that ends in `nan` is never read as the epoch before it.
A pattern is looked for within a line; in lines beyond WINDOW characters, within windows that overlap. That bounds
what a clumsy pattern costs, but not what an exponential one does: `engine.loops.measuring` puts a clock on it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.config import MetricSpec, ResourceSpec
from autor_nb.domain.loops.gate import score_of
from autor_nb.domain.loops.printed import Printed, backwards, line_number

__all__ = [
    "Measurement",
    "check_pattern",
    "metrics_file",
    "number",
    "read_metric",
    "read_metrics",
    "read_resource",
    "score",
]

WINDOW, OVERLAP = 4096, 1024
FILE_CAP = 16 * 1024 * 1024
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_ENDLESS = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
_COMMAS = re.compile(r"[+-]?[0-9][0-9.]*(?:,[0-9]+)+(?:\.[0-9]*)?")
_LIKE_A_NUMBER = re.compile(r"[+-]?\.?[0-9]|[+-]?(?:nan|inf|infinity)$", re.IGNORECASE)
_GOES_ON = re.compile(r"[0-9]|[.,_][0-9]|[eE][+-]?[0-9]")
_BEGAN = re.compile(r"(?:[0-9]|[0-9][.,_]|[0-9][eE][+-]?|(?:^|[\s=:(\[,+-])\.|(?:^|[\s=:(\[,])[+-])$")
_OPENS = re.compile(r"\^?([A-Za-z0-9_ :=,;/#@%&~<>'\"!-]+)")
_WORD_ENDS = ",;)]}>|\"'`"
_DIVISORS = {"identity": 1.0, "divide_by_1024": 1024.0, "divide_by_1000": 1000.0}


class Measurement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A finite value, or None with the reason; `line` is where it stood in the output, from 1."""

    value: float | None
    reason: str = ""
    line: int | None = None


class _Literal(str):
    """A number of a JSON text, as it was written."""


Look = Callable[[str], tuple[float | None, str] | None]


def read_metric(printed: Printed, spec: MetricSpec, folder: Path | None = None) -> Measurement:
    """The metric in the output (or, for `FILE#KEY`, in that JSON file of the folder)."""
    if spec.source == "last_number":
        return _last(printed, _last_word, "The output has no number in it.")
    if spec.source == "json":
        file, key = _file_and_key(spec)
        if file:
            return _in_file(folder, file, key)
        return _last(
            printed, lambda text: _in_json_line(text, key), f"No JSON object in the output has the key {key!r}."
        )
    if not spec.pattern:
        look = _matcher(_by_name(spec.name), words=True)
        name = spec.name
        return _last(printed, look, f"The output has no line with {name}: NUMBER or {name}=NUMBER.", name.encode())
    return _by_pattern(printed, spec.pattern)


def read_metrics(printed: Printed, specs: Sequence[MetricSpec], folder: Path | None = None) -> dict[str, Measurement]:
    """Several metrics of one output, by their names."""
    return {spec.name: read_metric(printed, spec, folder) for spec in specs}


def read_resource(printed: Printed, spec: ResourceSpec) -> Measurement:
    """The resource (such as peak memory) in the output, in the unit that the transform makes of it."""
    found = _by_pattern(printed, spec.pattern)
    if found.value is None:
        return found
    return msgspec.structs.replace(found, value=found.value / _DIVISORS[spec.transform])


def score(value: float | None, spec: MetricSpec) -> float | None:
    """The value turned so that higher is better; None where it has no score, such as a time of 0."""
    if value is None:
        return None
    return score_of(value, higher=spec.direction == "higher", time_like=spec.time_like)


def metrics_file(spec: MetricSpec) -> str:
    """The file that the metric is read from, relative to the working folder; empty if it is read from the output."""
    return _file_and_key(spec)[0] if spec.source == "json" else ""


def check_pattern(pattern: str, where: str = "--pattern") -> None:
    """Refuse a pattern that is no regular expression."""
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise UsageError(
            f"{where} is no regular expression: {error}.", r"Write one with a group, such as `loss: (\S+)`."
        ) from error


def number(word: str) -> tuple[float | None, str]:
    """The value of one word, or why it has none: an optional sign, digits, a decimal point, an exponent, no more."""
    if _NUMBER.fullmatch(word):
        value = float(word)
        return (value, "") if math.isfinite(value) else (None, f"{_shown(word)} is too large to be a number.")
    if _ENDLESS.fullmatch(word):
        return None, f"{_shown(word)} is not finite."
    if _COMMAS.fullmatch(word):
        return None, f"{_shown(word)} has commas in it: print it without them."
    start = _NUMBER.match(word)
    if start and word[start.end()].isascii() and not word[start.end()].isdigit():
        return None, f"{_shown(word)} is a number with something glued to it: print it apart, or take it in a pattern."
    return None, f"{_shown(word)} is not a number."


def _shown(text: str) -> str:
    cut = text[:60] + ("…" if len(text) > 60 else "")
    return "'" + "".join(char if char.isprintable() else "�" for char in cut) + "'"


def _last(printed: Printed, look: Look, nothing: str, holding: bytes = b"") -> Measurement:
    for line in backwards(printed, holding):
        found = look(line.text)
        if found is not None:
            return Measurement(value=found[0], reason=found[1], line=line_number(printed, line.offset))
    return Measurement(value=None, reason=nothing)


def _last_word(text: str) -> tuple[float | None, str] | None:
    """The last word of a line that begins as a number does."""
    for word in reversed(re.split(r"[\s=:(\[{\"'`|]+", text)):
        bare = word.rstrip(_WORD_ENDS)
        if _LIKE_A_NUMBER.match(bare):
            if bare.endswith(".") and not _NUMBER.fullmatch(bare):
                bare = bare.rstrip(".")
            return number(bare)
    return None


def _by_name(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.\-/]){re.escape(name)}[\"']?\s*[:=]\s*[\"']?([^\s\"']+)")


def _by_pattern(printed: Printed, pattern: str) -> Measurement:
    nothing = f"The pattern {_shown(pattern)} matches nothing in the output."
    return _last(printed, _pattern_look(pattern), nothing, _opening(pattern).encode())


def _opening(pattern: str) -> str:
    """Plain text with which every match begins; a long output is looked through for it first."""
    found = _OPENS.match(pattern)
    if not found or "|" in pattern:
        return ""
    begins, then = found.group(1), pattern[found.end() : found.end() + 1]
    return begins[:-1] if then and then in "*?{" else begins


def _pattern_look(pattern: str) -> Look:
    strict = _matcher(re.compile(pattern), words=False)
    wider = _wider(pattern)
    if wider is None:
        return strict

    def look(text: str) -> tuple[float | None, str] | None:
        return strict(text) or _missed(wider, text)

    return look


def _wider(pattern: str) -> re.Pattern[str] | None:
    """The pattern with any word in its only group; None if it has not exactly one plain group to widen."""
    bare = re.sub(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", lambda found: "_" * len(found.group()), pattern)
    groups = list(re.finditer(r"\((?!\?)[^()]*\)", bare))
    if len(groups) != 1 or "(" in bare.replace("(?:", "").replace(groups[0].group(), "", 1):
        return None
    start, end = groups[0].span()
    try:
        return re.compile(pattern[:start] + r"(\S+)" + pattern[end:])
    except re.error:
        return None


def _missed(wider: re.Pattern[str], text: str) -> tuple[float | None, str] | None:
    """A number, or nan, where the pattern would have one, of a form that its group cannot take."""
    for match in _matches(wider, text):
        word = match.group(1).rstrip(_WORD_ENDS)
        if _ENDLESS.fullmatch(word):
            return None, f"{_shown(word)} is not finite."
        if _NUMBER.fullmatch(word):
            return None, f"The pattern's group cannot take {_shown(word)}, the last number there: write (\\S+)."
        return None
    return None


def _matches(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """The last match of each window, from the last window to the first."""
    end = len(text)
    while True:
        begin = max(0, end - WINDOW)
        last = None
        for last in pattern.finditer(text, begin, end):  # noqa: B007 - the last one is wanted
            pass
        if last is not None:
            yield last
        if begin == 0:
            return
        end = begin + OVERLAP


def _matcher(pattern: re.Pattern[str], words: bool) -> Look:
    """Look for the pattern in a line; `words` says that its group takes a whole word, with what closes it."""

    def look(text: str) -> tuple[float | None, str] | None:
        match = next(_matches(pattern, text), None)
        if match is None:
            return None
        which = next((n for n in range(1, pattern.groups + 1) if match.group(n) is not None), 0)
        taken = match.group(which)
        word = taken.strip()
        if words:
            return number(word.rstrip(_WORD_ENDS) or word)
        begin = match.start(which) + len(taken) - len(taken.lstrip())
        end = match.end(which) - len(taken) + len(taken.rstrip())
        if _NUMBER.fullmatch(word) and (
            _GOES_ON.match(text, end) or (word[0] not in "+-" and _BEGAN.search(text[max(0, begin - 8) : begin]))
        ):
            around = text[max(0, begin - 12) : end + 12].strip()
            return None, f"The pattern takes {_shown(word)}, which is only a part of the number in {_shown(around)}."
        return number(word)

    return look


def _file_and_key(spec: MetricSpec) -> tuple[str, str]:
    file, apart, key = spec.pattern.rpartition("#")
    return (file, key or spec.name) if apart else ("", spec.pattern or spec.name)


def _in_json_line(text: str, key: str) -> tuple[float | None, str] | None:
    bare = text.strip()
    if not (bare.startswith("{") and bare.endswith("}")):
        return None
    try:
        return _at(_decoded(bare), key)
    except (ValueError, RecursionError):
        return None


def _decoded(text: str) -> Any:
    return json.loads(text, parse_int=_Literal, parse_float=_Literal, parse_constant=_Literal)


def _at(found: Any, key: str) -> tuple[float | None, str] | None:
    """What lies under the key; None if nothing does."""
    parts = [key] if isinstance(found, dict) and key in found else key.split(".")
    for part in parts:
        if isinstance(found, dict) and part in found:
            found = found[part]
        elif isinstance(found, list) and part.isascii() and part.isdigit() and int(part) < len(found):
            found = found[int(part)]
        else:
            return None
    if isinstance(found, _Literal):
        return number(found)
    return None, f"{key} is {_shown(json.dumps(found))}, which is not a number."


def _in_file(folder: Path | None, file: str, key: str) -> Measurement:
    root = (folder or Path()).resolve()
    path = (root / file).resolve()
    if not path.is_relative_to(root):
        return Measurement(value=None, reason=f"{file} lies outside the working folder.")
    try:
        if not path.is_file():
            return Measurement(value=None, reason=f"The command has not written {file}.")
        if path.stat().st_size > FILE_CAP:
            return Measurement(value=None, reason=f"{file} is larger than {FILE_CAP // 2**20} MB.")
        text = path.read_bytes().decode("utf-8", "replace")
        found = _at(_decoded(text), key)
    except OSError as error:
        return Measurement(value=None, reason=f"{file} cannot be read: {error.strerror}.")
    except (ValueError, RecursionError):
        return _last(text, lambda line: _in_json_line(line, key), f"{file} has no JSON object with the key {key!r}.")
    if found is None:
        return Measurement(value=None, reason=f"{file} has no key {key!r}.")
    return Measurement(value=found[0], reason=found[1])
