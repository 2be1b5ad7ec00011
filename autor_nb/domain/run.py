"""A run: its status words, who acts on it, what it was asked and given, and its limits."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec


class RunStatus(StrEnum):
    """Where a run stands; `interrupted` is the lock's to tell, never the log's, `damaged` the unreadable log's."""

    CREATED = "created"
    RUNNING = "running"
    IN_REVIEW = "in_review"
    PAUSED = "paused"
    INTERRUPTED = "interrupted"
    FAILED = "failed"
    ABORTED = "aborted"
    COMPLETED = "completed"
    DAMAGED = "damaged"


class Actor(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who did it, as far as it can be known. `face`: cli · notebook · api · terminal · policy · engine · test."""

    face: str
    os_user: str = ""
    jupyter_identity: str | None = None

    @property
    def is_person(self) -> bool:
        """Whether a person stands behind it (a policy and the engine are not persons)."""
        return self.face not in ("policy", "engine")

    def __str__(self) -> str:
        return f"{self.jupyter_identity or self.os_user or 'someone'} ({self.face})" if self.is_person else self.face


class Resource(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One file that the person supplied, copied into the workspace (`dest_relative`, from the run's folder)."""

    source_path: str
    resource_type: str
    dest_relative: str
    sha256: str
    size_bytes: int = 0
    description: str = ""


class Question(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One intake question; `default` is what is assumed when nobody answers. When `closed`, only a choice answers
    it."""

    id: str
    text: str
    default: str = ""
    choices: tuple[str, ...] = ()
    closed: bool = False


class QA(msgspec.Struct, frozen=True, kw_only=True):
    """A question with the answer it got."""

    question: str
    answer: str


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds on unattended work, in seconds where the name says so; None means no bound."""

    attempt_timeout_s: float = 4 * 3600.0
    idle_timeout_s: float = 20 * 60.0
    run_budget_s: float | None = None
    retries: int = 5
    object_cap_bytes: int = 64 * 1024 * 1024


class RunConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How a run is carried out (`run_config.json`; keys that are not ours are kept in `extra`).

    `reviewer`: person · auto · decisions. `options` are the `--set key=value` pairs, for the agent.
    """

    agent: str = "tabular"
    model: str = ""
    models: dict[str, str] = {}
    venue: str = "report"
    reviewer: str = "person"
    intake: bool = False
    seed: int = 0
    options: dict[str, str] = {}
    limits: Limits = Limits()
    extra: dict[str, Any] = {}


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens that an agent reported, None where it reported nothing."""

    input_tokens: int | None = None
    output_tokens: int | None = None
