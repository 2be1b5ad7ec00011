"""The Python API, for parameterised notebooks and scripts: the verbs as functions, one screen of them.

run = autor_nb.new("Which family is best?", dataset="wine", reviewer="auto", wait=True)
run.stages; run.results(); run.pdf
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from autor_nb import control
from autor_nb.domain.errors import RunError
from autor_nb.domain.rules import config_of
from autor_nb.domain.run import RunConfig, RunStatus
from autor_nb.domain.state import AttemptState, RunState
from autor_nb.store import layout
from autor_nb.store.layout import RunFolder
from autor_nb.store.view import goal_of
from autor_nb.verbs import card, decision, edit, follow, look, request, start, story, target, upkeep
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.rich import Artifacts, Checks, Rich, Stages, artifacts_of, checks_of, stages_of

ENDED_BADLY = (RunStatus.FAILED, RunStatus.ABORTED, RunStatus.INTERRUPTED, RunStatus.PAUSED)


def new(
    goal: str,
    *,
    dataset: str | Path | None = None,
    resources: Iterable[str | Path] | Mapping[str, str] = (),
    reviewer: str = "person",
    intake: bool = False,
    wait: bool = False,
    runs_dir: str | Path | None = None,
    agent: str | None = None,
    model: str | None = None,
    models: Mapping[str | int, str] | None = None,
    venue: str | None = None,
    seed: int | None = None,
    decisions: str | Path | None = None,
    timeout_s: float | None = None,
    idle_timeout_s: float | None = None,
    budget_s: float | None = None,
    retries: int | None = None,
    options: Mapping[str, Any] | None = None,
    progress: Callable[[str], None] | None = None,
    **more_options: Any,
) -> Run:
    """Start a run. `dataset` is a bundled one or a file; `options` and further keywords are the agent's.

    `model` is asked for in every stage but those that `models` names: {"03": "NAME"}.

    `resources` are paths, or paths mapped to what they are. With `wait` it returns when the run waits for a
    person or is complete, and raises RunError if it ended otherwise.
    """
    face = _face(runs_dir, progress)
    given = {name: str(value) for name, value in {**(options or {}), **more_options}.items()}
    files = [request.resource(f"{path}={what}" if what else str(path)) for path, what in _described(resources)]
    if dataset is not None and _is_file(dataset):
        files.append(control.ResourceRequest(path=Path(dataset).expanduser()))
    elif dataset is not None:
        given["dataset"] = str(dataset)
    made = control.create(
        request.build(
            face,
            goal,
            {
                "reviewer": reviewer,
                "intake": intake,
                "agent": agent,
                "model": model,
                "models": {str(stage): name for stage, name in (models or {}).items()},
                "venue": venue,
                "seed": seed,
                "decisions": str(decisions) if decisions else None,
                "timeout_s": timeout_s,
                "idle_timeout_s": idle_timeout_s,
                "budget_s": budget_s,
                "retries": retries,
                "options": given,
                "resources": files,
            },
        )
    )
    run = Run(made, face)
    return run.wait() if wait else run


def open(run_id: str = "latest", *, runs_dir: str | Path | None = None) -> Run:
    """The run of that id (or `latest`, or a run's folder)."""
    face = _face(runs_dir, None)
    return Run(target.named(face, run_id), face)


def runs(*, runs_dir: str | Path | None = None) -> list[Run]:
    """Every run, newest first."""
    face = _face(runs_dir, None)
    return [Run(run, face) for run in layout.all_runs(target.root(face))]


def _face(runs_dir: str | Path | None, progress: Callable[[str], None] | None) -> Face:
    face = Face("api", runs_dir=str(runs_dir) if runs_dir else None)
    face.say = progress or face.say
    return face


def _described(resources: Iterable[str | Path] | Mapping[str, str]) -> list[tuple[str | Path, str]]:
    if isinstance(resources, Mapping):
        return list(resources.items())
    if isinstance(resources, str | Path):
        return [(resources, "")]
    return [(item, "") for item in resources]


def _is_file(dataset: str | Path) -> bool:
    return isinstance(dataset, Path) or Path(dataset).suffix != "" or Path(dataset).expanduser().is_file()


class Run(Rich):
    """A run as it is whenever you look: every property is read afresh from its folder."""

    def __init__(self, folder: RunFolder, face: Face | None = None) -> None:
        self.folder, self._face = folder, face or _face(folder.path.parent, None)

    @property
    def id(self) -> str:
        """The run's id."""
        return self.folder.run_id

    @property
    def path(self) -> Path:
        """The run's folder."""
        return self.folder.path

    @property
    def status(self) -> str:
        """created · running · in_review · paused · interrupted · failed · aborted · completed."""
        return str(control.snapshot(self.folder).status)

    @property
    def state(self) -> RunState:
        """Everything that is known about it."""
        return control.snapshot(self.folder).state

    @property
    def waiting(self) -> str:
        """Who must act: person · engine · nobody."""
        return control.snapshot(self.folder).waiting

    @property
    def goal(self) -> str:
        """What is to be found out, as it was typed."""
        return goal_of(self.folder, self.state)

    @property
    def config(self) -> RunConfig:
        """How it is carried out: agent, model, venue, reviewer, seed, options, limits."""
        return config_of(self.state)

    @property
    def agent(self) -> str:
        """Who does the work."""
        return self.config.agent

    @property
    def venue(self) -> str:
        """Where the paper goes."""
        return self.config.venue

    @property
    def reviewer(self) -> str:
        """Who decides: person · auto · decisions."""
        return self.config.reviewer

    @property
    def resources(self) -> list[Path]:
        """The files that were supplied, where they lie in the run."""
        return [self.path / item.dest_relative for item in self.state.resources]

    @property
    def stage(self) -> str | None:
        """The stage in work or in review; None once all are approved."""
        return self.state.current

    @property
    def attempt(self) -> int | None:
        """The attempt in review, else the newest of the stage in work."""
        newest = self._newest()
        return newest.attempt if newest else None

    @property
    def summary(self) -> str:
        """The summary of that attempt, empty while there is none."""
        newest = self._newest()
        return look.summary_of(self.folder, newest) if newest else ""

    @property
    def suggestions(self) -> list[str]:
        """What that attempt suggests; `refine(1)` takes the first."""
        newest = self._newest()
        return list(newest.suggestions) if newest else []

    @property
    def questions(self) -> list[str]:
        """What the intake asks; `answer(1, "…")` answers the first."""
        return [q.text for stage in self.state.stages if stage.latest for q in stage.latest.questions]

    @property
    def error(self) -> str:
        """Why it failed, paused or is damaged, with what mends it; empty if nothing is wrong."""
        state = self.state
        if state.damaged or state.status not in ENDED_BADLY:
            return state.damaged
        return state.failure or f"{state.pause_reason} {state.mend}".strip()

    @property
    def log(self) -> list[str]:
        """What has happened, in words, oldest first."""
        return [said for event in control.Tail(self.folder).read() if (said := story.told(event))]

    @property
    def workspace(self) -> Path:
        """Where the agent works."""
        return self.folder.workspace

    @property
    def cost_usd(self) -> float:
        """What it has cost so far."""
        return self.state.cost_usd

    @property
    def created_at(self) -> str:
        """When it was made (UTC)."""
        return self.state.created_at

    @property
    def completed_at(self) -> str:
        """When its last stage was approved (UTC), empty before."""
        return self.state.completed_at

    def _newest(self) -> AttemptState | None:
        state = self.state
        stage = state.stage(state.current or "") or (state.stages[-1] if state.stages else None)
        return state.under_review or (stage.latest if stage else None)

    @property
    def stages(self) -> Stages:
        """Its stages, in order."""
        return stages_of(self.folder, self.state)

    @property
    def checks(self) -> Checks:
        """The checks of the attempt in review, else of the newest."""
        return checks_of(self.folder, self.state)

    @property
    def artifacts(self) -> Artifacts:
        """The files of its workspace, as last recorded."""
        return artifacts_of(self.folder, self.state)

    @property
    def notebooks(self) -> list[Path]:
        """The executed stage notebooks, oldest first."""
        return sorted(self.folder.stages.glob("*.attempt_*.ipynb"))

    @property
    def pdf(self) -> Path | None:
        """The paper, once it is built."""
        return card.pdf_of(self.folder)

    # ------------------------------------------------------------------------------------- decisions

    def approve(self, *, attempt: int | None = None, waive: Mapping[str, str] | None = None, note: str = "") -> Run:
        """Approve what is in review; `waive` maps failing checks to reasons."""
        decision.approve(self.folder, self._by(), attempt=attempt, waive=waive, note=note)
        return self

    def refine(self, what: int | str, *, attempt: int | None = None) -> Run:
        """Send what is in review back: a suggestion's number, or your own words."""
        decision.refine(self.folder, self._by(), what, attempt=attempt)
        return self

    def edit(self, text: str, *, attempt: int | None = None) -> Run:
        """Replace the draft in review by your own text: an attempt of its own, recorded as edited by you."""
        edit.edit(self.folder, self._by(), text, attempt=attempt)
        return self

    def waive(self, check: str, why: str) -> Run:
        """Pass one failing check by name, with a reason."""
        decision.waive(self.folder, self._by(), check, why)
        return self

    def answer(self, question: int | str, text: str) -> Run:
        """Answer an intake question, by its number or id."""
        decision.answer(self.folder, self._by(), {str(question): text})
        return self

    def redo(self, stage: int | str) -> Run:
        """Withdraw a stage and all later ones, and start it afresh."""
        decision.redo(self.folder, self._by(), str(stage))
        return self

    def rollback(self, stage: int | str) -> Run:
        """Withdraw a stage and all later ones, and reopen its last approved attempt."""
        decision.rollback(self.folder, self._by(), str(stage))
        return self

    def undo(self) -> Run:
        """Take the last rollback back."""
        decision.undo(self.folder, self._by())
        return self

    def abort(self, reason: str = "") -> Run:
        """End the run; it can be resumed."""
        decision.abort(self.folder, self._by(), reason)
        return self

    def stop(self) -> Run:
        """End the work on it; it can be resumed."""
        start.stop_run(self.folder, self._face.name)
        return self

    def resume(self, **said: Any) -> Run:
        """Set it to work again; keywords (agent, venue, options …) replace its configuration."""
        start.again(self._face, self.folder, said)
        return self

    def wait(self, until: str = "review", timeout_s: float | None = None) -> Run:
        """Wait for its review, or (`done`) its end; RunError if it ended badly or not in time."""
        snapshot = follow.until(self._face, self.folder, until, timeout_s)
        state = snapshot.state
        if snapshot.status in ENDED_BADLY:
            raise RunError(
                f"Run {self.id} is {snapshot.status}: {state.last_error or state.pause_reason}",
                f"`autor show --checks --run {self.id}` tells why; `autor resume {self.id}` goes on.",
            )
        if timeout_s is not None and follow.is_unfinished(snapshot, until):
            raise RunError(
                f"Run {self.id} is not there yet after {timeout_s:g} s: {snapshot.status}.",
                f"`autor wait {self.id}` waits on.",
            )
        return self

    # --------------------------------------------------------------------------------------- results

    def verify(self) -> Result:
        """Check and execute everything again; `.facts["differences"]` says what differs."""
        return upkeep.verified(self._face, self.folder)

    def results(self, file: str | None = None) -> Any:
        """A DataFrame (rows without pandas) of one result file, or of every number in results/*.json."""
        from autor_nb.verbs import results

        return results.as_frame(results.rows(self.folder, file))

    def export(self, path: str | Path | None = None, *, markdown: bool = False, force: bool = False) -> Path:
        """Write one self-contained HTML (or Markdown) document of it, beside runs/ unless said; the file's path."""
        from autor_nb.export import written

        return written.export(self.folder, path, markdown=markdown, force=force).path

    def result(self) -> Result:
        """How it stands, as `autor status` shows it."""
        return card.run_card(self.folder, control.snapshot(self.folder))

    def _by(self) -> Any:
        return control.actor(self._face.name)
