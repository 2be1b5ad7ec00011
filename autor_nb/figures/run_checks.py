"""A run's checks as a matrix: groups of checks by stage, or by the attempts of one stage."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from autor_nb.domain.check import Check
from autor_nb.domain.state import AttemptState, RunState
from autor_nb.figures.grid import Cell, Grid, GridRow
from autor_nb.record.units import count_words

Answers = Callable[[AttemptState], Sequence[Check]]
COLUMNS = 20
ROWS = 80
_WORST = ("fail", "warning", "waived", "pass")


def recorded(attempt: AttemptState) -> Sequence[Check]:
    """The answers that stand in the log itself (an object holds them where there were too many for a line)."""
    return attempt.checks


def check_matrix(
    state: RunState,
    answers: Answers = recorded,
    *,
    attempts: Mapping[str, int] | None = None,
    every: bool = False,
) -> Grid:
    """Stages × checks. `attempts` chooses an attempt by slug (else the newest); `every` lists checks that pass, too."""
    columns: list[tuple[str, str]] = []
    chosen: list[AttemptState | None] = []
    for stage in state.stages:
        number = (attempts or {}).get(stage.ref.slug)
        attempt = stage.attempt(number) if number else stage.latest
        chosen.append(attempt)
        columns.append((stage.ref.number, f"att. {attempt.attempt}" if attempt else ""))
    return _grid("Checks by stage", columns, chosen, answers, every, "")


def stage_check_matrix(state: RunState, stage: str, answers: Answers = recorded, *, every: bool = False) -> Grid:
    """Attempts × checks of one stage, the newest attempts if there are many."""
    found = state.stage(stage)
    attempts = found.attempts if found else []
    shown = attempts[-COLUMNS:]
    note = f"the newest {COLUMNS} of {len(attempts):,} attempts" if len(shown) < len(attempts) else ""
    title = f"Checks by attempt, {found.ref.number} {found.ref.title}" if found else "Checks by attempt"
    return _grid(title, [(str(attempt.attempt), "") for attempt in shown], list(shown), answers, every, note)


def _grid(
    name: str,
    columns: list[tuple[str, str]],
    attempts: Sequence[AttemptState | None],
    answers: Answers,
    every: bool,
    note: str,
) -> Grid:
    told = [_told(attempt, answers) if attempt is not None and attempt.checked else {} for attempt in attempts]
    titles: dict[str, str] = {}
    for column in reversed(told):  # later stages ask everything that earlier ones asked
        for check_id, (title, _) in column.items():
            titles.setdefault(check_id, title)
    groups: dict[str, list[str]] = {}
    for check_id in titles:
        groups.setdefault(check_id.partition(".")[0], []).append(check_id)
    rows: list[GridRow] = []
    for group, ids in groups.items():
        heads = [[cell for check_id in ids for cell in column.get(check_id, ("", ()))[1]] for column in told]
        rows.append(GridRow(_words(group), tuple(map(_worst, heads)), True, count_words(len(ids), "check")))
        for check_id in ids:
            cells = tuple(_worst(column.get(check_id, ("", ()))[1]) for column in told)
            if every or any(cell.status not in ("", "pass") for cell in cells):
                rows.append(GridRow(titles[check_id], cells))
    if len(rows) > ROWS:
        note = ", ".join(filter(None, [note, f"{len(rows) - ROWS:,} more rows"]))
    return Grid(name, tuple(columns), tuple(rows[:ROWS]), note)


def _told(attempt: AttemptState, answers: Answers) -> dict[str, tuple[str, tuple[Cell, ...]]]:
    """Check id → (title, a cell for every subject it was asked about)."""
    waived = {waiver.check_id: waiver.why for waiver in attempt.waivers}
    found: dict[str, tuple[str, tuple[Cell, ...]]] = {}
    for check in answers(attempt):
        title, cells = found.get(check.id, (check.title, ()))
        found[check.id] = (title, (*cells, _cell(check, waived)))
    return found


def _cell(check: Check, waived: Mapping[str, str]) -> Cell:
    said = ": ".join(part for part in (check.subject, check.detail) if part)[:90]
    if check.passed:
        return Cell("pass")
    if check.blocks and check.id in waived:
        return Cell("waived", 1, waived[check.id][:160])
    return Cell("fail" if check.blocks else "warning", 1, said)


def _worst(cells: Iterable[Cell]) -> Cell:
    """What a row says of several answers: the worst of them, how many there are of it, and the first one's words."""
    by_status: dict[str, list[Cell]] = {}
    for cell in cells:
        by_status.setdefault(cell.status, []).append(cell)
    for status in _WORST:
        if status in by_status:
            same = by_status[status]
            return Cell(status, len(same) if status != "pass" else 0, same[0].note)
    return Cell()


def _words(group: str) -> str:
    words = group.replace("_", " ")
    return words[:1].upper() + words[1:]
