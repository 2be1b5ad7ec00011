"""Before a loop starts: what is wrong is named with its mend, and nothing of the person's is touched by looking."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.config import CriticSpec, Guard, LoopConfig
from autor_nb.domain.loops.preflight import IDS, TITLES, CheckResult, blocking, ready
from autor_nb.engine.loops.preflight import Preflight, check, check_all, prepared
from autor_nb.engine.loops.preflight_context import http_get
from autor_nb.engine.loops.wizard import Wizard
from autor_nb.store import claims
from autor_nb.store.lock import EngineLock, claims_folder, myself
from autor_nb.store.loops import config_file
from autor_nb.store.loops.layout import loop_folder

SCRIPT = '''"""What the loop changes."""
import os, random
PARAMS = {"x": 3.0}
random.seed(int(os.environ.get("AUTOR_SEED") or 0))
print("loss:", PARAMS["x"] ** 2 + random.random())
'''

PROBLEM = f"metric_name: loss\nmetric_regex: 'loss: (.*)'\nmutable_file: train.py\nrunner: {sys.executable} train.py\n"


def git(folder: Path, *words: str) -> str:
    """git, as a person."""
    words = ("-c", "user.name=a", "-c", "user.email=a@b.c", *words)
    return subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project in which nothing is wrong."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "train.py").write_text(SCRIPT)
    (folder / "program.md").write_text("Lower it.\n")
    (folder / ".gitignore").write_text("autor_loops/\n")
    config_file.write_table(folder, "one", {
        "objective": "lower", "mutable": "train.py", "command": [sys.executable, "train.py"], "trial_timeout_s": 20,
        "metric": {"name": "loss", "direction": "lower"},
    })
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "begin")
    return folder


@pytest.fixture
def look(project: Path) -> Iterator[Callable[..., CheckResult]]:
    """One check, with parts of the configuration (`critic=…`) or of the context (`vram=…`) another."""
    opened: list[Preflight] = []

    def one(id: str, **other: Any) -> CheckResult:
        context = prepared(project, go_ahead=other.pop("go_ahead", None))
        fields = {key: value for key, value in other.items() if key in LoopConfig.__struct_fields__}
        if fields:
            assert context.config is not None
            context.config = msgspec.structs.replace(context.config, **fields)
        for key, value in other.items():
            if key not in fields:
                setattr(context, key, value)
        opened.append(context)
        return check(context, id)

    yield one
    for context in opened:
        context.close()


def edit(project: Path, **fields: Any) -> None:
    """Another configuration, committed."""
    table = {"mutable": "train.py", "command": [sys.executable, "train.py"], "metric": {"name": "loss", "direction": "lower"}}
    config_file.write_table(project, "one", table | fields, replace=True)
    git(project, "commit", "-qam", "edit")


def named(found: CheckResult, *words: str) -> None:
    """It forbids to start, names the thing, and says what mends it."""
    assert "blocking" == found.state, found
    for word in words:
        assert word in found.detail + found.fix
    assert found.fix


def test_there_are_sixteen_checks_with_stable_ids_in_one_order(project: Path) -> None:
    """Their names are in logs and in other people's scripts."""
    assert 16 == len(IDS)
    assert (
        "git_repository programs configuration metric_declared command_runs metric_reads critic_endpoint vram "
        "critic_dry_run branch log_folder lock program working_tree disk_space go_ahead".split() == list(IDS)
    )
    with prepared(project, go_ahead=True) as context:
        found = check_all(context)
    assert list(IDS) == [one.id for one in found]
    assert [TITLES[id] for id in IDS] == [one.title for one in found]


def test_a_project_in_order_is_ready(project: Path) -> None:
    """Everything is looked at, the command really ran, and the critic had an idea."""
    with prepared(project, go_ahead=True) as context:
        found = {one.id: one for one in check_all(context)}
    assert [] == [one for one in found.values() if one.state != "ok"]
    assert ready(found.values())
    assert "loss = " in found["metric_reads"].detail
    assert "x" in found["critic_dry_run"].detail


def test_a_guard_that_fails_on_the_unchanged_code_is_named(look: Callable[..., CheckResult]) -> None:
    """It would discard every candidate: which one, what it said last, and the mend; one that passes forbids nothing."""
    bad = Guard(name="unit", command="echo begun; echo 'AssertionError: 3 != 4'; exit 7")
    fine = Guard(name="fine", command="test -f train.py")
    named(look("command_runs", guards=(fine, bad)), "guard unit", "unchanged code", "exit code 7", "3 != 4", "[loop.one]")
    assert look("command_runs", guards=(fine,)).state == "ok"


def test_looking_changes_nothing_of_the_persons(project: Path) -> None:
    """Dirty, staged and untracked work is as it was; no file came, no ref, no lock."""
    (project / "train.py").write_text(SCRIPT + "# edited\nopen('written_by_the_run', 'w').write('x')\n")
    (project / "staged.txt").write_text("s")
    git(project, "add", "staged.txt")

    def picture() -> tuple[str, str, list[str], bytes]:
        files = sorted(path.relative_to(project).as_posix() for path in project.rglob("*") if ".git/objects" not in str(path))
        return git(project, "status", "--porcelain"), git(project, "for-each-ref"), files, (project / ".git/index").read_bytes()

    before = picture()
    with prepared(project) as context:
        check_all(context)
    assert before == picture()


def test_a_folder_without_git_is_named(look: Callable[..., CheckResult], project: Path, tmp_path: Path) -> None:
    """And what needs a repository does not stumble over it."""
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "autor.toml").write_text((project / "autor.toml").read_text())
    with prepared(bare) as context:
        found = {one.id: one for one in check_all(context)}
    named(found["git_repository"], str(bare), "git init")
    assert {"git_repository", "configuration", "command_runs", "metric_reads", "branch", "working_tree"} <= {
        one.id for one in blocking(found.values())
    } | {"metric_reads"}


def test_a_repository_without_a_commit_is_named(project: Path, tmp_path: Path) -> None:
    """There is nothing to begin from."""
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    git(fresh, "init", "-q")
    with prepared(fresh) as context:
        named(check(context, "git_repository"), "no commit", "git commit")


def test_a_detached_head_is_named(look: Callable[..., CheckResult], project: Path) -> None:
    """With the commands that lead back to a branch."""
    git(project, "checkout", "-q", "--detach")
    named(look("branch"), "detached", "git switch")


def test_a_branch_that_stands_in_the_way_is_named(look: Callable[..., CheckResult], project: Path) -> None:
    """`autor` as a branch leaves no room for `autor/…`; an earlier loop's branch is only a warning."""
    git(project, "branch", "autor/one")
    assert "warning" == look("branch").state
    git(project, "branch", "-D", "autor/one")
    git(project, "branch", "autor")
    named(look("branch"), "`autor`", "git branch -m")


@pytest.mark.parametrize("command", [("no-such-program", "x"), "no-such-program x", "A=1 no-such-program", "./run.sh"])
def test_a_missing_command_is_named(look: Callable[..., CheckResult], command: Any) -> None:
    """As one of the programs, and when it is run."""
    word = "run.sh" if command == "./run.sh" else "no-such-program"
    named(look("programs", command=command), word, "PATH")
    named(look("command_runs", command=command), word)


def test_what_only_a_shell_can_tell_is_left_to_the_run(look: Callable[..., CheckResult]) -> None:
    """Builtins, expansions and pipes are no missing programs."""
    for command in ("cd . && true", "$HOME/x", "for i in 1; do echo loss: $i; done"):
        assert "ok" == look("programs", command=command).state
    assert "ok" == look("metric_reads", command="for i in 1 2; do echo loss: $i; done").state


@pytest.mark.parametrize(("command", "words"), [
    ("exit 3", ["exit code 3", "nothing"]), ("echo a trace; echo of it >&2; false", ["a trace", "of it", "code 1"]),
])
def test_a_command_that_fails_is_named_with_its_last_words(look: Callable[..., CheckResult], command: str, words: list[str]) -> None:
    """The metric is then not looked at."""
    named(look("command_runs", command=command), *words)
    assert "did not run" in look("metric_reads", command=command).detail


def test_a_command_that_takes_too_long_is_named_with_its_time(look: Callable[..., CheckResult]) -> None:
    """It is killed then."""
    named(look("command_runs", command="sleep 60", trial_timeout_s=0.3), "0.3 s", "trial_timeout_s")


@pytest.mark.parametrize(("command", "words"), [
    ("true", ["loss", "nothing printed"]), ("echo loss: nan", ["nan", "finite"]), ("echo loss: 1,234", ["commas"]),
    ("echo accuracy: 3", ["no line with loss", "accuracy: 3"]),
])
def test_a_metric_that_is_never_printed_is_named(look: Callable[..., CheckResult], command: str, words: list[str]) -> None:
    """With what was printed instead, and how to print it."""
    named(look("metric_reads", command=command), *words, "loss: 1.23")


def test_the_last_number_as_a_metric_is_a_warning(look: Callable[..., CheckResult], project: Path) -> None:
    """Whatever is printed later would be taken for it."""
    edit(project, metric={"name": "loss", "direction": "lower", "source": "last_number"})
    assert "warning" == look("metric_declared").state


@pytest.mark.parametrize(("fields", "words"), [
    ({"mutable": "gone.py"}, ["mutable names gone.py", "not there"]), ({"readonly": ["lib/*.py"]}, ["readonly names lib/*.py"]),
    ({"mutable": "new.py"}, ["new.py", "not committed", "git add new.py"]), ({"link": ["data/x.bin"]}, ["link names data/x.bin"]),
    ({"holdout": "secret"}, ["holdout names secret"]), ({"gate": "eproces"}, ["eproces", "eprocess"]),
    ({"gate": {"name": "eprocess", "alhpa": 1}}, ["alhpa"]),
    ({"scalarizer": "sum", "metrics": [{"name": "a", "direction": "lower"}, {"name": "b", "direction": "lower"}]}, ["sum"]),
])
def test_what_the_configuration_names_and_is_not_there_is_named(
    look: Callable[..., CheckResult], project: Path, fields: dict[str, Any], words: list[str]
) -> None:
    """Files, gates and options, with the field that names them."""
    (project / "new.py").write_text("")
    edit(project, **fields)
    named(look("configuration"), *words)


def test_an_uncommitted_mutable_file_is_fine_where_it_is_taken_along(look: Callable[..., CheckResult], project: Path) -> None:
    """As configured."""
    (project / "new.py").write_text("print('loss: 1')\n")
    edit(project, mutable="new.py", include_uncommitted=True, command=[sys.executable, "new.py"])
    assert "ok" == look("configuration").state
    assert "loss = 1" in look("metric_reads").detail


def test_a_configuration_that_cannot_be_read_is_a_finding_and_the_rest_goes_on(project: Path) -> None:
    """One thing forbids to start, by its own words; what depends on it says so."""
    (project / "autor.toml").write_text("[loop.one]\nmutable = 'train.py'\ncommand = 'x'\nmetric = {name = 'm', direction = 'up'}\n")
    with prepared(project, "one") as context:
        found = {one.id: one for one in check_all(context)}
    named(found["configuration"], "[loop.one] metric.direction is 'up'")
    assert ["configuration"] == [one.id for one in blocking(found.values())]
    assert {"warning"} == {found[id].state for id in ("metric_declared", "command_runs", "metric_reads", "critic_dry_run", "vram")}


@pytest.mark.parametrize(("file", "content", "notes"), [
    ("problem.yaml", PROBLEM + "gemma_critic: {model: m}\ncoder: {enabled: true, agent: claude}\n", 2),
    ("problem.yaml", PROBLEM, 0),
    ("autoresearch.toml", f"target_file = 'train.py'\neval_command = '{sys.executable} train.py'\nmetric_name = 'loss'\ntime_budget = '5m'\n", 0),
])
def test_a_project_of_another_tool_is_ready_as_it_is(project: Path, file: str, content: str, notes: int) -> None:
    """With the embedded parts where its model and agent are not here, which is told."""
    (project / "autor.toml").unlink()
    (project / file).write_text(content)
    git(project, "add", "-A")
    git(project, "commit", "-qm", "theirs")
    with prepared(project, go_ahead=True) as context:
        found = {one.id: one for one in check_all(context)}
        assert notes == len(context.notes)
    assert ready(found.values())
    assert ("warning" if notes else "ok") == found["programs"].state
    assert {"ok"} == {one.state for one in found.values() if one.id != "programs"}
    assert content == (project / file).read_text()


# ------------------------------------------------------------------------------------------------------- critic

OLLAMA = CriticSpec(provider="ollama", model="gemma3", base_url="http://localhost:11434/v1", max_vram_gb=8.0)
REMOTE = CriticSpec(provider="openai", model="m", base_url="https://api.example.org/v1", api_key_env="LOOP_TEST_KEY")


def answers(status: int, body: bytes, asked: list[Any] | None = None) -> Callable[..., tuple[int, bytes]]:
    """A server."""
    def get(address: str, headers: dict[str, str], timeout_s: float) -> tuple[int, bytes]:
        if asked is not None:
            asked.append((address, headers))
        return status, body
    return get


def test_the_embedded_critic_needs_no_server(look: Callable[..., CheckResult]) -> None:
    """And no GPU."""
    assert ["ok", "ok"] == [look(id, get=answers(500, b"")).state for id in ("critic_endpoint", "vram")]


def test_a_local_server_must_have_the_model(look: Callable[..., CheckResult]) -> None:
    """The known ones are told; nobody answering is told, too."""
    known = b'{"data":[{"id":"gemma3"},{"id":"qwen"}]}'
    assert "ok" == look("critic_endpoint", critic=OLLAMA, get=answers(200, known)).state
    named(look("critic_endpoint", critic=OLLAMA, get=answers(200, b'{"data":[{"id":"qwen"}]}')), "gemma3", "ollama pull", "qwen")
    named(look("critic_endpoint", critic=OLLAMA, get=answers(200, b"<html>")), "list of models")
    named(look("critic_endpoint", critic=msgspec.structs.replace(OLLAMA, base_url="http://127.0.0.1:9/v1"), get=http_get), "127.0.0.1:9")


def test_a_remote_server_must_take_the_key(look: Callable[..., CheckResult], monkeypatch: pytest.MonkeyPatch) -> None:
    """Which comes from the environment, is sent there only, and is never shown."""
    monkeypatch.delenv("LOOP_TEST_KEY", raising=False)
    asked: list[Any] = []
    named(look("critic_endpoint", critic=REMOTE, get=answers(200, b"{}", asked)), "LOOP_TEST_KEY", "export")
    assert [] == asked
    monkeypatch.setenv("LOOP_TEST_KEY", "sk-very-secret")
    refused = look("critic_endpoint", critic=REMOTE, get=answers(401, b"", asked))
    named(refused, "refuses the key", "LOOP_TEST_KEY")
    assert [("https://api.example.org/v1/models", {"Authorization": "Bearer sk-very-secret"})] == asked
    assert "sk-very-secret" not in refused.detail + refused.fix
    assert "ok" == look("critic_endpoint", critic=REMOTE, get=answers(200, b'{"data":[{"id":"m"}]}')).state


@pytest.mark.parametrize(("free", "state"), [(12.0, "ok"), (11.9, "blocking"), (None, "ok")])
def test_a_local_gpu_needs_room_for_the_model_and_4_gb(look: Callable[..., CheckResult], free: float | None, state: str) -> None:
    """Where there is one."""
    assert state == look("vram", critic=OLLAMA, vram=lambda: free).state
    assert "ok" == look("vram", critic=REMOTE, vram=lambda: 0.0).state


def test_an_unknown_critic_or_coder_is_named_with_the_known_ones(look: Callable[..., CheckResult]) -> None:
    """What is not installed cannot be asked."""
    named(look("programs", critic=CriticSpec(provider="oracle")), "critic.provider", "oracle", "optimiser")
    assert "warning" == look("critic_dry_run", critic=CriticSpec(provider="oracle")).state


def test_a_critic_that_has_no_valid_idea_is_told_in_its_words(look: Callable[..., CheckResult], project: Path) -> None:
    """Nothing to turn in the mutable file, or an answer that is none."""
    (project / "train.py").write_text("print('loss: 1')\n")
    assert "blocking" == look("critic_dry_run").state

    def invalid() -> Any:
        raise UsageError("The idea lacks the field hypothesis.", "Ask again.")

    named(look("critic_dry_run", dry_run=invalid), "lacks the field hypothesis")


# ------------------------------------------------------------------------------------------- folders, lock, go-ahead


def test_a_log_folder_that_cannot_be_written_is_named(look: Callable[..., CheckResult], project: Path) -> None:
    """A file in its place; and, for who is not root, a folder without permission."""
    (project / "autor_loops").write_text("a file")
    named(look("log_folder"), "autor_loops is a file")
    (project / "autor_loops").unlink()
    (project / "autor_loops").mkdir(mode=0o500)
    assert ("ok" if os.geteuid() == 0 else "blocking") == look("log_folder").state


@pytest.mark.parametrize(("free", "state"), [(100 << 20, "blocking"), (500 << 20, "warning"), (5 << 30, "ok")])
def test_a_full_disk_is_named(look: Callable[..., CheckResult], free: int, state: str) -> None:
    """With the room that there is."""
    found = look("disk_space", free_bytes=lambda path: free)
    assert state == found.state
    assert f"{free / (1 << 30):.1f} GB" in found.detail


def test_a_stale_lock_is_named_and_a_living_engine_forbids(look: Callable[..., CheckResult], project: Path) -> None:
    """What a killed engine left is taken over by the next start, and said."""
    assert "ok" == look("lock").state
    folder = loop_folder(project, "one")
    folder.make()
    with EngineLock(folder):
        assert "ok" == look("lock").state, "the engine itself may look"
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        import psutil

        me = myself()
        other = msgspec.structs.replace(me, pid=child.pid, process_started=psutil.Process(child.pid).create_time(), token="x")
        claims.take(claims_folder(folder), other, locked=True)
        named(look("lock"), f"process {child.pid}", "autor loop stop one")
    finally:
        child.kill()
        child.wait()
    stale = look("lock")
    assert "warning" == stale.state
    assert "stale" in stale.detail and f"process {child.pid}" in stale.detail and "autor loop start one" in stale.fix


def test_another_tools_lock_is_told(look: Callable[..., CheckResult], project: Path) -> None:
    """Its loop may be at work on the same files."""
    (project / ".autoresearch").mkdir()
    (project / ".autoresearch" / "loop.lock").write_text("{}")
    assert "warning" == look("lock").state and "loop.lock" in look("lock").detail


def test_a_missing_or_empty_program_is_a_warning(look: Callable[..., CheckResult], project: Path) -> None:
    """A project of another tool may have none."""
    (project / "program.md").write_text(" \n")
    assert "is empty" in look("program").detail
    (project / "program.md").unlink()
    found = look("program")
    assert "warning" == found.state and "program.md is not there" in found.detail and found.fix


def test_uncommitted_work_is_a_warning_that_names_it(look: Callable[..., CheckResult], project: Path) -> None:
    """It is left alone, and by default not taken along."""
    assert "ok" == look("working_tree").state
    (project / "train.py").write_text(SCRIPT + "#\n")
    found = look("working_tree")
    assert "warning" == found.state and "train.py" in found.detail
    assert "ok" == look("working_tree", include_uncommitted=True).state


@pytest.mark.parametrize(("given", "state"), [(True, "ok"), (None, "warning"), (False, "blocking")])
def test_nothing_starts_without_a_persons_go_ahead(look: Callable[..., CheckResult], given: bool | None, state: str) -> None:
    """A doctor that was asked nothing only reminds."""
    found = look("go_ahead", go_ahead=given)
    assert state == found.state
    assert given or "--iterations 20" in found.fix


# -------------------------------------------------------------------------------------------------- canary, wizard


@pytest.mark.parametrize(("seen", "state"), [(True, "ok"), (False, "blocking")])
def test_the_canary_comes_last_and_forbids_when_nothing_showed(project: Path, seen: bool, state: str) -> None:
    """A command that does not measure the mutable file cannot be improved through it."""
    with prepared(project, go_ahead=True) as context:
        context.canary = lambda given: (seen, f"train.py was broken in the clone of {given.name}.")
        found = check_all(context)
    assert ("canary", state) == (found[-1].id, found[-1].state)
    assert 17 == len(found)
    assert seen or "without -e" in found[-1].fix


def test_the_canary_is_not_made_where_the_command_does_not_run(project: Path) -> None:
    """There would be nothing to compare with."""
    edit(project, command="false")
    with prepared(project) as context:
        context.canary = lambda given: (True, "")
        assert 16 == len(check_all(context))


def test_the_wizard_goes_one_by_one_and_remembers(project: Path) -> None:
    """Until the configuration is another, or a person resets it."""
    with prepared(project, go_ahead=True) as context:
        wizard = Wizard(context)
        assert [None] * 16 == [step.result for step in wizard.status()]
        made = [wizard.next() for _ in range(16)]
        assert list(IDS) == [step.id for step in made if step is not None]
        assert wizard.done and wizard.next() is None
        assert [step.result for step in wizard.status()] == [step.result for step in Wizard(context).status()]
        wizard.reset()
        assert [None] * 16 == [step.result for step in Wizard(context).status()]


def test_the_wizard_stays_at_a_step_until_it_is_mended(project: Path) -> None:
    """And takes up what was found before, as long as it fits."""
    git(project, "checkout", "-q", "--detach")
    with prepared(project, go_ahead=True) as context:
        wizard = Wizard(context)
        while (step := wizard.next()) is not None and step.done:
            pass
        assert step is not None and "branch" == step.id
        git(project, "checkout", "-q", "main")
        again = Wizard(context)
        assert "branch" == getattr(again.next(), "id", "") and again.status()[IDS.index("branch")].done
        assert "log_folder" == getattr(again.next(), "id", "")
    edit(project, trial_timeout_s=7)
    with prepared(project, go_ahead=True) as context:
        assert [None] * 16 == [step.result for step in Wizard(context).status()]


def test_a_step_that_is_none_is_refused_and_a_broken_memory_forgotten(project: Path) -> None:
    """With the known ones."""
    with prepared(project) as context:
        wizard = Wizard(context, with_canary=True)
        with pytest.raises(UsageError, match="canary"):
            wizard.step("coffee")
        assert "warning" == getattr(wizard.step("canary").result, "state", "")
        wizard.path.write_text("{")
        assert [None] * 16 == [step.result for step in Wizard(context).status()]
