"""Lines of a loop's log that are no events are set aside and told, never fatal; what its views know is put back."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from autor_nb import loop_control
from autor_nb.domain.errors import DamagedLogError
from autor_nb.domain.events import LogRecovered
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.state import LoopStatus
from autor_nb.store.lock import EngineLock
from autor_nb.store.loops import damage, history, ledger, standing
from autor_nb.store.loops.layout import LoopFolder
from autor_nb.testing.loop_project import ME, LoopProject, edit

GARBAGE = {
    "words": b"xx", "bytes": b"\x00\xff\xfe garbage \x80", "half an event": b'{"type":"trial_ended","seq":7,"tri',
    "another object": b'{"seq": 3}', "a list": b"[]", "nesting": b"[" * 5000, "zeros": b"\x00" * 4096,
}  # fmt: skip
PLACES = {"begin": 0.0, "middle": 0.5, "end": 1.0}


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A loop with a baseline, a keep, a crash and a record of somebody outside; nobody changes it."""
    folder = tmp_path_factory.mktemp("story")
    project = LoopProject.make(folder, [edit(level=0.5), edit(what="crash"), edit(level=0.4), edit(level=0.3)])
    project.work(project.start(iterations=2))
    loop_control.record(project.loop, ME, status="discard", metric=2.0, summary="by hand", commit="")
    assert list(project.verdicts().values()) == ["keep", "crash"]
    return folder


@pytest.fixture
def project(story: Path, tmp_path: Path) -> LoopProject:
    """A copy of it, in its place."""
    shutil.copytree(story, tmp_path / "copy", symlinks=True)
    folder = tmp_path / "copy/project"
    return LoopProject(folder, LoopFolder(folder / "autor_loops/demo"))


def lines_of(project: LoopProject) -> list[bytes]:
    """The log's lines, each with its end."""
    return project.loop.events.read_bytes().splitlines(keepends=True)


def mended(project: LoopProject) -> LogRecovered:
    """Mend it as an engine does; what was told of it."""
    with EngineLock(project.loop) as held, ledger.opened(project.loop, held):
        pass
    (told,) = [one for one in project.of(LogRecovered) if one.line]
    return told


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbage_between_the_lines_is_set_aside_and_nothing_is_lost(
    garbage: str, place: str, project: LoopProject
) -> None:
    """Every acknowledged line is where it was, the log as it was is kept, and the views are as before."""
    before, views = lines_of(project), history.read(project.loop.experiments).records
    at = round(PLACES[place] * len(before))
    hurt = b"".join([*before[:at], GARBAGE[garbage] + b"\n", *before[at:]])
    project.loop.events.write_bytes(hurt)
    assert loop_control.snapshot(project.loop).status is LoopStatus.DAMAGED or place == "begin"
    assert standing.whole(project.loop).experiments == 4
    told = mended(project)
    assert lines_of(project)[: len(before)] == before
    assert (told.line, told.lines, told.missing, told.restored) == (at + 1, 1, (), ())
    assert (project.loop.path / told.kept_in / "events.jsonl").read_bytes() == hurt
    assert history.read(project.loop.experiments).records == views
    assert loop_control.snapshot(project.loop).status is LoopStatus.STOPPED


@pytest.mark.parametrize("place", PLACES)
def test_a_loop_goes_on_after_garbage(place: str, project: LoopProject) -> None:
    """Given garbage in the log, when it is started, then it works, and says what was set aside."""
    before = lines_of(project)
    at = round(PLACES[place] * len(before))
    project.loop.events.write_bytes(b"".join([*before[:at], b"\x00 garbage\n", *before[at:]]) + b'{"torn')
    state = project.work(project.start(iterations=1))
    assert (state.status, state.damaged) == (LoopStatus.STOPPED, "")
    assert list(project.verdicts().values()) == ["keep", "crash", "keep"]
    assert "set aside" in state.mended and "damaged/" in state.mended
    assert not damage.is_hurt(project.events)


def test_a_record_is_taken_although_there_is_garbage(project: LoopProject) -> None:
    """Given garbage in the log, when an experiment is recorded, then it has the next number."""
    before = lines_of(project)
    project.loop.events.write_bytes(b"".join([*before[:5], b"xx\n", *before[5:]]))
    assert loop_control.record(project.loop, ME, status="discard", metric=3.0, summary="more").event.n == 4
    assert [one.run for one in history.read(project.loop.experiments).records] == [0, 1, 2, 3, 4]


def test_whichever_line_is_lost_the_loop_can_be_read_and_its_experiments_are_kept(
    project: LoopProject, tmp_path: Path
) -> None:
    """Given one line in whose place garbage stands, when mended, then what the views hold is put back, else told."""
    before, whole = lines_of(project), history.read(project.loop.experiments).records
    events, state = project.events, project.state
    for at, lost in enumerate(events):
        folder = tmp_path / str(at) / "project"
        shutil.copytree(project.folder, folder, symlinks=True)
        other = LoopProject(folder, LoopFolder(folder / "autor_loops/demo"))
        other.loop.events.write_bytes(b"".join([*before[:at], b"\x00\n" * (at % 2), *before[at + 1 :]]))
        if not damage.is_hurt(other.events):
            assert at + 1 == len(events)  # nobody can know that a last line was there
            continue
        told = mended(other)
        ends = isinstance(lost, ev.ExperimentEnded | ev.ExperimentRecorded | ev.LoopCreated)
        known = ((), (at + 1,)) if ends else ((at + 1,), ())
        if at + 1 == len(events) and not ends:
            known = ((), ())
        assert (told.missing, told.restored) == known, lost
        seqs = [one.seq for one in other.events]
        assert seqs == list(range(1, len(seqs) + 1)), lost
        now = standing.whole(other.loop)
        assert (now.damaged, now.experiments, now.config) == ("", state.experiments, state.config), lost
        assert now.counts == state.counts, lost
        if ends:
            assert (now.head, now.head_metric, now.best_n) == (state.head, state.head_metric, state.best_n), lost
        after = history.read(other.loop.experiments).records
        assert [(one.run, one.status, one.metric, one.verdict) for one in after] == [
            (one.run, one.status, one.metric, one.verdict) for one in whole
        ], lost
        assert history.read(other.loop.path / told.kept_in / "experiments.jsonl").records == whole


def test_what_is_not_known_any_more_is_said(project: LoopProject) -> None:
    """Given a lost end of an experiment that no view holds, when mended, then its number is told as lost."""
    before, events = lines_of(project), project.events
    at = next(n for n, one in enumerate(events) if isinstance(one, ev.ExperimentEnded) and one.n == 2)
    project.loop.events.write_bytes(b"".join([*before[:at], b"xx\n", *before[at + 1 :]]))
    project.loop.experiments.unlink()
    assert (mended(project).missing, project.state.counts.get("crash", 0)) == ((at + 1,), 0)
    assert f"nothing is known of event {at + 1}: what was acknowledged there is lost" in project.state.mended


def test_a_line_of_a_newer_version_waits_for_a_person(project: LoopProject) -> None:
    """Given a numbered event that only another version can read, then no engine sets it aside; `recover` does."""
    before = lines_of(project)
    newer = b'{"type":"loop_stopped","seq":5,"at":"2026-01-01T00:00:00Z","reason":{"a":1},"cause":"x"}\n'
    project.loop.events.write_bytes(b"".join([*before[:4], newer, *before[5:]]))
    with pytest.raises(DamagedLogError, match="may be of a newer version") as refused:
        project.work(project.start(iterations=1))
    assert "autor recover" in refused.value.suggestion
    told = loop_control.recover_log(project.loop, ME)
    assert told is not None and (told.line, told.by) == (5, ME)
    assert project.work().damaged == ""
