"""What counts as evidence against a trial, and what does not."""

from __future__ import annotations

import pytest

from autor_nb.domain.loops import reading_code, suspicion
from autor_nb.domain.loops.globs import matches
from autor_nb.domain.loops.suspicion import Surroundings, TrialFacts

AROUND = Surroundings(
    mutable=("train.py", "src/**"), readonly=("data/**", "evaluate.py"), protected=("evaluate.py", "autor.toml"),
    metric="loss", evaluator=True, scripts=("evaluate.py",), holdout="holdout",
)  # fmt: skip


def kinds(code: str, before: str = "", path: str = "train.py", around: Surroundings = AROUND) -> tuple[str, ...]:
    """What is seen in an edit."""
    return suspicion.named(reading_code.of_edit({path: before} if before else {}, {path: code}, around))


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        (TrialFacts(metric_lines=2, reference_lines=(1, 1)), "metric_lines"),
        (TrialFacts(output_sha256="a", seed=2, earlier_outputs=((1, "a"),)), "same_output"),
        (TrialFacts(duration_s=0.9, reference_durations=(10.0, 12.0)), "too_fast"),
    ],
)
def test_the_course_of_a_trial_is_evidence(facts: TrialFacts, kind: str) -> None:
    """More metric lines than without the edit, another seed's output to the byte, a tenth of the time."""
    assert (kind,) == suspicion.named(suspicion.of_trial(facts, AROUND))


@pytest.mark.parametrize(
    "facts",
    [
        TrialFacts(metric_lines=1, reference_lines=(1,)),
        TrialFacts(metric_lines=9, reference_lines=(5, 7)),
        TrialFacts(metric_lines=3),
        TrialFacts(output_sha256="a", seed=1, earlier_outputs=((1, "a"),)),
        TrialFacts(output_sha256="a", seed=2, earlier_outputs=((1, "a"),), reference_varies=False),
        TrialFacts(duration_s=0.001, reference_durations=(0.5,)),
        TrialFacts(duration_s=2.0, reference_durations=(10.0,)),
    ],
)
def test_an_honest_course_is_none(facts: TrialFacts) -> None:
    """Lines that vary anyway, the same seed, a metric that no seed moves, short runs, a real speed-up."""
    assert [] == suspicion.of_trial(facts, AROUND)


def test_only_what_an_edit_adds_counts() -> None:
    """A project that prints, patches or forks of old may go on doing so."""
    old = "import os, time\nos.fork()\ntime.time = None\nprint('loss: 1')\n"
    assert () == kinds(old.replace("1", "2") + "x = 1\n", before=old + "x = 2\n")
    assert ("clock",) == kinds(old + "time.sleep = None\n", before=old)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("import evaluate as e\ne.main = 1\n", "monkeypatch"),
        ("from evaluate import main\nimport evaluate\nevaluate.__dict__['main'] = 1\n", "monkeypatch"),
        ("import sys\nsys.modules['evaluate'] = None\n", "modules"),
        ("from pathlib import Path\nP = Path('.') / 'evaluate.py'\nPath('evaluate.py').write_text('x')\n", "protected_write"),
        ("import evaluate\nopen(evaluate.__file__, 'w')\n", "protected_write"),
        ("import shutil\nshutil.copy('x', 'data/rows.csv')\n", "protected_write"),
        ("import subprocess\nsubprocess.run('git reset --hard HEAD~1', shell=True)\n", "history"),
        ("open('.git/HEAD', 'w')\n", "history"),
        ("print('loss:', 0.1)\n", "fake_metric"),
        ("print('%s: %f' % ('loss', 1))\nprint('loss: {:.3f}'.format(3))\n", "fake_metric"),
        ("import os\nos.putenv('AUTOR_SEED', '1')\n", "seed_rewritten"),
        ("import inspect\nx = inspect.stack()\n", "frames"),
        ("exec(open('x').read())\n", "hidden_code"),
        ("T = {" + ", ".join(f"{n}: {n}.5" for n in range(500)) + "}\n", "table"),
        ("# coding: rot13\nx = 1\n", "unreadable"),
        ("x = (\n", "unreadable"),
        ("x = " + "+".join(["'a'"] * 3000) + "\n", "unreadable"),
        ("import pathlib\nx = pathlib.Path('/tmp/best.json').read_text()\n", "outside"),
        ("x = open('holdout/a.csv').read()\n", "holdout"),
    ],
)
def test_an_edit_is_read(code: str, kind: str) -> None:
    """Each of these is named by its kind, whatever the way it is written."""
    assert kind in kinds(code)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("random.py", "shadow"), ("time/__init__.py", "shadow"), ("evaluate/__init__.py", "shadow"),
        ("src/fast.cpython-311-x86_64-linux-gnu.so", "hidden_code"),
    ],
)  # fmt: skip
def test_a_new_file_that_takes_anothers_place_is_seen(path: str, kind: str) -> None:
    """A module of the standard library's or the evaluator's name beside the code; compiled code anywhere."""
    assert kind in kinds("x = 1\n", path=path)
    assert () == kinds("x = 1\n", path="src/models/types.py")


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("echo 'loss: 0.1'", "fake_metric"), ("sed -i s/1/0/ evaluate.py", "protected_write"),
        ("git commit -am x", "history"), ("nohup ./late.sh", "detached"), ("AUTOR_SEED=1 python evaluate.py", "seed_rewritten"),
    ],
)  # fmt: skip
def test_a_script_is_read_line_by_line(line: str, kind: str) -> None:
    """What a shell script adds; what it had is its own way."""
    assert (kind,) == kinds(f"set -e\n{line}\n", before="set -e\n", path="src/run.sh")
    assert () == kinds(f"{line}\nset -eu\n", before=f"{line}\nset -e\n", path="src/run.sh")


def test_globs_mean_what_people_mean() -> None:
    """A folder is all in it, one star stays within a folder, a name is only itself."""
    assert matches("src/a/b.py", ["src"]) and matches("src/a/b.py", ["src/"]) and matches("src/a.py", ["./src/*.py"])
    assert matches("a/b/c.py", ["**/c.py"]) and matches("c.py", ["**/c.py"]) and matches("a/x1.py", ["a/x[0-9].py"])
    assert not matches("src/a/b.py", ["src/*.py"]) and not matches("srcs/a.py", ["src"]) and not matches("a.pyc", ["a.py"])
    assert matches("a[.py", ["a[.py"]) and not matches("axpy", ["a.py"])
