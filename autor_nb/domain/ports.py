"""The plug-in points: what each kind of part is asked and must answer. Contracts live here; parts stay bare."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol, Union, runtime_checkable

import msgspec

from autor_nb.domain.artifact import FileEntry, Inspection
from autor_nb.domain.check import Check
from autor_nb.domain.document import Document
from autor_nb.domain.events import _tag
from autor_nb.domain.run import QA, Limits, Resource, RunConfig, Usage
from autor_nb.domain.stage import Ending, StageRef
from autor_nb.domain.venue import Venue

# ---------------------------------------------------------------------------------------------- agents


class AgentEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag=_tag):
    """Base of what an agent tells while it works; the same union is the line protocol of agent programs."""


class SessionStarted(AgentEvent, frozen=True, kw_only=True):
    """The agent's own session id, with which a later attempt may continue."""

    session_id: str


class Text(AgentEvent, frozen=True, kw_only=True):
    """Something the agent says."""

    text: str


class Thinking(AgentEvent, frozen=True, kw_only=True):
    """Something the agent thinks aloud."""

    text: str


class ToolCall(AgentEvent, frozen=True, kw_only=True, omit_defaults=True):
    """A step begins: `name` in a few words, `input` JSON-able; `id` pairs it with its result."""

    name: str
    input: dict[str, Any] = {}
    id: str = ""


class ToolResult(AgentEvent, frozen=True, kw_only=True, omit_defaults=True):
    """A step ended."""

    ok: bool
    output: str = ""
    id: str = ""


class UsageReported(AgentEvent, frozen=True, kw_only=True, omit_defaults=True):
    """Tokens and money so far in this attempt (not cumulative over the session)."""

    usage: Usage = Usage()
    cost_usd: float | None = None


class Notice(AgentEvent, frozen=True, kw_only=True):
    """Something a person should know: a line was cut, a value was assumed, an API was retried."""

    text: str


class Finished(AgentEvent, frozen=True, kw_only=True, omit_defaults=True):
    """The agent says it is done. Without this event the attempt has failed, whatever the exit code says."""

    ok: bool
    detail: str = ""


AgentEventUnion = Union[  # noqa: UP007 - msgspec reads the union once, at import
    SessionStarted, Text, Thinking, ToolCall, ToolResult, UsageReported, Notice, Finished
]
Emit = Callable[[AgentEvent], None]


class Feedback(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One piece of feedback on this stage, oldest first in a task.

    `suggestion` is 1–3 when a suggestion of attempt `attempt` was taken; `text` is then its text.
    """

    attempt: int
    text: str
    suggestion: int | None = None


class AgentTask(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything an agent is told for one attempt. Paths are absolute.

    A language-model agent works from `prompt_path`; an embedded one may use the structured fields.
    The draft goes to `draft_path` (= workspace/notes/draft.md); nothing outside `workspace` may be written.
    `holdout_opened` is how often earlier attempts opened the holdout, as the engine counts it; `intake` are answered
    questions; `options` the `--set` pairs; `approved` the stages approved so far with the
    absolute paths of their summaries. `session_id` is the session to continue, or None for a fresh one.
    """

    run_id: str
    stage: StageRef
    attempt: int
    prompt_path: str
    workspace: str
    draft_path: str
    goal: str
    session_id: str | None = None
    feedback: tuple[Feedback, ...] = ()
    intake: tuple[QA, ...] = ()
    options: dict[str, str] = {}
    resources: tuple[Resource, ...] = ()
    approved: dict[str, str] = {}
    venue: str = "report"
    seed: int = 0
    model: str = ""
    limits: Limits = Limits()
    marker: str = ""
    holdout_opened: int = 0


class AgentResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How the agent ended. `finished` only from positive facts: a Finished(ok) event and exit code 0."""

    ending: Ending
    detail: str = ""
    session_id: str | None = None
    usage: Usage = Usage()
    cost_usd: float | None = None
    exit_code: int | None = None


class NewRun(msgspec.Struct, frozen=True, kw_only=True):
    """What is known before a run exists; resources are absolute source paths."""

    goal: str
    config: RunConfig
    resources: tuple[Path, ...] = ()


class Preflight(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An agent's answer to a run that is about to be made.

    A `problem` refuses it (message, then suggestion with the choices); `options` are values it settled itself
    (target=…); `open` are the keys that only intake can settle; `notes` go into the plan; `leaves_machine` says
    what would leave this machine, `cost_usd` and `duration_s` are estimates.
    """

    problem: str = ""
    suggestion: str = ""
    options: dict[str, str] = {}
    open: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    leaves_machine: str = "nothing"
    cost_usd: float | None = None
    duration_s: float | None = None


@runtime_checkable
class Agent(Protocol):
    """Carries out one attempt of one stage.

    `work` blocks until the agent and every process it started are gone; it never raises for what the agent
    does. It emits in order and from one thread. `cancel` may be called from any thread and makes `work` return
    soon with ending `stopped`. `spawned` is called with (pid, process start time) as soon as a process exists.
    """

    name: str

    def preflight(self, new: NewRun) -> Preflight:
        """Look at a run that is about to be made; fast, read-only."""
        ...

    def work(self, task: AgentTask, emit: Emit, spawned: Callable[[int, float], None]) -> AgentResult:
        """Do one attempt."""
        ...

    def cancel(self) -> None:
        """End the work in progress, if any."""
        ...


# -------------------------------------------------------------------------------------------- checkers


class AttemptView(Protocol):
    """One attempt as a rule may see it, as of a position of the log, never later.

    File paths are relative to the workspace (`data/raw.csv`). `read` and `inspect` give the content that the
    file had then. `files` are after the attempt, `before` as it began.
    """

    stage: StageRef
    attempt: int
    goal: str
    venue: Venue | None
    draft: str | None
    ending: Ending
    detail: str
    written_by: str
    files: Mapping[str, FileEntry]
    before: Mapping[str, FileEntry]
    frozen_hypotheses: str

    def read(self, path: str, limit: int | None = None) -> bytes:
        """The file's bytes as of the attempt (at most `limit`); KeyError if it was not there."""
        ...

    def inspect(self, path: str) -> Inspection:
        """What opening the file shows; cached by content hash."""
        ...

    def made_by(self, path: str) -> tuple[str, int] | None:
        """(stage number, attempt) that last made or changed the file; None for what the person supplied."""
        ...

    def run_file(self, path: str) -> bool:
        """Whether a path relative to the run's folder names an existing non-empty file or folder inside it."""
        ...


class Checker(Protocol):
    """One rule, or a family of rules about one subject; yields a Check for each thing it looked at.

    It reads the view only, never the agent's word for it, and never raises for bad content.
    """

    name: str

    def check(self, view: AttemptView) -> Iterable[Check]:
        """Answer for this attempt."""
        ...


# ------------------------------------------------------------------------------------------- renderers


class BuildResult(msgspec.Struct, frozen=True, kw_only=True):
    """A build: `ok` only if the PDF was produced by this build and opens; `log` is for `build_log.txt`."""

    ok: bool
    log: str
    pdf: str = ""


class Renderer(Protocol):
    """Makes paper sources from a document model, and a PDF from sources."""

    name: str

    def unavailable(self) -> str:
        """Why `build` cannot work on this machine (with the install line), or an empty string."""
        ...

    def render(self, document: Document, venue: Venue, folder: Path) -> list[Path]:
        """Write the sources of `document` for `venue` into `folder`; answers with the files written."""
        ...

    def build(self, folder: Path, pdf: Path) -> BuildResult:
        """Compile the sources in `folder` into `pdf`; never raises for what the sources hold."""
        ...
