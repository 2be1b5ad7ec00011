"""Reading JSON, JSON Lines and YAML: whether they parse, strictly, and the shape of what they hold."""

from __future__ import annotations

import mmap
import re
from typing import Any, BinaryIO

import msgspec

from autor_nb.domain.artifact import Inspection
from autor_nb.store.contents import MANY, Unreadable, decode, megabytes, names, one_line, read_at_most

JSON_PARSED = 16 << 20
JSON_CHECKED = 256 << 20
LINE_LIMIT = 16 << 20
YAML_LIMIT = 4 << 20
YAML_DEPTH = 200

_NOT_FINITE = re.compile(rb"[:\[,]\s*-?(NaN|Infinity|nan|inf)\b")
_KINDS = {str: "string", bool: "boolean", int: "number", float: "number", type(None): "null"}


def inspect_json(stream: BinaryIO, size: int) -> Inspection:
    """Parse JSON; of a very large one only the syntax is read, and of a huge one nothing, which is said."""
    if size > JSON_CHECKED:
        return Inspection(kind="json", schema={"unchecked": f"too large to parse ({megabytes(size)})"})
    if size > JSON_PARSED:
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as whole:
            return _inspect_large_json(whole, size)
    content = stream.read()
    if not content.strip():
        return Inspection(kind="json", error="it is empty", empty=True)
    text, notes = decode(content)
    value = _decode_json(text.encode("utf-8", "surrogatepass"))
    return Inspection(kind="json", schema=shape_of(value) | notes, empty=_holds_nothing(value))


def _inspect_large_json(whole: mmap.mmap, size: int) -> Inspection:
    try:
        if whole[:1] == b"[":
            items = msgspec.json.decode(whole, type=list[msgspec.Raw])
            return Inspection(kind="json", schema={"items": len(items)}, empty=not items)
        keys = msgspec.json.decode(whole, type=dict[str, msgspec.Raw])
        return Inspection(kind="json", schema={"keys": names(keys)}, empty=not keys)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Unreadable(_why(error, whole[: 1 << 20])) from error


def _decode_json(content: bytes) -> Any:
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Unreadable(_why(error, content)) from error


def _why(error: Exception, content: bytes) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    place = re.search(r"\(byte (\d+)\)", str(error))
    start = max(int(place.group(1)) - 20, 0) if place else 0
    if _NOT_FINITE.search(content, start, start + 60 if place else len(content)):
        return f"NaN and Infinity are not JSON; write null ({one_line(error)})"
    return f"it is not JSON: {one_line(error)}"


def shape_of(value: Any) -> dict[str, Any]:
    """The inferred schema of a JSON value."""
    if isinstance(value, dict):
        return {"keys": names(value)} | ({"key_count": len(value)} if len(value) > MANY else {})
    if isinstance(value, list):
        keys: dict[str, None] = {}
        for item in value[:MANY]:
            if isinstance(item, dict):
                keys.update(dict.fromkeys(item))
        return {"items": len(value)} | ({"item_keys": names(keys)} if keys else {})
    return {"type": _KINDS.get(type(value), "value")}


def _holds_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, (dict, list, str)) and len(value) == 0)


def inspect_jsonl(stream: BinaryIO, size: int) -> Inspection:
    """Parse JSON Lines one line at a time."""
    keys: dict[str, None] = {}
    notes: dict[str, Any] = {}
    items, number = 0, 0
    while line := stream.readline(LINE_LIMIT):
        number += 1
        if len(line) >= LINE_LIMIT:
            raise Unreadable(f"line {number} is longer than {megabytes(LINE_LIMIT)}")
        if not line.strip():
            continue
        try:
            text, noted = decode(line)
            value = _decode_json(text.encode("utf-8", "surrogatepass"))
        except Unreadable as error:
            raise Unreadable(f"line {number}: {error}") from error
        notes.update(noted)
        items += 1
        if items <= MANY and isinstance(value, dict):
            keys.update(dict.fromkeys(value))
    schema = {"items": items} | ({"item_keys": names(keys)} if keys else {}) | notes
    return Inspection(kind="jsonl", schema=schema, empty=items == 0)


def inspect_yaml(stream: BinaryIO, size: int) -> Inspection:
    """Compose YAML without building its objects: aliases cannot blow it up, tags run nothing."""
    import yaml

    text, notes = decode(read_at_most(stream, size, YAML_LIMIT, "YAML"))
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        depth = 0
        for event in yaml.parse(text, Loader=loader):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > YAML_DEPTH:
                    raise Unreadable("it is nested too deeply")
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
        documents = [node for node in yaml.compose_all(text, Loader=loader) if node is not None]
    except yaml.YAMLError as error:
        raise Unreadable(f"it is not YAML: {one_line(error)}") from error
    schema = _yaml_shape(documents[0]) if documents else {}
    if len(documents) > 1:
        schema["documents"] = len(documents)
    empty = all(not node.value for node in documents)
    return Inspection(kind="yaml", schema=schema | notes, empty=empty)


def _yaml_shape(node: Any) -> dict[str, Any]:
    if node.id == "mapping":
        return {"keys": names(key.value if key.id == "scalar" else key.id for key, _ in node.value)}
    if node.id == "sequence":
        keys: dict[str, None] = {}
        for item in node.value[:MANY]:
            if item.id == "mapping":
                keys.update(dict.fromkeys(key.value for key, _ in item.value if key.id == "scalar"))
        return {"items": len(node.value)} | ({"item_keys": names(keys)} if keys else {})
    return {"type": "scalar"}
