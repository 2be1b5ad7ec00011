"""Two attempts, or two runs, side by side: facts, checks, results, files and words; what differs, or all of it."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from autor_nb import control
from autor_nb.desk import clean, files, words
from autor_nb.desk.attempt import recorded
from autor_nb.desk.since import numbers_of
from autor_nb.domain import summary
from autor_nb.domain.check import Check
from autor_nb.domain.errors import UsageError
from autor_nb.domain.state import AttemptState, RunState, StageState
from autor_nb.record.units import change_words, number_words, size_words
from autor_nb.store.layout import RunFolder

ROWS = 200
LINES = 60
CELL = 240
LONG, SHORT = 1_000, 300
NOT_RESULTS = ("results/experiment_manifest.json",)


@dataclass(frozen=True)
class Side:
    """One of the two: an attempt of a stage, in its run."""

    run: RunFolder
    state: RunState
    stage: StageState
    attempt: AttemptState

    @property
    def title(self) -> str:
        """`05 Experimentation, attempt 2`."""
        return f"{self.stage.ref.number} {clean.line(self.stage.ref.title, 80)}, attempt {self.attempt.attempt}"


@dataclass(frozen=True)
class Row:
    """One thing on both sides; `tone` says whether the change is good or bad, where that is known."""

    what: str
    left: str
    right: str
    change: str = ""
    tone: str = "idle"

    @property
    def differs(self) -> bool:
        """Whether the two sides are not the same."""
        return self.left != self.right or bool(self.change)


def side_of(run: RunFolder, stage: str, attempt: int | None = None, state: RunState | None = None) -> Side:
    """An attempt (by default the newest that ended) of a stage; UsageError in words if there is none."""
    state = state or control.snapshot(run).state
    found = state.stage(stage)
    if found is None:
        known = ", ".join(each.ref.number for each in state.stages)
        raise UsageError(f"Run {run.run_id} has no stage {clean.line(stage, 60)}.", f"Stages: {known}.")
    ended = [each for each in found.attempts if each.ended_at]
    chosen = found.attempt(attempt) if attempt is not None else (ended[-1] if ended else None)
    if chosen is None or not chosen.ended_at:
        numbers = ", ".join(str(each.attempt) for each in ended) or "none has ended yet"
        raise UsageError(
            f"Stage {found.ref.number} of run {run.run_id} has no ended attempt {attempt or ''}".rstrip() + ".",
            f"Attempts: {numbers}.",
        )
    return Side(run, state, found, chosen)


def compare_attempts(left: Side, right: Side, everything: bool = False) -> dict[str, Any]:
    """A Compare document of two attempts."""
    sections = [
        ("Facts", _facts(left, right)),
        ("Checks", _checks(left, right)),
        ("Results", _results(left, right)),
        ("Files", _files(left, right)),
        ("Draft", _draft(left, right)),
    ]
    same_run = left.run.path == right.run.path
    return _document(_head(left, same_run), _head(right, same_run), sections, everything)


def compare_runs(left: RunFolder, right: RunFolder, everything: bool = False) -> dict[str, Any]:
    """A Compare document of two runs: set-up, each stage's standing, checks and summary, and the latest results."""
    one, two = control.snapshot(left), control.snapshot(right)
    sections = [("Set-up", _set_up(one.state, two.state)), ("Stages", _stages(one.state, two.state))]
    both = list(_both(left, one.state, right, two.state))
    sections.append(("Checks", [_in_stage(pair[0], row) for pair in both for row in _checks(*pair)]))
    last = [newest(run, now.state) for run, now in ((left, one), (right, two))]
    if last[0] is not None and last[1] is not None:
        sections += [("Results", _results(last[0], last[1])), ("Files", _files(last[0], last[1]))]
    sections.append(("Drafts", [_in_stage(pair[0], row) for pair in both for row in _draft(*pair, SHORT)]))
    heads = [
        {
            "title": f"Run {run.run_id}",
            "meta": [
                words.STATES[now.status][0],
                *([f"worked {words.length(now.state.work_s)}"] if now.state.work_s else []),
            ],
        }
        for run, now in ((left, one), (right, two))
    ]
    return _document(heads[0], heads[1], sections, everything)


def _document(
    left: dict[str, Any], right: dict[str, Any], sections: list[tuple[str, list[Row]]], everything: bool
) -> dict[str, Any]:
    shown = []
    for title, rows in sections:
        kept = [row for row in rows if everything or row.differs]
        shown.append(
            {
                "title": title,
                "rows": [vars(row) for row in kept[:ROWS]],
                "hidden": len(rows) - len(kept),
                "left_out": max(0, len(kept) - ROWS),
            }
        )
    same = not any(row.differs for _, rows in sections for row in rows)
    return {"left": left, "right": right, "same": same, "sections": shown, "text": _text(left, right, shown, same)}


def _head(side: Side, same_run: bool) -> dict[str, Any]:
    attempt = side.attempt
    meta = [words.attempt_words(attempt)[0], f"worked {words.length(attempt.duration_s)}"]
    if attempt.cost_usd is not None:
        meta.append(f"${attempt.cost_usd:.2f}")
    return {"title": side.title if same_run else f"{side.run.run_id}: {side.title}", "meta": meta}


def _facts(left: Side, right: Side) -> list[Row]:
    one, two = left.attempt, right.attempt
    rows = [
        Row("Ending", str(one.ending or ""), str(two.ending or "")),
        Row("Agent", *(clean.line(f"{a.agent} {a.model}".strip(), 80) for a in (one, two))),
        Row("Asked for", *(clean.line(a.feedback, CELL) for a in (one, two))),
    ]
    return [row for row in rows if row.left or row.right]


def _checks(left: Side, right: Side) -> list[Row]:
    one, two = _by_check(left), _by_check(right)
    rows = []
    for key in dict.fromkeys([*two, *one]):
        before, after = one.get(key), two.get(key)
        title = clean.line((after or before).title, 160)  # type: ignore[union-attr]
        subject = clean.line(key[1], 80)
        change, tone = _check_change(before, after)
        rows.append(Row(f"{title} ({subject})" if subject else title, _said(before), _said(after), change, tone))
    return sorted(rows, key=lambda row: not row.differs)


def _by_check(side: Side) -> dict[tuple[str, str], Check]:
    return {(check.id, check.subject): check for check in recorded(side.run, side.attempt)}


def _said(check: Check | None) -> str:
    if check is None:
        return "not asked"
    return "passes" if check.passed else str(check.severity)


def _check_change(before: Check | None, after: Check | None) -> tuple[str, str]:
    if before is None or after is None or before.passed == after.passed:
        return "", "idle"
    return ("mended", "ok") if after.passed else ("broken", "fail")


def _results(left: Side, right: Side) -> list[Row]:
    one, two = numbers_of_attempt(left), numbers_of_attempt(right)
    rows = []
    for name in dict.fromkeys([*two, *one]):
        before, after = one.get(name), two.get(name)
        change = change_words(before, after) if before is not None and after is not None and before != after else ""
        rows.append(Row(clean.line(name, 160), number_words(before), number_words(after), change))
    return rows


def numbers_of_attempt(side: Side) -> dict[str, float]:
    """Every number of the attempt's results, by file and place in it."""
    found: dict[str, float] = {}
    for path, entry in sorted(files.around(side.run, side.attempt)[1].items()):
        if path.startswith("results/") and path not in NOT_RESULTS and path.lower().endswith(".json"):
            for name, value in numbers_of(side.run, entry).items():
                found[f"{path[8:]}: {name}"] = value
    return found


def _files(left: Side, right: Side) -> list[Row]:
    one, two = files.around(left.run, left.attempt)[1], files.around(right.run, right.attempt)[1]
    rows = []
    for path in sorted({*one, *two} - {files.DRAFT}):
        before, after = one.get(path), two.get(path)
        sizes = [size_words(entry.size_bytes) if entry else "" for entry in (before, after)]
        same = before is not None and after is not None and before.sha256 == after.sha256
        change = "" if same else "new" if before is None else "gone" if after is None else "changed"
        rows.append(Row(clean.path(path), sizes[0], sizes[1], change))
    return rows


def _draft(left: Side, right: Side, limit: int = LONG) -> list[Row]:
    """Each section's changed lines: what went on the left, what came on the right."""
    one, two = _sections(left), _sections(right)
    rows = []
    for name in dict.fromkeys([*two, *one]):
        before, after = one.get(name, "").splitlines(), two.get(name, "").splitlines()
        gone, came = [], []
        for line in difflib.ndiff(before, after) if max(len(before), len(after)) <= 400 else ():
            if line[0] == "-" and line[2:].strip():
                gone.append(line[2:])
            elif line[0] == "+" and line[2:].strip():
                came.append(line[2:])
        change = f"{len(gone)} lines went, {len(came)} came" if gone or came else ("changed" if before != after else "")
        left_text, right_text = "\n".join(gone[:LINES]), "\n".join(came[:LINES])
        rows.append(Row(name, clean.cut(left_text, limit)[0], clean.cut(right_text, limit)[0], change))
    return rows


def _sections(side: Side) -> dict[str, str]:
    path = side.attempt.summary_path
    if not path:
        return {}
    try:
        text = (side.run.path / path).read_bytes().decode("utf-8", "replace")
    except OSError:
        return {}
    return summary.parse(text).sections


def _set_up(one: RunState, two: RunState) -> list[Row]:
    rows = [Row("Goal", clean.line(one.goal, CELL), clean.line(two.goal, CELL))]
    for what in ("agent", "model", "venue", "reviewer", "seed"):
        left, right = (clean.line(str(state.config.get(what, "")), 80) for state in (one, two))
        if left or right:
            rows.append(Row(what.capitalize(), left, right))
    options = [state.config.get("options") or {} for state in (one, two)]
    for key in dict.fromkeys([*options[0], *options[1]]):
        values = [clean.line(str(given.get(key, "")), CELL) for given in options]
        rows.append(Row(f"--set {clean.line(str(key), 60)}", values[0], values[1]))
    given = [", ".join(sorted(r.dest_relative.rsplit("/", 1)[-1] for r in state.resources)) for state in (one, two)]
    return [*rows, Row("Resources", clean.line(given[0], CELL), clean.line(given[1], CELL))]


def _stages(one: RunState, two: RunState) -> list[Row]:
    titles = {stage.ref.slug: stage.ref for state in (one, two) for stage in state.stages}
    return [
        Row(f"{ref.number} {clean.line(ref.title, 80)}", _standing(one, slug), _standing(two, slug))
        for slug, ref in sorted(titles.items())
    ]


def _standing(state: RunState, slug: str) -> str:
    stage = state.stage(slug)
    if stage is None:
        return "not in this run"
    word = words.stage_words(stage)[0]
    if not stage.attempts:
        return word
    failing = len(stage.attempts[-1].open_blocking)
    said = [word, words.count(len(stage.attempts), "attempt")]
    return ", ".join(said + ([f"{failing} blocking"] if failing else []))


def _both(left: RunFolder, one: RunState, right: RunFolder, two: RunState) -> Iterator[tuple[Side, Side]]:
    """The newest attempts of each stage that has been worked on in both runs."""
    for stage in one.stages:
        sides = [_newest_of(run, state, stage.ref.slug) for run, state in ((left, one), (right, two))]
        if sides[0] is not None and sides[1] is not None:
            yield sides[0], sides[1]


def _newest_of(run: RunFolder, state: RunState, slug: str) -> Side | None:
    stage = state.stage(slug)
    ended = [attempt for attempt in stage.attempts if attempt.ended_at] if stage is not None else []
    return Side(run, state, stage, ended[-1]) if stage is not None and ended else None


def _in_stage(side: Side, row: Row) -> Row:
    return dataclasses.replace(row, what=f"{side.stage.ref.number} {row.what}")


def newest(run: RunFolder, state: RunState) -> Side | None:
    """The attempt of a run that ended last and left files, whichever its stage."""
    ended = [(a.ended_at, stage, a) for stage in state.stages for a in stage.attempts if a.ended_at and a.files_after]
    if not ended:
        return None
    _, stage, attempt = max(ended, key=lambda each: each[0])
    return Side(run, state, stage, attempt)


def _text(left: dict[str, Any], right: dict[str, Any], sections: list[dict[str, Any]], same: bool) -> str:
    lines = [f"{left['title']}  against  {right['title']}"]
    if same:
        return "\n".join([*lines, "Nothing differs."])
    for section in sections:
        if section["rows"]:
            lines += ["", section["title"]]
        for row in section["rows"]:
            change = f"  ({row['change']})" if row["change"] else ""
            said = f"{row['left'] or '-'} -> {row['right'] or '-'}" if "\n" not in row["left"] + row["right"] else ""
            lines.append(f"  {row['what']}: {said}{change}")
        if section["left_out"]:
            lines.append(f"  and {section['left_out']} more")
    return "\n".join(lines)
