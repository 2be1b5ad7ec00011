"""Projects of other tools are taken as they are: every key read, earlier results and logs kept, and a way back."""

from __future__ import annotations

import copy
import json
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.config import CoderSpec, CriticSpec, LoopConfig, loop_config
from autor_nb.domain.loops.metric import read_metric
from autor_nb.domain.loops.record import Record
from autor_nb.store.loops import (
    autoresearch_toml,
    config_file,
    critic_logs,
    foreign,
    foreign_history,
    problem_yaml,
    results_tsv,
    shell_text,
)
from autor_nb.store.loops.critic_logs import CriticCall

PROBLEM = r"""# every key of the format
objective: "less error: within a minute"
metric_name: rmse
metric_regex: '^rmse:\s+([\d.eE+-]+)'
lower_is_better: true
time_budget_s: 300
hard_timeout_s: 600
mutable_file: solution.py
readonly_files:
  - prepare.py
  - evaluate.py
runner: "python3 solution.py > out.txt && cat out.txt"
branch_prefix: HP search
results_tsv_columns: [commit, rmse, peak_gb, status, description]
resource_metric_regex: '^peak_vram_mb:\s+([\d.]+)'
resource_metric_transform: divide_by_1024
gemma_critic:
  enabled: true
  model: gemma3n:e2b
  when: downtime
  thinking: true
  max_vram_gb: 8
  context_last_n: 10
  ollama_url: http://localhost:11434/v1
coder:
  enabled: true
  agent: codex
  permission: bypass
  timeout_s: 240
  command: [codex, exec, "{prompt}"]
  prompt_template: "Edit {mutable_file} only"
state:
  enabled: true
  throttle_seconds: 30
  rebuild_every_n_iter: 3
"""
LAUGHS = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 8)}]\n" for n in range(1, 9))
AUTORESEARCH = """# theirs
target_file = "train.py"
eval_command = "python train.py"
metric_name = "val_bpb"
metric_direction = "lower"
time_budget = "5m"
branch = "autoresearch/nanogpt"
"""


@pytest.fixture
def problem(tmp_path: Path) -> Path:
    """A project of the one kind."""
    (tmp_path / "problem.yaml").write_text(PROBLEM)
    return tmp_path


@pytest.fixture
def autoresearch(tmp_path: Path) -> Path:
    """A project of the other kind."""
    (tmp_path / "autoresearch.toml").write_text(AUTORESEARCH)
    return tmp_path


def test_every_key_of_a_problem_file_is_read(problem: Path) -> None:
    """And the file is as it was."""
    config = config_file.read_loop(problem)
    assert ("hp-search", "problem.yaml", "less error: within a minute") == (config.name, config.origin, config.objective)
    assert ("rmse", "lower", r"^rmse:\s+([\d.eE+-]+)") == (config.metric.name, config.metric.direction, config.metric.pattern)
    assert (600.0, ("solution.py",), ("prepare.py", "evaluate.py")) == (config.trial_timeout_s, config.mutable, config.readonly)
    assert "python3 solution.py > out.txt && cat out.txt" == config.command
    assert config.resource is not None
    assert ("divide_by_1024", "peak_gb") == (config.resource.transform, config.resource.unit)
    critic, coder = config.critic, config.coder
    assert ("ollama", "gemma3n:e2b", "downtime", True, 8.0, 10) == (
        critic.provider, critic.model, critic.when, critic.thinking, critic.max_vram_gb, critic.context_last_n)
    assert ("codex", "bypass", 240.0, ("codex", "exec", "{prompt}"), "Edit {mutable_file} only") == (
        coder.agent, coder.permission, coder.timeout_s, coder.command, coder.prompt_template)
    state = config.extra["problem.yaml"]["state"]
    assert {"enabled": True, "throttle_seconds": 30, "rebuild_every_n_iter": 3} == state
    assert 300 == config.extra["problem.yaml"]["time_budget_s"]
    assert PROBLEM == (problem / "problem.yaml").read_text()
    assert config == msgspec.json.decode(msgspec.json.encode(config), type=LoopConfig)


def test_every_key_of_an_autoresearch_file_is_read(autoresearch: Path) -> None:
    """`time_budget = "5m"`, too."""
    config = config_file.read_loop(autoresearch)
    assert ("autoresearch-nanogpt", "autoresearch.toml") == (config.name, config.origin)
    assert (("train.py",), "python train.py", 300.0) == (config.mutable, config.command, config.trial_timeout_s)
    assert ("val_bpb", "lower") == (config.metric.name, config.metric.direction)
    assert AUTORESEARCH == (autoresearch / "autoresearch.toml").read_text()


@pytest.mark.parametrize(("printed", "value"), [
    ("val_bpb: 0.97\n", 0.97), ("step 1\nval_bpb = 1.5e-1 (best)\ndone\n", 0.15), ("0.974\n", 0.974), ("  12 \n", 12.0),
    ('{"val_bpb": 0.5}\n', 0.5), ("val_bpb: 1,234\n", None), ("val_bpb: nan\n", None), ("other: 3\n", None), ("took 3 s\n", None),
])
def test_its_metric_is_found_as_people_print_it(autoresearch: Path, tmp_path: Path, printed: str, value: float | None) -> None:
    """By name, or a line that is only a number: the format itself names no pattern."""
    output = tmp_path / "out.log"
    output.write_text(printed)
    assert value == read_metric(output, config_file.read_loop(autoresearch).metric).value


WRONG_PROBLEM: list[tuple[str, Any]] = [
    ("objective", 1), ("metric_name", None), ("metric_regex", "("), ("metric_regex", "rmse"), ("lower_is_better", "yes!"),
    ("time_budget_s", "soon"), ("hard_timeout_s", -1), ("mutable_file", None), ("mutable_file", "../x.py"), ("readonly_files", 3),
    ("runner", ""), ("branch_prefix", 3), ("results_tsv_columns", 3), ("resource_metric_regex", "["),
    ("resource_metric_transform", "divide_by_2"), ("gemma_critic", 3), ("gemma_critic.enabled", "on!"), ("gemma_critic.model", 1),
    ("gemma_critic.when", "sometimes"), ("gemma_critic.thinking", 2), ("gemma_critic.max_vram_gb", "8 GB"),
    ("gemma_critic.context_last_n", -1), ("gemma_critic.ollama_url", "localhost"), ("coder", []), ("coder.enabled", 1),
    ("coder.agent", ""), ("coder.permission", "root"), ("coder.timeout_s", "x"), ("coder.command", [1]),
    ("coder.prompt_template", 1), ("state", 1), ("state.enabled", 3), ("state.throttle_seconds", -1), ("state.rebuild_every_n_iter", 0),
]


@pytest.mark.parametrize(("key", "value"), WRONG_PROBLEM, ids=[f"{key}={value}" for key, value in WRONG_PROBLEM])
def test_each_key_of_a_problem_file_wrong_once_is_named(problem: Path, key: str, value: Any) -> None:
    """As the file writes it, with a mend in its own language."""
    table = yaml.safe_load(PROBLEM)
    *way, last = key.split(".")
    here = table
    for step in way:
        here = here[step]
    here[last] = value
    (problem / "problem.yaml").write_text(yaml.safe_dump(table))
    with pytest.raises(UsageError) as error:
        foreign.read_config(problem / "problem.yaml")
    assert error.value.message.startswith(f"problem.yaml {key} ")
    assert error.value.suggestion and " = " not in error.value.suggestion


@pytest.mark.parametrize(("key", "value"), [
    ("target_file", ""), ("eval_command", 3), ("metric_name", 3), ("metric_direction", "down"), ("time_budget", "5 m i n"), ("branch", ""),
])
def test_each_key_of_an_autoresearch_file_wrong_once_is_named(key: str, value: Any) -> None:
    """The same for the other format."""
    table: dict[str, Any] = {"target_file": "a.py", "eval_command": "x", key: value}
    with pytest.raises(UsageError) as error:
        autoresearch_toml.from_table(table, "x")
    assert error.value.message.startswith(f"autoresearch.toml {key} ")


@pytest.mark.parametrize(("content", "said"), [
    ("a: [1", "not valid YAML"), ("- 1\n", "holds no keys"), ("", "holds no keys"), ("a: 1\n", "mutable_file is missing"),
    (LAUGHS, "more than 10,000"),
    ("a: !!python/object/apply:os.system [ls]\n", "not valid YAML"),
])
def test_a_hostile_or_broken_problem_file_is_refused_in_words(tmp_path: Path, content: str, said: str) -> None:
    """With the place, never with a traceback or a full memory."""
    (tmp_path / "problem.yaml").write_text(content)
    with pytest.raises(UsageError, match=said):
        config_file.read_loop(tmp_path)


def test_defaults_are_those_of_the_formats() -> None:
    """Switched-off parts: no critic means that somebody outside has the ideas; no coder that somebody edits."""
    table = {"metric_name": "m", "metric_regex": "m: (.*)", "runner": "r", "mutable_file": "a.py", "time_budget_s": "5m"}
    bare = problem_yaml.from_table(table, "x")
    assert ("lower", 600.0, "optimiser", "params") == (
        bare.metric.direction, bare.trial_timeout_s, bare.critic.provider, bare.coder.agent)
    off = problem_yaml.from_table({**table, "gemma_critic": {"enabled": False}, "lower_is_better": False}, "x")
    assert ("higher", "none", "external") == (off.metric.direction, off.critic.provider, off.coder.agent)
    remote = problem_yaml.from_table({**table, "gemma_critic": {"model": "m", "base_url": "https://openrouter.ai/api/v1"}}, "x")
    assert ("openrouter", "https://openrouter.ai/api/v1") == (remote.critic.provider, remote.critic.base_url)


def test_a_project_without_its_model_runs_with_the_embedded_parts_and_says_so(problem: Path) -> None:
    """What is installed decides, and what is changed is told."""
    config = config_file.read_loop(problem)
    runs, said = foreign.runnable(config, ["optimiser", "none"], ["params", "external"])
    assert ("optimiser", "codex") == (runs.critic.provider, runs.coder.agent)
    assert 1 == len(said) and "ollama" in said[0]
    bare = msgspec.structs.replace(config, coder=msgspec.structs.replace(config.coder, command=()))
    runs, said = foreign.runnable(bare, ["optimiser"], ["params"])
    assert ("optimiser", "params") == (runs.critic.provider, runs.coder.agent)
    assert 2 == len(said)
    assert (config, []) == foreign.runnable(config, ["ollama"], ["codex"])


def test_several_files_declare_several_loops_and_ours_counts_first(problem: Path) -> None:
    """A loop of the same name in autor.toml is the one that is meant."""
    (problem / "autoresearch.toml").write_text(AUTORESEARCH)
    names = [(loop.name, loop.origin) for loop in config_file.declared(problem)]
    assert [("autoresearch-nanogpt", "autoresearch.toml"), ("hp-search", "problem.yaml")] == names
    config_file.write_loop(problem, config_file.read_loop(problem, "hp-search"))
    assert "autor.toml" == config_file.read_loop(problem, "hp-search").origin


@pytest.mark.parametrize(("written", "run"), [
    ("python a.py", "python a.py"), ("cd x && ./run 2>&1 | tee log", "cd x && ./run 2>&1 | tee log"),
    ("source venv/bin/activate && python a.py", ("bash", "-c", "source venv/bin/activate && python a.py")),
    ("set -o pipefail; a | b", ("bash", "-c", "set -o pipefail; a | b")), ("[[ -f a ]] && b", ("bash", "-c", "[[ -f a ]] && b")),
])
def test_a_command_that_only_bash_understands_is_given_to_bash(written: str, run: Any) -> None:
    """As those tools do with every command; and the way back gives the text."""
    table = {"target_file": "a.py", "eval_command": written}
    config = autoresearch_toml.from_table(table, "x")
    assert run == config.command
    assert written == shell_text.text(config.command)


# ------------------------------------------------------------------------------------------------ earlier results


def test_the_earlier_results_of_a_problem_project_are_read(problem: Path) -> None:
    """Numbered from 0, with the baseline found, a crash without a metric, and bad lines told."""
    (problem / "results.tsv").write_text(
        "commit\trmse\tresource\tstatus\tdescription\n36bfebc\t25.25\t7.9\tkeep\tbaseline\n"
        'bf21e61\t21.5\t8.0\tkeep\tuse "2-opt"\n07ef043\t0.000000\t0.0\tcrash\tboom\ntorn'
    )
    logs = problem / ".autoresearch" / "critic_logs"
    logs.mkdir(parents=True)
    (logs / "20260425T164403_36bfebc.jsonl").write_text("{}")
    found = foreign.earlier(problem, config_file.read_loop(problem))
    assert [(0, "baseline", 25.25, None), (1, "keep", 21.5, -3.75), (2, "crash", None, None)] == [
        (record.run, record.status, record.metric, record.delta) for record in found.records]
    assert ("results.tsv", 1, 1) == (found.source, len(found.bad), len(found.critic_logs))


def test_the_earlier_results_of_an_autoresearch_project_are_read_under_all_their_names(autoresearch: Path) -> None:
    """commit or hash, value or score, message or description, kept or keep."""
    folder = autoresearch / ".autoresearch"
    folder.mkdir()
    (folder / "experiments.jsonl").write_text(
        '{"run":0,"hash":"aaaaaaaaaa","short_hash":"aaaaaaa","metric":1.05,"delta":null,"status":"baseline","summary":"start","timestamp":"t0"}\n'
        '{"commit":"bbbbbbbbbb","value":1.0,"status":"kept","description":"deeper","time":"t1"}\n'
        'garbage\n{"run":7,"score":NaN,"status":"keep"}\n{"score":1.2,"status":"discard","message":"wider"}\n{"score":1,"status":"??"}\n'
        '{"score":"fast","status":"keep"}\n'
    )
    found = foreign.earlier(autoresearch, config_file.read_loop(autoresearch))
    assert [(0, "aaaaaaa", 1.05, "baseline", "start", "t0"), (1, "bbbbbbb", 1.0, "keep", "deeper", "t1"), (2, "", 1.2, "discard", "wider", "")] == [
        (record.run, record.short_hash, record.metric, record.status, record.summary, record.timestamp) for record in found.records]
    assert 4 == len(found.bad)


def test_experiments_are_read_from_the_subjects_of_commits(autoresearch: Path) -> None:
    """Oldest first; a number in an unmarked subject is no experiment."""
    def git(*words: str) -> None:
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], cwd=autoresearch, check=True, capture_output=True)

    git("init", "-q", "-b", "autoresearch/nanogpt")
    for subject in ("[autoresearch] baseline: metric=1.050", "loss=3 fix a typo", "[autoresearch] keep: metric=0.974 - wider | deeper",
                    "autoresearch: discard score=1.003 - no improvement over it", "[autoresearch] kept loss=1,234 - x", "[autoresearch] note"):
        git("commit", "-q", "--allow-empty", "-m", subject)
    found = foreign.earlier(autoresearch, config_file.read_loop(autoresearch))
    assert "git log autoresearch/nanogpt" == found.source
    assert [("baseline", 1.05), ("keep", 0.974), ("discard", 1.003), ("keep", None)] == [
        (record.status, record.metric) for record in found.records]
    assert "wider | deeper" == found.records[1].summary
    assert ["its subject names no status"] == [line.why for line in found.bad]


def test_a_project_that_found_nothing_yet_has_no_earlier_results(problem: Path) -> None:
    """No file is needed."""
    found = foreign.earlier(problem, config_file.read_loop(problem))
    assert ([], [], "") == (found.records, found.bad, found.source)


@given(line=st.text(max_size=60) | st.binary(max_size=60))
def test_no_line_of_a_history_is_fatal(line: str | bytes) -> None:
    """Whatever another tool wrote there."""
    content = line if isinstance(line, bytes) else line.encode("utf-8", "surrogatepass")
    good = b'{"metric":1,"status":"keep"}\n'
    found = foreign_history.parse_jsonl(good + content + b"\n" + good)
    assert len(found.records) >= 2 or b"\n" in content or found.bad
    foreign_history.parse_log([content.decode("utf-8", "replace")])


# --------------------------------------------------------------------------------------------------- critic logs


def test_critic_logs_of_others_are_read_in_both_their_layouts(tmp_path: Path) -> None:
    """One object over many lines, and one a line; what the response's parts are called is ours."""
    call = {"ts": "2026-04-25T16:44:03", "commit": "36bfebc", "system_prompt": "s", "user_prompt": "u",
            "raw_response": {"model_used": "gemma", "raw_content": "{}", "thinking_block": None, "reasoning_field": "r", "usage": {"prompt_tokens": 3}},
            "parsed_idea": {"hypothesis": "h"}}
    (tmp_path / "1_a.jsonl").write_text(json.dumps(call, indent=2))
    (tmp_path / "2_b.jsonl").write_text(json.dumps(call) + "\n" + json.dumps({**call, "parsed_idea": None, "error": "no JSON"}) + "\ntorn{\n")
    bad: list[str] = []
    calls = list(critic_logs.read(tmp_path, lambda path, line: bad.append(f"{path.name} {line.offset > 0}")))
    assert [("gemma", "h", None), ("gemma", "h", None), ("gemma", None, "no JSON")] == [
        (call.raw_response["model"], (call.parsed_idea or {}).get("hypothesis"), call.error) for call in calls]
    assert {"model", "content", "thinking", "reasoning", "usage"} == set(calls[0].raw_response)
    assert ["2_b.jsonl True"] == bad


def test_our_critic_logs_have_names_of_their_own_and_read_back(tmp_path: Path) -> None:
    """Two calls in one second on one commit are two files; a hostile commit is no path."""
    call = CriticCall(ts="2026-11-21T10:00:00.000Z", commit="../../etc", user_prompt="u\ud800", raw_response={"content": "x"}, error="e")
    paths = {critic_logs.write(tmp_path, call) for _ in range(20)}
    assert 20 == len(paths) == len(list(critic_logs.read(tmp_path)))
    assert {tmp_path} == {path.parent for path in paths}
    assert [1] * 20 == [path.read_text().count("\n") for path in paths]


# ------------------------------------------------------------------------------------------------------ way back

RECORDS = [
    Record(run=0, hash="a" * 40, short_hash="aaaaaaa", metric=2.0, status="baseline", summary="start"),
    Record(run=1, hash="b" * 40, short_hash="bbbbbbb", metric=1.0, delta=-1.0, status="keep", summary='a "better" one'),
    Record(run=2, hash="c" * 40, short_hash="ccccccc", status="crash", summary="boom"),
    Record(run=3, hash="d" * 40, short_hash="ddddddd", metric=1.5, delta=0.5, status="discard", summary="worse"),
]


def written(project: Path, config: LoopConfig, form: str) -> LoopConfig:
    """The configuration after an export into a folder."""
    for path, text in foreign.export_files(config, RECORDS, form):
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(text)
    return config_file.read_loop(project)


@pytest.mark.parametrize("form", ["problem.yaml", "autoresearch.toml"])
def test_an_imported_project_exports_as_what_it_was(tmp_path: Path, form: str) -> None:
    """Every key, also those that only the other tool uses."""
    source, target = tmp_path / "a", tmp_path / "b"
    source.mkdir()
    target.mkdir()
    (source / form).write_text(PROBLEM if form == "problem.yaml" else AUTORESEARCH)
    config = config_file.read_loop(source)
    assert config == written(target, config, form)
    load = problem_yaml.load if form == "problem.yaml" else autoresearch_toml.load
    assert load(source / form) == load(target / form)


@pytest.mark.parametrize("form", ["problem.yaml", "autoresearch.toml"])
def test_a_changed_import_exports_with_its_change(tmp_path: Path, form: str) -> None:
    """And keeps what was not changed."""
    (tmp_path / form).write_text(PROBLEM if form == "problem.yaml" else AUTORESEARCH)
    changed = msgspec.structs.replace(config_file.read_loop(tmp_path), trial_timeout_s=42.0)
    assert 42.0 == written(tmp_path, changed, form).trial_timeout_s
    assert ("rebuild_every_n_iter" if form == "problem.yaml" else "autoresearch/nanogpt") in (tmp_path / form).read_text()


@pytest.mark.parametrize("form", ["problem.yaml", "autoresearch.toml"])
def test_what_stands_in_for_parts_that_are_not_here_is_not_exported(tmp_path: Path, form: str) -> None:
    """The loop runs with embedded parts; the file that is exported still names those that the person chose."""
    written_by_hand = PROBLEM.replace('  command: [codex, exec, "{prompt}"]\n', "")
    (tmp_path / form).write_text(written_by_hand if form == "problem.yaml" else AUTORESEARCH)
    load = problem_yaml.load if form == "problem.yaml" else autoresearch_toml.load
    before, read = load(tmp_path / form), foreign.read_config(tmp_path / form)
    runs, said = foreign.runnable(read, {"optimiser", "scripted", "none"}, {"params", "external", "scripted"})
    assert ("optimiser", "params") == (runs.critic.provider, runs.coder.agent) and bool(said) == (form == "problem.yaml")
    written(tmp_path, runs, form)
    assert before == load(tmp_path / form)


@pytest.mark.parametrize(("change", "keys"), [
    ({"objective": "other"}, {"objective": "other"}),
    ({"trial_timeout_s": 900.0}, {"hard_timeout_s": 900}),
    ({"trial_timeout_s": 60.0}, {"time_budget_s": 60, "hard_timeout_s": 60}),
    ({"readonly": ()}, {"readonly_files": []}),
    ({"critic": CriticSpec(provider="none")}, {"gemma_critic": {"enabled": False}}),
    ({"coder": CoderSpec(agent="external")}, {"coder": {"enabled": False}}),
])  # fmt: skip
def test_only_what_was_changed_is_written_anew(problem: Path, change: dict[str, Any], keys: dict[str, Any]) -> None:
    """Every other key of the file says what it said, the ones that only the other tool knows too."""
    read = problem_yaml.config(problem / "problem.yaml", "x")
    files = dict(foreign.export_files(msgspec.structs.replace(read, **change), [], "problem.yaml"))
    wanted = yaml.safe_load(PROBLEM)
    for key, value in keys.items():
        wanted[key] = {**wanted[key], **value} if isinstance(value, dict) else value
    assert wanted == yaml.safe_load(files["problem.yaml"])


@pytest.mark.parametrize("form", ["problem.yaml", "autoresearch.toml"])
def test_a_loop_of_ours_exports_to_their_formats(tmp_path: Path, form: str) -> None:
    """With its results, as those tools spell them; what they have no words for is said or refused."""
    table: dict[str, Any] = {"mutable": "a.py", "command": ["python", "a b.py"], "trial_timeout_s": "5m",
                             "metric": {"name": "loss", "direction": "higher"}, "gate": "fixed"}
    ours = loop_config("ours", table)
    theirs = written(tmp_path, ours, form)
    assert (ours.mutable, "python 'a b.py'", 300.0, "loss", "higher") == (
        theirs.mutable, theirs.command, theirs.trial_timeout_s, theirs.metric.name, theirs.metric.direction)
    back = foreign.earlier(tmp_path, theirs)
    crash = "discard" if form == "autoresearch.toml" else "crash"
    assert [("baseline", 2.0), ("keep", 1.0), (crash, None), ("discard", 1.5)] == [(record.status, record.metric) for record in back.records]
    if form == "problem.yaml":
        assert "# Not expressible in this format and left out: gate." == (tmp_path / form).read_text().splitlines()[0]
        assert "ccccccc\t0.000000\t\tcrash\tboom" in (tmp_path / "results.tsv").read_text()
    with pytest.raises(UsageError, match="mutable names 2 paths"):
        list(foreign.export_files(loop_config("x", {**table, "mutable": ["a", "b"]}), [], form))


def test_an_imported_loop_can_be_written_into_our_file(problem: Path) -> None:
    """And means the same there, apart from where it came from."""
    config = config_file.read_loop(problem)
    config_file.write_loop(problem, config)
    ours = config_file.read_loop(problem)
    assert "autor.toml" == ours.origin
    assert config == msgspec.structs.replace(ours, origin=config.origin)


def test_an_unknown_format_of_a_project_is_refused() -> None:
    """With the known ones."""
    with pytest.raises(UsageError, match="xml"):
        list(foreign.export_files(problem_yaml.from_table(copy.deepcopy(yaml.safe_load(PROBLEM)), "x"), [], "xml"))


def test_an_exported_table_is_one_that_a_naive_reader_gets_right() -> None:
    """The first keep is called the baseline, since those tools know no such status."""
    config = problem_yaml.from_table(yaml.safe_load(PROBLEM), "x")
    files = dict(foreign.export_files(config, RECORDS, "problem.yaml"))
    rows = [line.split("\t") for line in files["results.tsv"].splitlines()]
    assert ["keep", "keep", "crash", "discard"] == [row[3] for row in rows[1:]]
    assert "baseline: start" == rows[1][4]
    assert "baseline" == results_tsv.parse(files["results.tsv"]).records()[0].status


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_a_history_in_any_usual_encoding_loses_no_letter(tmp_path: Path, encoding: str) -> None:
    """With Windows' line ends, too; a file of one encoding with a line of another keeps both."""
    table = tmp_path / "results.tsv"
    rows = ["commit\tacc\tmem\tstatus\tdescription", "a1b2c3d\t0.5\t1\tkeep\tcafé", "b1b2c3d\tnan\t0\tcrash\tnaïve"]
    table.write_bytes("\r\n".join(rows).encode(encoding))
    found = results_tsv.read(table, "acc")
    assert [] == found.bad and "acc" == found.metric
    assert [("keep", 0.5, "café"), ("crash", None, "naïve")] == [(r.status, r.metric, r.description) for r in found.rows]
    lines = tmp_path / "experiments.jsonl"
    said = ['{"run": 0, "metric": "0.5", "status": "kept", "hash": "a1b2c3d", "summary": "café"}',
            '{"run": 1, "metric": NaN, "status": "crash", "hash": "b1b2c3d", "summary": "naïve"}']  # fmt: skip
    lines.write_bytes("\r\n".join(said).encode(encoding))
    read = foreign_history.read_jsonl(lines)
    assert [] == read.bad
    assert [("keep", 0.5, "café"), ("crash", None, "naïve")] == [(r.status, r.metric, r.summary) for r in read.records]
    mixed = rows[1].encode() + b"\n" + rows[1].encode("cp1252") + b"\n"
    assert ["café", "café"] == [row.description for row in results_tsv.parse(mixed).rows]


def test_a_file_without_a_record_hides_none_behind_it(tmp_path: Path) -> None:
    """The table is read where the other tool's own file holds nothing but garbage, which is told if all do."""
    config = problem_yaml.from_table(yaml.safe_load(PROBLEM), "x")
    (tmp_path / ".autoresearch").mkdir()
    (tmp_path / ".autoresearch" / "experiments.jsonl").write_text("garbage\n")
    assert (".autoresearch/experiments.jsonl", 1) == ((found := foreign.earlier(tmp_path, config)).source, len(found.bad))
    (tmp_path / "results.tsv").write_text("a1b2c3d\t0.5\t1\tkeep\twider\n")
    found = foreign.earlier(tmp_path, config)
    assert ("results.tsv", 1, []) == (found.source, len(found.records), found.bad)
