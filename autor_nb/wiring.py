"""Names and configuration → a built engine: the one place that knows both the engine and the parts' names."""

from __future__ import annotations

import sys
from pathlib import Path

from autor_nb import registry
from autor_nb.domain.errors import AutorError
from autor_nb.domain.ports import Agent, Checker
from autor_nb.domain.run import RunConfig
from autor_nb.domain.stage import StageSpec
from autor_nb.domain.state import RunState
from autor_nb.domain.venue import Venue
from autor_nb.engine.notifying import Notifier
from autor_nb.engine.workflow import Engine, Notebooks
from autor_nb.store import preferences, templates, venues
from autor_nb.store.layout import RunFolder


class WiredParts:
    """`engine.workflow.Parts` by name, loaded when they are first needed."""

    def __init__(self, run: RunFolder) -> None:
        self.project: Path = run.path.parent.parent
        self._venues: dict[str, Venue] = {}

    def agent(self, config: RunConfig) -> Agent:
        """A fresh agent of the configured name."""
        agent: Agent = registry.create("agents", config.agent)
        return agent

    def specs(self, state: RunState) -> list[StageSpec]:
        """The stages of this run, as the log names them, with their templates of today."""
        wanted = {stage.ref.slug for stage in state.stages}
        return [spec for spec in templates.stages(self.project, intake=True) if spec.slug in wanted]

    def checkers(self, specs: list[StageSpec], slug: str) -> list[Checker]:
        """The rules that judge that stage."""
        return [registry.create("checkers", name) for name in templates.gates(specs, slug)]

    def venue(self, config: RunConfig) -> Venue:
        """The run's venue; UsageError if its profile is not known (any more)."""
        if config.venue not in self._venues:  # looking through every package costs 12 ms, three times a stage
            self._venues[config.venue] = venues.find_venue(config.venue, self.project)
        return self._venues[config.venue]

    def notebooks(self) -> Notebooks:
        """A room with a warm kernel."""
        from autor_nb.engine.render import NotebookRoom

        return NotebookRoom()


def notifier(run: RunFolder) -> Notifier:
    """Who tells a person that a decision waits, by the settings as they are now; broken ones are told, and no more."""
    try:
        settings = preferences.notify()
    except AutorError as error:
        print(f"Nobody will be told of decisions: {error.message} {error.suggestion}", file=sys.stderr)
        settings = preferences.Notify()
    return Notifier(run, settings)


def build(run: RunFolder) -> Engine:
    """An engine over this run."""
    return Engine(run, WiredParts(run))
