"""Stages and attempts: the nouns of a run's workflow and the words for their states."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec


class StageStatus(StrEnum):
    """Where a stage stands."""

    PENDING = "pending"
    RUNNING = "running"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    STALE = "stale"
    FAILED = "failed"


class AttemptStatus(StrEnum):
    """Where an attempt stands."""

    RUNNING = "running"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    REFINED = "refined"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    LOST = "lost"


class Ending(StrEnum):
    """How an attempt's agent ended; only `finished` is new work that can be reviewed."""

    FINISHED = "finished"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    BUDGET = "budget"
    STOPPED = "stopped"
    LOST = "lost"
    UNCHANGED_DRAFT = "unchanged_draft"
    NO_DRAFT = "no_draft"


class StageRef(msgspec.Struct, frozen=True, kw_only=True):
    """A stage as the log names it: `number` "03", `slug` "03_study_design", `title` "Study Design"."""

    number: str
    slug: str
    title: str


class StageSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A stage's folder of templates, read: what it needs, produces, and which checks judge it.

    `checks` are names in the checkers' registry; they apply from this stage on (gates are cumulative).
    `evidence` are names of files that the engine itself writes after the agent (manifest, build log …).
    """

    number: str
    slug: str
    title: str
    needs: tuple[str, ...] = ()
    produces: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    optional: bool = False
    folder: str = ""

    @property
    def ref(self) -> StageRef:
        """The stage as the log names it."""
        return StageRef(number=self.number, slug=self.slug, title=self.title)


def models_by_slug(models: Mapping[str, str], refs: Iterable[StageRef]) -> dict[str, str]:
    """Models by the slug of their stage, whichever way it was named (3, 03, 03_study_design); KeyError for no stage."""
    slugs = {name: ref.slug for ref in refs for name in (ref.slug, ref.number, ref.number.lstrip("0") or "0")}
    return {slugs[name.strip()]: model for name, model in models.items()}


def attempt_name(slug: str, attempt: int) -> str:
    """The stem of an attempt's files: `05_experimentation.attempt_02`."""
    return f"{slug}.attempt_{attempt:02d}"
