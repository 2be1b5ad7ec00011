"""What an agent program gets of the environment: what it needs to run, and no secret of the person's."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import pytest

from autor_nb.domain.ports import AgentEvent, AgentTask, Text
from autor_nb.domain.stage import Ending, StageRef
from autor_nb.plugins.agents.process import PASSED_ON, ProcessAgent

TELLS = """
import json, os
print(json.dumps({"type": "text", "text": json.dumps(dict(os.environ))}))
print(json.dumps({"type": "finished", "ok": True}))
"""
SECRETS = {
    "OPENAI_API_KEY": "sk-secret",
    "ANTHROPIC_API_KEY": "sk-secret",
    "AWS_SECRET_ACCESS_KEY": "sk-secret",
    "GITHUB_TOKEN": "sk-secret",
    "PGPASSWORD": "sk-secret",
    "MY_LAB_PASSWORD": "sk-secret",
    "SSH_AUTH_SOCK": "/sk-secret",
    "AUTOR_RUNS_DIR": "/sk-secret",
}


class Telling(ProcessAgent):
    """A program that tells its whole environment."""

    name = "telling"

    def argv(self, task_file: Path, task: AgentTask) -> list[str]:
        """Our own interpreter."""
        return [sys.executable, "-c", TELLS]


class Named(Telling):
    """The same, with a variable that the agent says to need."""

    name = "named"
    environment = ("ANTHROPIC_API_KEY",)


def told(agent: ProcessAgent, place: Path) -> dict[str, str]:
    """The environment as the program saw it."""
    (place / "notes").mkdir()
    (place / "prompt.md").write_text("do it")
    task = AgentTask(
        run_id="r",
        stage=StageRef(number="01", slug="01_s", title="S"),
        attempt=1,
        prompt_path=str(place / "prompt.md"),
        workspace=str(place),
        draft_path=str(place / "notes" / "draft.md"),
        goal="g",
        marker="r:01:1:x",
    )
    events: list[AgentEvent] = []
    result = agent.work(task, events.append, lambda pid, started: None)
    assert Ending.FINISHED is result.ending, result.detail
    (text,) = [event.text for event in events if isinstance(event, Text)]
    return msgspec.json.decode(text, type=dict[str, str])


def test_no_secret_of_the_environment_reaches_an_agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither by its name nor by its value; what programs need to run is there."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    seen = told(Telling(), tmp_path)
    assert not SECRETS.keys() & seen.keys()
    assert not any("sk-secret" in value for value in seen.values())
    assert "PATH" in seen
    ours = {name for name in seen if name.startswith("AUTOR_")}
    assert seen.keys() - ours - set(PASSED_ON) <= {
        "LC_CTYPE",
        "PWD",
        "SHLVL",
        "_",
        "OLDPWD",
        "PYTHONDONTWRITEBYTECODE",
    } | {name for name in seen if name.startswith(("PYTHON", "OMP_", "OPENBLAS_", "MKL_", "NUMEXPR_", "TMP", "TEMP"))}


def test_an_agent_gets_the_one_variable_that_it_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own key by name, and no other one."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    seen = told(Named(), tmp_path)
    assert {"ANTHROPIC_API_KEY": "sk-secret"} == {name: value for name, value in seen.items() if "sk-secret" in value}
