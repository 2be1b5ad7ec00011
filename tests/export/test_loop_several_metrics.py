"""A loop that weighs several metrics: what is kept, claimed and proposed is about their score, and is called so."""

from __future__ import annotations

import pytest

from autor_nb.domain.loops.config import GateSpec, MetricSpec
from autor_nb.engine.loops.past import Past
from autor_nb.export import loop_report, loop_source
from autor_nb.record import loop_headline
from autor_nb.record.markup import escape_markdown
from autor_nb.store import eventlog
from autor_nb.store.loops.words import EVENTS
from autor_nb.testing.loop_project import LoopProject, edit
from autor_nb.verbs.loops.best import best_facts
from autor_nb.verbs.result import Face
from autor_nb.verbs.tree import invoke

TWO = (MetricSpec(name="loss", direction="lower"), MetricSpec(name="size", direction="lower"))
WORSE_LOSS = edit(level=1.2, size=0.3, salt=1)


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> LoopProject:
    """A keep that loses in the first metric and gains more in the second, then something worse in both."""
    made = LoopProject.make(
        tmp_path_factory.mktemp("two-metrics_here"), [WORSE_LOSS, edit(level=1.4, size=1.4)],
        gate=GateSpec(name="eprocess"), metrics=TWO, scalarizer="weighted_sum",
        scalarizer_options={"weights": {"loss": 1.0, "size": 8.0}},
    )  # fmt: skip
    made.work(made.start(iterations=2))
    assert {1: "keep", 2: "discard"} == made.verdicts()
    return made


def test_the_headline_names_the_score_and_gives_no_share_of_it(worked: LoopProject) -> None:
    """A score of 0 is where the baseline happened to be, so a share of it says nothing; nor is it the first metric."""
    state = worked.state
    said = loop_headline.headline(state)
    assert said.source == "audit" and said.better
    assert "score (weighted_sum) " in said.text and "%" not in said.text and "loss" not in said.text
    assert loop_headline.remeasured_words(state).startswith("score (weighted_sum) ")
    facts = best_facts(worked.loop, state)
    assert facts["head"]["metric"] > facts["baseline"], "what is recorded stays the first metric"


def test_the_report_draws_the_score_and_counts_the_keep_as_a_gain(worked: LoopProject) -> None:
    """No curve is called by the first metric's name, and the top hit's gain is of what was confirmed."""
    source = loop_source.read(worked.loop)
    text = loop_report.as_markdown(source)
    assert "score (weighted_sum), higher is better" in text and "loss, higher is better" not in text
    (hit,) = source.hits
    assert 1 == hit.n and hit.gain > 0
    answer = invoke(["loop", "status", str(worked.loop.path)], Face(name="api"))
    assert answer is not None and "score (weighted_sum)" in str(answer.blocks)


def test_a_critic_is_told_the_score_and_not_the_first_metric(worked: LoopProject) -> None:
    """Higher is better for all of them; a keep is a gain, what was worse a loss."""
    events, _ = eventlog.read(worked.loop.events, 0, EVENTS)
    past = Past(events)
    base, kept, worse = past.experiments
    ends = {n: worked.ended(n) for n in (1, 2)}
    assert (ends[1].score, ends[2].score) == (kept.metric, worse.metric)
    assert base.metric is not None and kept.metric is not None and worse.metric is not None
    assert kept.metric > base.metric > worse.metric and base.delta is None
    assert kept.delta is not None and worse.delta is not None and kept.delta > 0 > worse.delta
    assert past.standing_score == kept.metric


def test_no_folder_of_the_machine_is_in_the_markdown_even_where_its_name_is_escaped(worked: LoopProject) -> None:
    """Hyphens and underscores of a path are escaped in Markdown; it is taken out all the same."""
    place = str(worked.folder)
    text = loop_report.as_markdown(loop_source.read(worked.loop))
    assert escape_markdown(place) != place
    assert place not in text and escape_markdown(place) not in text
