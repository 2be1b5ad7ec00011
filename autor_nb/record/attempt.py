"""One attempt, opened: each method shows one thing about it, read from log and disk as of a position."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from autor_nb.domain.check import Check
from autor_nb.domain.errors import AutorError
from autor_nb.domain.stage import StageSpec
from autor_nb.domain.state import AttemptState, RunState
from autor_nb.domain.venue import Venue
from autor_nb.record.markup import Several, Shown, card, glyph, stack, words
from autor_nb.store import objects, templates, venues
from autor_nb.store.artifacts import ArtifactIndex
from autor_nb.store.layout import RunFolder
from autor_nb.store.view import StoredAttempt

F = TypeVar("F", bound=Callable[..., Any])


def _tolerant(method: F) -> F:
    """What cannot be read on disk is said in its place; the rest of the notebook goes on."""

    @functools.wraps(method)
    def shows(self: AttemptRecord, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, *args, **kwargs)
        except (AutorError, OSError) as error:
            said = str(error).replace(str(self.run.path), self.run.run_id)
            return card(stack(glyph("warning", f"{method.__name__} cannot be shown"), words(said)))

    return shows  # type: ignore[return-value]


class AttemptRecord:
    """What a stage notebook works with."""

    def __init__(self, run: RunFolder, state: RunState, attempt: AttemptState) -> None:
        self.run, self.state, self.attempt = run, state, attempt
        stage = state.stage(attempt.stage)
        assert stage is not None
        self.stage_state, self.stage = stage, stage.ref
        self.as_of = state.last_seq

    def __index__(self) -> int:
        """The attempt's number, so that a cell which opens it can be run twice."""
        return self.attempt.attempt

    def __repr__(self) -> str:
        return f"<{self.run.run_id} stage {self.stage.number} attempt {self.attempt.attempt} as of {self.as_of}>"

    # -- what is read -----------------------------------------------------------------------------------

    @functools.cached_property
    def _index(self) -> ArtifactIndex:
        index = ArtifactIndex(self.run)
        index.scan()
        return index

    @property
    def project(self) -> Path:
        """The project's folder, which may hold templates."""
        return self.run.path.parent.parent

    @functools.cached_property
    def specs(self) -> list[StageSpec]:
        """The stages' templates."""
        return templates.stages(self.project, intake=True)

    @functools.cached_property
    def view(self) -> StoredAttempt:
        """The attempt as rules see it."""
        return self._view_of(self.attempt)

    @functools.cached_property
    def previous(self) -> AttemptState | None:
        """The attempt before this one."""
        return self.stage_state.attempt(self.attempt.attempt - 1)

    @functools.cached_property
    def previous_view(self) -> StoredAttempt | None:
        """The attempt before this one, as rules saw it."""
        return self._view_of(self.previous) if self.previous is not None else None

    def _view_of(self, attempt: AttemptState) -> StoredAttempt:
        return StoredAttempt(self.run, self.state, attempt, index=self._index, venue=self._venue())

    def _venue(self) -> Venue | None:
        try:
            return venues.find_venue(str(self.state.config.get("venue", "report")), self.project)
        except AutorError:
            return None

    def recorded_checks(self, attempt: AttemptState | None = None) -> tuple[Check, ...]:
        """The answers that are in the log."""
        of = attempt or self.attempt
        return objects.get_checks(self.run, of.checks_object) if of.checks_object else of.checks

    # -- what is shown ----------------------------------------------------------------------------------

    @_tolerant
    def header(self) -> Shown:
        """Run, stage, attempt, ending, agent, duration, cost, checks, and what comes next."""
        from autor_nb.record.header import header

        return header(self)

    @_tolerant
    def goal(self) -> Shown:
        """The goal, and the feedback that started this attempt."""
        from autor_nb.record.header import goal

        return goal(self)

    @_tolerant
    def prompt(self) -> Shown:
        """The exact prompt, folded away."""
        from autor_nb.record.header import prompt

        return prompt(self)

    @_tolerant
    def timeline(self) -> Shown | Several:
        """What the agent did, in time."""
        from autor_nb.record.timeline import timeline

        return timeline(self)

    @_tolerant
    def summary(self) -> Shown:
        """The attempt's summary, rendered."""
        from autor_nb.record.summary import summary

        return summary(self)

    @_tolerant
    def checks(self) -> Shown:
        """Every rule asked again, as of then, beside the recorded answers."""
        from autor_nb.record.checks import checks

        return checks(self)

    @_tolerant
    def checks_figure(self) -> Shown | Several:
        """The rules' answers by attempt."""
        from autor_nb.record.checks import checks_figure

        return checks_figure(self)

    @_tolerant
    def artifacts(self) -> Shown:
        """Files with sizes, hashes and previews; those of this attempt first."""
        from autor_nb.record.artifacts import artifacts

        return artifacts(self)

    @_tolerant
    def data_profile(self) -> Shown | Several:
        """The data of the study: what is in them, and the checks for leakage."""
        from autor_nb.record.profile import data_profile

        return data_profile(self)

    @_tolerant
    def folds_figure(self) -> Shown | Several:
        """Every single result as a ring."""
        from autor_nb.record.folds import folds_figure

        return folds_figure(self)

    @_tolerant
    def folds(self) -> Shown:
        """Results as a table."""
        from autor_nb.record.folds import folds

        return folds(self)

    @_tolerant
    def figures(self) -> Shown | Several:
        """The figures, as pictures."""
        from autor_nb.record.gallery import figures

        return figures(self)

    @_tolerant
    def manuscript(self) -> Shown | Several:
        """The pages of the paper."""
        from autor_nb.record.manuscript import manuscript

        return manuscript(self)

    @_tolerant
    def checklist(self) -> Shown:
        """The readiness checklist and the release's files."""
        from autor_nb.record.checklist import checklist

        return checklist(self)

    @_tolerant
    def difference(self) -> Shown:
        """What changed since the attempt before: results, checks, files, and what was asked."""
        from autor_nb.record.difference import difference

        return difference(self)
