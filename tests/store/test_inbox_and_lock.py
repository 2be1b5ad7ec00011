"""Commands arrive whole and in order; one engine a run, and everybody can see whether it lives."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from autor_nb.domain import commands as cmd
from autor_nb.domain.errors import UsageError
from autor_nb.domain.run import Actor
from autor_nb.store import inbox
from autor_nb.store.layout import RunFolder, find_run, new_run_folder, runs_root
from autor_nb.store.lock import EngineLock, living_holder, read_holder

ME = Actor(face="test")


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """An empty run folder."""
    folder = new_run_folder(tmp_path / "runs")
    folder.make()
    return folder


def command(number: int) -> cmd.Abort:
    """A command that can be told apart."""
    return cmd.Abort(id=f"c{number}", at="", by=ME)


def test_commands_are_answered_in_the_order_in_which_they_came(run: RunFolder) -> None:
    """Twenty drops, twenty in order."""
    for number in range(20):
        inbox.drop(run, command(number))
    assert [f"c{n}" for n in range(20)] == [c.id for _, c in inbox.waiting(run)]


def test_a_malformed_command_is_set_aside_with_its_bytes(run: RunFolder) -> None:
    """Nothing is thrown away, and the good ones still come."""
    (run.inbox / "00-bad.json").write_bytes(b"{half")
    inbox.drop(run, command(1))
    assert ["c1"] == [c.id for _, c in inbox.waiting(run)]
    assert b"{half" == (run.inbox / "rejected" / "00-bad.json").read_bytes()


def test_a_second_engine_is_refused_by_name(run: RunFolder) -> None:
    """The message names the run and the process that works on it."""
    with EngineLock(run):
        holder = living_holder(run)
        assert holder is not None
        with pytest.raises(UsageError, match=f"{run.run_id} is already being worked on by process {holder.pid}"):
            EngineLock(run, acquire_s=0.05).__enter__()
    assert living_holder(run) is None


def test_a_holder_that_died_is_not_taken_for_alive(run: RunFolder) -> None:
    """The holder file of a killed process says nothing."""
    lock = EngineLock(run).__enter__()
    (claim,) = (run.operator_state / "engine").glob("*.json")
    text = claim.read_text()
    lock.__exit__(None, None, None)
    claim.with_name("000002.json").write_text(text.replace('"pid":', '"pid":9'))
    assert read_holder(run) is not None
    assert living_holder(run) is None


def _make(root: str) -> str:
    return new_run_folder(Path(root)).run_id


def test_twelve_simultaneous_runs_get_twelve_ids(tmp_path: Path) -> None:
    """`mkdir` decides, nobody shares a folder."""
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        ids = pool.map(_make, [str(tmp_path / "runs")] * 12)
    assert 12 == len(set(ids))


def test_the_runs_root_is_found_the_same_way_from_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Said, else the variable, else the nearest ancestor's runs/, else ./runs."""
    monkeypatch.delenv("AUTOR_RUNS_DIR", raising=False)
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    assert deep / "runs" == runs_root(start=deep)
    (tmp_path / "runs").mkdir()
    assert tmp_path / "runs" == runs_root(start=deep)
    monkeypatch.setenv("AUTOR_RUNS_DIR", str(tmp_path / "elsewhere"))
    assert tmp_path / "elsewhere" == runs_root(start=deep)
    assert tmp_path / "said" == runs_root(tmp_path / "said", start=deep)


def test_an_unknown_run_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    """The message says where it looked and what to type."""
    with pytest.raises(UsageError, match="There is no run 'nope'"):
        find_run(tmp_path / "runs", "nope")
