"""A small seeded project with a loop in it, for tests and batches: a command of milliseconds and a script.

project = LoopProject.make(tmp_path, [edit(level=0.9), edit(what="crash")])
state = project.work(project.start(iterations=2))
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from autor_nb import loop_control
from autor_nb.domain.loops import commands as cmd
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.config import CoderSpec, CriticSpec, GateSpec, LoopConfig, MetricSpec
from autor_nb.domain.loops.idea import Idea
from autor_nb.domain.loops.state import LoopState
from autor_nb.domain.run import Actor
from autor_nb.loop_wiring import build
from autor_nb.store import eventlog, inbox
from autor_nb.store.lock import EngineLock
from autor_nb.store.loops import standing
from autor_nb.store.loops.layout import LoopFolder
from autor_nb.store.loops.words import EVENTS

ME = Actor(face="test", os_user="ada")
MODEL = "model.sh"
# What the command does is said by the mutable file; its noise is uniform, seeded, and of that width.
COMMAND = r"""#!/bin/sh
level=1 noise=0.02 salt=0 what=run size=1 lucky= bad=
. ./model.sh || exit 2
test "$AUTOR_SEED" = "$lucky" && level=0
test "$AUTOR_SEED" = "$bad" && what=crash
echo "begun"
case $what in
crash) echo "Traceback: it broke" >&2; exit 3 ;;
hang) echo "partial output"; (sleep 60 & wait) ;;
slow) sleep 0.1 ;;
nan) echo "loss: nan"; exit 0 ;;
inf) echo "loss: inf"; exit 0 ;;
silent) exit 0 ;;
tamper) echo "# mended" >> run.sh ;;
itself) echo "# noted" >> model.sh ;;
fixed) AUTOR_SEED=1 ;;
esac
awk -v seed="${AUTOR_SEED:-1}" -v salt="$salt" -v level="$level" -v noise="$noise" -v size="$size" 'BEGIN {
  srand((seed + 7919 * salt) % 2147483647); rand(); draw = (rand() + rand() + rand() - 1.5) * noise
  printf "size: %.6f\ntime_s: %.6f\nloss: %.9f\n", size * (1 + draw), level * exp(draw), level + draw }'
"""


def edit(**settings: object) -> str:
    """The text of the mutable file with these settings: level, noise, salt, what, size; `lucky` and `bad` are seeds."""
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def idea(hypothesis: str, **more: Any) -> Idea:
    """An idea in words."""
    told: dict[str, Any] = {
        "thought_process": "It may help.", "alternatives_considered": ("to leave it",), "expected_delta": -0.1,
        "justification": "It helped elsewhere.", "code_pseudocode": "write it", "risk_level": "low",
    }
    return Idea(hypothesis=hypothesis, **{**told, **more})


def git(folder: Path, *words: str) -> str:
    """git as the project's owner calls it."""
    named = ("-c", "user.name=ada", "-c", "user.email=ada@localhost", "-c", "init.defaultBranch=main", *words)
    done = subprocess.run(["git", *named], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


class LoopProject:
    """A project folder, and the one loop in it."""

    def __init__(self, folder: Path, loop: LoopFolder) -> None:
        self.folder, self.loop = folder, loop

    @classmethod
    def make(
        cls, folder: Path, edits: Sequence[str] = (), *, base: str = edit(level=1.0), hypotheses: Sequence[str] = (),
        trusted: bool = True, seed: int = 1, files: dict[str, str] | None = None, **config: Any,
    ) -> LoopProject:
        """A repository with the command, the scripts outside it, and a loop; `trusted` leaves out the gate's own tests.

        Experiment n writes `edits[n - 1]`; `config` are fields of LoopConfig that are to differ.
        """
        project, scripts = folder / "project", folder / "scripts"
        for place in (project, scripts):
            place.mkdir(parents=True)
        for name, text in {"run.sh": COMMAND, MODEL: base, **(files or {})}.items():
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            (project / name).write_text(text, encoding="utf-8")
        git(project, "init", "-q")
        git(project, "add", "-A")
        git(project, "commit", "-q", "-m", "begin")
        names = list(hypotheses) or [f"Variant {_word(n)} of the model" for n in range(1, len(edits) + 1)]
        ideas = [msgspec.to_builtins(idea(name)) for name in names]
        (scripts / "ideas.json").write_text(json.dumps(ideas), encoding="utf-8")
        (scripts / "edits.json").write_text(json.dumps([{MODEL: text} for text in edits]), encoding="utf-8")
        made = {**_config(scripts), **config}
        loop = loop_control.create(project, LoopConfig(**made), ME, seed=seed)
        if trusted:
            trust(loop)
        return cls(project, loop)

    # ------------------------------------------------------------------------------- commands

    def command(self, kind: type[cmd.LoopCommand], **fields: Any) -> Any:
        """A command of the person who is asked for in tests."""
        return kind(**{**loop_control.fields(ME), **fields})

    def start(self, **bounds: Any) -> Any:
        """The command that starts a session."""
        return self.command(cmd.StartLoop, **bounds)

    def stop(self) -> Any:
        """The command that ends it."""
        return self.command(cmd.StopLoop)

    def give(self, *commands: Any) -> None:
        """Put commands where an engine will find them."""
        for command in commands:
            inbox.drop(self.loop, command)

    def work(self, *commands: Any) -> LoopState:
        """Give commands, and have a real engine work in this process until it waits for a person."""
        self.give(*commands)
        with EngineLock(self.loop) as held:
            build(self.loop).work(held)
        return self.state

    @contextlib.contextmanager
    def when(self, seen: Callable[[list[Any]], bool], *commands: Any) -> Iterator[None]:
        """Give commands as soon as the log satisfies `seen`, while the body works."""
        over = threading.Event()

        def watch() -> None:
            while not over.is_set():
                if seen(self.events):
                    self.give(*commands)
                    return
                time.sleep(0.005)

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    # -------------------------------------------------------------------------------- looking

    @property
    def events(self) -> list[Any]:
        """The log."""
        return eventlog.read(self.loop.events, 0, EVENTS)[0]

    @property
    def state(self) -> LoopState:
        """The loop's state by its log."""
        return standing.read(self.loop)

    def ended(self, n: int) -> ev.ExperimentEnded:
        """The newest verdict of an experiment."""
        return [one for one in self.events if isinstance(one, ev.ExperimentEnded) and one.n == n][-1]

    def verdicts(self) -> dict[int, str]:
        """The newest verdict of every experiment but the baseline."""
        found = [one for one in self.events if isinstance(one, ev.ExperimentEnded) and not one.baseline]
        return {one.n: str(one.verdict) for one in found}

    def of(self, kind: type[Any]) -> list[Any]:
        """The events of one kind."""
        return [one for one in self.events if isinstance(one, kind)]


def trust(loop: LoopFolder) -> None:
    """Write down that the gate was tested, which takes seconds, where a test is about something else."""
    with contextlib.closing(eventlog.EventLog(loop.events, words=EVENTS)) as log:
        for part in ("control", "null", "no_op"):
            log.append(ev.GateTested(part=part, ok=True, detail="taken as tested"))


def running(n: int, role: str = "", nth: int = 1) -> Callable[[list[Any]], bool]:
    """Whether the `nth` run of experiment n (in that role) has begun, for `when`."""

    def seen(events: list[Any]) -> bool:
        begun = [one for one in events if isinstance(one, ev.TrialStarted) and one.n == n and role in ("", one.role)]
        return len(begun) >= nth

    return seen


def _config(scripts: Path) -> dict[str, Any]:
    return {
        "name": "demo", "objective": "Make the loss smaller.", "mutable": (MODEL,), "readonly": ("run.sh",),
        "command": ("/bin/sh", "run.sh"), "metric": MetricSpec(name="loss", direction="lower"),
        "trial_timeout_s": 20.0, "gate": GateSpec(name="greedy"),
        "critic": CriticSpec(provider="scripted", model=os.fspath(scripts / "ideas.json")),
        "coder": CoderSpec(agent="scripted", command=os.fspath(scripts / "edits.json")),
    }  # fmt: skip


def _word(n: int) -> str:
    """A number as a word of its own letters: hypotheses in words are told apart by their words."""
    letters = ""
    while n:
        n, digit = divmod(n, 20)
        letters = "bcdfghjklmnpqrstvwxz"[digit] * 2 + letters
    return f"v{letters}"
