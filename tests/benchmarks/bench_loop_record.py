"""What `loop record` takes in process, in a loop of ten and in one of ten thousand experiments; printed, not judged.

    python tests/benchmarks/bench_loop_record.py [TIMES]
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from bench_loop_reading import ME, make

from autor_nb import loop_control
from autor_nb.store.loops.layout import LoopFolder

WANTED_MS = 2.0


def taken(loop: LoopFolder, n: int) -> float:
    """Milliseconds of one record that names its commit, as an agent's does."""
    begun = time.perf_counter()
    loop_control.record(loop, ME, status="discard", metric=2.2, commit=f"{n:040x}", summary="turned a knob")
    return 1e3 * (time.perf_counter() - begun)


def main(times: int) -> None:
    """Print medians, taken in turn, with flushes to disk and without."""
    flush = os.fsync, os.fdatasync
    with tempfile.TemporaryDirectory() as place:
        loops = {count: make(Path(place) / str(count), count) for count in (10, 10_000)}
        for said, flushes in (("flushes apart", (lambda handle: None,) * 2), ("with flushes", flush)):
            os.fsync, os.fdatasync = flushes
            rows = [[taken(loop, n) for loop in loops.values()] for n in range(times)]
            for count, column in zip(loops, zip(*rows, strict=True), strict=True):
                print(f"record, {said}, at {count:,} experiments: {statistics.median(column):.2f} ms "
                      f"(median of {times}, slowest {max(column):.1f}); wanted ≤ {WANTED_MS:g} apart from flushes")  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
