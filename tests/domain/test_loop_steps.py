"""What a loop does next in each state: the session's order, its bounds, the course of one experiment, the audit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from autor_nb.domain.loops import steps
from autor_nb.domain.loops.at_work import Current, TrialRow
from autor_nb.domain.loops.case import Case, Confirm, Decided, Reference, Screen
from autor_nb.domain.loops.config import GateSpec, LoopConfig, MetricSpec
from autor_nb.domain.loops.events import AUDIT, PlannedPair
from autor_nb.domain.loops.seeds import seed_for
from autor_nb.domain.loops.state import Audit, AuditRow, LoopState, LoopStatus, Session
from autor_nb.domain.loops.steps import next_step
from autor_nb.domain.loops.verdict import Verdict
from autor_nb.domain.run import Actor
from autor_nb.testing.loop_project import idea

ADA = Actor(face="test", os_user="ada")
BASE, HEAD, MINE = "b" * 40, "e" * 40, "c" * 40
CONFIG = LoopConfig(name="tsp", objective="Shorter.", mutable=("a.py",), readonly=(), command=("run",),
                    metric=MetricSpec(name="length", direction="lower"), gate=GateSpec(name="eprocess"))  # fmt: skip
TRUSTED = {"control": True, "null": True, "no_op": True}
AUDITED = AuditRow(at="", commit=HEAD, n=3, pairs=10, better=True, e_value=30.0, bar=20.0)
KEEP = Decided(verdict=Verdict.KEEP, reason="better")


@dataclass
class Says:
    """A gate with one answer; it remembers what it was shown."""

    answer: Any = KEEP
    claimed_rate: float | None = 0.1
    reference_runs: int = 2
    calibration_pairs: int = 0
    name: str = "says"
    options: dict[str, Any] = field(default_factory=dict)
    fresh_reference: bool = False
    time_like: bool = True
    shown: list[Case] = field(default_factory=list)

    def next(self, case: Case) -> Any:
        """The answer."""
        self.shown.append(case)
        return self.answer


def loop(status: LoopStatus = LoopStatus.RUNNING, *, session: dict[str, Any] | None = None, **fields: Any) -> LoopState:
    """A loop at work whose checks, baseline and gate are in order, and that asks for experiment 4."""
    bounds = Session(**{"iterations": 20, "doctor": True, **(session or {})})
    told = {"name": "tsp", "config": {"metric": {"direction": "lower"}}, "base": BASE, "head": BASE, "seed": 7,
            "status": status, "session": bounds, "baseline": True, "baseline_scores": [1.0, 1.1],
            "tested": dict(TRUSTED), "next_n": 4}  # fmt: skip
    return LoopState(**{**told, **fields})


def at_work(**fields: Any) -> LoopState:
    """A loop with a candidate whose change is made; its incumbent was audited."""
    one = Current(**{"n": 4, "idea": idea("Shorter"), "commit": MINE, "parent": HEAD, **fields})
    return loop(current=one, head=HEAD, audits=[AUDITED])


def run(trial: int, role: str, subject: str = "candidate", **fields: Any) -> TrialRow:
    """A run that came to its end with a score, unless it is said otherwise."""
    return TrialRow(**{"trial": trial, "role": role, "subject": subject, "ending": "finished", "score": 1.0, **fields})


def step(state: LoopState, gate: Says | None = None, **more: Any) -> Any:
    """What comes next."""
    return next_step(state, CONFIG, gate or Says(), **more)


# ------------------------------------------------------------------------------- when nothing is done


@pytest.mark.parametrize("state", [
    *(loop(status) for status in LoopStatus if status is not LoopStatus.RUNNING),
    LoopState(status=LoopStatus.RUNNING, baseline=True),
    loop(damaged="line 3 is torn"),
    loop(damaged="line 3 is torn", audit=Audit(commit=HEAD, n=3)),
    loop(LoopStatus.PAUSED, audit=Audit(commit=HEAD, n=3)),
])  # fmt: skip
def test_it_waits_unless_it_is_running_and_whole(state: LoopState) -> None:
    """Paused, stopped, failed, damaged, or never started."""
    assert steps.Wait() == step(state)


# --------------------------------------------------------------------- checks, baseline, trust: in order


def test_the_checks_come_first_and_forbid() -> None:
    """What blocks is told with the check's own words and mend, else where to look."""
    assert steps.Doctor() == step(loop(session={"doctor": False}, baseline=False, tested={}))
    checks = ({"id": "git", "title": "Git", "detail": "no commit", "fix": "git commit"},
              {"id": "disk", "title": "Disk", "detail": "full", "fix": "rm"},
              {"id": "fine", "title": "Fine", "detail": "well", "fix": "-"})  # fmt: skip
    blocked = loop(session={"blocking": ("disk", "git")}, baseline=False, doctor=checks)
    assert steps.Fail("Git: no commit Disk: full", "git commit") == step(blocked)
    unknown = loop(session={"blocking": ("disk",)})
    assert steps.Fail("The loop is not ready.", "`autor loop doctor tsp` says what to mend.") == step(unknown)


def test_the_baseline_is_measured_on_fresh_seeds_as_often_as_the_gate_asks() -> None:
    """Reference runs, then calibration pairs, of the base, under the next free number; then it is concluded."""
    state, gate, seen = loop(baseline=False, tested={}), Says(reference_runs=2, calibration_pairs=1), []
    while not isinstance(asked := step(state, gate), steps.ConcludeBaseline):
        seen.append(asked)
        state.current = state.current or Current(n=asked.n, commit=BASE, parent=BASE)
        state.current.trials.append(run(len(seen), asked.role, "incumbent"))
    assert ["reference", "reference", "calibrate", "calibrate"] == [one.role for one in seen]
    assert {(4, "incumbent", BASE, None)} == {(one.n, one.subject, one.commit, one.pair) for one in seen}
    assert [seed_for(7, "base", at) for at in range(4)] == [one.seed for one in seen]


@pytest.mark.parametrize("ending", ["lost", "stopped"])
def test_a_baseline_run_that_says_nothing_is_made_again(ending: str) -> None:
    """On a seed of its own, and without calling anybody a failure."""
    lost = Current(n=4, commit=BASE, parent=BASE, trials=[run(1, "reference", "incumbent", ending=ending, score=None)])
    asked = step(loop(baseline=False, tested={}, current=lost))
    assert ("reference", seed_for(7, "base", 1)) == (asked.role, asked.seed)


def test_a_gate_that_wants_no_reference_still_sees_the_baseline_run_once() -> None:
    """Otherwise nobody knew whether it runs."""
    assert "reference" == step(loop(baseline=False), Says(reference_runs=0)).role
    done = Current(n=4, commit=BASE, parent=BASE, trials=[run(1, "reference", "incumbent")])
    assert steps.ConcludeBaseline() == step(loop(baseline=False, current=done), Says(reference_runs=0))


def test_a_baseline_without_a_number_fails_with_its_reason() -> None:
    """However many runs are missing still; the mend is of what broke: the command, or what it prints."""
    for ending, told, said, mend in (
        ("failed", {"reason": "It ended with exit code 3."}, "It ended with exit code 3", "exit code 0"),
        ("failed", {}, "failed", "exit code 0"),
        ("finished", {"reason": "No loss was printed."}, "No loss was printed", "Print `length: 1.23`"),
    ):
        bad = run(1, "reference", "incumbent", ending=ending, score=None, **told)
        state = loop(baseline=False, current=Current(n=4, commit=BASE, parent=BASE, trials=[bad]))
        failed = step(state)
        assert isinstance(failed, steps.Fail) and f"The baseline gives no length: {said}." == failed.reason
        assert mend in failed.suggestion and "`autor loop doctor tsp`" in failed.suggestion


def test_the_gate_is_tested_in_three_parts_before_it_is_trusted() -> None:
    """In this order, each once; one that failed ends the session with its mend."""
    state, seen = loop(tested={}), []
    while isinstance(asked := step(state), steps.Test):
        seen.append(asked.part)
        state.tested[asked.part] = True
    assert ["control", "null", "no_op"] == seen and steps.Propose(4) == asked
    mends = {"control": "Mend what the command measures", "null": "Choose another gate", "no_op": "Run the command by hand"}
    for part, mend in mends.items():
        failed = step(loop(tested={**TRUSTED, part: False}, test_details={part: "so it was"}))
        assert isinstance(failed, steps.Fail) and "so it was" == failed.reason and failed.suggestion.startswith(mend)
    assert "The gate failed its test null." == step(loop(tested={**TRUSTED, "null": False})).reason


def test_a_metric_that_no_seed_moves_cannot_be_tested() -> None:
    """A gate that claims a rate asks for a seed; one that claims nothing goes on, as does one run alone."""
    still = loop(tested={}, baseline_scores=[1.0, 1.0, 1.0])
    paused = step(still)
    assert ("seed", True) == (paused.cause, paused.reason.startswith("3 runs on different seeds gave one and the same"))
    assert steps.Test("control") == step(still, Says(claimed_rate=None))
    assert steps.Test("control") == step(loop(tested={}, baseline_scores=[1.0]))
    assert steps.Propose(4) == step(loop(baseline_scores=[1.0, 1.0]))


# ------------------------------------------------------------------------------------------- its bounds


@pytest.mark.parametrize(("bounds", "fields", "worked", "cause", "reason"), [
    ({"iterations": 3, "done": 3}, {}, 0, "iterations", "3 of 3 experiments are done."),
    ({"wall_s": 60.0}, {}, 60.0, "wall", "The session has worked for 60 s of 60 s."),
    ({"cost_usd": 0.5, "spent_usd": 0.5}, {}, 0, "cost", "$0.50 of $0.50 are spent."),
    ({"target": 1.0}, {"head_metric": 1.0}, 0, "target", "The target 1 is reached: 1."),
    ({"plateau": 2, "since_improved": 2}, {}, 0, "plateau", "2 experiments in a row kept nothing."),
])  # fmt: skip
def test_each_bound_ends_the_session_with_its_reason(
    bounds: dict[str, Any], fields: dict[str, Any], worked: float, cause: str, reason: str
) -> None:
    """At the bound itself, and not before it."""
    assert steps.End(reason, cause) == step(loop(session=bounds, **fields), worked_s=worked)
    less = {"done": 2, "spent_usd": 0.49, "since_improved": 1}
    before = loop(session={**bounds, **{name: less[name] for name in less if name in bounds}})
    assert steps.Propose(4) == step(before, worked_s=worked - 0.1 if cause == "wall" else 0.0)


@pytest.mark.parametrize(("direction", "metric", "reached"), [
    ("lower", 0.9, True), ("lower", 1.1, False), ("higher", 1.1, True), ("higher", 0.9, False),
])  # fmt: skip
def test_a_target_is_reached_from_the_worse_side(direction: str, metric: float, reached: bool) -> None:
    """Below it or above it, as the metric has it; an unknown metric reaches nothing."""
    config = {"metric": {"direction": direction}}
    assert reached is isinstance(step(loop(session={"target": 1.0}, config=config, head_metric=metric)), steps.End)
    assert steps.Propose(4) == step(loop(session={"target": 1.0}, config=config))


def test_an_experiment_goes_on_past_every_bound_but_time() -> None:
    """Its verdict comes first; out of time it waits for the next session."""
    state = at_work()
    state.session = Session(doctor=True, iterations=1, done=1, cost_usd=0.1, spent_usd=9.0, plateau=1, since_improved=5)
    assert steps.Conclude(4, KEEP) == step(state)
    state.session.wall_s = 60.0
    assert steps.Conclude(4, KEEP) == step(state, worked_s=59.9)
    assert "wall" == step(state, worked_s=60.0).cause


def test_money_that_is_spent_asks_no_coder() -> None:
    """An idea without its change waits for the next session; a vetoed one needs no money to end."""
    state = at_work(commit="")
    state.session = Session(doctor=True, iterations=9, cost_usd=0.5, spent_usd=0.4)
    assert steps.Apply(4) == step(state)
    state.session.spent_usd = 0.6
    assert steps.End("$0.60 of $0.50 are spent.", "cost") == step(state)
    assert state.current is not None
    state.current.vetoed_by = ADA
    assert isinstance(step(state), steps.Conclude)


def test_what_was_kept_is_audited_once_before_the_end() -> None:
    """Not if nothing moved, nor again for the same head."""
    done = {"iterations": 3, "done": 3}
    assert steps.BeginAudit() == step(loop(session=done, head=HEAD))
    assert isinstance(step(loop(session=done, head=HEAD, audits=[AUDITED])), steps.End)
    assert steps.BeginAudit() == step(loop(session=done, head=MINE, audits=[AUDITED]))


# ------------------------------------------------------------------------------------- one experiment


def test_the_next_idea_has_the_number_that_is_free() -> None:
    """One that was given back comes first."""
    assert steps.Propose(4) == step(loop())
    assert steps.Propose(2) == step(loop(spare_n=2))


def test_an_idea_becomes_a_change_and_then_the_gate_is_asked() -> None:
    """The screening run is the candidate's, a reference run its parent's; each on a seed of its own."""
    assert steps.Apply(4) == step(at_work(commit=""))
    gate = Says(Screen())
    assert steps.Run(4, "screen", "candidate", MINE, seed_for(7, "screen", 4)) == step(at_work(), gate)
    assert gate.shown[0].screen is None and not gate.shown[0].screened
    state = at_work(trials=[run(1, "reference", "incumbent")])
    assert steps.Run(4, "reference", "incumbent", HEAD, seed_for(7, "reference", 4, 1)) == step(state, Says(Reference(runs=2)))
    assert steps.Conclude(4, KEEP) == step(at_work())


def test_pairs_are_planned_before_any_of_them_runs() -> None:
    """As many as asked for, in the gate's orders, numbered on from those before, each on a seed nobody knew."""
    before = (PlannedPair(pair=0, seed=1), PlannedPair(pair=1, seed=2))
    ran = [run(at, "confirm", subject, pair=pair) for at, (pair, subject) in
           enumerate([(0, "candidate"), (0, "incumbent"), (1, "candidate"), (1, "incumbent")])]  # fmt: skip
    asked = Confirm(pairs=2, orders=("BA", "AB"), repeats=3, e_value=4.0)
    planned = step(at_work(planned=before, trials=ran), Says(asked))
    assert (4, False, asked) == (planned.n, planned.warm_up, planned.asked)
    assert [(2, "BA", 3, True), (3, "AB", 3, True)] == [(one.pair, one.order, one.repeats, one.incumbent) for one in planned.pairs]
    assert [seed_for(7, "pair", 4, 2), seed_for(7, "pair", 4, 3)] == [one.seed for one in planned.pairs]
    alone = step(at_work(), Says(Confirm(pairs=1, orders=("AB", "BA"), incumbent=False, warm_up=True)))
    assert (True, [(0, False)]) == (alone.warm_up, [(one.pair, one.incumbent) for one in alone.pairs])


def test_planned_pairs_run_in_their_order_and_the_gate_is_not_asked_meanwhile() -> None:
    """A warm-up first; AB begins with the candidate, BA with the incumbent; a lost run is made again."""
    plan = (PlannedPair(pair=0, seed=11, order="BA"), PlannedPair(pair=1, seed=12, order="AB"))
    state, gate, seen = at_work(planned=plan, warm_up=True), Says(), []
    assert state.current is not None
    while isinstance(asked := step(state, gate), steps.Run):
        seen.append((asked.role, asked.subject, asked.commit, asked.seed, asked.pair))
        lost = len(seen) == 2
        state.current.trials.append(run(len(seen), asked.role, asked.subject, pair=asked.pair,
                                        ending="lost" if lost else "finished", score=None if lost else 1.0))  # fmt: skip
        assert not gate.shown
    first = ("confirm", "incumbent", HEAD, 11, 0)
    assert [
        ("warm_up", "incumbent", HEAD, 11, 0), first, first, ("confirm", "candidate", MINE, 11, 0),
        ("confirm", "candidate", MINE, 12, 1), ("confirm", "incumbent", HEAD, 12, 1),
    ] == seen  # fmt: skip
    assert steps.Conclude(4, KEEP) == asked and [2] == [len(case.pairs) for case in gate.shown]


def test_shorter_code_that_claims_to_be_as_good_runs_against_what_was_confirmed() -> None:
    """Steps within a margin never add up, because each is held against the last confirmed state."""
    plan = (PlannedPair(pair=0, seed=11, order="BA"),)
    for margin, against in ((0.1, "d" * 40), (0.0, "")):
        state = at_work(planned=plan, margin=margin, against=against)
        assert (against or HEAD) == step(state).commit


@pytest.mark.parametrize(("why", "reason"), [("", "vetoed by Ada"), ("it sleeps", "vetoed by Ada: it sleeps")])
def test_a_veto_ends_it_before_anything_else(why: str, reason: str) -> None:
    """Whatever its evidence, and before its change is made."""
    for commit in ("", MINE):
        concluded = step(at_work(commit=commit, vetoed_by=ADA, veto=why, tampered=("x",)))
        assert Verdict.DISCARD is concluded.decided.verdict
        assert reason.replace("Ada", str(ADA)) == concluded.decided.reason


@pytest.mark.parametrize(("trial", "verdict", "reason"), [
    (run(1, "screen", tampered=("run.sh changed", "so did x")), Verdict.TAMPERED, "run.sh changed; so did x"),
    (run(1, "confirm", "incumbent", tampered=("run.sh changed",)), Verdict.TAMPERED, "run.sh changed"),
    (run(1, "screen", ending="timed_out", score=None, reason="60 s"), Verdict.TIMEOUT, "60 s"),
    (run(1, "screen", ending="failed", score=None, reason="exit code 3"), Verdict.CRASH, "exit code 3"),
    (run(1, "confirm", ending="failed", score=None), Verdict.CRASH, "failed"),
])  # fmt: skip
def test_a_run_that_leaves_nothing_to_judge_decides_at_once(trial: TrialRow, verdict: Verdict, reason: str) -> None:
    """The gate is not asked."""
    gate = Says()
    concluded = step(at_work(trials=[trial]), gate)
    assert (4, verdict, reason) == (concluded.n, concluded.decided.verdict, concluded.decided.reason)
    assert not gate.shown and (verdict is Verdict.TAMPERED) is concluded.decided.suspicious


def test_a_change_that_was_found_tampered_is_never_run() -> None:
    """By reading it alone."""
    concluded = step(at_work(tampered=("writes conftest.py",)))
    assert (Verdict.TAMPERED, "writes conftest.py") == (concluded.decided.verdict, concluded.decided.reason)


@pytest.mark.parametrize("trial", [
    run(1, "screen", ending="lost", score=None),
    run(1, "screen", ending="stopped", score=None, tampered=("half written",)),
    run(1, "confirm", "incumbent", ending="timed_out", score=None),
    run(1, "confirm", "incumbent", ending="failed", score=None),
    run(1, "reference", "incumbent", ending="failed", score=None),
])  # fmt: skip
def test_what_is_not_the_candidates_fault_is_left_to_the_gate(trial: TrialRow) -> None:
    """A run that was lost or stopped, or the incumbent's."""
    gate = Says()
    assert steps.Conclude(4, KEEP) == step(at_work(trials=[trial]), gate) and gate.shown


# ------------------------------------------------------------------------------------------ the audit


@pytest.mark.parametrize("status", [LoopStatus.RUNNING, LoopStatus.STOPPED, LoopStatus.CREATED])
def test_an_audit_comes_before_everything_also_when_the_session_is_over(status: LoopStatus) -> None:
    """Pairs of the head it was asked about against the base, on seeds of this audit alone."""
    state = loop(status, audit=Audit(commit=HEAD, n=3), current=Current(n=4, commit=MINE))
    planned = step(state)
    assert (AUDIT, True) == (planned.n, planned.warm_up) and 2 == len(planned.pairs)
    assert [seed_for(7, "audit", 0, at) for at in (0, 1)] == [one.seed for one in planned.pairs]
    state.audit = Audit(commit=HEAD, n=3, place=1)
    assert [seed_for(7, "audit", 1, at) for at in (0, 1)] == [one.seed for one in step(state).pairs]


def test_its_runs_are_the_heads_and_the_bases() -> None:
    """A warm-up of the base, then the pair; read when all of it is done."""
    plan = (PlannedPair(pair=0, seed=11, order="AB"),)
    state = loop(audit=Audit(commit=HEAD, n=3, planned=plan, warm_up=True))
    assert state.audit is not None
    seen = []
    while isinstance(asked := step(state), steps.Run):
        seen.append((asked.n, asked.role, asked.subject, asked.commit, asked.seed))
        state.audit.trials.append(run(len(seen), asked.role, asked.subject, pair=asked.pair))
    assert [
        (AUDIT, "warm_up", "incumbent", BASE, 11), (AUDIT, "audit", "candidate", HEAD, 11),
        (AUDIT, "audit", "incumbent", BASE, 11),
    ] == seen  # fmt: skip
    assert isinstance(asked, steps.PlanBlock)


def test_ten_pairs_are_its_end() -> None:
    """Better on every one, it says so; the same on every one, it does not."""
    for gain, verdict in ((1.0, Verdict.KEEP), (0.0, Verdict.DISCARD)):
        plan = tuple(PlannedPair(pair=at, seed=at) for at in range(10))
        trials = [run(2 * at + side, "audit", subject, pair=at, score=at + gain * (1 + at / 9) * (1 - side))
                  for at in range(10) for side, subject in enumerate(("candidate", "incumbent"))]  # fmt: skip
        concluded = step(loop(audit=Audit(commit=HEAD, n=3, planned=plan, trials=trials)))
        assert isinstance(concluded, steps.ConcludeAudit) and verdict is concluded.decided.verdict
