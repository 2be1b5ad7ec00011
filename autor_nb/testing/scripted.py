"""The `scripted` agent: replays behaviours, good and bad, as a real program under the real engine.

`--set script=05:crash,05:hang,03:no_draft` gives the behaviour of a stage's first, second … attempt; an attempt
without an entry is `good`. Behaviours: see `autor_nb.testing.scripted_program.BEHAVIOURS`. `--set delay_s=0.2`
makes every good attempt take that long, `--set until=PATH` until that file is there, `--set lines=1000` lets it say
so much meanwhile, `--set files=5000` adds that many files in stage 01.
"""

from __future__ import annotations

import sys
from pathlib import Path

from autor_nb.domain.ports import AgentTask, NewRun, Preflight
from autor_nb.plugins.agents.process import ProcessAgent

BEHAVIOURS = (
    "good",
    "no_draft",
    "invalid",
    "unchanged",
    "empty",
    "crash",
    "silent",
    "hang",
    "flood",
    "long_line",
    "non_utf8",
    "writes_outside",
    "ignores_sigterm",
    "escapes_session",
    "asks",
    "hostile",
)


def parse_script(text: str) -> dict[str, list[str]]:
    """Stage number → behaviours of its attempts; ValueError names what is not understood."""
    script: dict[str, list[str]] = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        stage, _, behaviour = item.partition(":")
        if behaviour not in BEHAVIOURS or not stage.isdigit():
            raise ValueError(item)
        script.setdefault(f"{int(stage):02d}", []).append(behaviour)
    return script


class ScriptedAgent(ProcessAgent):
    """A fake that is a real implementation: a program with good and bad manners."""

    name = "scripted"
    term_grace_s = 0.5

    def preflight(self, new: NewRun) -> Preflight:
        """Refuse a script that has other words than ours."""
        try:
            parse_script(new.config.options.get("script", ""))
        except ValueError as error:
            return Preflight(
                problem=f"The script entry {str(error)!r} is not understood.",
                suggestion=f"Write STAGE:BEHAVIOUR, with one of {', '.join(BEHAVIOURS)}.",
            )
        return Preflight(notes=("The scripted agent replays behaviours; it does no research.",))

    def argv(self, task_file: Path, task: AgentTask) -> list[str]:
        """Our own program."""
        return [sys.executable, "-m", "autor_nb.testing.scripted_program", str(task_file)]
