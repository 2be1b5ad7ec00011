"""What speaks against trusting a trial: named pieces of evidence, each grave (tampered) or not (suspicious)."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from autor_nb.domain.loops.globs import matches

Weight = Literal["tampered", "suspicious"]
TOO_FAST = 0.1
WORTH_TIMING_S = 1.0
HOOKS = frozenset({"sitecustomize.py", "usercustomize.py", "conftest.py", "pytest.ini", "tox.ini", "python.py"})
_CODE = re.compile(
    r".*\.(?:py|pyx|pyi|pth|so|pyd|sh|bash|zsh|c|cc|cpp|cu|h|hpp|rs|go|jl|r|R|js|ts|java|toml|cfg|ini|ipynb|mk)"
    r"|(?:.*/)?(?:Makefile|makefile|Dockerfile|Snakefile|\.env|\.gitattributes|\.gitmodules)"
)


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was seen: `kind` names it for programs, `text` for people."""

    kind: str
    text: str
    weight: Weight = "suspicious"
    path: str = ""
    line: int | None = None


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What of a loop's configuration an edit is held against; paths as the repository names them.

    `protected` are files that must stay: read-only ones, the evaluator, the configuration. `evaluator` is true when
    a file that may not be changed prints the metric. `metric_pattern` finds a metric's line.
    """

    mutable: tuple[str, ...]
    readonly: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()
    metric: str = ""
    metric_pattern: str = ""
    metrics_file: str = ""
    evaluator: bool = False
    seed_env: str = "AUTOR_SEED"
    holdout: str = ""
    scripts: tuple[str, ...] = ()

    def guards(self, path: str) -> bool:
        """Whether a path must stay as it is."""
        plain = path.removeprefix("./")
        return plain in self.protected or (matches(plain, self.readonly) and not matches(plain, self.mutable))

    @property
    def modules(self) -> frozenset[str]:
        """Names under which protected Python files are imported."""
        found = set()
        for path in self.protected:
            if path.endswith(".py"):
                found |= {path[:-3].replace("/", "."), path[:-3].rpartition("/")[2]}
        return frozenset(found - {"__init__", "setup"})


class TrialFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen of one trial and of those before it of the incumbent (`reference_*`)."""

    duration_s: float = 0.0
    reference_durations: tuple[float, ...] = ()
    metric_lines: int | None = None
    reference_lines: tuple[int, ...] = ()
    output_sha256: str = ""
    seed: int | None = None
    earlier_outputs: tuple[tuple[int | None, str], ...] = ()
    reference_varies: bool = True


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """All evidence about one trial or candidate."""

    evidence: tuple[Evidence, ...] = ()

    @property
    def tampered(self) -> tuple[str, ...]:
        """In words: with any of these the verdict is *tampered*."""
        return tuple(dict.fromkeys(one.text for one in self.evidence if one.weight == "tampered"))

    @property
    def suspicions(self) -> tuple[str, ...]:
        """In words: a keep with any of these counts, and every claim that rests on it asks a person to look first."""
        return tuple(dict.fromkeys(one.text for one in self.evidence if one.weight == "suspicious"))

    def __add__(self, other: Judgement) -> Judgement:
        return Judgement(evidence=(*self.evidence, *other.evidence))


def of_paths(paths: Iterable[str], around: Surroundings, *, by: str) -> list[Evidence]:
    """Files outside of the mutable ones that a coder or a trial (`by`) changed or made."""
    found = []
    for path in paths:
        name = path.rpartition("/")[2]
        if around.guards(path):
            found.append(_grave("protected_file", f"{by} changed {path}, which must stay as it is", path))
        elif name in HOOKS or name.endswith(".pth"):
            found.append(_grave("startup_file", f"{by} made {path}, which Python or its tools run unasked", path))
        elif path == ".git" or path.startswith(".git/") or "/.git/" in path:
            found.append(_grave("history", f"{by} changed the repository's own {path}", path))
        elif _CODE.fullmatch(path):
            found.append(
                Evidence(kind="code_outside", text=f"{by} changed {path}, code outside of what is mutable", path=path)
            )
    return found


def of_trial(facts: TrialFacts, around: Surroundings) -> list[Evidence]:
    """What the course of a trial says, held against the incumbent's own."""
    found = []
    if facts.metric_lines is not None and facts.reference_lines:
        most = max(facts.reference_lines)
        steady = len(set(facts.reference_lines)) == 1
        if facts.metric_lines > most and steady and (around.evaluator or most == 1):
            text = f"the metric was printed {facts.metric_lines} times, and {most} times without the edit"
            weight: Weight = "tampered" if around.evaluator else "suspicious"
            found.append(Evidence(kind="metric_lines", text=text, weight=weight))
    for seed, sha256 in facts.earlier_outputs:
        if sha256 and sha256 == facts.output_sha256 and seed != facts.seed and facts.reference_varies:
            text = f"the output is to the byte that of seed {seed}, though the seed was {facts.seed}"
            found.append(Evidence(kind="same_output", text=text))
            break
    if facts.reference_durations:
        usual = statistics.median(facts.reference_durations)
        if usual >= WORTH_TIMING_S and facts.duration_s < TOO_FAST * usual:
            text = f"it took {facts.duration_s:.2g} s, where {usual:.2g} s are usual"
            found.append(Evidence(kind="too_fast", text=text))
    return found


def _grave(kind: str, text: str, path: str = "") -> Evidence:
    return Evidence(kind=kind, text=text, weight="tampered", path=path)


def named(evidence: Sequence[Evidence]) -> tuple[str, ...]:
    """The kinds, each once."""
    return tuple(dict.fromkeys(one.kind for one in evidence))
