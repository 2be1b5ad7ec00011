"""What a run knows for certain: approved summaries and intake, read back from the log and what it names.

`memory.md` is made whole from these every time and never edited in place.
"""

from __future__ import annotations

from functools import lru_cache

import msgspec

from autor_nb.domain.errors import StoreError
from autor_nb.domain.run import QA
from autor_nb.domain.stage import StageRef
from autor_nb.domain.state import AttemptState, RunState, Waiver
from autor_nb.domain.summary import LEDGER, parse
from autor_nb.engine.quote import bounded, fence, one_line
from autor_nb.store import objects
from autor_nb.store.layout import RunFolder

GOAL_CHARS = 24_000
SECTION_CHARS = 40_000
KEPT = ("Objective", "What I Did", "Key Results", "Files Produced", LEDGER)


class Approved(msgspec.Struct, frozen=True, kw_only=True):
    """An approved stage with the sections of its summary that later stages may need."""

    ref: StageRef
    attempt: int
    written_by: str
    sections: dict[str, str]
    waivers: tuple[Waiver, ...] = ()

    @property
    def title(self) -> str:
        """How the stage is named to readers."""
        return f"Stage {self.ref.number}: {self.ref.title} (attempt {self.attempt})"


def summary_bytes(run: RunFolder, attempt: AttemptState) -> bytes | None:
    """The attempt's summary as the engine read it, from its file, else from the kept draft."""
    if not attempt.summary_path:
        return None
    try:
        return (run.path / attempt.summary_path).read_bytes()
    except OSError:
        try:
            return objects.get(run, attempt.draft_sha256)
        except StoreError:
            return None


@lru_cache(maxsize=64)
def sections_of(text: str) -> dict[str, str]:
    """The sections of a summary that are worth remembering; an unreadable one counts as one section."""
    summary = parse(text)
    if not summary.sections:
        return {"Key Results": bounded(text, SECTION_CHARS)}
    return {
        name: bounded(summary.sections[name], SECTION_CHARS) for name in KEPT if summary.sections.get(name, "").strip()
    }


@lru_cache(maxsize=64)
def artifact_paths(text: str) -> tuple[str, ...]:
    """The files that a summary names as produced."""
    return tuple(one_line(file.path, 500) for file in parse(text).files[:500])


def approved_stages(run: RunFolder, state: RunState, before: str | None = None) -> list[Approved]:
    """What is approved, in the order of the stages; with `before`, only stages ahead of that one."""
    found = []
    for stage in state.stages:
        if stage.ref.slug == before:
            break
        attempt = stage.attempt(stage.approved) if stage.approved else None
        content = summary_bytes(run, attempt) if attempt else None
        if attempt is not None and content is not None:
            found.append(
                Approved(
                    ref=stage.ref,
                    attempt=attempt.attempt,
                    written_by=attempt.written_by,
                    sections=sections_of(content.decode("utf-8", "replace")),
                    waivers=attempt.waivers,
                )
            )
    return found


def memory_text(state: RunState, goal: str, approved: list[Approved]) -> str:
    """memory.md. Foreign text stands in fences, so that no heading in a goal is taken for one of ours."""
    parts = [
        f"# Memory of run {one_line(state.run_id)}",
        "Made from the approved summaries and the intake; made anew whenever they change.",
        "## Goal",
        fence(bounded(goal, GOAL_CHARS, "user_input.txt")),
    ]
    if state.intake:
        parts += ["## Intake", intake_text(state.intake)]
    for stage in approved:
        parts.append(f"## {stage.title}")
        parts += [f"{line}\n" for line in remarks(stage)]
        for name, text in stage.sections.items():
            parts += [f"### {name}", fence(text, "markdown")]
    if not approved:
        parts.append("No stage is approved yet.")
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def intake_text(intake: tuple[QA, ...]) -> str:
    """Questions and answers as one fenced block."""
    pairs = (f"Q: {bounded(qa.question, 2_000)}\nA: {bounded(qa.answer, 8_000)}" for qa in intake)
    return fence(bounded("\n\n".join(pairs), GOAL_CHARS, "intake_context.json"))


def remarks(stage: Approved) -> list[str]:
    """What a reader of an approved summary must be told about it."""
    lines = []
    if stage.written_by == "person":
        lines.append("A person edited this summary by hand.")
    elif stage.written_by != "agent":
        lines.append(f"This summary was put into form by {one_line(stage.written_by)}, not by the agent.")
    lines += [
        f"Waived by {one_line(str(waiver.by))}: check {one_line(waiver.check_id)}, because: {one_line(waiver.why, 500)}"
        for waiver in stage.waivers
    ]
    return lines
