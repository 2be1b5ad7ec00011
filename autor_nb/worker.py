"""The engine's own process: `python -m autor_nb.worker FOLDER`; ends when a person must decide."""

from __future__ import annotations

import sys
from pathlib import Path

from autor_nb import engine_process
from autor_nb.engine.temporary import temporary_folder
from autor_nb.store import inbox
from autor_nb.store.layout import RunFolder
from autor_nb.store.lock import EngineLock


def serve(run: RunFolder) -> int:
    """Work on the run until nothing is left to do; answers with an exit code."""
    from autor_nb.wiring import build, notifier

    teller = notifier(run)

    def work(held: EngineLock) -> None:
        with teller.watching():
            build(run).work(held)

    try:
        return engine_process.serve(run, work, rest=lambda: teller.wait(until=lambda: not inbox.is_empty(run)))
    finally:
        teller.wait(until=lambda: False)


def verify(run: RunFolder) -> int:
    """Verify the run, one finding a line as JSON on stdout; exit code 1 if anything differs."""
    import msgspec

    from autor_nb.engine.render import NotebookRoom
    from autor_nb.engine.verification import Finding
    from autor_nb.engine.verification import verify as verify_run
    from autor_nb.wiring import WiredParts

    def report(finding: Finding) -> None:
        print(msgspec.json.encode(finding).decode(), flush=True)

    with NotebookRoom() as room:
        findings = verify_run(run, WiredParts(run), room.reexecute, report)
    return 1 if any(finding.differences for finding in findings) else 0


def main(argv: list[str]) -> int:
    """Entry point."""
    if len(argv) not in (1, 2) or (len(argv) == 2 and argv[0] != "--verify"):
        print("usage: python -m autor_nb.worker [--verify] RUN_FOLDER", file=sys.stderr)
        return 2
    run = RunFolder(Path(argv[-1]).resolve())
    if not run.exists:
        print(f"{run.path} is not a run: it has no events.jsonl.", file=sys.stderr)
        return 2

    def work() -> int:
        with temporary_folder(run):
            return verify(run) if len(argv) == 2 else serve(run)

    return engine_process.live(run, work)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
