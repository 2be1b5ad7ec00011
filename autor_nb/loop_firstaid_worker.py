"""The other end of `loop_firstaid`: `python -m autor_nb.loop_firstaid_worker NAME`, question in, lines of JSON out."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

import msgspec

from autor_nb.domain.errors import AutorError, UsageError

Say = Callable[[Any], None]
Stopped = Callable[[], bool]


def _noise(question: bytes, step: Say, stopped: Stopped) -> Any:
    from autor_nb.domain.loops.noise import NoiseRequest
    from autor_nb.engine.loops.noise import measure_noise

    return measure_noise(msgspec.json.decode(question, type=NoiseRequest), step, stopped)


def _recheck(question: bytes, step: Say, stopped: Stopped) -> Any:
    from autor_nb.domain.loops.recheck import RecheckRequest
    from autor_nb.engine.loops.recheck import recheck

    return recheck(msgspec.json.decode(question, type=RecheckRequest), step, stopped)


def _preflight(question: bytes, step: Say, stopped: Stopped) -> Any:
    from autor_nb.domain.loops.preflight import PreflightRequest
    from autor_nb.engine.loops.asking import checks

    return checks(msgspec.json.decode(question, type=PreflightRequest), step)


def _critic(question: bytes, step: Say, stopped: Stopped) -> Any:
    from autor_nb.domain.loops.preflight import AskRequest
    from autor_nb.engine.loops.asking import critic

    return critic(msgspec.json.decode(question, type=AskRequest), stopped)


def _coder(question: bytes, step: Say, stopped: Stopped) -> Any:
    from autor_nb.domain.loops.preflight import AskRequest
    from autor_nb.engine.loops.asking import coder

    return coder(msgspec.json.decode(question, type=AskRequest), stopped)


def _contention(question: bytes, step: Say, stopped: Stopped) -> Any:
    from autor_nb.domain.loops.forks import ContentionRequest
    from autor_nb.engine.loops.contention import measure_contention

    return measure_contention(msgspec.json.decode(question, type=ContentionRequest), step, stopped)


def _compare(question: bytes, step: Say, stopped: Stopped) -> Any:
    from autor_nb.domain.loops.forks import CompareRequest
    from autor_nb.engine.loops.comparing import compare

    request = msgspec.json.decode(question, type=CompareRequest)
    return compare(request, step, stopped, _scorer(request.config, request.frozen_scales))


def _merge(question: bytes, step: Say, stopped: Stopped) -> Any:
    from autor_nb.domain.loops.forks import MergeRequest
    from autor_nb.engine.loops.merging import merge

    request = msgspec.json.decode(question, type=MergeRequest)
    return merge(request, step, stopped, _scorer(request.config, request.frozen_scales))


def _scorer(config: Any, frozen: dict[str, Any]) -> Callable[[Any], float | None] | None:
    """One score of several metrics, on the scales that the loop froze at its baseline."""
    from autor_nb.domain.loops.scalarizer import Frozen
    from autor_nb.loop_wiring import WiredLoopParts

    scalarizer = WiredLoopParts().scalarizer(config)
    if scalarizer is None:
        return None
    if not frozen:
        raise UsageError("The scales of its metrics are not known yet.", "Let the loop make its baseline first.")
    scales = msgspec.convert(frozen, Frozen)
    return lambda values: scalarizer.score(values, scales)


ANSWERS: dict[str, Callable[[bytes, Say, Stopped], Any]] = {
    "noise": _noise,
    "recheck": _recheck,
    "contention": _contention,
    "compare": _compare,
    "merge": _merge,
    "preflight": _preflight,
    "critic": _critic,
    "coder": _coder,
}


def _tell(kind: str, content: Any) -> None:
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.buffer.write(msgspec.json.encode({kind: content}) + b"\n")
        sys.stdout.buffer.flush()


def main(argv: list[str]) -> int:
    """Entry point."""
    if len(argv) != 1 or argv[0] not in ANSWERS:
        print(f"usage: python -m autor_nb.loop_firstaid_worker {'|'.join(ANSWERS)}", file=sys.stderr)
        return 2
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the face, which closes our stdin
    question = sys.stdin.buffer.readline()
    gone = threading.Event()

    def wait_for_the_end() -> None:
        while os.read(0, 4096):  # not the buffered reader: a daemon thread in it cannot be left behind
            pass
        gone.set()

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    try:
        _tell("answer", ANSWERS[argv[0]](question, lambda content: _tell("step", content), gone.is_set))
    except AutorError as error:
        kind = "usage" if isinstance(error, UsageError) else "run"
        _tell("error", {"kind": kind, "message": error.message, "suggestion": error.suggestion})
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
