"""A draft that a person edited by hand becomes an attempt of its own: judged like any other, and no agent is called."""

from __future__ import annotations

from autor_nb.domain import events as ev
from autor_nb.domain.ports import AgentResult
from autor_nb.domain.stage import Ending
from autor_nb.engine.work import StageWork
from autor_nb.store import objects
from autor_nb.store.atomic import write_bytes


class EditedDraft(StageWork):
    """One attempt whose draft is a person's; the agent's session stays open for a later refinement."""

    author = "person"

    def carry_out(self) -> None:
        """Put the text in the draft's place and record it; a kill anywhere leaves the edit pending."""
        pending, last = self.engine.state.pending_edit, self.earlier[-1]
        assert pending is not None
        text = objects.get(self.run, pending.draft_sha256)
        presented = next((a for a in reversed(self.earlier) if a.summary_path), None)
        self.before = dict(self.engine.index.scan())
        self.keep(self.before.values())
        (started,) = self.engine.append(
            ev.AttemptStarted(
                stage=self.spec.slug,
                attempt=self.number,
                agent="by hand",
                trigger=self.trigger,
                session_id=last.session_id,
                draft_sha256_before=presented.draft_sha256 if presented else "",
                files=objects.put_files(self.run, self.before),
            )
        )
        assert isinstance(started, ev.AttemptStarted)
        self.engine.notebooks.warm()
        write_bytes(self.run.draft, text)
        self.end(started, AgentResult(ending=Ending.FINISHED, session_id=last.session_id), 0.0, 0, ())
