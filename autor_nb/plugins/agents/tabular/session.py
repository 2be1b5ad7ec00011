"""One attempt of the embedded agent: its task, its workspace, its plan, and the way it tells what it does."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from autor_nb.domain.ports import AgentEvent, AgentTask, Notice, Text, ToolCall, ToolResult
from autor_nb.plugins.agents.tabular.draft import Draft, render
from autor_nb.plugins.agents.tabular.plan import Plan
from autor_nb.store import atomic

HASHED_UP_TO = 256 * 1024 * 1024


class Step:
    """A step in progress; what is put into `output` is shown when it ends."""

    def __init__(self) -> None:
        self.output = ""


class Session:
    """What a stage module works with. Paths are relative to the workspace, with `/`.

    `plan` holds the study's settings after options, intake answers and feedback; a stage reads it and never
    changes it. Files written through the session are named in the draft, `(reused)` when unchanged.
    """

    def __init__(self, task: AgentTask, plan: Plan | None = None, out: Any = None) -> None:
        self.task = task
        self.workspace = Path(task.workspace)
        self.plan = plan or Plan()
        self._out = out or sys.stdout
        self._steps = 0
        self._before = self._hashes()
        self._produced: dict[str, str] = {}

    # -- telling ---------------------------------------------------------------------------------------

    def emit(self, event: AgentEvent) -> None:
        """One line of the agent's protocol."""
        self._out.write(msgspec.json.encode(event).decode("utf-8") + "\n")
        self._out.flush()

    def say(self, text: str) -> None:
        """Something the agent says while it works."""
        self.emit(Text(text=text))

    def notice(self, text: str) -> None:
        """Something a person should know."""
        self.emit(Notice(text=text))

    @contextlib.contextmanager
    def step(self, name: str, /, **given: Any) -> Iterator[Step]:
        """A step shown as a tool call and its result; an exception shows as a failed one and goes on."""
        self._steps += 1
        mark = f"{self.task.stage.number}.{self._steps}"
        self.emit(ToolCall(name=name, input=given, id=mark))
        step = Step()
        try:
            yield step
        except BaseException as error:
            self.emit(ToolResult(ok=False, output=f"{type(error).__name__}: {error}", id=mark))
            raise
        self.emit(ToolResult(ok=True, output=step.output or "done", id=mark))

    # -- the workspace ---------------------------------------------------------------------------------

    def path(self, relative: str) -> Path:
        """The absolute path of a workspace path; one that leads outside is refused."""
        path = (self.workspace / relative).resolve()
        if not path.is_relative_to(self.workspace.resolve()):
            raise ValueError(f"{relative} lies outside the workspace.")
        return path

    def exists(self, relative: str) -> bool:
        """Whether the workspace holds that file or folder."""
        return self.path(relative).exists()

    def read_json(self, relative: str) -> Any:
        """The parsed content of a JSON file of the workspace."""
        return json.loads(self.path(relative).read_text(encoding="utf-8"))

    def write_text(self, relative: str, text: str, what: str = "") -> str:
        """Replace a text file; with `what` it is named under Files Produced. Answers with the path."""
        atomic.write_text(self.path(relative), text, durable=False)
        return self.made(relative, what)

    def write_json(self, relative: str, value: Any, what: str = "") -> str:
        """Replace a JSON file; keys keep their order, non-finite numbers are refused."""
        text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
        return self.write_text(relative, text + "\n", what)

    def write_csv(self, relative: str, header: Sequence[str], rows: Iterable[Sequence[Any]], what: str = "") -> str:
        """Replace a CSV file; floats with ten significant digits, None as an empty field."""
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([_field(value) for value in row] for row in rows)
        return self.write_text(relative, buffer.getvalue(), what)

    def made(self, relative: str, what: str) -> str:
        """Name a file (that exists) under Files Produced, with a few words on what it is."""
        if what:
            self._produced[relative] = what
        return relative

    def files(self) -> list[tuple[str, str, bool]]:
        """(path, what it is, unchanged since the attempt began) of every file named so far."""
        return [(path, what, self._unchanged(path)) for path, what in self._produced.items()]

    def write_draft(self, draft: Draft) -> None:
        """Write the stage summary from its parts; adds the files named so far and the offered options."""
        text = render(draft, self.task, self.files())
        atomic.write_text(Path(self.task.draft_path), text, durable=False)

    def _unchanged(self, relative: str) -> bool:
        before = self._before.get(relative)
        return before is not None and before == _sha256(self.path(relative))

    def _hashes(self) -> dict[str, str]:
        found = {}
        for path in sorted(self.workspace.rglob("*")):
            if path.is_file() and not path.is_symlink() and path.stat().st_size <= HASHED_UP_TO:
                found[path.relative_to(self.workspace).as_posix()] = _sha256(path)
        return found


def _field(value: Any) -> Any:
    if value is None:
        return ""
    return f"{value:.10g}" if isinstance(value, float) else value


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
