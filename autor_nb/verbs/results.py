"""A run's results as rows: of one file of `results/`, or every number in its JSON files."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autor_nb.domain.errors import UsageError
from autor_nb.store.layout import RunFolder

GENERATED = {"experiment_manifest.json"}
LONG_LIST = 50
Row = dict[str, Any]


def rows(run: RunFolder, file: str | None = None) -> list[Row]:
    """Rows of one file (`folds.csv`), or (file, name, value) of every number in results/*.json."""
    folder = run.workspace / "results"
    if file is not None:
        return _rows_of(folder, file)
    found: list[Row] = []
    for path in sorted(folder.glob("**/*.json")):
        if path.name not in GENERATED:
            name = path.relative_to(folder).as_posix()
            found += [{"file": name, "name": where, "value": value} for where, value in _numbers(_json(path))]
    return found


def as_frame(found: list[Row]) -> Any:
    """A DataFrame, or the rows themselves where pandas is not installed."""
    try:
        import pandas
    except ImportError:
        return found
    return pandas.DataFrame(found)


def _rows_of(folder: Path, file: str) -> list[Row]:
    path = (folder / file).resolve()
    if not path.is_relative_to(folder.resolve()) or not path.is_file():
        known = ", ".join(sorted(item.relative_to(folder).as_posix() for item in folder.rglob("*") if item.is_file()))
        raise UsageError(f"There is no result file {file!r}.", f"Known: {known or 'none yet'}.")
    if path.suffix in (".csv", ".tsv"):
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
            reader = csv.DictReader(stream, dialect="excel-tab" if path.suffix == ".tsv" else "excel")
            return [{str(key): _value(value) for key, value in row.items()} for row in reader]
    if path.suffix == ".json":
        content = _json(path)
        items = (
            content
            if isinstance(content, list)
            else next(
                (
                    value
                    for value in content.values()
                    if isinstance(value, list) and value and isinstance(value[0], dict)
                ),
                [content],
            )
            if isinstance(content, dict)
            else [{"value": content}]
        )
        return [item if isinstance(item, dict) else {"value": item} for item in items]
    raise UsageError(f"{file} is no table.", f"It lies in {path}.")


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path.name} cannot be read as JSON: {error}.", f"It lies in {path}.") from error


def _value(text: Any) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except (TypeError, ValueError):
            continue
    return text


def _numbers(content: Any, where: str = "") -> Iterator[tuple[str, float]]:
    if isinstance(content, bool):
        return
    if isinstance(content, int | float):
        yield where, content
    elif isinstance(content, dict):
        for key, value in content.items():
            yield from _numbers(value, f"{where}.{key}" if where else str(key))
    elif isinstance(content, list) and len(content) <= LONG_LIST:
        for index, value in enumerate(content):
            yield from _numbers(value, f"{where}[{index}]")
