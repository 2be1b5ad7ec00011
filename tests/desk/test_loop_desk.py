"""A loop's document: every number with its interval, bounded for ten thousand experiments, hostile text made plain."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import pytest

from autor_nb import loop_control
from autor_nb.desk.loops import files
from autor_nb.desk.loops.forks import Family
from autor_nb.desk.loops.view import experiment_of, loop_view
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.state import LoopStatus
from autor_nb.store.loops.course_file import CourseFile
from autor_nb.store.loops.layout import LoopFolder
from autor_nb.testing.loop_story import CONFIG, PERSON, Story, char_lm, long_loop

ME = loop_control.actor("panel")


def folder(place: Path, name: str = "char-lm") -> LoopFolder:
    """A loop's folder, made or not."""
    return LoopFolder(place / "autor_loops" / name)


def shown(loop: LoopFolder, as_if_live: bool = True) -> dict[str, Any]:
    """Its document; no engine works here, so that is left out of the status."""
    snapshot = loop_control.snapshot(loop)
    if as_if_live and snapshot.status is LoopStatus.INTERRUPTED:
        snapshot = dataclasses.replace(snapshot, status=snapshot.state.status)
    return loop_view(snapshot, CourseFile(loop).read(), Family(loop), ME)


@pytest.fixture
def story(tmp_path: Path) -> LoopFolder:
    """34 experiments, the last of them under test after eight pairs."""
    return char_lm(folder(tmp_path))


def tile(view: dict[str, Any], key: str) -> dict[str, Any]:
    """One tile."""
    return next(one for one in view["tiles"] if one["key"] == key)


def test_the_head_says_what_goes_on_and_every_estimate_has_its_interval(story: LoopFolder) -> None:
    """The pill, the best with ±, the difference to the baseline that no audit stands behind, what is left of α."""
    view = shown(story)
    assert "Confirming #33, pair 9 of at most 16" == view["state"]["word"]
    assert ["mode strict", "gate eprocess", "sandbox: files and network"] == view["loop"]["chips"]
    best = tile(view, "best")
    assert best["beside"].startswith("± 0.0") and "of #27" in best["below"]
    against = tile(view, "against")
    assert ("no interval", True) == (against["beside"], "audit not run" in against["below"])
    assert against["value"].startswith("−0.2")
    alpha = tile(view, "alpha")
    state = loop_control.snapshot(story).state
    assert {"total": 20, "used": state.confirms, "now": 1} == alpha["segs"]
    assert f"#33 is confirm {state.confirms + 1}, tested at α = 0.025" in alpha["below"]


def test_running_out_of_confirms_is_said_before_it_happens_and_again_when_it_has(tmp_path: Path) -> None:
    """Nothing at the start, a number of an experiment when few are left, the way out when the loop pauses for it."""
    young = char_lm(folder(tmp_path / "a"), experiments=4, under_test=None)
    assert [] == [note for note in shown(young)["notes"] if "confirms" in note["text"]]
    (note,) = shown(char_lm(folder(tmp_path / "b")))["notes"]
    assert "run out near experiment" in note["text"] and "grant" == note["do"]
    assert "recorded as session 2" == note["aside"]
    paused = folder(tmp_path / "c")
    paused.make()
    told = Story(paused).begin()
    told.say(ev.LoopPaused(reason="The error budget of 20 confirms is spent.", cause="budget"))
    (note,) = shown(told.write())["notes"]
    assert ("warn", "grant") == (note["tone"], note["do"]) and "Paused: The error budget" in note["text"]


def test_an_audit_takes_the_place_of_the_difference_and_says_whether_it_shows_anything(tmp_path: Path) -> None:
    """Its interval, its pairs; an audit of an older head says that a newer keep is not in it."""
    loop = folder(tmp_path)
    loop.make()
    story = Story(loop).begin()
    story.experiment(1, 0.12)
    head = loop_control.snapshot(story.write()).state.head
    story.say(
        ev.AuditEnded(commit=head, n=1, pairs=8, better=True, e_value=44.0, bar=20.0, mean=-0.1, interval=(-0.15, None))
    )
    against = tile(shown(story.write()), "against")
    assert ("−0.100", "[−0.150, +∞]") == (against["value"], against["beside"])
    assert "better by the audit on 8 pairs" == against["below"]


def test_the_rows_tell_one_run_two_pairs_and_a_sequence_apart(story: LoopFolder) -> None:
    """One run: no interval and said so; two pairs: an infinite one; a keep: E above its bar."""
    rows = {row["n"]: row for row in shown(story)["table"]["rows"]}
    screened = next(row for row in rows.values() if row["note"] == "screen" and row["kind"] == "discard")
    assert ("1 run", "no interval", "") == (screened["pm"], screened["interval"], screened["e"])
    two = next(row for row in rows.values() if row["evidence"] == "2 pairs")
    assert ("[−∞, +∞]", "2 runs") == (two["interval"], two["pm"])
    assert ("confirmed", "Kept") == (rows[27]["note"], rows[27]["word"])
    assert float(rows[27]["e"].replace(",", "")) >= float(rows[27]["bar"])
    assert rows[27]["ends"][2] < 0 and rows[27]["interval"].startswith("[−")
    assert ("evidence", "needs a person", "") == (rows[29]["act"], rows[29]["flag"], rows[29]["change"])
    assert "log" == rows[31]["act"] and "out of memory" in rows[31]["why"]
    assert "testing" == rows[33]["kind"] and "pair 9" == rows[33]["note"]


def test_the_experiment_under_test_has_its_track_reasons_change_and_output(story: LoopFolder) -> None:
    """Readings after whole blocks only, the first without an interval; earlier confirms as ghosts."""
    test = shown(story)["test"]
    assert [2, 4, 6, 8] == [look[0] for look in test["track"]["looks"]]
    assert [None, None] == test["track"]["looks"][0][3:] and None not in test["track"]["looks"][-1]
    assert 8 == len(test["track"]["singles"]) and 40.0 == pytest.approx(test["track"]["bar"])
    assert {ghost["kind"] for ghost in test["track"]["ghosts"]} >= {"keep", "discard"}
    assert ["f", "@", " ", "-", "+", "+", " ", "+", " "] == [line[0] for line in test["change"]["lines"]]
    assert "train.py, +3 −1" == test["change"]["files"]
    assert test["output"]["lines"][-1].startswith("step 1000/2000")
    assert "pair 9, incumbent" in test["output"]["title"] and "read after pair 10" in test["next"]
    assert 2 == len(test["idea"]["alternatives"]) and ["PARAMS.rate = 0.003"] == test["idea"]["knobs"]


def test_ten_thousand_experiments_make_a_document_of_bounded_size_and_lose_no_keep(tmp_path: Path) -> None:
    """Below 200 kB; every kept one is among the marks; older rows come a page at a time."""
    loop = long_loop(folder(tmp_path), 10_000)
    view = shown(loop)
    course = CourseFile(loop).read()
    assert 200_000 > len(json.dumps(view))
    kept = {one.n for one in course.experiments if one.verdict == "keep"}
    assert kept == {mark[0] for mark in view["curve"]["marks"] if mark[1] == "keep"}
    assert 600 >= len(view["curve"]["marks"]) and "of 10,000 marks" in view["curve"]["note"]
    assert (10_000, 40) == (view["table"]["total"], len(view["table"]["rows"]))
    assert view["loop"]["id"] == "char-lm" and view["decisions"]["total"] > len(view["decisions"]["newest"])


def test_forks_stand_side_by_side_and_are_not_compared_on_seeds_of_their_own(tmp_path: Path) -> None:
    """The family is this loop, its forks, and nothing else of the project."""
    main = char_lm(folder(tmp_path), experiments=5, under_test=None)
    for name, parent in (("fork-b", "char-lm"), ("other", "")):
        loop = folder(tmp_path, name)
        loop.make()
        told = Story(loop, seed=3, forked_from=parent).begin()
        told.experiment(1, 0.09)
        told.write()
    forks = shown(main)["forks"]
    assert [("char-lm", True), ("fork-b", False)] == [(row["name"], row["own"]) for row in forks["rows"]]
    assert "1 experiment, 1 kept, 1 confirm" == forks["rows"][1]["counts"] and "own fresh seeds" in forks["note"]
    assert "shared with 1 fork" in tile(shown(main), "alpha")["title"]


def test_decisions_name_who_when_and_how(story: LoopFolder) -> None:
    """What a person did, newest first; what the engine did is none."""
    told = Story(story)
    told.seq = loop_control.snapshot(story).state.last_seq
    told.say(ev.IdeaVetoed(n=33, why="It was tried.", by=PERSON, command_id="v"))
    told.say(ev.RepeatsAdded(n=33, pairs=4, by=PERSON, command_id="r"))
    view = shown(told.write())
    newest = view["decisions"]["newest"]
    assert [("Added 4 pairs to #33", ""), ("Vetoed #33", "It was tried.")] == [
        (d["what"], d["said"]) for d in newest[:2]
    ]
    assert ("m.keller", "in a panel", False) == (newest[0]["who"], newest[0]["how"], newest[0]["you"])
    assert "Vetoed by m.keller" == view["test"]["vetoed"] and "4 more pairs granted" == view["test"]["extra"]
    assert "No idea is at work." == view["actions"]["veto"]["reason"]


def test_a_metric_to_be_raised_and_a_time_keep_one_sign_and_their_own_units(tmp_path: Path) -> None:
    """Candidate minus incumbent: positive is better where higher is; a time's difference is a share."""
    config = {**CONFIG, "metric": {"name": "t", "direction": "lower", "time_like": True}}
    loop = folder(tmp_path)
    loop.make()
    story = Story(loop, config=config)
    story.say(ev.LoopCreated(name="char-lm", config=config, base="b" * 40, seed=1))
    for trial, metric in enumerate((10.0, 10.2, 9.8, 10.0), 1):
        story.say(ev.TrialEnded(trial=trial, n=0, role="reference", subject="incumbent", ending="finished",
                                metric=metric, score=-math.log(metric)))  # fmt: skip
    story.say(ev.ExperimentEnded(n=0, verdict="keep", reason="", baseline=True, metric=10.0, trials=4))  # type: ignore[arg-type]
    story.say(ev.TrialEnded(trial=5, n=1, role="screen", subject="candidate", ending="finished", metric=9.5,
                            score=-math.log(9.5)))  # fmt: skip
    story.say(ev.ExperimentEnded(n=1, verdict="discard", reason="", metric=9.5, delta=-0.5, trials=1))  # type: ignore[arg-type]
    view = shown(story.write())
    assert "−5.0 %" == view["table"]["rows"][0]["change"]
    assert pytest.approx(10.0, abs=0.01) == view["curve"]["levels"][-1][1]


def test_text_of_others_is_made_plain_and_a_tail_is_cut(tmp_path: Path) -> None:
    """Control characters go, a progress bar is its last state, long lines and long outputs are cut."""
    loop = folder(tmp_path)
    loop.make()
    loop.output(3).write_text(
        "10 %\r20 %\r\x1b[31m30 %\x1b[0m\n" + "".join(f"line {n}\n" for n in range(200)) + "x" * 900
    )
    told = files.output(loop, 3)
    assert 40 == len(told["lines"]) and "line 199" == told["lines"][-2] and 200 == len(told["lines"][-1])
    loop.output(4).write_bytes(b"1 %\r2 %\r\x1b[31m3 %\x1b[0m\n\xff\xfe\n")
    assert ["3 %", "\ufffd\ufffd"] == files.output(loop, 4)["lines"]
    assert {"lines": [], "cut": 0} == files.diff(loop, "../../../etc/passwd")


def test_a_row_opens_what_is_known_of_its_experiment(story: LoopFolder) -> None:
    """The idea is read where it stands in the log; a number that is none gives nothing."""
    reader = CourseFile(story)
    course = reader.read()
    found = experiment_of(loop_control.snapshot(story), course, reader.idea(27), 27)
    assert found is not None and "E reached its bar." == found["reason"]
    assert found["idea"]["hypothesis"] and found["looks"][-1].startswith("E ") and found["change"]["lines"]
    assert None is experiment_of(loop_control.snapshot(story), course, reader.idea(99), 99)


def test_failed_interrupted_and_damaged_loops_say_what_to_do(tmp_path: Path) -> None:
    """The reason with its mend; a log that says running under a free lock; a torn log."""
    loop = folder(tmp_path)
    loop.make()
    story = Story(loop).begin()
    loop = story.write()
    (note, *_) = shown(loop, as_if_live=False)["notes"]
    assert "No engine works" in note["text"] and "start" == note["do"]
    assert "Go on" == shown(loop, as_if_live=False)["actions"]["start"]["says"]
    story.say(ev.LoopFailed(reason="The command is not there: trian.py.", suggestion="Mend `command`."))
    (note, *_) = shown(story.write())["notes"]
    assert "Failed: The command is not there: trian.py. Mend `command`." == note["text"]
    with loop.events.open("ab") as log:
        log.write(b"garbage\n")
    view = shown(loop)
    assert "fail" == view["notes"][0]["tone"] and "autor recover" in view["notes"][0]["text"]
    assert not any(action["enabled"] for action in view["actions"].values())
