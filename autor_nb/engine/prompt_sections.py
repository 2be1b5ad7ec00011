"""The sections of a prompt that hold what the run knows: each bounded, foreign text in fences only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from autor_nb.domain.artifact import FileEntry
from autor_nb.domain.check import Check
from autor_nb.domain.errors import StoreError
from autor_nb.domain.run import QA, Resource
from autor_nb.domain.stage import AttemptStatus, StageSpec
from autor_nb.domain.state import AttemptState, FeedbackGiven, StageState
from autor_nb.domain.summary import LEDGER
from autor_nb.engine.memory import GOAL_CHARS, Approved, intake_text, remarks
from autor_nb.engine.quote import bounded, fence, one_line
from autor_nb.store import objects
from autor_nb.store.layout import RunFolder
from autor_nb.store.view import MadeBy

RECOVERY_FROM = 3
FEEDBACK_CHARS = 32_000
FEEDBACK_SHOWN = 30
LIST_CHARS = 12_000
HANDOFF_CHARS = 8_000
FAILING_SHOWN = 20
WHOLE = ("Objective", "What I Did", "Key Results")
SHORT = ("Objective", "Key Results")


class Earlier(msgspec.Struct, frozen=True, kw_only=True):
    """How an earlier attempt of this stage ended, and which checks it failed."""

    attempt: int
    ending: str
    detail: str
    failing: tuple[Check, ...]


def gates_section(spec: StageSpec, gates: Sequence[tuple[str, str]]) -> str:
    """What the stage reads and makes, and what every check will ask; gates are cumulative."""
    lines = ["A program reads the files themselves after you have ended. A failing check stops the approval."]
    for words, paths in (("This stage reads", spec.needs), ("This stage makes", spec.produces)):
        if paths:
            lines.append(f"{words}: {', '.join(f'`{one_line(path)}`' for path in paths)}.")
    for words, own in (("New with this stage:", True), ("From earlier stages, still asked:", False)):
        chosen = [(name, text) for name, text in gates if (name in spec.checks) is own]
        if chosen:
            unknown = "a check of an installed package."
            lines += [words, "\n".join(f"- **{one_line(name)}**: {text or unknown}" for name, text in chosen)]
    return "\n\n".join(lines)


def goal_section(goal: str) -> str:
    """The goal, as data."""
    text = bounded(goal, GOAL_CHARS, "../user_input.txt")
    return f"What the person asked for, word for word:\n\n{fence(text)}"


def resources_section(resources: Iterable[Resource], left_out: Iterable[str] = ()) -> str:
    """The files that the person supplied, as an inventory."""
    lines = []
    for resource in resources:
        about = f"  {one_line(resource.description, 300)}" if resource.description else ""
        place = one_line(resource.dest_relative, 300).removeprefix("workspace/")
        lines.append(f"{place}  ({resource.resource_type}, {resource.size_bytes:,} bytes){about}")
    missing = [one_line(item, 400) for item in left_out]
    parts = (
        _listing("Copied into the workspace; read them, do not change them:", lines),
        _listing("Left out of what the person supplied; it is not in the workspace:", missing),
    )
    return "\n\n".join(part for part in parts if part)


def options_section(options: Mapping[str, str], venue: str, seed: int) -> str:
    """The choices made when the run was started."""
    chosen = {"venue": venue, "seed": str(seed), **options}
    return _listing("", [f"{one_line(key, 80)} = {one_line(value, 500)}" for key, value in chosen.items()])


def intake_section(intake: tuple[QA, ...]) -> str:
    """What the person answered."""
    return intake_text(intake) if intake else ""


def manifest_section(stages: Iterable[StageState], current: str) -> str:
    """One line a stage."""
    lines = []
    for stage in stages:
        note = "this stage" if stage.ref.slug == current else str(stage.status)
        if stage.approved and stage.ref.slug != current:
            note += f" (attempt {stage.approved})"
        lines.append(f"{stage.ref.slug}: {note}")
    return _listing("", lines)


def artifacts_section(files: Mapping[str, FileEntry], made: MadeBy, needs: Sequence[str]) -> str:
    """The workspace's files: what this stage reads first, then the rest while there is room, then counts."""
    wanted = tuple(need for need in needs if need)
    ordered = sorted(files, key=lambda path: (not (wanted and path.startswith(wanted)), path))
    lines: list[str] = []
    size = 0
    for position, path in enumerate(ordered):
        line = _artifact(files[path], made)
        size += len(line) + 1
        if size > LIST_CHARS:
            left = Counter(rest.partition("/")[0] if "/" in rest else "other" for rest in ordered[position:])
            counts = ", ".join(f"{left[name]:,} in {one_line(name, 40)}" for name in sorted(left)[:20])
            lines.append(f"… and {len(ordered) - position:,} more: {counts}")
            break
        lines.append(line)
    return _listing("", lines, LIST_CHARS * 2)


def _artifact(entry: FileEntry, made: MadeBy) -> str:
    maker = made.get((entry.path, entry.sha256))
    by = f"stage {maker[0]}, attempt {maker[1]}" if maker else "supplied"
    return f"{one_line(entry.path, 300)}  {entry.size_bytes:,} bytes  {by}"


def remembered(approved: Sequence[Approved], budget: int) -> tuple[str, str]:
    """Memory and handoffs within a budget: the oldest stages are first shortened to objective and results."""
    if not approved:
        return "", ""
    handoffs = _handoffs(approved, min(HANDOFF_CHARS, budget // (6 * len(approved))))
    room = budget - len(handoffs)
    blocks = [_block(stage, WHOLE) for stage in approved]
    for position, stage in enumerate(approved):
        if sum(map(len, blocks)) <= room:
            break
        blocks[position] = _block(stage, SHORT)
    if sum(map(len, blocks)) > room:
        share = max(300, room // (2 * len(approved)) - 200)
        blocks = [_block(stage, SHORT, share) for stage in approved]
    opening = "Approved by a person, or by a policy that they chose. Build on it; do not decide it again."
    return "\n\n".join([opening, *blocks]), handoffs


def _block(stage: Approved, names: Sequence[str], limit: int | None = None) -> str:
    whole = f"../stages/{stage.ref.slug}.md"
    parts = [f"### {stage.title}"]
    if names is SHORT:
        parts.append(f"Shortened to objective and key results; the whole summary is `{whole}`.")
    parts += remarks(stage)
    for name in names:
        text = stage.sections.get(name, "")
        if text:
            parts += [f"{name}:", fence(bounded(text, limit, whole) if limit else text, "markdown")]
    return "\n\n".join(parts)


def _handoffs(approved: Sequence[Approved], limit: int) -> str:
    parts = []
    for stage in approved:
        for name in ("Files Produced", LEDGER):
            text = stage.sections.get(name, "")
            if text:
                shown = bounded(text, limit, f"../handoff/{stage.ref.slug}.md")
                parts += [f"### {stage.title}: {name}", fence(shown, "markdown")]
    return "\n\n".join(parts)


def earlier_attempts(run: RunFolder, stage: StageState, attempt: int) -> tuple[Earlier, ...]:
    """What earlier attempts failed with, from the third attempt on, back to the stage's last fresh start."""
    if attempt < RECOVERY_FROM:
        return ()
    found: list[Earlier] = []
    for past in reversed(stage.attempts[: attempt - 1]):
        if past.status is AttemptStatus.WITHDRAWN:
            break
        failing = tuple(check for check in _checks(run, past) if not check.passed)
        found.append(
            Earlier(attempt=past.attempt, ending=str(past.ending or "lost"), detail=past.detail, failing=failing)
        )
        if past.trigger == "redo":
            break
    return tuple(reversed(found))


def _checks(run: RunFolder, attempt: AttemptState) -> tuple[Check, ...]:
    if attempt.checks or not attempt.checks_object:
        return attempt.checks
    try:
        return objects.get_checks(run, attempt.checks_object)
    except (StoreError, msgspec.DecodeError):
        return ()


def recovery_section(earlier: Sequence[Earlier], attempt: int) -> str:
    """Recovery notes: what not to run into again."""
    if not earlier:
        return ""
    lines = []
    for past in earlier:
        detail = f": {one_line(past.detail, 500)}" if past.detail else ""
        lines.append(f"attempt {past.attempt} ended {past.ending}{detail}")
        blocking_first = sorted(past.failing, key=lambda check: not check.blocks)
        for check in blocking_first[:FAILING_SHOWN]:
            subject = f" [{one_line(check.subject, 160)}]" if check.subject else ""
            lines.append(f"  {check.severity} {check.id}{subject} {one_line(check.title, 160)}")
            lines += [f"    read: {one_line(check.detail, 300)}"] if check.detail else []
            lines += [f"    mend: {one_line(check.remedy, 300)}"] if check.remedy else []
        if len(past.failing) > FAILING_SHOWN:
            lines.append(f"  … and {len(past.failing) - FAILING_SHOWN} more failing checks")
        if not past.failing and past.ending == "finished":
            lines.append("  no check failed; the person wanted something else (see the feedback)")
    opening = (
        f"This is attempt {attempt}. Before you begin, find out why the earlier ones did not suffice; "
        "do not repeat what failed, and mend the cause rather than the message."
    )
    return _listing(opening, lines)


def feedback_section(feedback: Sequence[FeedbackGiven]) -> str:
    """All feedback on the stage, oldest first; when it is much, the newest stays whole the longest."""
    if not feedback:
        return ""
    blocks: list[str] = []
    room = FEEDBACK_CHARS
    for given in reversed(feedback[-FEEDBACK_SHOWN:]):
        words = f"suggestion {given.suggestion}" if given.suggestion else "feedback"
        text = bounded(given.text, max(room, 500))
        room -= len(text)
        who = one_line(str(given.by), 80)
        blocks.append(f"On attempt {given.attempt} ({words}, by {who}):\n\n{fence(text)}")
    opening = (
        "Change the work accordingly, not only its description: new results where results are asked for. "
        "All of it still holds; where two pieces disagree, the last one counts. What you cannot do, name in "
        "the summary."
    )
    return "\n\n".join([opening, *reversed(blocks)])


def _listing(opening: str, lines: Sequence[str], limit: int = LIST_CHARS) -> str:
    if not lines:
        return ""
    block = fence(bounded("\n".join(lines), limit))
    return f"{opening}\n\n{block}" if opening else block
