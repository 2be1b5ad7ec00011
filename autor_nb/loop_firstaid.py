"""The faces' door to what needs no loop: measurements that run somebody's command, in a process of their own.

A question goes to `python -m autor_nb.loop_firstaid_worker NAME` as JSON on its stdin; it answers in lines of JSON:
`{"step": …}` as it goes, then `{"answer": …}` or `{"error": …}`. Its stdin stays open for as long as somebody waits:
when it is closed, by Ctrl-C or because the asker died, the command is ended and what is known is answered.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Callable
from typing import IO, Any, TypeVar

import msgspec

from autor_nb.domain.errors import RunError, UsageError
from autor_nb.domain.loops.noise import NoiseReport, NoiseRequest, NoiseRun
from autor_nb.domain.loops.recheck import RecheckReport, RecheckRequest, RecheckRun

S = TypeVar("S")
A = TypeVar("A")


def noise(request: NoiseRequest, on_run: Callable[[NoiseRun], None]) -> NoiseReport:
    """Measure a command's noise; interrupted, what is known so far, with `interrupted` set."""
    return ask("noise", request, step=NoiseRun, on_step=on_run, answer=NoiseReport)


def recheck(request: RecheckRequest, on_run: Callable[[RecheckRun], None]) -> RecheckReport:
    """Measure two commits against each other; interrupted, what is known so far, with `interrupted` set."""
    return ask("recheck", request, step=RecheckRun, on_step=on_run, answer=RecheckReport)


def ask(name: str, request: Any, *, step: type[S], on_step: Callable[[S], None], answer: type[A]) -> A:
    """Ask the worker; UsageError or RunError as it says them, RunError if it dies without a word."""
    with tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(
            [sys.executable, "-m", "autor_nb.loop_firstaid_worker", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
        assert child.stdin is not None and child.stdout is not None
        try:
            with contextlib.suppress(BrokenPipeError):
                child.stdin.write(msgspec.json.encode(request) + b"\n")
                child.stdin.flush()
            try:
                found = _read(child.stdout, step, on_step, answer)
            except KeyboardInterrupt:
                child.stdin.close()
                found = _read(child.stdout, step, on_step, answer)
            child.wait()
        finally:
            with contextlib.suppress(OSError):
                child.stdin.close()
            _end(child)
            child.stdout.close()
        if found is not None:
            return found
        errors.seek(0)
        said = errors.read().decode("utf-8", "replace").strip().splitlines()
    raise RunError(
        f"The measurement ended without an answer: {said[-1] if said else f'exit code {child.returncode}'}.",
        "Try again; `autor doctor` looks for what is missing.",
    )


def _read(lines: IO[bytes], step: type[S], on_step: Callable[[S], None], answer: type[A]) -> A | None:
    """Follow the worker until it answers."""
    for line in lines:
        said = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
        if "step" in said:
            on_step(msgspec.json.decode(said["step"], type=step))
        elif "answer" in said:
            return msgspec.json.decode(said["answer"], type=answer)
        elif "error" in said:
            error = msgspec.json.decode(said["error"], type=dict[str, str])
            kind = UsageError if error.get("kind") == "usage" else RunError
            raise kind(error["message"], error["suggestion"])
    return None


def _end(child: subprocess.Popen[bytes]) -> None:
    """Give it the time to end its command's tree, then end it."""
    try:
        child.wait(timeout=10)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        child.kill()
        child.wait()
