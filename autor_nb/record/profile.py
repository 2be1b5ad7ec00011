"""The data of a study as it was profiled: columns, missing values, the target, and the search for leakage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autor_nb.figures import Bar, Bars, Drawn
from autor_nb.record.markup import (
    NOTHING,
    Several,
    Shown,
    Words,
    caption,
    code,
    details,
    glyph,
    label,
    one_line,
    stack,
    words,
)
from autor_nb.record.readings import number, object_of, table_of
from autor_nb.record.tables import table
from autor_nb.record.units import count_words, number_words

if TYPE_CHECKING:
    from autor_nb.record.attempt import AttemptRecord

COLUMNS = 60
DRAWN = 24
TABLES = 6


def data_profile(record: AttemptRecord) -> Shown | Several:
    """The agent's own profile if there is one, else a look at the tables under data/."""
    profile = object_of(record.view, "data/profile.json")
    columns = [column for column in _list(profile.get("columns")) if isinstance(column, dict) and column.get("name")]
    if not columns:
        return _tables(record)
    rows_line = [f"{number_words(profile.get('rows'))} rows"] if number(profile.get("rows")) is not None else []
    part = one_line(str(profile.get("part", "")), 40)
    said = f"{', '.join([*rows_line, count_words(len(columns), 'column')])}" + (f", {part} part only" if part else "")
    shown_rows = [_row(column) for column in columns[:COLUMNS]]
    more = caption(f"The first {COLUMNS} of {len(columns):,} columns.") if len(columns) > COLUMNS else NOTHING
    profile_table = table(["Column", "Kind", "Missing", "Distinct", "Values", "With target"], shown_rows, "llrrlr")
    rest = stack(caption(f"{said}."), _target(profile.get("target")), profile_table, more, _leakage(record))
    figure = _figure(columns)
    return Several((figure, rest)) if figure is not None else rest


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _row(column: dict[str, Any]) -> list[Words]:
    share = number(column.get("missing_share"))
    missing = number_words(column.get("missing")) + (f" ({share:.1%})" if share else "")
    association = number_words(column.get("association"), 2)
    kind = one_line(str(column.get("association_kind", "")), 24)
    return [
        code(one_line(str(column["name"]), 60)),
        one_line(str(column.get("kind", "")), 20),
        missing,
        number_words(column.get("distinct")),
        _values(column),
        f"{association} {kind}".strip(),
    ]


def _values(column: dict[str, Any]) -> str:
    levels = column.get("levels") or column.get("classes")
    if isinstance(levels, dict):
        return ", ".join(f"{one_line(str(name), 24)} {number_words(count)}" for name, count in list(levels.items())[:6])
    known = [number_words(column.get(key)) for key in ("min", "median", "max")]
    if all(known):
        spread = number_words(column.get("sd"), 3)
        return f"{known[0]} … {known[1]} … {known[2]}" + (f", SD {spread}" if spread else "")
    return ""


def _target(target: Any) -> Shown:
    if not isinstance(target, dict) or not target.get("name"):
        return NOTHING
    line = words("Target: ") + code(one_line(str(target["name"]), 60))
    values = _values(target)
    return line + words(f" — {values}") if values else line


def _figure(columns: list[dict[str, Any]]) -> Drawn | None:
    rated = [(abs(found), column) for column in columns if (found := number(column.get("association"))) is not None]
    if len(rated) < 2:
        return None
    rated.sort(key=lambda pair: (-pair[0], str(pair[1]["name"])))
    bars = tuple(
        Bar(one_line(str(column["name"]), 32), 0.0, size, number_words(column.get("association"), 2))
        for size, column in rated[:DRAWN]
    )
    return Drawn(Bars("Association with the target", bars, axis="strength of association with the target"))


def _leakage(record: AttemptRecord) -> Shown:
    looked = [
        item for item in _list(object_of(record.view, "data/leakage.json").get("checks")) if isinstance(item, dict)
    ]
    if not looked:
        return NOTHING
    rows: list[list[Words]] = []
    for item in looked[:30]:
        columns = [code(one_line(str(name), 40)) for name in _list(item.get("columns"))[:8]]
        named = columns[0] if columns else NOTHING
        for column in columns[1:]:
            named = named + words(", ") + column
        rows.append(
            [
                glyph("warning", "found") if item.get("found") else glyph("pass", "none"),
                one_line(str(item.get("title") or item.get("id", "")), 80),
                named,
                one_line(str(item.get("finding", "")), 240),
                one_line(str(item.get("action", "")), 160),
            ]
        )
    return stack(label("Looked for as leakage"), table(["", "What", "Columns", "Finding", "Done"], rows), gap=12)


def _tables(record: AttemptRecord) -> Shown:
    blocks: list[Shown] = []
    for path in sorted(record.view.files):
        found = (
            table_of(record.view, path)
            if path.startswith("data/") and path.lower().endswith((".csv", ".tsv")) and len(blocks) < TABLES
            else None
        )
        if found is None:
            continue
        rows: list[list[Words]] = []
        for name in found.header[:COLUMNS]:
            texts = found.column(name)
            present = [text for text in texts if text.strip()]
            values = [value for value in map(number, present) if value is not None]
            numeric = bool(present) and len(values) == len(present)
            said = (
                f"{number_words(min(values))} … {number_words(max(values))}"
                if numeric
                else ", ".join(one_line(text, 20) for text in sorted(set(present))[:4])
            )
            rows.append(
                [
                    code(one_line(name, 60)),
                    "numeric" if numeric else "text",
                    f"{len(texts) - len(present):,}",
                    f"{len(set(present)):,}",
                    said,
                ]
            )
        head = words("") + code(path) + words(f", {count_words(len(found.rows), 'row')}")
        body = table(["Column", "Kind", "Missing", "Distinct", "Values"], rows, "llrrl")
        blocks.append(details(head, body, text=True) if blocks else stack(caption(head), body))
    return stack(*blocks) if blocks else glyph("info", "There is no table under data/ and no data/profile.json.")
