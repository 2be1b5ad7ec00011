"""The coders: exactly the knob, byte for byte; edits from outside awaited; scripts replayed."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autor_nb import registry
from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.config import CoderSpec
from autor_nb.domain.loops.knobs import find_knobs
from autor_nb.domain.loops.parts import CoderResult, CoderTask
from autor_nb.plugins.coders.external import DONE, ExternalCoder
from autor_nb.plugins.coders.params import ParamsCoder, changed_texts
from autor_nb.plugins.coders.scripted import ScriptedCoder
from autor_nb.testing.loop_contracts import SOURCE, CoderContract


class TestParamsContract(CoderContract):
    """The embedded coder."""

    coder = ParamsCoder


class TestScriptedContract(CoderContract):
    """The replaying coder."""

    coder = staticmethod(lambda: ScriptedCoder([{"train.py": "print('loss: 1')\n"}]))


class TestExternalContract(CoderContract):
    """The waiting coder, with somebody outside who edits."""

    coder = staticmethod(lambda: ExternalCoder(quiet_s=0.05, idle_s=(0.02, 0.05)))

    def apply(self, task: CoderTask) -> CoderResult:
        """Edit as soon as the coder has looked once: it asks whether to go on after its first look."""
        path = Path(task.clone) / "train.py"
        edited = threading.Event()

        def edit() -> bool:
            if not edited.is_set():
                edited.set()
                path.write_text("print('loss: 2')\n", encoding="utf-8")
            return False

        result: CoderResult = self.coder().apply(msgspec.structs.replace(task, cancelled=edit))
        return result


@pytest.mark.parametrize("name", registry.names("coders"))
def test_every_registered_coder_loads(name: str) -> None:
    """Every row of the table leads to a part of that name."""
    assert name == registry.create("coders", name).name


TRICKY = (
    '#!/usr/bin/env python\r\n"""Doc."""\r\n'
    "LR: float = 3e-3  # keep me: é\r\n"
    "BIG = 1_000_000\r\n"
    "PARAMS = {\r\n"
    "    'a' : {'b': (0.5),   # inner\r\n"
    "           \"name\": 'adam' , 'neg': -2, },\r\n"
    "\t'flag':True,'c':1e-3,\r\n"
    "}  # end\r\n"
    "def f( x ):\r\n\treturn x*PARAMS['a']['b']   \r\n"
)


@pytest.mark.parametrize(("change", "old", "new"), [
    ({"LR": 1e-2}, "3e-3", "1e-2"),
    ({"LR": 0.00125}, "3e-3", "1.25e-3"),
    ({"BIG": 2500000}, "1_000_000", "2_500_000"),
    ({"PARAMS.a.b": 0.25}, "(0.5)", "(0.25)"),
    ({"PARAMS['a']['b']": 2}, "(0.5)", "(2.0)"),
    ({"PARAMS.a.name": "sgd"}, "'adam'", "'sgd'"),
    ({"PARAMS.a.neg": 3}, "-2", "3"),
    ({"neg": -7}, "-2", "-7"),
    ({"flag": False}, "True", "False"),
    ({"t.py:PARAMS.c": 5e-4}, "1e-3", "5e-4"),
])
def test_exactly_that_knob_changes(change: dict, old: str, new: str) -> None:
    """Comments, line ends, odd spacing, quotes, brackets and the style of the number stay."""
    assert 1 == TRICKY.count(old)
    assert {"t.py": TRICKY.replace(old, new)} == changed_texts({"t.py": TRICKY}, change)


def test_several_knobs_in_several_files_change_at_once() -> None:
    """All the changes of an idea are made, each in its file, JSON too."""
    texts = {"t.py": TRICKY, "conf.json": '{ "lr" : 1e-3,\n  "net": {"depth":4 , "x": [1, {"depth": 2}]}}\n', "o.py": "A = 1\n"}
    new = changed_texts(texts, {"BIG": 7, "flag": False, "net.depth": 5, "conf.json:lr": 0.002})
    assert {
        "t.py": TRICKY.replace("1_000_000", "7").replace("True", "False"),
        "conf.json": '{ "lr" : 2e-3,\n  "net": {"depth":5 , "x": [1, {"depth": 2}]}}\n',
    } == new


@pytest.mark.parametrize(("source", "change", "words"), [
    ("A = 1\n", {"B": 2}, "no knob 'B'"),
    ("LEARNING_RATE = 1\n", {"LEARNING_RATES": 2}, "Did you mean 'LEARNING_RATE'"),
    ("A = 1\n", {"A": 1}, "changes nothing"),
    ("A = 1.5\nB = 2\n", {"A": 1.5, "B": 2}, "changes nothing"),
    ("A = 2 ** 3\nB = 1\n", {"A": 2}, "no knob 'A'"),
    ("A = f(1)\n", {"A": 2}, "no knob 'A'"),
    ("A = 1\nA = 2\n", {"A": 3}, "assigned 2 times"),
    ("P = {'x': 1}\nQ = {'x': 1}\n", {"x": 3}, "may mean"),
    ("A = 1\n", {}, "names no knob"),
    ("A = [1, 2]\n", {"A": 3}, "no knob 'A'"),
    ("A = 1\n", {"A": [1]}, "no number"),
    ("A = (\n", {"A": 3}, "cannot be read"),
    ("P = {'x': 1, 'x': 2}\n", {"P.x": 3}, "twice"),
    ("P = {'x': 1}\n", {"P.x": 3, "x": 4}, "twice"),
])
def test_what_cannot_be_turned_is_refused_in_words(source: str, change: dict, words: str) -> None:
    """Unknown, computed, ambiguous and unchanged knobs are refused."""
    with pytest.raises(UsageError) as raised:
        changed_texts({"t.py": source}, change)
    assert words in str(raised.value)


@settings(max_examples=150, deadline=None)
@given(value=st.one_of(
    st.floats(allow_nan=False, allow_infinity=False), st.integers(-(10**15), 10**15), st.booleans(), st.none(),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40)))
@pytest.mark.parametrize("old", ["3e-3", "0.5", "7", "'word'", '"""long"""', "True", "None", "0x10", "-1_000"])
def test_any_literal_reads_back_as_written(old: str, value: object) -> None:
    """Whatever a proposal holds, text that breaks out of quotes too, the program then sees that value and no other change."""
    source = f"X = {old}  # x\nY = 1\n"
    try:
        new = changed_texts({"t.py": source}, {"X": value})["t.py"]
    except UsageError as error:
        assert "changes nothing" in str(error)
        return
    seen: dict[str, object] = {}
    exec(compile(new, "t.py", "exec"), seen)
    assert seen["X"] == value and seen["Y"] == 1
    assert new.endswith("  # x\nY = 1\n")
    assert ["X", "Y"] == [knob.path for knob in find_knobs({"t.py": new}).found]


def test_a_link_out_of_the_clone_is_not_followed(tmp_path: Path) -> None:
    """A mutable file that is a link to the user's own file is refused, and that file stays."""
    contract = TestParamsContract()
    clone = contract.clone(tmp_path)
    outside = tmp_path / "theirs.py"
    outside.write_text(SOURCE, encoding="utf-8")
    (clone / "train.py").unlink()
    (clone / "train.py").symlink_to(outside)
    result = ParamsCoder().apply(contract.task(clone))
    assert ("refused", SOURCE) == (result.ending, outside.read_text(encoding="utf-8"))


def test_the_mode_of_a_file_stays(tmp_path: Path) -> None:
    """A script that could be run can still be run."""
    contract = TestParamsContract()
    clone = contract.clone(tmp_path)
    (clone / "train.py").chmod(0o755)
    assert ParamsCoder().apply(contract.task(clone)).ok
    assert 0o755 == (clone / "train.py").stat().st_mode & 0o777


def test_a_done_mark_ends_the_waiting_at_once(tmp_path: Path) -> None:
    """With `edit.done` the edit need not come to rest; without any difference the mark is answered with a refusal."""
    contract = TestExternalContract()
    clone = contract.clone(tmp_path)
    calls: list[int] = []

    def mark() -> bool:
        calls.append(1)
        if len(calls) == 1:
            (tmp_path / DONE).write_text("", encoding="utf-8")
        return False

    waiting = ExternalCoder(quiet_s=3600, idle_s=(0.02, 0.05))
    result = waiting.apply(contract.task(clone, cancelled=mark))
    assert ("refused", False) == (result.ending, (tmp_path / DONE).exists())
    calls.clear()
    (clone / "train.py").write_text("", encoding="utf-8")

    def edit() -> bool:
        (clone / "train.py").write_text("print('loss: 3')\n", encoding="utf-8")
        return mark()

    result = waiting.apply(contract.task(clone, cancelled=edit))
    assert (True, ("train.py",)) == (result.ok, result.changed)


def test_a_new_file_within_the_globs_is_an_edit(tmp_path: Path) -> None:
    """An agent may add a file where the globs allow one; elsewhere it is not looked at."""
    contract = TestExternalContract()
    clone = contract.clone(tmp_path)

    def add() -> bool:
        (clone / "src").mkdir(exist_ok=True)
        (clone / "src" / "new.py").write_text("x = 1\n", encoding="utf-8")
        (clone / "other.txt").write_text("x", encoding="utf-8")
        return False

    result = contract.coder().apply(contract.task(clone, mutable_globs=("train.py", "src/**"), cancelled=add))
    assert (True, ("src/new.py",)) == (result.ok, result.changed)


def test_no_edit_in_time_is_a_time_out_and_costs_no_spinning(tmp_path: Path) -> None:
    """It ends by its limit, having looked a handful of times."""
    contract = TestExternalContract()
    looks: list[int] = []
    result = ExternalCoder().apply(
        contract.task(contract.clone(tmp_path), timeout_s=0.35, cancelled=lambda: bool(looks.append(1))))
    assert "timed_out" == result.ending
    assert len(looks) <= 6


def test_a_script_comes_from_a_file(tmp_path: Path) -> None:
    """The configuration's command names it; experiment n takes edit n, and a file that is not mutable is refused."""
    contract = TestScriptedContract()
    clone = contract.clone(tmp_path)
    script = tmp_path / "edits.json"
    script.write_text('[{"train.py": "a = 1\\n"}, {"evaluate.py": "cheat"}, {"../x": "y"}]', encoding="utf-8")
    spec = CoderSpec(agent="scripted", command=str(script))
    endings = [ScriptedCoder().apply(contract.task(clone, n=n, config=spec)).ending for n in (1, 1, 2, 3, 4)]
    assert ["applied", "refused", "refused", "refused", "refused"] == endings
    assert "print('honest')\n" == (clone / "evaluate.py").read_text(encoding="utf-8")


def test_a_hostile_script_writes_inside_the_clone_only() -> None:
    """For attack tests confinement to mutable files can be off; the clone's wall stays."""
    coder = ScriptedCoder([{"../owned": "x"}], confine=False)
    contract = TestScriptedContract()
    with tempfile.TemporaryDirectory() as folder:
        clone = contract.clone(Path(folder))
        assert "refused" == coder.apply(contract.task(clone)).ending
        assert not (Path(folder) / "owned").exists()
