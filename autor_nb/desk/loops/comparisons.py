"""What the newest comparison of a family on common fresh seeds found, as the loop that it began with keeps it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec

from autor_nb.desk import clean
from autor_nb.desk.words import count
from autor_nb.domain.loops.course import scale_of
from autor_nb.domain.loops.forks import CompareReport, VariantRow
from autor_nb.figures.loop_words import Numbers, e_words
from autor_nb.store.loops.layout import LoopFolder

MOST_BYTES = 4_000_000
TRIED = 5
"""So many of the newest files are read, to find one that was finished."""
_NAME = re.compile(r"compare_(\d{1,9})\.json")
Document = dict[str, Any]


class Comparisons:
    """The comparisons that lie in a loop's `reports` folder; read again only when there is a new one."""

    def __init__(self, root: LoopFolder) -> None:
        self.folder = root.path / "reports"
        self._seen: tuple[Any, ...] | None = None
        self._found: tuple[CompareReport | None, str] = None, ""

    def stamp(self) -> tuple[Any, ...]:
        """Changes when a comparison was added or written anew."""
        found = []
        for path in self._paths():
            try:
                stat = path.stat()
            except OSError:
                continue
            found.append((path.name, stat.st_size, stat.st_mtime_ns))
        return tuple(found)

    def newest(self, config: dict[str, Any]) -> tuple[CompareReport | None, str]:
        """(the newest that was finished and measured what the loop measures now, what is wrong with newer ones)."""
        stamp = self.stamp()
        if stamp != self._seen:
            self._seen, self._found = stamp, self._read()
        report, wrong = self._found
        if report is not None and _measured(msgspec.to_builtins(report.request.config)) != _measured(config):
            return None, "The newest comparison measured something else than the loop does now."
        return report, wrong

    def _paths(self) -> list[Path]:
        try:
            named = [(int(found[1]), path) for path in self.folder.iterdir() if (found := _NAME.fullmatch(path.name))]
        except OSError:
            return []
        return [path for _, path in sorted(named, reverse=True)[:TRIED]]

    def _read(self) -> tuple[CompareReport | None, str]:
        wrong = ""
        for path in self._paths():
            try:
                with path.open("rb") as stream:
                    report = msgspec.json.decode(stream.read(MOST_BYTES), type=CompareReport)
            except (OSError, ValueError, RecursionError):
                wrong = wrong or f"{path.name} cannot be read."
                continue
            if not report.interrupted:
                return report, wrong
            done, wanted = len(report.seeds), report.request.seeds
            wrong = wrong or f"The newest was interrupted after {done} of {count(wanted, 'seed')}: it ranks nothing."
        return None, wrong


def document(report: CompareReport | None, wrong: str, name: str) -> Document:
    """The comparison as a whole; `at` is empty where there is none, and `how` says how to come by one."""
    how = f"autor loop compare {name}"
    found: Document = {"at": "", "text": "", "better": "", "hint": "", "wrong": wrong, "how": how, "ok": False}
    if report is None:
        return found
    sure = [clean.line(row.loop, 60) for row in report.rows if row.better_e]
    only = [clean.line(row.loop, 60) for row in report.rows if row.better_p and not row.better_e]
    rate = f"{100 * report.request.q:g} %"
    return {
        **found, "at": report.at, "ok": bool(sure),
        "text": f"Δ to the commit they began from on {count(len(report.seeds), 'common fresh seed')}, 95 % CS",
        "better": f"e-BH at {rate}: {_listed(sure)} better than it." if sure
        else f"e-BH at {rate}: none is shown to be better than it; more seeds would tell.",
        "hint": f"By BH alone, which asks for normal noise: {_listed(only)} better." if only else "",
    }  # fmt: skip


def _measured(config: dict[str, Any]) -> tuple[Any, ...]:
    """What a configuration measures, as far as two may be held against each other."""
    return scale_of(config), (config.get("metric") or {}).get("name"), config.get("scalarizer") or ""


def _listed(names: list[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]} are" if len(names) > 1 else f"{names[0]} is"


def row_of(report: CompareReport | None, name: str, head: str | int, places: Numbers) -> Document | None:
    """One member's part of it, in the metric's own units; None where the comparison does not have it.

    `head` is what the member stands at now, its commit or its number: the comparison may be of an earlier one.
    """
    row = next((one for one in report.rows if one.loop == name), None) if report is not None else None
    if row is None:
        return None
    stale = "" if head in (row.n, row.commit) else f"of #{row.n}, it has moved on since"
    if row.mean is None:
        return {"change": "", "interval": "", "e": "", "by": "", "ends": None, "why": clean.line(row.why_not, 200),
                "stale": stale, "kind": "discard"}  # fmt: skip
    change, low, high = _turned(row, places)
    by = " and ".join(word for word, holds in (("e-BH", row.better_e), ("BH", row.better_p)) if holds)
    return {
        "change": places.change(change), "interval": places.interval(low, high), "e": e_words(row.e_value),
        "by": f"better by {by}" if by else "not shown to be better", "ends": [change, low, high, 1], "why": "",
        "stale": stale, "kind": "keep" if row.better_e else "discard",
    }  # fmt: skip


def _turned(row: VariantRow, places: Numbers) -> tuple[float, float | None, float | None]:
    """(mean, low, high) as changes of the metric."""
    assert row.mean is not None
    ends = row.interval or (None, None)
    low, high = (None if end is None else places.scale.change(end) for end in ends)
    return places.scale.change(row.mean), *((low, high) if places.scale.higher else (high, low))


def span_of(rows: list[Document | None]) -> list[float]:
    """How far the picture of all differences goes to each side of none: intervals whole, infinite ends left out."""
    ends = [abs(end) for row in rows if row and row["ends"] for end in row["ends"][:3] if end is not None]
    far = max(ends, default=0.0) * 1.1 or 1.0
    return [-far, far]
