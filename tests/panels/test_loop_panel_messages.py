"""A loop steered by what a page sends: every click is one command to a real engine, every refusal comes back in words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from panel_page import Page

from autor_nb import loop_control
from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops import commands as cmd
from autor_nb.domain.loops import events as ev
from autor_nb.notebook.panels import loop_asks
from autor_nb.notebook.panels.loop_panel import LoopPanel
from autor_nb.store import eventlog
from autor_nb.store.loops.words import EVENTS
from autor_nb.testing.loop_project import LoopProject, edit


def status(word: str) -> Any:
    """Whether the document says so."""
    return lambda view: word == view["state"]["status"]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[LoopProject]:
    """A project whose first idea is slow enough to be interrupted."""
    made = LoopProject.make(
        tmp_path, [edit(level=0.9, what="slow"), *[edit(level=1.1, what="slow", salt=n) for n in range(30)]]
    )
    yield made
    loop_control.end_worker(made.loop)


@pytest.fixture
def desk(project: LoopProject) -> Page:
    """A page on its panel."""
    return Page(LoopPanel(project.loop))


def decided(project: LoopProject) -> list[Any]:
    """What was decided from a panel, from the log."""
    events, _ = eventlog.read(project.loop.events, 0, EVENTS)
    return [event for event in events if isinstance(event, ev.Decision) and event.by.face == "panel"]


def test_start_pause_pin_resume_and_stop_by_clicks_on_a_real_engine(project: LoopProject, desk: Page) -> None:
    """Each is one event with who; the pinned idea is tried next, and the panel shows every step."""
    assert desk.ask("start", iterations="25")["ok"]
    desk.shows(lambda view: view["test"] is not None)
    assert desk.ask("pause")["ok"]
    view = desk.shows(status("paused"))
    assert view["actions"]["resume"]["enabled"] and not view["actions"]["pause"]["enabled"]
    assert desk.ask("pin", text="Try the other end", knobs="")["ok"]
    view = desk.shows(lambda view: view["pins"])
    assert "Try the other end" == view["pins"][0]["hypothesis"]
    assert desk.ask("resume")["ok"]
    view = desk.shows(lambda view: view["state"]["status"] == "running" and not view["pins"])
    assert desk.ask("stop")["ok"]
    view = desk.shows(status("stopped"))
    kinds = [type(event) for event in decided(project)]
    assert [ev.LoopStarted, ev.LoopPaused, ev.IdeaPinned, ev.LoopResumed, ev.LoopStopped] == kinds
    newest = view["decisions"]["newest"][0]
    assert ("Stopped the loop", "in a panel", True) == (newest["what"], newest["how"], newest["you"])
    events, _ = eventlog.read(project.loop.events, 0, EVENTS)
    tried = [event for event in events if isinstance(event, ev.IdeaProposed) and event.pinned_by is not None]
    assert [("Try the other end", "panel")] == [(one.idea.hypothesis, one.pinned_by.face) for one in tried]


def test_a_veto_ends_the_idea_at_work_and_one_of_another_number_is_refused(project: LoopProject, desk: Page) -> None:
    """The number pins which; the refusal says which one is at work."""
    assert desk.ask("start", iterations="25")["ok"]
    view = desk.shows(lambda view: view["test"] is not None)
    refused = desk.ask("veto", n=999, why="")
    assert not refused["ok"] and "999 is not at work" in refused["reason"]
    for _ in range(20):
        n = view["test"]["n"] if view["test"] is not None else 0
        if desk.ask("veto", n=n, why="Seen before.")["ok"]:
            break
        view = desk.shows(lambda view: view["test"] is not None)
    desk.ask("stop")
    assert any(isinstance(event, ev.IdeaVetoed) and event.why == "Seen before." for event in decided(project))


def test_what_the_loop_cannot_do_comes_back_with_what_to_do_instead(desk: Page) -> None:
    """No bound, no session, nothing to audit, a budget that is no rate, an unknown word."""
    told = {command: desk.ask(command, **args) for command, args in {
        "start": {}, "pause": {}, "resume": {}, "audit": {}, "grant": {"alpha": "2"}, "confirm": {"wall": "soon"},
        "repeat": {"pairs": "4"}, "dance": {},
    }.items()}  # fmt: skip
    assert not any(answer["ok"] for answer in told.values())
    assert "given no end" in told["start"]["reason"] and "autor loop" in told["start"]["suggestion"]
    assert "nothing to pause" in told["pause"]["reason"] and "no baseline" in told["audit"]["reason"]
    assert "'soon' is no time" in told["confirm"]["reason"] and "no error rate" in told["grant"]["reason"]
    assert "does not know" in told["dance"]["reason"]


def test_looks_bring_rows_an_experiment_and_decisions_and_refuse_nonsense(project: LoopProject) -> None:
    """A window of the table; one experiment with its idea; an unknown number in words."""
    project.work(project.start(iterations=3))
    desk = Page(LoopPanel(project.loop))
    rows = desk.look("rows", which="all", first=1, count=2)["data"]
    assert (1, 4, [2, 1]) == (rows["first"], rows["total"], [row["n"] for row in rows["rows"]])
    opened = desk.look("experiment", n=1)["data"]
    assert opened["idea"]["hypothesis"] and opened["change"]["lines"] and opened["output"]["lines"]
    assert "no experiment #77" in desk.look("experiment", n=77)["error"]["message"]
    assert "not understood" in desk.look("experiment", n="x")["error"]["message"]
    assert "does not know" in desk.look("stars")["error"]["message"]
    assert "Started the loop" == desk.look("decisions")["data"]["decisions"][0]["what"]


def test_the_tail_beats_and_tells_what_a_trial_prints(project: LoopProject, desk: Page) -> None:
    """A sign of life, and the newest lines while a trial runs."""
    desk.until(lambda message: "beat" in message)
    assert desk.ask("start", iterations="25")["ok"]
    said = desk.until(lambda message: bool(message.get("output", {}).get("lines")))
    assert "begun" == said["output"]["lines"][0]
    desk.ask("stop")


def test_a_pin_in_words_with_knobs_and_as_json_and_what_is_wrong_with_others() -> None:
    """Values are JSON where they are; a line that is no `name = value` is named; nothing is made up."""
    idea = loop_asks.pinned("Decay to 5 %", "PARAMS.lr = 0.002\n\nPARAMS.kind = cosine\nPARAMS.on = true")
    assert ("Decay to 5 %", {"PARAMS.lr": 0.002, "PARAMS.kind": "cosine", "PARAMS.on": True}) == (
        idea.hypothesis,
        idea.change,
    )
    assert "Set PARAMS.lr to 0.002" == loop_asks.pinned("", "PARAMS.lr=0.002").hypothesis
    for text, knobs, wrong in (
        ("", "", "empty"),
        ("x", "PARAMS.lr", "Line 1"),
        ("x", "a = 1\n= 2", "Line 2"),
        ("{", "", "JSON"),
    ):
        with pytest.raises(UsageError, match=wrong):
            loop_asks.pinned(text, knobs)


def test_every_button_has_its_command() -> None:
    """What the page may ask is what the engine knows, each by the person at the panel, under the page's id."""
    args: dict[str, Any] = {
        "iterations": "3",
        "wall": "2h",
        "n": 5,
        "pairs": 6,
        "alpha": "0.05",
        "cost": "3.5",
        "text": "x",
    }
    made = {name: loop_asks.command({"command": name, "id": "page00000000-1", "args": args}) for name in (
        "start", "pause", "resume", "stop", "veto", "pin", "repeat", "confirm", "grant", "audit",
    )}  # fmt: skip
    assert {"panel"} == {command.by.face for command in made.values()} and {"page00000000-1"} == {
        c.id for c in made.values()
    }
    assert isinstance(made["start"], cmd.StartLoop) and (3, 7200.0) == (made["start"].iterations, made["start"].wall_s)
    assert isinstance(made["repeat"], cmd.AddRepeats) and (5, 6) == (made["repeat"].n, made["repeat"].pairs)
    assert isinstance(made["grant"], cmd.GrantBudget) and 0.05 == made["grant"].alpha
    assert isinstance(made["confirm"], cmd.ConfirmLoop) and (7200.0, 3.5) == (
        made["confirm"].wall_s,
        made["confirm"].cost_usd,
    )


def test_a_page_without_a_widget_manager_gets_the_card_with_the_curve(project: LoopProject, monkeypatch: Any) -> None:
    """In a shell the same state as text, the convergence among it, and where the panel opens."""
    from click.testing import CliRunner

    from autor_nb.verbs.result import Face
    from autor_nb.verbs.tree import loop

    project.work(project.start(iterations=2))
    monkeypatch.chdir(project.folder)
    said = CliRunner().invoke(loop, ["panel", "--text"], obj=Face(name="cli"), standalone_mode=False)
    text = said.return_value.text() if said.return_value is not None else said.output
    assert "opens in a notebook" in text and "Convergence" in text and "loss, lower is better" in text
