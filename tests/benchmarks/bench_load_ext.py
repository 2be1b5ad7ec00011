"""What `%load_ext autor_nb` adds to a notebook's start: at most 60 ms (median of fresh processes); prints the figures.

Run: python tests/benchmarks/bench_load_ext.py
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys

LIMIT_MS = 60.0
ROUNDS = 9
HEAVY = ("papermill", "plotly", "ipywidgets", "matplotlib", "pandas")
PROGRAM = """
import json, sys, time
import ipykernel.zmqshell  # a kernel has this and what it brings
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
began = time.perf_counter()
shell.run_line_magic("load_ext", {name!r})
print(json.dumps([(time.perf_counter() - began) * 1000, [m for m in {heavy!r} if m in sys.modules]]))
"""


def measure(name: str) -> tuple[float, list[str]]:
    """Milliseconds of one load in a fresh process, and the heavy modules that it brought."""
    program = PROGRAM.format(name=name, heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    took_ms, heavy = json.loads(done.stdout.splitlines()[-1])
    return took_ms, heavy


def main() -> int:
    """Print the median beside that of IPython's own small extension; exit 1 over the limit."""
    ours = [measure("autor_nb") for _ in range(ROUNDS)]
    peer_ms = statistics.median(measure("autoreload")[0] for _ in range(3))
    median_ms = statistics.median(took for took, _ in ours)
    heavy = sorted({name for _, names in ours for name in names})
    print(f"load_ext autor_nb {median_ms:.1f} ms (limit {LIMIT_MS:.0f}), autoreload {peer_ms:.1f} ms, "
          f"ratio {median_ms / peer_ms:.1f}, heavy modules: {', '.join(heavy) or 'none'}")
    return int(median_ms > LIMIT_MS or bool(heavy))


if __name__ == "__main__":
    sys.exit(main())
