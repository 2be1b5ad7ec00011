"""Contracts of the loops' parts, as test classes to subclass: `critic = YourCritic` or `coder = YourCoder`."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path
from typing import Any

import msgspec

from autor_nb.domain.errors import AutorError
from autor_nb.domain.loops.idea import Idea, parse_idea, read_idea, write_idea
from autor_nb.domain.loops.parts import Coder, CoderResult, CoderTask, Critic, CriticTask, PastExperiment

SOURCE = '''"""A program to improve."""

PARAMS = {"lr": 0.1, "depth": 4, "greedy": True}
print("loss:", PARAMS["lr"] * PARAMS["depth"])
'''
HOSTILE = "<img src=x onerror=alert(1)> $(touch owned) `id` \x1b[31m \u202e ../../etc '\"\\"
LOG_KEYS = {"system_prompt", "user_prompt", "raw_response", "parsed_idea"}
ANSWER_KEYS = {"model", "content", "thinking", "reasoning", "usage"}


class CriticContract:
    """What an engine relies on in any critic. `critic` is its class, or a function that makes one."""

    critic: Any
    repeats_itself = True

    def task(self, **told: Any) -> CriticTask:
        """A task that the critic can answer; override to fit."""
        given: dict[str, Any] = {
            "loop": "contract", "objective": "Make it smaller.", "metric": "loss", "direction": "lower", "seed": 7,
            "mutable": {"train.py": SOURCE},
            "experiments": (
                PastExperiment(n=0, verdict="baseline", metric=0.4, hypothesis="baseline"),
                PastExperiment(n=1, verdict="crash", hypothesis=HOSTILE, change={"PARAMS.lr": 3.0}),
                PastExperiment(n=2, verdict="discard", hypothesis="A smaller step.", change={"PARAMS.lr": 0.2},
                               metric=0.8, delta=0.4, expected_delta=-0.1),
            ),
        }
        return CriticTask(**{**given, **told})

    def test_it_is_a_critic_with_a_name(self) -> None:
        """It has the method of the port and a name without spaces."""
        made = self.critic()
        assert isinstance(made, Critic)
        assert made.name and " " not in made.name

    def test_its_idea_is_valid_and_survives_its_file(self) -> None:
        """All seven fields are there, and reading back what is written gives the same idea."""
        idea = self.critic().propose(self.task()).idea
        assert idea == parse_idea(write_idea(idea))

    def test_its_log_record_is_complete(self) -> None:
        """The prompts, the raw answer and the parsed idea are recorded, and can be written as JSON."""
        made = self.critic().propose(self.task())
        assert made.log.keys() >= LOG_KEYS
        assert made.log["raw_response"].keys() >= ANSWER_KEYS
        assert made.idea == read_idea(msgspec.json.decode(msgspec.json.encode(made.log["parsed_idea"])))

    def test_the_same_task_gives_the_same_idea(self) -> None:
        """A killed engine asks again; an embedded critic has not changed its mind."""
        if self.repeats_itself:
            assert self.critic().propose(self.task()).idea == self.critic().propose(self.task()).idea

    def test_a_pinned_idea_is_honoured(self) -> None:
        """What a person pinned is what is tried."""
        pinned = self.critic().propose(self.task()).idea
        pinned = msgspec.structs.replace(pinned, hypothesis="A person's own idea.", change={"PARAMS.depth": 3})
        answered = self.critic().propose(self.task(pinned=pinned)).idea
        assert (pinned.hypothesis, pinned.change) == (answered.hypothesis, answered.change)

    def test_an_empty_history_is_no_obstacle(self) -> None:
        """The first idea comes before anything was measured."""
        assert self.critic().propose(self.task(experiments=())).idea.hypothesis


class CoderContract:
    """What an engine relies on in any coder. `coder` is its class, or a function that makes one."""

    coder: Any

    def clone(self, folder: Path) -> Path:
        """A folder as a loop's clone: one mutable file, one that is not."""
        clone = folder / "clone"
        (clone / ".git").mkdir(parents=True)
        (clone / ".git" / "HEAD").write_text("ref: refs/heads/main\n", encoding="utf-8")
        (clone / "train.py").write_text(SOURCE, encoding="utf-8")
        (clone / "evaluate.py").write_text("print('honest')\n", encoding="utf-8")
        return clone

    def idea(self, **told: Any) -> Idea:
        """An idea that the coder can apply; override to fit."""
        given: dict[str, Any] = {
            "thought_process": "Smaller steps.", "alternatives_considered": (), "hypothesis": "A smaller lr is better.",
            "expected_delta": -0.1, "justification": "It is large.", "code_pseudocode": "lr = 0.05",
            "risk_level": "low", "change": {"PARAMS.lr": 0.05},
        }
        return Idea(**{**given, **told})

    def task(self, clone: Path, **told: Any) -> CoderTask:
        """The task of applying the idea as experiment 1."""
        given: dict[str, Any] = {
            "clone": clone, "mutable": ("train.py",), "idea": self.idea(), "timeout_s": 20.0, "n": 1,
            "folder": str(clone.parent),
        }
        return CoderTask(**{**given, **told})

    def apply(self, task: CoderTask) -> CoderResult:
        """One application; override where somebody outside has to act meanwhile."""
        result: CoderResult = self.coder().apply(task)
        return result

    def test_it_is_a_coder_with_a_name(self) -> None:
        """It has the method of the port and a name without spaces."""
        made = self.coder()
        assert isinstance(made, Coder)
        assert made.name and " " not in made.name

    def test_only_mutable_files_change(self, tmp_path: Path) -> None:
        """After an applied idea the mutable files it names differ, and nothing else does."""
        clone = self.clone(tmp_path)
        before = hashes(clone)
        result = self.apply(self.task(clone))
        after = hashes(clone)
        assert result.ok, result.detail
        differing = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
        assert set(result.changed) == differing == {"train.py"}

    def test_a_refusal_leaves_everything_as_it_was(self, tmp_path: Path) -> None:
        """An idea that cannot be applied, or is never applied, is answered and not raised, and no file differs."""
        clone = self.clone(tmp_path)
        before = hashes(clone)
        idea = self.idea(hypothesis=HOSTILE, change={"NO.SUCH.KNOB": HOSTILE})
        result = self.coder().apply(self.task(clone, idea=idea, n=999, timeout_s=0.3))
        assert not result.ok and result.detail and result.ending != "applied"
        assert before == hashes(clone)

    def test_a_stopped_coder_returns(self, tmp_path: Path) -> None:
        """With the stop already asked for, it comes back soon, without a change."""
        clone = self.clone(tmp_path)
        before = hashes(clone)
        box: list[CoderResult | AutorError] = []
        task = self.task(clone, cancelled=lambda: True)
        thread = threading.Thread(target=lambda: box.append(self.coder().apply(task)), daemon=True)
        thread.start()
        thread.join(10)
        assert box and isinstance(box[0], CoderResult) and box[0].ending == "stopped"
        assert before == hashes(clone)


def hashes(folder: Path) -> dict[str, str]:
    """Path → hash of every file of a folder."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*")) if path.is_file()
    }
