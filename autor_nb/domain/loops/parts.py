"""The loop's two plug-in points, Critic and Coder: what each is asked and must answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

import msgspec

from autor_nb.domain.errors import RunError
from autor_nb.domain.loops.config import CoderSpec, CriticSpec, Knob
from autor_nb.domain.loops.idea import Idea


def never() -> bool:
    """The answer of one who does not cancel."""
    return False


def nothing() -> None:
    """There is nothing to be put back."""


class OutOfIdeas(RunError):
    """Raised by a critic that has nothing left to propose: the loop ends with this reason, nothing is broken."""

    code = "out_of_ideas"


class PastExperiment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One experiment as a critic sees it; `metric` is None when it could not be read.

    `delta` is metric minus the incumbent's at that time. `values` are the knobs' values in it, where known.
    `reason` is the engine's reason for the verdict.
    """

    n: int
    hypothesis: str = ""
    change: dict[str, Any] = {}
    verdict: str = ""
    delta: float | None = None
    expected_delta: float | None = None
    metric: float | None = None
    reason: str = ""
    values: dict[str, Any] = {}

    @property
    def is_baseline(self) -> bool:
        """Whether it is the unchanged code; its number is 0 only where nothing was recorded before."""
        return self.verdict == "baseline"


class CriticTask(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All that a critic is told before it proposes. `mutable` maps path → text as the incumbent has it.

    `baseline` is the same at the baseline (left empty: as the incumbent). `experiments` are all of them, newest last; a
    language model is shown the last `config.context_last_n`. `incumbent` holds knob values in force, where the
    engine knows better than the text. `refused` says why earlier proposals of this round were refused, and
    `refused_changes` what they would have changed. A pinned idea is a person's: it is to be elaborated, not replaced.
    """

    loop: str
    objective: str
    metric: str
    direction: Literal["lower", "higher"]
    program: str = ""
    mutable: dict[str, str] = {}
    baseline: dict[str, str] = {}
    space: dict[str, Knob] = {}
    experiments: tuple[PastExperiment, ...] = ()
    incumbent: dict[str, Any] = {}
    incumbent_metric: float | None = None
    pinned: Idea | None = None
    seed: int = 0
    refused: tuple[str, ...] = ()
    refused_changes: tuple[dict[str, Any], ...] = ()
    config: CriticSpec = CriticSpec()
    folder: str = ""
    cancelled: Callable[[], bool] = never


class Proposal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A critic's answer: the idea, and the record of how it came about.

    `log` is CONTRACTS' critic log record {system_prompt, user_prompt, raw_response, parsed_idea} without ts and commit,
    which the engine adds. `cost_usd` is None where it is not known.
    """

    idea: Idea
    log: dict[str, Any] = {}
    cost_usd: float | None = None
    usage: dict[str, Any] = {}


def without_model(idea: Idea, critic: str) -> Proposal:
    """The proposal of a critic that asked no model: its log record names it and what it answered."""
    log = {**call_without_model(critic), "parsed_idea": msgspec.to_builtins(idea)}
    return Proposal(idea=idea, cost_usd=0.0, log=log)


def call_without_model(critic: str, content: str = "") -> dict[str, Any]:
    """The log record of its call, but for what came of it; `content` is what it answered, where that was no idea."""
    answered = {"model": critic, "content": content, "thinking": "", "reasoning": "", "usage": {}}
    return {"system_prompt": "", "user_prompt": "", "raw_response": answered}


@runtime_checkable
class Critic(Protocol):
    """Proposes the next experiment. Made without arguments; what it needs comes with the task.

    It keeps nothing between calls that decides: the same task gives an embedded critic the same answer, so a killed
    engine may ask again. UsageError or PluginError: a person must mend something. RunError: a retry may help.
    OutOfIdeas: there is nothing left. IdeaError: the answer was no valid idea, and may be asked for again; it carries
    the log record of the call (`IdeaError.heard`), so that prompts and raw answer are not lost.
    """

    name: str

    def propose(self, task: CriticTask) -> Proposal:
        """One idea."""
        ...


class CoderTask(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One idea to apply in the clone. `mutable` are paths relative to `clone`, the globs already resolved.

    `mutable_globs` are the patterns as configured, for a coder that may add a file. `space` are the knobs declared.
    `n` is the experiment's number, `folder` the loop's own folder, `marker` the environment marker for processes.
    `put_back` brings an edit into the tree that somebody outside made before it was waited for.
    """

    clone: Path
    mutable: tuple[str, ...]
    idea: Idea
    timeout_s: float = 600.0
    config: CoderSpec = CoderSpec()
    cancelled: Callable[[], bool] = never
    mutable_globs: tuple[str, ...] = ()
    space: dict[str, Knob] = {}
    n: int = 0
    folder: str = ""
    program: str = ""
    marker: str = ""
    put_back: Callable[[], object] = nothing


class CoderResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How it went. `ok` only if at least one mutable file differs now; else `detail` says why not.

    `changed` are the paths that differ, `ending` tells a refusal (nothing was touched) from a stop or a time-out.
    """

    ok: bool
    detail: str = ""
    changed: tuple[str, ...] = ()
    cost_usd: float | None = None
    usage: dict[str, Any] = {}
    ending: Literal["applied", "refused", "failed", "timed_out", "stopped"] = "applied"


@runtime_checkable
class Coder(Protocol):
    """Applies an idea to the mutable files of the clone, and to nothing else.

    Made without arguments. `apply` blocks until it and every process it started are done; it never raises for what
    an idea holds, and leaves the files as they were unless `ok`. It returns soon after `task.cancelled()` is true.
    """

    name: str

    def apply(self, task: CoderTask) -> CoderResult:
        """Make the change."""
        ...
