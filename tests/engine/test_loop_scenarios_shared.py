"""What reaches into a loop from beside it: a new direction, two grants at once, a holdout in a sandbox."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from autor_nb import loop_forks
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.config import LoopConfig
from autor_nb.domain.loops.parts import CriticTask, Proposal
from autor_nb.domain.loops.state import LoopState
from autor_nb.engine.loops import sandbox
from autor_nb.engine.loops.engine import LoopEngine
from autor_nb.loop_wiring import WiredLoopParts
from autor_nb.store import inbox, objects
from autor_nb.store.lock import EngineLock
from autor_nb.store.loops.family import family_of
from autor_nb.testing.loop_project import ME, LoopProject, edit

GRANTER = """import sys
from pathlib import Path
from autor_nb import loop_control
from autor_nb.domain.loops import commands as cmd
from autor_nb.store.loops.layout import LoopFolder
loop = LoopFolder(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
loop_control.ask(loop, cmd.GrantBudget(**loop_control.fields(loop_control.actor("test")), alpha=0.2))
"""


class Listening:
    """The project's critic; it notes what the program said each time, and a person edits it after the first."""

    def __init__(self, critic: Any, program: Path, heard: list[str]) -> None:
        self.name, self.critic, self.program, self.heard = critic.name, critic, program, heard

    def propose(self, task: CriticTask) -> Proposal:
        """The critic's own idea."""
        self.heard.append(task.program)
        if len(self.heard) == 1:
            self.program.write_text("Try the momentum — nothing else.\n", encoding="utf-8")
        return self.critic.propose(task)


class Parts(WiredLoopParts):
    """The wired parts, with such a critic."""

    def __init__(self, program: Path) -> None:
        self.program, self.heard = program, list[str]()

    def critic(self, config: LoopConfig) -> Any:
        """The listening one."""
        return Listening(super().critic(config), self.program, self.heard)


def test_an_edit_of_the_program_while_the_loop_works_is_told_to_the_next_critic(tmp_path: Path) -> None:
    """It is an event with the new text; the loop works on, and what did not change is no event again."""
    project = LoopProject.make(tmp_path, [edit(level=0.9), edit(level=0.8), edit(level=0.7)],
                               files={"program.md": "Make it smaller.\n"})  # fmt: skip
    parts = Parts(project.folder / "program.md")
    inbox.drop(project.loop, project.start(iterations=3))
    with EngineLock(project.loop) as held:
        LoopEngine(project.loop, parts).work(held)
    assert ["Make it smaller.", *["Try the momentum — nothing else."] * 2] == parts.heard
    first, second = project.of(ev.ProgramRead)
    assert (True, False) == (first.first, second.first) and first.sha256 != second.sha256
    assert "Try the momentum — nothing else.\n" == objects.get(project.loop, second.object).decode()
    order = [type(one) for one in project.events if isinstance(one, ev.ProgramRead | ev.IdeaProposed)]
    assert [ev.ProgramRead, ev.IdeaProposed, ev.ProgramRead, ev.IdeaProposed, ev.IdeaProposed] == order
    assert project.state.program_sha256 == second.sha256 and 1 == project.state.sessions


def test_two_grants_at_the_same_instant_spend_one_budget(tmp_path: Path) -> None:
    """Two persons ask two forks: whichever way it goes the family agrees, and each session's places are taken once."""
    project = LoopProject.make(tmp_path, [], parallel=2)
    forks = [LoopProject(project.folder, loop) for loop in loop_forks.fork(project.loop, ME, count=2, seed=7)]
    children = [subprocess.Popen([sys.executable, "-c", GRANTER, str(fork.loop.path)], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, text=True) for fork in forks]  # fmt: skip
    for child in children:
        assert child.stdout is not None and "ready\n" == child.stdout.readline()
    for child in children:
        assert child.stdin is not None
        child.stdin.write("\n")
        child.stdin.flush()
    for child in children:
        assert 0 == child.wait(timeout=60)
        assert child.stdin is not None and child.stdout is not None
        child.stdin.close()
        child.stdout.close()
    for member in (*forks, project):
        member.work()
    sessions = {member.state.budget_session for member in (*forks, project)}
    asked = [one for fork in forks for one in fork.of(ev.BudgetGranted) if one.command_id]
    assert 2 == len(asked) and all(0.2 == one.alpha for one in asked)
    assert {max(one.session for one in asked)} == sessions and sessions <= {2, 3}
    places = [family_of(fork.loop, fork.state).place(n, LoopState(budget_session=fork.state.budget_session))
              for n in (1, 2) for fork in forks]  # fmt: skip
    assert [0, 1, 2, 3] == [place.confirms for place in places] and sessions == {place.session for place in places}
    granted = [line for line in family_of(project.loop, project.state).ledger.read_text().splitlines() if '"session",' in line]
    assert len(granted) == len({one.session for one in asked})


SCORE = r"""#!/bin/sh
level=1
. ./model.sh
cat "$AUTOR_HOLDOUT" > /dev/null || exit 4
{ ls "$OUTSIDE" && touch "$OUTSIDE/touched"; } 2>/dev/null
awk -v level="$level" 'BEGIN { printf "[%s, %s, %s]", level, level + .01, level - .01 }' > "$AUTOR_HOLDOUT_LOSSES"
"""


def holdout(tmp_path: Path, edits: list[str]) -> LoopProject:
    """A loop in a sandbox, with a holdout outside its clone and a command that would write elsewhere."""
    outside = tmp_path / "outside"
    outside.mkdir()
    made = LoopProject.make(
        tmp_path, edits, sandbox=True, holdout="holdout.txt", holdout_command=("/bin/sh", "score.sh"),
        files={"score.sh": SCORE.replace("$OUTSIDE", str(outside)), ".gitignore": "holdout.txt\nautor_loops\n"},
    )  # fmt: skip
    (made.folder / "holdout.txt").write_text("1\n2\n3\n", encoding="utf-8")
    return made


def test_a_holdout_in_a_sandbox_is_read_by_its_command_alone(tmp_path: Path) -> None:
    """It is protected and told so; the candidate's runs see nothing of it, and its command writes nowhere else."""
    spy = edit(level=0.5) + f"cat {tmp_path}/project/holdout.txt > leak.txt 2>/dev/null; wc -c < leak.txt\n"
    project = holdout(tmp_path, [spy])
    state = project.work(project.start(iterations=1))
    if why_not := sandbox.refusal():
        assert why_not in " ".join((state.failure, *(one.reason for one in project.of(ev.TrialEnded))))
        return
    (asked,) = project.of(ev.HoldoutAsked)
    assert ("", True, True, 3) == (asked.failed, asked.protected, asked.leads, asked.examples), asked
    assert asked.released == pytest.approx(0.5, abs=0.01)
    assert not (tmp_path / "outside" / "touched").exists()
    screen = next(one for one in project.of(ev.TrialEnded) if one.n == 1)
    assert "0" == (project.loop.path / screen.output).read_text(encoding="utf-8").split()[0]
    assert {1: "keep"} == project.verdicts()


def test_a_sandbox_that_cannot_be_had_is_said_and_nothing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never quietly less: the start is refused, and says what is missing."""
    project = holdout(tmp_path, [edit(level=0.5)])
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("git", "sh", "awk", "cat"):
        found = shutil.which(name)
        assert found is not None
        (tools / name).symlink_to(found)
    monkeypatch.setenv("PATH", str(tools))
    sandbox.refusal.cache_clear()
    try:
        state = project.work(project.start(iterations=1))
    finally:
        sandbox.refusal.cache_clear()
    assert "bubblewrap is not installed" in state.refusals[-1]["reason"]
    assert 0 == state.sessions and not project.of(ev.TrialStarted)
