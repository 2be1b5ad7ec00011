"""What changed since the attempt before: results in numbers, checks, files, and what was asked and done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autor_nb.record.checks import recorded_status, validated
from autor_nb.record.folds import Results, results
from autor_nb.record.markup import (
    NOTHING,
    Shown,
    Words,
    caption,
    code,
    details,
    glyph,
    label,
    muted,
    one_line,
    side_by_side,
    stack,
    words,
)
from autor_nb.record.readings import json_of, leaves, object_of
from autor_nb.record.tables import table
from autor_nb.record.units import change_words, count_words, number_words

if TYPE_CHECKING:
    from autor_nb.record.attempt import AttemptRecord
    from autor_nb.store.view import StoredAttempt

NUMBERS = 24
FILES = 100
_LEFT_OUT = ("results/experiment_manifest.json",)


def difference(record: AttemptRecord) -> Shown:
    """The two attempts beside one another."""
    previous = record.previous_view
    if previous is None:
        return muted("This is the stage's first attempt.")
    left = _block(_results(record, previous))
    right = _block(stack(_asked(record), _checks(record), _files(record, previous), gap=8))
    return side_by_side(left, right, gap="12px 32px")


def _block(inner: Shown) -> Shown:
    return Shown(f'<div style="flex:1 1 340px;min-width:0">{inner.html}</div>', inner.markdown, inner.text)


def _heads(record: AttemptRecord) -> tuple[str, str]:
    return f"attempt {record.attempt.attempt - 1}", f"attempt {record.attempt.attempt}"


def _results(record: AttemptRecord, previous: StoredAttempt) -> Shown:
    now, before = results(record.view), results(previous)
    if now is not None and before is not None and now.metric == before.metric:
        return _by_group(record, before, now)
    return _by_number(record, previous)


def _by_group(record: AttemptRecord, before: Results, now: Results) -> Shown:
    old, new = before.means(), now.means()
    heads = [
        f"{head}\n{count_words(max(map(len, read.groups.values())), 'seed')}"
        for head, read in zip(_heads(record), (before, now), strict=True)
    ]
    rows: list[list[Words]] = []
    for group in list(dict.fromkeys([*now.groups, *before.groups]))[:60]:
        title = now.titles.get(group) or before.titles[group]
        change: Words = (
            change_words(old[group], new[group])
            if group in old and group in new
            else muted("new" if group in new else "gone")
        )
        rows.append(
            [
                title,
                number_words(old[group]) if group in old else muted("not run"),
                number_words(new[group]) if group in new else muted("not run"),
                change,
            ]
        )
    return stack(label(f"Results, {now.metric}"), table(["Group", *heads, "change"], rows, "lrrr"), _moved(before, now))


def _moved(before: Results, now: Results) -> Shown:
    old, new = before.means(), now.means()
    pairs = [(group, abs(new[group] - old[group]), now.spread(group)[1]) for group in new if group in old]
    known = [(group, size, sd) for group, size, sd in pairs if sd]
    if not known:
        return NOTHING
    beyond = [now.titles[group] for group, size, sd in known if size > 2 * sd]
    if not beyond:
        return caption("No mean moved by more than two seed SDs.")
    return caption(f"Moved by more than two seed SDs: {', '.join(beyond[:8])}.")


def _by_number(record: AttemptRecord, previous: StoredAttempt) -> Shown:
    rows: list[list[Words]] = []
    left = 0
    for path in sorted(record.view.files):
        if not path.startswith("results/") or not path.endswith(".json") or path in _LEFT_OUT:
            continue
        old_entry, entry = previous.files.get(path), record.view.files[path]
        if old_entry is None or old_entry.sha256 == entry.sha256:
            continue
        old, new = leaves(json_of(previous, path)), leaves(json_of(record.view, path))
        for name, value in new.items():
            if name not in old or old[name] == value:
                continue
            if len(rows) >= NUMBERS:
                left += 1
                continue
            rows.append(
                [
                    code(path.removeprefix("results/")),
                    one_line(name, 80),
                    number_words(old[name]),
                    number_words(value),
                    change_words(old[name], value),
                ]
            )
    if not rows:
        return stack(label("Results"), muted("No number in results/ changed."))
    more = caption(f"{left:,} more numbers changed.") if left else NOTHING
    return stack(label("Results"), table(["File", "Number", *_heads(record), "change"], rows, "llrrr"), more)


def _asked(record: AttemptRecord) -> Shown:
    plan = object_of(record.view, "notes/plan.json")
    listed = plan.get("changes")
    attempts = (record.attempt.attempt, record.attempt.attempt - 1)
    changes = [
        item
        for item in (listed if isinstance(listed, list) else [])
        if isinstance(item, dict) and item.get("stage") == record.stage.slug and item.get("attempt") in attempts
    ]
    feedback = one_line(record.attempt.feedback, 600)
    if not changes and not feedback:
        causes = {"retry": "Nothing: the engine tried again.", "redo": "The stage was redone from the start."}
        return stack(label("What was asked"), words(causes.get(record.attempt.trigger, "Nothing.")))
    if not changes:
        return stack(label("What was asked"), words(feedback))
    rows: list[list[Words]] = []
    for item in changes[:20]:
        why = one_line(str(item.get("why", "")), 200)
        setting = f"{one_line(str(item.get('field', '')), 40)} {one_line(str(item.get('value', '')), 60)}".strip()
        done = (
            glyph("pass", "done") + words(f": {setting}" + (f", {why}" if why else ""))
            if item.get("done", True)
            else glyph("warning", "not done") + words(f": {why}")
        )
        rows.append([one_line(str(item.get("asked", "")), 160), done])
    return stack(label("What was asked, what was done"), table(["Asked", "Done"], rows))


def _checks(record: AttemptRecord) -> Shown:
    assert record.previous is not None
    before = {(check.id, check.subject): recorded_status(check) for check in record.recorded_checks(record.previous)}
    mended, fresh = [], []
    for answer in validated(record).answers:
        was = before.get((answer.check.id, answer.check.subject))
        if was == "fail" and answer.status != "fail":
            mended.append(str(answer.number))
        elif was not in (None, "fail") and answer.status == "fail":
            fresh.append(str(answer.number))
    said = count_words(len(mended), "blocking failure") + " mended" + (f" ({', '.join(mended[:20])})" if mended else "")
    said += ", " + (f"{len(fresh)} new ({', '.join(fresh[:20])})" if fresh else "none new") + "."
    return stack(label("Checks"), words(said))


def _files(record: AttemptRecord, previous: StoredAttempt) -> Shown:
    old, new = previous.files, record.view.files
    kinds = {
        "new": sorted(set(new) - set(old)),
        "changed": sorted(path for path in new if path in old and old[path].sha256 != new[path].sha256),
        "removed": sorted(set(old) - set(new)),
    }
    number = record.attempt.attempt - 1
    line = words(
        f"{count_words(len(kinds['new']), 'file')} new, {len(kinds['changed']):,} changed, "
        f"{len(kinds['removed']):,} removed; attempt {number} stays readable."
    )
    rows: list[list[Words]] = [[kind, code(one_line(path, 120))] for kind, paths in kinds.items() for path in paths]
    if not rows:
        return stack(label("Files"), line)
    listed = details("Which files", table(["", "File"], rows[:FILES]), text=True)
    return stack(label("Files"), line, listed)
