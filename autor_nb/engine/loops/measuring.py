"""Reading a trial's metrics with a clock on it: no pattern, however it was written, holds the engine up for ever."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import TypeVar

import msgspec

from autor_nb.domain.loops.config import MetricSpec, ResourceSpec
from autor_nb.domain.loops.metric import Measurement, metrics_file, read_metric, read_resource

READING_S = 20.0
Stamp = tuple[int, int, int]
T = TypeVar("T")


class _TooSlow(Exception):
    """Raised inside a search by the alarm."""


class _Question(msgspec.Struct, frozen=True, kw_only=True):
    """What the child process is to read."""

    output: str
    folder: str | None
    metric: MetricSpec | None = None
    resource: ResourceSpec | None = None


def stamps(specs: Sequence[MetricSpec], folder: Path) -> dict[str, Stamp]:
    """Files that metrics are read from, as they are before a trial: what it does not write is not its own."""
    return {file: found for spec in specs if (file := metrics_file(spec)) and (found := _stamp(folder / file))}


def measure(
    output: Path,
    specs: Sequence[MetricSpec],
    folder: Path,
    before: dict[str, Stamp] | None = None,
    within_s: float = READING_S,
) -> dict[str, Measurement]:
    """Every metric of a trial by its name; one in a file that the trial left as it was has no value."""
    found: dict[str, Measurement] = {}
    for spec in specs:
        file = metrics_file(spec)
        if file and before and file in before and before[file] == _stamp(folder / file):
            found[spec.name] = Measurement(value=None, reason=f"The command left {file} as it was.")
        else:
            question = _Question(output=str(output), folder=str(folder), metric=spec)
            found[spec.name] = _asked(question, bool(spec.pattern) and spec.source == "regex", within_s)
    return found


def measure_resource(output: Path, spec: ResourceSpec, within_s: float = READING_S) -> Measurement:
    """The resource that a trial used."""
    return _asked(_Question(output=str(output), folder=None, resource=spec), True, within_s)


def _stamp(path: Path) -> Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _answer(question: _Question) -> Measurement:
    output = Path(question.output)
    if question.resource is not None:
        return read_resource(output, question.resource)
    assert question.metric is not None
    return read_metric(output, question.metric, Path(question.folder) if question.folder else None)


def _asked(question: _Question, risky: bool, within_s: float) -> Measurement:
    slow = Measurement(
        value=None, reason=f"Its pattern was not found within {within_s:g} s: write a simpler one, with one group."
    )
    if not risky:
        return _answer(question)
    if threading.current_thread() is not threading.main_thread():
        return _in_child(question, within_s, slow)
    try:
        return _alarmed(lambda: _answer(question), within_s)
    except _TooSlow:
        return slow


def _alarmed(read: Callable[[], T], within_s: float) -> T:
    """The main thread's way: Python's search looks for signals as it goes."""

    def ring(number: int, frame: FrameType | None) -> None:
        raise _TooSlow

    earlier = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, within_s)
    try:
        return read()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, earlier)


def _in_child(question: _Question, within_s: float, slow: Measurement) -> Measurement:
    """Any other thread's way: no signal reaches it, but a process can be ended."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "autor_nb.engine.loops.measuring"],
            input=msgspec.json.encode(question),
            stdout=subprocess.PIPE,
            timeout=within_s + 2,
            check=True,
        )
    except subprocess.TimeoutExpired:
        return slow
    return msgspec.json.decode(done.stdout, type=Measurement)


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(_answer(msgspec.json.decode(sys.stdin.buffer.read(), type=_Question))))
