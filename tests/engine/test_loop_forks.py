"""Forks of a loop: one budget of errors for all of them, whoever asks first and whatever is killed; turns; merges."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from autor_nb import loop_control, loop_forks
from autor_nb.domain.errors import RefusedError
from autor_nb.domain.loops import commands as cmd
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.config import GateSpec, LoopConfig, MetricSpec
from autor_nb.domain.loops.eprocess import gamma
from autor_nb.domain.loops.forks import ForkRun, MergeRequest
from autor_nb.domain.loops.state import LoopState, LoopStatus
from autor_nb.engine.loops.merging import merge
from autor_nb.store import eventlog
from autor_nb.store.loops.family import Family, Turn, family_of, most_at_once
from autor_nb.store.loops.layout import LoopFolder
from autor_nb.store.loops.words import EVENTS
from autor_nb.testing.loop_project import ME, MODEL, LoopProject, edit, git, idea, trust

TEST = GateSpec(name="eprocess")
WORDS = ("temperature", "cooling", "momentum", "width")
TAKER = """import sys
from pathlib import Path
from autor_nb.domain.loops.state import LoopState
from autor_nb.store.loops.family import Family
from autor_nb.store.loops.layout import LoopFolder
root, mine = LoopFolder(Path(sys.argv[1])), LoopFolder(Path(sys.argv[2]))
print("ready", flush=True)
sys.stdin.readline()
for n in range(1, int(sys.argv[3]) + 1):
    print(Family(mine, root).place(n, LoopState()).confirms, flush=True)
"""


def forks_of(project: LoopProject, edits: list[list[str]], **more: Any) -> list[LoopProject]:
    """Trusted forks, of which each writes its own edits."""
    made = loop_forks.fork(project.loop, ME, count=len(edits), seed=7, **more)
    found = []
    for loop, texts in zip(made, edits, strict=True):
        script = project.folder.parent / "scripts" / f"{loop.name}.json"
        script.write_text(json.dumps([{MODEL: text} for text in texts]), encoding="utf-8")
        ideas = script.with_suffix(".ideas")
        ideas.write_text(json.dumps([msgspec.to_builtins(idea(f"{word} matters")) for word in WORDS[: len(texts)]]))
        found.append(fork := LoopProject(project.folder, loop))
        told = {"coder": {"agent": "scripted", "command": str(script)}}
        told["critic"] = {"provider": "scripted", "model": str(ideas)}
        with contextlib.closing(eventlog.EventLog(loop.events, words=EVENTS)) as log:
            log.append(ev.LoopConfigChanged(config={**fork.state.config, **told}, by=ME))
        trust(loop)
    return found


def own(fork: LoopProject, iterations: int) -> Any:
    """The command that starts a fork on its own edits."""
    return fork.start(iterations=iterations)


def taker(root: Path, name: str, count: int) -> subprocess.Popen[str]:
    """A process that takes places as one loop of a family, once it is told to."""
    words = [sys.executable, "-c", TAKER, str(root / "root"), str(root / name), str(count)]
    child = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None and child.stdout.readline() == "ready\n"
    return child


def go(child: subprocess.Popen[str]) -> None:
    """Let it begin."""
    assert child.stdin is not None
    child.stdin.write("\n")
    child.stdin.flush()


# -------------------------------------------------------------------------------------- the counter


def test_processes_that_race_take_distinct_consecutive_places(tmp_path: Path) -> None:
    """Three loops take forty places each at the same time: 0 to 119, none twice, none left out."""
    children = [taker(tmp_path, f"fork-{at}", 40) for at in range(3)]
    for child in children:
        go(child)
    taken = [[int(line) for line in child.communicate()[0].split()] for child in children]
    assert sorted(place for mine in taken for place in mine) == list(range(120))
    assert all(mine == sorted(mine) for mine in taken)


def test_a_killed_taker_finds_its_places_again(tmp_path: Path) -> None:
    """Killed at any line, it is told the same places when it asks again; the others' stay theirs."""
    child, other = taker(tmp_path, "fork-1", 10_000), taker(tmp_path, "fork-2", 30)
    go(child)
    go(other)
    assert child.stdout is not None
    told = [int(child.stdout.readline()) for _ in range(20)]
    child.send_signal(signal.SIGKILL)
    told += [int(line) for line in child.stdout.read().split("\n")[:-1]]
    child.wait()
    theirs = [int(line) for line in other.communicate()[0].split()]
    again = Family(LoopFolder(tmp_path / "fork-1"), LoopFolder(tmp_path / "root"))
    assert [again.place(n, LoopState()).confirms for n in range(1, len(told) + 1)] == told
    assert not set(told) & set(theirs)


def test_a_torn_or_foreign_line_never_gives_a_place_away_again(tmp_path: Path) -> None:
    """Half a line at the end and a line of garbage: what comes next is above all that was taken."""
    family = Family(LoopFolder(tmp_path / "a"), LoopFolder(tmp_path / "root"))
    assert [family.place(n, LoopState()).confirms for n in (1, 2)] == [0, 1]
    with family.ledger.open("ab") as stream:
        stream.write(b'\x00\xff garbage\n{"what":"place","session":1,"lo')
    found = [family.place(n, LoopState()).confirms for n in (1, 2, 3, 4)]
    assert found[:2] == [0, 1]
    assert 2 <= found[2] < found[3]


def test_a_lost_ledger_is_begun_above_what_the_loop_itself_counted(tmp_path: Path) -> None:
    """Deleted by somebody: the loop's own log says how many there were at least."""
    family = Family(LoopFolder(tmp_path / "a"), LoopFolder(tmp_path / "root"))
    place = family.place(9, LoopState(confirms=5, keeps=2))
    assert (place.confirms, place.keeps) == (5, 2)


def test_forks_judge_by_the_familys_places_and_keeps(tmp_path: Path) -> None:
    """One after the other: each confirm has the next place, keeps of all count, and the bar is what they give."""
    project = LoopProject.make(tmp_path, [edit(level=0.5)], gate=TEST)
    project.work(project.start(iterations=1))
    better, same = forks_of(project, [[edit(level=0.2)], [edit(level=0.499, salt=1), edit(level=0.1)]])
    better.work(own(better, 1))
    same.work(own(same, 2))
    planned = [one for loop in (project, better, same) for one in loop.of(ev.BlockPlanned) if one.confirms is not None]
    assert [one.confirms for one in planned] == list(range(len(planned)))
    assert [one.keeps for one in planned][:3] == [0, 1, 2]
    last = same.of(ev.ExperimentEnded)[-1]
    share = gamma(planned[-1].confirms + 1)
    assert last.alpha_t == pytest.approx(0.1 * (share or 0) * (planned[-1].keeps + 1))
    assert same.state.base == project.state.head and same.state.family == "demo"


def test_engines_of_two_forks_at_work_at_once_share_the_counter(tmp_path: Path) -> None:
    """Two real engine processes confirm at the same time: places from 0 on, none twice."""
    project = LoopProject.make(tmp_path, [], gate=TEST, parallel=2)
    noops = [[edit(level=0.9, salt=7), edit(level=0.8, salt=8), edit(level=0.7, salt=9)]] * 2
    forks = forks_of(project, noops)
    for fork in forks:
        loop_control.ask(fork.loop, own(fork, 3))
    for fork in forks:
        assert loop_control.wait(fork.loop, timeout_s=120).status is LoopStatus.STOPPED, fork.state.failure
    taken = [one.confirms for fork in forks for one in fork.of(ev.BlockPlanned) if one.confirms is not None]
    assert len(taken) == 6
    assert sorted(taken) == list(range(6))


def test_an_engine_killed_after_it_took_a_place_uses_that_place(tmp_path: Path) -> None:
    """The place was on the disk, the log did not tell: the same experiment has it, the other fork the next one."""
    project = LoopProject.make(tmp_path, [], gate=TEST)
    one, two = forks_of(project, [[edit(level=0.5)], [edit(level=0.5)]])
    taken = family_of(one.loop, one.state).place(1, one.state)
    two.work(own(two, 1))
    one.work(own(one, 1))
    assert taken.confirms == 0
    assert next(block.confirms for block in two.of(ev.BlockPlanned)) == 1
    assert next(block.confirms for block in one.of(ev.BlockPlanned)) == 0


def test_a_new_budget_is_the_whole_familys(tmp_path: Path) -> None:
    """A fork that paused because the others spent the budget goes on when a person grants one to any of them."""
    gate = GateSpec(name="eprocess", options={"horizon": 1})
    project = LoopProject.make(tmp_path, [edit(level=0.5)], gate=gate)
    (fork,) = forks_of(project, [[edit(level=0.3), edit(level=0.2)]])
    project.work(project.start(iterations=1))
    paused = fork.work(own(fork, 2))
    assert (paused.status, paused.pause_cause) == (LoopStatus.PAUSED, "budget")
    assert fork.verdicts() == {1: "untested"}
    assert not [one for one in fork.of(ev.TrialStarted) if one.role == "confirm"]
    loop_control.ask(project.loop, cmd.GrantBudget(**loop_control.fields(ME), alpha=0.2))
    ended = loop_control.wait(fork.loop, timeout_s=60).state
    granted = fork.of(ev.BudgetGranted)
    assert [(one.session, one.alpha, one.by) for one in granted] == [(2, 0.2, ME)]
    assert (ended.budget_session, ended.status) == (2, LoopStatus.STOPPED)
    assert fork.verdicts()[2] == "keep"
    loop_control.ask(fork.loop, cmd.GrantBudget(**loop_control.fields(ME)))
    assert fork.state.budget_session == 3
    project.work()
    assert project.state.budget_session == 3


# -------------------------------------------------------------------------------------------- turns


def test_more_forks_than_may_work_wait_and_say_so(tmp_path: Path) -> None:
    """One at a time: the second says for whom it waits, runs nothing, and begins when the first has ended."""
    project = LoopProject.make(tmp_path, [], parallel=1)
    one, two = forks_of(project, [[edit(level=0.5)], [edit(level=0.4)]])
    turn = Turn(family_of(one.loop, one.state), 1)
    assert turn.take()
    with two.when(lambda events: any(isinstance(event, ev.TurnAwaited) for event in events), two.stop()):
        stopped = two.work(own(two, 1))
    waits = two.of(ev.TurnAwaited)
    assert [(event.limit, event.working) for event in waits] == [(1, ("demo-1",))]
    assert "Waits for its turn" in waits[0].reason
    assert (stopped.status, stopped.trials) == (LoopStatus.STOPPED, 0)

    def released(events: list[Any]) -> bool:
        if sum(isinstance(event, ev.TurnAwaited) for event in events) == 2:
            turn.release()
        return False

    with two.when(released):
        ended = two.work(two.start(iterations=1))
    assert len(two.of(ev.TurnTaken)) == 1
    assert ended.session is not None and ended.session.done == 1
    assert not ended.awaits


def test_of_times_one_works_at_a_time() -> None:
    """Runs beside each other would spoil what they measure, whatever was asked for."""
    assert most_at_once(8, time_like=True) == 1
    assert most_at_once(3, time_like=False) == 3
    assert most_at_once(None, time_like=False) >= 1


TIME = MetricSpec(name="time_s", direction="lower", time_like=True)
WEIGHED = {"metrics": (MetricSpec(name="loss", direction="lower"), TIME), "scalarizer": "weighted_sum"}


@pytest.mark.parametrize("metrics", [{"metric": TIME}, WEIGHED], ids=["the metric", "one of several"])
def test_two_forks_of_a_time_never_run_at_once(metrics: dict[str, Any], tmp_path: Path) -> None:
    """Two engines, one turn: the runs of one lie wholly before those of the other."""
    project = LoopProject.make(tmp_path, [], gate=GateSpec(name="eprocess", options={"n_max": 4}), **metrics)
    forks = forks_of(project, [[edit(level=0.5)], [edit(level=0.5)]])
    for fork in forks:
        loop_control.ask(fork.loop, own(fork, 1))
    spans = []
    for fork in forks:
        loop_control.wait(fork.loop, timeout_s=120)
        ran = [one.at for one in fork.events if isinstance(one, ev.TrialStarted | ev.TrialEnded)]
        assert ran, fork.state.failure
        spans.append((min(ran), max(ran)))
    (_, first), (second, _) = sorted(spans)
    assert first <= second


def test_a_forks_direction_reaches_the_critic_with_the_program(tmp_path: Path) -> None:
    """Added to program.md as it is, never in its place."""
    from autor_nb.engine.loops.ideas import directed

    assert directed("Be brave.\n", "Try the moves.") == "Be brave.\n\n## Direction of this fork\n\nTry the moves."
    assert directed("Be brave.", "") == "Be brave."
    assert directed("", "Try the moves.").endswith("Try the moves.")


# ------------------------------------------------------------------------------------------ merging


def test_a_fork_that_fresh_pairs_do_not_confirm_is_not_merged(tmp_path: Path) -> None:
    """Other noise of the same mean, on fixed seeds: ten pairs, no merge, no object of one, no ref."""
    project = LoopProject.make(tmp_path, [])
    git(project.folder, "checkout", "-q", "-b", "luck")
    (project.folder / MODEL).write_text(edit(level=1.0, noise=0.3, salt=5), encoding="utf-8")
    git(project.folder, "commit", "-qam", "luck")
    state, refs = project.state, git(project.folder, "for-each-ref")
    request = MergeRequest(
        project=str(project.folder), loop="demo", head=state.base, fork="x", first_seed=11, coin=3,
        commit=git(project.folder, "rev-parse", "HEAD"), config=msgspec.convert(state.config, LoopConfig),
    )  # fmt: skip
    runs = list[ForkRun]()
    report = merge(request, runs.append)
    assert report.confirmed is not None
    assert (report.stage, report.merged, report.confirmed.pairs, report.confirmed.better) == ("fork", "", 10, False)
    assert {run.side for run in runs} == {"head", "fork"}
    seeds = [(run.side, run.seed) for run in runs]
    assert len(seeds) == len(set(seeds)) == 21
    assert git(project.folder, "for-each-ref") == refs


def test_a_merge_is_refused_where_the_loop_has_moved_on(tmp_path: Path) -> None:
    """What was merged from an older head would throw away what was kept since."""
    project = LoopProject.make(tmp_path, [edit(level=0.5)])
    before = project.state.head
    project.work(project.start(iterations=1))
    command = cmd.MergeFork(**loop_control.fields(ME), fork="x", commit=before, parent=before)
    with pytest.raises(RefusedError, match="has moved on"):
        loop_control.ask(project.loop, command)
    assert project.state.head != before


def test_a_merge_that_a_killed_engine_logged_is_carried_to_the_branch(tmp_path: Path) -> None:
    """The event is written, the branch not yet: the next engine moves it, in the clone and in the repository."""
    project = LoopProject.make(tmp_path, [edit(level=0.9)])
    project.work(project.start(iterations=1))
    (fork,) = forks_of(project, [[edit(level=0.3)]])
    fork.work(own(fork, 1))
    head = fork.state.head
    loop_control.ask(project.loop, cmd.MergeFork(**loop_control.fields(ME), fork=fork.loop.name, commit=head))
    assert project.state.head == head
    loop_control.wait(project.loop, timeout_s=20)
    git(project.folder, "update-ref", "refs/heads/autor/demo", project.state.base)  # as if it had been killed there
    project.work()
    assert git(project.folder, "rev-parse", "refs/heads/autor/demo") == head
    assert (project.loop.clone / MODEL).read_text(encoding="utf-8") == edit(level=0.3)


def test_a_fork_has_its_parents_configuration_but_for_its_name(tmp_path: Path) -> None:
    """It needs no table of its own in autor.toml; its direction and where it came from are in its log."""
    project = LoopProject.make(tmp_path, [])
    (fork,) = loop_forks.fork(project.loop, ME, directions=("moves",))
    state = loop_control.snapshot(fork).state
    known = dict(state.config)
    assert known.pop("name") == "demo-1"
    assert known == {key: value for key, value in project.state.config.items() if key != "name"}
    assert (state.direction, state.forked_from, state.family, state.forked_at) == ("moves", "demo", "demo", 0)
