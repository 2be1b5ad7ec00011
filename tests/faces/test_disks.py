"""Read-only and full disks, made by bubblewrap (also for root): said plainly, nothing acknowledged is lost."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from autor_nb.domain import events as ev
from autor_nb.store import eventlog

ROOT = Path(__file__).resolve().parents[2]
AUTOR = f"{sys.executable} -m autor_nb.cli.main"
NEW = "autor new --agent scripted --goal 'find out what holds' --runs-dir runs"


def on_disk(tmp_path: Path, size: int, script: str) -> Path:
    """Carry a shell script out on a disk of that many bytes, all else read-only; what it put into `out` is kept.

    The disk lives only as long as the script. `autor NAME…` writes its envelope and its exit code to `out`.
    """
    bwrap = shutil.which("bwrap")
    assert bwrap, "bubblewrap is missing: `apt-get install bubblewrap`"
    disk, out, steps = tmp_path / "disk", tmp_path / "out", tmp_path / "steps.sh"
    for folder in (disk, out):
        folder.mkdir()
    steps.write_text(
        f"cd {disk}\nmkdir home\nexport HOME={disk}/home TMPDIR={out}\n"
        f"autor() {{ {AUTOR} \"$@\" --json >{out}/$SAY.json 2>{out}/$SAY.err </dev/null; echo $? >{out}/$SAY.code; }}\n"
        f"keep() {{ rm -rf {out}/$1; mkdir {out}/$1; cp -r runs {out}/$1/; }}\n{script}\n")
    seen = [str(place) for place in (tmp_path, ROOT, sys.prefix, sys.base_prefix)]  # wherever they lie, also in /tmp
    command = [bwrap, "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp",
               *(word for place in seen for word in ("--ro-bind", place, place)),
               "--bind", str(out), str(out), "--size", str(size), "--tmpfs", str(disk), "--die-with-parent", "bash", str(steps)]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
        env={"PATH": f"{Path(sys.executable).parent}:{os.defpath}", "LANG": "C.UTF-8"})
    assert 0 == done.returncode, done.stderr
    return out


def said(out: Path, name: str) -> tuple[int, dict[str, Any]]:
    """Exit code and envelope of a command of the script."""
    assert "Traceback" not in (out / f"{name}.err").read_text()
    return int((out / f"{name}.code").read_text()), json.loads((out / f"{name}.json").read_text())


def whole_log(runs: Path) -> list[Any]:
    """The events of the only run: every line is whole, known and numbered without a gap."""
    (folder,) = runs.iterdir()
    content = (folder / "events.jsonl").read_bytes()
    assert content.endswith(b"\n")
    events = [eventlog.decode(line) for line in content.splitlines()]
    assert not [event for event in events if isinstance(event, eventlog.Unknown)]
    assert list(range(1, len(events) + 1)) == [event.seq for event in events]
    return events


def test_a_read_only_runs_folder_is_named_and_left_as_it_was(tmp_path: Path) -> None:
    """Nothing is made; the message names the folder, the reason and the mend."""
    runs = tmp_path / "fixed"
    runs.mkdir()
    out = on_disk(tmp_path, 1_000_000, f"SAY=new\nautor new --agent scripted --goal q --runs-dir {runs}")
    code, envelope = said(out, "new")
    assert (1, "error", "store") == (code, envelope["status"], envelope["error"]["code"])
    assert str(runs) in envelope["error"]["message"] and "Read-only" in envelope["error"]["message"]
    assert "--runs-dir" in envelope["error"]["suggestion"]
    assert [] == list(runs.iterdir())


def test_a_full_disk_takes_no_run_and_keeps_no_folder(tmp_path: Path) -> None:
    """A run that cannot be written whole is not there at all."""
    out = on_disk(tmp_path, 400_000, f"""
        mkdir runs
        head -c 390000 /dev/zero >filler 2>/dev/null
        head -c 200000 /dev/zero >more 2>/dev/null
        SAY=new
        {NEW}
        ls -A runs >{tmp_path}/out/left""")
    code, envelope = said(out, "new")
    assert (1, "store") == (code, envelope["error"]["code"])
    assert "No space left" in envelope["error"]["message"]
    assert "space" in envelope["error"]["suggestion"] or "--runs-dir" in envelope["error"]["suggestion"]
    assert "" == (out / "left").read_text()


def test_a_disk_that_fills_up_while_a_run_begins(tmp_path: Path) -> None:
    """Either there is no run, or its log is whole and the run says that it failed for the disk."""
    out = on_disk(tmp_path, 400_000, f"""
        head -c 300000 /dev/zero >filler
        SAY=new
        {NEW} --wait
        keep full""")
    code, envelope = said(out, "new")
    assert 1 == code
    assert "space" in json.dumps(envelope)
    events = whole_log(out / "full" / "runs")
    assert "find out what holds" == events[0].goal
    assert not [event for event in events if isinstance(event, ev.ReviewOpened | ev.RunCompleted)]


def test_a_disk_that_fills_up_under_the_agent_is_told_and_resumed(tmp_path: Path) -> None:
    """The run does not lie while the disk is full; with space again `resume` completes the stage."""
    out = on_disk(tmp_path, 8_000_000, f"""
        head -c 6500000 /dev/zero >filler
        SAY=new
        {NEW} --set files=400 --wait
        keep full
        SAY=status
        autor status --runs-dir runs
        rm filler
        SAY=resume
        autor resume --runs-dir runs --wait
        keep after""")
    code, envelope = said(out, "new")
    assert 1 == code
    assert "space" in json.dumps(envelope)
    before = whole_log(out / "full" / "runs")
    code, envelope = said(out, "status")
    assert (0, True) == (code, envelope["data"]["state"] in ("failed", "interrupted"))
    assert envelope["data"]["review"] is None
    code, envelope = said(out, "resume")
    assert (0, "in_review") == (code, envelope["data"]["state"]), envelope
    after = whole_log(out / "after" / "runs")
    assert before == after[: len(before)]
    (folder,) = (out / "after" / "runs").iterdir()
    assert 400 == len(list((folder / "workspace" / "artifacts").glob("part_*.txt")))
    rendered = [event for event in after if isinstance(event, ev.NotebookRendered)]
    assert rendered and rendered[-1].complete
