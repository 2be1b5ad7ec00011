"""A loop's document in states that few people see: recorded only, merged, as good, of tiny and of huge values."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from autor_nb import loop_control
from autor_nb.desk.loops.forks import Family
from autor_nb.desk.loops.view import loop_view
from autor_nb.domain.events import Event
from autor_nb.domain.loops import commands as cmd
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.config import GateSpec, MetricSpec
from autor_nb.domain.loops.course import Course
from autor_nb.domain.loops.verdict import Verdict
from autor_nb.export import loop_report, loop_source
from autor_nb.store.loops.course_file import CourseFile
from autor_nb.store.loops.layout import LoopFolder
from autor_nb.testing import loop_story
from autor_nb.testing.loop_project import LoopProject, edit
from autor_nb.testing.loop_story import CONFIG, PERSON, Story, char_lm

ME = loop_control.actor("panel")
BY: dict[str, Any] = {"by": PERSON, "command_id": "c"}


def begun(place: Path, name: str = "char-lm", **more: Any) -> Story:
    """A story whose loop has a folder."""
    loop = LoopFolder(place / "autor_loops" / name)
    loop.make()
    return Story(loop, **more)


def shown(loop: LoopFolder) -> dict[str, Any]:
    """Its document."""
    return loop_view(loop_control.snapshot(loop), CourseFile(loop).read(), Family(loop), ME)


def tiles(view: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The tiles by their keys."""
    return {one["key"]: one for one in view["tiles"]}


def test_a_loop_of_records_alone_draws_them_and_measures_nothing(tmp_path: Path) -> None:
    """The differences have an axis of their own size, the baseline is one run, and no log is offered that is not there."""
    story = begun(tmp_path)
    story.say(ev.LoopCreated(name="char-lm", config=CONFIG, base="b" * 40, seed=7, **BY))
    told = [("baseline", 2.3), ("keep", 2.25), ("crash", None), ("discard", 2.31), ("keep", 2.2)]
    for n, (status, metric) in enumerate(told):
        delta = None if metric is None else round(metric - 2.3, 6)
        story.say(ev.ExperimentRecorded(n=n, status=status, metric=metric, delta=delta, summary="by hand", **BY))
    view = shown(story.write())
    assert ("Best recorded", "2.200", "one run") == tuple(
        tiles(view)["best"][key] for key in ("title", "value", "beside")
    )
    assert "0 runs in all" == tiles(view)["experiments"]["below"]
    assert "2.300, one run" == view["curve"]["labels"]["baseline"] and not view["curve"]["levels"]
    assert 0.05 < view["table"]["span"][1] < 0.2 and {""} == {row["act"] for row in view["table"]["rows"]}


def test_the_best_recorded_is_one_number_in_tile_and_curve(tmp_path: Path) -> None:
    """Where nothing is re-measured the tile names the single run that the curve names, not the mean of several."""
    story = begun(tmp_path).begin()
    story.experiment(1, 0.12)
    story.say(ev.Merged(fork="b", commit="f" * 40, **BY))
    view = shown(story.write())
    best = tiles(view)["best"]
    assert ("Best recorded", "one run") == (best["title"], best["beside"])
    assert f"Recorded best: {best['value']} ({best['below'].partition(';')[0]}, one run)" in view["curve"]["said"]
    assert "1 score was a new best when recorded; 1 keep is confirmed." in view["curve"]["said"]


def test_after_a_merge_the_best_is_the_merged_one_in_tile_and_curve(tmp_path: Path) -> None:
    """The runs that chose it are what is known of it; the head before is the best no more."""
    story = begun(tmp_path).begin()
    story.experiment(1, 0.12)
    scores = (-1.9, -1.92, -1.88)
    story.say(ev.Merged(fork="char-lm-2", commit="f" * 40, metric=1.9, scores=scores, **BY))
    view = shown(story.write())
    best = tiles(view)["best"]
    assert ("Best at its keep", "3 runs that chose the merge of char-lm-2, and flatter it") == (
        best["title"],
        best["below"],
    )
    assert ("best at its keep", f"{best['value']} {best['beside']}") == (
        view["curve"]["labels"]["best_is"], view["curve"]["labels"]["best"])  # fmt: skip
    assert best["value"].startswith("1.90") and pytest.approx(1.9) == view["curve"]["levels"][-1][1]


def test_a_keep_that_is_as_good_is_never_called_better(tmp_path: Path) -> None:
    """Row, tile, legend, sentence, the report's tables and its figures say "as good"; it is no gain."""
    story = begun(tmp_path).begin()
    story.experiment(1, 0.12)
    idea = story.propose(2)
    evidence: dict[str, Any] = {"e_value": 61.0, "bar": 40.0, "mean": 0.002, "interval": (-0.03, 0.034)}
    story.say(ev.EvidenceRead(n=2, pairs=6, **evidence))
    story.say(ev.ExperimentEnded(n=2, verdict=Verdict.KEEP, reason="Shorter.", summary=idea.hypothesis, metric=2.1,
                                 delta=0.002, trials=13, confirmed=True, reached_confirm=True, within=0.05,
                                 commit="e" * 40, **evidence))  # fmt: skip
    loop = story.write()
    view = shown(loop)
    assert "as good, within 0.050" == view["table"]["rows"][0]["note"]
    assert tiles(view)["against"]["below"].startswith("1 confirmed keep, 1 as good")
    assert view["curve"]["said"].endswith("1 keep is confirmed, 1 as good.")
    assert "1 as good, no better" == next(one["note"] for one in view["curve"]["legend"] if one["kind"] == "keep")
    source = loop_source.read(loop)
    assert [1] == [hit.n for hit in source.hits]
    text = loop_report.as_markdown(source)
    assert "as good, within 0.05" in text and "Evidence that #2 is as good, within 0.050" in text
    assert "#2 kept, as good" in text


def test_what_shares_a_mark_is_told_apart_beside_it(tmp_path: Path) -> None:
    """An untested one stands among the inconclusive ones, a run out of time among the crashes."""
    story = begun(tmp_path).begin()
    for n, verdict in enumerate((Verdict.UNTESTED, Verdict.TIMEOUT, Verdict.CRASH), 1):
        metric = 2.2 if verdict is Verdict.UNTESTED else None
        story.say(ev.ExperimentEnded(n=n, verdict=verdict, reason="so", metric=metric, trials=1))
    notes = {one["kind"]: (one["count"], one["note"]) for one in shown(story.write())["curve"]["legend"]}
    assert (("1", "1 untested"), ("2", "1 timed out")) == (notes["inconclusive"], notes["crash"])


def test_a_fork_says_what_it_does_now(tmp_path: Path) -> None:
    """Failed and stopped ones are told from those at work; their states are noticed when they change."""
    main = char_lm(LoopFolder(tmp_path / "autor_loops" / "char-lm"), experiments=3, under_test=None)
    story = begun(tmp_path, "fork-b", forked_from="char-lm").begin()
    story.say(ev.LoopFailed(reason="The disk is full."))
    story.write()
    family = Family(main)
    view = loop_view(loop_control.snapshot(main), CourseFile(main).read(), family, ME)
    assert [("", "idle"), ("Failed", "fail")] == [(row["word"], row["tone"]) for row in view["forks"]["rows"]]
    before = family.sizes()
    story.say(ev.LoopStarted(iterations=3, **BY))
    story.say(ev.LoopStopped(reason="Enough.", **BY))
    story.write()
    assert before != family.sizes()
    view = loop_view(loop_control.snapshot(main), CourseFile(main).read(), family, ME)
    assert "Stopped" == view["forks"]["rows"][1]["word"]


class Moved(Story):
    """The story in other numbers: every metric times `by`, plus `to`."""

    by, to = 1.0, 0.0

    def say(self, event: Event, after_s: float = 0.2) -> None:
        """The same event with its numbers moved."""
        told: dict[str, Any] = {name: getattr(event, name) for name in event.__struct_fields__}
        for name in ("metric", "score"):
            if told.get(name) is not None:
                told[name] = told[name] * self.by + (self.to if name == "metric" else -self.to)
        for name in ("delta", "mean"):
            if told.get(name) is not None:
                told[name] *= self.by
        for name, ends in (("interval", told.get("interval")), ("reference", told.get("reference"))):
            if ends:
                told[name] = tuple(
                    None if end is None else end * self.by - (name == "reference") * self.to for end in ends
                )
        super().say(type(event)(**told), after_s)


@pytest.mark.parametrize(("by", "to"), [(1e-9, 0.0), (1e-7, 0.0), (1e9, 0.0), (1.0, -3000.0), (1e-5, 1000.0)])
def test_values_of_any_size_can_be_told_apart_in_every_word_and_picture(tmp_path: Path, by: float, to: float) -> None:
    """No two levels look alike, no value is a row of zeros, and all values share one way of writing."""
    loop = LoopFolder(tmp_path / "autor_loops" / "moved")
    loop.make()
    story = Moved(loop)
    story.by, story.to = by, to
    story.begin()
    for n in range(1, 13):
        story.experiment(n, {2: 0.094, 12: 0.062}.get(n))
    view = shown(story.write())
    best = tiles(view)["best"]
    digits = re.compile(r"[1-9]")
    assert digits.search(best["value"]) and digits.search(best["beside"])
    values = {row["value"] for row in view["table"]["rows"] if row["value"] and row["kind"] != "tampered"}
    assert len(values) > 8, values
    assert 1 == len({value.partition("e")[2] for value in values}), values
    drawn = {level[1] for level in view["curve"]["levels"]}
    assert len(drawn) == len(view["curve"]["levels"]) and len({row[2] for row in view["curve"]["marks"]}) > 8
    power = view["curve"]["power"]
    assert pytest.approx(view["curve"]["levels"][-1][1], rel=1e-3) == float(
        best["value"].replace("−", "-").replace(",", "")
    )
    assert (f"e{power}".replace("-", "−") if power else "") == view["curve"]["unit"]
    assert 200_000 > len(json.dumps(view))


def test_equal_values_are_drawn_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is divided by a spread of nothing, at zero neither."""
    monkeypatch.setattr(loop_story, "SD", 0.0)
    for name, level in (("some", 2.244), ("none", 0.0)):
        story = begun(tmp_path, name)
        story.level = level
        story.begin()
        for n in (1, 2):
            story.experiment(n, 0.0)
        loop = story.write()
        view = shown(loop)
        assert ("± 0.000", {"0.000", ""}) == (
            tiles(view)["best"]["beside"], {row["change"] for row in view["table"]["rows"]})  # fmt: skip
        assert view["curve"]["low"] < level < view["curve"]["high"]
        assert "Convergence" in loop_report.as_html(loop_source.read(loop))


def test_a_course_without_runs_after_a_merge_has_no_level() -> None:
    """A merge of an older version, which kept no scores: nothing is known of the best, and nothing is drawn of it."""
    course = Course()
    course.take([ev.ExperimentEnded(n=0, verdict=Verdict.KEEP, reason="", baseline=True, metric=2.0)])
    assert [] == course.levels
    course.measured(-2.0)
    course.take([ev.ExperimentEnded(n=1, verdict=Verdict.DISCARD, reason="", metric=2.1)])
    course.take([ev.Merged(fork="b", commit="f" * 40, **BY)])
    assert [1, 0] == [step.runs for step in (*course.steps, *course.levels)][-2:] and course.has_moved


def test_several_metrics_have_one_scale_from_the_baseline_on(tmp_path: Path) -> None:
    """The baseline ran before its scales were made: its runs are drawn on them, and are no noise of a hundred SDs."""
    specs = (MetricSpec(name="loss", direction="lower"), MetricSpec(name="size", direction="lower"))
    project = LoopProject.make(
        tmp_path, [edit(level=0.6, size=0.7, salt=1), edit(level=1.5, size=1.5, salt=2)], gate=GateSpec(name="eprocess"),
        metrics=specs, scalarizer="weighted_sum", scalarizer_options={"weights": {"loss": 1.0, "size": 2.0}},
    )  # fmt: skip
    state = project.work(project.start(iterations=2))
    view = shown(project.loop)
    rows = {row["n"]: row for row in view["table"]["rows"]}
    assert (
        state.baseline_score == pytest.approx(view["curve"]["baseline"]) == pytest.approx(view["curve"]["levels"][0][1])
    )
    assert "0.0" == rows[0]["value"][:3] and rows[0]["value"] == view["curve"]["labels"]["baseline"].partition(" ")[0]
    sd = CourseFile(project.loop).read().noise_sd
    assert sd is not None and 0 < sd < 0.2, "the scores of runs before and after the scales were made were mixed"
    assert rows[2]["change"].startswith("−") and "no interval" == rows[2]["interval"]


def test_an_idea_that_was_refused_is_not_under_test(tmp_path: Path) -> None:
    """A repeat is refused before any run of it: no face counts it, the legend neither."""
    project = LoopProject.make(tmp_path, [edit(level=0.5), edit(level=0.5)])
    project.work(project.start(iterations=2))
    assert project.of(ev.IdeaRefused), "nothing was refused"
    view = shown(project.loop)
    assert {"baseline": "1", "keep": "1"} == {one["kind"]: one["count"] for one in view["curve"]["legend"]}
    assert view["test"] is None and 2 == view["table"]["total"]


def test_a_measured_baseline_takes_the_place_of_a_recorded_one(tmp_path: Path) -> None:
    """Curve and tile are about the same; what was told without its time shows none."""
    project = LoopProject.make(tmp_path, [edit(level=0.5)], gate=GateSpec(name="eprocess"))
    project.work(project.command(cmd.RecordExperiment, status="baseline", metric=7.0, summary="by hand"))
    state = project.work(project.start(iterations=1))
    view = shown(project.loop)
    assert state.baseline_metric == pytest.approx(view["curve"]["baseline"]) and view["curve"]["baseline"] < 2
    assert "±" in view["curve"]["labels"]["baseline"]
    recorded = view["table"]["rows"][-1]
    assert (0, "", "recorded, not tested") == (recorded["n"], recorded["took"], recorded["note"])


def test_without_noise_the_smallest_move_is_told(tmp_path: Path) -> None:
    """A gate for fixed inputs keeps 0.00001, and the table does not call that 0.000."""
    story = begun(tmp_path, config={**CONFIG, "gate": {"name": "fixed"}})
    story.say(ev.LoopCreated(name="char-lm", config=story.config, base="b" * 40, seed=1, **BY))
    for trial in (1, 2):
        story.say(ev.TrialEnded(trial=trial, n=0, role="reference", subject="incumbent", ending="finished",
                                metric=1.0, score=-1.0))  # fmt: skip
    story.say(ev.ExperimentEnded(n=0, verdict=Verdict.KEEP, reason="", baseline=True, metric=1.0, trials=2))
    for n, delta in enumerate((-0.00001, -0.5, 0.3), 1):
        story.say(ev.ExperimentEnded(n=n, verdict=Verdict.DISCARD, reason="", metric=1 + delta, delta=delta, trials=1))
    rows = {row["n"]: row["change"] for row in shown(story.write())["table"]["rows"]}
    assert {1: "−0.00001", 2: "−0.50000", 3: "+0.30000"}.items() <= rows.items()


def test_pairs_are_counted_whether_or_not_a_gate_reads_its_evidence_on_the_way(tmp_path: Path) -> None:
    """The row of an inconclusive experiment never says that it ran none."""
    story = begun(tmp_path).begin()
    story.propose(1)
    for pair in (1, 2):
        for subject in ("candidate", "incumbent"):
            story.run(1, "confirm", subject, 2.2, pair, 90 + pair)
    story.say(ev.ExperimentEnded(n=1, verdict=Verdict.INCONCLUSIVE, reason="", metric=2.2, trials=4))
    row = shown(story.write())["table"]["rows"][0]
    assert ("2 pairs", "2 pairs") == (row["note"], row["evidence"])
