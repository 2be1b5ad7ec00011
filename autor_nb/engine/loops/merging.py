"""`loop merge-best`: a fork's best confirmed against the loop's head, merged by git, and the result run again.

All of it happens in clones that are gone afterwards; only a result that held is brought into the repositories, as
objects and one ref. The loop adopts it when its engine answers the command that the asker gives then.
"""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from autor_nb.domain.loops.case import Confirm, Decided, Order, Pair
from autor_nb.domain.loops.forks import Audited, ForkRun, MergeReport, MergeRequest
from autor_nb.domain.loops.gate import audit_next
from autor_nb.domain.loops.verdict import Verdict
from autor_nb.engine.loops.sides import SEED_SPACE, Outcome, Scorer, Sides
from autor_nb.store.loops import making
from autor_nb.store.loops.clone import Clone, repository_of
from autor_nb.store.loops.git import Git
from autor_nb.store.loops.layout import loop_folder

OURS, THEIRS, RESULT = "head", "fork", "merge"


def merge(
    request: MergeRequest,
    on_run: Callable[[ForkRun], None],
    stopped: Callable[[], bool] = lambda: False,
    scorer: Scorer | None = None,
) -> MergeReport:
    """Do it as far as the evidence carries; nothing is changed anywhere before the last step."""
    report = MergeReport(request=request, stage="fork")
    with tempfile.TemporaryDirectory(prefix="autor-merge-") as folder:
        sides = Sides(Path(request.project), request.config, Path(folder), scorer, stopped)
        sides.add(OURS, request.head)
        sides.add(THEIRS, request.commit)
        audit = _Audits(request, sides, on_run)
        found = audit.of(THEIRS)
        report = msgspec.structs.replace(report, confirmed=found)
        if not found.better:
            return msgspec.structs.replace(report, stage="interrupted" if found.interrupted else "fork")
        clone = sides.add(RESULT, request.head)
        merged, conflicts = three_way(clone, request)
        if conflicts:
            return msgspec.structs.replace(report, stage="conflict", conflicts=conflicts)
        same = clone.git.line("rev-parse", f"{merged}^{{tree}}") == clone.git.line(
            "rev-parse", f"{request.commit}^{{tree}}"
        )
        sides.move(RESULT, merged)
        result = audit.of(RESULT)
        report = msgspec.structs.replace(report, result=result, fast=same)
        if not result.better:
            return msgspec.structs.replace(report, stage="interrupted" if result.interrupted else "result")
        _deliver(clone, request, merged)
    return msgspec.structs.replace(report, stage="done", merged=merged)


def three_way(clone: Clone, request: MergeRequest) -> tuple[str, tuple[str, ...]]:
    """(the merge commit, the files that conflict); with conflicts there is no commit."""
    clone.checkout(request.head)
    code, _ = clone.git.call("merge", "--no-commit", "--no-ff", "--quiet", request.commit, codes=(0, 1))
    if code:
        said = clone.git.run("diff", "--name-only", "--diff-filter=U", "-z")
        return "", tuple(os.fsdecode(path) for path in said.split(b"\0") if path) or ("(unknown)",)
    tree = clone.git.line("write-tree")
    message = f"{request.loop}: merge {request.fork}, confirmed on common fresh seeds"
    parents = ("-p", request.head, "-p", request.commit)
    return clone.git.line("commit-tree", tree, *parents, "-m", message), ()


def _deliver(clone: Clone, request: MergeRequest, merged: str) -> None:
    """Bring the merge to the person's repository, under a ref of the loop's, and to the loop's own clone."""
    wanted = f"{merged}\n^{request.head}\n".encode("ascii")
    pack = clone.git.run("pack-objects", "--revs", "--stdout", "--quiet", stdin=wanted)
    source = making.find_source(Path(request.project))
    person = Git(source.git_dir)
    person.run("unpack-objects", "-q", stdin=pack)
    person.run("update-ref", f"refs/autor/{request.loop}/merges/{merged[:12]}", merged)
    own = repository_of(loop_folder(Path(request.project), request.loop).clone)
    if own.is_dir() and Git(own).commit_of(request.head) is not None:
        Git(own).run("unpack-objects", "-q", stdin=pack)


@dataclass
class _Audits:
    """Audits against the loop's head; no seed is used twice."""

    request: MergeRequest
    sides: Sides
    on_run: Callable[[ForkRun], None]
    drawn: int = 0

    def of(self, side: str) -> Audited:
        """Pairs in whole blocks until the audit decides."""
        pairs: list[Pair] = []
        ours: list[Outcome] = []
        theirs: list[Outcome] = []
        coin = self.request.coin + (side == RESULT)
        while True:
            step = audit_next(tuple(pairs), coin, time_like=self.request.config.metric.time_like)
            if isinstance(step, Decided):
                return _audited(step, pairs, ours, theirs)
            assert isinstance(step, Confirm)
            if step.warm_up and not pairs and self._one(side, 0, self._seed()) is None:
                return Audited(better=False, reason="interrupted", interrupted=True)
            for order in step.orders[: step.pairs]:
                made = self._pair(side, len(pairs) + 1, order, step.repeats)
                if made is None:
                    return Audited(better=False, reason="interrupted", pairs=len(pairs), interrupted=True)
                pairs.append(made[0])
                ours += made[1]
                theirs += made[2]

    def _pair(
        self, side: str, number: int, order: Order, repeats: int
    ) -> tuple[Pair, list[Outcome], list[Outcome]] | None:
        """Both on one fresh seed, in turn as often as the audit asks; a pair's score is the median of its runs."""
        seed, found = self._seed(), {side: list[Outcome](), OURS: list[Outcome]()}
        for name in ((side, OURS) if order == "AB" else (OURS, side)) * repeats:
            outcome = self._one(name, number, seed)
            if outcome is None:
                return None
            found[name].append(outcome)
        slept = any(one.slept for one in (*found[side], *found[OURS]))
        ours, theirs = _middle(found[side]), _middle(found[OURS])
        pair = Pair(seed=seed, candidate=ours, incumbent=theirs, order=order, slept=slept)
        return pair, found[side], found[OURS]

    def _one(self, side: str, number: int, seed: int) -> Outcome | None:
        outcome = self.sides.run(side, seed)
        if outcome is not None:
            self.on_run(
                ForkRun(side=side, at=number, of=self.request.pairs, seed=seed, value=outcome.metric,
                        reason=outcome.reason, duration_s=outcome.duration_s)
            )  # fmt: skip
        return outcome

    def _seed(self) -> int:
        self.drawn += 1
        return (self.request.first_seed + self.drawn - 1) % SEED_SPACE


def _middle(runs: list[Outcome]) -> float | None:
    scores = [one.score for one in runs if one.score is not None]
    return statistics.median(scores) if len(scores) == len(runs) else None


def _audited(step: Decided, pairs: list[Pair], ours: list[Outcome], theirs: list[Outcome]) -> Audited:
    return Audited(
        better=step.verdict is Verdict.KEEP,
        reason=step.reason,
        pairs=len(pairs),
        e_value=step.e_value,
        mean=step.mean,
        interval=step.interval,
        scores=tuple(one.score for one in ours if one.score is not None),
        metrics=tuple(one.metric for one in ours if one.metric is not None),
        before_metrics=tuple(one.metric for one in theirs if one.metric is not None),
    )
