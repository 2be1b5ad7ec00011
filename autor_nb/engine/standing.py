"""A run as it lies on disk now, held against what its log recorded of it: files, summaries, prompts, inputs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from autor_nb.domain.artifact import FileEntry
from autor_nb.domain.errors import StoreError
from autor_nb.domain.events import Damaged, Event, Unknown
from autor_nb.domain.state import AttemptState, RunState
from autor_nb.store import objects
from autor_nb.store.artifacts import ArtifactIndex
from autor_nb.store.layout import RunFolder
from autor_nb.store.lock import living_holder

LISTED = 40
VIEWS = "run_manifest.json, artifact_index.json, memory.md, intake_context.json, logs.txt and handoff/"


class Standing(msgspec.Struct, kw_only=True):
    """What was `compared`, what of it differs, and what could not be compared; all in words."""

    compared: list[str] = []
    differences: list[str] = []
    not_compared: list[str] = []


def stand(run: RunFolder, state: RunState, events: Sequence[Event | Unknown], index: ArtifactIndex) -> Standing:
    """Compare everything that the log has a hash of with what is there now; changes nothing."""
    found = Standing()
    found.not_compared.append(f"{VIEWS}: they are made anew from the log")
    _log(found, events)
    _inputs(found, run, state)
    _texts(found, run, state)
    _workspace(found, run, state, index)
    _objects(found, run)
    return found


def _tell(found: Standing, differences: Iterable[str]) -> None:
    listed = list(differences)
    found.differences += listed[:LISTED]
    if len(listed) > LISTED:
        found.differences.append(f"and {len(listed) - LISTED} more like these")


def _log(found: Standing, events: Sequence[Event | Unknown]) -> None:
    found.compared.append(f"the numbers of {len(events)} lines of the log")
    _tell(found, (f"events.jsonl: {event}" for event in events if isinstance(event, Damaged)))
    if newer := [event for event in events if type(event) is Unknown]:
        kinds = ", ".join(sorted({event.type for event in newer})[:5])
        found.not_compared.append(f"{len(newer)} lines of the log that a newer version wrote ({kinds})")
    _tell(found, _misnumbered(events))


def _misnumbered(events: Sequence[Event | Unknown]) -> Iterator[str]:
    expected = 1
    for event in events:
        if isinstance(event, Damaged):
            expected += 1
            continue
        if event.seq != expected:
            yield f"events.jsonl: event {event.seq} stands where event {expected} belongs"
        expected = event.seq + 1


def _inputs(found: Standing, run: RunFolder, state: RunState) -> None:
    for name, then in state.inputs.items():
        said = "since the run was made"
        if name == run.run_config.name and state.config_sha256:
            then, said = state.config_sha256, "since it was last taken over"
        _same(found, run.path / name, name, then, said)


def _texts(found: Standing, run: RunFolder, state: RunState) -> None:
    """Every attempt's prompt and summary, and every promoted summary."""
    for stage in state.stages:
        for attempt in stage.attempts:
            what = f"since attempt {attempt.attempt} of {stage.ref.slug}"
            if attempt.prompt_path and attempt.prompt_sha256:
                _same(found, run.path / attempt.prompt_path, attempt.prompt_path, attempt.prompt_sha256, what)
            if attempt.summary_path and attempt.draft_sha256:
                _same(found, run.path / attempt.summary_path, attempt.summary_path, attempt.draft_sha256, what)
            if not attempt.checked:
                found.not_compared.append(f"the checks of attempt {attempt.attempt} of {stage.ref.slug}: never asked")
        approved = stage.attempt(stage.approved) if stage.approved else None
        if approved is not None:
            path = run.stages / f"{stage.ref.slug}.md"
            _same(found, path, f"stages/{path.name}", approved.draft_sha256, _approval(approved))


def _approval(attempt: AttemptState) -> str:
    return f"since attempt {attempt.attempt} was approved"


def _same(found: Standing, path: Path, name: str, then: str, said: str) -> None:
    now = _sha256(path)
    if then == "":
        found.not_compared.append(f"{name}: the log holds no hash of it")
        return
    found.compared.append(name)
    if now is None:
        found.differences.append(f"{name}: is gone or cannot be read, {said}")
    elif now != then:
        found.differences.append(f"{name}: was changed {said} (recorded {then[:12]}, now {now[:12]})")


def _workspace(found: Standing, run: RunFolder, state: RunState, index: ArtifactIndex) -> None:
    holder = living_holder(run)
    if holder is not None:
        found.not_compared.append(f"the workspace: process {holder.pid} is at work in it")
        return
    if state.damaged:
        found.not_compared.append("the workspace: the log cannot be read to where it says what belongs there")
        return
    if state.pending_files:
        found.not_compared.append("the workspace: it is about to be brought back to an earlier state")
        return
    latest = next((stage.latest for stage in state.stages if stage.ref.slug == state.current), None)
    if latest is not None and latest.ending is None:
        found.not_compared.append(f"the workspace: attempt {latest.attempt} of {latest.stage} has not ended")
        return
    try:
        recorded = objects.get_files(run, state.files)
    except (StoreError, msgspec.DecodeError) as error:
        found.differences.append(f"the workspace's list of files {state.files[:12]}: {str(error).splitlines()[0]}")
        return
    found.compared.append(f"{len(recorded)} files of the workspace")
    _tell(found, _changed(recorded, index.files))


def _changed(then: Mapping[str, FileEntry], now: Mapping[str, FileEntry]) -> Iterator[str]:
    for path in sorted(then.keys() | now.keys()):
        old, new = then.get(path), now.get(path)
        if new is None:
            yield f"workspace/{path}: is gone since it was last recorded"
        elif old is None:
            yield f"workspace/{path}: was added since the last attempt"
        elif old.sha256 != new.sha256:
            yield (
                f"workspace/{path}: was changed since it was last recorded "
                f"(recorded {old.sha256[:12]}, now {new.sha256[:12]})"
            )


def _objects(found: Standing, run: RunFolder) -> None:
    kept = sorted(path for path in run.objects.glob("*") if re.fullmatch(r"[0-9a-f]{64}", path.name))
    found.compared.append(f"{len(kept)} kept contents")
    _tell(found, (f"objects/{path.name}: its content has another hash" for path in kept if _sha256(path) != path.name))


def _sha256(path: Path) -> str | None:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return None
