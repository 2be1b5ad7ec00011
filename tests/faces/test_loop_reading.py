"""The verbs that read a loop: what they say is what lies on disk, and nothing is claimed that was not shown."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from autor_nb import loop_control
from autor_nb.cli import main as cli
from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.record import Record
from autor_nb.domain.loops.state import AuditRow, LoopState, Row
from autor_nb.record import loop_headline, loop_history, loop_themes
from autor_nb.store.loops import history
from autor_nb.store.loops.layout import LoopFolder
from autor_nb.testing.loop_project import ME, LoopProject, edit, running
from autor_nb.verbs import tree
from autor_nb.verbs.loops import review as review_verb
from autor_nb.verbs.result import Face, Result

HOSTILE = "Say \x1b[31mred\x1b[0m <script>alert(1)</script> | ``` $x$ **bold**"
EDITS = (edit(level=0.5), edit(level=2), edit(what="crash"), edit(level=3), edit(level=4))
NAMES = ("Halve the level of it all", "Double the level again", "Break the command for once", HOSTILE,
         "Quadruple what the level says")  # fmt: skip


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> LoopProject:
    """A greedy loop that has kept one idea, discarded three and crashed once."""
    made = LoopProject.make(tmp_path_factory.mktemp("worked"), EDITS, hypotheses=NAMES)
    made.work(made.start(iterations=5))
    assert {1: "keep", 2: "discard", 3: "crash", 4: "discard", 5: "discard"} == made.verdicts()
    return made


@pytest.fixture
def project(worked: LoopProject, monkeypatch: pytest.MonkeyPatch) -> LoopProject:
    """The same, and we stand in its project."""
    monkeypatch.chdir(worked.folder)
    return worked


@pytest.fixture
def own(worked: LoopProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LoopFolder:
    """A copy that a test may change."""
    shutil.copytree(worked.folder, tmp_path / "project", symlinks=True)
    monkeypatch.chdir(tmp_path / "project")
    return LoopFolder(tmp_path / "project" / "autor_loops" / worked.loop.name)


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LoopProject:
    """A loop that only knows what somebody outside recorded: a baseline, and a keep of half its loss."""
    made = LoopProject.make(tmp_path)
    monkeypatch.chdir(made.folder)
    for status, metric in (("baseline", 2.0), ("keep", 1.0), ("discard", 1.9)):
        loop_control.record(made.loop, ME, status=status, metric=metric, summary=f"a {status}")
    return made


def ask(*words: str, said: list[str] | None = None) -> Result:
    """A verb's answer."""
    answer = tree.invoke(["loop", *words], Face("api", say=(said if said is not None else []).append))
    assert answer is not None
    return answer


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command line."""
    capsys.readouterr()
    code = cli.run(["loop", *words])
    got = capsys.readouterr()
    return code, got.out, got.err


# --------------------------------------------------------------------------------------------- log


def test_log_shows_the_newest_first_as_the_record_has_them(project: LoopProject) -> None:
    """The same records as in experiments.jsonl, and how many there are in all."""
    facts = ask("log", "-n", "3").facts
    lines = [json.loads(line) for line in project.loop.experiments.read_text().splitlines()]
    assert [5, 4, 3] == [one["run"] for one in facts["experiments"]] and 6 == facts["total"]
    assert lines[::-1][:3] == json.loads(json.dumps(facts["experiments"]))


@pytest.mark.parametrize(("word", "numbers"), [
    ("keep", [1, 0]), ("discard", [5, 4, 2]), ("crash", [3]), ("baseline", [0]), ("tampered", []), ("recorded", []),
])  # fmt: skip
def test_log_of_one_verdict(project: LoopProject, word: str, numbers: list[int]) -> None:
    """Verdicts and statuses name experiments; the total stays the total."""
    facts = ask("log", "--verdict", word, "--all").facts
    if word == "keep":
        numbers = [1]
    assert numbers == [one["run"] for one in facts["experiments"]] and 6 == facts["total"]


def test_log_in_a_terminal_moves_no_cursor(project: LoopProject, capsys: pytest.CaptureFixture[str]) -> None:
    """What an agent wrote is text."""
    code, out, _ = printed(capsys, "log", "--text")
    assert 0 == code and "\x1b" not in out and "red" in out and "<script>" in out


def test_log_names_lines_that_are_none_and_goes_on(own: LoopFolder) -> None:
    """A torn line is told, the others are shown."""
    with own.experiments.open("ab") as stream:
        stream.write(b'{"run": 6, "met')
    facts = ask("log", "-n", "2").facts
    assert [5, 4] == [one["run"] for one in facts["experiments"]] and 1 == len(facts["unreadable_lines"])


def test_log_without_its_view_reads_the_log_itself(own: LoopFolder) -> None:
    """The view can be deleted: numbers, verdicts and metrics are those of before."""
    before = ask("log", "--all").facts["experiments"]
    own.experiments.unlink()
    after = ask("log", "--all").facts["experiments"]
    same = ("run", "metric", "status", "summary", "delta", "trials", "e_value")
    assert [[one[key] for key in same] for one in before] == [[one[key] for key in same] for one in after]


def test_a_rare_verdict_is_found_however_far_back(tmp_path: Path) -> None:
    """The file is read from its end, in blocks of whole lines."""
    path = tmp_path / "experiments.jsonl"
    every = [Record(run=n, status="keep" if n == 3 else "discard", verdict="keep" if n == 3 else "discard")
             for n in range(5000)]  # fmt: skip
    history.write(path, every)
    assert [3] == [one.run for one in loop_history.newest(path, 4, "keep")]
    assert [3] == [one.run for one in loop_history.newest(path, 1, "keep")]
    assert list(range(1000, 5000)) == [one.run for one in loop_history.newest(path, 4000, "discard")]
    assert [4997, 4998, 4999] == [one.run for one in loop_history.newest(path, 3, "discard")]


# --------------------------------------------------------------------------------------------- best


def test_best_keeps_what_was_recorded_apart_from_what_is_confirmed(told: LoopProject) -> None:
    """A recorded keep is no claim: there is no confirmed head, and nothing is said to be better."""
    result = ask("best")
    assert 1 == result.facts["recorded"]["n"] and result.facts["recorded"]["is_a_claim"] is False
    assert result.facts["confirmed"]["n"] is None and result.facts["headline"]["better"] is False
    assert loop_headline.NO_AUDIT in " ".join(result.text().split())
    assert "a recorded score is no claim" in result.text()
    assert 50.0 == result.facts["recorded"]["improvement_percent"]


def test_best_of_a_greedy_loop_says_what_its_audit_said(project: LoopProject) -> None:
    """Its keep is unconfirmed; the audit at the end measured it against the baseline again."""
    facts = ask("best").facts
    assert facts["confirmed"]["n"] is None and [] == facts["confirmed"]["chain"]
    assert ("audit", True) == (facts["headline"]["source"], facts["headline"]["better"])
    assert project.state.audits[-1].better


def test_best_with_its_difference(project: LoopProject) -> None:
    """The diff of base and best is git's own."""
    diff = ask("best", "--diff").facts["diff"]
    assert "-level=1.0" in diff and "+level=0.5" in diff


def test_best_before_anything_was_measured_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to do."""
    made = LoopProject.make(tmp_path, [edit(level=0.5)])
    monkeypatch.chdir(made.folder)
    with pytest.raises(UsageError, match="no experiment with a metric") as raised:
        ask("best")
    assert "autor loop start" in raised.value.suggestion


# --------------------------------------------------------------------------------------------- diff


def test_diff_of_a_discarded_experiment_is_as_good_as_of_a_kept_one(project: LoopProject) -> None:
    """By number, against what it was made from."""
    facts = ask("diff", "2").facts
    assert "-level=0.5" in facts["diff"] and "+level=2" in facts["diff"]
    assert [{"path": "model.sh", "added": 1, "removed": 1}] == facts["files"]


def test_diff_of_two_by_number_and_by_name(project: LoopProject) -> None:
    """`base` and 0, `head` and the last kept are the same; the commits are those of the log."""
    by_name, by_number = ask("diff", "base", "head").facts, ask("diff", "#0", "1").facts
    assert by_name["diff"] == by_number["diff"] and project.ended(1).commit == by_name["b"]["commit"]
    assert by_number["diff"] == ask("diff", project.state.base[:10], project.ended(1).commit[:10]).facts["diff"]


def test_diff_without_the_clone_comes_from_the_repository(own: LoopFolder) -> None:
    """Discarded experiments were published under refs/autor."""
    before = ask("diff", "2").facts["diff"]
    shutil.rmtree(own.engine / "clone.git")
    assert before == ask("diff", "2").facts["diff"]


@pytest.mark.parametrize("name", ["99", "nothing", "--help-me", "HEAD~1", "main", "../x", "12345678901"])
def test_diff_of_what_is_none_is_refused(project: LoopProject, name: str) -> None:
    """Neither a branch of the person's nor an option gets through to git."""
    with pytest.raises(UsageError):
        ask("diff", name)


# ------------------------------------------------------------------------------------------ status


def test_status_says_where_it_stands_and_the_next_command(project: LoopProject) -> None:
    """After the last iteration nothing waits; an audit of the head is what is missing."""
    result = ask("status")
    facts = result.facts
    assert ("stopped", "nobody", 6) == (facts["state"], facts["waiting"], facts["experiments"])
    assert {"iterations": 0, "wall_s": None, "cost_usd": None} == facts["session"]["left"]
    assert "autor loop report" == facts["next"][0] and facts["audit"]["of_the_head"] and facts["budget"] is None
    assert {"baseline": 1, "crash": 1, "discard": 3, "keep": 1} == facts["counts"]
    assert "5 of 5 experiments are done" in result.text()


def test_status_of_a_killed_engine_is_interrupted(own: LoopFolder) -> None:
    """A log that says running under a free lock."""
    import contextlib

    from autor_nb.domain.loops import events as ev
    from autor_nb.store import eventlog
    from autor_nb.store.loops.words import EVENTS

    with contextlib.closing(eventlog.EventLog(own.events, words=EVENTS)) as log:
        log.append(ev.LoopStarted(by=ME, iterations=3, wall_s=3600.0, mode="strict", command_id="again"))
    facts = ask("status").facts
    assert ("interrupted", ["autor loop start"]) == (facts["state"], facts["next"])
    assert 3 == facts["session"]["left"]["iterations"] and 0 < facts["session"]["left"]["wall_s"] <= 3600


@pytest.mark.parametrize(("bounds", "option"), [
    ({"iterations": 3, "wall_s": 3600.0}, "--iterations 3"), ({"wall_s": 90.0}, "--wall 90s"),
])  # fmt: skip
def test_the_next_step_of_a_loop_that_broke_off_has_an_end(
    own: LoopFolder, bounds: dict[str, Any], option: str
) -> None:
    """What the session still had: a start without any end is refused."""
    import contextlib

    from autor_nb.domain.loops import events as ev
    from autor_nb.store import eventlog
    from autor_nb.store.loops.words import EVENTS

    with contextlib.closing(eventlog.EventLog(own.events, words=EVENTS)) as log:
        log.append(ev.LoopStarted(by=ME, mode="strict", command_id="again", **bounds))
        log.append(ev.LoopFailed(reason="it broke"))
    facts = ask("status").facts
    assert ("failed", ["autor loop doctor", f"autor loop start {option}"]) == (facts["state"], facts["next"])


def test_status_shows_the_budget_of_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bar of the next candidate is that of the e-LOND rule."""
    from autor_nb.domain.loops.config import GateSpec
    from autor_nb.domain.loops.eprocess import alpha_at

    made = LoopProject.make(tmp_path, [edit(level=0.2)], gate=GateSpec(name="eprocess", options={"horizon": 5}))
    monkeypatch.chdir(made.folder)
    made.work(made.start(iterations=1))
    budget = ask("status").facts["budget"]
    assert {1: "keep"} == made.verdicts() and (1, 1) == (budget["confirms"], budget["keeps"])
    assert alpha_at(0.1, 1, 1, 5) == budget["alpha_next"]
    said = loop_headline.headline(made.state)
    assert said.better and said.source in ("audit", "chain")


def test_two_loops_want_a_name(own: LoopFolder) -> None:
    """And the refusal lists them."""
    shutil.copytree(own.path, own.path.with_name("second"))
    with pytest.raises(UsageError, match="2 loops: demo, second"):
        ask("status")
    assert "second" == ask("status", "second").facts["loop"]
    with pytest.raises(UsageError, match="Two loops are named"):
        ask("log", "demo", "--loop", "second")


@pytest.mark.parametrize("words", [["status"], ["log"], ["best"], ["diff", "1"], ["state"], ["review"], ["analyze"],
                                   ["report"], ["export"], ["watch"]])  # fmt: skip
def test_without_a_loop_every_verb_says_how_to_make_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    """Exit 2, as the envelope where it is asked for."""
    monkeypatch.chdir(tmp_path)
    code, out, _ = printed(capsys, *words, "--json")
    said = json.loads(out)
    assert 2 == code and "error" == said["status"] and "autor loop init" in said["error"]["suggestion"]


# ------------------------------------------------------------------------------- state, watch, analyze


def test_state_is_the_page_on_disk(project: LoopProject, capsys: pytest.CaptureFixture[str]) -> None:
    """Printed raw when piped."""
    code, out, _ = printed(capsys, "state")
    assert 0 == code and project.loop.state_md.read_text() == out


def test_watch_tells_what_happened_and_ends_when_nothing_works(project: LoopProject) -> None:
    """One line an event, with verdicts, and the card behind it."""
    said: list[str] = []
    result = ask("watch", "--from-start", "--no-trials", said=said)
    text = "\n".join(said)
    assert "#3 CRASH" in text and "#1 KEEP" in text and "stopped: 5 of 5" in text and "\x1b" not in text
    assert "stopped" == result.facts["state"] and not any("screen of the" in line for line in said)


def test_watch_follows_an_engine_and_ctrl_c_stops_only_the_watching(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The interruption says that the loop goes on, and it does."""
    made = LoopProject.make(tmp_path, [edit(what="hang")])
    monkeypatch.chdir(made.folder)
    loop_control.ask(made.loop, made.start(iterations=1))
    begun = running(1)
    loop_control.wait(made.loop, 60, enough=lambda now: begun(made.events))
    lines: list[str] = []

    def interrupting(line: str) -> None:
        lines.append(line)
        raise KeyboardInterrupt

    try:
        with pytest.raises(tree.Interrupted, match="goes on") as raised:
            tree.invoke(["loop", "watch"], Face("api", say=interrupting))
        assert 130 == raised.value.exit_code and loop_control.snapshot(made.loop).live and lines
    finally:
        loop_control.ask(made.loop, made.stop())
        loop_control.wait(made.loop, timeout_s=30)
        loop_control.end_worker(made.loop)


def test_analyze_counts_what_the_log_holds(project: LoopProject) -> None:
    """By verdict, with the critic's hopes against what came."""
    facts = ask("analyze").facts
    counts = {word: group["count"] for word, group in facts["verdicts"].items()}
    assert {"baseline": 1, "keep": 1, "discard": 3, "crash": 1} == counts
    actual = [project.ended(n).delta for n in (1, 2, 4, 5)]
    expected = sum((delta or 0) + 0.1 for delta in actual) / 4
    assert 4 == facts["calibration"]["ideas"] and pytest.approx(expected) == facts["calibration"]["bias"]
    assert 0.25 == facts["calibration"]["right_sign"]
    assert [0, 1] == [step["n"] for step in facts["best_recorded_over_time"]]


# ------------------------------------------------------------------------------------------- review


def test_review_holds_what_won_what_failed_and_five_questions(
    project: LoopProject, capsys: pytest.CaptureFixture[str]
) -> None:
    """What agents wrote stands in fences that it cannot leave."""
    code, out, _ = printed(capsys, "review")
    assert 0 == code and "\x1b" not in out and "The final audit shows experiment 1 better" in out
    assert "#1 keep" in out and "#3 crash" in out and "#5 discard" in out
    assert all(f"{n}. {question}" in out for n, question in enumerate(review_verb.QUESTIONS, 1))
    fences = [line for line in out.splitlines() if set(line.removesuffix("text")) == {"`"}]
    assert ["```text", "```", "````text", "````"] == fences


def test_stuck_and_themes_are_counted_in_discards_alone() -> None:
    """7 of the last 10; words over three letters in at least three discarded summaries, the ten commonest."""
    tried = [Record(run=n, status="discard", summary=f"warm up the rate {'wide' if n < 3 else ''}") for n in range(7)]
    kept = [Record(run=7 + n, status="keep", summary="warmer rate wide") for n in range(3)]
    assert loop_themes.stuck([*tried, *kept]) and not loop_themes.stuck([*tried[1:], *kept, *kept[:1]])
    assert [("rate", 7), ("warm", 7), ("wide", 3)] == loop_themes.themes([*tried, *kept])
    many = [Record(run=n, status="discard", summary=" ".join(f"word{chr(97 + k)}x" for k in range(14))) for n in range(3)]
    assert 10 == len(loop_themes.themes(many))


# ----------------------------------------------------------------------------------------- headline


def state(**fields: Any) -> LoopState:
    """A loop's state with a metric."""
    config = {"metric": {"name": "loss", "direction": "lower"}}
    return LoopState(name="x", config=config, baseline_metric=2.0, **fields)


def row(n: int, **fields: Any) -> Row:
    """A confirmed keep."""
    return Row(**{"n": n, "verdict": "keep", "confirmed": True, "metric": 1.5, **fields})


@pytest.mark.parametrize("rows", [
    [row(1), row(2, confirmed=False), row(3)],
    [row(1), row(2, verdict="advance"), row(3)],
    [row(1), row(2, recorded=True, confirmed=False), row(3)],
    [row(1), row(2)],
])  # fmt: skip
def test_a_chain_with_one_unconfirmed_step_claims_nothing(rows: list[Row]) -> None:
    """However many others were confirmed: a confirmed step above an unconfirmed one says nothing of the baseline."""
    said = loop_headline.headline(state(kept=rows, confirmed_n=3, head_n=3))
    assert not said.better and loop_headline.NO_AUDIT == said.text


def test_an_unbroken_chain_claims_and_says_that_no_audit_was_made() -> None:
    """Each keep was confirmed against the one before."""
    said = loop_headline.headline(state(kept=[row(1), row(4)], confirmed_n=4, head_n=4))
    assert said.better and "chain" == said.source and "No audit" in said.text


@pytest.mark.parametrize("better", [True, False])
def test_an_audit_speaks_first(better: bool) -> None:
    """Its word, its numbers, and that it was of another head if it was."""
    audit = AuditRow(at="", commit="c", n=4, pairs=6, better=better, e_value=33.0 if better else 3.0, bar=20.0,
                     baseline_metric=2.0, final_metric=1.5)  # fmt: skip
    said = loop_headline.headline(state(audits=[audit], head_n=7, head="d"))
    assert better is said.better and "−25 %" in said.text and "experiment 7" in said.text
    assert ("shows experiment 4 better" in said.text) is better


def test_no_verb_claims_more_than_the_headline(told: LoopProject, capsys: pytest.CaptureFixture[str]) -> None:
    """A loop that is told to have halved its loss is nowhere called better than the baseline."""
    for words in (["status"], ["best"], ["log"], ["analyze"], ["state"], ["review"]):
        _, out, _ = printed(capsys, *words, "--text")
        flat = " ".join(out.split()).replace(loop_headline.NO_AUDIT, "")
        assert "better than the baseline" not in flat.replace("anything is better than the baseline", ""), words


def test_git_objects_of_the_person_are_only_read(project: LoopProject) -> None:
    """Reading verbs leave every ref and the status as they were."""
    def refs() -> str:
        said = [subprocess.run(["git", *words], cwd=project.folder, capture_output=True, check=True).stdout.decode()
                for words in (["for-each-ref"], ["status", "--porcelain"])]  # fmt: skip
        return "".join(said)

    before = refs()
    for words in (["diff", "4"], ["best", "--diff"], ["status"], ["review"], ["analyze"]):
        ask(*words)
    assert before == refs()
