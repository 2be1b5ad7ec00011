"""One attempt: setting an agent to work, following it, and reading back what it left."""

from __future__ import annotations

import contextlib
import hashlib
import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from autor_nb.domain import events as ev
from autor_nb.domain.artifact import FileEntry
from autor_nb.domain.ports import Agent, AgentEvent, AgentResult, AgentTask, Feedback
from autor_nb.domain.run import Question, RunConfig
from autor_nb.domain.stage import Ending, StageSpec
from autor_nb.domain.state import AttemptState, RunState
from autor_nb.domain.summary import OPTIONS
from autor_nb.engine.evidence.holdout_openings import openings
from autor_nb.store.atomic import write_bytes
from autor_nb.store.layout import RunFolder
from autor_nb.store.rawlog import RawLog

DRAFT_CAP = 4 * 1024 * 1024
POLL_S = 0.02
CANCEL_S = 10.0
Spawned = tuple[int, float]


def build_task(
    run: RunFolder,
    state: RunState,
    spec: StageSpec,
    config: RunConfig,
    number: int,
    goal: str,
    session_id: str | None,
    marker: str,
) -> AgentTask:
    """What the agent is told."""
    approved = {
        stage.ref.slug: str(run.path / attempt.summary_path)
        for stage in state.stages
        if stage.approved and (attempt := stage.attempt(stage.approved)) and attempt.summary_path
    }
    given = tuple(
        Feedback(attempt=f.attempt, text=f.text, suggestion=f.suggestion)
        for f in state.feedback
        if f.stage == spec.slug
    )
    return AgentTask(
        run_id=state.run_id,
        stage=spec.ref,
        attempt=number,
        prompt_path=str(run.prompt(spec.slug, number)),
        workspace=str(run.workspace),
        draft_path=str(run.draft),
        goal=goal,
        session_id=session_id,
        feedback=given,
        intake=state.intake,
        options=config.options,
        resources=state.resources,
        approved=approved,
        venue=config.venue,
        seed=config.seed,
        model=config.models.get(spec.slug, config.model),
        limits=config.limits,
        marker=marker,
        holdout_opened=openings(run).times,
    )


def place_draft(run: RunFolder, attempts: list[AttemptState], keep: bool) -> str:
    """Put the last presented draft where the agent refines it, or clear the place; answers with its hash."""
    last = next((a for a in reversed(attempts) if a.is_new_work and a.summary_path), None) if keep else None
    if last is None:
        run.draft.unlink(missing_ok=True)
        return ""
    content = (run.path / last.summary_path).read_bytes()
    if not run.draft.is_file() or run.draft.read_bytes() != content:
        write_bytes(run.draft, content, durable=False)
    return last.draft_sha256


def protected(run: RunFolder) -> dict[str, tuple[int, int]]:
    """Size and modification time of the files that only the engine writes, by path."""
    found: dict[str, tuple[int, int]] = {}
    for pattern in (
        "events.jsonl",
        "user_input.txt",
        "run_config.json",
        "decisions.json",
        "stages/*",
        "prompt_cache/*",
    ):
        for path in run.path.glob(pattern):
            with contextlib.suppress(OSError):
                status = path.stat()
                found[path.relative_to(run.path).as_posix()] = (status.st_size, status.st_mtime_ns)
    return found


def touched(before: dict[str, tuple[int, int]], after: dict[str, tuple[int, int]]) -> tuple[str, ...]:
    """Paths that somebody else changed."""
    return tuple(sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path)))[:20]


def follow(
    agent: Agent, task: AgentTask, raw: RawLog, on_spawn: Callable[[Spawned], None], meanwhile: Callable[[], None]
) -> tuple[AgentResult, float]:
    """Let the agent work in a thread; `meanwhile` is called often and may cancel it. Answers with wall seconds."""
    told: queue.SimpleQueue[Spawned] = queue.SimpleQueue()
    box: list[AgentResult] = []

    def emit(event: AgentEvent) -> None:
        raw.write(event)

    def work() -> None:
        try:
            box.append(agent.work(task, emit, lambda pid, started: told.put((pid, started))))
        except Exception as error:
            box.append(AgentResult(ending=Ending.FAILED, detail=f"The agent broke: {type(error).__name__}: {error}"))

    begun = time.monotonic()
    thread = threading.Thread(target=work, name="agent", daemon=True)
    thread.start()
    try:
        while True:
            thread.join(POLL_S)
            raw_is_done = not thread.is_alive()
            with contextlib.suppress(queue.Empty):
                on_spawn(told.get_nowait())
            if raw_is_done:
                return box[0], time.monotonic() - begun
            raw.flush()
            meanwhile()
    except BaseException:  # a full disk, say: nobody follows the agent any more, so it must not go on
        agent.cancel()
        thread.join(CANCEL_S)
        raise


def read_draft(run: RunFolder) -> tuple[bytes, str] | None:
    """(content, SHA-256) of what the agent left as its draft; None if there is nothing."""
    try:
        with run.draft.open("rb") as stream:
            content = stream.read(DRAFT_CAP)
    except OSError:
        return None
    return (content, hashlib.sha256(content).hexdigest()) if content.strip() else None


def ending_of(result: AgentResult, draft: tuple[bytes, str] | None, before: str) -> tuple[Ending, str]:
    """How the attempt ended, from what was read back; the agent's word alone finishes nothing."""
    if result.ending is not Ending.FINISHED:
        return result.ending, result.detail
    if draft is None:
        return Ending.NO_DRAFT, "The agent finished without writing its draft (notes/draft.md)."
    if draft[1] == before:
        return Ending.UNCHANGED_DRAFT, "The agent finished and left the draft as it was."
    return Ending.FINISHED, result.detail


def read_questions(run: RunFolder) -> tuple[Question, ...]:
    """Intake questions that the agent left in notes/intake_questions.json; at most three, bounded."""
    try:
        items = msgspec.json.decode(
            (run.workspace / "notes" / "intake_questions.json").read_bytes(), type=list[Question]
        )
    except (OSError, msgspec.DecodeError):
        return ()
    return tuple(
        msgspec.structs.replace(q, text=q.text[:1000], default=q.default[:500], choices=q.choices[:50])
        for q in items[:3]
    )


def fallback_draft(spec: StageSpec, detail: str, files: dict[str, FileEntry], before: dict[str, FileEntry]) -> str:
    """A draft in the agent's place, of nothing but what is on disk, and labelled as such."""
    changed = sorted(p for p, e in files.items() if before.get(p) is None or before[p].sha256 != e.sha256)[:50]
    listed = "\n".join(f"- `{path.replace('`', '')}`" for path in changed)
    return (
        f"# Stage {spec.number}: {spec.title}\n\n"
        "## Objective\n\nThis text was written by the engine, not by the agent, which left no draft.\n\n"
        "## Previously Approved Stage Summaries\n\nSee the approved stages of this run.\n\n"
        f"## What I Did\n\nUnknown. The engine found the files below new or changed. {detail}\n\n"
        "## Key Results\n\nNone are claimed.\n\n"
        f"## Files Produced\n\n{listed}\n\n"
        "## Suggestions for Refinement\n\n1. Write the stage summary for the work that was done.\n"
        "2. Do the stage again from the start.\n3. Explain in the draft what prevented a summary.\n\n"
        "## Your Options\n\n" + "\n".join(f"{n}. {text}" for n, text in enumerate(OPTIONS, 1)) + "\n"
    )


def write_record(run: RunFolder, started: ev.AttemptStarted, ended: ev.AttemptEnded, raw_count: int) -> None:
    """The attempt's record for other tools, in operator_state/ (a derived view)."""
    record: dict[str, Any] = {
        "stage": ended.stage,
        "attempt": ended.attempt,
        "status": ended.ending,
        "mode": started.trigger,
        "agent": started.agent,
        "model": started.model,
        "session_id": ended.session_id,
        "prompt_path": started.prompt_path,
        "exit_code": ended.exit_code,
        "started_at": started.at,
        "finished_at": ended.at,
        "duration_s": ended.duration_s,
        "usage": msgspec.to_builtins(ended.usage),
        "cost_usd": ended.cost_usd,
        "stream": {"events": raw_count},
        "detail": ended.detail,
    }
    path: Path = run.operator_state / f"{ended.stage}_attempt_{ended.attempt:02d}.json"
    write_bytes(path, msgspec.json.format(msgspec.json.encode(record)), durable=False)
