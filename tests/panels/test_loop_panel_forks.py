"""Forks from a panel: compared and merged beside the kernel, told as it goes, and what cannot be done said in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from panel_page import Page

from autor_nb import loop_control, loop_forks
from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.seeds import seed_for
from autor_nb.notebook.panels import loop_asks
from autor_nb.notebook.panels.loop_panel import LoopPanel
from autor_nb.testing.loop_project import ME, LoopProject, edit, git, trust

SEED = 5


def forked(place: Path, text: str) -> tuple[LoopProject, list[LoopProject]]:
    """A loop at its baseline, and forks that each tried `text` and kept it if their one run was better."""
    project = LoopProject.make(place, [text])
    forks = []
    for loop in loop_forks.fork(project.loop, ME, seed=SEED):
        trust(loop)
        fork = LoopProject(project.folder, loop)
        fork.work(fork.start(iterations=1))
        forks.append(fork)
    return project, forks


@pytest.fixture
def better(tmp_path: Path) -> Any:
    """A loop whose fork is truly better; no engine of it outlives the test."""
    project, (fork,) = forked(tmp_path, edit(level=0.5, salt=3))
    yield project, fork
    loop_control.end_worker(project.loop)


def idle(view: dict[str, Any]) -> bool:
    """Whether what was asked about forks has ended."""
    return view["forks"]["work"] is not None and not view["forks"]["work"]["at_work"]


def test_a_merge_by_a_click_is_told_as_it_goes_and_ends_in_the_loops_log(better: Any) -> None:
    """The click is answered at once; runs are counted; the loop adopts it, with who asked, as the verb does."""
    project, fork = better
    before, tree = project.state.head, git(project.folder, "status", "--porcelain")
    desk = Page(LoopPanel(project.loop))
    view = desk.shows(lambda view: True)
    assert view["actions"]["merge"]["enabled"] and "autor loop compare demo" == view["forks"]["common"]["how"]
    assert desk.ask("merge", seeds="4")["ok"]
    during = desk.shows(lambda view: bool((view["forks"]["work"] or {}).get("lines")))["forks"]["work"]
    assert "Merging the best fork into demo" == during["title"] and " seed " in during["lines"][0]
    view = desk.shows(lambda view: idle(view) and view["decisions"]["newest"][0]["what"] == "Merged demo-1")
    work = view["forks"]["work"]
    assert "ok" == work["tone"] and work["runs"] >= 16
    assert "came first on 4 common fresh seeds" in work["said"][0] and "It was merged" in work["said"][-1]
    (merged,) = project.of(ev.Merged)
    assert ("panel", "demo-1") == (merged.by.face, merged.fork)
    shas = git(project.folder, "rev-parse", f"{merged.commit}^1", f"{merged.commit}^2")
    assert [before, fork.state.head] == shas.split()
    assert tree == git(project.folder, "status", "--porcelain")


def test_a_comparison_by_a_click_stands_beside_every_fork_with_its_interval_and_when(better: Any) -> None:
    """Differences in the metric's unit, the e-value, the decision; the parent that kept nothing says why it has none."""
    project, _ = better
    desk = Page(LoopPanel(project.loop))
    assert desk.ask("compare", seeds="8")["ok"]
    view = desk.shows(lambda view: idle(view) and view["forks"]["common"]["at"])
    common, rows = view["forks"]["common"], {row["name"]: row["against"] for row in view["forks"]["rows"]}
    assert "8 common fresh seeds" in common["text"] and "e-BH at 5 %: demo-1 is better than it." == common["better"]
    found = rows["demo-1"]
    assert found["change"].startswith("−0.") and "better by e-BH and BH" == found["by"]
    change, low, high, _ = found["ends"]
    assert change == pytest.approx(-0.5, abs=0.05) and low < change < high < 0 and low > view["forks"]["apart"][0]
    assert "it kept nothing" in rows["demo"]["why"] and rows["demo"]["ends"] is None
    kept = json.loads((project.loop.path / "reports/compare_0001.json").read_text(encoding="utf-8"))
    assert kept["at"] == common["at"]


def test_what_cannot_be_merged_is_refused_in_words_and_nothing_is_at_work(tmp_path: Path) -> None:
    """A loop without a fork; a fork that kept nothing; seeds that are no number; a halt of nothing."""
    project, _ = forked(tmp_path, edit(level=2.0))
    desk = Page(LoopPanel(project.loop))
    told = desk.ask("merge", seeds="4")
    assert not told["ok"] and "holds all that its forks kept" in told["reason"] and "demo-1" in told["suggestion"]
    assert "Nothing is being compared" in desk.ask("halt")["reason"]
    assert desk.panel.tail.work.document() is None
    for seeds in ("1", "many", "201", "-4", "4.5", "²"):
        with pytest.raises(UsageError, match="cannot be run"):
            loop_asks.seeds({"args": {"seeds": seeds}})
    assert 6 == loop_asks.seeds({"args": {}}) == loop_asks.seeds({})


def test_a_comparison_without_a_keep_is_told_as_what_it_is(tmp_path: Path) -> None:
    """No run is made, nothing was interrupted, and no fork is given a rank."""
    project, _ = forked(tmp_path, edit(level=2.0))
    desk = Page(LoopPanel(project.loop))
    assert desk.ask("compare")["ok"]
    work = desk.shows(idle)["forks"]["work"]
    assert ("ok", 0) == (work["tone"], work["runs"])
    assert ["None of them kept anything: each stands at the commit they began from. No run was made."] == work["said"]


def test_a_merge_is_ended_by_a_click_and_changes_nothing(tmp_path: Path) -> None:
    """Slow runs; a second click while it works is refused; after the halt nothing was merged, and it says so."""
    project, _ = forked(tmp_path, edit(level=0.5, what="slow"))
    desk = Page(LoopPanel(project.loop))
    assert desk.ask("merge", seeds="200")["ok"]
    assert "at work already" in desk.ask("compare")["reason"]
    view = desk.shows(lambda view: view["actions"]["halt"]["enabled"])
    assert "at work already" in view["actions"]["merge"]["reason"]
    head = project.state.head
    assert desk.ask("halt")["ok"]
    work = desk.shows(idle)["forks"]["work"]
    assert ("warn", "It was interrupted. Nothing was changed.") == (work["tone"], work["said"][-1])
    assert head == project.state.head and not project.of(ev.Merged)


def test_a_fork_that_was_only_lucky_is_not_merged_and_the_panel_says_so(tmp_path: Path) -> None:
    """Its one run said better, common seeds do not: a warning, the comparison kept, the head where it was."""
    project, (fork,) = forked(tmp_path, edit(level=1.0, lucky=seed_for(SEED, "screen", 1)))
    assert {1: "keep"} == fork.verdicts()
    head, desk = project.state.head, Page(LoopPanel(project.loop))
    assert desk.ask("merge")["ok"]
    view = desk.shows(lambda view: idle(view) and view["forks"]["common"]["at"])
    work = view["forks"]["work"]
    assert "warn" == work["tone"] and "nothing to merge" in " ".join(work["said"])
    assert "none is shown to be better" in view["forks"]["common"]["better"]
    assert head == project.state.head and not project.of(ev.Merged)
