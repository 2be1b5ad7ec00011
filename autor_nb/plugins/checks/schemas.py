"""Declared schemas: a file beside which `<file>.schema.json` lies must satisfy it, row by row."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from autor_nb.domain.check import Check
from autor_nb.domain.ports import AttemptView
from autor_nb.plugins.checks.content import Unreadable, judged, read, read_json
from autor_nb.store.contents import one_line

SIDECAR = ".schema.json"
ROWS = 5_000
READ_UP_TO = 32 << 20
_TABLES = {".csv": ",", ".tsv": "\t"}
_TITLE = "Files satisfy the schemas declared for them"


class SchemasChecker:
    """Judges every file with a sidecar; says nothing where there is none."""

    name = "schemas"

    def __init__(self) -> None:
        # Cumulative gates ask the same again in every later stage; the same bytes have the same answer.
        self._known: dict[tuple[str, str, str], str] = {}

    def check(self, view: AttemptView) -> Iterable[Check]:
        """Valid sidecars, and data that satisfies them."""
        sidecars = sorted(path for path in view.files if path.endswith(SIDECAR) and not path.endswith("/" + SIDECAR))
        if not sidecars:
            return
        broken: list[str] = []
        violations: list[str] = []
        for sidecar in sidecars:
            path = sidecar.removesuffix(SIDECAR)
            try:
                schema = _schema(view, sidecar)
                if path not in view.files:
                    broken.append(f"{sidecar}: there is no {path}")
                elif problem := self._problem(view, path, sidecar, schema):
                    violations.append(f"{path}: {problem}")
            except Unreadable as error:
                broken.append(str(error))
        yield judged(
            "schemas.sidecars",
            "Declared schemas are JSON schemas of files that are there",
            broken,
            f"Mend or remove these <file>{SIDECAR}.",
            subject=sidecars[0],
            good=f"{len(sidecars)} sidecars.",
        )
        yield judged(
            "schemas.satisfied",
            _TITLE,
            violations,
            f"Write these files so that they satisfy their <file>{SIDECAR}, or mend a wrong schema.",
            subject=sidecars[0],
        )

    def _problem(self, view: AttemptView, path: str, sidecar: str, schema: Any) -> str:
        key = (path, view.files[path].sha256, view.files[sidecar].sha256)
        if key not in self._known:
            if len(self._known) > 500:
                self._known.clear()
            self._known[key] = _violation(view, path, schema)
        return self._known[key]


def _schema(view: AttemptView, sidecar: str) -> Any:
    from jsonschema import SchemaError  # type: ignore[import-untyped]
    from jsonschema.validators import validator_for  # type: ignore[import-untyped]

    schema = read_json(view, sidecar)
    if not isinstance(schema, dict | bool):
        raise Unreadable(f"{sidecar} is not a JSON schema")
    try:
        validator_for(schema).check_schema(schema)
    except (SchemaError, RecursionError, re.error) as error:
        raise Unreadable(f"{sidecar} is not a JSON schema: {one_line(getattr(error, 'message', error))}") from error
    return schema


def _violation(view: AttemptView, path: str, schema: Any) -> str:
    """The first thing in the file that its schema does not allow, or an empty string."""
    validator = _validator(schema)
    try:
        for place, instance in _instances(view, path, schema):
            for error in validator.iter_errors(instance):
                at = "/".join(str(part) for part in error.absolute_path)
                return one_line(f"{place}{' at ' + at if at else ''}: {error.message}", 200)
    except Unreadable as error:
        return str(error)
    except (RecursionError, ValueError, TypeError, OverflowError) as error:
        return f"it cannot be compared with its schema: {one_line(error)}"
    except Exception as error:  # a reference that leads nowhere has an exception of its own in every version
        return f"its schema cannot be applied: {type(error).__name__}: {one_line(error)}"
    return ""


def _validator(schema: Any) -> Any:
    """A validator that fetches nothing and cannot be kept busy by a regular expression."""
    from jsonschema import validators
    from referencing import Registry

    base = validators.validator_for(schema, default=validators.Draft202012Validator)
    guarded = validators.extend(base, {"pattern": _pattern, "patternProperties": _no_opinion})
    return guarded(schema, registry=Registry())


def _no_opinion(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any]:
    yield from ()


def _pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[Any]:
    """The keyword `pattern`, where matching is bounded: no repeated group, at most two repeats."""
    from jsonschema import ValidationError

    bounded = (
        not re.search(r"\)[*+?{]", pattern) and len(re.findall(r"[*+{]", pattern)) <= 2 and "\\" + "1" not in pattern
    )
    if isinstance(instance, str) and bounded and len(instance) <= 2_000 and not re.search(pattern, instance):
        yield ValidationError(f"{instance[:80]!r} does not match {pattern[:80]!r}")


def _instances(view: AttemptView, path: str, schema: Any) -> Iterator[tuple[str, Any]]:
    """What is to be validated, with the place of each: a document whole, or the rows of a table."""
    suffix = path[path.rfind(".") :].lower()
    if suffix == ".json":
        yield "the document", read_json(view, path)
        return
    if suffix not in (".jsonl", *_TABLES):
        raise Unreadable(f"schemas are compared with .json, .jsonl, .csv and .tsv only, not with {suffix}")
    rows = _lines(view, path) if suffix == ".jsonl" else _rows(view, path, _TABLES[suffix], schema)
    if isinstance(schema, dict) and schema.get("type") == "array":
        yield "the table", [row for _, row in zip(range(ROWS), (row for _, row in rows), strict=False)]
        return
    for _, one in zip(range(ROWS), rows, strict=False):
        yield one


def _lines(view: AttemptView, path: str) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(read(view, path, READ_UP_TO).splitlines(), 1):
        if line.strip():
            try:
                yield f"line {number}", msgspec.json.decode(line)
            except (msgspec.DecodeError, RecursionError) as error:
                raise Unreadable(f"line {number} is not JSON") from error


def _rows(view: AttemptView, path: str, delimiter: str, schema: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    kinds = _column_kinds(schema)
    text = io.StringIO(read(view, path, READ_UP_TO).decode("utf-8-sig", "replace"), newline="")
    try:
        for number, row in enumerate(csv.DictReader(text, delimiter=delimiter), 1):
            yield (
                f"row {number}",
                {k: _typed(v, kinds.get(k, set())) for k, v in row.items() if isinstance(k, str)},
            )
    except csv.Error as error:
        raise Unreadable(f"it cannot be read as a table: {one_line(error)}") from error


def _column_kinds(schema: Any) -> dict[str, set[str]]:
    """Column → the JSON types its schema allows, as far as it says so directly."""
    if isinstance(schema, dict) and schema.get("type") == "array":
        schema = schema.get("items")
    properties = schema.get("properties") if isinstance(schema, dict) else None
    kinds = {}
    for name, wanted in (properties if isinstance(properties, dict) else {}).items():
        types = wanted.get("type") if isinstance(wanted, dict) else None
        kinds[name] = {types} if isinstance(types, str) else set(types) if isinstance(types, list) else set()
    return kinds


def _typed(cell: Any, kinds: set[str]) -> Any:
    """A cell as its column's schema means it: a table knows only text."""
    if not isinstance(cell, str):
        return cell
    if cell == "" and "null" in kinds:
        return None
    if kinds & {"integer", "number"}:
        try:
            return int(cell)
        except ValueError:
            try:
                return float(cell)
            except ValueError:
                return cell
    if "boolean" in kinds and cell.lower() in ("true", "false"):
        return cell.lower() == "true"
    return cell
