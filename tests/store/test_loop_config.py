"""A loop's configuration: what a person may write, what every wrong field is told, and what a write leaves alone."""

from __future__ import annotations

import copy
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.config import Knob, LoopConfig, duration_s, loop_config
from autor_nb.domain.loops.config_table import config_table
from autor_nb.store.loops import config_file

WHOLE: dict[str, Any] = {
    "objective": "shorter tours",
    "mutable": ["solve.py", "lib/*.py"],
    "readonly": ["evaluate.py"],
    "command": "python evaluate.py | tee out",
    "metric": {"name": "tour_length", "direction": "lower", "source": "regex", "pattern": r"length: (\S+)"},
    "metrics": [{"name": "size", "direction": "lower"}, {"name": "ms", "direction": "lower", "time_like": True}],
    "scalarizer": "weighted_sum",
    "scalarizer_options": {"weights": {"size": 2.0}},
    "trial_timeout_s": "5m",
    "seed_env": "MY_SEED",
    "gate": {"name": "fixed", "n": 5},
    "guards": [{"name": "tests", "command": ["make", "test"]}, {"name": "small", "metric": "size", "max": 3, "soft": True}],
    "resource": {"pattern": r"peak_mb: (\d+)", "transform": "divide_by_1024", "unit": "GB"},
    "link": ["data/*.bin"],
    "stop": {"iterations": 20, "wall": "2h", "cost_usd": 1.5, "target": -3, "plateau": 7},
    "critic": {"provider": "ollama", "model": "m", "base_url": "http://localhost:11434/v1", "api_key_env": "MY_KEY",
               "thinking": True, "context_last_n": 0, "when": "downtime", "max_vram_gb": 8},
    "coder": {"agent": "claude", "permission": "bypass", "timeout_s": "90s", "command": ["x", "{prompt}"],
              "prompt_template": "do {idea}"},
    "holdout": "data/holdout",
    "holdout_command": ["python", "losses.py"],
    "parallel": 2,
    "sandbox": True,
    "mode": "explore",
    "simplicity": 0.5,
    "space": {"t": {"low": 0.1, "high": 10, "log": True}, "n": {"low": 1, "high": 9, "step": 2, "default": 3},
              "how": {"choices": ["a", "b"], "default": "a"}},
    "include_uncommitted": True,
    "extra": {"note": "mine"},
}


def with_field(path: str, value: Any) -> dict[str, Any]:
    """The whole table with one field another; `guards.0.max` is a way, `-` as value removes it."""
    table = copy.deepcopy(WHOLE)
    *way, last = path.split(".")
    here: Any = table
    for step in way:
        here = here[int(step)] if step.isdigit() else here[step]
    key: Any = int(last) if last.isdigit() else last
    if value == "-":
        del here[key]
    else:
        here[key] = value
    return table


def refused(table: dict[str, Any]) -> UsageError:
    """The error of a table that is wrong."""
    with pytest.raises(UsageError) as error:
        loop_config("tsp", table)
    return error.value


def test_every_field_arrives_as_the_noun_that_it_is() -> None:
    """Lengths of time become seconds, a gate's further fields its options, a knob's kind what its bounds say."""
    config = loop_config("tsp", WHOLE)
    assert ("solve.py", "lib/*.py") == config.mutable
    assert (300.0, 7200.0, 90.0) == (config.trial_timeout_s, config.stop.wall_s, config.coder.timeout_s)
    assert ("fixed", {"n": 5}) == (config.gate.name, config.gate.options)
    assert Knob(kind="float", low=0.1, high=10.0, log=True) == config.space["t"]
    assert Knob(kind="int", low=1, high=9, step=2, default=3) == config.space["n"]
    assert Knob(kind="choice", choices=("a", "b"), default="a") == config.space["how"]
    assert (0, "downtime", 8.0) == (config.critic.context_last_n, config.critic.when, config.critic.max_vram_gb)
    assert ("bypass", ("x", "{prompt}")) == (config.coder.permission, config.coder.command)
    assert (True, "explore", "data/holdout") == (config.sandbox, config.mode, config.holdout)
    assert set(WHOLE) == set(LoopConfig.__struct_fields__) - {"name", "origin"}, "a field is missing from this test"


def test_a_loop_needs_four_fields_and_the_rest_has_defaults() -> None:
    """One path, one command, a metric's name and direction."""
    config = loop_config("a", {"mutable": "a.py", "command": ["./a"], "metric": {"name": "m", "direction": "higher"}})
    assert ("eprocess", "optimiser", "params") == (config.gate.name, config.critic.provider, config.coder.agent)
    assert (600.0, "AUTOR_SEED", "strict") == (config.trial_timeout_s, config.seed_env, config.mode)


@pytest.mark.parametrize(("written", "seconds"), [
    (90, 90.0), (1.5, 1.5), ("90", 90.0), ("90s", 90.0), ("5m", 300.0), (" 2 h ", 7200.0), ("1d", 86400.0), ("0.5h", 1800.0),
    ("5 minutes", None), ("-5m", None), (-1, None), (True, None), ("", None), (None, None), (float("nan"), None), ([5], None),
])
def test_a_length_of_time_is_seconds_or_a_number_with_a_unit(written: object, seconds: float | None) -> None:
    """`90`, `"90s"`, `"5m"`, `"2h"`; nothing else."""
    assert seconds == duration_s(written)


WRONG: list[tuple[str, Any, str]] = [
    ("objective", 3, "objective"),
    ("mutable", "-", "mutable"), ("mutable", [], "mutable"), ("mutable", [3], "mutable"), ("mutable", "../up.py", "mutable"),
    ("mutable", "/etc/passwd", "mutable"), ("mutable", [" "], "mutable"),
    ("readonly", {"a": 1}, "readonly"), ("readonly", ["solve.py"], "readonly"), ("readonly", "~/x", "readonly"),
    ("command", "-", "command"), ("command", " ", "command"), ("command", [], "command"), ("command", ["a", 1], "command"),
    ("command", "a\0b", "command"),
    ("metric", "-", "metric.name"), ("metric", "loss", "metric"), ("metric.name", "", "metric.name"),
    ("metric.name", "a\tb", "metric.name"), ("metric.direction", "up", "metric.direction"),
    ("metric.direction", "-", "metric.direction"), ("metric.source", "yaml", "metric.source"),
    ("metric.pattern", "(", "metric.pattern"), ("metric.pattern", "loss: .*", "metric.pattern"),
    ("metric.time_like", "yes", "metric.time_like"), ("metric.patern", "x", "metric.patern"),
    ("metrics", 3, "metrics"), ("metrics.0.direction", "down", "metrics[0].direction"),
    ("metrics.1.name", "size", "metrics"), ("metrics", [], "scalarizer"),
    ("scalarizer", 1, "scalarizer"), ("scalarizer_options", "x", "scalarizer_options"),
    ("trial_timeout_s", "soon", "trial_timeout_s"), ("trial_timeout_s", 0, "trial_timeout_s"),
    ("trial_timeout", "5m", "trial_timeout"), ("seed_env", "a b", "seed_env"), ("seed_env", "", "seed_env"),
    ("gate", 3, "gate"), ("gate.name", "", "gate.name"), ("gate.options", 3, "gate.options"),
    ("guards", "x", "guards"), ("guards.0", "make", "guards[0]"), ("guards.0.command", "-", "guards[0].command"),
    ("guards.0.max", 3, "guards[0].command"), ("guards.0.name", "-", "guards[0].name"),
    ("guards.1.metric", "speed", "guards[1].metric"), ("guards.1.max", "-", "guards[1].metric"),
    ("guards.1.max", "3", "guards[1].max"), ("guards.1.min", 9, "guards[1].min"), ("guards.1.soft", 1, "guards[1].soft"),
    ("resource", 3, "resource"), ("resource.pattern", "-", "resource.pattern"), ("resource.pattern", "[", "resource.pattern"),
    ("resource.transform", "kb", "resource.transform"), ("resource.unit", 1, "resource.unit"),
    ("link", [1], "link"), ("link", "a/../../b", "link"),
    ("stop", 3, "stop"), ("stop.iterations", 0, "stop.iterations"), ("stop.iterations", True, "stop.iterations"),
    ("stop.wall", "2 weeks", "stop.wall"), ("stop.wall_s", 3, "stop.wall_s"), ("stop.cost_usd", 0, "stop.cost_usd"),
    ("stop.target", float("nan"), "stop.target"), ("stop.plateau", 1.5, "stop.plateau"),
    ("critic", 1, "critic"), ("critic.provider", "", "critic.provider"), ("critic.model", 1, "critic.model"),
    ("critic.base_url", "localhost:1", "critic.base_url"), ("critic.base_url", "https://u:p@h/v1", "critic.base_url"),
    ("critic.api_key_env", "sk-secret-1", "critic.api_key_env"), ("critic.thinking", "on", "critic.thinking"),
    ("critic.context_last_n", -1, "critic.context_last_n"), ("critic.when", "never", "critic.when"),
    ("critic.max_vram_gb", "8", "critic.max_vram_gb"),
    ("coder", 1, "coder"), ("coder.agent", " ", "coder.agent"), ("coder.permission", "all", "coder.permission"),
    ("coder.timeout_s", "", "coder.timeout_s"), ("coder.command", [""], "coder.command"),
    ("coder.prompt_template", 1, "coder.prompt_template"),
    ("holdout", ["a", "b"], "holdout"), ("holdout", "/data", "holdout"), ("sandbox", "true", "sandbox"),
    ("mode", "lax", "mode"), ("simplicity", 0, "simplicity"), ("parallel", 0, "parallel"), ("holdout_command", 3, "holdout_command"), ("include_uncommitted", 0, "include_uncommitted"), ("extra", [], "extra"),
    ("space", 1, "space"), ("space.t", 1, "space.t"), ("space.t.kind", "real", "space.t.kind"),
    ("space.t.low", 20, "space.t.low"), ("space.t.low", 0, "space.t.low"), ("space.t.high", "-", "space.t.high"),
    ("space.n.step", 0, "space.n.step"), ("space.n.default", 99, "space.n.default"), ("space.n.low", "1", "space.n.low"),
    ("space.how.choices", ["a"], "space.how.choices"), ("space.how.default", "c", "space.how.default"),
    ("comand", "x", "comand"),
]


@pytest.mark.parametrize(("path", "value", "named"), WRONG, ids=[f"{path}={value!r}"[:50] for path, value, _ in WRONG])
def test_each_field_wrong_once_is_named_as_it_was_written_with_a_mend(path: str, value: Any, named: str) -> None:
    """`[loop.tsp] metric.direction is …`, and a suggestion."""
    error = refused(with_field(path, value))
    assert error.message.startswith(f"[loop.tsp] {named} ")
    assert error.suggestion
    assert "\n" not in error.message and len(error.message) < 300


def test_every_field_of_the_configuration_is_among_the_wrong_ones() -> None:
    """A new field brings its own wrong values."""
    named = {name.split(".")[0].split("[")[0] for _, _, name in WRONG}
    assert set(LoopConfig.__struct_fields__) - {"name", "origin"} <= named


def test_a_misspelt_field_is_told_the_nearest_one() -> None:
    """`comand` is not silently ignored."""
    assert "Did you mean command?" in refused(with_field("comand", "x")).suggestion


def test_a_pasted_key_is_not_repeated() -> None:
    """What stands where the name of a variable belongs may be the secret itself."""
    error = refused(with_field("critic.api_key_env", "sk-secret-1"))
    assert "sk-secret-1" not in str(error)


@pytest.mark.parametrize("name", ["", "A", "a/b", "../a", "-a", "a b", "a.b", "é", "a" * 42, "a\n"])
def test_a_name_that_could_be_no_folder_or_branch_is_refused(name: str) -> None:
    """It becomes both."""
    with pytest.raises(UsageError):
        loop_config(name, WHOLE)


def test_a_configuration_and_its_table_are_each_others_inverse() -> None:
    """What is written reads back as the same."""
    config = loop_config("tsp", WHOLE)
    assert config == loop_config("tsp", config_table(config))
    assert config == msgspec.json.decode(msgspec.json.encode(config), type=LoopConfig)


PLAIN = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20).filter(str.strip)


@settings(deadline=None)
@given(
    objective=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40),
    metric=PLAIN, words=st.lists(PLAIN, min_size=1, max_size=4), timeout=st.floats(0.1, 1e6),
    target=st.none() | st.floats(-1e6, 1e6), choices=st.lists(PLAIN, min_size=2, max_size=4, unique=True),
)
def test_any_configuration_survives_the_file(
    tmp_path_factory: pytest.TempPathFactory, objective: str, metric: str, words: list[str], timeout: float,
    target: float | None, choices: list[str],
) -> None:
    """Quotes, backslashes, line ends and other alphabets come back from autor.toml as they went in."""
    project = tmp_path_factory.mktemp("any")
    table: dict[str, Any] = {
        "objective": objective, "mutable": "a.py", "command": words, "trial_timeout_s": timeout,
        "metric": {"name": metric, "direction": "lower"}, "space": {metric: {"choices": choices}},
    }
    if target is not None:
        table["stop"] = {"target": target}
    config = loop_config("any", table)
    config_file.write_loop(project, config)
    assert config == config_file.read_loop(project, "any")


BEFORE = """# mine, and dear to me
[tool]
a = 1  # one

[loop.first]
# why this one
mutable = "a.py"   # the file
command = 'run "it"'
metric = { name = "m", direction = "lower" }

[tail]  # the end
b = [1,
  2]
"""


def test_a_loop_is_added_without_a_change_to_anything_else(tmp_path: Path) -> None:
    """Comments, spaces and other tables are as they were; the new section is what was asked for."""
    (tmp_path / "autor.toml").write_text(BEFORE)
    config = loop_config("second", WHOLE)
    config_file.write_loop(tmp_path, config)
    after = (tmp_path / "autor.toml").read_text()
    assert [] == [line for line in BEFORE.splitlines() if line not in after.splitlines()]
    assert config == config_file.read_loop(tmp_path, "second")
    assert "a.py" == config_file.read_loop(tmp_path, "first").mutable[0]
    assert {"b": [1, 2]} == tomllib.loads(after)["tail"]


FIELDS = 'mutable = "a"\ncommand = "x"\nmetric = { name = "m", direction = "lower" }  # one\n'
LAYOUTS = {
    "loop as a table": f"[loop]\n[loop.one]\n{FIELDS}", "another table between": f"[loop.one]\n{FIELDS}[x]\na = 1\n[loop.two]\n{FIELDS}",
    "line ends of Windows": f"# c\r\n[loop.one]\r\n{FIELDS}".replace("\n", "\r\n").replace("\r\r", "\r"), "no last line end": "[a]\nb = 1",
    "lists of tables": f"[[z]]\na = 1\n[[z]]\na = 2\n[loop.one]\n{FIELDS}[[loop.one.guards]]\nname = 'g'\ncommand = 'q'\n",
    "only a comment": "# hi\n", "a comment at the end": f"[loop.one]\n{FIELDS}\n# the end\n",
    "in one line": 'loop = { one = { mutable = "a", command = "x", metric = { name = "m", direction = "lower" } } }\n',
    "dotted": "loop.one.mutable = 'a'\nloop.one.command = 'x'\nloop.one.metric = { name = 'm', direction = 'lower' }\n",
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_however_a_file_is_laid_out_it_is_added_to_without_loss_or_left_alone(tmp_path: Path, layout: str) -> None:
    """A file that cannot be added to without touching the rest is refused, and stays as it was."""
    path = tmp_path / "autor.toml"
    path.write_bytes(LAYOUTS[layout].encode())
    try:
        config_file.write_table(tmp_path, "new", WHOLE)
    except UsageError as error:
        assert layout in ("in one line", "dotted") and "[loop.new] by hand" in error.suggestion
        assert LAYOUTS[layout].encode() == path.read_bytes()
        return
    lines = path.read_bytes().decode().split("\n")
    assert [] == [line for line in LAYOUTS[layout].split("\n") if line not in lines]
    assert loop_config("new", WHOLE) == config_file.read_loop(tmp_path, "new")


def test_a_replaced_loop_keeps_its_comments(tmp_path: Path) -> None:
    """Only the fields that differ are written."""
    (tmp_path / "autor.toml").write_text(BEFORE)
    changed = msgspec.structs.replace(config_file.read_loop(tmp_path, "first"), trial_timeout_s=7.0)
    config_file.write_loop(tmp_path, changed, replace=True)
    after = (tmp_path / "autor.toml").read_text()
    assert changed == config_file.read_loop(tmp_path, "first")
    assert "# why this one" in after and "# mine, and dear to me" in after


def test_a_loop_that_is_there_is_replaced_only_when_that_was_said(tmp_path: Path) -> None:
    """The file stays as it was."""
    (tmp_path / "autor.toml").write_text(BEFORE)
    with pytest.raises(UsageError, match="declares the loop 'first' already"):
        config_file.write_table(tmp_path, "first", WHOLE)
    assert BEFORE == (tmp_path / "autor.toml").read_text()


def test_a_wrong_table_is_never_written(tmp_path: Path) -> None:
    """What cannot be read back is refused before the file is touched."""
    with pytest.raises(UsageError, match="mode"):
        config_file.write_table(tmp_path, "a", with_field("mode", "lax"))
    assert not (tmp_path / "autor.toml").exists()


@pytest.mark.parametrize(("content", "said"), [
    (b"[loop.a\n", "not valid TOML"), (b"\xff\xfe", "not UTF-8"), (b"loop = 3\n", "loop is no table"),
    (b"[loop]\ncommand = 'x'\n", "belongs to no loop"), (b"[loop.'A b']\ncommand = 'x'\n", "cannot name a loop"),
])
def test_a_broken_file_is_named_with_the_place(tmp_path: Path, content: bytes, said: str) -> None:
    """The path stands in the message."""
    (tmp_path / "autor.toml").write_bytes(content)
    with pytest.raises(UsageError, match=said) as error:
        config_file.read_loop(tmp_path)
    assert error.value.suggestion


def test_the_only_loop_needs_no_name_and_several_do(tmp_path: Path) -> None:
    """An unknown name is told the nearest one."""
    with pytest.raises(UsageError, match="declares no loop"):
        config_file.read_loop(tmp_path)
    config_file.write_table(tmp_path, "alpha", WHOLE)
    assert "alpha" == config_file.read_loop(tmp_path).name
    config_file.write_table(tmp_path, "beta", WHOLE)
    with pytest.raises(UsageError, match="2 loops: alpha, beta"):
        config_file.read_loop(tmp_path)
    with pytest.raises(UsageError) as error:
        config_file.read_loop(tmp_path, "alhpa")
    assert "Did you mean alpha?" in error.value.suggestion


def test_the_project_is_the_nearest_folder_that_declares_loops(tmp_path: Path) -> None:
    """autor.toml, problem.yaml or autoresearch.toml; else it is said how to make one."""
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    with pytest.raises(UsageError, match=r"problem\.yaml"):
        config_file.project_of(inner)
    (tmp_path / "autoresearch.toml").write_text("")
    assert tmp_path.resolve() == config_file.project_of(inner)
    (tmp_path / "a" / "problem.yaml").write_text("")
    assert (tmp_path / "a").resolve() == config_file.project_of(inner)
