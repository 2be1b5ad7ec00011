"""Trials: what the leash costs, what 200 MB of output cost, how fast a metric is found: `make bench` prints it."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from autor_nb.domain.loops.config import MetricSpec
from autor_nb.domain.loops.metric import read_metric
from autor_nb.engine.loops.trial import TrialRequest, run_trial

MEGABYTE = 2**20
PRINTED = 200 * MEGABYTE


def request(command: str | tuple[str, ...], folder: Path, **more: object) -> TrialRequest:
    """A trial in a folder."""
    made = {"command": command, "cwd": folder, "output": folder / "output.txt", "marker": "bench", "timeout_s": 600.0}
    return TrialRequest(**{**made, **more})  # type: ignore[arg-type]


def leash_overhead(folder: Path, rounds: int = 60) -> tuple[float, float]:
    """(median ms of a trial of /bin/true, median ms of /bin/true alone), interleaved."""
    ours, plain = [], []
    for _ in range(rounds):
        begun = time.perf_counter()
        run_trial(request(("/bin/true",), folder))
        ours.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        subprocess.run(["/bin/true"], check=True)
        plain.append(time.perf_counter() - begun)
    return 1e3 * statistics.median(ours), 1e3 * statistics.median(plain)


def large_output(folder: Path, cap: int) -> tuple[float, float, float, int]:
    """(seconds of the trial, seconds of reading, MB that this process grew by, bytes on disk) of 200 MB."""
    line = "epoch 1 step 100 train_loss 0.123456 lr 0.001"
    command = f"yes '{line}' | head -c {PRINTED}; echo; echo 'loss: 0.5'"
    spec = MetricSpec(name="loss", direction="lower")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.perf_counter()
    ended = run_trial(request(command, folder, output_cap=cap))
    ran = time.perf_counter() - begun
    begun = time.perf_counter()
    found = read_metric(folder / "output.txt", spec)
    read = time.perf_counter() - begun
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / (1 if sys.platform == "darwin" else 1024)
    assert ended.ending == "finished" and found.value == 0.5 and ended.output_bytes > PRINTED
    return ran, read, grown, (folder / "output.txt").stat().st_size


def no_match(folder: Path, pattern: str) -> float:
    """Seconds of looking through 200 MB for what is not there."""
    path = folder / "long.txt"
    with path.open("w") as stream:
        for _ in range(PRINTED // (1000 * 46)):
            stream.write("epoch 1 step 100 train_loss 0.123456 lr 0.001\n" * 1000)
    begun = time.perf_counter()
    assert read_metric(path, MetricSpec(name="val_bpb", direction="lower", pattern=pattern)).value is None
    return time.perf_counter() - begun


def main() -> None:
    """Print the lines."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        ran, read, grown, size = large_output(folder, 1024 * MEGABYTE)
        print(f"200 MB printed, all kept: {ran:.2f} s, read in {1e3 * read:.1f} ms, {grown:.1f} MB extra, {size / MEGABYTE:.0f} MB on disk")
        ran, read, grown, size = large_output(folder, 64 * MEGABYTE)
        print(f"200 MB printed, cap 64 MB: {ran:.2f} s, read in {1e3 * read:.1f} ms, {grown:.1f} MB more, {size / MEGABYTE:.0f} MB on disk")
        ours, plain = leash_overhead(folder)
        print(f"a trial of /bin/true: {ours:.1f} ms; without a leash {plain:.1f} ms; overhead {ours - plain:.1f} ms")
        print(f"200 MB without the metric: {no_match(folder, ''):.2f} s by name, {no_match(folder, r'val_bpb: ([0-9.]+)'):.2f} s by a pattern")


if __name__ == "__main__":
    main()
