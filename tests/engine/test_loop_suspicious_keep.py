"""A keep that is flagged as suspicious is in the head, and everything that is said of it asks for a person."""

from __future__ import annotations

from pathlib import Path

from autor_nb.domain.loops.story import suspicious
from autor_nb.export.loop_report import as_markdown
from autor_nb.export.loop_source import read
from autor_nb.record import loop_headline
from autor_nb.testing.loop_project import LoopProject, edit
from autor_nb.verbs.loops.status import loop_card


def test_what_rests_on_a_suspicious_keep_says_so(tmp_path: Path) -> None:
    """Headline, status, STATE.md and report name the experiment and the reason; another keep is not named."""
    project = LoopProject.make(tmp_path, [edit(level=0.8), edit(level=0.5, what="itself")])
    state = project.work(project.start(iterations=2))
    reason = project.ended(2).suspicious[0]
    assert {1: "keep", 2: "keep"} == project.verdicts() and not project.ended(1).suspicious
    said = loop_headline.headline(state)
    assert (True, (2,)) == (said.better, said.suspicious) and "experiment 2, flagged as suspicious" in said.text
    card = loop_card(project.loop)
    assert [(2, "keep", [reason])] == [(one["n"], one["verdict"], one["why"]) for one in card.facts["suspicious"]]
    assert [2] == card.facts["headline"]["suspicious"]
    texts = [repr(card.blocks), project.loop.state_md.read_text(), as_markdown(read(project.loop))]
    assert all(reason[:40] in text.replace("\\", "") for text in texts)


def test_an_honest_head_is_not_flagged(tmp_path: Path) -> None:
    """A suspicious experiment that was discarded qualifies no claim, and is named all the same."""
    project = LoopProject.make(tmp_path, [edit(level=0.5), edit(level=0.9, what="itself")])
    state = project.work(project.start(iterations=2))
    said = loop_headline.headline(state)
    assert {1: "keep", 2: "discard"} == project.verdicts()
    assert said.better and () == said.suspicious and "suspicious" not in said.text
    assert [2] == [row.n for row in suspicious(state)]
