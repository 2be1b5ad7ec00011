"""A trial ends when it should, leaves nobody behind, sees no secret, and its output is all there is of it."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from autor_nb.domain.errors import StoreError
from autor_nb.domain.loops.config import MetricSpec, ResourceSpec
from autor_nb.domain.loops.metric import read_metric
from autor_nb.engine.loops import sandbox
from autor_nb.engine.loops.environment import looks_secret, trial_environment
from autor_nb.engine.loops.measuring import measure, measure_resource, stamps
from autor_nb.engine.loops.spill import CUT, Spill
from autor_nb.engine.loops.trial import Clock, TrialEnd, TrialRequest, run_trial
from autor_nb.store import leash

Run = Callable[..., TrialEnd]
LOSS = MetricSpec(name="loss", direction="lower")


@pytest.fixture
def marker(tmp_path: Path) -> str:
    """A marker of this test alone."""
    return f"trial-{os.getpid()}-{tmp_path.name}"


@pytest.fixture
def run(tmp_path: Path, marker: str) -> Run:
    """Run a command in a folder of its own; its output is `output.txt`."""
    (tmp_path / "clone").mkdir()

    def go(command: str | tuple[str, ...], *, cancelled: Any = None, spawned: Any = None, clock: Any = None, **how: Any) -> TrialEnd:
        request = {"timeout_s": 20.0, "cwd": tmp_path / "clone", "output": tmp_path / "output.txt", "marker": marker, **how}
        return run_trial(TrialRequest(command=command, **request), spawned, cancelled, clock)

    return go


def printed(tmp_path: Path) -> str:
    """What is in the output file."""
    return (tmp_path / "output.txt").read_text()


def left(marker: str) -> list[int]:
    """Whoever still carries the marker, zombies apart."""
    return [pid for pid in leash.marked(marker) if psutil.pid_exists(pid)]


def test_a_command_runs_in_its_folder_with_its_seed_and_no_input(run: Run, tmp_path: Path) -> None:
    """Shell text and argv; stdout and stderr come as a person would see them."""
    ended = run("pwd; echo $THE_SEED >&2; cat; echo $EXTRA", seed=7, seed_env="THE_SEED", env={"EXTRA": "more"})
    assert ("finished", 0, False) == (ended.ending, ended.exit_code, ended.slept)
    assert f"{tmp_path / 'clone'}\n7\nmore\n" == printed(tmp_path)
    assert len(printed(tmp_path)) == ended.output_bytes
    assert "finished" == run((sys.executable, "-c", "print('a b')")).ending
    assert "a b\n" == printed(tmp_path)


@pytest.mark.parametrize(("command", "ending", "code", "said"), [
    ("echo x; exit 3", "failed", 3, "exit code 3"),
    ("kill -9 $$", "failed", 137, "SIGKILL"),
    (("no-such-program",), "not_started", None, "no-such-program"),
    (("./absent.sh",), "not_started", None, "absent.sh"),
    ((), "not_started", None, "empty"),
    ("no-such-program", "failed", 127, "127"),
])
def test_how_it_ended_is_said(run: Run, command: Any, ending: str, code: int | None, said: str) -> None:
    """With the exit code, where there is one."""
    ended = run(command)
    assert (ending, code) == (ended.ending, ended.exit_code)
    assert said in ended.detail


def test_a_folder_that_is_gone_is_named(run: Run, tmp_path: Path) -> None:
    """Not a traceback."""
    ended = run("true", cwd=tmp_path / "gone")
    assert "not_started" == ended.ending and "gone" in ended.detail


def test_time_is_up_for_the_whole_tree_and_what_it_printed_is_kept(run: Run, tmp_path: Path, marker: str) -> None:
    """Also for children that ignore being asked; a timed-out run is never finished, whatever its exit code."""
    ended = run("trap '' TERM; (trap '' TERM; sleep 60) & echo loss: 1; sleep 60", timeout_s=0.3, grace_s=0.2)
    assert "timed_out" == ended.ending and "0.3 s" in ended.detail
    assert 0.4 < ended.duration_s < 3
    assert "loss: 1\n" == printed(tmp_path)
    assert [] == left(marker)
    polite = run("trap 'echo saved; exit 0' TERM; while :; do sleep 0.01; done", timeout_s=0.3)
    assert ("timed_out", 0) == (polite.ending, polite.exit_code)
    assert printed(tmp_path).endswith("saved\n")


def test_a_person_stops_it_within_half_a_second(run: Run, marker: str) -> None:
    """Even one that does not want to."""
    began: list[float] = []

    def cancelled() -> bool:
        began.append(time.monotonic())
        return True

    ended = run("trap '' TERM; while :; do sleep 1; done", cancelled=cancelled)
    assert "stopped" == ended.ending
    assert time.monotonic() - began[0] < 0.9  # half a second, and what a busy machine takes to start Python
    assert [] == left(marker)


def test_a_daemon_prints_no_more_when_the_command_has_ended(run: Run, tmp_path: Path) -> None:
    """Not even one with a session and an environment of its own, whose number is better."""
    late = textwrap.dedent("""
        import os, time
        if os.fork(): os._exit(0)
        os.setsid()
        if os.fork(): os._exit(0)
        open("pid", "w").write(str(os.getpid()))
        time.sleep(0.4)
        print("loss: 0", flush=True)
        open("late", "w")
    """)
    (tmp_path / "clone" / "late.py").write_text(late)
    ended = run(f"env -i {sys.executable} late.py; while [ ! -s pid ]; do sleep 0.01; done; echo loss: 1")
    assert "finished" == ended.ending
    assert 1.0 == read_metric(tmp_path / "output.txt", LOSS).value
    pid = int((tmp_path / "clone" / "pid").read_text())
    assert not psutil.pid_exists(pid)
    assert not (tmp_path / "clone" / "late").exists()


def test_it_is_ended_when_the_engine_dies(tmp_path: Path, marker: str) -> None:
    """By whatever death."""
    code = textwrap.dedent(f"""
        from pathlib import Path
        from autor_nb.engine.loops.trial import TrialRequest, run_trial
        run_trial(TrialRequest(command="echo up; sleep 60", cwd=Path({str(tmp_path)!r}), marker={marker!r}, timeout_s=60,
                               output=Path({str(tmp_path / "o")!r})), lambda pid, at: print(pid, flush=True))
    """)
    engine = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert engine.stdout is not None
    held = psutil.Process(int(engine.stdout.readline()))
    while not (tmp_path / "o").read_text():
        held.status()
    engine.kill()
    engine.wait()
    held.wait(timeout=5)
    assert [] == left(marker)


def test_the_one_who_watches_over_it_can_be_killed_too(run: Run, marker: str) -> None:
    """Then the trial is lost, which says nothing of the command, and its processes are ended by their marker."""
    def spawned(pid: int, at: float) -> None:
        threading.Timer(0.3, os.kill, (pid, signal.SIGKILL)).start()

    ended = run("sleep 60", spawned=spawned)
    assert ("lost", None) == (ended.ending, ended.exit_code) and "killed by SIGKILL" in ended.detail
    assert [] == left(marker)


def test_who_runs_is_told(run: Run) -> None:
    """The pid with its start time, so that a killed engine's trial can be found again."""
    seen: list[tuple[int, float]] = []
    run("sleep 0.05", spawned=lambda pid, at: seen.append((pid, at)))
    assert seen[0][0] > 1 and abs(seen[0][1] - time.time()) < 5


class Drowsy(Clock):
    """A machine that sleeps for an hour at its second look."""

    def __init__(self) -> None:
        self.looks = 0

    def always(self) -> float:
        self.looks += 1
        return super().always() + (3600 if self.looks > 1 else 0)


def test_a_machine_that_slept_is_noticed(run: Run) -> None:
    """The time-out is in time awake, and the end says that it slept."""
    ended = run("true", clock=Drowsy())
    assert ("finished", True) == (ended.ending, ended.slept)
    assert ended.duration_s < 60


def test_no_secret_is_passed_on() -> None:
    """By name or by value; what computing needs is."""
    kept = {"PATH": f"{Path(sys.executable).parent}:/bin", "HOME": "/h", "CUDA_VISIBLE_DEVICES": "0", "OMP_NUM_THREADS": "2", "LC_ALL": "C", "HF_HOME": "/c",
            "TOKENIZERS_PARALLELISM": "false"}
    stripped = {"OPENAI_API_KEY": "x", "HF_TOKEN": "x", "AWS_SECRET_ACCESS_KEY": "x", "CONDA_TOKEN": "x", "DB_PASSWORD": "x",
                "TF_AUTH": "x", "RANDOM_VARIABLE": "x", "XDG_URL": "https://me:word@host/", "HF_ENDPOINT": "hf_abcdefghijklmnopqrst"}
    made = trial_environment({}, 3, "SEED", "m", around=kept | stripped)
    ours = {"SEED": "3", leash.MARKER_VARIABLE: "m", "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    assert kept | ours == made
    assert looks_secret("GITHUB_PAT", "") and not looks_secret("PATH", "/usr/bin")


def test_an_edit_within_a_second_is_what_runs(run: Run, tmp_path: Path) -> None:
    """Byte code of the trial before is not taken for the code of this one."""
    module, script = tmp_path / "clone" / "model.py", tmp_path / "clone" / "train.py"
    script.write_text("import model; print('loss:', model.LOSS)")
    found = []
    for digit in "123":
        module.write_text(f"LOSS = {digit}\n")
        os.utime(module, (1_700_000_000, 1_700_000_000))
        assert "finished" == run((sys.executable, "train.py")).ending
        found.append(read_metric(tmp_path / "output.txt", LOSS).value)
    assert [1.0, 2.0, 3.0] == found


def test_beyond_the_cap_the_beginning_and_the_end_are_kept(run: Run, tmp_path: Path) -> None:
    """By whole lines, so that the last match is there and no cut makes another number; how much is missing is said."""
    ended = run("echo first; seq 1000000 1099999; echo loss: 0.5; seq 5", output_cap=100_000)
    text = printed(tmp_path)
    assert "finished" == ended.ending and ended.cut_bytes > 600_000
    assert len(text) <= 100_000 + len(CUT) + 65536
    assert text.startswith("first\n1000000\n") and text.endswith("loss: 0.5\n1\n2\n3\n4\n5\n")
    assert 0.5 == read_metric(tmp_path / "output.txt", LOSS).value
    assert all(len(line) == 7 for line in text.splitlines() if line.startswith("10"))
    assert ended.output_bytes == len("first\n") + 100_000 * 8 + len("loss: 0.5\n") + 10


@pytest.mark.parametrize("size", [1, 1000, 65536, 300_000])
def test_a_spill_keeps_all_of_what_fits(tmp_path: Path, size: int) -> None:
    """In whatever pieces it comes."""
    whole = b"".join(b"%d\n" % n for n in range(60_000))
    pieces = [whole[at : at + size] for at in range(0, len(whole), size)] if size > 1 else [whole[:50]]
    with Spill(tmp_path / "o", 2**20) as spill:
        for piece in pieces:
            spill.write(piece)
    assert b"".join(pieces) == (tmp_path / "o").read_bytes()
    assert 0 == spill.cut


def test_a_full_disk_is_named(run: Run, marker: str) -> None:
    """As what it is, and the command is ended."""
    with pytest.raises(StoreError, match="No space left"):
        run("yes", output=Path("/dev/full"))
    assert [] == left(marker)


def test_much_output_takes_little_memory(run: Run, tmp_path: Path) -> None:
    """64 MB through a cap of 16: the engine grows by a tenth of it."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    ended = run("head -c 67108864 /dev/zero | tr '\\0' x; echo; echo loss: 2", output_cap=16 * 2**20)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert "finished" == ended.ending and 2.0 == read_metric(tmp_path / "output.txt", LOSS).value
    assert grown < 20 * 1024


def test_a_sandbox_lets_it_write_in_its_folder_only(run: Run, tmp_path: Path) -> None:
    """No network, nothing hidden is read; /tmp is its own."""
    outside, kept, secret = tmp_path / "outside", tmp_path / "kept", tmp_path / "holdout.csv"
    outside.mkdir()
    kept.mkdir()
    secret.write_text("the answers")
    probe = "import socket; s = socket.socket(); s.settimeout(2); s.connect(('127.0.0.1', 1))"
    command = (f"touch mine {kept}/mine /tmp/mine && echo ok; touch {outside}/x || echo refused; cat {secret} | wc -c; "
               f"{sys.executable} -c \"{probe}\" 2>&1 | tail -n 1")
    ended = run(command, sandbox=True, writable=(kept,), readable=(outside,), hidden=(secret,))
    if why_not := sandbox.refusal():
        assert ("not_started", why_not) == (ended.ending, ended.detail)
        return
    assert "finished" == ended.ending, printed(tmp_path)
    said = printed(tmp_path).splitlines()
    assert "ok" == said[0] and "refused" in said and "0" in said
    assert (tmp_path / "clone" / "mine").exists() and (kept / "mine").exists()
    assert not (outside / "x").exists() and not Path("/tmp/mine").exists()


def test_without_bubblewrap_a_sandbox_is_never_quietly_less(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The trial is not started, and says what to install."""
    sandbox.refusal.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path))
    ended = run("touch ran", sandbox=True)
    sandbox.refusal.cache_clear()
    assert "not_started" == ended.ending and "bubblewrap" in ended.detail
    assert not (tmp_path / "clone" / "ran").exists()


def slow_pattern() -> MetricSpec:
    """One whose search takes longer than anybody lives."""
    return MetricSpec(name="loss", direction="lower", pattern=r"(?:a+)+(\d)")


@pytest.mark.parametrize("thread", [False, True])
def test_a_pattern_never_holds_the_engine_up(tmp_path: Path, thread: bool) -> None:
    """In the main thread and in any other."""
    (tmp_path / "o").write_text("a" * 40 + "\n")
    found: dict[str, Any] = {}

    def look() -> None:
        found.update(measure(tmp_path / "o", [slow_pattern()], tmp_path, within_s=0.3))

    if thread:
        worker = threading.Thread(target=look)
        worker.start()
        worker.join(timeout=20)
    else:
        look()
    assert found["loss"].value is None and "not found within 0.3 s" in found["loss"].reason


def test_a_metrics_file_of_an_earlier_trial_is_not_this_one_s(tmp_path: Path) -> None:
    """What the trial did not write has no value; what it wrote again has, even the same."""
    asked = [MetricSpec(name="loss", direction="lower", source="json", pattern="m.json#loss")]
    (tmp_path / "o").write_text("")
    (tmp_path / "m.json").write_text('{"loss": 1}')
    before = stamps(asked, tmp_path)
    assert measure(tmp_path / "o", asked, tmp_path, before)["loss"].value is None
    os.utime(tmp_path / "m.json", (1, 1))
    assert 1.0 == measure(tmp_path / "o", asked, tmp_path, before)["loss"].value
    assert 1.0 == measure(tmp_path / "o", asked, tmp_path, stamps(asked, tmp_path / "elsewhere"))["loss"].value


def test_a_resource_is_read_in_any_thread(tmp_path: Path) -> None:
    """As the metric is."""
    (tmp_path / "o").write_text("peak 2048\n")
    found: list[float | None] = []
    asked = ResourceSpec(pattern=r"peak (\d+)", transform="divide_by_1024")
    worker = threading.Thread(target=lambda: found.append(measure_resource(tmp_path / "o", asked).value))
    worker.start()
    worker.join()
    assert [2.0, 2.0] == [*found, measure_resource(tmp_path / "o", asked).value]
