"""The derived views of a run's folder: deletable, and made byte-equal from the log, the objects and the disk.

Each `*_bytes` function is one view's content; `Views` writes what changed and nothing else. A view holds no
time of its own making: what it dates, it dates by the event that caused it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

import msgspec

from autor_nb.domain.artifact import FileEntry, Inspection
from autor_nb.domain.events import Event, Unknown
from autor_nb.domain.stage import Ending
from autor_nb.domain.state import RunState, StageState
from autor_nb.engine import writing_manifest as writing
from autor_nb.engine.handoff import handoff_text
from autor_nb.engine.logline import log_line
from autor_nb.engine.memory import Approved, approved_stages, artifact_paths, memory_text, summary_bytes
from autor_nb.store.atomic import write_bytes
from autor_nb.store.eventlog import read
from autor_nb.store.layout import RunFolder
from autor_nb.store.view import MadeBy, goal_of, made_by

SIDECAR = ".schema.json"
SIDECAR_BYTES = 64 * 1024
LOG_BLOCK = 5_000


class Index(Protocol):
    """The workspace's files as last scanned (`store.artifacts.ArtifactIndex` is one)."""

    files: dict[str, FileEntry]

    def inspect(self, entry: FileEntry) -> Inspection:
        """What opening that content shows."""
        ...


class Views:
    """The views of one run, written by the engine that holds its lock: `update` is cheap, `rebuild` whole."""

    def __init__(self, run: RunFolder) -> None:
        self.run = run
        self._written: dict[Path, bytes] = {}
        self._log_size, self._logged = -1, 0
        self._memory_key: Any = None
        self._writing_key: Any = None
        self._index_lines: dict[tuple[str, ...], bytes] = {}

    def update(
        self,
        state: RunState,
        new_events: Sequence[Event | Unknown],
        index: Index,
        *,
        changed_files: bool,
        made: MadeBy | None = None,
    ) -> None:
        """Bring every view up to these events; `changed_files` says whether the index was scanned anew.

        The first update makes the index in any case: a killed engine may have left an old one.
        """
        self.write_logs(new_events)
        self.write_manifest(state)
        self.write_memory(state)
        path = self.run.path / "artifact_index.json"
        if changed_files or path not in self._written or not path.exists():
            self.write_index(state, index, made)
        self.write_writing_manifest(state, index, made)

    def rebuild(
        self, state: RunState, events: Sequence[Event | Unknown], index: Index, made: MadeBy | None = None
    ) -> None:
        """Make every view from log, objects and disk alone; files that are right already stay untouched."""
        self._written.clear()
        self._index_lines.clear()
        self._memory_key = self._writing_key = None
        content = logs_bytes(events)
        self._write(self.run.path / "logs.txt", content)
        self._written.pop(self.run.path / "logs.txt")
        self._log_size, self._logged = len(content), len(events)
        self.write_manifest(state)
        self.write_memory(state)
        self.write_index(state, index, made)
        self.write_writing_manifest(state, index, made)

    def write_logs(self, new_events: Sequence[Event | Unknown]) -> None:
        """Append to logs.txt, or make it anew if it is not what was last left there."""
        path = self.run.path / "logs.txt"
        try:
            intact = path.stat().st_size == self._log_size
        except FileNotFoundError:
            intact = False
        if not intact:
            self._make_logs(path)
            return
        if first_logged(self._logged + len(new_events)) != first_logged(self._logged):
            self._make_logs(path)  # the oldest leave, as they would if it were made anew
            return
        self._logged += len(new_events)
        added = _utf8("".join(map(log_line, new_events)))
        with path.open("ab") as stream:
            stream.write(added)
        self._log_size += len(added)

    def _make_logs(self, path: Path) -> None:
        events = read(self.run.events)[0]
        content = logs_bytes(events)
        write_bytes(path, content, durable=False)
        self._log_size, self._logged = len(content), len(events)

    def write_manifest(self, state: RunState) -> None:
        """run_manifest.json."""
        self._write(self.run.path / "run_manifest.json", manifest_bytes(self.run, state))

    def write_memory(self, state: RunState) -> None:
        """memory.md, handoff/, intake_context.json and the promoted summaries, if what they hold changed."""
        key = _memory_key(state)
        if key == self._memory_key and (self.run.path / "memory.md").exists():
            return
        goal = goal_of(self.run, state)
        approved = approved_stages(self.run, state)
        self._write(self.run.path / "memory.md", _utf8(memory_text(state, goal, approved)))
        self._write(self.run.path / "intake_context.json", intake_bytes(state, goal))
        self._hand_over(approved)
        self._promote(state)
        self._memory_key = key

    def write_index(self, state: RunState, index: Index, made: MadeBy | None = None) -> None:
        """artifact_index.json."""
        made = made_by(self.run, state) if made is None else made
        if len(self._index_lines) > 2 * len(index.files) + 1_000:
            self._index_lines.clear()  # mostly of versions that are gone
        content = index_bytes(self.run, state, index, made, self._index_lines)
        self._write(self.run.path / "artifact_index.json", content)

    def write_writing_manifest(self, state: RunState, index: Index, made: MadeBy | None = None) -> None:
        """handoff/writing_manifest.json once the run has come to the stages that write, if what it holds changed."""
        path = self.run.path / "handoff" / writing.NAME
        if not writing.is_wanted(state):
            path.unlink(missing_ok=True)
            return
        made = made_by(self.run, state) if made is None else made
        key = (_memory_key(state), writing.inputs_key(index.files, made))
        if key == self._writing_key and path.exists():
            return
        manifest = writing.writing_manifest(self.run, index.files, made, approved_stages(self.run, state))
        self._write(path, writing.manifest_json(manifest))
        self._writing_key = key

    def _hand_over(self, approved: list[Approved]) -> None:
        folder = self.run.path / "handoff"
        wanted = {f"{stage.ref.slug}.md": _utf8(handoff_text(stage)) for stage in approved}
        for name, content in wanted.items():
            self._write(folder / name, content)
        for path in sorted(folder.glob("*.md")):
            if path.name not in wanted:
                path.unlink(missing_ok=True)

    def _promote(self, state: RunState) -> None:
        for stage in state.stages:
            path = self.run.stages / f"{stage.ref.slug}.md"
            attempt = stage.attempt(stage.approved) if stage.approved else None
            content = summary_bytes(self.run, attempt) if attempt else None
            if content is not None:
                self._write(path, content)
            else:
                path.unlink(missing_ok=True)

    def _write(self, path: Path, content: bytes) -> None:
        if self._written.get(path) == content and path.exists():
            return
        try:
            same = path.read_bytes() == content
        except OSError:
            same = False
        if not same:
            write_bytes(path, content, durable=False)
        self._written[path] = content


def write_views(run_dir: Path, state: RunState, events: Sequence[Event | Unknown], index: Index) -> None:
    """Make every view of a run anew from its whole log."""
    Views(RunFolder(run_dir)).rebuild(state, events, index)


# ------------------------------------------------------------------------------------------- contents


def logs_bytes(events: Sequence[Event | Unknown]) -> bytes:
    """logs.txt: bounded, so of a long run the newest events only; the head says how many are left out."""
    first = first_logged(len(events))
    left = f"{first} earlier events are left out here: events.jsonl holds them, `autor watch --from-start` tells them\n"
    return _utf8((left if first else "") + "".join(map(log_line, events[first:])))


def first_logged(count: int) -> int:
    """Where logs.txt begins in so many events: block by block, so that it is rarely made anew."""
    return max(0, count // LOG_BLOCK - 1) * LOG_BLOCK


def manifest_bytes(run: RunFolder, state: RunState) -> bytes:
    """run_manifest.json."""
    return _json(
        {
            "run_id": state.run_id,
            "created_at": state.created_at,
            "updated_at": state.updated_at,
            "run_status": state.status,
            "last_event": state.last_event,
            "current_stage_slug": state.current,
            "last_error": state.last_error or None,
            "completed_at": state.completed_at or None,
            "stages": [_manifest_stage(run, stage) for stage in state.stages],
        }
    )


def _manifest_stage(run: RunFolder, stage: StageState) -> dict[str, Any]:
    latest = stage.latest
    shown = stage.attempt(stage.approved) if stage.approved else latest
    text = summary_bytes(run, shown) if shown else None
    failed = latest is not None and latest.ending not in (None, Ending.FINISHED)
    return {
        "number": stage.ref.number,
        "slug": stage.ref.slug,
        "title": stage.ref.title,
        "status": stage.status,
        "approved": stage.approved is not None,
        "dirty": bool(stage.attempts) and stage.approved is None and not stage.stale,
        "stale": stage.stale,
        "attempt_count": len(stage.attempts),
        "session_id": latest.session_id if latest else None,
        "final_stage_path": f"stages/{stage.ref.slug}.md" if stage.approved else None,
        "draft_stage_path": latest.summary_path or None if latest else None,
        "artifact_paths": artifact_paths(text.decode("utf-8", "replace")) if text else [],
        "last_error": f"{latest.ending}: {latest.detail}" if latest and failed else None,
        "invalidated_reason": stage.stale_reason or None,
        "invalidated_by_stage": stage.stale_by or None,
        "updated_at": stage.updated_at or None,
        "approved_at": stage.approved_at or None,
    }


def index_bytes(
    run: RunFolder,
    state: RunState,
    index: Index,
    made: MadeBy,
    lines: dict[tuple[str, ...], bytes] | None = None,
) -> bytes:
    """artifact_index.json: every file of the workspace, who made it, and what it holds; one line a file.

    `lines` keeps the lines of files between two calls; it saves time and changes nothing.
    """
    known = {} if lines is None else lines
    ended = {
        (stage.ref.number, attempt.attempt): attempt.ended_at for stage in state.stages for attempt in stage.attempts
    }
    counts: dict[str, int] = {}
    items = []
    for path in sorted(index.files):
        entry = index.files[path]
        category = path.partition("/")[0] if "/" in path else "other"
        counts[category] = counts.get(category, 0) + 1
        maker = made.get((path, entry.sha256))
        sidecar = index.files.get(path + SIDECAR)
        updated_at = ended.get(maker, state.created_at) if maker else state.created_at
        key = (path, entry.sha256, sidecar.sha256 if sidecar else "", updated_at, str(maker))
        if key not in known:
            name = PurePosixPath(path)
            known[key] = _compact(
                {
                    "category": category,
                    "rel_path": path,
                    "filename": name.name,
                    "suffix": name.suffix,
                    "size_bytes": entry.size_bytes,
                    "sha256": entry.sha256,
                    "updated_at": updated_at,
                    "made_by": {"stage": maker[0], "attempt": maker[1]} if maker else None,
                    "schema": _schema(run, index, entry, sidecar),
                }
            )
        items.append(known[key])
    head = _compact({"artifact_count": len(items), "counts_by_category": dict(sorted(counts.items()))})
    return head[:-1] + b',"artifacts":[\n' + b",\n".join(items) + b"\n]}\n"


def _schema(run: RunFolder, index: Index, entry: FileEntry, sidecar: FileEntry | None) -> Mapping[str, Any]:
    """What a sidecar declares, else what the content shows."""
    if sidecar is not None and sidecar.size_bytes <= SIDECAR_BYTES:
        try:
            declared = msgspec.json.decode((run.workspace / sidecar.path).read_bytes())
        except (OSError, msgspec.DecodeError, RecursionError):
            declared = None
        if isinstance(declared, dict):
            return declared
    inspection = index.inspect(entry)
    schema: dict[str, Any] = {"kind": inspection.kind, **inspection.schema}
    return {**schema, "error": inspection.error} if inspection.error else schema


def intake_bytes(state: RunState, goal: str) -> bytes:
    """intake_context.json."""
    return _json(
        {
            "goal": goal,
            "original_goal": state.original_goal if state.original_goal != state.goal else goal,
            "resources": [
                {
                    "source_path": resource.source_path,
                    "resource_type": resource.resource_type,
                    "dest_relative": resource.dest_relative,
                    "sha256": resource.sha256,
                    "description": resource.description,
                }
                for resource in state.resources
            ],
            "qa_transcript": [{"question": qa.question, "answer": qa.answer} for qa in state.intake],
            "notes": f"Left out of the resources: {'; '.join(state.left_out)}." if state.left_out else "",
        }
    )


def _memory_key(state: RunState) -> Any:
    """What memory, handoffs and promoted summaries are made of."""
    approved = tuple(
        (stage.ref.slug, stage.approved, attempt.draft_sha256, attempt.waivers)
        for stage in state.stages
        if stage.approved and (attempt := stage.attempt(stage.approved)) is not None
    )
    return state.goal, state.intake, approved


def _json(document: Any) -> bytes:
    return msgspec.json.format(_compact(document), indent=2) + b"\n"


def _compact(document: Any) -> bytes:
    try:
        return msgspec.json.encode(document)
    except UnicodeEncodeError:  # a lone surrogate in foreign text
        return json.dumps(document, ensure_ascii=True, separators=(",", ":"), default=str).encode("ascii")


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")
