"""A loop's fold: a checkpoint anywhere and the rest of the log give what the whole log gives; numbers have no gap."""

from __future__ import annotations

import random

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from autor_nb.domain.events import Event
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.events import PlannedPair
from autor_nb.domain.loops.fold import LoopFold
from autor_nb.domain.loops.state import LoopState
from autor_nb.domain.loops.verdict import Verdict
from autor_nb.domain.run import Actor
from autor_nb.testing.loop_project import idea

ME = Actor(face="test", os_user="ada")
CONFIG = {"name": "demo", "metric": {"name": "loss", "direction": "lower"}}


def story(draw: random.Random, count: int) -> list[Event]:
    """A log of any course: records, refusals, pairs, verdicts, pauses and budgets in any order an engine may write."""
    state, events, trial = LoopFold(), list[Event](), 0

    def say(*said: Event) -> None:
        for one in said:
            at = f"2026-01-01T00:{len(events) // 60 % 60:02d}:{len(events) % 60:02d}.000Z"
            events.append(msgspec.structs.replace(one, seq=len(events) + 1, at=at))
            state.apply([events[-1]])

    def run(n: int, role: str, subject: str, pair: int | None = None) -> None:
        nonlocal trial
        trial += 1
        asked = {"trial": trial, "n": n, "role": role, "subject": subject, "seed": trial, "pair": pair}
        say(ev.TrialStarted(commit=f"{n:040x}", **asked))
        value = None if draw.random() < 0.1 else draw.random()
        say(ev.TrialEnded(ending=draw.choice(["finished", "lost", "stopped"]), score=value, metric=value, **asked))

    say(ev.LoopCreated(name="demo", config=CONFIG, base="0" * 40, seed=1, by=ME),
        ev.LoopStarted(iterations=count, mode="strict", by=ME))  # fmt: skip
    run(state.state.free_n, "reference", "incumbent")
    current = state.state.current
    assert current is not None
    say(ev.ExperimentEnded(n=current.n, verdict=Verdict.KEEP, reason="baseline", baseline=True, commit="0" * 40, metric=1.0))
    for _ in range(count):
        n = state.state.free_n
        if draw.random() < 0.2:
            say(ev.ExperimentRecorded(n=n, status=draw.choice(["keep", "discard"]), metric=draw.random(), by=ME))
            continue
        say(ev.IdeaProposed(n=n, idea=idea(f"idea {n}")))
        if draw.random() < 0.2:
            say(ev.ExperimentRecorded(n=state.state.free_n, status="discard", metric=2.0, by=ME))
        if draw.random() < 0.3:
            say(ev.IdeaRefused(n=n, why="it repeats", kind="repeat", change={"lr": draw.random()}))
            continue
        say(ev.ChangeApplied(n=n, commit=f"{n:040x}", parent=state.state.head))
        run(n, "screen", "candidate")
        if draw.random() < 0.5:
            say(ev.BlockPlanned(n=n, pairs=(PlannedPair(pair=0, seed=n),), confirms=state.state.confirms, keeps=0))
            run(n, "confirm", "candidate", 0)
            run(n, "confirm", "incumbent", 0)
            say(ev.EvidenceRead(n=n, pairs=1, e_value=draw.random()))
        if draw.random() < 0.1:
            say(ev.LoopPaused(reason="tea", by=ME), ev.LoopResumed(by=ME))
        verdict = draw.choice([Verdict.KEEP, Verdict.DISCARD, Verdict.INCONCLUSIVE, Verdict.CRASH, Verdict.ADVANCE])
        say(ev.ExperimentEnded(n=n, verdict=verdict, reason="so", commit=f"{n:040x}", metric=draw.random(),
                               confirmed=verdict is Verdict.KEEP, reached_confirm=draw.random() < 0.5))  # fmt: skip
        if verdict is Verdict.INCONCLUSIVE and draw.random() < 0.5:
            say(ev.RepeatsAdded(n=n, pairs=2, by=ME), ev.ExperimentReopened(n=n))
            say(ev.ExperimentEnded(n=n, verdict=Verdict.DISCARD, reason="so", commit=f"{n:040x}", metric=1.0))
        if draw.random() < 0.1:
            say(ev.BudgetGranted(session=state.state.budget_session + 1, by=ME))
    return events


def thawed(state: LoopState) -> LoopState:
    """The state as a checkpoint brings it back."""
    return msgspec.json.decode(msgspec.json.encode(state), type=LoopState)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 25), st.floats(0, 1))
def test_a_checkpoint_anywhere_and_the_rest_is_the_whole(seed: int, count: int, share: float) -> None:
    """Folded in one go, from a thawed checkpoint, and event by event, the state is the same."""
    events = story(random.Random(seed), count)
    cut = int(share * len(events))
    whole = LoopFold().apply(events)
    assert whole == LoopFold(thawed(LoopFold().apply(events[:cut]))).apply(events[cut:])
    single = LoopFold()
    for event in events:
        single = LoopFold(thawed(single.apply([event])))
    assert whole == single.state


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 25))
def test_numbers_are_unique_and_none_is_left_out(seed: int, count: int) -> None:
    """Whatever is refused, recorded and reopened: every number below the next has ended once, or is spare."""
    events = story(random.Random(seed), count)
    state = LoopFold().apply(events)
    reopened = {one.n for one in events if isinstance(one, ev.ExperimentReopened)}
    ended = [one.n for one in events if isinstance(one, ev.ExperimentEnded | ev.ExperimentRecorded)]
    assert all(ended.count(n) == 1 + (n in reopened) for n in ended)
    spare = {state.spare_n} if state.spare_n is not None else set()
    assert set(range(state.next_n)) == {*ended, *spare} and not spare & {*ended}


def test_a_number_given_back_is_the_next_to_be_taken() -> None:
    """Refused after somebody recorded: the number is neither lost nor taken twice."""
    fold = LoopFold()
    fold.apply([ev.IdeaProposed(n=0, idea=idea("one"), seq=1), ev.ExperimentRecorded(n=1, status="discard", metric=1.0, by=ME, seq=2)])
    fold.apply([ev.IdeaRefused(n=0, why="no", seq=3)])
    assert (0, 2) == (fold.state.free_n, fold.state.next_n)
    fold.apply([ev.ExperimentRecorded(n=0, status="discard", metric=1.0, by=ME, seq=4)])
    assert (2, 2, None) == (fold.state.free_n, fold.state.next_n, fold.state.spare_n)


def test_of_several_metrics_the_best_is_the_one_of_the_best_score() -> None:
    """The first metric, which the records show, may be worse for it; what has no score is no best."""
    config = {"metric": {"name": "error", "direction": "lower"}, "scalarizer": "weighted_sum"}
    said: list[Event] = [ev.LoopCreated(seq=1, by=ME, name="demo", config=config, base="b", seed=1)]
    tried = ((0, 1.0, 0.0, True), (1, 0.5, 0.2, False), (2, 0.7, 0.9, False), (3, 0.1, None, False))
    said += [
        ev.ExperimentEnded(
            seq=2 + n, n=n, verdict=Verdict.KEEP if baseline else Verdict.DISCARD, commit=f"c{n}", metric=metric,
            reason="", score=score, baseline=baseline, reference=(0.0, 0.0) if baseline else None,
        )
        for n, metric, score, baseline in tried
    ]  # fmt: skip
    state = LoopFold().apply(said)
    assert (2, 0.7, 0.9, "c2") == (state.best_n, state.best_metric, state.best_score, state.best_commit)
    assert (0.0, 0.0) == (state.baseline_score, state.head_score)
