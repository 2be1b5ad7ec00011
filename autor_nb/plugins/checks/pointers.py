"""Reading one number out of a result file by file and pointer, exactly as it stands there; no rounding."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

Numeric = int | Decimal
READ_UP_TO = 256 * 1024 * 1024
_INDEX = re.compile(r"(?:0|[1-9]\d{0,9})\Z", re.ASCII)
_PLAIN = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?\s*\Z", re.ASCII)


class Unreadable(Exception):
    """Raised with the reason, in words, when a pointer leads to no number."""


def parse_json(content: bytes) -> Any:
    """JSON with its decimals kept digit by digit; raises Unreadable."""
    try:
        return json.loads(content.decode("utf-8-sig"), parse_float=_decimal, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"is not valid JSON ({_short(error)})") from error


class Tables:
    """Files opened by `read` (path → bytes; KeyError when absent) and parsed once each."""

    def __init__(self, read: Callable[[str], bytes]) -> None:
        self._read = read
        self._parsed: dict[str, Any] = {}

    def number(self, file: str, pointer: str) -> Numeric:
        """The number at `pointer` of `file`; Unreadable says what is wrong."""
        if file not in self._parsed:
            try:
                self._parsed[file] = self._parse(file)
            except Unreadable as error:
                self._parsed[file] = error
        parsed = self._parsed[file]
        if isinstance(parsed, Unreadable):
            raise parsed
        return number_of(resolve(parsed, pointer), pointer)

    def _parse(self, file: str) -> Any:
        try:
            content = self._read(file)
        except KeyError:
            raise Unreadable("is not there") from None
        suffix = file.rpartition(".")[2].lower()
        if suffix == "json":
            return parse_json(content)
        if suffix == "jsonl":
            return [parse_json(line) for line in content.splitlines() if line.strip()]
        if suffix in ("csv", "tsv"):
            return _rows(content, "," if suffix == "csv" else "\t")
        raise Unreadable("is no .json, .jsonl, .csv or .tsv file, so no pointer can lead into it")


def resolve(value: Any, pointer: str) -> Any:
    """What an RFC 6901 pointer leads to; rows of a table are objects by column."""
    if not pointer.startswith("/"):
        raise Unreadable(f"pointer {pointer[:80]!r} must begin with '/'")
    for raw in pointer[1:].split("/"):
        key = raw.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and _INDEX.match(key) and int(key) < len(value):
            value = value[int(key)]
        else:
            raise Unreadable(f"pointer {pointer[:80]!r} leads nowhere at {key[:40]!r}")
    return value


def number_of(value: Any, pointer: str = "") -> Numeric:
    """A JSON or table value as an exact number; Unreadable if it is none."""
    if isinstance(value, str) and _PLAIN.match(value):
        value = _decimal(value.strip())
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not is_finite(value):
        raise Unreadable(f"{pointer[:80]} holds {str(value)[:40]!r}, which is no finite number")
    return value


def is_finite(value: Numeric) -> bool:
    """Whether the number fits a double."""
    try:
        return abs(float(value)) <= sys.float_info.max
    except OverflowError:
        return False


def same(left: Numeric, right: Numeric) -> bool:
    """Digit by digit, except where a file prints more digits than a double can hold."""
    if left == right:
        return True
    if max(_digits(left), _digits(right)) <= 17:
        return False
    return float(left) == float(right)


def _digits(value: Numeric) -> int:
    return len(value.as_tuple().digits) if isinstance(value, Decimal) else 1


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise ValueError(f"{text[:40]} is no number") from error


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def _rows(content: bytes, delimiter: str) -> list[dict[str, str]]:
    try:
        text = content.decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, restkey=""))
    except (UnicodeDecodeError, csv.Error) as error:
        raise Unreadable(f"is not a readable table ({_short(error)})") from error


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:120]
