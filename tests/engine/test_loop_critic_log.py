"""Every call of a critic is on disk in the format that others read, whatever came of its answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from autor_nb.domain.loops import events as ev
from autor_nb.testing.loop_project import LoopProject, edit, idea

KEYS = ["ts", "commit", "system_prompt", "user_prompt", "raw_response"]
RAW = ["model", "content", "thinking", "reasoning", "usage"]


def calls(project: LoopProject) -> dict[str, Any]:
    """Every file, by name."""
    return {path.name: json.loads(path.read_text()) for path in project.loop.critic_logs.iterdir()}


def test_refused_repeats_and_invalid_answers_are_logged_as_calls(tmp_path: Path) -> None:
    """The repeat with its idea, the answer that was no idea as it was heard; the event names the file."""
    names = ["Try a wider net", "Try a wider net", "Drop the second layer"]
    project = LoopProject.make(tmp_path, [edit(level=1.5), edit(level=1.6), edit(level=0.5)], hypotheses=names)
    script = tmp_path / "scripts" / "ideas.json"
    ideas = [msgspec.to_builtins(idea(name)) for name in names]
    ideas.insert(1, {"hypothesis": "two of seven fields", "risk_level": "none"})
    script.write_text(json.dumps(ideas), encoding="utf-8")
    project.work(project.start(iterations=2))
    found = calls(project)
    assert all([*KEYS, "error" if "error" in call else "parsed_idea"] == list(call) for call in found.values())
    assert all(RAW == list(call["raw_response"]) for call in found.values())
    invalid, repeat = sorted(project.of(ev.IdeaRefused), key=lambda one: one.kind)
    assert ("invalid", "repeat") == (invalid.kind, repeat.kind)
    heard = found.pop(invalid.log)
    assert invalid.why == heard["error"] and "two of seven" in heard["raw_response"]["content"]
    assert "Try a wider net" == found.pop(repeat.log)["parsed_idea"]["hypothesis"]
    tried = {one.log: one.idea.hypothesis for one in project.of(ev.IdeaProposed)}
    assert tried == {name: call["parsed_idea"]["hypothesis"] for name, call in found.items()} and 2 == len(tried)
