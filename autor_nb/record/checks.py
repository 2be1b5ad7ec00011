"""The Checks of an attempt: asked again, with remedies, as a table and as a figure by attempt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autor_nb.domain.check import Check
from autor_nb.figures import Drawn, Matrix
from autor_nb.record.markup import (
    NOTHING,
    Several,
    Shown,
    Words,
    bold,
    caption,
    code,
    details,
    glyph,
    joined,
    muted,
    one_line,
    stack,
    words,
)
from autor_nb.record.tables import table
from autor_nb.record.units import count_words
from autor_nb.record.validation import Answer, Validated, validate

if TYPE_CHECKING:
    from autor_nb.record.attempt import AttemptRecord

ROWS = 400
DRAWN = 60
PASSING_SHOWN = 8
_ORDER = {"fail": 0, "warning": 1, "waived": 2, "pass": 3}


def checks(record: AttemptRecord) -> Shown:
    """The table: what fails first, then what the last attempt failed, then the rest."""
    found = validated(record)
    if not found.answers:
        return glyph("warning", "No rule was asked about this attempt.")
    before = _status_before(record)
    ordered = sorted(found.answers, key=lambda a: (_ORDER[a.status], not _mended(a, before), a.number))
    split = sum(answer.status != "pass" or _mended(answer, before) or bool(answer.differs) for answer in ordered)
    first, rest = ordered[: split + PASSING_SHOWN], ordered[split + PASSING_SHOWN :]
    if len(rest) <= 2:
        first, rest = ordered, []
    more = details(f"{len(rest)} more that pass", _table(rest[:ROWS], before), text=True) if rest else NOTHING
    return stack(_headline(found), _table(first[:ROWS], before), more, _comparison(found))


def validated(record: AttemptRecord) -> Validated:
    """The answers, asked for once per opened record."""
    known: Validated | None = record.__dict__.get("_validated")
    if known is None:
        known = record.__dict__["_validated"] = validate(record)
    return known


def _headline(found: Validated) -> Shown:
    count = {status: sum(answer.status == status for answer in found.answers) for status in _ORDER}
    parts = [f"{count['pass']} pass"]
    if count["warning"]:
        parts.append(count_words(count["warning"], "warning"))
    if count["waived"]:
        parts.append(f"{count['waived']} waived by a person")
    blocking = (
        f"{count['fail']} {'blocks' if count['fail'] == 1 else 'block'} approval"
        if count["fail"]
        else "none blocks approval"
    )
    line = bold(f"{count_words(len(found.answers), 'check')}: {', '.join(parts)}, {blocking}.")
    return Shown(f'<p style="margin:0 0 6px">{line.html}</p>', line.markdown, line.text)


def _table(answers: list[Answer], before: dict[tuple[str, str], str]) -> Shown:
    rows: list[list[Words]] = []
    for answer in answers:
        check = answer.check
        read = joined(
            [
                part
                for part in (
                    code(check.subject) if check.subject and not check.detail.startswith(check.subject) else NOTHING,
                    words(one_line(check.detail, 500)),
                )
                if part.text
            ],
            " ",
        )
        rows.append(
            [
                str(answer.number),
                glyph(answer.status),
                one_line(check.title, 200),
                read,
                _remedy(answer, before),
            ]
        )
    return table(["#", "Result", "Check", "Read", "Remedy"], rows, "rllll")


def _remedy(answer: Answer, before: dict[tuple[str, str], str]) -> Shown:
    parts: list[Shown] = []
    if not answer.check.passed:
        parts.append(words(one_line(answer.check.remedy, 600)))
    if answer.waived:
        parts.append(muted(f"Waived: {one_line(answer.waived, 300)}"))
    if answer.check.blocks and not answer.waived:
        parts.append(muted("Cannot be waived.") if not answer.check.waivable else code(f"--waive {answer.check.id}"))
    if _mended(answer, before):
        parts.append(muted("was failing in the attempt before"))
    if answer.differs:
        parts.append(glyph("warning", answer.differs))
    return joined(parts, " ")


def _mended(answer: Answer, before: dict[tuple[str, str], str]) -> bool:
    return answer.status == "pass" and before.get(_key(answer.check), "pass") == "fail"


def _key(check: Check) -> tuple[str, str]:
    return check.id, check.subject


def _status_before(record: AttemptRecord) -> dict[tuple[str, str], str]:
    """Status by rule and subject in the attempt before, by rule alone where the subject changed."""
    if record.previous is None:
        return {}
    found: dict[tuple[str, str], str] = {}
    for check in record.recorded_checks(record.previous):
        found[_key(check)] = recorded_status(check)
    return found


def recorded_status(check: Check) -> str:
    """A recorded answer as a key of palette.STATUS."""
    return "pass" if check.passed else "fail" if check.blocks else "warning"


def _comparison(found: Validated) -> Shown:
    if not found.recorded:
        return caption("The log holds no answers to compare with.")
    differing, gone = found.differing, found.gone
    if not differing and not gone:
        return caption("Asked again now; every answer is the recorded one.")
    said = []
    if differing:
        said.append(
            f"{count_words(len(differing), 'answer')} differ from the recorded ones "
            f"({', '.join(str(answer.number) for answer in differing[:20])})"
        )
    if gone:
        said.append("no longer asked: " + ", ".join(one_line(check.id, 60) for check in gone[:20]))
    return glyph("warning", "Asked again now: " + "; ".join(said) + ".")


def checks_figure(record: AttemptRecord) -> Shown | Several:
    """Statuses by attempt, with the table's numbers."""
    answers = list(validated(record).answers)
    if not answers:
        return glyph("warning", "No rule was asked about this attempt.")
    drawn = answers if len(answers) <= DRAWN else [a for a in answers if a.status != "pass"][:DRAWN] or answers[:DRAWN]
    groups: dict[str, list[Answer]] = {}
    for answer in drawn:
        groups.setdefault(answer.group, []).append(answer)
    flat = [answer for members in groups.values() for answer in members]
    rows = [(f"attempt {record.attempt.attempt}", tuple(answer.status for answer in flat))]
    earlier = [
        attempt
        for attempt in record.stage_state.attempts
        if attempt.attempt < record.attempt.attempt and attempt.checked
    ][-3:]
    for attempt in reversed(earlier):
        known = {_key(check): recorded_status(check) for check in record.recorded_checks(attempt)}
        rows.insert(0, (f"attempt {attempt.attempt}", tuple(known.get(_key(answer.check), "none") for answer in flat)))
    figure = Matrix(
        "Checks by attempt",
        tuple((name, tuple(str(answer.number) for answer in members)) for name, members in groups.items()),
        tuple(rows),
        tuple(one_line(answer.check.title, 80) for answer in flat),
    )
    return Several((Drawn(figure), _figure_caption(answers, len(drawn), rows)))


def _figure_caption(answers: list[Answer], drawn: int, rows: list[tuple[str, tuple[str, ...]]]) -> Shown:
    said = "Numbers are those of the table."
    if drawn < len(answers):
        said += f" {drawn} of {len(answers)} are drawn: those that do not pass."
    if len(rows) > 1:
        now, last = rows[-1][1], rows[-2][1]
        mended = sum(old == "fail" and new != "fail" for old, new in zip(last, now, strict=True))
        fresh = sum(old not in ("fail", "none") and new == "fail" for old, new in zip(last, now, strict=True))
        said += f" Against {rows[-2][0]}: {count_words(mended, 'blocking failure')} mended, {fresh} new."
    return caption(said)
