"""`autor loop record`: any outside agent's result becomes one numbered line, whoever else writes at the same time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from autor_nb import loop_control
from autor_nb.cli import main as cli
from autor_nb.domain.errors import RefusedError, UsageError
from autor_nb.domain.loops import commands as cmd
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.config import LoopConfig
from autor_nb.domain.loops.state import LoopStatus
from autor_nb.store import eventlog, inbox
from autor_nb.store.lock import EngineLock, living_holder
from autor_nb.store.loops import config_file, history, results_tsv, standing
from autor_nb.store.loops.layout import LoopFolder, loop_folder
from autor_nb.store.loops.words import EVENTS
from autor_nb.testing.loop_project import ME, LoopProject, edit, git, running
from autor_nb.verbs.result import Face
from autor_nb.verbs.tree import invoke


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LoopProject:
    """A loop in which nothing has happened yet; we stand in its project."""
    made = LoopProject.make(tmp_path, [edit(what="hang")])
    monkeypatch.chdir(made.folder)
    return made


def record(*words: str) -> dict[str, Any]:
    """What the verb answers to programs."""
    answer = invoke(["loop", "record", *words], Face(name="api"))
    assert answer is not None
    return answer.facts


def failed(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, str]]:
    """Exit code and error of a command line."""
    code = cli.run(["loop", "record", *words, "--json"])
    said = json.loads(capsys.readouterr().out)
    assert said["status"] == "error"
    return code, said["error"]


def recorded(loop: LoopFolder) -> list[ev.ExperimentRecorded]:
    """What the log holds."""
    return [one for one in eventlog.read(loop.events, 0, EVENTS)[0] if isinstance(one, ev.ExperimentRecorded)]


def test_the_number_the_commit_the_delta_and_the_time_are_filled_in(project: LoopProject) -> None:
    """What stands in the log, in experiments.jsonl and in results.tsv is one and the same."""
    first = record("--metric", "0.9", "--status", "baseline", "--summary", "as it is")
    second = record("--metric", "0.85", "--status", "keep", "--summary", "a\tb", "--duration", "5m", "--hypothesis", "h")
    head = git(project.folder, "rev-parse", "HEAD")
    assert (0, head, None) == (first["run"], first["hash"], first["delta"])
    assert (1, head, pytest.approx(-0.05), 300.0) == (
        second["run"], second["hash"], second["delta"], second["duration_s"],
    )  # fmt: skip
    kept = history.read(project.loop.experiments)
    assert not kept.bad
    assert [(0, "baseline", 0.9), (1, "keep", 0.85)] == [(one.run, one.status, one.metric) for one in kept.records]
    assert all(one.timestamp for one in kept.records)
    table = results_tsv.read(project.loop.results, "loss")
    assert ["as it is", "a\tb"] == [row.description for row in table.rows]
    assert "0.85" in project.loop.state_md.read_text(encoding="utf-8")
    assert living_holder(project.loop) is None
    assert project.state.session is None


def test_a_commit_that_is_named_is_taken_as_it_is(project: LoopProject) -> None:
    """The agent knows what it measured."""
    assert "cafe1234" == record("--metric", "1", "--status", "baseline", "--commit", "cafe1234")["hash"]


def test_a_crash_has_no_metric_and_no_sentinel(project: LoopProject) -> None:
    """An empty field, never 0.000000."""
    record("--status", "crash", "--summary", "out of memory")
    (row,) = results_tsv.read(project.loop.results, "loss").rows
    assert row.metric is None
    assert "0.000000" not in project.loop.results.read_text(encoding="utf-8")


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e999", "1,234", "1_000", "much"])
def test_what_is_no_finite_number_is_refused(
    project: LoopProject, capsys: pytest.CaptureFixture[str], value: str
) -> None:
    """With the mend, exit code 2, and nothing in the log."""
    code, error = failed(capsys, "--metric", value, "--status", "keep")
    assert 2 == code
    assert value in error["message"]
    assert error["suggestion"]
    assert not recorded(project.loop)


def test_not_even_a_program_can_record_a_nan(project: LoopProject) -> None:
    """The rules refuse it, not only the command line."""
    with pytest.raises(RefusedError, match="finite"):
        loop_control.record(project.loop, ME, status="keep", metric=float("nan"))
    assert not recorded(project.loop)


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("--metric", "1"), "--status"),
        (("--metric", "1", "--status", "great"), "great"),
        (("--status", "keep"), "metric"),
        (("--metric", "1", "--status", "keep", "--duration", "soon"), "--duration"),
        (("nowhere", "--metric", "1", "--status", "keep"), "nowhere"),
    ],
)
def test_what_is_missing_or_wrong_is_named_with_its_mend(
    project: LoopProject, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], names: str
) -> None:
    """Exit code 2, and the log stays as it was."""
    code, error = failed(capsys, *words)
    assert 2 == code
    assert names in error["message"] + error["suggestion"]
    assert error["suggestion"]
    assert not recorded(project.loop)


def test_a_loop_that_is_only_declared_is_made(project: LoopProject) -> None:
    """An agent need not know that there is anything to make."""
    table = (
        '[loop.other]\nmutable = ["model.sh"]\ncommand = "sh run.sh"\n'
        'metric = {name = "loss", direction = "lower"}\n'
    )
    (project.folder / config_file.AUTOR_TOML).write_text(table, encoding="utf-8")
    assert 0 == record("other", "--metric", "2", "--status", "baseline")["run"]
    assert loop_folder(project.folder, "other").clone.is_dir()


def test_hints_are_told_at_three_discards_and_a_missing_baseline(project: LoopProject) -> None:
    """Three in a row, and only then."""
    hints = [record("--metric", "1", "--status", "discard")["hints"] for _ in range(4)]
    assert all("baseline" in " ".join(said) for said in hints)
    assert [False, False, True, False] == ["3 discards" in " ".join(said) for said in hints]


def test_a_suspicious_keep_is_marked_in_the_log(project: LoopProject) -> None:
    """A gain of more than ten times all earlier gain, once three were kept."""
    record("--metric", "1.0", "--status", "baseline")
    for value in ("0.99", "0.98", "0.97"):
        assert not record("--metric", value, "--status", "keep")["suspicious"]
    last = record("--metric", "0.001", "--status", "keep")
    assert last["suspicious"]
    assert list(recorded(project.loop)[-1].suspicious) == last["suspicious"]
    assert "Suspicious" in " ".join(last["hints"])


def test_forty_processes_at_once_get_forty_consecutive_numbers(project: LoopProject) -> None:
    """Real processes, one loop: nothing is lost, doubled or skipped, and every view says the same."""
    words = ["loop", "record", "--status", "discard", "--json", "--metric"]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    children = [
        subprocess.Popen(
            [sys.executable, "-m", "autor_nb.cli.main", *words, str(n)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
        )
        for n in range(40)
    ]  # fmt: skip
    numbers = {}
    for n, child in enumerate(children):
        out, err = child.communicate(timeout=240)
        assert 0 == child.returncode, err
        numbers[json.loads(out)["data"]["run"]] = float(n)
    assert set(range(40)) == set(numbers)
    assert numbers == {one.n: one.metric for one in recorded(project.loop)}
    assert list(range(40)) == [one.run for one in history.read(project.loop.experiments).records]
    assert 40 == len(results_tsv.read(project.loop.results, "loss").rows)
    assert inbox.is_empty(project.loop)
    assert living_holder(project.loop) is None


def test_an_engine_at_work_records_what_comes_meanwhile(project: LoopProject) -> None:
    """It goes through the inbox, and the trial in work is not disturbed."""
    loop_control.ask(project.loop, project.start(iterations=1))
    begun = running(1)
    loop_control.wait(project.loop, 60, enough=lambda now: begun(project.events))
    worker = living_holder(project.loop)
    facts = record("--metric", "0.5", "--status", "keep", "--summary", "beside it")
    assert 2 == facts["run"]
    assert worker is not None and worker == living_holder(project.loop)
    loop_control.ask(project.loop, project.command(cmd.StopLoop))
    loop_control.wait(project.loop, 60)


def test_a_record_into_an_interrupted_session_does_not_set_it_to_work(project: LoopProject) -> None:
    """Whoever records has not asked for anything to be run; numbers go on behind the experiment that was cut off."""
    loop_control.ask(project.loop, project.start(iterations=1))
    begun = running(1)
    loop_control.wait(project.loop, 60, enough=lambda now: begun(project.events))
    loop_control.end_worker(project.loop)
    loop_control.wait(project.loop, 60, enough=lambda now: now.status is LoopStatus.INTERRUPTED)
    assert 2 == record("--metric", "0.5", "--status", "keep")["run"]
    after = loop_control.snapshot(project.loop)
    assert LoopStatus.INTERRUPTED is after.status
    assert after.state.current is not None and 1 == after.state.current.n


def test_several_who_find_a_loop_only_declared_make_it_once(project: LoopProject) -> None:
    """One makes it, the others wait for it."""
    table = (
        '[loop.other]\nmutable = ["model.sh"]\ncommand = "sh run.sh"\n'
        'metric = {name = "loss", direction = "lower"}\n'
    )
    (project.folder / config_file.AUTOR_TOML).write_text(table, encoding="utf-8")
    words = ["loop", "record", "other", "--metric", "1", "--status", "baseline", "--json"]
    children = [
        subprocess.Popen([sys.executable, "-m", "autor_nb.cli.main", *words], stdout=subprocess.PIPE, text=True)
        for _ in range(6)
    ]
    numbers = {json.loads(child.communicate(timeout=120)[0])["data"]["run"] for child in children}
    assert set(range(6)) == numbers
    loop = loop_folder(project.folder, "other")
    assert 1 == sum(isinstance(one, ev.LoopCreated) for one in eventlog.read(loop.events, 0, EVENTS)[0])


def test_a_loop_that_another_made_meanwhile_will_do(project: LoopProject) -> None:
    """Between looking for the loop and making it, somebody else made it: the same loop, and no refusal."""
    config = msgspec.convert(loop_control.snapshot(project.loop).state.config, LoopConfig)
    assert loop_control.create(project.folder, config, ME, join=True) == project.loop
    with pytest.raises(UsageError, match="already"):
        loop_control.create(project.folder, config, ME)
    assert 1 == sum(isinstance(one, ev.LoopCreated) for one in project.events)


def test_it_waits_its_turn_while_somebody_else_holds_the_lock(project: LoopProject) -> None:
    """What could not be written by itself is written by whoever holds the lock, or after them."""
    with EngineLock(project.loop):
        child = subprocess.Popen(
            [sys.executable, "-m", "autor_nb.cli.main", "loop", "record", "--metric", "3", "--status", "baseline"],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        deadline = time.monotonic() + 60
        while inbox.is_empty(project.loop):
            assert time.monotonic() < deadline, "it never came to the inbox"
        assert not recorded(project.loop)
    out, _ = child.communicate(timeout=60)
    assert 0 == json.loads(out)["data"]["run"]
    assert [3.0] == [one.metric for one in recorded(project.loop)]
    assert inbox.is_empty(project.loop)


@pytest.mark.parametrize("lost", ["record", "torn", "row", "checkpoint", "all"])
def test_views_that_a_killed_writer_left_behind_are_mended(project: LoopProject, lost: str) -> None:
    """The log is the truth: after the next record all views hold all of it."""
    for value in ("1.0", "0.9", "0.8"):
        record("--metric", value, "--status", "keep", "--commit", f"c{value}")
    loop = project.loop
    lines = loop.experiments.read_bytes().splitlines(keepends=True)
    if lost in ("record", "row"):
        loop.experiments.write_bytes(b"".join(lines[:-1]))
    if lost == "torn":
        loop.experiments.write_bytes(b"".join(lines)[:-9])
    if lost == "row":
        rows = loop.results.read_bytes().splitlines(keepends=True)
        loop.results.write_bytes(b"".join(rows[:-1]))
    if lost in ("checkpoint", "all"):
        loop.standing.unlink()
    if lost == "all":
        for path in (loop.experiments, loop.results, loop.state_md):
            path.unlink()
    record("--metric", "0.7", "--status", "keep")
    assert [1.0, 0.9, 0.8, 0.7] == [one.metric for one in history.read(loop.experiments).records]
    assert [1.0, 0.9, 0.8, 0.7] == [row.metric for row in results_tsv.read(loop.results, "loss").rows]


def test_a_long_log_is_not_read_again_for_every_record(project: LoopProject) -> None:
    """The checkpoint keeps up: what lies behind it is a short tail, however many there are."""
    for _ in range(100):
        loop_control.record(project.loop, ME, status="discard", metric=1.0)
    _, offset = standing.load(project.loop)
    tail, _ = eventlog.read(project.loop.events, offset, EVENTS)
    assert len(tail) < 40
    assert project.loop.events.stat().st_size - offset < project.loop.events.stat().st_size / 2
    assert 100 == project.state.next_n


def test_a_recorded_metric_is_the_heads_only_where_it_is_of_the_heads_commit(project: LoopProject) -> None:
    """A keep that somebody made elsewhere moves no head, so it lends the head no number; the next delta is to it."""
    record("--metric", "0.9", "--status", "baseline")
    git(project.folder, "commit", "-q", "--allow-empty", "-m", "another")
    assert pytest.approx(-0.3) == record("--metric", "0.6", "--status", "keep")["delta"]
    assert pytest.approx(0.1) == record("--metric", "0.7", "--status", "discard")["delta"]
    facts = invoke(["loop", "status"], Face(name="api"))
    assert facts is not None
    assert (0, 0.9) == (facts.facts["head"]["n"], facts.facts["head"]["metric"])
    assert (1, 0.6) == (facts.facts["recorded"]["n"], facts.facts["recorded"]["metric"])
    assert "- Head: 0.9 (experiment 0" in project.loop.state_md.read_text()


def test_what_was_recorded_is_measured_again_by_the_command_that_is_named(project: LoopProject) -> None:
    """An audit needs what the loop itself kept; its refusal and `best` name `recheck`, which takes the loop's record."""
    record("--metric", "0.9", "--status", "baseline")
    source = project.folder / "model.sh"
    source.write_text(source.read_text() + "\n")
    git(project.folder, "commit", "-q", "-a", "-m", "another")
    record("--metric", "0.6", "--status", "keep")
    with pytest.raises(RefusedError) as refused:
        invoke(["loop", "audit"], Face(name="api"))
    name = project.loop.name
    assert f"`autor loop recheck --loop {name}`" in refused.value.suggestion
    best = invoke(["loop", "best"], Face(name="api"))
    assert best is not None and best.hints[0].startswith(f"autor loop recheck --loop {name}: ")
    for words in ([], ["--loop", name], [str(project.loop.results)]):
        done = invoke(["loop", "recheck", *words, "--pairs", "2"], Face(name="api"))
        assert done is not None
        commits = (done.facts["request"]["baseline"], done.facts["request"]["final"])
        first, last = git(project.folder, "rev-parse", "HEAD~1", "HEAD").split()
        assert (pytest.approx(-0.3), (first, last)) == (done.facts["recorded"], commits), words


def test_a_keep_of_the_baselines_commit_is_not_what_is_measured_again(project: LoopProject) -> None:
    """The last keep that differs is; without any the mend is to commit before recording."""
    record("--metric", "0.9", "--status", "baseline")
    record("--metric", "0.7", "--status", "keep")
    with pytest.raises(UsageError, match="Both are commit") as refused:
        invoke(["loop", "recheck"], Face(name="api"))
    assert "committed before it is recorded" in refused.value.suggestion
    base = git(project.folder, "rev-parse", "HEAD")
    source = project.folder / "model.sh"
    source.write_text(source.read_text() + "\n")
    git(project.folder, "commit", "-q", "-a", "-m", "another")
    record("--metric", "0.6", "--status", "keep")
    record("--metric", "0.5", "--status", "keep", "--commit", base)
    done = invoke(["loop", "recheck", "--pairs", "2"], Face(name="api"))
    assert done is not None
    assert (git(project.folder, "rev-parse", "HEAD"), 0.6) == (
        done.facts["request"]["final"], done.facts["request"]["recorded_final"],
    )  # fmt: skip
