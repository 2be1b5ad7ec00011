"""One stage set to work once: prompt, agent, evidence, and the event that says what came of it."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from autor_nb.domain import events as ev
from autor_nb.domain import summary
from autor_nb.domain.artifact import FileEntry
from autor_nb.domain.hypothesis import freeze_hash, manifest_items
from autor_nb.domain.ports import AgentResult
from autor_nb.domain.stage import AttemptStatus, Ending, StageSpec
from autor_nb.domain.state import AttemptState
from autor_nb.engine import attempt as part
from autor_nb.engine import orphans
from autor_nb.engine.evidence import EvidenceContext, write_all
from autor_nb.engine.prompt import PromptInputs, build_prompt, prompt_inputs
from autor_nb.store import objects
from autor_nb.store.atomic import write_bytes
from autor_nb.store.eventlog import utc_now
from autor_nb.store.rawlog import RawLog
from autor_nb.store.view import add_made, goal_of

if TYPE_CHECKING:
    from autor_nb.engine.workflow import Engine

FREEZE_FROM = "05"


class StageWork:
    """One attempt from its prompt to its recorded ending."""

    author = "agent"

    def __init__(self, engine: Engine, spec: StageSpec, trigger: str) -> None:
        self.engine, self.run, self.spec, self.trigger = engine, engine.run, spec, trigger
        stage = engine.state.stage(spec.slug)
        assert stage is not None
        self.earlier = [a for a in stage.attempts if a.status is not AttemptStatus.WITHDRAWN]
        self.number = len(stage.attempts) + 1
        self.config = engine.config
        self.before: dict[str, FileEntry] = {}

    def carry_out(self) -> None:
        """Do it."""
        agent = self.engine.parts.agent(self.config)
        self.engine.parts.venue(self.config)
        self._freeze_hypotheses()
        started = self._start(agent.name)
        self.engine.notebooks.warm()
        raw = RawLog(self.run, self.spec.slug, self.number)
        engines_own = part.protected(self.run)
        try:
            task = part.build_task(
                self.run,
                self.engine.state,
                self.spec,
                self.config,
                self.number,
                goal_of(self.run, self.engine.state),
                started.session_id,
                self._marker(),
            )

            def meanwhile() -> None:
                if self.engine.interrupting():
                    agent.cancel()

            def spawned(told: part.Spawned) -> None:
                self.engine.append(
                    ev.AgentSpawned(
                        stage=self.spec.slug,
                        attempt=self.number,
                        pid=told[0],
                        process_started=told[1],
                        marker=task.marker,
                    )
                )

            result, duration_s = part.follow(agent, task, raw, spawned, meanwhile)
        finally:
            raw.close()
        outside = tuple(path for path in part.touched(engines_own, part.protected(self.run)) if self._foreign(path))
        self.end(started, result, duration_s, raw.count, outside)

    def _foreign(self, path: str) -> bool:
        """The engine itself writes to its log, its promoted summaries and the attempt's own files meanwhile."""
        if path == "events.jsonl":
            return not self.engine.log_is_ours()
        return not path.startswith("prompt_cache/")

    def _marker(self) -> str:
        return f"{orphans.marker_prefix(self.run)}{self.spec.number}:{self.number}:{secrets.token_hex(4)}"

    # ------------------------------------------------------------------------------------ before

    def _freeze_hypotheses(self) -> None:
        state = self.engine.state
        if self.spec.number < FREEZE_FROM or state.frozen_hypotheses:
            return
        path = self.run.workspace / "notes" / "hypothesis_manifest.json"
        try:
            items = manifest_items(msgspec.json.decode(path.read_bytes()))
        except (OSError, msgspec.DecodeError, RecursionError):
            return
        if items:
            self.engine.append(ev.HypothesesFrozen(sha256=freeze_hash(items)))

    def _prompt_inputs(self) -> PromptInputs:
        parts, state = self.engine.parts, self.engine.state
        return prompt_inputs(
            state,
            self.run.path,
            self.spec,
            self.number,
            files=self.before,
            made=self.engine.made,
            specs=parts.specs(state),
            project=parts.project,
        )

    def _start(self, agent: str) -> ev.AttemptStarted:
        state = self.engine.state
        keep = self.trigger in ("refine", "retry")
        draft_before = part.place_draft(self.run, self.earlier, keep)
        self.before = dict(self.engine.index.scan())
        self.keep(self.before.values())
        prompt = build_prompt(self._prompt_inputs()).encode("utf-8", "replace")
        prompt_path = self.run.prompt(self.spec.slug, self.number)
        write_bytes(prompt_path, prompt, durable=False)
        last = self.earlier[-1] if self.earlier else None
        session = last.session_id if last and self.trigger in ("refine", "retry") else None
        feedback = [given.text for given in state.feedback if given.stage == self.spec.slug]
        started = ev.AttemptStarted(
            stage=self.spec.slug,
            attempt=self.number,
            agent=agent,
            trigger=self.trigger,
            session_id=session,
            model=self.config.models.get(self.spec.slug, self.config.model),
            prompt_path=prompt_path.relative_to(self.run.path).as_posix(),
            prompt_sha256=hashlib.sha256(prompt).hexdigest(),
            prompt_bytes=len(prompt),
            feedback=feedback[-1] if feedback and self.trigger == "refine" else "",
            draft_sha256_before=draft_before,
            files=objects.put_files(self.run, self.before),
        )
        (written,) = self.engine.append(started)
        assert isinstance(written, ev.AttemptStarted)
        return written

    # ------------------------------------------------------------------------------------- after

    def keep(self, entries: Iterable[FileEntry]) -> None:
        """Keep the contents of these files, up to the size cap."""
        for entry in entries:
            if entry.size_bytes <= self.config.limits.object_cap_bytes:
                objects.keep_file(self.run, self.run.workspace / entry.path, entry.sha256)

    def end(
        self,
        started: ev.AttemptStarted,
        result: AgentResult,
        duration_s: float,
        raw_count: int,
        outside: tuple[str, ...],
    ) -> None:
        """Read back what is there now, and record how the attempt ended."""
        draft = part.read_draft(self.run)
        ending, detail = part.ending_of(result, draft, started.draft_sha256_before)
        if ending is Ending.STOPPED and self.engine.out_of_budget:
            ending, detail = Ending.BUDGET, "The run's time budget was used up; the agent was stopped."
        if ending is Ending.FINISHED:
            self._write_evidence(started)
        files = self.engine.index.scan()
        written_by = self.author
        if ending is Ending.NO_DRAFT and self.engine.state.retries >= self.config.limits.retries:
            text = part.fallback_draft(self.spec, detail, files, self.before).encode()
            draft, ending, written_by = (text, hashlib.sha256(text).hexdigest()), Ending.FINISHED, "engine"
        changed = add_made(self.engine.made, self.spec.number, self.number, self.before, files)
        self.keep(changed)
        summary_path, suggestions = self._keep_summary(draft)
        ended = ev.AttemptEnded(
            stage=self.spec.slug,
            attempt=self.number,
            ending=ending,
            detail=detail[:2000],
            draft_sha256=draft[1] if draft else "",
            summary_path=summary_path,
            written_by=written_by,
            files=objects.put_files(self.run, files),
            changed=len(changed),
            outside=outside,
            session_id=result.session_id,
            exit_code=result.exit_code,
            duration_s=round(duration_s, 3),
            usage=result.usage,
            cost_usd=result.cost_usd,
            events=raw_count,
            suggestions=suggestions,
            questions=part.read_questions(self.run) if self.spec.optional else (),
        )
        (written,) = self.engine.append(ended, changed_files=True)
        assert isinstance(written, ev.AttemptEnded)
        part.write_record(self.run, started, written, raw_count)

    def _keep_summary(self, draft: tuple[bytes, str] | None) -> tuple[str, tuple[str, ...]]:
        if draft is None:
            return "", ()
        path = self.run.summary(self.spec.slug, self.number)
        write_bytes(path, draft[0])
        parsed = summary.parse(draft[0].decode("utf-8", "replace"))
        return path.relative_to(self.run.path).as_posix(), tuple(text[:2000] for text in parsed.suggestions[:3])

    def _write_evidence(self, started: ev.AttemptStarted) -> None:
        if not self.spec.evidence:
            return
        state = self.engine.state
        stage = state.stage(self.spec.slug)
        assert stage is not None and stage.latest is not None
        draft = AttemptState(
            stage=self.spec.slug,
            attempt=self.number,
            ending=Ending.FINISHED,
            files_before=started.files,
            ended_at=utc_now(),
        )
        view = self.engine.view(draft, files=self.engine.index.scan())
        write_all(
            self.spec.evidence,
            EvidenceContext(
                run_dir=self.run.path,
                workspace=self.run.workspace,
                state=state,
                stage=self.spec.ref,
                attempt=self.number,
                venue=self.engine.parts.venue(self.config),
                view=view,
                at=started.at,
            ),
        )
