"""Evidence about a trial: what is looked at before it, what after it, and what the edit itself says.

`tampered` evidence makes the verdict *tampered*; a keep with `suspicions` asks for a person wherever it is claimed.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from autor_nb.domain.loops import reading_code, suspicion
from autor_nb.domain.loops.config import LoopConfig
from autor_nb.domain.loops.globs import matches
from autor_nb.domain.loops.reading_text import metric_in
from autor_nb.domain.loops.suspicion import Evidence, Judgement, Surroundings, TrialFacts
from autor_nb.store.loops import contract
from autor_nb.store.loops.clone import Candidate, Clone
from autor_nb.store.loops.contract import Contract
from autor_nb.store.loops.making import within

CONFIGURATIONS = ("autor.toml", "problem.yaml", "problem.yml", "autoresearch.toml")
_LINE_CAP = 4096
_TEXT_CAP = 1 << 20
_STARTUP = ("*.pth", "sitecustomize.py", "usercustomize.py")


def surroundings(config: LoopConfig, clone: Clone) -> Surroundings:
    """What an edit is held against, from the configuration and the commit that lies in the clone (the baseline)."""
    tracked = clone.tracked()
    mutable, readonly = clone.mutable, within(clone.prefix, config.readonly)
    scripts = _scripts(config, clone, tracked)
    known = {path.rpartition("/")[2]: path for path in tracked}
    settings = {known[name] for name in (*CONFIGURATIONS, Path(config.origin).name) if name in known}
    fixed = {path for path in tracked if matches(path, readonly) and not matches(path, mutable)}
    fixed |= {path for path in scripts if not matches(path, mutable)} | settings
    around = Surroundings(
        mutable=mutable,
        readonly=readonly,
        protected=tuple(sorted(fixed)),
        metric=config.metric.name,
        metric_pattern=config.metric.pattern if config.metric.source == "regex" else "",
        metrics_file=config.metric.pattern.partition("#")[0] if config.metric.source == "json" else "",
        seed_env=config.seed_env,
        holdout=config.holdout,
        scripts=tuple(sorted({*scripts, *(path.rpartition("/")[2] for path in scripts)})),
    )
    changeable = [path for path in tracked if matches(path, mutable)]
    printing = any(_prints(clone.path / path, around) for path in fixed if path not in settings)
    own = any(_prints(clone.path / path, around) for path in changeable)
    return msgspec.structs.replace(around, evaluator=printing and not own)


def _scripts(config: LoopConfig, clone: Clone, tracked: Sequence[str]) -> set[str]:
    """Files of the commit that the command names."""
    try:
        words = shlex.split(config.command) if isinstance(config.command, str) else list(config.command)
    except ValueError:
        words = re.split(r"\s+", str(config.command))
    held, prefix = set(tracked), f"{clone.prefix}/" if clone.prefix else ""
    named = {prefix + word.removeprefix("./") for word in words}
    named |= {prefix + word.replace(".", "/") + ".py" for word in words}  # python -m package.module
    return named & held


def _prints(path: Path, around: Surroundings) -> bool:
    text = _text(path)
    return any(metric_in(line[:_LINE_CAP], around) or f'"{around.metric}"' in line for line in text.splitlines())


def _text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return stream.read(_TEXT_CAP).decode("utf-8", "replace")
    except OSError:
        return ""


def of_candidate(clone: Clone, candidate: Candidate, around: Surroundings) -> Judgement:
    """What the edit says: the code that it adds, and files beyond the mutable ones that its coder touched."""
    before = {path: _decoded(clone.show(candidate.parent, path)) for path in candidate.paths}
    after = {path: clone.show(candidate.sha, path) for path in candidate.paths}
    kept = {path: text for path, content in after.items() if (text := _decoded(content)) is not None}
    found = reading_code.of_edit({path: text for path, text in before.items() if text is not None}, kept, around)
    large = [path for path, content in after.items() if content and len(content) > _TEXT_CAP and path.endswith(".py")]
    found += [reading_code.unreadable(path, "it is larger than 1 MiB") for path in large]
    made = [path for path, text in before.items() if text is None]
    found += [one for one in suspicion.of_paths(made, around, by="the edit") if one.kind == "startup_file"]
    found += suspicion.of_paths(candidate.other, around, by="the coder")
    return Judgement(evidence=tuple(found))


def _decoded(content: bytes | None) -> str | None:
    return None if content is None else content[:_TEXT_CAP].decode("utf-8", "replace")


@dataclass(frozen=True)
class Watch:
    """What was sealed before a trial; `digest` names it in the log."""

    clone: Clone
    around: Surroundings
    files: Contract
    outside: Contract
    history: Contract
    startup: frozenset[str]

    @property
    def digest(self) -> str:
        """One hash of all that must stay."""
        return f"{self.files.digest[:32]}{self.outside.digest[:32]}"

    @property
    def notes(self) -> tuple[str, ...]:
        """What cannot be watched whole."""
        return (*self.files.notes, *self.outside.notes)


def watch(
    clone: Clone, around: Surroundings, extra: Iterable[tuple[str, Path]] = (), home: Path | None = None
) -> Watch:
    """Seal what a trial must leave as it is, right before it; `extra` are files beyond the clone, by name."""
    protected = [(path, clone.path / path) for path in around.protected]
    protected += contract.readonly_roots(clone.path, clone.tracked(), around.readonly)
    linked = [(f"linked input {path}", (clone.path / path).resolve()) for path in sorted(clone.linked)]
    links = [(path, clone.path / path) for path in sorted(clone.linked) if not (clone.path / path).is_dir()]
    repo = clone.repo
    history = [(name, repo / name) for name in ("HEAD", "refs", "packed-refs", "config", "info", "hooks", "shallow")]
    return Watch(
        clone=clone,
        around=around,
        files=contract.seal([one for one in protected if not _is_mutable(one[0], around)] + links),
        outside=contract.seal([*linked, *extra]),
        history=contract.seal([*history, (".git", clone.path / ".git")]),
        startup=_startup(home or Path.home()),
    )


def _is_mutable(path: str, around: Surroundings) -> bool:
    return matches(path, around.mutable) and path not in around.protected


def _startup(home: Path) -> frozenset[str]:
    """Files that a Python of this person runs unasked, with their hashes."""
    places = [*home.glob(".local/lib/python3*/site-packages"), *home.glob("Library/Python/3*/lib/python/site-packages")]
    files = [path for place in places for name in _STARTUP for path in place.glob(name)]
    sealed = contract.seal([(str(path), path) for path in files]).files
    return frozenset(f"{name} {one.sha256} {one.target}" for name, one in sealed.items())


def after(seen: Watch, facts: TrialFacts, home: Path | None = None) -> Judgement:
    """What the trial left and how it went; asked before the tree is restored."""
    by = "the trial"
    found: list[Evidence] = []
    for one in contract.broken(seen.files):
        found.append(_grave("protected_file", f"{one.name} {one.how} after the trial", one.name))
    for one in contract.broken(seen.outside, strict=False):
        text = f"{one.name} {one.how} while the trial ran; if that was you, run it again"
        found.append(_grave("contract", text, one.name))
    for one in contract.broken(seen.history):
        found.append(_grave("history", f"{by} changed the clone's history or settings: {one.name} {one.how}", one.name))
    for line in sorted(_startup(home or Path.home()) - seen.startup):
        found.append(_grave("startup_file", f"{by} left {line.split(' ')[0]}, which Python runs unasked"))
    named = {one.path for one in found}
    left = seen.clone.left_by_trial()
    changed = [path for path in (*left.changed, *left.removed) if path not in named]
    own = [path for path in changed if matches(path, seen.around.mutable)]
    found += [Evidence(kind="self_modified", text=f"{by} changed its own {path}", path=path) for path in own]
    found += suspicion.of_paths([path for path in changed if path not in own], seen.around, by=by)
    fresh = [path for path in left.new if path not in named]
    found += [one for one in suspicion.of_paths(fresh, seen.around, by=by) if _matters(one, seen.clone)]
    found += suspicion.of_trial(facts, seen.around)
    return Judgement(evidence=tuple(found))


def _matters(one: Evidence, clone: Clone) -> bool:
    """Whether a new file can change the next import: build products and generated sources elsewhere cannot."""
    beside = one.path.rpartition("/")[0] == clone.prefix
    return one.weight == "tampered" or (one.path.endswith(".py") and beside)


def metrics_file_before(clone: Clone, around: Surroundings) -> Judgement:
    """The file that the metric is read from must not be there before the trial."""
    path = clone.cwd / around.metrics_file
    if not around.metrics_file or not path.exists() or _tracked(clone, path):
        return Judgement()
    return Judgement(evidence=(_grave("metrics_file", f"{around.metrics_file} was there before the trial began"),))


def metrics_file_after(clone: Clone, around: Surroundings) -> Judgement:
    """The file that the metric is read from must be a plain file that its writer could have replaced."""
    path = clone.cwd / around.metrics_file
    if not around.metrics_file or not (path.exists() or path.is_symlink()):
        return Judgement()
    odd = "a link" if path.is_symlink() else "" if path.is_file() else "no plain file"
    odd = odd or ("closed to writing" if not path.stat().st_mode & 0o200 else "")
    if not odd:
        return Judgement()
    return Judgement(evidence=(_grave("metrics_file", f"{around.metrics_file} is {odd} after the trial"),))


def _tracked(clone: Clone, path: Path) -> bool:
    return path.relative_to(clone.path).as_posix() in clone.tracked()


def metric_lines(output: Path, around: Surroundings) -> int:
    """How many lines of an output would be read as the metric."""
    needle = around.metric.encode("utf-8") if not around.metric_pattern else b""
    count = 0
    with output.open("rb") as stream:
        while line := stream.readline(_LINE_CAP):
            if needle in line and metric_in(line.decode("utf-8", "replace"), around):
                count += 1
    return count


def _grave(kind: str, text: str, path: str = "") -> Evidence:
    return Evidence(kind=kind, text=text, weight="tampered", path=path)
