"""The embedded agent as a program: reads one task, carries out its stage, tells about it on the line
protocol."""

from __future__ import annotations

import importlib
import io
import os
import sys
import traceback
from pathlib import Path

import msgspec

# Before any numeric library is loaded: one thread a process, so that sums are taken in one order.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ.setdefault(_variable, "1")

from autor_nb.domain.errors import AutorError  # noqa: E402
from autor_nb.domain.ports import AgentEvent, AgentTask, Finished, SessionStarted, UsageReported  # noqa: E402

STAGES = {
    "00": "intake",
    "01": "survey",
    "02": "hypotheses",
    "03": "design",
    "04": "implementation",
    "05": "experimentation",
    "06": "analysis",
    "07": "paper",
    "08": "dissemination",
}


def _emit(event: AgentEvent) -> None:
    sys.stdout.write(msgspec.json.encode(event).decode("utf-8") + "\n")
    sys.stdout.flush()


def run(task: AgentTask) -> None:
    """Carry out the stage; raises what stands in its way."""
    from autor_nb.plugins.agents.tabular.opening import open_session

    name = STAGES.get(task.stage.number)
    if name is None:
        raise ValueError(f"The tabular agent knows no stage {task.stage.number}.")
    module = importlib.import_module(f"autor_nb.plugins.agents.tabular.{name}")
    module.work(open_session(task))


def main(argv: list[str]) -> int:
    """0 when the stage is done and its draft written; 1 with the reason as the last event otherwise."""
    if len(argv) != 1:
        print("usage: python -m autor_nb.plugins.agents.tabular TASK.json", file=sys.stderr)
        return 2
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    try:
        task = msgspec.json.decode(Path(argv[0]).read_bytes(), type=AgentTask)
        _emit(SessionStarted(session_id=f"tabular-{task.run_id}-{task.stage.number}"))
        _emit(UsageReported(cost_usd=0.0))
        run(task)
    except AutorError as error:
        _emit(Finished(ok=False, detail=" ".join(filter(None, (error.message, error.suggestion)))))
        return 1
    except Exception as error:
        traceback.print_exc(file=sys.stderr)
        _emit(Finished(ok=False, detail=f"The tabular agent stopped: {type(error).__name__}: {error}"))
        return 1
    _emit(Finished(ok=True))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
