"""The verbs that set a loop to work and steer it, driven in process; what they did is read back from the log."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from autor_nb import loop_control
from autor_nb.cli import main as cli
from autor_nb.domain.errors import RefusedError, UsageError
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.config import CoderSpec, CriticSpec, GateSpec, LoopConfig, StopSpec
from autor_nb.domain.loops.state import LoopStatus
from autor_nb.store.loops import config_file, standing
from autor_nb.store.loops.layout import loop_folder
from autor_nb.testing.loop_project import LoopProject, edit, running, trust
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import invoke

Maker = Callable[..., LoopProject]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Maker:
    """Make a project with a loop that its autor.toml declares, and stand in it."""

    def made(edits: list[str], **more: Any) -> LoopProject:
        project = LoopProject.make(tmp_path, edits, **more)
        config_file.write_loop(project.folder, _config(project))
        monkeypatch.chdir(project.folder)
        return project

    return made


def _config(project: LoopProject) -> LoopConfig:
    return msgspec.convert(project.state.config, LoopConfig)


def declare(project: LoopProject, **change: Any) -> None:
    """Change the loop's section of autor.toml."""
    config = msgspec.structs.replace(_config(project), **change)
    config_file.write_loop(project.folder, config, replace=True)


def do(*words: str, said: list[str] | None = None, **face: Any) -> Result:
    """A verb's answer."""
    answer = invoke(["loop", *words], Face(name="cli", say=(said if said is not None else []).append, **face))
    assert answer is not None
    return answer


def at_work(project: LoopProject, n: int = 1) -> None:
    """Wait until a trial of experiment n has begun."""
    begun = running(n)
    loop_control.wait(project.loop, 60, enough=lambda now: begun(project.events))
    assert begun(project.events)


def kill(project: LoopProject) -> None:
    """End the engine as a crash would."""
    loop_control.end_worker(project.loop)
    dead = loop_control.wait(project.loop, 60, enough=lambda now: now.status is LoopStatus.INTERRUPTED)
    assert LoopStatus.INTERRUPTED is dead.status


# ---------------------------------------------------------------------------------------------- start


def test_start_waits_tells_and_ends_at_its_bound(make: Maker) -> None:
    """Exit code 0; what happened is told line by line; the reason of the end is in the log."""
    project = make([edit(level=0.5), edit(level=2.0)])
    said: list[str] = []
    answer = do("start", "demo", "--iterations", "2", "--wait", said=said)
    assert 0 == answer.exit_code
    assert {1: "keep", 2: "discard"} == project.verdicts()
    assert ("stopped", "iterations") == (answer.facts["state"], project.state.stop_cause)
    told = " ".join(said)
    assert "#1 KEEP" in told and "#2 DISCARD" in told
    assert loop_control.snapshot(project.loop).worker is None


def test_start_returns_at_once_and_the_loop_goes_on(make: Maker) -> None:
    """The face is free while a trial hangs."""
    project = make([edit(what="hang")])
    answer = do("start", "--iterations", "1")
    assert 0 == answer.exit_code
    assert not answer.facts["waited"]
    at_work(project)
    do("stop")
    assert LoopStatus.STOPPED is loop_control.wait(project.loop, 60).status


def test_where_nobody_can_look_again_start_waits_by_itself(make: Maker) -> None:
    """In papermill, as the runs' verbs do."""
    project = make([edit(level=0.5)])
    assert "stopped" == do("start", "--iterations", "1", waits=True).facts["state"]
    assert {1: "keep"} == project.verdicts()


def test_bounds_of_the_file_count_where_none_are_said(make: Maker) -> None:
    """[loop.demo.stop]; what is said goes before."""
    project = make([edit(level=0.9), edit(level=0.8), edit(level=0.7)])
    declare(project, stop=StopSpec(iterations=1, plateau=9, target=0.001))
    do("start", "--wait")
    session = project.state.session
    assert session is not None
    assert (1, 9, 0.001) == (session.iterations, session.plateau, session.target)
    do("start", "--wait", "--wall", "5m", "--iterations", "2", "--cost-usd", "1.5", "--plateau", "3")
    session = project.state.session
    assert session is not None
    assert (2, 300.0, 1.5, 3, 0.001) == (
        session.iterations, session.wall_s, session.cost_usd, session.plateau, session.target,
    )  # fmt: skip


def test_without_any_bound_it_is_refused_until_a_person_confirms(
    make: Maker, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, with the two ways out; then `confirm` is one."""
    project = make([edit(level=0.5)])
    assert 2 == cli.run(["loop", "start", "--json"])
    error = json.loads(capsys.readouterr().out)["error"]
    assert "refused" == error["code"]
    assert "--iterations" in error["suggestion"] and "loop confirm" in error["suggestion"]
    with pytest.raises(UsageError, match="budget of time"):
        do("confirm")
    assert 0 == do("confirm", "--wall", "12h", "--cost-usd", "20").exit_code
    assert (43200.0, 20.0) == (project.state.confirmed_wall_s, project.state.confirmed_cost_usd)
    assert 0 == do("start", "--wait").exit_code  # it runs out of scripted ideas
    assert "idle" == project.state.stop_cause


def test_the_configuration_is_read_afresh_and_its_change_is_an_event(make: Maker) -> None:
    """What the file says now counts, not what it said when the loop was made."""
    project = make([edit(level=0.5)])
    declare(project, objective="Something else.")
    do("start", "--iterations", "1", "--wait")
    (changed,) = project.of(ev.LoopConfigChanged)
    assert "Something else." == changed.config["objective"]


def test_scores_of_another_measure_are_not_held_against_the_old_baseline(make: Maker) -> None:
    """A command that changed after the baseline is refused, named, and nothing is begun; put back, it goes on."""
    project = make([edit(level=0.5), edit(level=0.4)])
    do("start", "--iterations", "1", "--wait")
    command = _config(project).command
    declare(project, command="echo loss: 1")
    with pytest.raises(UsageError, match=r"command of loop .* changed after its baseline"):
        do("start", "--iterations", "1", "--wait")
    assert 1 == len(project.of(ev.LoopStarted))
    declare(project, command=command)
    assert 0 == do("start", "--iterations", "1", "--wait").exit_code


def test_parts_that_are_said_stand_in_for_those_of_the_file(make: Maker) -> None:
    """For this session; an unknown one is refused before anything begins."""
    project = make([edit(level=0.5)])
    with pytest.raises(UsageError, match="greddy"):
        do("start", "--iterations", "1", "--gate", "greddy")
    assert not project.of(ev.LoopStarted)
    do("start", "--iterations", "1", "--critic", "none", "--coder", "params", "--mode", "explore", "--wait")
    (changed,) = project.of(ev.LoopConfigChanged)
    config = msgspec.convert(changed.config, LoopConfig)
    assert ("none", "params") == (config.critic.provider, config.coder.agent)
    assert "explore" == project.of(ev.LoopStarted)[0].mode
    assert "none" not in (project.folder / "autor.toml").read_text(encoding="utf-8")


def test_a_loop_that_is_only_declared_is_made_by_start(make: Maker) -> None:
    """With a clone of its own; it says so."""
    project = make([edit(level=0.5)])
    config_file.write_loop(project.folder, msgspec.structs.replace(_config(project), name="second"))
    said: list[str] = []
    loop_control.create(project.folder, config_file.read_loop(project.folder, "second"), loop_control.actor("test"))
    trust(loop_folder(project.folder, "second"))
    answer = do("start", "second", "--iterations", "1", "--wait", said=said)
    assert 0 == answer.exit_code
    assert {"keep"} == {row.verdict for row in standing.read(loop_folder(project.folder, "second")).recent}
    config_file.write_loop(project.folder, msgspec.structs.replace(_config(project), name="third"))
    do("confirm", "third", "--wall", "1h", said=said)
    assert loop_folder(project.folder, "third").clone.is_dir()
    assert "third was made" in " ".join(said)


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("start", "nowhere", "--iterations", "1"), "nowhere"),
        (("start", "--iterations", "0"), "--iterations"),
        (("start", "--iterations", "1", "--wall", "soon"), "--wall"),
        (("start", "--iterations", "1", "--mode", "bold"), "--mode"),
        (("start", "demo", "--loop", "other", "--iterations", "1"), "other"),
        (("pause",), "demo"),
        (("resume",), "demo"),
        (("stop",), "demo"),
        (("veto",), "No idea is at work"),
        (("repeat",), "more pairs: only"),
        (("repeat", "--pairs", "3"), "3 pairs"),
        (("audit",), "baseline"),
        (("budget", "--alpha", "1.5"), "greedy"),
        (("confirm", "--wall", "0"), "--wall"),
        (("pin",), "no idea"),
        (("pin", "--file", "absent.json"), "absent.json"),
        (("pin", "--set", "x"), "KNOB=VALUE"),
        (("pin", "--set", "x=NaN"), "NaN"),
        (("startt",), "start"),
    ],
)
def test_what_cannot_be_done_is_named_with_its_mend(
    make: Maker, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], names: str
) -> None:
    """Exit code 2, as an envelope, and nothing has happened to the loop but the refusal."""
    project = make([edit(level=0.5)])
    assert 2 == cli.run(["loop", *words, "--json"])
    error = json.loads(capsys.readouterr().out)["error"]
    assert names in error["message"] + error["suggestion"]
    assert error["suggestion"]
    assert LoopStatus.CREATED is project.state.status


def test_not_ready_is_exit_code_two(make: Maker) -> None:
    """A check that forbids to start names itself."""
    project = make([edit(level=0.5)])
    declare(project, coder=CoderSpec(agent="params", command=()), holdout="secret.csv")
    answer = do("start", "--iterations", "1", "--wait")
    assert 2 == answer.exit_code
    assert ["configuration"] == answer.facts["blocking_checks"]
    assert "secret.csv" in json.dumps(msgspec.to_builtins(project.state.doctor))


@pytest.mark.parametrize(
    ("what", "why", "mend"),
    [
        ("crash", ("loss", "exit code 3"), "exit code 0 in a fresh clone"),
        ("nan", ("loss", "'nan' is not finite"), "`loss: 1.23`, a finite number"),
        ("silent", ("loss",), "`loss: 1.23`, a finite number"),
    ],
)
def test_a_baseline_without_a_metric_is_exit_code_two_as_of_the_doctor(
    make: Maker, capsys: pytest.CaptureFixture[str], what: str, why: tuple[str, ...], mend: str
) -> None:
    """`start` names the metric, what is wrong with it and what mends it, and ends with the doctor's code."""
    project = make([edit(level=0.5)], base=edit(what=what))
    answer = do("start", "--iterations", "1", "--wait")
    assert 2 == answer.exit_code
    assert all(word in answer.facts["why"] for word in why), answer.facts["why"]
    assert mend in answer.facts["mend"]
    assert 1 == len(project.of(ev.TrialEnded))
    assert 2 == cli.run(["loop", "doctor", "--json"])
    capsys.readouterr()


def test_a_critic_without_knobs_is_refused_before_anything_runs(make: Maker) -> None:
    """`start` says what the doctor says, before a baseline and the gate's tests have taken their time."""
    project = make([edit(level=0.5)], critic=CriticSpec(), coder=CoderSpec())
    answer = do("start", "--iterations", "1", "--wait")
    assert 2 == answer.exit_code
    assert ["critic_dry_run"] == answer.facts["blocking_checks"]
    assert answer.facts["why"] and answer.facts["mend"]
    assert not project.of(ev.TrialStarted)
    (row,) = [one for one in do("doctor").facts["checks"] if one["id"] == "critic_dry_run"]
    assert row["detail"] in answer.facts["why"] and row["fix"] == answer.facts["mend"]


def test_a_pinned_idea_needs_no_critic(make: Maker) -> None:
    """Who is never asked need not have ideas."""
    project = make([edit(level=0.5)], critic=CriticSpec())
    do("pin", "Lower the level")
    assert 0 == do("start", "--iterations", "1", "--wait").exit_code
    assert {1: "keep"} == project.verdicts()


def test_step_does_one_experiment_and_waits(make: Maker) -> None:
    """And the next step the next one."""
    project = make([edit(level=0.9), edit(level=0.8)])
    assert 0 == do("step").exit_code
    assert {1: "keep"} == project.verdicts()
    assert 0 == do("step").exit_code
    assert {1: "keep", 2: "keep"} == project.verdicts()


# -------------------------------------------------------------------------------------------- steering


def test_pause_veto_and_resume_end_the_same_experiment(make: Maker) -> None:
    """Each is an event with who; the vetoed one is discarded and the next idea is tried."""
    project = make([edit(what="hang"), edit(level=0.5)])
    do("start", "--iterations", "2")
    at_work(project)
    assert 0 == do("pause", "--why", "the GPU is needed").exit_code
    assert LoopStatus.PAUSED is loop_control.wait(project.loop, 60).status
    assert "the GPU is needed" == project.state.pause_reason
    do("resume")
    loop_control.wait(project.loop, 60, enough=lambda now: running(1, nth=2)(project.events))
    answer = do("veto", "--why", "generated")
    assert 1 == answer.facts["n"]
    assert 0 == loop_control.wait(project.loop, 60).state.experiments - 3
    assert "keep" == project.verdicts()[2]
    (veto,) = project.of(ev.IdeaVetoed)
    assert (1, "generated", "cli") == (veto.n, veto.why, veto.by.face)
    assert {"loop_paused", "loop_resumed", "idea_vetoed"} <= {
        type(one).__name__.replace("Loop", "loop_").replace("IdeaV", "idea_v").lower() for one in project.events
    }


def test_a_veto_of_another_experiment_is_refused(make: Maker) -> None:
    """Who looked at seven does not end eight."""
    project = make([edit(what="hang")])
    do("start", "--iterations", "1")
    at_work(project)
    with pytest.raises(RefusedError, match="not at work any more"):
        do("veto", "7")
    do("stop", "--why", "enough")
    assert "enough" == loop_control.wait(project.loop, 60).state.stop_reason


def test_a_pinned_idea_is_tried_next_and_is_a_persons(make: Maker) -> None:
    """Seven fields in which nothing is made up."""
    project = make([edit(level=0.5)])
    answer = do("pin", "a", "smaller", "level", "--expect", "-0.4", "--why", "it is linear")
    assert "a smaller level" == answer.facts["idea"]["hypothesis"]
    do("start", "--iterations", "1", "--wait")
    (proposed,) = project.of(ev.IdeaProposed)
    assert proposed.pinned_by is not None and proposed.pinned_by.is_person
    assert (-0.4, "it is linear", ()) == (
        proposed.idea.expected_delta, proposed.idea.justification, proposed.idea.alternatives_considered,
    )  # fmt: skip
    assert "person" == proposed.critic


def test_a_whole_idea_comes_from_a_file(make: Maker, tmp_path: Path) -> None:
    """As the critic writes it; mixed with words it is refused."""
    project = make([edit(level=0.5)])
    whole = {
        "thought_process": "t", "alternatives_considered": ["a"], "hypothesis": "from a file", "expected_delta": -1.0,
        "justification": "j", "code_pseudocode": "c", "risk_level": "high",
    }  # fmt: skip
    path = tmp_path / "idea.json"
    path.write_text(json.dumps(whole), encoding="utf-8")
    do("pin", "--file", str(path))
    assert ["from a file"] == [pin.idea.hypothesis for pin in project.state.pins]
    assert "high" == project.state.pins[0].idea.risk_level
    with pytest.raises(UsageError, match="whole idea"):
        do("pin", "--file", str(path), "--expect", "1")
    path.write_text('{"hypothesis": "half"}', encoding="utf-8")
    with pytest.raises(UsageError, match="thought_process"):
        do("pin", "--file", str(path))


def test_knobs_are_checked_while_the_person_is_there(make: Maker) -> None:
    """For the coder that turns knobs, an unknown one is answered with the nearest."""
    project = make([], files={"train.py": "PARAMS = {'rate': 0.1, 'depth': 3}\n"})
    knobs = {"mutable": ("train.py",), "coder": CoderSpec(agent="params"), "critic": CriticSpec(provider="none")}
    declare(project, **knobs)
    do("start", "--iterations", "1", "--wait")
    with pytest.raises(UsageError) as refused:
        do("pin", "--set", "PARAMS.raet=0.2")
    assert "PARAMS.rate" in refused.value.suggestion
    with pytest.raises(UsageError, match="words alone"):
        do("pin", "make it better")
    answer = do("pin", "--set", "PARAMS.rate=0.2", "--set", "PARAMS.depth=4", "slower and deeper")
    assert {"PARAMS.rate": 0.2, "PARAMS.depth": 4} == answer.facts["idea"]["change"]
    assert {"PARAMS.rate": 0.2, "PARAMS.depth": 4} == project.state.pins[-1].idea.change


def test_pairs_are_granted_to_the_experiment_at_work(make: Maker) -> None:
    """An even number, and an event with who."""
    project = make([edit(what="hang")])
    do("start", "--iterations", "1")
    at_work(project)
    do("repeat", "--pairs", "6")
    (added,) = project.of(ev.RepeatsAdded)
    assert (1, 6, "cli") == (added.n, added.pairs, added.by.face)
    do("stop")


def test_a_new_budget_of_errors_is_another_session(make: Maker) -> None:
    """Shown for ever after, by either spelling."""
    project = make([edit(level=0.5)], gate=GateSpec(name="eprocess"))
    assert 2 == do("budget", "--alpha", "0.05").facts["budget_session"]
    assert 3 == do("confirm", "--budget").facts["budget_session"]
    assert [(2, 0.05), (3, None)] == [(one.session, one.alpha) for one in project.of(ev.BudgetGranted)]


def test_a_gate_without_an_error_rate_is_granted_none(make: Maker) -> None:
    """It would have nothing to spend it on."""
    make([edit(level=0.5)])
    with pytest.raises(UsageError, match="greedy"):
        do("budget")


def test_an_audit_waits_and_says_one_sentence(make: Maker) -> None:
    """On fresh pairs: a real gain is shown to be one, and the sentence says it."""
    project = make([edit(level=0.5, noise=0.02)])
    do("start", "--iterations", "1", "--wait")
    said: list[str] = []
    answer = do("audit", said=said)
    assert 0 == answer.exit_code
    assert answer.facts["better"] is True
    (row, *_) = project.of(ev.AuditEnded)[-1:]
    assert row.better and row.e_value >= row.bar
    assert answer.facts["sentence"] in answer.text(400).replace("\n", " ")
    assert "audit" in " ".join(said)


# ------------------------------------------------------------------------------- after a kill, faces


def test_an_interrupted_session_goes_on_within_its_bounds(make: Maker) -> None:
    """`start` without bounds; the same session, the same experiment."""
    project = make([edit(what="slow", level=0.5)])
    do("start", "--iterations", "1")
    at_work(project)
    kill(project)
    answer = do("start", "--wait")
    assert 0 == answer.exit_code
    assert {1: "keep"} == project.verdicts()
    assert 1 == len(project.of(ev.LoopStarted))


def test_an_interrupted_session_is_ended_for_new_bounds(make: Maker) -> None:
    """Both are in the log."""
    project = make([edit(what="slow", level=0.5), edit(level=0.4)])
    do("start", "--iterations", "1")
    at_work(project)
    kill(project)
    assert 0 == do("start", "--iterations", "2", "--wait").exit_code
    assert 2 == len(project.of(ev.LoopStarted))
    assert {1: "keep", 2: "keep"} == project.verdicts()


def test_the_magic_answers_with_the_same_facts(make: Maker) -> None:
    """`%autor loop …` and the shell are one verb."""
    from IPython.core.interactiveshell import InteractiveShell

    project = make([edit(level=0.5)])
    shell = InteractiveShell()
    shell.run_line_magic("load_ext", "autor_nb")
    result = shell.run_line_magic("autor", "loop start --iterations 1 --wait")
    assert isinstance(result, Result)
    assert "stopped" == result.facts["state"]
    assert "text/html" in result._repr_mimebundle_()
    assert {1: "keep"} == project.verdicts()
    assert "notebook" == project.of(ev.LoopStarted)[0].by.face
