"""`autor loop fork`, `compare`, `merge-best` and `cleanup`, driven as verbs; what they did is read back from the disk."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from autor_nb import loop_control
from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.seeds import seed_for
from autor_nb.domain.loops.state import LoopStatus
from autor_nb.figures.as_plotly import to_plotly
from autor_nb.store import eventlog
from autor_nb.store.loops.layout import all_loops, loop_folder
from autor_nb.store.loops.words import EVENTS
from autor_nb.testing.loop_project import ME, MODEL, LoopProject, git, idea, trust
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import invoke

LINES = "".join(f"# line {number}\n" for number in range(8))


def model(first: float, last: float | None = None) -> str:
    """A mutable file whose two ends can be changed apart from each other; the last level counts."""
    return f"level={first}\nnoise=0.01\n{LINES}" + (f"level={last}\n" if last is not None else "")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LoopProject:
    """A loop that has its baseline, to stand in."""
    made = LoopProject.make(tmp_path, [model(1.0, salt) for salt in ()], base=model(1.0))
    monkeypatch.chdir(made.folder)
    return made


def do(*words: str, said: list[str] | None = None) -> Result:
    """A verb's answer."""
    answer = invoke(["loop", *words], Face(name="cli", say=(said if said is not None else []).append))
    assert answer is not None
    return answer


def scripted(project: LoopProject, name: str, texts: list[str]) -> LoopProject:
    """A loop of the project, trusted, that writes these texts."""
    loop = loop_folder(project.folder, name)
    found = LoopProject(project.folder, loop)
    scripts = project.folder.parent / "scripts"
    (scripts / f"{name}.json").write_text(json.dumps([{MODEL: text} for text in texts]), encoding="utf-8")
    ideas = [msgspec.to_builtins(idea(f"{word} matters")) for word in ("cooling", "width", "depth")[: len(texts)]]
    (scripts / f"{name}.ideas").write_text(json.dumps(ideas), encoding="utf-8")
    told: dict[str, Any] = {"coder": {"agent": "scripted", "command": str(scripts / f"{name}.json")}}
    told["critic"] = {"provider": "scripted", "model": str(scripts / f"{name}.ideas")}
    with contextlib.closing(eventlog.EventLog(loop.events, words=EVENTS)) as log:
        log.append(ev.LoopConfigChanged(config={**found.state.config, **told}, by=ME))
    trust(loop)
    return found


def test_forks_begin_at_the_head_and_say_what_they_share(project: LoopProject) -> None:
    """Three forks with a direction each: folders, clones, logs; contention is measured and told."""
    scripted(project, "demo", [model(0.8)])
    project.work(project.start(iterations=1))
    head, said = project.state.head, list[str]()
    result = do("fork", "demo", "--direction", "moves", "--direction", "starts", "--seed", "5", said=said)
    names = [one["loop"] for one in result.facts["forks"]]
    assert names == ["demo-1", "demo-2"]
    for name, direction in zip(names, ("moves", "starts"), strict=True):
        state = loop_control.snapshot(loop_folder(project.folder, name)).state
        assert (state.base, state.direction, state.forked_from) == (head, direction, "demo")
        assert (loop_folder(project.folder, name).clone / MODEL).read_text(encoding="utf-8") == model(0.8)
    measured = result.facts["contention"]
    assert measured["together"] == 2 and len(measured["together_s"]) == 2 * len(measured["alone_s"])
    assert f"2 clones run at a time; each run takes {measured['factor']:.2f} × as long as alone." in result.facts["sentences"]
    kept = json.loads((project.loop.path / "reports/contention_0001.json").read_text(encoding="utf-8"))
    assert kept["factor"] == measured["factor"]
    assert any("clone 2" in line for line in said)


def test_more_forks_than_cores_are_told_that_they_must_wait(project: LoopProject) -> None:
    """The limit of the configuration is said, and nothing is measured where nothing runs beside."""
    with contextlib.closing(eventlog.EventLog(project.loop.events, words=EVENTS)) as log:
        log.append(ev.LoopConfigChanged(config={**project.state.config, "parallel": 1}, by=ME))
    facts = do("fork", "demo", "-n", "3").facts
    assert facts["at_once"] == 1
    assert facts["contention"] is None
    assert "At most 1 work at a time (parallel in autor.toml): 2 forks must wait." in facts["sentences"]


def test_two_directions_do_not_go_with_three_forks(project: LoopProject) -> None:
    """Refused before anything is made."""
    with pytest.raises(UsageError, match="2 directions do not go with 3 forks"):
        do("fork", "demo", "-n", "3", "--direction", "a", "--direction", "b")
    assert [loop.name for loop in all_loops(project.folder)] == ["demo"]


def test_variants_are_ranked_on_common_fresh_seeds(project: LoopProject) -> None:
    """The better first, a worse one with its interval, one that crashes and one that kept nothing without a rank."""
    do("fork", "demo", "-n", "4", "--no-contention")
    for name, text in (("demo-1", model(0.9)), ("demo-2", model(0.5)), ("demo-3", model(0.95))):
        fork = scripted(project, name, [text + f"salt={name[-1]}\n"])
        fork.work(fork.start(iterations=1))
        assert fork.verdicts() == {1: "keep"}
    result = do("compare", "demo", "--seeds", "6")
    rows = {row["loop"]: row for row in result.facts["rows"]}
    assert [row["loop"] for row in result.facts["rows"]][:3] == ["demo-2", "demo-1", "demo-3"]
    assert result.facts["best"] == "demo-2"
    assert rows["demo-2"]["mean"] == pytest.approx(0.5, abs=0.02)
    low, high = rows["demo-2"]["interval"]
    assert 0.4 < low < rows["demo-2"]["mean"] < high < 0.6
    assert rows["demo-2"]["change"][0] == pytest.approx(-0.5, abs=0.02)
    assert rows["demo-2"]["better_e"] and rows["demo-2"]["better_p"]
    assert "kept nothing" in rows["demo-4"]["why_not"] and "kept nothing" in rows["demo"]["why_not"]
    seeds = result.facts["seeds"]
    assert len(set(seeds)) == 6
    kept = json.loads((project.loop.path / "reports/compare_0001.json").read_text(encoding="utf-8"))
    assert [row["loop"] for row in kept["rows"]] == [row["loop"] for row in result.facts["rows"]]
    assert to_plotly(result.figures[0])["data"]
    assert "demo-2 comes first" in result.text()


def test_where_no_fork_kept_anything_that_is_said_and_nothing_is_run(project: LoopProject) -> None:
    """Not an interruption: exit 0, no run, no kept report, and the next step sets a fork to work."""
    scripted(project, "demo", [model(0.8)])
    project.work(project.start(iterations=1))
    do("fork", "demo", "-n", "2", "--no-contention")
    for names in (("demo",), ("demo-1", "demo-2")):
        said: list[str] = []
        result = do("compare", *names, said=said)
        assert (result.exit_code, said, result.facts["interrupted"], len(result.facts["seeds"])) == (0, [], False, 0)
        text = result.text()
        assert "nothing to compare" in text and "kept nothing" in text and "No run was made" in text
        assert "nterrupted" not in text and "merge-best" not in text
        assert "autor loop start demo-2 --iterations 20" in text
    assert not list((project.loop.path / "reports").glob("compare_*"))


def test_the_best_fork_is_confirmed_merged_run_again_and_adopted(project: LoopProject) -> None:
    """A real merge of two edits of one file: both parents, both edits, the branch and the loop at the result."""
    do("fork", "demo", "-n", "2", "--no-contention")
    for name, text in (("demo-1", model(1.0, 0.4)), ("demo-2", model(1.0, 0.9))):
        fork = scripted(project, name, [text])
        fork.work(fork.start(iterations=1))
    scripted(project, "demo", [model(0.8)])
    project.work(project.start(iterations=1))
    before, theirs = project.state.head, LoopProject(project.folder, loop_folder(project.folder, "demo-1")).state.head
    tree = git(project.folder, "status", "--porcelain"), git(project.folder, "rev-parse", "HEAD")
    result = do("merge-best", "demo")
    assert result.exit_code == 0, result.facts["sentences"]
    merged = result.facts["merged"]
    loop_control.wait(project.loop, timeout_s=30)
    assert git(project.folder, "rev-parse", f"{merged}^1", f"{merged}^2").split() == [before, theirs]
    assert git(project.folder, "show", f"{merged}:{MODEL}") + "\n" == model(0.8, 0.4)
    assert git(project.folder, "rev-parse", "refs/heads/autor/demo") == merged
    assert (git(project.folder, "status", "--porcelain"), git(project.folder, "rev-parse", "HEAD")) == tree
    state = project.state
    assert (state.head, state.merged) == (merged, ("demo-1",))
    assert state.head_metric == pytest.approx(0.4, abs=0.02)
    told = project.of(ev.Merged)[0]
    assert len(told.scores) == result.facts["report"]["result"]["pairs"] >= 4
    scripted(project, "demo", [model(0.8), model(0.8, 0.2)])
    after = project.work(project.start(iterations=1))
    assert after.status is LoopStatus.STOPPED
    assert git(project.folder, "merge-base", "--is-ancestor", merged, after.head) == ""
    assert after.head != merged


def test_a_conflict_names_the_files_and_changes_nothing(project: LoopProject) -> None:
    """Both changed the same line: no commit, no event, no ref, the branch where it was."""
    do("fork", "demo", "--no-contention")
    fork = scripted(project, "demo-1", [model(0.3)])
    fork.work(fork.start(iterations=1))
    scripted(project, "demo", [model(0.8)])
    project.work(project.start(iterations=1))
    refs, events = git(project.folder, "for-each-ref"), len(project.events)
    result = do("merge-best", "demo")
    assert (result.exit_code, result.facts["stage"], result.facts["conflicts"]) == (1, "conflict", [MODEL])
    assert result.facts["report"]["confirmed"]["better"]
    assert git(project.folder, "for-each-ref") == refs
    assert len(project.events) == events
    assert "Nothing was changed." in result.facts["sentences"][-1]


def test_a_fork_that_was_only_lucky_is_not_merged(project: LoopProject) -> None:
    """A greedy gate kept it for its screening seed; on common fresh seeds it is no better, and the head stays."""
    do("fork", "demo", "--no-contention")
    seed = LoopProject(project.folder, loop_folder(project.folder, "demo-1")).state.seed
    fork = scripted(project, "demo-1", [model(1.0) + f"lucky={seed_for(seed, 'screen', 1)}\n"])
    fork.work(fork.start(iterations=1))
    assert fork.verdicts() == {1: "keep"}
    head = project.state.head
    result = do("merge-best", "demo")
    assert (result.exit_code, result.facts["stage"]) == (1, "compare")
    assert "nothing to merge" in result.facts["sentences"][0]
    assert project.state.head == head
    assert not project.of(ev.Merged)


def test_cleanup_lists_and_then_removes_finished_forks_and_keeps_their_commits(project: LoopProject) -> None:
    """Without --yes nothing goes; with it the folder does, and refs, branch, log and records stay."""
    do("fork", "demo", "-n", "2", "--no-contention")
    fork = scripted(project, "demo-1", [model(0.5), model(0.9)])
    fork.work(fork.start(iterations=2))
    head = fork.state.head
    commits = {one.n: one.commit for one in fork.of(ev.ExperimentEnded) if one.n}
    assert do("cleanup", "demo").facts["removed"] is False
    assert fork.loop.exists
    assert do("cleanup", "demo", "--yes").facts["forks"] == ["demo-1", "demo-2"]
    assert not fork.loop.path.exists()
    assert git(project.folder, "rev-parse", "refs/heads/autor/demo-1") == head
    assert {n: git(project.folder, "rev-parse", f"refs/autor/demo-1/{n}") for n in commits} == commits
    records = (project.loop.path / "forks/demo-1/experiments.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(records) == 3
    with pytest.raises(UsageError, match="no finished fork"):
        do("cleanup", "demo", "--yes")
