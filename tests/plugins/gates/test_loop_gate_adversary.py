"""Somebody who sees every e-value and may veto, repeat, retry, fork and stop cannot make the gates keep more noise."""

from __future__ import annotations

import math

import msgspec
import pytest

from autor_nb import registry
from autor_nb.domain.loops.case import Case, Decided, Step
from autor_nb.plugins.gates.fixed import FixedGate
from autor_nb.testing.siege import Besieger, Siege
from autor_nb.testing.simulated import Simulator, World


class PeekingGate(FixedGate):
    """Broken in a way that no null session shows: repeats that a person adds are tested again at the same level."""

    def next(self, case: Case) -> Step:
        """A paired t-test of all pairs there are, whenever it is asked, with 1/p shown where an e-value stands."""
        self.n = 8 + case.extra_pairs
        step = super().next(case)
        if not isinstance(step, Decided) or step.p_value is None:
            return step
        return msgspec.structs.replace(step, e_value=1 / max(step.p_value, 1e-300))


def besieged(gate: object, sessions: int, **how: int) -> list[Siege]:
    """Sessions of the strongest person there is against this gate."""
    person = Besieger(gate, seed=5, **how)  # type: ignore[arg-type]
    return [person.session(number) for number in range(sessions)]


def share(sieges: list[Siege]) -> float:
    """The share of sessions in which something was kept."""
    return sum(bool(siege.kept) for siege in sieges) / len(sieges)


def test_four_forks_repeats_vetoes_and_retries_do_not_raise_the_rate() -> None:
    """Always on with what looks best, until the first keep: 2,000 sessions of 100 ideas keep something in at most 2 %."""
    sieges = besieged(registry.create("gates", "eprocess"), 2000)
    assert share(sieges) <= 0.02
    assert sum(siege.vetoes for siege in sieges) > 10_000
    assert sum(siege.reopened for siege in sieges) > 4_000
    assert max(siege.longest for siege in sieges) == 48
    assert sum(siege.peak > 20 for siege in sieges) > 400, "hopes that a laxer bar would have kept"


def test_more_ideas_and_repeats_than_anybody_has_stay_within_the_budget() -> None:
    """Three hundred ideas and two hundred pairs more: the budget of the whole session is .10, and it holds far below."""
    sieges = besieged(registry.create("gates", "eprocess"), 250, ideas=300, repeats=200, forks=2)
    assert share(sieges) <= 0.04
    assert max(siege.longest for siege in sieges) > 100


def test_a_gate_that_reads_repeats_as_new_tests_is_found_out() -> None:
    """The siege has teeth: the same gate looks honest as long as nobody meddles."""
    plain = Simulator(PeekingGate(alpha=0.3), World(candidates=40), seed=5)
    honest = sum(bool(plain.session(n, until_first_keep=True).keeps) for n in range(300)) / 300
    raised = share(besieged(PeekingGate(alpha=0.3), 300, ideas=40, repeats=64))
    assert raised > 1.5 * honest
    assert raised - honest > 3 * math.sqrt(honest / 300)


@pytest.mark.parametrize("gate", ["eprocess", "fixed", "shared"])
def test_a_siege_is_the_same_whenever_it_is_played_again(gate: str) -> None:
    """Every gate can be besieged, one session apart from the others."""
    person = Besieger(registry.create("gates", gate), ideas=15, seed=9)
    first = [person.session(number) for number in range(4)]
    assert first[::-1] == [person.session(number) for number in (3, 2, 1, 0)]
    assert all(siege.confirms <= siege.ideas <= 15 for siege in first)
