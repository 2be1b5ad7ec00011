"""What may be asked of a loop as it stands, what answers it, and every refusal in its own words."""

from __future__ import annotations

import math
from typing import Any

import pytest

from autor_nb.domain.events import ENGINE, CommandRefused
from autor_nb.domain.loops import commands as cmd
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.at_work import Current
from autor_nb.domain.loops.rules import answer, carried_out
from autor_nb.domain.loops.state import Audit, LoopState, LoopStatus, Pin, Row, Session
from autor_nb.domain.loops.trial_events import PlannedPair
from autor_nb.domain.loops.verdict import Verdict
from autor_nb.domain.rules import Refused
from autor_nb.domain.run import Actor
from autor_nb.testing.loop_project import idea

ADA = Actor(face="test", os_user="ada")
BASE, HEAD = "b" * 40, "e" * 40
CONFIG: dict[str, Any] = {
    "name": "tsp", "objective": "Shorter.", "mutable": ["a.py"], "readonly": [], "command": ["run"],
    "metric": {"name": "length", "direction": "lower"},
}  # fmt: skip
STATUSES = (LoopStatus.CREATED, LoopStatus.RUNNING, LoopStatus.PAUSED, LoopStatus.STOPPED, LoopStatus.FAILED)


def asked(kind: Any, **fields: Any) -> Any:
    """A command of Ada's."""
    return kind(**{"id": "c1", "at": "2026-01-01T00:00:00.000Z", "by": ADA, **fields})


def loop(status: LoopStatus = LoopStatus.RUNNING, **fields: Any) -> LoopState:
    """A loop that has its baseline and was started before, unless its status is that it never was."""
    fresh = status is LoopStatus.CREATED
    told = {"name": "tsp", "config": CONFIG, "base": BASE, "head": BASE, "status": status, "baseline": not fresh,
            "session": None if fresh else Session(), "next_n": 0 if fresh else 5}  # fmt: skip
    return LoopState(**{**told, **fields})


def candidate(n: int = 4, **fields: Any) -> Current:
    """A candidate made from the head."""
    return Current(**{"n": n, "idea": idea("Shorter steps"), "commit": "c" * 40, "parent": BASE, **fields})


def refusal(state: LoopState, command: Any) -> tuple[str, str]:
    """(why not, what to do instead)."""
    with pytest.raises(Refused) as refused:
        answer(state, command)
    return refused.value.reason, refused.value.suggestion


def one(state: LoopState, command: Any) -> Any:
    """The single event that answers it, which names who asked."""
    (event,) = answer(state, command)
    assert (ADA, "c1") == (event.by, event.command_id)
    return event


# --------------------------------------------------------------------------------------- any command


def test_a_damaged_loop_answers_nothing() -> None:
    """Not even what would stop it."""
    for command in (asked(cmd.StopLoop), asked(cmd.RecordExperiment, status="crash")):
        assert ("Loop tsp cannot go on: line 3 is torn.", "Put a copy of its log in place.") == refusal(
            loop(damaged="line 3 is torn"), command
        )


def test_a_refusal_is_an_event_that_names_the_command() -> None:
    """It holds the command's id, so that the asker is told, and its words, cut to what a log takes."""
    (event,) = carried_out(loop(LoopStatus.CREATED), asked(cmd.PauseLoop))
    assert isinstance(event, CommandRefused)
    assert ("c1", "pause_loop", ADA) == (event.command_id, event.command, event.by)
    assert "There is nothing to pause: loop tsp is created." == event.reason
    (event,) = carried_out(loop(damaged="x" * 9000), asked(cmd.StopLoop))
    assert 2000 == len(event.reason)


# --------------------------------------------------------------------------------------------- start


@pytest.mark.parametrize("status", [one for one in STATUSES if one is not LoopStatus.RUNNING])
def test_every_loop_that_does_not_work_can_be_started(status: LoopStatus) -> None:
    """With the bounds as asked for, and the mode of its configuration."""
    event = one(loop(status), asked(cmd.StartLoop, iterations=3, cost_usd=2.0, target=-7.0, plateau=4))
    assert isinstance(event, ev.LoopStarted)
    assert (3, None, 2.0, -7.0, 4) == (event.iterations, event.wall_s, event.cost_usd, event.target, event.plateau)
    assert ("strict", False) == (event.mode, event.step)


def test_a_working_loop_is_not_started_again() -> None:
    """Two sessions at once would share one clone."""
    assert ("Loop tsp works already.", "`autor loop stop tsp` ends the session first.") == refusal(
        loop(), asked(cmd.StartLoop, iterations=3)
    )


@pytest.mark.parametrize(("command", "config", "mode"), [
    ({}, {}, "strict"), ({}, {"mode": "explore"}, "explore"), ({"mode": "strict"}, {"mode": "explore"}, "strict"),
])  # fmt: skip
def test_the_mode_is_the_commands_then_the_configurations(command: Any, config: Any, mode: str) -> None:
    """Strict where nobody says anything."""
    state = loop(LoopStatus.STOPPED, config={**CONFIG, **config})
    assert mode == one(state, asked(cmd.StartLoop, iterations=1, **command)).mode


def test_one_step_is_one_experiment_whatever_else_was_said() -> None:
    """`step` is a bound of its own."""
    event = one(loop(LoopStatus.STOPPED), asked(cmd.StartLoop, step=True, iterations=20))
    assert (1, True) == (event.iterations, event.step)


@pytest.mark.parametrize("bounds", [{}, {"cost_usd": 5.0}, {"target": 1.0}, {"plateau": 3}])
def test_no_start_is_endless(bounds: dict[str, Any]) -> None:
    """Money, a target and a plateau may never be reached: they are no end."""
    why, mend = refusal(loop(LoopStatus.CREATED), asked(cmd.StartLoop, **bounds))
    assert "Loop tsp was given no end: neither a number of iterations nor a time." == why
    assert mend == (
        "`autor loop start tsp --iterations 20` or `--wall 8h`; for an endless loop a person first says so with a "
        "budget: `autor loop confirm tsp --wall 12h`."
    )


def test_a_persons_go_ahead_is_the_end_of_a_start_without_one() -> None:
    """Its time and money are the bounds, unless the start names its own money; a start with an end needs neither."""
    state = loop(LoopStatus.STOPPED, confirmed_by=ADA, confirmed_wall_s=3600.0, confirmed_cost_usd=9.0)
    event = one(state, asked(cmd.StartLoop))
    assert (None, 3600.0, 9.0) == (event.iterations, event.wall_s, event.cost_usd)
    assert 2.0 == one(state, asked(cmd.StartLoop, cost_usd=2.0)).cost_usd
    assert 5.0 == one(state, asked(cmd.StartLoop, wall_s=5.0)).wall_s
    assert 5.0 == one(loop(LoopStatus.STOPPED), asked(cmd.StartLoop, wall_s=5.0)).wall_s
    event = one(state, asked(cmd.StartLoop, iterations=3))
    assert (3, None, None) == (event.iterations, event.wall_s, event.cost_usd)


@pytest.mark.parametrize(("name", "value"), [("iterations", 0), ("wall_s", 0.0), ("cost_usd", -1.0), ("plateau", 0)])
def test_a_bound_of_nothing_is_refused(name: str, value: float) -> None:
    """A target may be any number."""
    assert (f"The bound {name} = {value} leaves nothing to do.", "Give a number above 0.") == refusal(
        loop(LoopStatus.STOPPED), asked(cmd.StartLoop, **{"iterations": 3, name: value})
    )
    assert 0.0 == one(loop(LoopStatus.STOPPED), asked(cmd.StartLoop, iterations=1, target=0.0)).target


def test_a_changed_configuration_is_taken_over_before_the_start() -> None:
    """One that only writes out a default is the same."""
    changed = {**CONFIG, "objective": "Much shorter."}
    first, second = answer(loop(LoopStatus.STOPPED), asked(cmd.StartLoop, iterations=1, config=changed, contract={"a": "1"}))
    assert (ev.LoopConfigChanged, changed, {"a": "1"}) == (type(first), first.config, first.contract)
    assert isinstance(second, ev.LoopStarted)
    same = {**CONFIG, "trial_timeout_s": 600.0, "scalarizer": ""}
    assert isinstance(one(loop(LoopStatus.STOPPED), asked(cmd.StartLoop, iterations=1, config=same)), ev.LoopStarted)


@pytest.mark.parametrize(("change", "named"), [
    ({"command": ["other"]}, "command"),
    ({"metric": {"name": "length", "direction": "higher"}}, "metric"),
    ({"seed_env": "SEED"}, "seed_env"),
    ({"guards": [{"name": "small", "metric": "size", "max": 1.0, "soft": True}]}, "soft guards"),
    ({"metrics": [{"name": "size", "direction": "lower"}], "scalarizer": "weighted_sum"}, "metrics and scalarizer"),
    ({"scalarizer": "weighted_sum", "scalarizer_options": {"weights": {"a": 1}}}, "scalarizer and scalarizer_options"),
])  # fmt: skip
def test_another_measure_needs_another_baseline(change: dict[str, Any], named: str) -> None:
    """Refused once there is one; before, it is a mend."""
    command = asked(cmd.StartLoop, iterations=1, config={**CONFIG, **change})
    assert (
        f"{named} of loop tsp changed after its baseline was measured: scores from before and after cannot be compared.",
        (
            "Put it back as it was, or make another loop of the new configuration: rename [loop.tsp] in autor.toml to "
            "[loop.tsp-2] (its tables too), then `autor loop start tsp-2 --iterations 20`."
        ),
    ) == refusal(loop(LoopStatus.STOPPED), command)
    assert 2 == len(answer(loop(LoopStatus.FAILED, baseline=False), command))


# --------------------------------------------------------------------- confirm, pause, resume, stop


def test_a_go_ahead_needs_a_time_and_may_name_money() -> None:
    """In any state."""
    for status in STATUSES:
        event = one(loop(status), asked(cmd.ConfirmLoop, wall_s=60.0, cost_usd=3.0))
        assert (ev.LoopConfirmed, 60.0, 3.0) == (type(event), event.wall_s, event.cost_usd)
    for wall in (None, 0.0, -1.0):
        assert ("An endless loop needs a budget of time.", "`autor loop confirm tsp --wall 12h` gives it one.") == refusal(
            loop(), asked(cmd.ConfirmLoop, wall_s=wall, cost_usd=3.0)
        )


def test_only_a_working_loop_is_paused() -> None:
    """With the person's reason, or that it was one."""
    event = one(loop(), asked(cmd.PauseLoop))
    assert (ev.LoopPaused, "Paused by a person.", "person") == (type(event), event.reason, event.cause)
    assert "lunch" == one(loop(), asked(cmd.PauseLoop, reason="lunch")).reason
    for status in set(STATUSES) - {LoopStatus.RUNNING}:
        goes_on = status is LoopStatus.PAUSED
        mend = "`autor loop resume tsp`" if goes_on else "`autor loop start tsp --iterations 20`"
        assert (f"There is nothing to pause: loop tsp is {status}.", mend) == refusal(loop(status), asked(cmd.PauseLoop))


def test_only_a_paused_loop_is_resumed() -> None:
    """Whatever it was paused for, but a spent budget, and a metric that no seed moves: it would rest again."""
    for cause in ("person", "critic", "coder"):
        assert isinstance(one(loop(LoopStatus.PAUSED, pause_cause=cause), asked(cmd.ResumeLoop)), ev.LoopResumed)
    for status in set(STATUSES) - {LoopStatus.PAUSED}:
        works = status is LoopStatus.RUNNING
        mend = "`autor loop watch tsp`" if works else "`autor loop start tsp --iterations 20`"
        assert (f"Loop tsp is not paused: it is {status}.", mend) == refusal(loop(status), asked(cmd.ResumeLoop))
    assert (
        "The budget of errors of this session is spent: nothing more can be tested within it.",
        "`autor loop budget tsp` grants a new one, shown as session 4.",
    ) == refusal(loop(LoopStatus.PAUSED, pause_cause="budget", budget_session=3), asked(cmd.ResumeLoop))
    reason, mend = refusal(loop(LoopStatus.PAUSED, pause_cause="seed"), asked(cmd.ResumeLoop))
    assert "same on every seed" in reason and "`autor loop start tsp --iterations 20 --gate greedy`" in mend
    foreign = {**CONFIG, "origin": "problem.yaml"}
    _, mend = refusal(loop(LoopStatus.PAUSED, pause_cause="seed", config=foreign), asked(cmd.ResumeLoop))
    assert "`autor loop init --from problem.yaml --name tsp-2`" in mend


def test_what_is_at_work_or_paused_is_stopped_and_an_audit_too() -> None:
    """An audit may be at work in a loop whose session has ended."""
    for state in (loop(), loop(LoopStatus.PAUSED), loop(LoopStatus.STOPPED, audit=Audit(commit=HEAD, n=3))):
        event = one(state, asked(cmd.StopLoop))
        assert (ev.LoopStopped, "Stopped by a person.", "person") == (type(event), event.reason, event.cause)
    assert "enough" == one(loop(), asked(cmd.StopLoop, reason="enough")).reason
    for status in (LoopStatus.CREATED, LoopStatus.STOPPED, LoopStatus.FAILED):
        assert (f"Loop tsp is not at work: it is {status}.", "`autor loop status tsp`") == refusal(
            loop(status), asked(cmd.StopLoop)
        )


# ------------------------------------------------------------------------------ veto, pin, repeats


def test_the_candidate_at_work_is_vetoed() -> None:
    """Named by its number, or as the one that is."""
    for n in (None, 4):
        event = one(loop(current=candidate()), asked(cmd.VetoIdea, n=n, why="no"))
        assert (ev.IdeaVetoed, 4, "no") == (type(event), event.n, event.why)


def test_what_is_not_at_work_is_not_vetoed() -> None:
    """Nothing at all, the baseline, or another than the one that was seen."""
    for state in (loop(), loop(baseline=False, current=Current(n=4, commit=BASE, parent=BASE))):
        assert ("No idea is at work.", "`autor loop status tsp` shows what is.") == refusal(state, asked(cmd.VetoIdea))
    assert ("Experiment 3 is not at work any more; 4 is.", "Look again, then decide.") == refusal(
        loop(current=candidate()), asked(cmd.VetoIdea, n=3)
    )


def test_twenty_ideas_may_wait() -> None:
    """In any state; each has a number of its own."""
    waiting = [Pin(pin=at, idea=idea("wait"), by=ADA) for at in range(1, 20)]
    for status in STATUSES:
        event = one(loop(status, pins=waiting, next_pin=31), asked(cmd.PinIdea, idea=idea("mine")))
        assert (ev.IdeaPinned, idea("mine"), 31) == (type(event), event.idea, event.pin)
    assert ("Twenty pinned ideas wait already.", "Let the loop try some of them first.") == refusal(
        loop(pins=[*waiting, waiting[0]]), asked(cmd.PinIdea, idea=idea("mine"))
    )


@pytest.mark.parametrize("pairs", [0, -2, 3, 66])
def test_pairs_are_added_in_blocks_of_two(pairs: int) -> None:
    """Up to 64."""
    assert (f"{pairs} pairs cannot be added.", "An even number up to 64 can: blocks of two.") == refusal(
        loop(current=candidate()), asked(cmd.AddRepeats, pairs=pairs)
    )
    assert 64 == one(loop(current=candidate()), asked(cmd.AddRepeats, pairs=64)).pairs


def test_pairs_go_to_the_candidate_at_work_or_reopen_an_inconclusive_one() -> None:
    """The newest of those, unless one is named; it goes on at once where nothing else is at work."""
    parked = [candidate(2), candidate(3)]
    both = loop(current=candidate(), parked=parked)
    assert [4, 4, 2] == [one(both, asked(cmd.AddRepeats, n=n)).n for n in (None, 4, 2)]
    idle = loop(parked=parked)
    assert [3, 2] == [one(idle, asked(cmd.AddRepeats, n=n)).n for n in (None, 2)]
    added, reopened = carried_out(idle, asked(cmd.AddRepeats, n=2, pairs=6))
    assert (ev.RepeatsAdded, 2, 6) == (type(added), added.n, added.pairs)
    assert (ev.ExperimentReopened, 2) == (type(reopened), reopened.n)
    assert [ev.RepeatsAdded] == [type(event) for event in carried_out(both, asked(cmd.AddRepeats, n=2))]


@pytest.mark.parametrize(("state", "n", "whom"), [
    (loop(), None, "No experiment can be given"),
    (loop(current=candidate()), 2, "Experiment 2 can be given no"),
    (loop(parked=[candidate(3)], head=HEAD), 3, "Experiment 3 can be given no"),
    (loop(baseline=False, current=Current(n=4, commit=BASE)), None, "No experiment can be given"),
])  # fmt: skip
def test_no_pairs_for_what_has_ended_or_met_another_incumbent(state: LoopState, n: int | None, whom: str) -> None:
    """Its evidence is about an incumbent that is no more."""
    why, mend = refusal(state, asked(cmd.AddRepeats, n=n))
    assert why == (
        f"{whom} more pairs: only one at work, or one that ended inconclusive against today's "
        "incumbent, can."
    )
    assert "Pin the idea again to test it against today's incumbent." == mend


# ------------------------------------------------------------------------------------------- budget


def test_a_person_grants_the_next_budget() -> None:
    """In any state, with the same α or another."""
    for status in STATUSES:
        event = one(loop(status, budget_session=2), asked(cmd.GrantBudget, alpha=0.2))
        assert (ev.BudgetGranted, 3, 0.2) == (type(event), event.session, event.alpha)
    assert one(loop(), asked(cmd.GrantBudget)).alpha is None


def test_nobody_else_does_and_not_any_number() -> None:
    """An engine may not grant itself errors."""
    assert ("Only a person grants a budget of errors.", "") == refusal(loop(), asked(cmd.GrantBudget, by=ENGINE))
    for alpha in (0.0, 1.0, -0.1, math.nan):
        assert (f"α = {alpha} is no error rate.", "Give a number between 0 and 1, e.g. 0.1.") == refusal(
            loop(), asked(cmd.GrantBudget, alpha=alpha)
        )


# ------------------------------------------------------------------------------------------- record


@pytest.mark.parametrize("status", STATUSES)
def test_a_record_is_taken_in_any_state_under_the_next_number(status: LoopStatus) -> None:
    """With all that was told; a number that was given back comes first."""
    told = {"metric": 3.5, "summary": "s", "commit": "f" * 40, "hypothesis": "h", "duration_s": 2.0, "resource": 7.0,
            "cost_usd": 0.1, "imported": True, "ran_at": "2020"}  # fmt: skip
    state = loop(status, next_n=5, kept_metric=4.0, baseline_metric=9.0)
    event = one(state, asked(cmd.RecordExperiment, status="discard", **told))
    assert (ev.ExperimentRecorded, 5, "discard", -0.5) == (type(event), event.n, event.status, event.delta)
    assert told == {name: getattr(event, name) for name in told}
    state.spare_n = 2
    assert 2 == one(state, asked(cmd.RecordExperiment, status="crash")).n


def test_its_delta_is_to_what_stands() -> None:
    """The newest keep, before there is one the baseline, and without either none; a crash has none."""
    command = asked(cmd.RecordExperiment, status="keep", metric=3.0)
    assert 2.0 == one(loop(kept_metric=1.0, baseline_metric=9.0), command).delta
    assert -6.0 == one(loop(baseline_metric=9.0), command).delta
    assert one(loop(), command).delta is None
    assert one(loop(kept_metric=1.0), asked(cmd.RecordExperiment, status="crash")).delta is None


def test_a_keep_that_is_too_good_is_flagged_unless_it_comes_from_elsewhere() -> None:
    """Imported history is as it was."""
    kept = [Row(n=n, verdict="keep") for n in (1, 2, 3)]
    state = loop(kept_metric=9.0, baseline_metric=10.0, kept=kept)
    flagged = one(state, asked(cmd.RecordExperiment, status="keep", metric=-40.0)).suspicious
    assert flagged and "times all earlier gain" in flagged[0]
    assert () == one(state, asked(cmd.RecordExperiment, status="keep", metric=-40.0, imported=True)).suspicious


@pytest.mark.parametrize(("fields", "why", "mend"), [
    ({"status": "great", "metric": 1.0}, "'great' is no status of an experiment.",
     "Known: baseline, keep, discard, crash."),
    ({"status": ""}, "'' is no status of an experiment.", "Known: baseline, keep, discard, crash."),
    *(({"status": word}, f"A {word} needs its metric.", "Give --metric, or --status crash.")
      for word in ("baseline", "keep", "discard")),
    ({"status": "keep", "metric": math.nan}, "metric = nan is no finite number.",
     "Record it as --status crash, without a metric."),
    *(({"status": "crash", name: math.inf}, f"{name} = inf is no finite number.",
       "Record it as --status crash, without a metric.") for name in ("duration_s", "resource", "cost_usd")),
])  # fmt: skip
def test_a_record_that_says_nothing_is_refused(fields: dict[str, Any], why: str, mend: str) -> None:
    """A word that nobody knows, a result without its number, a number that is none."""
    assert (why, mend) == refusal(loop(), asked(cmd.RecordExperiment, **fields))


# ----------------------------------------------------------------------------------- audit, merge


def test_what_was_kept_can_be_audited_at_any_time() -> None:
    """Also when the session is over."""
    for status in set(STATUSES) - {LoopStatus.CREATED}:
        assert isinstance(one(loop(status, head=HEAD), asked(cmd.AuditLoop)), ev.AuditAsked)


@pytest.mark.parametrize(("state", "why", "mend"), [
    (loop(LoopStatus.CREATED), "There is no baseline to audit against yet.", "`autor loop start tsp --iterations 20`"),
    (loop(), "Nothing was kept or advanced: there is nothing to audit.", "Let the loop work first."),
    (loop(head=HEAD, audit=Audit(commit=HEAD, n=3)), "An audit is at work already.", "`autor loop status tsp`"),
])  # fmt: skip
def test_nothing_to_audit_is_said(state: LoopState, why: str, mend: str) -> None:
    """No baseline, no keep, or one that is being made."""
    assert (why, mend) == refusal(state, asked(cmd.AuditLoop))


def merge(**fields: Any) -> Any:
    """The command that takes a fork's best over."""
    return asked(cmd.MergeFork, **{"fork": "tsp-2", "commit": HEAD, "detail": "E 30", "metric": 2.0, "scores": (-2.0,), **fields})


def test_a_merge_is_taken_over_where_nothing_works() -> None:
    """With what was confirmed of it."""
    for status in set(STATUSES) - {LoopStatus.RUNNING}:
        event = one(loop(status), merge(parent=BASE))
        assert (ev.Merged, "tsp-2", HEAD, "E 30", 2.0, (-2.0,)) == (
            type(event), event.fork, event.commit, event.detail, event.metric, event.scores)  # fmt: skip


def test_a_candidate_that_waited_ends_with_its_incumbent() -> None:
    """Untested, at the cost of its place in the budget if it had one; a baseline is no candidate."""
    planned = (PlannedPair(pair=0, seed=1),)
    for waiting, reached in ((candidate(), False), (candidate(planned=planned), True)):
        ended, merged = answer(loop(LoopStatus.STOPPED, current=waiting), merge())
        assert (4, Verdict.UNTESTED, "Shorter steps", reached) == (ended.n, ended.verdict, ended.summary, ended.reached_confirm)
        assert "fork tsp-2 was merged while it waited: its incumbent is no more" == ended.reason
        assert ("c" * 40, BASE) == (ended.commit, ended.parent) and isinstance(merged, ev.Merged)
    for n in (0, 2):
        measuring = loop(LoopStatus.STOPPED, baseline=False, current=Current(n=n, commit=BASE, parent=BASE))
        assert isinstance(one(measuring, merge()), ev.Merged)


@pytest.mark.parametrize(("state", "parent", "why", "mend"), [
    (loop(), "", "Loop tsp is at work.", "`autor loop stop tsp` first."),
    (loop(LoopStatus.STOPPED), HEAD, "Loop tsp has moved on from eeeeeeeeee, which the merge was made from.",
     "`autor loop merge-best tsp` again."),
    (loop(LoopStatus.STOPPED, audit=Audit(commit=BASE, n=0)), BASE, "An audit of loop tsp is at work.",
     "`autor loop stop tsp` first."),
])  # fmt: skip
def test_a_merge_never_moves_what_something_stands_on(state: LoopState, parent: str, why: str, mend: str) -> None:
    """A session, an audit, or a head that is another by now."""
    assert (why, mend) == refusal(state, merge(parent=parent))
