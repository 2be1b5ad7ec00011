"""The final audit of a loop whose metrics have a test each: by the same ways as its keeps, at the bar of all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.commands import AuditLoop
from autor_nb.domain.loops.config import GateSpec, MetricSpec
from autor_nb.testing.loop_project import LoopProject, edit

BOTH = (MetricSpec(name="loss", direction="lower"), MetricSpec(name="size", direction="lower"))


def lexicographic(tmp_path: Path, text: str, gate: str) -> LoopProject:
    """Loss first, within 0.1; then size."""
    return LoopProject.make(
        tmp_path, [text], gate=GateSpec(name=gate), metrics=BOTH, scalarizer="lexicographic",
        scalarizer_options={"tolerances": {"loss": 0.1}},
    )  # fmt: skip


@pytest.mark.parametrize("gate", ["eprocess", "greedy"])
def test_what_was_kept_for_its_second_metric_is_shown_by_it(gate: str, tmp_path: Path) -> None:
    """Given half the size at the same loss, when audited, then it is better, at twice the bar: there are two ways."""
    project = lexicographic(tmp_path, edit(level=0.99, size=0.5, salt=1), gate)
    project.work(project.start(iterations=1))
    audit = project.of(ev.AuditEnded)[-1]
    assert ("keep", True, 40.0) == (project.verdicts()[1], audit.better, audit.bar) and audit.e_value >= 40.0


def test_a_second_audit_of_them_goes_on_from_the_pairs_of_the_first(tmp_path: Path) -> None:
    """Given a keep by luck, when its audit is asked for again, then twenty pairs tell of each metric, and it is none."""
    project = lexicographic(tmp_path, edit(level=0.99, size=0.999, noise=0.1, salt=1), "greedy")
    project.work(project.start(iterations=1))
    assert {1: "keep"} == project.verdicts()
    project.work(project.command(AuditLoop))
    audit = project.of(ev.AuditEnded)[-1]
    assert (10, 20, False) == (audit.before, audit.pairs, audit.better)
