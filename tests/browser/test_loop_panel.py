"""A loop's panel in JupyterLab and Notebook 7, light and dark, wide and narrow: pictures, contrast, axe, clicks."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parent))

import panel_scenes as scenes
import steering
from desk import Desk, desk
from lab_server import App, Server, running_server
from playwright.sync_api import expect

from autor_nb import loop_control, loop_forks
from autor_nb.domain.loops import events as ev
from autor_nb.store.lock import EngineLock
from autor_nb.store.loops.layout import LoopFolder
from autor_nb.testing.loop_project import ME, LoopProject, edit, trust
from autor_nb.testing.loop_story import Story, char_lm, compared, long_loop

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("npm"), reason="NOT TESTED: axe-core comes by npm, which is not here"),
]
APPS: tuple[App, ...] = ("lab", "notebook")
PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project with a loop that works, two forks, a long loop, and one of its own that really runs."""
    place = tmp_path_factory.mktemp("loops")
    members = [(char_lm(LoopFolder(place / "autor_loops" / "char-lm")), 0.2)]
    for name, seed, gain in (("fork-b", 21, 0.08), ("fork-c", 22, 0.01)):
        fork = LoopFolder(place / "autor_loops" / name)
        fork.make()
        told = Story(fork, seed=seed, forked_from="char-lm").begin()
        for n in range(1, 12):
            told.experiment(n, 0.09 if n == 4 else None)
        members.append((told.write(), gain))
    compared(members)
    long_loop(LoopFolder(place / "autor_loops" / "long"), 10_000)
    yield place


@pytest.fixture(scope="module")
def server(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server over it."""
    with running_server(project, tmp_path_factory.mktemp("home")) as running:
        yield running


def opened(at: Desk, place: Path, app: App, name: str, *cells: str) -> None:
    """A notebook with these cells, run."""
    at.open(steering.notebook(place, f"{name}-{app}.ipynb", "%load_ext autor_nb", *cells), app)
    at.run_all()


@pytest.mark.parametrize("app", APPS)
def test_a_loop_under_test_and_a_kernel_that_has_gone(server: Server, project: Path, app: App) -> None:
    """The whole panel with a form open; then the same after its kernel was killed."""
    with EngineLock(LoopFolder(project / "autor_loops" / "char-lm")), desk(server, reduced_motion="reduce") as at:
        opened(at, project, app, "loop", "%autor loop panel char-lm")
        expect(at.page.get_by_text("Confirming #33, pair 9 of at most 16")).to_be_visible(timeout=PATIENCE_MS)
        expect(at.page.locator(".lp-forks .lp-fk")).to_have_count(3)
        found = scenes.looked_at(at, "loop")
        at.page.get_by_role("button", name="Pin an idea").click()
        expect(at.page.get_by_label("Hypothesis, in a sentence")).to_be_focused()
        found += scenes.looked_at(at, "loop-pin")
        at.kill_kernel()
        expect(at.page.get_by_text("The kernel has gone; the loop goes on.")).to_be_visible(timeout=PATIENCE_MS)
        at.page.get_by_role("dialog", name="Kernel Restarting").get_by_role("button", name="Ok").click()
        assert [] == found + scenes.looked_at(at, "loop-gone")


def test_ten_thousand_experiments_scroll_and_answer_at_once(server: Server, project: Path) -> None:
    """Rows are there wherever one scrolls to, few of them at a time; drawing a second costs next to nothing."""
    with desk(server, reduced_motion="reduce") as at:
        opened(at, project, "lab", "long", "%autor loop panel long")
        box = at.page.locator(".lp-tw")
        expect(box.get_by_text("9999", exact=True)).to_be_visible(timeout=PATIENCE_MS)
        box.evaluate("node => { node.scrollTop = 30 * 5000; }")
        expect(box.get_by_text("4995", exact=True)).to_be_visible(timeout=PATIENCE_MS)
        assert 60 > box.locator("tbody tr").count()
        took = box.evaluate("""async node => { const t = performance.now();
          for (let i = 0; i < 40; i += 1) { node.scrollTop = 30 * 200 * i; node.dispatchEvent(new Event('scroll'));
            await new Promise(done => requestAnimationFrame(done)); }
          return (performance.now() - t) / 40; }""")
        assert 100 > took, f"a picture takes {took:.0f} ms"
        scenes.fit(at, 1300)
        at.screenshot("panel-loop-long")


class Clicks:
    """A person at the one panel of a page."""

    def __init__(self, page: Any) -> None:
        self.panel = page.locator(".autor-host")

    def says(self, text: str) -> None:
        """Wait until it stands there."""
        expect(self.panel.get_by_text(text).first).to_be_visible(timeout=PATIENCE_MS)

    def click(self, name: str, form: str = "") -> None:
        """Click a button; of an open form, where that is named."""
        where = self.panel.get_by_role("region", name=form, exact=True) if form else self.panel
        where.get_by_role("button", name=name, exact=True).first.click()

    def fill(self, label: str, text: str) -> None:
        """Write into a field."""
        self.panel.get_by_label(label).fill(text)


def test_confirm_start_repeat_pause_pin_resume_and_veto_by_clicks(server: Server, project: Path) -> None:
    """A loop that really runs is steered from the page; every click stands in its log on disk with who and when."""
    standing = edit(what="hang")  # ideas 1 and 2 stand until somebody decides
    own = LoopProject.make(project / "own", [standing, standing], trial_timeout_s=600.0)
    try:
        with desk(server, reduced_motion="reduce") as at:
            opened(at, project, "lab", "steered", "%cd -q own/project", "%autor loop panel")
            me = Clicks(at.page)
            me.click("Confirm")
            me.fill("At most so long (12h)", "2h")
            me.click("Confirm", form="Go-ahead for a loop without a bound on experiments")
            me.says("Gave the go-ahead")
            me.click("Start")
            me.panel.get_by_role("spinbutton", name="Experiments").fill("30")
            me.click("Start", form="Start the loop")
            me.says("#1 under test")
            me.click("Add repeats")
            me.fill("More pairs", "6")
            me.click("Add these pairs", form="Add repeats to #1")
            me.says("Added 6 pairs to #1")
            me.click("Pause")
            me.says("Paused: Paused by a person.")
            me.click("Pin an idea")
            me.fill("Hypothesis, in a sentence", "Try <b>the other</b> end")
            me.click("Pin this idea", form="Pin an idea of yours: the loop tries it next")
            me.says("Pinned, waits its turn")
            me.click("Resume")
            me.says("Resumed the loop")
            me.click("Veto this idea")
            me.fill("Why (optional)", "It never <i>ends</i>.")
            me.click("Veto this idea", form="Veto #1: end it, whatever its evidence")
            me.says("Vetoed #1")
            me.says("#2 under test")
            me.says("pinned by")
            me.click("Stop")
            me.says("Stopped the loop")
            at.screenshot("panel-loop-steered")
            assert [] == at.errors
    finally:
        loop_control.end_worker(own.loop)
    clicked = [event for event in own.events if isinstance(event, ev.Decision) and event.by.face == "panel"]
    assert [
        ev.LoopConfirmed, ev.LoopStarted, ev.RepeatsAdded, ev.LoopPaused, ev.IdeaPinned, ev.LoopResumed, ev.IdeaVetoed,
        ev.LoopStopped,
    ] == [type(event) for event in clicked]  # fmt: skip
    assert all(event.by.os_user and event.by.is_person and event.at.endswith("Z") for event in clicked)
    (confirmed,), (repeats,), (veto,) = (own.of(kind) for kind in (ev.LoopConfirmed, ev.RepeatsAdded, ev.IdeaVetoed))
    assert (7200.0, 1, 6) == (confirmed.wall_s, repeats.n, repeats.pairs)
    assert (1, "It never <i>ends</i>.", "panel") == (veto.n, veto.why, veto.by.face)
    end = own.ended(1)
    assert "discard" == end.verdict and f"vetoed by {veto.by}" in end.reason and end.seq > veto.seq
    tried = own.of(ev.IdeaProposed)[-1]
    assert (2, "Try <b>the other</b> end", "panel") == (tried.n, tried.idea.hypothesis, tried.pinned_by.face)


def test_the_best_fork_is_compared_and_merged_by_clicks_while_the_kernel_stays_free(
    server: Server, project: Path
) -> None:
    """What it does is said before; runs are told; a cell runs meanwhile; the merge stands in the log with who asked."""
    own = LoopProject.make(project / "merged", [edit(level=0.5, salt=3, what="slow")])
    (made,) = loop_forks.fork(own.loop, ME, seed=5)
    trust(made)
    fork = LoopProject(own.folder, made)
    fork.work(fork.start(iterations=1))
    try:
        with desk(server, reduced_motion="reduce") as at:
            opened(at, project, "lab", "merged", f"%cd -q {own.folder}", "%autor loop panel demo", "print(6 * 7)")
            me = Clicks(at.page)
            me.says("Not compared on common fresh seeds yet")
            me.click("Compare")
            me.panel.get_by_role("spinbutton", name="Common fresh seeds").fill("4")
            me.click("Compare them", form="Compare all of the family on common fresh seeds")
            me.says("Measured ")
            me.says("e-BH at 5 %: demo-1 is better than it.")
            me.click("Merge best")
            me.says("Wherever it fails, nothing is changed")
            me.panel.get_by_role("spinbutton", name="Common fresh seeds").fill("20")
            me.click("Merge the best into demo", form="Merge the best fork into demo?")
            expect(me.panel.get_by_role("button", name="Stop this")).to_be_visible(timeout=PATIENCE_MS)
            at.run_all()
            assert not own.of(ev.Merged), "the cells ran while it was at work"
            me.says("came first on 20 common fresh seeds")
            me.says("It was merged: demo and branch autor/demo are at")
            me.says("Merged demo-1")
            assert [] == at.illegible(".autor-host") + at.cut_off(".autor-host *")
            at.screenshot("panel-loop-merged")
            assert [] == at.errors
    finally:
        loop_control.end_worker(own.loop)
    (merged,) = own.of(ev.Merged)
    assert ("demo-1", "panel") == (merged.fork, merged.by.face) and merged.by.is_person
    assert own.state.head == merged.commit
