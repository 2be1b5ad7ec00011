"""run_config.json: what a person edits there is taken over, keys that are not ours included, and named when wrong."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from autor_nb.domain import commands as cmd
from autor_nb.domain import events as ev
from autor_nb.domain import rules
from autor_nb.domain.errors import UsageError
from autor_nb.domain.fold import Fold
from autor_nb.domain.run import Actor, RunConfig
from autor_nb.domain.stage import StageRef, models_by_slug
from autor_nb.engine.configuration import EDITOR, edited_config, write_config
from autor_nb.store.layout import RunFolder

ME = Actor(face="test")
REFS = tuple(StageRef(number=f"{n:02d}", slug=f"{n:02d}_s", title="S") for n in (1, 2, 3))


class Desk:
    """A run whose configuration is on disk as the log has it."""

    def __init__(self, place: Path) -> None:
        self.run, self.fold = RunFolder(place), Fold()
        self.run.make()
        config = msgspec.to_builtins(RunConfig())
        self.take(ev.RunCreated(run_id="r", goal="g", workflow=REFS, config=config))
        self.take(write_config(self.run, ev.ConfigChanged(config=config)))

    def take(self, event: ev.Event | None) -> None:
        """It happened."""
        assert event is not None
        self.fold.apply([event])

    def edit(self, **changed: object) -> None:
        """A person edits the file."""
        on_disk = msgspec.json.decode(self.run.run_config.read_bytes())
        self.run.run_config.write_bytes(msgspec.json.encode({**on_disk, **changed}))

    @property
    def edited(self) -> ev.ConfigChanged | None:
        """What the engine takes over."""
        return edited_config(self.run, self.fold.state)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A fresh one."""
    return Desk(tmp_path)


def test_an_edited_file_is_taken_over_once_and_says_that_it_was_the_file(desk: Desk) -> None:
    """The run goes on with it; the same file again is no news."""
    assert desk.edited is None
    desk.edit(seed=7, ours_not={"kept": [1]})
    desk.take(desk.edited)
    assert EDITOR == Actor(face="file")
    assert 7 == rules.config_of(desk.fold.state).seed
    assert desk.edited is None


def test_keys_that_are_not_ours_outlive_a_resume_with_other_options(desk: Desk) -> None:
    """They are in the log and on disk still."""
    desk.edit(ours_not={"kept": [1]})
    desk.take(desk.edited)
    changed, *_ = rules.answer(desk.fold.state, cmd.Start(id="s", at="", by=ME, config={"venue": "nature"}))
    assert isinstance(changed, ev.ConfigChanged)
    desk.take(write_config(desk.run, changed))
    on_disk = msgspec.json.decode(desk.run.run_config.read_bytes())
    assert ({"kept": [1]}, "nature") == (on_disk["ours_not"], on_disk["venue"])
    assert on_disk == desk.fold.state.config


@pytest.mark.parametrize(("changed", "word"), [
    ({"seed": "seven"}, "not a valid configuration"),
    ({"models": {"9": "m"}}, "no stage of this run"),
    ({"limits": {"retries": "many"}}, "not a valid configuration"),
])
def test_what_cannot_be_meant_is_refused_with_the_file_and_the_mend(
    desk: Desk, changed: dict[str, object], word: str
) -> None:
    """The message names run_config.json; the suggestion resumes."""
    desk.edit(**changed)
    with pytest.raises(UsageError, match=word) as raised:
        _ = desk.edited
    assert "run_config.json" in raised.value.message
    assert "autor resume" in raised.value.suggestion


@pytest.mark.parametrize("named", ["2", "02", "02_s"])
def test_a_stages_model_may_be_named_by_number_wherever_it_is_said(desk: Desk, named: str) -> None:
    """In the file and by `resume`, the log has the slug; nothing is ignored in silence."""
    desk.edit(models={named: "big"})
    desk.take(desk.edited)
    assert {"02_s": "big"} == rules.config_of(desk.fold.state).models == models_by_slug({named: "big"}, REFS)
    changed, *_ = rules.answer(desk.fold.state, cmd.Start(id="s", at="", by=ME, config={"models": {named: "small"}}))
    assert isinstance(changed, ev.ConfigChanged)
    assert {"02_s": "small"} == changed.config["models"]
    with pytest.raises(rules.Refused, match="does not have"):
        rules.answer(desk.fold.state, cmd.Start(id="s", at="", by=ME, config={"models": {"cooking": "m"}}))
