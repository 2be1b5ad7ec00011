"""JSON of values that may hold text of elsewhere, whose undecodable bytes (lone surrogates) UTF-8 cannot say."""

from __future__ import annotations

from typing import Any

import msgspec

_encoder = msgspec.json.Encoder()


def encode(value: Any) -> bytes:
    """The value as JSON without a newline; what UTF-8 cannot say is written out as `\\udc80`."""
    try:
        return _encoder.encode(value)
    except UnicodeEncodeError:
        return _encoder.encode(escaped(msgspec.to_builtins(value)))


def escaped(value: Any) -> Any:
    """The same of dicts, lists and plain values, with nothing in it that UTF-8 cannot say."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {escaped(key): escaped(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [escaped(item) for item in value]
    return value
