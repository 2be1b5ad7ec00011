"""ChecksPanel and ArtifactsPanel: one side of a run at length, kept up to date by the run's tail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from autor_nb.desk.attempt import attempt_view, files_of
from autor_nb.desk.view import current
from autor_nb.notebook.panels import looks
from autor_nb.notebook.panels.panel import Panel
from autor_nb.notebook.panels.tail import tail_of
from autor_nb.store.layout import RunFolder

ATTEMPTS = 40


class _Side(Panel):
    """A panel for reading about a run."""

    KIND = ""

    def __init__(self, run: RunFolder) -> None:
        self.run, self.tail = run, tail_of(run)
        self.tail.first()
        super().__init__(kind=self.KIND, view=self.document())
        self.tail.join(self)

    def document(self) -> dict[str, Any]:
        """What is shown."""
        raise NotImplementedError

    def show(self, view: dict[str, Any], attempt: dict[str, Any] | None) -> None:
        """The run has moved: show this side of it."""
        found = self.document()
        if found != self.view:
            self.view = found

    def tell(self, message: dict[str, Any]) -> None:
        """Signs of life only; the feed is the run panel's."""
        if "beat" in message:
            self.send(message)

    def hello(self) -> None:
        """Look at once."""
        self.tail.wake()

    def look(self, message: dict[str, Any]) -> Any:
        """A document about this run."""
        return looks.look(self.tail, message)


class ChecksPanel(_Side):
    """The checks of every attempt that was checked, oldest first."""

    KIND = "checks"

    def document(self) -> dict[str, Any]:
        """Attempts without draft and artifacts."""
        now = self.tail.snapshot
        assert now is not None
        checked = [a for stage in now.state.stages for a in stage.attempts if a.checked][-ATTEMPTS:]
        attempts = [attempt_view(self.run, now.state, a.stage, a.attempt) for a in checked]
        for each in attempts:
            each.pop("draft")
            each.pop("artifacts")
        return {"run": self.run.run_id, "attempts": attempts}


class ArtifactsPanel(_Side):
    """The files of the current attempt, with previews on demand."""

    KIND = "artifacts"

    def _named(self) -> dict[str, str]:
        return {"id": self.run.run_id, "folder": str(self.run.path), "home": str(Path.home())}

    def document(self) -> dict[str, Any]:
        """All its files."""
        now = self.tail.snapshot
        assert now is not None
        stage, attempt = current(now)
        ended = attempt if attempt is not None and attempt.ended_at else None
        if stage is not None and attempt is not None and ended is None:
            ended = next((a for a in reversed(stage.attempts) if a.ended_at), None)
        if stage is None or ended is None:
            return {"run": self._named(), "stage": "", "attempt": 0, "files": [], "total": 0}
        files = files_of(self.run, now.state, stage.ref.slug, ended.attempt)
        return {
            "run": self._named(),
            "stage": stage.ref.slug,
            "attempt": ended.attempt,
            "files": files[:500],
            "total": len(files),
        }
