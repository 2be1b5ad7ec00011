"""Contracts that every part of a kind must keep, as test classes to subclass: `agent = YourAgent`, and run pytest."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from autor_nb.domain.ports import Agent, AgentEvent, AgentResult, AgentTask, NewRun, Preflight
from autor_nb.domain.run import Limits, RunConfig
from autor_nb.domain.stage import Ending, StageRef


class AgentContract:
    """What an engine relies on in any agent. `agent` is its class; `options` are its `--set` pairs."""

    agent: Any
    options: dict[str, str] = {}

    def _task(self, folder: Path, limits: Limits | None = None) -> AgentTask:
        workspace = folder / "workspace"
        (workspace / "notes").mkdir(parents=True, exist_ok=True)
        prompt = folder / "stage_attempt_01.prompt.md"
        prompt.write_text("Carry out stage 01.", encoding="utf-8")
        return AgentTask(
            run_id="contract",
            stage=StageRef(number="01", slug="01_literature_survey", title="Literature Survey"),
            attempt=1,
            prompt_path=str(prompt),
            workspace=str(workspace),
            draft_path=str(workspace / "notes" / "draft.md"),
            goal="Find out.",
            options=self.options,
            limits=limits or Limits(),
            marker=f"contract.{folder.name}:01:1",
        )

    def _work(self, task: AgentTask, agent: Agent | None = None) -> tuple[AgentResult, list[AgentEvent]]:
        said: list[AgentEvent] = []
        result: AgentResult = (agent or self.agent()).work(task, said.append, lambda pid, started: None)
        return result, said

    def test_it_is_an_agent_with_a_name(self) -> None:
        """It has the methods of the port and a name without spaces."""
        made = self.agent()
        assert isinstance(made, Agent)
        assert made.name and " " not in made.name

    def test_preflight_answers_without_raising(self) -> None:
        """Whatever is asked, there is an answer in words."""
        looked = self.agent().preflight(NewRun(goal="Find out.", config=RunConfig(options=self.options)))
        assert isinstance(looked, Preflight)
        assert not looked.problem or looked.suggestion

    def test_work_ends_with_a_known_ending(self, tmp_path: Path) -> None:
        """It returns a result; whatever happened is in the ending, not in an exception."""
        result, said = self._work(self._task(tmp_path))
        assert result.ending in Ending
        assert all(isinstance(event, AgentEvent) for event in said)

    def test_it_obeys_its_time_limit_or_ends_before(self, tmp_path: Path) -> None:
        """With hardly any time it ends soon, and never as finished after the limit."""
        result, _ = self._work(self._task(tmp_path, Limits(attempt_timeout_s=0.0, idle_timeout_s=0.0)))
        assert result.ending in (Ending.TIMED_OUT, Ending.FINISHED, Ending.FAILED)

    def test_a_cancelled_agent_stops(self, tmp_path: Path) -> None:
        """Cancelling makes `work` return."""
        made = self.agent()
        box: list[AgentResult] = []
        task = self._task(tmp_path)
        thread = threading.Thread(target=lambda: box.append(self._work(task, made)[0]))
        made.cancel()
        thread.start()
        thread.join(30)
        assert not thread.is_alive()
        assert box and box[0].ending in (Ending.STOPPED, Ending.FINISHED, Ending.FAILED)
