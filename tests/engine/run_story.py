"""A run told event by event, over a real folder, log and objects: what views and prompts are tested with."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from autor_nb.domain import events as ev
from autor_nb.domain.artifact import FileEntry, Inspection
from autor_nb.domain.check import Check
from autor_nb.domain.fold import Fold
from autor_nb.domain.run import QA, Actor
from autor_nb.domain.stage import Ending, StageSpec, attempt_name
from autor_nb.domain.state import RunState
from autor_nb.store import objects
from autor_nb.store.eventlog import EventLog
from autor_nb.store.layout import RunFolder
from autor_nb.store.templates import stages

PERSON = Actor(face="test", os_user="ada")


def summary(spec: StageSpec, results: str = "The answer is 42.", ledger: str = "") -> str:
    """A whole summary of a stage."""
    parts = [
        f"# Stage {spec.number}: {spec.title}", f"## Objective\nSettle {spec.slug}.",
        "## Previously Approved Stage Summaries\nNone: this is the first stage.",
        f"## What I Did\nWorked on {spec.slug}.", f"## Key Results\n{results}",
        "## Files Produced\n- `notes/plan.md`: the plan",
        "## Suggestions for Refinement\n1. More.\n2. Less.\n3. Other.",
        ("## Your Options\n1. Use suggestion 1\n2. Use suggestion 2\n3. Use suggestion 3\n"
         "4. Refine with your own feedback\n5. Approve and continue\n6. Abort"),
    ]
    return "\n\n".join(parts + ([f"## Decision Ledger\n{ledger}"] if ledger else [])) + "\n"


@dataclass
class PlainIndex:
    """An index that reads every file again, and sees text in each."""

    workspace: Path
    files: dict[str, FileEntry] = field(default_factory=dict)

    def scan(self) -> dict[str, FileEntry]:
        """The files as they are."""
        self.files = {}
        for path in sorted(self.workspace.rglob("*")):
            if path.is_file():
                name, content = path.relative_to(self.workspace).as_posix(), path.read_bytes()
                sha256 = hashlib.sha256(content).hexdigest()
                self.files[name] = FileEntry(path=name, size_bytes=len(content), sha256=sha256)
        return self.files

    def inspect(self, entry: FileEntry) -> Inspection:
        """What it holds."""
        return Inspection(kind="text", schema={"size": entry.size_bytes})


class RunStory:
    """A run in a folder of its own; each method appends what the engine would have appended."""

    def __init__(self, folder: Path, goal: str = "Find out whether it rains.", **created: object) -> None:
        self.run = RunFolder(folder / "20260101_000000")
        self.run.path.mkdir()
        self.run.make()
        self.specs = {spec.slug: spec for spec in stages(intake=False)}
        self.log = EventLog(self.run.events)
        self.fold = Fold()
        self.events: list[ev.Event] = []
        self.index = PlainIndex(self.run.workspace)
        workflow = tuple(spec.ref for spec in self.specs.values())
        self.add(ev.RunCreated(run_id="20260101_000000", goal=goal, workflow=workflow, by=PERSON, **created))

    @property
    def state(self) -> RunState:
        """The run as it stands."""
        return self.fold.state

    def add(self, event: ev.Event) -> ev.Event:
        """Append an event, a second after the last one."""
        second = len(self.events)
        event = self.log.append(
            type(event)(**{name: getattr(event, name) for name in event.__struct_fields__ if name != "at"},
                        at=f"2026-01-01T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}.000Z")
        )
        self.events.append(event)
        self.fold.apply([event])
        return event

    def attempt(
        self, slug: str, *, text: str | None = None, files: dict[str, bytes] | None = None, trigger: str = "start",
        ending: Ending = Ending.FINISHED, detail: str = "", checks: tuple[Check, ...] = (), review: bool = True,
    ) -> int:
        """An attempt from start to review; answers with its number."""
        stage = self.state.stage(slug)
        assert stage is not None
        number = len(stage.attempts) + 1
        before = objects.put_files(self.run, self.index.scan())
        self.add(ev.AttemptStarted(stage=slug, attempt=number, agent="scripted", trigger=trigger, files=before))
        for name, content in (files or {}).items():
            path = self.run.workspace / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        path, content = "", b""
        if ending is Ending.FINISHED:
            content = (summary(self.specs[slug]) if text is None else text).encode("utf-8", "replace")
            path = f"stages/{attempt_name(slug, number)}.md"
            (self.run.path / path).write_bytes(content)
        self.add(ev.AttemptEnded(
            stage=slug, attempt=number, ending=ending, detail=detail, summary_path=path, session_id=f"s{number}",
            draft_sha256=objects.put(self.run, content) if path else "", duration_s=1.5,
            files=objects.put_files(self.run, self.index.scan()), changed=len(files or {}),
        ))
        failing = tuple(check.id for check in checks if check.blocks)
        self.add(ev.AttemptChecked(stage=slug, attempt=number, checks=checks, blocking=failing, total=len(checks)))
        if review:
            self.add(ev.ReviewOpened(stage=slug, attempt=number))
        else:
            self.add(ev.AttemptRetried(stage=slug, attempt=number, reason=str(ending)))
        return number

    def approve(self, slug: str) -> None:
        """A person approves the newest attempt."""
        stage = self.state.stage(slug)
        assert stage is not None
        self.add(ev.Approved(stage=slug, attempt=len(stage.attempts), by=PERSON))

    def answer(self, question: str, answer: str) -> None:
        """A person answers an intake question."""
        self.add(ev.Answered(answers=(QA(question=question, answer=answer),), by=PERSON))
