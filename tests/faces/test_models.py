"""A model for one stage: said in a shell, in Python or in a batch, recorded with the attempt that used it."""

from __future__ import annotations

from typing import Any

import pytest

import autor_nb
from autor_nb.domain import events as ev
from autor_nb.domain.errors import UsageError
from autor_nb.verbs import request


def models_used(events: list[Any]) -> list[tuple[str, str]]:
    """(stage, model) of every attempt."""
    return [(event.stage[:2], event.model) for event in events if isinstance(event, ev.AttemptStarted)]


@pytest.mark.parametrize("place", ["none"], indirect=True)
@pytest.mark.parametrize("face", ["cli", "api"])
def test_a_stage_is_worked_on_with_its_own_model(place: Any, face: str) -> None:
    """02 has its own, 01 the run's; resuming may name another."""
    if face == "cli":
        said = place.autor(
            "new", "--agent", "scripted", "--model", "m", "--model", "2=big", "--reviewer", "person", "--wait", "--json", "g"
        )
        assert 0 == said.code, said.out
    else:
        autor_nb.new("g", agent="scripted", model="m", models={2: "big"}, wait=True)
    assert 0 == place.autor("approve", "--wait", "--json").code
    assert [("01", "m"), ("02", "big")] == models_used(place.events)
    assert {"02_hypothesis_generation": "big"} == autor_nb.open().state.config["models"]
    if face == "cli":
        assert 0 == place.autor("resume", "--model", "03=huge", "--json").code
    else:
        autor_nb.open().resume(models={"03": "huge"})
    models = autor_nb.open().state.config["models"]
    assert {"02_hypothesis_generation": "big", "03_study_design": "huge"} == models


@pytest.mark.parametrize("place", ["none"], indirect=True)
def test_a_model_for_no_stage_is_refused_before_there_is_a_run(place: Any) -> None:
    """The stages are named."""
    said = place.autor("new", "--agent", "scripted", "--model", "17=big", "--json", "g")
    assert 2 == said.code
    assert "no stage '17'" in said.json["error"]["message"]
    assert not place.runs


def test_names_and_stages_are_told_apart() -> None:
    """A model's own `=` is part of its name."""
    assert {"model": "a", "models": {}} == request.models(["a"])
    assert {"model": "vendor/x=1", "models": {"03": "b", "5_e": "c=d"}} == request.models(["vendor/x=1", "03=b", "5_e=c=d"])
    with pytest.raises(UsageError, match="no model for stage 03"):
        request.models(["03= "])
