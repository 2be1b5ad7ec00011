"""A whole run steered by clicking in JupyterLab: real engine, real agent, real browser; the log holds what was clicked."""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

import steering
from desk import desk
from lab_server import Server
from playwright.sync_api import expect
from steering import Steering

pytestmark = [pytest.mark.browser, pytest.mark.slow]

GOAL = "Which model tells y best?"
NEW = f"%%autor new --agent tabular --intake --resources my.csv {steering.QUICK}\n{GOAL}"
STAGES = (
    "Literature Survey", "Hypothesis Generation", "Study Design", "Implementation", "Experimentation", "Analysis",
    "Writing", "Dissemination",
)  # fmt: skip


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with measurements."""
    place = tmp_path_factory.mktemp("project")
    (place / "runs").mkdir()
    steering.measurements(place)
    yield place
    steering.end_all(place)


def test_a_run_is_steered_to_its_end_by_clicking_alone(server: Server, project: Path) -> None:
    """Intake, refinement, an edit by hand, rollback, undo, rollback, approvals: each once in the log, by this person."""
    steering.notebook(project, "steer.ipynb", "%load_ext autor_nb", NEW)
    with desk(server, reduced_motion="reduce") as at:
        at.open("steer.ipynb")
        own = set(at.errors)
        at.run_all()
        run, panel = steering.newest(project), Steering(at, GOAL)
        answer_intake(panel)
        panel.approve("Literature Survey")
        panel.in_review("Literature Survey")
        edit_by_hand(panel)
        panel.approve("Hypothesis Generation")
        for stage, following in itertools.pairwise(STAGES[1:5]):
            panel.in_review(stage)
            panel.approve(following)
        refine_by_suggestion(panel)
        rollback_and_undo(panel)
        for stage, following in itertools.pairwise(STAGES[2:]):
            panel.in_review(stage, attempt={"Implementation": 2, "Experimentation": 3}.get(stage, 1))
            panel.approve(following)
        panel.in_review("Dissemination")
        assert [] == panel.look("last-review")
        panel.approve()
        expect(panel.part("heading", "The run is complete")).to_be_visible(timeout=steering.PATIENCE_MS)
        assert [] == panel.look("completed")
        assert "Dissemination, attempt 1 approved by you in a panel" in panel.decision
        panel.click(re.compile("^All .* decisions$"))
        said = panel.part("list", "Decisions, newest first").get_by_role("listitem")
        expect(said).to_have_count(len(steering.decided(run)))
        assert all("by you in a panel" in one for one in said.all_inner_texts())
        assert set() == set(at.errors) - own
    expected = ["Answered", *["Approved"], "DraftEdited", *["Approved"] * 4, "Refined", "RolledBack"]
    expected += ["RollbackUndone", "RolledBack", *["Approved"] * 6]
    assert [(kind, "panel") for kind in expected] == steering.decided(run)


def answer_intake(panel: Steering) -> None:
    """Choose a metric, leave the rest as usual, send."""
    panel.in_review("Intake")
    assert [] == panel.look("intake")
    panel.panel.get_by_role("group", name=re.compile("By which metric")).get_by_label("accuracy", exact=True).check()
    panel.click(re.compile("^Send 2.answers$"))
    panel.says("Stored")
    assert "2 intake questions answered by you in a panel" in panel.decision


def edit_by_hand(panel: Steering) -> None:
    """A sentence of one's own goes into the draft, and into an attempt that says who wrote it."""
    panel.click("Edit by hand")
    field = panel.panel.get_by_label("The draft as Markdown")
    expect(field).to_have_value(re.compile("## What I Did"), timeout=steering.PATIENCE_MS)
    field.fill(field.input_value().replace("## What I Did\n", "## What I Did\n\nA person looked into this, too.\n", 1))
    assert [] == panel.look("editing")
    panel.click("Save as edited by me")
    panel.in_review("Literature Survey", attempt=2)
    panel.says("A person looked into this, too.")


def refine_by_suggestion(panel: Steering) -> None:
    """Suggestion 2 makes attempt 2, whose results differ, as the comparison shows."""
    panel.in_review("Experimentation")
    panel.click(re.compile("^2 ?"))
    assert [] == panel.look("chosen")
    panel.click("Refine with suggestion 2")
    panel.in_review("Experimentation", attempt=2)
    panel.click("Compare with another attempt")
    expect(panel.part("heading", "Results")).to_be_visible(timeout=steering.PATIENCE_MS)
    assert [] == panel.look("compared")
    panel.click("Close")


def rollback_and_undo(panel: Steering) -> None:
    """The sheet says what becomes stale before it is done; undo takes it back; done again, the work begins there."""
    for again in (False, True):
        panel.click("Roll back…")
        sheet = panel.part("region", "Roll back")
        sheet.get_by_label("Go back to").select_option(label="03 Study Design")
        expect(sheet.get_by_role("listitem")).to_have_text(
            ["03 Study Design", "04 Implementation", "05 Experimentation"], use_inner_text=True
        )
        assert again or [] == panel.look("rolling-back")
        panel.click("Roll back to 03 Study Design")
        panel.in_review("Study Design")
        if not again:
            assert [] == panel.look("rolled-back")
            panel.click(re.compile("^Undo rollback"))
            panel.click("Undo the rollback")
            panel.in_review("Experimentation", attempt=2)
