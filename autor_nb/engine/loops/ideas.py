"""The next idea and its change: asked of a critic (or taken from a person), remembered failures refused, committed."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.at_work import Current
from autor_nb.domain.loops.cases import margin_of
from autor_nb.domain.loops.course import shown_name
from autor_nb.domain.loops.globs import matches
from autor_nb.domain.loops.idea import Idea, IdeaError
from autor_nb.domain.loops.knobs import Knobs, find_knobs
from autor_nb.domain.loops.memory import diff_key
from autor_nb.domain.loops.parts import CoderTask, CriticTask, OutOfIdeas, Proposal
from autor_nb.domain.loops.seeds import seed_for
from autor_nb.engine.loops import tampering
from autor_nb.engine.loops.clones import clone_of
from autor_nb.engine.orphans import marker_prefix
from autor_nb.store import objects
from autor_nb.store.eventlog import utc_now
from autor_nb.store.loops import critic_logs, edits
from autor_nb.store.loops.clone import Candidate, Clone

if TYPE_CHECKING:
    from autor_nb.engine.loops.engine import LoopEngine

INVALID_MOST = 2
REFUSED_MOST = 12
PROGRAM = "program.md"
TEXT_CAP = 400_000
LIST_CAP = 200
KNOBS_CAP = 100


class Ideas:
    """One turn of critic and coder."""

    def __init__(self, engine: LoopEngine) -> None:
        self.engine = engine
        self.state, self.config, self.loop = engine.state, engine.config, engine.loop

    # --------------------------------------------------------------------------------- proposing

    def propose(self, n: int) -> None:
        """Append the next idea, or why there is none."""
        program = self.read_program()
        if self.state.pins:
            pin = self.state.pins[0]
            self.engine.append(ev.IdeaProposed(n=n, idea=pin.idea, critic="person", pinned_by=pin.by))
            return
        critic = self.engine.parts.critic(self.config)
        clone = clone_of(self.engine)
        clone.checkout(self.state.head)
        task = self._task(clone, program, n)
        refused, changes = [*self.state.refused], [*self.state.refused_changes]
        invalid = 0
        while len(refused) < REFUSED_MOST and invalid <= INVALID_MOST:
            if self._is_paid_out():
                return
            began = time.monotonic()
            asked = msgspec.structs.replace(task, refused=tuple(refused), refused_changes=tuple(changes))
            try:
                proposal = critic.propose(asked)
            except OutOfIdeas as error:
                said = error.message[:2000]
                audit, ended = ev.AuditAsked(out_of_ideas=said), ev.LoopStopped(reason=said, cause="idle")
                self.engine.append(audit if self.state.owes_audit else ended)
                return
            except IdeaError as error:
                invalid += 1
                refused.append(error.message)
                changes.append({})
                log = self._keep_call(error.log, error.message)
                no = ev.IdeaRefused(n=n, kind="invalid", why=error.message[:2000], cost_usd=error.cost_usd, log=log)
                self.engine.append(no)
                continue
            log = self._keep_call(proposal.log, "", proposal.idea) if proposal.log else ""
            if self.engine.interrupting():
                return
            if why := self._repeats(proposal.idea, clone):
                refused.append(why.why)
                changes.append(proposal.idea.change)
                self.engine.append(msgspec.structs.replace(why, n=n, cost_usd=proposal.cost_usd, log=log))
                continue
            self._proposed(self.state.free_n, proposal, critic.name, log, time.monotonic() - began)
            return
        what = "answers that were no ideas" if invalid > INVALID_MOST else "proposals that repeat what failed"
        self.engine.append(
            ev.LoopPaused(reason=f"The critic {critic.name} gave only {what}: {refused[-1]}"[:2000], cause="critic")
        )

    def _is_paid_out(self) -> bool:
        return self.state.session is not None and self.state.session.is_paid_out

    def read_program(self) -> str:
        """The person's direction as it is now; a change of it is an event."""
        path = self.loop.project / PROGRAM
        try:
            content = path.read_bytes()[:TEXT_CAP]
        except OSError:
            content = b""
        sha256 = objects.put(self.loop, content) if content else ""
        if sha256 != self.state.program_sha256:
            first = not self.state.program_sha256
            self.engine.append(ev.ProgramRead(sha256=sha256, object=sha256, first=first))
        return content.decode("utf-8", "replace")

    def _task(self, clone: Clone, program: str, n: int) -> CriticTask:
        several = bool(self.config.scalarizer)
        return CriticTask(
            loop=self.loop.name,
            objective=self.config.objective,
            metric=shown_name(self.state.config),
            direction="higher" if several else self.config.metric.direction,
            program=directed(program, self.state.direction),
            mutable=texts(clone),
            baseline=self._baseline(clone),
            space=self.config.space,
            experiments=tuple(self.engine.past.experiments),
            incumbent_metric=self.engine.past.standing_score if several else self.state.head_metric,
            seed=seed_for(self.state.seed, "critic", n),
            config=self.config.critic,
            folder=str(self.loop.path),
            cancelled=self.engine.interrupting,
        )

    def _baseline(self, clone: Clone) -> dict[str, str]:
        """The mutable files as the loop began from them."""
        if self.engine.baseline_texts is None:
            clone.checkout(self.state.base)
            self.engine.baseline_texts = texts(clone)
            clone.checkout(self.state.head)
        return self.engine.baseline_texts

    def _repeats(self, idea: Idea, clone: Clone) -> ev.IdeaRefused | None:
        found = self.engine.past.memory.repeats(idea, values=self.values(idea, clone))
        if found is None:
            return None
        why, said = found.reason[:2000], idea.hypothesis
        return ev.IdeaRefused(n=0, kind="repeat", why=why, hypothesis=said, repeats=found.n, change=idea.change)

    def values(self, idea: Idea, clone: Clone) -> dict[str, Any]:
        """All knobs as they would be in an idea that turns some, with the incumbent in the tree."""
        if not idea.change:
            return {}
        knobs = find_knobs(texts(clone))
        return {**knobs.values(), **{_full(knobs, path): to for path, to in idea.change.items()}}

    def _proposed(self, n: int, proposal: Proposal, critic: str, log: str, duration_s: float) -> None:
        self.engine.append(
            ev.IdeaProposed(
                n=n,
                idea=proposal.idea,
                critic=critic,
                model=str(self.config.critic.model),
                log=log,
                cost_usd=proposal.cost_usd,
                duration_s=round(duration_s, 4),
            )
        )

    def _keep_call(self, record: dict[str, Any], error: str, idea: Idea | None = None) -> str:
        """Write the call into critic_logs/, whatever comes of it; answers with the file's name."""
        call = critic_logs.CriticCall(
            ts=utc_now(),
            commit=self.state.head,
            system_prompt=str(record.get("system_prompt", "")),
            user_prompt=str(record.get("user_prompt", "")),
            raw_response=dict(record.get("raw_response") or {}),
            parsed_idea=None if idea is None else msgspec.to_builtins(idea),
            error=error or None,
        )
        return critic_logs.write(self.loop.critic_logs, call).name

    # ---------------------------------------------------------------------------------- applying

    def apply(self) -> None:
        """Have the change made in the clone and commit it; one that changes nothing is refused before any trial."""
        current = self.state.current
        assert current is not None and current.idea is not None
        clone, began = clone_of(self.engine), time.monotonic()
        clone.checkout(self.state.head)
        values = self.values(current.idea, clone)
        coder = self.engine.parts.coder(self.config)
        result = coder.apply(self.coder_task(clone, current.n, current.idea))
        if result.ending == "stopped" or self.engine.interrupting():
            clone.checkout(self.state.head)
            return
        if not result.ok:
            self._refuse(current, result.detail or "The coder changed nothing.", result.ending, result.cost_usd)
            return
        try:
            candidate = clone.commit_candidate(_message(self.loop.name, current.n, current.idea), self.state.head)
        except UsageError as error:
            self._refuse(current, error.message, "no_op", result.cost_usd)
            return
        diff = clone.diff(candidate.parent, candidate.sha)
        known_otherwise = current.idea.change or current.pinned_by is not None  # by its knobs; by a person's will
        found = None if known_otherwise else self.engine.past.memory.same_edit(diff)
        if found is not None:
            self._refuse(current, found.reason, "repeat", result.cost_usd)
            return
        self.applied(candidate, diff, values, coder.name, result.cost_usd, time.monotonic() - began)

    def applied(
        self,
        candidate: Candidate,
        diff: str,
        values: dict[str, Any],
        coder: str,
        cost_usd: float | None,
        took_s: float,
        *,
        fixes: int = 0,
    ) -> None:
        """Judge the committed change before any trial of it, and write it down."""
        current, clone = self.state.current, clone_of(self.engine)
        assert current is not None
        judged = tampering.of_candidate(clone, candidate, tampering_around(self.engine, clone))
        added, removed = _lines(diff)
        margin, against = margin_of(self.state, self.config, added, removed)
        otherwise = ""
        if coder != "params" and not fixes:  # the tree holds the candidate
            values, otherwise = _as_made(values, clone, current.idea)
        self.engine.append(
            ev.ChangeApplied(
                n=current.n,
                commit=candidate.sha,
                parent=candidate.parent,
                files=candidate.paths[:LIST_CAP],
                added=added,
                removed=removed,
                diff=objects.put(self.loop, diff.encode("utf-8", "replace")),
                diff_sha256=diff_key(diff),
                values=values if len(values) <= KNOBS_CAP else {},
                coder=coder,
                cost_usd=cost_usd,
                duration_s=round(took_s, 4),
                suspicions=tuple(text[:500] for text in judged.suspicions[:20]),
                tampered=tuple(text[:500] for text in judged.tampered[:20]),
                fixes=fixes,
                margin=margin,
                against=against,
                otherwise=otherwise,
            )
        )

    def coder_task(self, clone: Clone, n: int, idea: Idea) -> CoderTask:
        """What a coder is told."""
        return CoderTask(
            clone=clone.cwd,
            mutable=mutable_paths(clone),
            idea=idea,
            timeout_s=self.config.coder.timeout_s,
            config=self.config.coder,
            cancelled=self.engine.interrupting,
            mutable_globs=self.config.editable,
            space=self.config.space,
            n=n,
            folder=str(self.loop.path),
            marker=f"{marker_prefix(self.loop)}coder{n}",
            put_back=lambda: edits.put_back(self.loop, clone),
        )

    def _refuse(self, current: Current, why: str, kind: str, cost_usd: float | None) -> None:
        clone_of(self.engine).checkout(self.state.head)
        idea, pinned = current.idea, current.pinned_by is not None
        assert idea is not None
        refused = ev.IdeaRefused(n=current.n, kind=kind, why=why[:2000], hypothesis=idea.hypothesis)
        self.engine.append(msgspec.structs.replace(refused, change=idea.change, cost_usd=cost_usd))
        if len(self.state.refused) >= REFUSED_MOST and not pinned:
            self.engine.append(
                ev.LoopPaused(
                    reason=f"{len(self.state.refused)} ideas in a row could not be applied: {why}"[:2000], cause="coder"
                )
            )


def directed(program: str, direction: str) -> str:
    """The person's program, with what a fork is to try on top of it."""
    return "\n\n".join(filter(None, (program.rstrip(), direction and f"## Direction of this fork\n\n{direction}")))


def tampering_around(engine: LoopEngine, clone: Clone) -> Any:
    """What an edit is held against, as the baseline had it."""
    if engine.surroundings is None:
        here = clone.head()
        clone.checkout(engine.state.base)
        engine.surroundings = tampering.surroundings(engine.config, clone)
        clone.checkout(here)
    return engine.surroundings


def mutable_paths(clone: Clone) -> tuple[str, ...]:
    """The mutable files of the commit that lies in the tree, relative to the project's folder."""
    prefix = f"{clone.prefix}/" if clone.prefix else ""
    return tuple(path.removeprefix(prefix) for path in clone.tracked() if matches(path, clone.mutable))


def texts(clone: Clone) -> dict[str, str]:
    """The mutable files as they lie there, by path; what is no text or too long is left out."""
    found: dict[str, str] = {}
    for path in mutable_paths(clone):
        text = _text(clone.cwd / path)
        if text is not None:
            found[path] = text
    return found


def _text(path: Path) -> str | None:
    try:
        content = path.read_bytes()
        return content.decode("utf-8") if len(content) <= TEXT_CAP and not path.is_symlink() else None
    except (OSError, UnicodeDecodeError):
        return None


def _as_made(values: dict[str, Any], clone: Clone, idea: Idea | None) -> tuple[dict[str, Any], str]:
    """The knobs as the committed edit has them, and how that differs from what the idea said; whoever edits may."""
    if not values or idea is None:
        return values, ""
    found = find_knobs(texts(clone)).values()
    odd = [f"{path} is {found[path]!r}, not {to!r}" for path, to in values.items() if found.get(path, to) != to]
    if not odd:
        return values, ""
    said = f"Edited otherwise than proposed ({', '.join(odd[:3])}): {idea.hypothesis}"
    return {path: found.get(path, to) for path, to in values.items()}, said[:1000]


def _full(knobs: Knobs, path: str) -> str:
    """The whole path of a knob that may be named in short; what is none is left to the coder to refuse."""
    try:
        return knobs.resolve(path).path
    except UsageError:
        return path


def _message(loop: str, n: int, idea: Idea) -> str:
    line = re.sub(r"[\x00-\x1f\x7f]+", " ", idea.hypothesis).strip()[:200]
    return f"{loop} #{n}: {line}\n"


def _lines(diff: str) -> tuple[int, int]:
    added = removed = 0
    for line in diff.splitlines():
        added += line.startswith("+") and not line.startswith("+++ ")
        removed += line.startswith("-") and not line.startswith("--- ")
    return added, removed
