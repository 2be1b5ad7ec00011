"""The scripted agent keeps the contract that it is used to test with."""

from __future__ import annotations

from autor_nb.testing.contracts import AgentContract
from autor_nb.testing.scripted import ScriptedAgent


class TestScriptedAgent(AgentContract):
    """With good manners."""

    agent = ScriptedAgent


class TestScriptedAgentWithBadManners(AgentContract):
    """Even a crash is an ending, not an exception."""

    agent = ScriptedAgent
    options = {"script": "01:crash"}
