"""The critics: valid ideas, the same from the same log, truthful reasons, and improvement that chance does not bring."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import numpy as np
import pytest

from autor_nb import registry
from autor_nb.domain.errors import PluginError, UsageError
from autor_nb.domain.loops.config import CriticSpec, Knob
from autor_nb.domain.loops.idea import Idea, IdeaError
from autor_nb.domain.loops.knobs import find_knobs
from autor_nb.domain.loops.parts import CriticTask, OutOfIdeas, PastExperiment
from autor_nb.plugins.critics.none import NoCritic
from autor_nb.plugins.critics.optimiser import OptimiserCritic
from autor_nb.plugins.critics.ranges import Range, ranges
from autor_nb.plugins.critics.scripted import ScriptedCritic
from autor_nb.testing.loop_contracts import CriticContract

IDEA = {
    "thought_process": "t", "alternatives_considered": [], "hypothesis": "First.", "expected_delta": -1,
    "justification": "j", "code_pseudocode": "c", "risk_level": "low", "change": {"A": 2},
}


class TestOptimiserContract(CriticContract):
    """The embedded optimiser."""

    critic = OptimiserCritic


class TestScriptedContract(CriticContract):
    """The replaying critic."""

    critic = staticmethod(lambda: ScriptedCritic([IDEA]))


class TestNoCriticContract(CriticContract):
    """The critic without ideas."""

    critic = NoCritic


@pytest.mark.parametrize("name", registry.names("critics"))
def test_every_registered_critic_loads(name: str) -> None:
    """Every row of the table leads to a part of that name."""
    assert name == registry.create("critics", name).name


# -------------------------------------------------------------------------------------------- optimiser

NET = """PARAMS = {
    "lr": 0.3,  # range: 1e-4 .. 1.0 log
    "decay": 0.9,  # range: 0 .. 1
    "depth": 2,  # range: 1 .. 12
    "drop": 0.05,  # range: 0 .. 0.9
    "opt": "sgd",  # choices: sgd, adam, rmsprop
}
"""


def loss(values: dict) -> float:
    """A bowl in five knobs of four kinds; 0 is the best."""
    inner = (
        (math.log10(values["PARAMS.lr"]) + 2.5) / 4, values["PARAMS.decay"] - 0.35, (values["PARAMS.depth"] - 7) / 11,
        values["PARAMS.drop"] - 0.4,
    )
    return 2 * sum(x * x for x in inner) + {"sgd": 0.3, "adam": 0.0, "rmsprop": 0.12}[values["PARAMS.opt"]]


def session(seed: int, iterations: int, chance: bool, noise: float = 0.05) -> float:
    """The true loss after a session in which a candidate is kept that looks better once and in four fresh pairs."""
    rng = np.random.default_rng(seed)
    texts, past = {"t.py": NET}, []
    values = find_knobs(texts).values()
    reference = loss(values) + noise * rng.normal() / 2
    past.append(PastExperiment(n=0, verdict="baseline", metric=reference))
    for n in range(1, iterations + 1):
        if chance:
            change = {one.path: one.from_unit(rng.random()) for one in ranges(find_knobs(texts), {})}
        else:
            change = OptimiserCritic().propose(task(texts, past, seed=seed, baseline={"t.py": NET})).idea.change
        metric = loss({**values, **change}) + noise * rng.normal()
        gains = loss(values) - loss({**values, **change}) + noise * math.sqrt(2) * rng.normal(size=4)
        kept = metric < reference and gains.mean() > noise
        past.append(PastExperiment(
            n=n, change=change, verdict="keep" if kept else "discard", metric=metric, delta=metric - reference))
        if kept:
            values = {**values, **change}
            reference = loss(values) + noise * rng.normal() / 2
            texts = {"t.py": written(values)}
    return loss(values)


def written(values: dict) -> str:
    """The program with these values."""
    lines = NET.splitlines()
    for number, line in enumerate(lines):
        name = line.split('"')[1] if '"' in line else ""
        if name:
            lines[number] = f'    "{name}": {values["PARAMS." + name]!r},  {line[line.index("#"):]}'
    return "\n".join(lines) + "\n"


def task(mutable: dict, past: list = [], **told: object) -> CriticTask:  # noqa: B006
    """A task over these texts and this history."""
    given = {"loop": "l", "objective": "o", "metric": "loss", "direction": "lower", "mutable": mutable,
             "experiments": tuple(past), **told}
    return CriticTask(**given)


def test_it_improves_a_noisy_objective_far_more_than_chance() -> None:
    """Seeded: after 30 experiments its mean true loss is at most a third of random search's with the same gate."""
    ours = [session(seed, 30, chance=False) for seed in range(6)]
    random_search = [session(seed, 30, chance=True) for seed in range(6)]
    assert np.mean(ours) < np.mean(random_search) / 3
    assert np.mean(ours) < 0.1 * loss(find_knobs({"t.py": NET}).values())


def test_higher_may_be_better() -> None:
    """The direction is the task's: the same history upside down gives the same change with the sign turned."""
    past = [PastExperiment(n=0, verdict="baseline", metric=1.0)] + [
        PastExperiment(n=n, change={"PARAMS.decay": 0.1 * n}, verdict="discard", metric=1.0 + 0.1 * n) for n in range(1, 9)]
    turned = [msgspec.structs.replace(one, metric=-one.metric) for one in past]
    lower = OptimiserCritic().propose(task({"t.py": NET}, past)).idea
    higher = OptimiserCritic().propose(task({"t.py": NET}, turned, direction="higher")).idea
    assert (lower.change, pytest.approx(-lower.expected_delta)) == (higher.change, higher.expected_delta)
    assert lower.expected_delta < 0


def history(count: int) -> list[PastExperiment]:
    """Experiments with every kind of ending, seeded."""
    rng = np.random.default_rng(3)
    knobs = ranges(find_knobs({"t.py": NET}), {})
    past = [PastExperiment(n=0, verdict="baseline", metric=2.0)]
    for n in range(1, count):
        one = knobs[int(rng.integers(len(knobs)))]
        change = {one.path: one.from_unit(float(rng.random()))}
        verdict = ("discard", "discard", "discard", "crash", "timeout", "inconclusive", "tampered")[n % 7]
        metric = None if verdict in ("crash", "timeout") else 1.5 + float(rng.random()) + (1e9 if n % 50 == 0 else 0)
        past.append(PastExperiment(n=n, change=change, verdict=verdict, metric=metric, delta=0.1, hypothesis="h"))
    return past


def test_a_thousand_experiments_are_told_in_half_a_second() -> None:
    """Nothing is kept between calls, and still a proposal from 1,000 experiments takes at most 0.5 s."""
    past = history(1_000)
    OptimiserCritic().propose(task({"t.py": NET}, past[:50]))
    taken = []
    for _ in range(3):
        began = time.perf_counter()
        OptimiserCritic().propose(task({"t.py": NET}, past))
        taken.append(time.perf_counter() - began)
    assert min(taken) <= 0.5


def test_nothing_that_failed_is_proposed_again() -> None:
    """In a small space every place is proposed once, refusals count too, and then there are no more ideas."""
    source = {"t.py": 'A = "x"  # choices: x, y, z\nB = True\n'}
    past, proposed, refused = [PastExperiment(n=0, verdict="baseline", metric=1.0)], [], []
    for n in range(1, 20):
        try:
            idea = OptimiserCritic().propose(
                task(source, past, refused=("no",) * len(refused), refused_changes=tuple(refused))).idea
        except OutOfIdeas:
            break
        proposed.append(tuple(sorted(idea.change.items())))
        if n % 2:
            past.append(PastExperiment(n=n, change=idea.change, verdict="discard", metric=1.0 + 0.01 * n))
        else:
            refused.append(idea.change)
    assert len(proposed) == len(set(proposed)) == 5


def test_the_reasons_are_what_was_measured() -> None:
    """The thoughts name experiments with their effects, the alternatives what they would bring, the risk the way gone."""
    past = history(40)
    made = OptimiserCritic().propose(task({"t.py": NET}, past))
    idea, working = made.idea, json.loads(made.log["raw_response"]["content"])
    assert working["candidates"][0]["change"] == idea.change
    assert working["candidates"][0]["expected_delta"] == idea.expected_delta
    assert [one["gain"] for one in working["candidates"]] == sorted((one["gain"] for one in working["candidates"]), reverse=True)
    assert all("expected loss" in one for one in idea.alternatives_considered) and len(idea.alternatives_considered) == 4
    for path, value in idea.change.items():
        assert path in idea.hypothesis and f"{path} = {value!r}" in idea.code_pseudocode
        last = [one for one in past if path in one.change and one.n > 0][-1]
        assert f"#{last.n} " in idea.thought_process


def test_declared_ranges_are_kept_and_decide_what_is_turned() -> None:
    """With a space in the configuration its knobs are turned, within their bounds and steps, and no others."""
    space = {
        "lr": Knob(kind="float", low=0.01, high=0.5, log=True), "PARAMS.depth": Knob(kind="int", low=2, high=6),
        "drop": Knob(kind="float", low=0.0, high=0.5, step=0.25), "opt": Knob(kind="choice", choices=("sgd", "adam")),
    }
    seen: dict[str, set] = {}
    for seed in range(40):
        change = OptimiserCritic().propose(task({"t.py": NET}, history(9), space=space, seed=seed)).idea.change
        for path, value in change.items():
            seen.setdefault(path, set()).add(value)
    assert {"PARAMS.lr", "PARAMS.depth", "PARAMS.drop", "PARAMS.opt"} >= seen.keys() and seen
    assert all(0.01 <= value <= 0.5 for value in seen.get("PARAMS.lr", ()))
    assert seen.get("PARAMS.depth", set()) <= {2, 3, 4, 5, 6}
    assert seen.get("PARAMS.drop", set()) <= {0.0, 0.25, 0.5}
    assert seen.get("PARAMS.opt", set()) <= {"adam"}


@pytest.mark.parametrize(("source", "space", "words"), [
    ("x = 1\n", {}, "No knobs were found"),
    ("def f(:\n", {}, "cannot be read"),
    ("SEED = 3\nNAME = 'x'\n", {}, "SEED"),
    ("A = 1.0\n", {"B": Knob(kind="float", low=0, high=1)}, "no knob 'B'"),
    ("A = 'x'\n", {"A": Knob(kind="float", low=0, high=1)}, "'x'"),
    ("A = 1.0\n", {"A": Knob(kind="float", low=-1, high=1, log=True)}, "log scale"),
])
def test_nothing_to_turn_is_said_with_a_mend(source: str, space: dict, words: str) -> None:
    """A file without knobs, with seeds only, or with a space that does not fit, is an error a person can mend."""
    with pytest.raises(UsageError) as raised:
        OptimiserCritic().propose(task({"t.py": source}, space=space))
    assert words in str(raised.value) and raised.value.suggestion


def test_without_optuna_the_install_line_is_said() -> None:
    """The extra is missing: a PluginError with what to type, and the module itself still imports."""
    code = (
        "import sys; sys.modules['optuna'] = None\n"
        "from autor_nb.domain.errors import PluginError\n"
        "from autor_nb.plugins.critics.optimiser import OptimiserCritic\n"
        "from autor_nb.domain.loops.parts import CriticTask\n"
        "try:\n"
        "    OptimiserCritic().propose(CriticTask(loop='l', objective='', metric='m', direction='lower', mutable={'a.py': 'A = 1.5'}))\n"
        "except PluginError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "pip install 'autor-nb[study]'" in done.stdout, done.stderr
    assert issubclass(PluginError, Exception)


def test_it_is_silent_and_imports_optuna_late() -> None:
    """Importing the critic does not import Optuna, and proposing prints nothing and leaves no file."""
    code = (
        "import sys\nfrom autor_nb.plugins.critics.optimiser import OptimiserCritic\n"
        "assert 'optuna' not in sys.modules\n"
        "from autor_nb.domain.loops.parts import CriticTask, PastExperiment as P\n"
        "past = tuple(P(n=n, change={'A': 1.5 + n} if n else {}, verdict='discard', metric=1.0 + n) for n in range(6))\n"
        "OptimiserCritic().propose(CriticTask(loop='l', objective='', metric='m', direction='lower', "
        "mutable={'a.py': 'A = 1.5'}, experiments=past))\nassert 'optuna' in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (0, "", "") == (done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize(("line", "low", "high", "inside"), [
    ("LR = 3e-3", 9e-5, 0.1, 1e-3),
    ("MOMENTUM = 0.9", 0.01, 0.99, 0.5),
    ("COOLING = 0.995", 0.84, 0.9999, 0.999),
    ("DEPTH = 3", 1, 9, 5),
    ("STEPS = 1000", 125, 8000, 4000),
    ("BATCH = 64", 8, 512, 128),
    ("OFFSET = -2.0", -6.0, 2.0, 0.5),
    ("DROPOUT = 0.0", 0.0, 1.0, 0.3),
    ("TEMP = 5  # range: 1 .. 90 log", 1, 90, 33),
])
def test_guessed_ranges_are_sensible(line: str, low: float, high: float, inside: float) -> None:
    """From the default alone: values stay in bounds and of their type, and what is written lies where it came from."""
    (one,) = ranges(find_knobs({"t.py": line + "\n"}), {})
    spread = [one.from_unit(unit) for unit in np.linspace(0, 1, 101)]
    assert low <= min(spread) and max(spread) <= high
    assert {type(one.value)} == {type(value) for value in spread}
    assert sorted(spread) == spread
    assert one.from_unit(one.to_unit(one.value)) == pytest.approx(one.value, rel=0.01)
    assert one.from_unit(one.to_unit(inside)) == pytest.approx(inside, rel=0.01)


@pytest.mark.parametrize("line", [
    "SEED = 1", "RANDOM_STATE = 0", "N_JOBS = -1", "NAME = 'x'", "TIMEOUT_S = 5.0", "LIMIT = None", "RATE = 0.1  # fixed",
    "DATA_PATH = 'x'", "PARAMS = {'seed': 3, 'train_seed': 4}", "BIG = 20260101000000",
])
def test_seeds_limits_and_words_are_not_turned_unasked(line: str) -> None:
    """A better seed is luck; a longer time limit is no better program."""
    assert [] == ranges(find_knobs({"t.py": line + "\n"}), {})


def test_choices_hold_what_the_knob_is_now() -> None:
    """A value outside the declared choices has its place all the same."""
    (one,) = ranges(find_knobs({"t.py": "A = 'z'  # one of: x | y\n"}), {})
    assert (("z", "x", "y"), 0.0) == (one.levels, one.to_unit("z"))
    assert isinstance(one, Range)


# --------------------------------------------------------------------------------------------- scripted


def ideas(*names: str) -> list[dict]:
    """Ideas with these hypotheses."""
    return [{**IDEA, "hypothesis": name, "change": {}} for name in names]


def test_a_script_is_replayed_from_where_the_log_is() -> None:
    """In order; a refused idea is passed over, a pinned one in between does not shift the rest; then OutOfIdeas."""
    critic, past = ScriptedCritic(ideas("a", "b", "a", "c")), []
    assert "a" == critic.propose(task({}, past)).idea.hypothesis
    past += [PastExperiment(n=0, verdict="baseline"), PastExperiment(n=1, hypothesis="a", verdict="discard")]
    assert "b" == critic.propose(task({}, past)).idea.hypothesis
    assert "a" == critic.propose(task({}, past, refused=("crash",))).idea.hypothesis
    past += [PastExperiment(n=2, hypothesis="pinned", verdict="keep"), PastExperiment(n=3, hypothesis="b", verdict="keep")]
    assert "a" == ScriptedCritic(ideas("a", "b", "a", "c")).propose(task({}, past)).idea.hypothesis
    past += [PastExperiment(n=4, hypothesis="a", verdict="crash"), PastExperiment(n=5, hypothesis="c", verdict="keep")]
    with pytest.raises(OutOfIdeas):
        critic.propose(task({}, past))


@pytest.mark.parametrize("text", [json.dumps(ideas("a", "b")), "\n".join(json.dumps(one) for one in ideas("a", "b")) + "\n"])
def test_a_script_comes_from_a_file(tmp_path: Path, text: str) -> None:
    """A JSON list or one object a line, named by the critic's `model`."""
    script = tmp_path / "ideas.json"
    script.write_text(text, encoding="utf-8")
    made = ScriptedCritic().propose(task({}, config=CriticSpec(provider="scripted", model=str(script))))
    assert isinstance(made.idea, Idea) and "a" == made.idea.hypothesis


@pytest.mark.parametrize("text", ["{", "[1]", "nonsense", '{"a": 1}\n7'])
def test_a_bad_script_names_its_file(tmp_path: Path, text: str) -> None:
    """What is no list of objects, no file, or not named at all, is an error to mend."""
    script = tmp_path / "ideas.json"
    script.write_text(text, encoding="utf-8")
    for name, words in ((str(script), "ideas.json"), (str(tmp_path / "none.json"), "none.json"), ("", "no script")):
        with pytest.raises(UsageError) as raised:
            ScriptedCritic().propose(task({}, config=CriticSpec(provider="scripted", model=name)))
        assert words in str(raised.value)


def test_a_bad_idea_of_a_script_is_an_idea_error_in_its_turn() -> None:
    """It does not hinder those before it."""
    critic = ScriptedCritic([*ideas("a"), {**IDEA, "risk_level": "none"}])
    assert critic.propose(task({})).idea
    with pytest.raises(IdeaError):
        critic.propose(task({}, [PastExperiment(n=1, hypothesis="a", verdict="keep")]))
