"""Stages, checks and artifacts as Python sees them: tuples that show themselves well in a notebook."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autor_nb.domain.artifact import FileEntry
from autor_nb.domain.check import Check
from autor_nb.domain.state import AttemptState, RunState, StageState
from autor_nb.store import objects
from autor_nb.store.layout import RunFolder
from autor_nb.verbs import card, look
from autor_nb.verbs.blocks import Block, Cell, Facts, Heading, Mark, Para, Prose, Table
from autor_nb.verbs.result import Result

SHOWN = 200


class Rich:
    """What shows itself as the Result that `result` answers with."""

    def result(self) -> Result:
        """What is shown."""
        raise NotImplementedError

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return self.result()._repr_mimebundle_()

    def __repr__(self) -> str:
        return self.result().text()


@dataclass(frozen=True, repr=False)
class Stage(Rich):
    """One stage of a run."""

    run: RunFolder
    state: StageState

    @property
    def slug(self) -> str:
        """`03_study_design`."""
        return self.state.ref.slug

    @property
    def number(self) -> str:
        """`03`."""
        return self.state.ref.number

    @property
    def title(self) -> str:
        """`Study Design`."""
        return self.state.ref.title

    @property
    def status(self) -> str:
        """pending · running · in_review · approved · stale · failed."""
        return str(self.state.status)

    @property
    def attempt(self) -> AttemptState | None:
        """The approved attempt, else the newest."""
        return self.state.attempt(self.state.approved) if self.state.approved else self.state.latest

    @property
    def summary(self) -> str:
        """The summary of that attempt, as Markdown."""
        return look.summary_of(self.run, self.attempt) if self.attempt else ""

    @property
    def checks(self) -> Checks:
        """The checks of that attempt."""
        return Checks(card.checks_of(self.run, self.attempt) if self.attempt else ())

    @property
    def notebook(self) -> Path | None:
        """The executed notebook of that attempt."""
        return self.run.path / self.attempt.notebook if self.attempt and self.attempt.notebook else None

    def result(self) -> Result:
        """A card with the summary."""
        attempt = self.attempt
        blocks: list[Block] = [Heading(f"Stage {self.number}: {self.title}", Mark(self.status))]
        if attempt is None:
            blocks.append(Para("Not begun.", quiet=True))
        else:
            blocks += [
                Facts(
                    (
                        ("Attempt", f"{attempt.attempt} of {len(self.state.attempts)}"),
                        ("Agent", attempt.agent),
                        ("Worked", card.duration(attempt.duration_s)),
                        ("Checks", str(attempt.checks_total)),
                        ("Notebook", attempt.notebook),
                    )
                ),
                *card.review_blocks(self.run, attempt),
            ]
            if self.summary:
                blocks.append(Prose(self.summary, "Summary", folded=True))
        return Result(facts={"slug": self.slug, "status": self.status}, blocks=tuple(blocks))


class _Shown(Rich):
    """A tuple that shows itself as a table; the tuple's own repr must not win."""

    __slots__ = ()


class Stages(_Shown, tuple[Stage, ...]):
    """The stages of a run."""

    def result(self) -> Result:
        """A table."""
        rows: list[tuple[Cell, ...]] = [
            (
                stage.number,
                stage.title,
                Mark(stage.status),
                str(len(stage.state.attempts) or ""),
                str(stage.notebook.name if stage.notebook else ""),
            )
            for stage in self
        ]
        return Result(facts={}, blocks=(Table(("", "Stage", "State", "Attempts", "Notebook"), tuple(rows)),))


class Checks(_Shown, tuple[Check, ...]):
    """The checks of an attempt."""

    def result(self) -> Result:
        """A table, what fails first."""
        rows: list[tuple[Cell, ...]] = [
            (
                Mark("passed" if check.passed else str(check.severity)),
                check.id,
                f"{check.subject} {check.detail}".strip(),
                check.remedy,
            )
            for check in sorted(self, key=lambda check: (check.passed, not check.blocks))
        ]
        return Result(facts={}, blocks=(Table(("", "Check", "What was read", "Remedy"), tuple(rows)),))


class Artifacts(_Shown, tuple[FileEntry, ...]):
    """The files of a workspace."""

    def result(self) -> Result:
        """A table of the first ones."""
        rows: tuple[tuple[Cell, ...], ...] = tuple(
            (entry.path, f"{entry.size_bytes:,}", entry.sha256[:12]) for entry in self[:SHOWN]
        )
        blocks: list[Block] = [Table(("File", "Bytes", "SHA-256"), rows)]
        if len(self) > SHOWN:
            blocks.append(Para(f"and {len(self) - SHOWN} more", quiet=True))
        return Result(facts={}, blocks=tuple(blocks))


def stages_of(run: RunFolder, state: RunState) -> Stages:
    """A run's stages."""
    return Stages(Stage(run, stage) for stage in state.stages)


def checks_of(run: RunFolder, state: RunState) -> Checks:
    """The checks of the attempt in review, else of the newest that was checked."""
    attempt = state.under_review or _newest(state)
    return Checks(card.checks_of(run, attempt) if attempt else ())


def artifacts_of(run: RunFolder, state: RunState) -> Artifacts:
    """The workspace's files as the newest attempt left them."""
    attempt = _newest(state)
    files = objects.get_files(run, attempt.files_after) if attempt else {}
    return Artifacts(files[path] for path in sorted(files))


def _newest(state: RunState) -> AttemptState | None:
    ended = [attempt for stage in state.stages for attempt in stage.attempts if attempt.checked]
    return max(ended, key=lambda attempt: attempt.ended_at, default=None)
