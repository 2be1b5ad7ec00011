"""The `autor` command over real runs: envelopes, exit codes, which run is meant, and what bad input is told."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from autor_nb import control

AUTOR = [sys.executable, "-m", "autor_nb.cli.main"]


def second_run(place: Any) -> str:
    """A copy of the run under another id."""
    other = place.project / "runs" / "20200101_000000"
    shutil.copytree(place.run.path, other)
    return other.name


def test_the_envelope_of_a_status(place: Any) -> None:
    """status, data, hints; the state, the review and the next command are in it."""
    said = place.autor("status")
    assert 0 == said.code and "" == said.err
    assert "success" == said.json["status"] and said.json["hints"]
    data = said.data
    assert ("in_review", "person", place.run.run_id) == (data["state"], data["waiting"], data["run_id"])
    assert ("01_literature_survey", 1) == (data["review"]["stage"], data["review"]["attempt"])
    assert 3 == len(data["review"]["suggestions"])
    assert "autor approve" == data["next"][0]


def test_text_is_asked_for_and_ends_with_the_next_step(place: Any) -> None:
    """`--text` overrides what piping would mean."""
    said = place.autor("status", "--text")
    assert 0 == said.code
    assert "Next:" in said.out and "autor approve" in said.out.split("Next:")[1]


def test_a_document_is_printed_raw_unless_json_is_asked_for(place: Any) -> None:
    """`show` gives the draft byte for byte, and its envelope on demand."""
    draft = (place.run.stages / "01_literature_survey.attempt_01.md").read_text()
    assert draft == place.autor("show").out
    assert draft == place.autor("show", "--json").data["text"]
    assert "find out what holds" in place.autor("show", "--prompt").out
    checks = place.autor("show", "1", "--checks").data
    assert 0 == checks["failing"] and checks["checks"]


@pytest.mark.parametrize(("args", "code", "kind", "words"), [
    (["status", "nowhere"], 2, "usage", "There is no run 'nowhere'"),
    (["approve", "--attempt", "2"], 2, "refused", "Attempt 2 is not in review"),
    (["refine", "4"], 2, "refused", "no suggestion 4"),
    (["refine"], 2, "usage", "your own words"),
    (["refine", "   "], 2, "usage", "your own words"),
    (["rollback", "01"], 2, "refused", "never approved"),
    (["redo", "17"], 2, "usage", "no stage '17'"),
    (["redo", "study"], 2, "usage", "Did you mean 03_study_design?"),
    (["redo", "03", "--preview"], 0, "", ""),
    (["undo"], 2, "refused", "no rollback to undo"),
    (["waive", "no.such", "--why", "x"], 2, "refused", "no.such is not a failing blocking check"),
    (["approve", "--waive", "x"], 2, "usage", "needs a reason"),
    (["answer", "1", "yes"], 2, "refused", "has asked nothing"),
    (["show", "02"], 2, "usage", "Nothing was done yet"),
    (["show", "01", "--attempt", "9"], 2, "usage", "has no attempt 9"),
    (["new", "--goal", " "], 2, "usage", "The goal is empty."),
    (["new", "--agent", "scripted", "--venue", "neurips", "g"], 2, "usage", "There is no venue 'neurips'."),
    (["new", "--agent", "tabluar", "g"], 2, "usage", "Did you mean 'tabular'?"),
    (["new", "--agent", "scripted", "--resources", "gone.csv", "g"], 2, "usage", "gone.csv"),
    (["new", "--agent", "scripted", "--resources", ".", "g"], 2, "usage", "runs"),
    (["new", "--agent", "scripted", "--decisions", "gone.yaml", "g"], 2, "usage", "gone.yaml"),
    (["batch", "gone.yaml"], 2, "usage", "gone.yaml cannot be read"),
    (["rm", "latest"], 2, "usage", "must be confirmed"),
    (["archive", "latest", "--to", "runs"], 0, "", ""),
])
def test_what_goes_wrong_is_an_envelope_with_its_mend(
    place: Any, args: list[str], code: int, kind: str, words: str
) -> None:
    """Code, message, suggestion; the exit code says whose turn it is; no run is left behind."""
    said = place.autor(*args, "--json")
    assert code == said.code, said.out
    if kind:
        error = said.json["error"]
        assert kind == error["code"]
        assert words in f"{error['message']} {error['suggestion']}"
        assert error["suggestion"]
    assert 1 == len(place.runs) == len([path for path in (place.project / "runs").iterdir() if path.is_dir()])


def test_the_same_mistake_as_text_goes_to_stderr(place: Any) -> None:
    """Message and mend, nothing on stdout."""
    said = place.autor("status", "nowhere", "--text")
    assert (2, "") == (said.code, said.out)
    assert "autor: There is no run 'nowhere'" in said.err and "`autor runs` lists them" in said.err


def test_several_waiting_runs_are_refused_with_the_list(place: Any) -> None:
    """A decision never guesses; --run decides."""
    other = second_run(place)
    said = place.autor("approve", "--json")
    assert 2 == said.code
    assert other in said.json["error"]["message"] and place.run.run_id in said.json["error"]["message"]
    assert 0 == place.autor("abort", "--run", other, "--json").code
    assert 0 == place.autor("abort", "--json").code
    assert ["aborted", "aborted"] == [run["state"] for run in place.autor("runs").data["runs"]]


@pytest.mark.parametrize("place", ["second"], indirect=True)
def test_a_preview_changes_nothing_and_says_what_would_go(place: Any) -> None:
    """`redo --preview` names the stages that would be withdrawn."""
    before = len(place.events)
    data = place.autor("redo", "01", "--preview", "--json").data
    assert ["01_literature_survey", "02_hypothesis_generation"] == data["withdrawn"]
    assert before == len(place.events)


@pytest.mark.parametrize("word", ["redo", "rollback"])
@pytest.mark.parametrize("place", ["second"], indirect=True)
def test_without_a_terminal_a_withdrawal_is_previewed_and_only_done_when_it_is_said(
    place: Any, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Piped, as JSON and in a notebook: the stages are named, nothing happens, the line that does it is shown."""
    place.settle()
    before = len(place.events)
    for more in ((), ("--json",), ("--text",)):
        said = place.autor(word, "01", *more)
        assert 2 == said.code
        assert f"autor {word} 01 --yes --run {place.run.run_id}" in " ".join(said.out.split())
        assert "02_hypothesis_generation" in said.out or "Hypothesis Generation" in said.out
    assert place.autor(word, "01", "--json").data["done"] is False
    shell = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "autor_nb")
    shell.run_cell(f"%autor {word} 01")
    assert f"autor {word} 01 --yes" in capsys.readouterr().out
    assert before == len(place.events)
    assert 0 == place.autor(word, "01", "--yes", "--json").code
    assert before < len(place.events)


@pytest.mark.parametrize("place", ["blocked"], indirect=True)
def test_a_blocked_attempt_says_why_and_can_be_waived_by_name(place: Any) -> None:
    """Approval is refused with the list; a waiver is shown for ever after."""
    review = place.autor("status").data["review"]
    assert review["blocking"]
    said = place.autor("approve", "--json")
    assert 2 == said.code and review["blocking"][0] in said.json["error"]["message"]
    args = [part for check in review["blocking"] for part in ("--waive", check)]
    said = place.autor("approve", *args, "--why", "known and harmless", "--wait", "--json")
    assert 0 == said.code, said.out
    assert "known and harmless" in (place.run.path / "events.jsonl").read_text()


def test_the_menu_takes_plain_lines_where_there_is_no_terminal(place: Any) -> None:
    """Draft, checks, a wrong key, own words, then approvals until the input ends."""
    keys = "d\nc\n9\n4\nuse more seeds\n5\n2\n5\nq\n"
    done = subprocess.run([*AUTOR, "review"], input=keys, capture_output=True, text=True, timeout=120)
    assert 0 == done.returncode, done.stderr
    assert "There is no choice '9'" in done.stderr and "# Stage 01: Literature Survey" in done.stderr
    told = [event.__class__.__name__ for event in place.events]
    assert (2, 2) == (told.count("Refined"), told.count("Approved"))
    assert "03_study_design" == json.loads(done.stdout)["data"]["current_stage"]


def test_the_menu_takes_single_keys_in_a_terminal(place: Any) -> None:
    """One key approves; `q` leaves."""
    pid, handle = pty.fork()
    if pid == 0:  # pragma: no cover - the child is the command itself
        os.execv(AUTOR[0], [*AUTOR, "review", "--once"])
    seen, deadline = b"", time.monotonic() + 60
    with contextlib.suppress(OSError):  # the terminal closes with its program
        while time.monotonic() < deadline:
            if b"Your choice" in seen and b"Approved" not in seen:
                os.write(handle, b"5")  # again and again: what is typed before the terminal is raw is dropped
            if select.select([handle], [], [], 0.5)[0]:
                seen += os.read(handle, 4096)
    assert 0 == os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert b"Approved 01_literature_survey attempt 1" in seen
    assert place.settle().state.stages[0].approved == 1


@pytest.mark.parametrize("place", ["none"], indirect=True)
def test_interrupting_a_watch_leaves_the_run_alone(place: Any) -> None:
    """Exit 130, and it is said how to stop the run; the run comes to its review."""
    made = place.autor("new", "--agent", "scripted", "--set", f"until={place.project / 'go'}", "g", "--json").data
    child = subprocess.Popen([*AUTOR, "watch", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stderr is not None and next(line for line in child.stderr if "at work" in line)
    child.send_signal(signal.SIGINT)
    out, _ = child.communicate(timeout=20)
    assert 130 == child.returncode
    error = json.loads(out)["error"]
    assert "interrupted" == error["code"] and made["run_id"] in error["message"] and "autor stop" in error["suggestion"]
    (place.project / "go").touch()
    assert "person" == place.settle().waiting


@pytest.mark.parametrize("place", ["none"], indirect=True)
def test_stop_and_resume(place: Any) -> None:
    """Stopped in the middle, gone on with, to the same review."""
    place.autor("new", "--agent", "scripted", "--set", "delay_s=20", "g", "--json")
    began = time.monotonic()
    assert "paused" == place.autor("stop", "--json").data["state"]
    assert time.monotonic() - began < 15
    assert 2 == place.autor("stop", "--json").code
    said = place.autor("resume", "--set", "delay_s=0", "--wait", "--json")
    assert (0, "in_review") == (said.code, said.data["state"])


@pytest.mark.parametrize("place", ["none"], indirect=True)
def test_waiting_tells_by_its_exit_code_how_it_ended(place: Any) -> None:
    """0 for a review and for completion, 1 for a failure and for too short a wait."""
    assert 0 == place.autor("new", "--agent", "scripted", "--reviewer", "auto", "--wait", "--json", "g").code
    assert "completed" == place.autor("status").data["state"]
    shutil.rmtree(place.run.path)
    said = place.autor("new", "--agent", "scripted", "--reviewer", "auto", "--retries", "1", "--set",
                       "script=01:crash,01:crash,01:crash,01:crash", "--wait", "--json", "g")
    assert (1, "failed") == (said.code, said.data["state"])
    assert said.data["last_error"]
    shutil.rmtree(place.run.path)
    place.autor("new", "--agent", "scripted", "--set", "delay_s=30", "g")
    said = place.autor("wait", "--timeout", "0.2")
    assert 1 == said.code and said.data["timed_out"]
    place.autor("stop")


@pytest.mark.parametrize("place", ["none"], indirect=True)
def test_a_plan_starts_nothing(place: Any) -> None:
    """Stages, cost and what leaves the machine are said."""
    data = place.autor("new", "--agent", "scripted", "--plan", "g", "--json").data
    assert data["started"] is False and "nothing" == data["leaves_machine"] and 3 == len(data["stages"])
    assert [] == list((place.project / "runs").iterdir())


@pytest.mark.parametrize("place", ["none"], indirect=True)
def test_a_batch_goes_on_with_what_is_not_complete(place: Any) -> None:
    """Two goals, one fails; after mending nothing is done twice."""
    Path("goals.yaml").write_text(
        "defaults: {agent: scripted, retries: 1}\nruns:\n  - first goal\n"
        "  - {goal: second goal, set: {script: '01:crash,01:crash'}}\n")
    said = place.autor("batch", "goals.yaml")
    assert (1, ["completed", "failed"]) == (said.code, [run["state"] for run in said.data["runs"]])
    first = said.data["runs"][0]["run_id"]
    events = len(control.Tail(place.runs[-1]).read())
    again = place.autor("batch", "goals.yaml")
    assert (0, ["completed", "completed"]) == (again.code, [run["state"] for run in again.data["runs"]]), again.err
    assert 2 == len(place.runs) and first == again.data["runs"][0]["run_id"]
    assert events == len(control.Tail(place.runs[-1]).read())


@pytest.mark.parametrize("place", ["none"], indirect=True)
@pytest.mark.parametrize(("text", "words"), [
    ("[", "is not valid YAML"), ("{}", "names no runs"), ("runs: []", "names no runs"), ("5", "is no batch"),
    ("- {gaol: x}", "entry 1"), ("- ' '", "goal of entry 1 is empty"), ("- {goal: g, agent: nobody}", "Entry 1"),
    ("- ok\n- {goal: g, agent: scripted, seed: x}", "entry 2"), ("- [1]", "entry 1"),
])
def test_a_batch_is_judged_whole_before_anything_starts(place: Any, text: str, words: str) -> None:
    """The entry and the key are named; no run was made."""
    Path("goals.yaml").write_text(text)
    Path(os.environ["AUTOR_CONFIG_DIR"]).mkdir()
    (Path(os.environ["AUTOR_CONFIG_DIR"]) / "config.toml").write_text('agent = "scripted"\n')
    said = place.autor("batch", "goals.yaml")
    assert 2 == said.code and words in said.json["error"]["message"], said.out
    assert [] == list((place.project / "runs").iterdir())


def test_archive_rm_and_recover(place: Any) -> None:
    """Packed, deleted only when its id is typed; husks are removed, interrupted runs go on."""
    run_id = place.run.run_id
    made = Path(place.autor("archive", run_id).data["archive"])
    assert made.is_file() and 2 == place.autor("archive", run_id).code
    wrong = subprocess.run([*AUTOR, "rm", run_id], input="yes\n", capture_output=True, text=True)
    assert 2 == wrong.returncode and place.run.exists
    husk = place.project / "runs" / "20200101_000000"
    husk.mkdir()
    os.utime(husk, (1, 1))
    assert [str(husk)] == place.autor("recover", "--json").data["husks"] and husk.is_dir()
    assert place.autor("recover", "--yes").data["done"] and not husk.exists()
    done = subprocess.run([*AUTOR, "rm", run_id], input=f"{run_id}\n", capture_output=True, text=True)
    assert 0 == done.returncode and [] == place.runs


def test_a_killed_engine_is_shown_as_interrupted_and_recovered(place: Any) -> None:
    """The log says running, the lock is free: `recover` goes on."""
    place.autor("refine", "1", "--json")
    control.end_worker(place.run)
    deadline = time.monotonic() + 5
    while control.snapshot(place.run).live and time.monotonic() < deadline:
        pass
    data = place.autor("status").data
    if data["waiting"] == "engine":
        assert "interrupted" == data["state"]
        assert [place.run.run_id] == place.autor("recover", "--yes").data["interrupted"]
    assert ("01_literature_survey", 1) < place.settle().state.review


@pytest.mark.parametrize("place", ["none"], indirect=True)
def test_hostile_goals_are_shown_harmless(place: Any) -> None:
    """No escape reaches the terminal, no tag the notebook; the goal is kept as it was typed."""
    goal = "\x1b[2J<script>alert(1)</script>\u202e --goal"
    assert 0 == place.autor("new", "--agent", "scripted", "--wait", "--json", "--", goal).code
    assert goal == (place.run.path / "user_input.txt").read_text()
    text = place.autor("status", "--text").out
    assert "\x1b" not in text and "\u202e" not in text
    import autor_nb

    bundle = autor_nb.open()._repr_mimebundle_()
    assert "<script" not in bundle["text/html"] and "\x1b" not in "".join(bundle.values())


def test_output_into_a_closed_pipe_is_no_error(place: Any) -> None:
    """`autor status | head -1`."""
    done = subprocess.run(" ".join([*AUTOR, "status", "--text", "|", "head", "-1"]), shell=True, capture_output=True,
                          text=True)
    assert 0 == done.returncode and "Traceback" not in done.stderr
