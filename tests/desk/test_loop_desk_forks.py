"""Forks in a loop's document: what common seeds showed, of when, of which heads; and what is left of the budget."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from autor_nb import loop_control
from autor_nb.desk.loops.forks import Family
from autor_nb.desk.loops.view import loop_view
from autor_nb.domain.loops.state import LoopStatus
from autor_nb.store.loops.course_file import CourseFile
from autor_nb.store.loops.layout import LoopFolder
from autor_nb.testing.loop_story import CONFIG, Story, compared

ME = loop_control.actor("panel")


def told(place: Path, name: str, gain: float | None, **more: Any) -> tuple[LoopFolder, Story]:
    """A loop with one experiment that has such an effect."""
    loop = LoopFolder(place / "autor_loops" / name)
    loop.make()
    story = Story(loop, seed=len(name), **more).begin()
    story.experiment(1, gain)
    story.write()
    return loop, story


@pytest.fixture
def family(tmp_path: Path) -> tuple[LoopFolder, LoopFolder]:
    """A loop that kept nothing and its fork, which kept something."""
    (loop, _), (fork, _) = told(tmp_path, "main", -0.06), told(tmp_path, "fork-b", 0.12, forked_from="main")
    return loop, fork


def shown(loop: LoopFolder, family: Family | None = None) -> dict[str, Any]:
    """Its document, as if its engine worked."""
    snapshot = loop_control.snapshot(loop)
    snapshot = dataclasses.replace(snapshot, status=LoopStatus.RUNNING)
    return loop_view(snapshot, CourseFile(loop).read(), family or Family(loop), ME)


def test_without_a_comparison_the_document_says_how_to_come_by_one(family: tuple[LoopFolder, LoopFolder]) -> None:
    """No time, no numbers, the command; a loop at work cannot be merged into, a fork has nothing to merge."""
    view = shown(family[0])
    common = view["forks"]["common"]
    assert ("", "autor loop compare main") == (common["at"], common["how"])
    assert [None, None] == [row["against"] for row in view["forks"]["rows"]]
    assert "Stop the loop first" in view["actions"]["merge"]["reason"] and view["actions"]["compare"]["enabled"]
    assert "No fork began from this loop" in shown(family[1])["actions"]["merge"]["reason"]
    assert "At most about 52 runs of the command" in view["forks"]["merge"]["cost"]


def test_a_comparison_is_shown_from_every_member_with_the_decision_of_both_corrections(
    family: tuple[LoopFolder, LoopFolder],
) -> None:
    """The change of the metric (lower is better: negative), its interval, E, who is better, and why one has no rank."""
    report = compared([(family[0], 0.0), (family[1], 0.1)])
    for loop in family:
        forks = shown(loop)["forks"]
        rows = {row["name"]: row["against"] for row in forks["rows"]}
        best = report.best
        assert best is not None and best.mean is not None and best.interval is not None
        change, low, high, _ = rows["fork-b"]["ends"]
        assert (-best.mean, -best.interval[1], -best.interval[0]) == pytest.approx((change, low, high))
        assert "better by e-BH and BH" == rows["fork-b"]["by"] and rows["fork-b"]["interval"].startswith("[−")
        assert "it kept nothing" in rows["main"]["why"]
        assert "e-BH at 5 %: fork-b is better than it." == forks["common"]["better"]
        assert "2026-11-21T04:02:11.512Z" == forks["common"]["at"]
        assert forks["apart"][1] > abs(low)


def test_what_is_not_shown_to_be_better_is_said_so(family: tuple[LoopFolder, LoopFolder]) -> None:
    """No claim without evidence, whatever the mean is."""
    compared([(family[0], 0.0), (family[1], 0.001)])
    forks = shown(family[0])["forks"]
    assert "none is shown to be better than it" in forks["common"]["better"]
    assert "not shown to be better" == next(row for row in forks["rows"] if not row["own"])["against"]["by"]


def test_a_newer_head_an_interrupted_and_a_broken_comparison_are_each_said(tmp_path: Path) -> None:
    """The newest that was finished stands, with what is wrong with later ones; a member that moved on says so."""
    (loop, _), (fork, story) = told(tmp_path, "main", -0.06), told(tmp_path, "fork-b", 0.12, forked_from="main")
    kept, one = Family(loop), [(loop, 0.0), (fork, 0.1)]
    compared(one)
    assert shown(loop, kept)["forks"]["common"]["wrong"] == ""
    compared(one, seeds=8, interrupted=True)
    assert "interrupted after 8 of 8 seeds" in shown(loop, kept)["forks"]["common"]["wrong"]
    (loop.path / "reports" / "compare_0003.json").write_text('{"rows": [')
    story.experiment(2, 0.2)
    story.write()
    before = kept.sizes()
    forks = shown(loop, kept)["forks"]
    assert forks["common"]["at"] and "compare_0003.json cannot be read" in forks["common"]["wrong"]
    against = next(row for row in forks["rows"] if row["name"] == "fork-b")["against"]
    assert "of #1, it has moved on since" == against["stale"]
    compared(one)
    assert before != kept.sizes()
    assert "" == next(row for row in shown(loop, kept)["forks"]["rows"] if row["name"] == "fork-b")["against"]["stale"]


def test_a_comparison_of_another_metric_is_not_held_against_this_one(tmp_path: Path) -> None:
    """Its numbers would be of another unit: they are left out, and why is said."""
    (loop, _), (fork, _) = told(tmp_path, "main", -0.06), told(tmp_path, "fork-b", 0.12, forked_from="main")
    path = compared([(loop, 0.0), (fork, 0.1)])
    file = loop.path / "reports" / "compare_0001.json"
    file.write_text(file.read_text().replace('"val_loss"', '"accuracy"'))
    forks = shown(loop)["forks"]
    assert path.rows and "measured something else" in forks["common"]["wrong"] and not forks["common"]["at"]
    assert all(row["against"] is None for row in forks["rows"])


@pytest.mark.parametrize(
    "gate, value, beside",
    [
        ({"name": "eprocess", "options": {"horizon": 20}}, "20", "of 20 confirms left"),
        ({"name": "shared"}, "10", "of 10 confirms left"),
        ({"name": "fixed", "options": {"horizon": 5}}, "5", "of 5 confirms left"),
        ({"name": "eprocess"}, "0", "confirms so far, no last one"),
        ({"name": "greedy"}, "", ""),
    ],
)
def test_confirms_left_are_a_number_only_where_the_budget_has_one(
    tmp_path: Path, gate: dict[str, Any], value: str, beside: str
) -> None:
    """A horizon, also a gate's own; without one the shares of α never run out, and a greedy gate spends none."""
    loop = LoopFolder(tmp_path / "autor_loops" / "one")
    loop.make()
    Story(loop, config={**CONFIG, "gate": gate}).begin().write()
    found = [tile for tile in shown(loop)["tiles"] if tile["key"] == "alpha"]
    assert [(value, beside)] == [(tile["value"], tile["beside"]) for tile in found] or (not value and not found)
