"""Real runs for the engine's tests: the real worker, the scripted agent, a folder of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autor_nb import control
from autor_nb.creation import NewRequest, Supplied
from autor_nb.domain import commands as cmd
from autor_nb.domain.events import Event
from autor_nb.domain.run import Actor, Limits, RunConfig
from autor_nb.domain.state import RunState
from autor_nb.store import eventlog
from autor_nb.store.eventlog import utc_now
from autor_nb.store.layout import RunFolder

ME = Actor(face="test", os_user="ada")


class Desk:
    """A person at a run: asks and looks."""

    def __init__(self, run: RunFolder) -> None:
        self.run = run

    @property
    def state(self) -> RunState:
        """The run's state, from its log."""
        return control.snapshot(self.run).state

    @property
    def events(self) -> list[Any]:
        """The log."""
        return eventlog.read(self.run.events)[0]

    def ask(self, kind: type[cmd.Command], **fields: Any) -> list[Event]:
        """Give a command and get its answer."""
        return control.ask(self.run, kind(id=control.new_id(), at=utc_now(), by=ME, **fields))  # type: ignore[arg-type]

    def wait(self, until: str = "review") -> control.Snapshot:
        """Until it waits for a person, or has ended."""
        return control.wait(self.run, until, timeout_s=120)

    def approve(self, times: int = 1) -> Desk:
        """Approve stage after stage."""
        for _ in range(times):
            self.wait()
            self.ask(cmd.Approve)
        self.wait()
        return self


@pytest.fixture
def begin(tmp_path: Path) -> Callable[..., Desk]:
    """Start a scripted run: `begin(script, reviewer=…, limits={…}, intake=…)`."""

    def start(
        script: str = "", *, goal: str = "find out", resources: tuple[Path, ...] = (), limits: dict[str, Any] | None = None,
        options: dict[str, str] | None = None, **config: Any,
    ) -> Desk:
        settings = RunConfig(agent="scripted", options={"script": script, **(options or {})},
                             limits=Limits(**(limits or {})), **config)
        request = NewRequest(goal=goal, by=ME, config=settings, runs_dir=tmp_path / "runs",
                             resources=tuple(Supplied(path) for path in resources))
        return Desk(control.create(request))

    return start
