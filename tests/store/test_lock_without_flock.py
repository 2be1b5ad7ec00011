"""On a file system without `flock`: one engine a run all the same, dead ones passed over, sleepers stopped in words."""

from __future__ import annotations

import errno
import fcntl
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Iterator
from multiprocessing.synchronize import Barrier
from pathlib import Path

import msgspec
import pytest

from autor_nb.domain import events as ev
from autor_nb.domain.errors import StoreError, UsageError
from autor_nb.store import claims, eventlog
from autor_nb.store.claims import Holder, Level
from autor_nb.store.layout import RunFolder, new_run_folder
from autor_nb.store.lock import EngineLock, LockLostError, claims_folder, level_in, living_holder, myself, read_holder

HERE = Path(__file__).parent
NO_FLOCK = str(HERE / "no_flock.py")
LONG_AGO = claims.EXPIRED_S + 30


@pytest.fixture(params=["ENOTSUP", "ENOSYS", "ENOLCK"])
def without(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every `flock` of this process fails as those file systems let it fail."""

    def refused(*_: object) -> None:
        raise OSError(getattr(errno, request.param), "no locks here")

    monkeypatch.setattr(fcntl, "flock", refused)
    return str(request.param)


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A run with a log of one line."""
    return _run(tmp_path)


def _run(root: Path) -> RunFolder:
    run = new_run_folder(root / "runs")
    run.make()
    log = eventlog.EventLog(run.events)
    log.append(ev.WorkerStopped(reason="first"))
    log.close()
    return run


def claim_by(run: RunFolder, number: int, age_s: float, **changed: object) -> Path:
    """What an engine left that was heard of so long ago."""
    holder = msgspec.structs.replace(myself(Level.HEARTBEAT, f"token{number}"), **changed)
    folder = claims_folder(run)
    folder.mkdir(exist_ok=True)
    path = claims.place(folder, number)
    path.write_bytes(msgspec.json.encode(holder))
    then = path.stat().st_mtime - age_s
    os.utime(path, (then, then))
    return path


def sent_to_sleep(lock: EngineLock) -> None:
    """Make that lock's claim one of another host that was not heard of for long."""
    path = claims.place(lock._folder, lock._number)
    holder = msgspec.json.decode(path.read_bytes(), type=Holder)
    path.write_bytes(msgspec.json.encode(msgspec.structs.replace(holder, host="elsewhere", boot_id="other")))
    then = path.stat().st_mtime - LONG_AGO
    os.utime(path, (then, then))


def test_without_flock_a_claim_is_the_lock_and_says_so(run: RunFolder, without: str) -> None:
    """A second one is refused by name, everybody sees the first, and the weaker level is told."""
    with EngineLock(run) as held:
        assert (Level.HEARTBEAT, True) == (held.level, "no locks" in held.told)
        assert os.getpid() == living_holder(run).pid
        with pytest.raises(UsageError, match=f"already being worked on by process {os.getpid()}"):
            EngineLock(run, acquire_s=0).__enter__()
    assert living_holder(run) is None
    with EngineLock(run, acquire_s=0):
        pass


def test_a_file_system_with_flock_keeps_it_and_tells_nothing(run: RunFolder, tmp_path: Path) -> None:
    """The usual level is not worth a word."""
    with EngineLock(run) as held:
        assert (Level.FLOCK, "") == (held.level, held.told)
    assert (Level.FLOCK, "") == level_in(tmp_path)


def test_the_level_of_a_folder_can_be_asked_beforehand(tmp_path: Path, without: str) -> None:
    """Doctor's question; nothing is left behind."""
    assert (Level.HEARTBEAT, "no locks here") == level_in(tmp_path)
    assert [] == list(tmp_path.iterdir())


def test_another_fault_is_not_taken_for_a_missing_lock(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """An I/O error never makes the lock softer."""

    def broken(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(fcntl, "flock", broken)
    with pytest.raises(StoreError, match="cannot be locked: A system call failed: Input/output error"):
        EngineLock(run).__enter__()
    assert [] == list(claims_folder(run).glob("*"))


@pytest.mark.parametrize("usual", [True, False])
def test_another_hosts_engine_is_believed_until_its_heartbeat_has_expired(
    run: RunFolder, usual: bool, request: pytest.FixtureRequest
) -> None:
    """Fresh: refused with its host and how long to wait. Expired: taken over, at either level."""
    if not usual:
        request.getfixturevalue("monkeypatch").setattr(fcntl, "flock", _not_here)
    path = claim_by(run, 7, 20, host="nodeB", boot_id="other", pid=1)
    assert "nodeB" == living_holder(run).host
    with pytest.raises(UsageError, match="by process 1 on nodeB") as refused:
        EngineLock(run, acquire_s=0).__enter__()
    assert "heard of 20 s ago" in refused.value.suggestion
    assert "60 s after" in refused.value.suggestion
    then = path.stat().st_mtime - LONG_AGO
    os.utime(path, (then, then))
    assert living_holder(run) is None
    with EngineLock(run, acquire_s=0):
        assert os.getpid() == living_holder(run).pid
        assert {"000007.ended", "000008.json"} == {p.name for p in claims_folder(run).glob("0*")}


def _not_here(*_: object) -> None:
    raise OSError(errno.ENOTSUP, "no locks here")


@pytest.mark.parametrize(
    ("age_s", "changed", "alive"),
    [
        (5.0, {"pid": 2**22 + 5}, False),
        (5.0, {"process_started": 1.0}, False),
        (1e8, {"boot_id": "the boot before"}, False),
        (5.0, {"boot_id": "a namesake"}, True),
        (5.0, {"pid": 2**22 + 5, "pid_space": "pid:[1]"}, True),
        (LONG_AGO, {"pid_space": "pid:[1]"}, False),
        (LONG_AGO, {}, True),
    ],
)
def test_on_the_same_host_process_and_boot_decide_at_once(
    run: RunFolder, age_s: float, changed: dict[str, object], alive: bool
) -> None:
    """A dead pid, another process of that number, a boot ago: free. A namesake or a container is not judged by pid."""
    claim_by(run, 1, age_s, **changed)
    assert alive is (living_holder(run) is not None)


def test_a_claim_that_is_being_written_is_not_passed_over(run: RunFolder, without: str) -> None:
    """Where there are no hard links a claim may be empty for an instant; nobody takes it for nobody's."""
    path = claim_by(run, 1, 0)
    path.write_bytes(b"")
    with pytest.raises(UsageError, match="another process"):
        EngineLock(run, acquire_s=0).__enter__()


def test_a_file_system_without_links_has_claims_too(
    run: RunFolder, without: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exclusive creation does it there."""

    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refused)
    with EngineLock(run):
        assert os.getpid() == read_holder(run).pid
        with pytest.raises(UsageError):
            EngineLock(run, acquire_s=0).__enter__()


def test_a_sleeper_that_was_taken_over_writes_nothing_more(run: RunFolder, without: str) -> None:
    """It stops in words that name who works on it now, and its leaving does not end the other's claim."""
    sleeper = EngineLock(run).__enter__()
    log = eventlog.EventLog(run.events, sleeper.confirm)
    sent_to_sleep(sleeper)
    with EngineLock(run, acquire_s=0) as taker:
        before = run.events.read_bytes()
        with pytest.raises(LockLostError, match=f"taken over by process {os.getpid()} on .*writes nothing more"):
            log.append(ev.WorkerStopped(reason="stale"))
        sleeper.__exit__(None, None, None)
        assert before == run.events.read_bytes()
        assert taker._token == living_holder(run).token
        taker.confirm()


def test_what_a_sleeper_writes_between_asking_and_writing_is_not_read(run: RunFolder, without: str) -> None:
    """It asked, slept, was taken over, and wrote: it is told, and the log of the other holds no word of it."""
    sleeper = EngineLock(run).__enter__()
    takers: list[EngineLock] = []

    def asked() -> None:
        sleeper.confirm()
        if log and not takers:
            sent_to_sleep(sleeper)
            takers.append(EngineLock(run, acquire_s=0).__enter__())

    log: list[eventlog.EventLog] = []
    log.append(eventlog.EventLog(run.events, asked))
    before = run.events.read_bytes()
    with pytest.raises(LockLostError):
        log[0].append(ev.WorkerStopped(reason="stale"))
    assert before == run.events.read_bytes()
    takers[0].__exit__(None, None, None)


def test_a_sleeper_that_nobody_took_over_goes_on(run: RunFolder, without: str) -> None:
    """It asks once more, is heard of again, and writes."""
    with EngineLock(run) as held:
        log = eventlog.EventLog(run.events, held.confirm)
        path = claims.place(held._folder, held._number)
        os.utime(path, (1, 1))
        held._seen = (held._seen[0] - LONG_AGO, held._seen[1] - LONG_AGO)
        assert 2 == log.append(ev.WorkerStopped(reason="awake")).seq
        assert path.stat().st_mtime > 1
        assert held._unseen_s() < LONG_AGO


def test_with_flock_too_a_machine_that_slept_asks_again(run: RunFolder) -> None:
    """A lock over the network may be gone after a sleep: a later claim stops the engine."""
    held = EngineLock(run).__enter__()
    claim_by(run, held._number + 1, 0, host="nodeB")
    held.confirm()
    held._seen = (held._seen[0], held._seen[1] - LONG_AGO)  # only the wall clock went on: it slept
    with pytest.raises(LockLostError, match=r"on nodeB; .* not been heard of for 9. s"):
        held.confirm()
    held.__exit__(None, None, None)


def test_the_heartbeat_goes_on_through_a_long_step(run: RunFolder, without: str) -> None:
    """A thread of its own keeps the claim fresh, whatever the engine does."""
    with EngineLock(run, beat_s=0.01) as held:
        path = claims.place(held._folder, held._number)
        os.utime(path, (1, 1))
        while path.stat().st_mtime == 1:
            sum(range(10_000))


def test_numbers_grow_and_old_claims_are_cleared(run: RunFolder, without: str) -> None:
    """No number comes back, and the folder stays small."""
    for _ in range(3 * claims.KEPT):
        with EngineLock(run):
            pass
    names = sorted(path.name for path in claims_folder(run).glob("0*"))
    assert f"{3 * claims.KEPT:06d}.ended" == names[-1]
    assert len(names) <= claims.KEPT + 2


def test_a_slow_taker_that_makes_a_number_of_the_past_withdraws(run: RunFolder) -> None:
    """It judged the first claim; meanwhile three engines came and went."""
    folder = claims_folder(run)
    for _ in range(3):
        with EngineLock(run):
            pass
    claims.place(folder, 2).with_suffix(".ended").unlink()
    slow = myself(Level.HEARTBEAT, "slow")
    assert claims.make(folder, 2, slow)
    assert not claims.still_mine(folder, 2, "slow")


@pytest.fixture
def racers(tmp_path: Path) -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that are ended whatever happens."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        process.kill()
        process.wait()


def test_eight_processes_race_for_expired_claims_and_come_in_one_by_one(
    tmp_path: Path, racers: list[subprocess.Popen[str]]
) -> None:
    """Twelve runs whose engine elsewhere fell silent: nobody is ever inside with another, and no event is lost."""
    runs = [_run(tmp_path) for _ in range(12)]
    for run in runs:
        claim_by(run, 3, LONG_AGO, host="nodeB", boot_id="other")
    command = [sys.executable, NO_FLOCK, "lock_racer", *(str(run.path) for run in runs)]
    environment = {**os.environ, "PYTHONPATH": str(HERE)}
    for _ in range(8):
        racers.append(
            subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        )
    for process in racers:
        assert process.stdout is not None
        assert "ready\n" == process.stdout.readline()
    for process in racers:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [0] * 8 == [process.wait(timeout=180) for process in racers]
    expected = {"first", *(f"{process.pid} heartbeat" for process in racers)}
    for run in runs:
        events = eventlog.read(run.events)[0]
        assert list(range(1, 10)) == [event.seq for event in events]
        assert expected == {event.reason for event in events}
        assert 11 == claims.highest(claims_folder(run)).number


def _take_all(folders: list[Path], barrier: Barrier, name: int) -> list[bool]:
    """Try once for each, at the same instant as everybody else; whether it became ours."""
    won = []
    for folder in folders:
        me = myself(Level.HEARTBEAT, f"racer{name}")
        barrier.wait(60)
        claim, verdict = claims.take(folder, me, locked=False)
        won.append(verdict is claims.Verdict.EXPIRED and claim.holder == me)
    barrier.wait(60)  # nobody leaves before the last one asked: a process that is gone holds nothing
    return won


def test_of_eight_that_find_the_same_claim_expired_just_one_takes_it_over(tmp_path: Path) -> None:
    """Let go together at each of two hundred claims: never two, never none."""
    run = _run(tmp_path)
    expired = claim_by(run, 3, LONG_AGO, host="nodeB", boot_id="other")
    folders = [tmp_path / f"claims{number}" for number in range(200)]
    for folder in folders:
        folder.mkdir()
        os.link(expired, folder / expired.name)
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager:
        barrier = manager.Barrier(8)
        with context.Pool(8) as pool:
            asked = [pool.apply_async(_take_all, (folders, barrier, name)) for name in range(8)]
            won = [answer.get(timeout=180) for answer in asked]
    assert [1] * len(folders) == [sum(each) for each in zip(*won, strict=True)]
