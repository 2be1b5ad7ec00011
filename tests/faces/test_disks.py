"""Read-only and full disks, made by bubblewrap (also for root): said plainly, nothing acknowledged is lost."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from autor_nb.domain import events as ev
from autor_nb.domain.stage import Ending
from autor_nb.store import eventlog

ROOT = Path(__file__).resolve().parents[2]
AUTOR = f"{sys.executable} -m autor_nb.cli.main"
NEW = "autor new --agent scripted --goal 'find out what holds' --runs-dir runs"


def on_disk(tmp_path: Path, size: int, script: str, *, temporary: bool = True) -> Path:
    """Carry a shell script out on a disk of that many bytes, all else read-only; what it put into `out` is kept.

    The disk lives only as long as the script. `autor NAME…` writes its envelope and its exit code to `out`.
    Without `temporary` there is no TMPDIR, and none of the system's temporary folders can be written.
    """
    bwrap = shutil.which("bwrap")
    assert bwrap, "bubblewrap is missing: `apt-get install bubblewrap`"
    disk, out, steps = tmp_path / "disk", tmp_path / "out", tmp_path / "steps.sh"
    for folder in (disk, out):
        folder.mkdir()
    steps.write_text(
        f"cd {disk}\nmkdir home\nexport HOME={disk}/home{f' TMPDIR={out}' if temporary else ''}\n"
        f'autor() {{ {AUTOR} "$@" --json >{out}/$SAY.json 2>{out}/$SAY.err </dev/null; echo $? >{out}/$SAY.code; }}\n'
        f"keep() {{ rm -rf {out}/$1; mkdir {out}/$1; cp -r runs {out}/$1/; }}\n{script}\n"
    )
    seen = [str(place) for place in (tmp_path, ROOT, sys.prefix, sys.base_prefix)]  # wherever they lie, also in /tmp
    command = [
        bwrap,
        "--ro-bind",
        "/",
        "/",
        "--dev",
        "/dev",
        "--proc",
        "/proc",
        *(("--tmpfs", "/tmp") if temporary else ()),
        *(word for place in seen for word in ("--ro-bind", place, place)),
        "--bind",
        str(out),
        str(out),
        "--size",
        str(size),
        "--tmpfs",
        str(disk),
        "--die-with-parent",
        "bash",
        str(steps),
    ]
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        env={"PATH": f"{Path(sys.executable).parent}:{os.defpath}", "LANG": "C.UTF-8"},
    )
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
    out = on_disk(
        tmp_path,
        400_000,
        f"""
        mkdir runs
        head -c 390000 /dev/zero >filler 2>/dev/null
        head -c 200000 /dev/zero >more 2>/dev/null
        SAY=new
        {NEW}
        ls -A runs >{tmp_path}/out/left""",
    )
    code, envelope = said(out, "new")
    assert (1, "store") == (code, envelope["error"]["code"])
    assert "No space left" in envelope["error"]["message"]
    assert "space" in envelope["error"]["suggestion"] or "--runs-dir" in envelope["error"]["suggestion"]
    assert "" == (out / "left").read_text()


def test_a_disk_that_fills_up_while_a_run_begins(tmp_path: Path) -> None:
    """Either there is no run, or its log is whole and the run says that it failed for the disk."""
    out = on_disk(
        tmp_path,
        400_000,
        f"""
        head -c 300000 /dev/zero >filler
        SAY=new
        {NEW} --wait
        keep full""",
    )
    code, envelope = said(out, "new")
    assert 1 == code
    assert "space" in json.dumps(envelope)
    events = whole_log(out / "full" / "runs")
    assert "find out what holds" == events[0].goal
    assert not [event for event in events if isinstance(event, ev.ReviewOpened | ev.RunCompleted)]


def test_a_disk_that_fills_up_under_the_agent_is_told_and_resumed(tmp_path: Path) -> None:
    """The run does not lie while the disk is full; with space again `resume` completes the stage."""
    out = on_disk(
        tmp_path,
        8_000_000,
        f"""
        head -c 6500000 /dev/zero >filler
        SAY=new
        {NEW} --set files=400 --wait
        keep full
        SAY=status
        autor status --runs-dir runs
        rm filler
        SAY=resume
        autor resume --runs-dir runs --wait
        keep after""",
    )
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
    ended = [event for event in after if isinstance(event, ev.AttemptEnded)]
    assert [Ending.STOPPED, Ending.FINISHED] == [event.ending for event in ended]
    assert "could not go on" in ended[0].detail and "No space left" in ended[0].detail
    assert str(tmp_path / "disk") in ended[0].detail


def test_without_a_temporary_folder_the_notebook_is_complete_all_the_same(tmp_path: Path) -> None:
    """Kernel and agent get one inside the run, however long its path; nothing of it is left."""
    deep = "a_folder_with_a_long_name/" * 4
    out = on_disk(
        tmp_path,
        64_000_000,
        f"""
        for place in /tmp /var/tmp; do if touch $place/probe.$$; then echo $place >>{tmp_path}/out/writable; fi; done
        mkdir -p {deep}
        cd {deep}
        SAY=new
        {NEW} --wait
        SAY=verify
        autor verify --runs-dir runs
        keep after""",
        temporary=False,
    )
    assert not (out / "writable").exists()
    code, envelope = said(out, "new")
    assert (0, "in_review") == (code, envelope["data"]["state"]), envelope
    (rendered,) = [event for event in whole_log(out / "after" / "runs") if isinstance(event, ev.NotebookRendered)]
    assert rendered.complete and rendered.cells_run == rendered.cells > 0, rendered.detail
    code, envelope = said(out, "verify")
    assert 0 == code, envelope
    (folder,) = (out / "after" / "runs").iterdir()
    assert not (folder / "operator_state" / "tmp").exists()
    assert not list(folder.rglob("anb-*"))


def refined_on(tmp_path: Path, folder: str) -> Path:
    """A run in review is refined while one of its folders is read-only, and resumed when it no longer is."""
    return on_disk(
        tmp_path,
        64_000_000,
        f"""
        SAY=new
        {NEW} --wait
        fixed=$(echo $PWD/runs/*/{folder})
        cat >fixed.sh <<'END'
        {AUTOR} refine 'once more' --wait --runs-dir runs --json
END
        bwrap --dev-bind / / --ro-bind $fixed $fixed bash fixed.sh >{tmp_path}/out/refine.json 2>{tmp_path}/out/refine.err
        echo $? >{tmp_path}/out/refine.code
        SAY=status
        autor status --runs-dir runs
        SAY=resume
        autor resume --runs-dir runs --wait
        keep after""",
    )


@pytest.mark.parametrize("folder", ["objects", "stages"])
def test_a_part_of_the_run_that_became_read_only_is_named_with_its_own_mend(tmp_path: Path, folder: str) -> None:
    """While the engine starts or while it works: not space but the mount is to be mended, and `resume` goes on."""
    out = refined_on(tmp_path, folder)
    assert 0 == said(out, "new")[0]
    code, envelope = said(out, "refine")
    assert 1 == code
    told = json.dumps(envelope)
    assert "ead-only" in told and f"/{folder}" in told and "writable" in told and "Traceback" not in told
    code, envelope = said(out, "status")
    assert (0, "failed") == (code, envelope["data"]["state"])
    assert "ead-only" in envelope["data"]["last_error"] and f"/{folder}" in envelope["data"]["last_error"]
    assert "writable" in envelope["data"]["mend"]
    code, envelope = said(out, "resume")
    assert (0, "in_review", None) == (code, envelope["data"]["state"], envelope["data"]["mend"]), envelope
    after = whole_log(out / "after" / "runs")
    (failed,) = [event for event in after if isinstance(event, ev.RunFailed)]
    assert "writable" in failed.suggestion and "autor resume" in failed.suggestion
    assert "space" not in failed.reason + failed.suggestion
    endings = [(event.ending, "ead-only" in event.detail) for event in after if isinstance(event, ev.AttemptEnded)]
    cut_off = [(Ending.STOPPED, True)] if folder == "objects" else []
    assert [(Ending.FINISHED, False), *cut_off, (Ending.FINISHED, False)] == endings


def test_what_the_engine_starts_is_told_of_the_run_s_own_temporary_folder(tmp_path: Path) -> None:
    """By TMPDIR, for as long as the engine works; afterwards the folder is gone and nothing is set."""
    out = on_disk(
        tmp_path,
        4_000_000,
        f"""
        mkdir -p runs/r/operator_state
        cat >probe.py <<'END'
import os, pathlib, subprocess, sys
from autor_nb.engine.temporary import temporary_folder
from autor_nb.store.layout import RunFolder
run = RunFolder(pathlib.Path("runs/r").resolve())
with temporary_folder(run) as place:
    child = [sys.executable, "-c", "import tempfile; print(tempfile.gettempdir())"]
    print(place == run.operator_state / "tmp", subprocess.check_output(child, text=True).strip() == str(place))
print(place.exists(), "TMPDIR" in os.environ)
END
        {sys.executable} probe.py >{tmp_path}/out/told""",
        temporary=False,
    )
    assert ["True True", "False False"] == (out / "told").read_text().splitlines()
