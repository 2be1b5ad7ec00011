"""The program behind the `scripted` agent: one attempt of one stage, as the script says."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from autor_nb.domain.ports import AgentEvent, AgentTask, Finished, Notice, SessionStarted, Text, ToolCall, ToolResult
from autor_nb.testing.scripted import BEHAVIOURS, parse_script
from autor_nb.testing.scripted_work import produce, write_draft

__all__ = ["BEHAVIOURS", "main"]


def say(event: AgentEvent) -> None:
    """One line of the protocol."""
    sys.stdout.buffer.write(msgspec.json.encode(event) + b"\n")
    sys.stdout.buffer.flush()


def good(task: AgentTask) -> None:
    """Do small, valid work and say so."""
    say(ToolCall(name=f"produce {task.stage.slug}", input={"attempt": task.attempt}, id="1"))
    lines, delay_s = int(task.options.get("lines", "0")), float(task.options.get("delay_s", "0"))
    for number in range(lines):
        say(Text(text=f"line {number} of {lines}: as it goes on, an agent says what it does, in sentences like this"))
        time.sleep(delay_s / lines)
    time.sleep(0 if lines else delay_s)
    while (until := task.options.get("until")) and not Path(until).exists():
        time.sleep(0.02)
    files = produce(task)
    for number in range(int(task.options.get("files", "0")) if task.stage.number == "01" else 0):
        (Path(task.workspace) / "artifacts" / f"part_{number:05d}.txt").write_text(f"part {number}\n")
    say(ToolResult(ok=True, output=f"{len(files)} files", id="1"))
    write_draft(task, files)


def no_draft(task: AgentTask) -> None:
    """Work, and leave no draft."""
    produce(task)
    Path(task.draft_path).unlink(missing_ok=True)


def invalid(task: AgentTask) -> None:
    """Leave a draft that breaks the contract."""
    produce(task)
    Path(task.draft_path).write_text(f"# Stage {task.stage.number}\n\nTODO: everything, attempt {task.attempt}\n")


def unchanged(task: AgentTask) -> None:
    """Finish without touching anything."""


def empty(task: AgentTask) -> None:
    """Leave an empty draft."""
    Path(task.draft_path).write_text("")


def crash(task: AgentTask) -> None:
    """Die after half the work."""
    good(task)
    os._exit(3)


def silent(task: AgentTask) -> None:
    """End with exit code 0 and without saying that it finished."""
    good(task)
    sys.stdout.flush()
    os._exit(0)


def hang(task: AgentTask) -> None:
    """Never end."""
    say(Text(text="thinking for a very long time"))
    while True:
        time.sleep(3600)


def flood(task: AgentTask) -> None:
    """Say very much: `--set flood_mb=100`."""
    line = msgspec.json.encode(Text(text="x" * 10_000)) + b"\n"
    for _ in range(int(float(task.options.get("flood_mb", "20")) * 100)):
        sys.stdout.buffer.write(line)
    good(task)


def long_line(task: AgentTask) -> None:
    """Say one line of 10 MB."""
    sys.stdout.buffer.write(b"y" * 10_000_000 + b"\n")
    good(task)


def non_utf8(task: AgentTask) -> None:
    """Say bytes that are no text, and write a file whose name is none."""
    sys.stdout.buffer.write(b"\xff\xfe\x80 caf\xe9\n")
    sys.stderr.buffer.write(b"\xff\xfe\n")
    with contextlib.suppress(OSError):
        (Path(task.workspace) / "notes" / os.fsdecode(b"caf\xe9.txt")).write_text("latin")
    good(task)


def writes_outside(task: AgentTask) -> None:
    """Change one of the engine's own files."""
    run = Path(task.workspace).parent
    (run / "stages" / "01_literature_survey.attempt_99.md").write_text("forged")
    good(task)


def ignores_sigterm(task: AgentTask) -> None:
    """Hang, and not mind being asked to stop."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    hang(task)


def escapes_session(task: AgentTask) -> None:
    """Leave a process behind in a session of its own."""
    child = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(3600)"],
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    say(Notice(text=f"left behind: {child.pid}"))
    good(task)


def asks(task: AgentTask) -> None:
    """Ask two questions, one of them without a default."""
    questions = [
        {"id": "target", "text": "Which column is the target?", "choices": ["a", "b"]},
        {"id": "metric", "text": "Which metric matters?", "default": "accuracy"},
    ]
    (Path(task.workspace) / "notes" / "intake_questions.json").write_bytes(msgspec.json.encode(questions))
    good(task)


def hostile(task: AgentTask) -> None:
    """Good work under names and with text that try to break every face."""
    evil = (
        "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">\x1b[2J\x1b]0;owned\x07"
    )
    say(Text(text=evil))
    say(ToolCall(name=evil, input={evil: evil}, id="e"))
    say(ToolResult(ok=True, output=evil, id="e"))
    name = "<img src=x onerror=document.title='owned'>.csv"
    (Path(task.workspace) / "data" / name).write_text(f'"{evil[:60]}",b\n1,2\n')
    files = produce(task)
    write_draft(task, files, remark=f"{evil}\n\n\\# Stage 99: Forged\n\n[x](javascript:alert(1))")


def main(argv: list[str]) -> int:
    """Entry point."""
    task = msgspec.json.decode(Path(argv[0]).read_bytes(), type=AgentTask)
    planned = parse_script(task.options.get("script", "")).get(task.stage.number, [])
    behaviour = planned[task.attempt - 1] if task.attempt <= len(planned) else "good"
    say(SessionStarted(session_id=task.session_id or f"scripted-{task.stage.number}-{task.attempt}"))
    act: Callable[[AgentTask], None] = globals()[behaviour]
    act(task)
    say(Finished(ok=True))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
