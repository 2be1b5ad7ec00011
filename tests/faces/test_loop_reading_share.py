"""Export and import of histories, the guide, agent-info and the skills: read back from disk, in private homes."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import click
import msgspec
import pytest
import yaml

from autor_nb import loop_control
from autor_nb.cli import main as cli
from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops import config as config_parts
from autor_nb.store import skills
from autor_nb.store.lock import EngineLock
from autor_nb.store.loops import config_file, foreign, history, results_tsv
from autor_nb.testing.loop_project import ME, LoopProject, edit, git
from autor_nb.verbs import tree
from autor_nb.verbs.loops import LOOP_VERBS, guide_fields
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import VERBS

TOLD = (("baseline", 2.0, "as it is"), ("keep", 1.5, "=SUM(A1) \t tab"), ("discard", 1.75, "line\nbreak"),
        ("crash", None, "it \"broke\""))  # fmt: skip


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LoopProject:
    """A loop that was told of four experiments."""
    made = LoopProject.make(tmp_path)
    monkeypatch.chdir(made.folder)
    for status, metric, summary in TOLD:
        loop_control.record(made.loop, ME, status=status, metric=metric, summary=summary)
    return made


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LoopProject:
    """A loop that knows nothing yet."""
    made = LoopProject.make(tmp_path / "fresh", [edit(level=0.5)])
    monkeypatch.chdir(made.folder)
    return made


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder and a project of its own."""
    place = tmp_path / "home"
    (tmp_path / "work").mkdir()
    place.mkdir()
    monkeypatch.setenv("HOME", str(place))
    monkeypatch.chdir(tmp_path / "work")
    return place


def ask(*words: str) -> Result:
    """A verb's answer."""
    answer = tree.invoke(list(words), Face("api"))
    assert answer is not None
    return answer


# ------------------------------------------------------------------------------------------- export


def test_csv_reads_back_and_holds_no_formula(project: LoopProject, capsys: pytest.CaptureFixture[str]) -> None:
    """Printed raw when piped; a spreadsheet takes no text for a formula."""
    assert 0 == cli.run(["loop", "export"])
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [metric for _, metric, _ in TOLD] == [float(row["metric"]) if row["metric"] else None for row in rows]
    assert ["as it is", "'=SUM(A1) \t tab", "line\nbreak", 'it "broke"'] == [row["summary"] for row in rows]


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_json_reads_back(project: LoopProject, tmp_path: Path, form: str) -> None:
    """By the file's suffix; the records are those of the view."""
    goal = tmp_path / f"out.{form}"
    facts = ask("loop", "export", "--output", str(goal)).facts
    text = goal.read_text()
    rows = json.loads(text) if form == "json" else [json.loads(line) for line in text.splitlines()]
    assert [json.loads(line) for line in project.loop.experiments.read_text().splitlines()] == rows
    assert (form, str(goal), goal.stat().st_size) == (facts["format"], facts["path"], facts["size_bytes"])


@pytest.mark.parametrize(("words", "crash"), [((), ""), (("--crash-as-zero",), "0.000000")])
def test_the_table_writes_a_crash_as_zero_only_if_asked(project: LoopProject, words: tuple[str, ...], crash: str) -> None:
    """Empty in ours; what other tools write on request."""
    lines = ask("loop", "export", "--format", "tsv", *words).facts["text"].splitlines()
    assert crash == lines[4].split("\t")[1] and "loss" == lines[0].split("\t")[1]


@pytest.mark.parametrize(("form", "file"), [("problem.yaml", "results.tsv"),
                                            ("autoresearch.toml", ".autoresearch/experiments.jsonl")])  # fmt: skip
def test_a_project_of_another_tool_imports_again(project: LoopProject, tmp_path: Path, form: str, file: str) -> None:
    """Configuration and results come back as they were."""
    goal = tmp_path / "theirs"
    facts = ask("loop", "export", "--format", form, "--output", str(goal)).facts
    assert [str(goal / form), str(goal / file)] == facts["paths"]
    config = foreign.read_config(goal / form)
    found = foreign.earlier(goal, config)
    assert ("loss", "lower") == (config.metric.name, config.metric.direction)
    assert [2.0, 1.5, 1.75] == [one.metric for one in found.records][:3] and file == found.source
    with pytest.raises(UsageError, match="already"):
        ask("loop", "export", "--format", form, "--output", str(goal))


@pytest.mark.parametrize("words", [
    ["--output", ""], ["--output", "."], ["--format", "problem.yaml"], ["--format", "csv", "--crash-as-zero"],
    ["--format", "xml"], ["--output", "model.sh"],
])  # fmt: skip
def test_an_export_that_cannot_be_is_refused(project: LoopProject, words: list[str]) -> None:
    """A file that is there is not replaced unasked."""
    before = (project.folder / "model.sh").read_text()
    with pytest.raises(UsageError):
        ask("loop", "export", *words)
    assert before == (project.folder / "model.sh").read_text()


# ------------------------------------------------------------------------------------------- import


def test_a_table_is_recorded_once(fresh: LoopProject, tmp_path: Path) -> None:
    """In its order, as imported and not tested; a second time nothing is added; a bad line is named."""
    table = tmp_path / "results.tsv"
    table.write_text(
        "commit\tloss\tmemory_gb\tstatus\tdescription\n"
        "a1b2c3d\t2.0\t1\tkeep\tbaseline\nb1b2c3d\t1.5\t1\tkept\twider\nc1b2c3d\t0\t1\tcrash\tbroke\nd\tx\t1\tkeep\ty\n"
    )
    facts = ask("loop", "import", str(table)).facts
    assert (3, 3, 0, 1) == (facts["read"], facts["recorded"], facts["known"], len(facts["unreadable_lines"]))
    rows = history.read(fresh.loop.experiments).records
    assert [("baseline", 2.0), ("keep", 1.5), ("crash", None)] == [(row.status, row.metric) for row in rows]
    assert {"recorded"} == {row.mode for row in rows} and results_tsv.read(fresh.loop.results).rows[1].description == "wider"
    again = ask("loop", "import", str(table)).facts
    assert (0, 3) == (again["recorded"], again["known"]) and 3 == fresh.state.experiments


def test_lines_that_read_the_same_are_experiments_each(fresh: LoopProject, tmp_path: Path) -> None:
    """Three crashes of one commit are three; what has no metric is known again, too."""
    table = tmp_path / "results.tsv"
    rows = ["a1b2c3d\t2.0\t1\tkeep\tbaseline", *(["b1b2c3d\t0.0\t1\tcrash\tout of memory"] * 3), "c1b2c3d\t\t1\tdiscard\tx"]
    table.write_text("\n".join(["commit\tloss\tmemory_gb\tstatus\tdescription", *rows]))
    facts = ask("loop", "import", str(table)).facts
    assert (5, 0) == (facts["recorded"], facts["known"]) and 5 == fresh.state.experiments
    table.write_text(f"{table.read_text()}\n{rows[1]}\n")
    again = ask("loop", "import", str(table)).facts
    assert (1, 5) == (again["recorded"], again["known"]) and 6 == fresh.state.experiments


@pytest.mark.parametrize("form", ["csv", "json", "jsonl", "tsv"])
def test_what_was_exported_is_imported_again(fresh: LoopProject, tmp_path: Path, form: str) -> None:
    """In every format, with its numbers, statuses and texts, commits of digits and formulas too."""
    table = tmp_path / "results.tsv"
    table.write_text(
        "commit\tloss\tmemory_gb\tstatus\tdescription\n0000001\t2.0\t1\tbaseline\tas it is\n"
        '1e10000\t1.5\t1\tkeep\t=1+1, "so" é\n0000001\t0\t1\tcrash\tbroke\n'
    )
    ask("loop", "import", str(table))
    goal = tmp_path / f"export.{form}"
    ask("loop", "export", "--output", str(goal))
    (tmp_path / "other").mkdir()
    other = LoopProject.make(tmp_path / "other", ["level=1\n"])
    facts = ask("loop", "import", str(goal), "--loop", str(other.loop.path)).facts
    assert (3, []) == (facts["recorded"], facts["unreadable_lines"])
    fields = ("status", "metric", "delta", "summary", "short_hash", "resource")
    first, again = (
        [[getattr(row, name) for name in fields] for row in history.read(loop.experiments).records]
        for loop in (fresh.loop, other.loop)
    )
    assert first == again


def test_subjects_of_commits_are_recorded(fresh: LoopProject) -> None:
    """Only marked ones, oldest first."""
    for subject in ("[autoresearch] baseline: metric=2.5 - begin", "a commit of mine metric=9",
                    "[autoresearch] keep: metric=2.25 - wider"):  # fmt: skip
        git(fresh.folder, "commit", "-q", "--allow-empty", "-m", subject)
    facts = ask("loop", "import", "git-log").facts
    rows = history.read(fresh.loop.experiments).records
    assert 2 == facts["recorded"] and [("baseline", 2.5), ("keep", 2.25)] == [(row.status, row.metric) for row in rows]
    assert git(fresh.folder, "rev-parse", "HEAD") == rows[1].hash


def test_a_dry_run_records_nothing(fresh: LoopProject, tmp_path: Path) -> None:
    """It says what it would."""
    lines = tmp_path / "e.jsonl"
    lines.write_text('{"run": 0, "metric": 2.0, "status": "kept", "hash": "abc"}\n')
    before = fresh.loop.events.read_bytes()
    facts = ask("loop", "import", str(lines), "--dry-run").facts
    assert (1, 0, True) == (facts["read"], facts["recorded"], facts["dry_run"])
    assert before == fresh.loop.events.read_bytes()


def test_a_loop_that_ran_its_own_takes_no_history(fresh: LoopProject, tmp_path: Path) -> None:
    """What was found before cannot be put behind; nor anything while an engine holds the loop."""
    lines = tmp_path / "e.jsonl"
    lines.write_text('{"run": 0, "metric": 2.0, "status": "kept", "hash": "abc"}\n')
    fresh.work(fresh.start(iterations=1))
    before = fresh.loop.events.read_bytes()
    with pytest.raises(UsageError, match="measured its own baseline"):
        ask("loop", "import", str(lines))
    assert before == fresh.loop.events.read_bytes()


def test_an_import_waits_for_no_engine(fresh: LoopProject, tmp_path: Path) -> None:
    """It is refused with who works."""
    lines = tmp_path / "e.jsonl"
    lines.write_text('{"run": 0, "metric": 2.0, "status": "kept", "hash": "abc"}\n')
    with EngineLock(fresh.loop), pytest.raises(UsageError):
        ask("loop", "import", str(lines))


@pytest.mark.parametrize("content", [None, "", "nothing\tof\tthis\n1\t2\t3\n"])
def test_an_import_of_nothing_is_refused(fresh: LoopProject, tmp_path: Path, content: str | None) -> None:
    """With what it needs."""
    path = tmp_path / "results.tsv"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UsageError):
        ask("loop", "import", str(path))


# ------------------------------------------------------------------------------- guide and agent-info


def test_the_guide_explains_every_field_of_the_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    """No field is missing, none is invented, and each stands in the text."""
    assert 0 == cli.run(["guide"])
    text = capsys.readouterr().out
    for title, (kind, _, fields) in guide_fields.TABLES.items():
        unwritten = guide_fields.UNWRITTEN if kind is config_parts.LoopConfig else ()
        wanted = {field.name for field in msgspec.structs.fields(kind)} - set(unwritten)
        assert wanted == set(fields), title
        assert all(f"| {name} | " in text for name in fields)
    assert all(f"`autor loop {name}`" in text for name in LOOP_VERBS)


def test_every_command_of_the_skill_and_the_guide_is_a_verb() -> None:
    """A guide that names what is not there is a red test."""
    import re

    text = skills.body()
    named = set(re.findall(r"autor loop ([a-z][a-z-]+)", text))
    options = re.findall(r"autor loop ([a-z-]+)([^`\n#]*)", text)
    assert named and named <= set(LOOP_VERBS)
    for name, rest in options:
        command, _ = tree.named(["loop", name])
        assert isinstance(command, click.Command)
        known = {word for option in command.params for word in option.opts}
        assert set(re.findall(r"--[a-z][a-z-]+", rest)) <= known | {"--help"}, name


def test_agent_info_tells_every_verb_and_option(capsys: pytest.CaptureFixture[str]) -> None:
    """As the tree has them, through JSON."""
    assert 0 == cli.run(["agent-info", "--json"])
    facts = json.loads(capsys.readouterr().out)["data"]
    told = {one["verb"]: one for one in facts["verbs"]}
    assert {name for name in VERBS if name != "loop"} | {f"loop {name}" for name in LOOP_VERBS} == set(told)
    for verb, one in told.items():
        command, _ = tree.named(verb.split())
        assert command is not None
        wanted = {option.opts[0] for option in command.params if isinstance(option, click.Option)}
        assert wanted == {option["names"][0] for option in one["options"]} and one["help"] and one["examples"]
    assert {"0", "1", "2", "130"} == set(facts["exit_codes"]) and "tampered" in facts["verdicts"]


# ------------------------------------------------------------------------------------------- install

HOMES = {"claude-code": ".claude", "gemini": ".gemini", "codex": ".codex", "opencode": ".config/opencode"}
PROJECTS = {"copilot": ".github", "cursor": ".cursor", "windsurf": ".windsurf", "agents": ".agents"}


def placed(root: Path, folder: str) -> Path:
    """Where the skill lies."""
    return root / folder / "skills" / skills.NAME / "SKILL.md"


def front(path: Path) -> dict[str, Any]:
    """The front matter."""
    _, head, _ = path.read_text().split("---\n", 2)
    found: dict[str, Any] = yaml.safe_load(head)
    return found


def test_all_eight_get_it_where_each_of_them_looks(home: Path) -> None:
    """Four in the home folder, four in the project, each with its own front matter."""
    facts = ask("install", "all").facts
    assert {*HOMES, *PROJECTS} == {one["agent"] for one in facts["agents"]}
    paths = {name: placed(home, folder) for name, folder in HOMES.items()}
    paths |= {name: placed(Path.cwd(), folder) for name, folder in PROJECTS.items()}
    for name, path in paths.items():
        head = front(path)
        assert skills.NAME == head["name"] == path.parent.name and 1 <= len(head["description"]) <= 1024, name
        assert skills.body().strip() in path.read_text()
    assert "Bash(autor:*)" in front(paths["claude-code"])["allowed-tools"]
    assert "short-description" in front(paths["codex"])["metadata"] and "opencode" == front(paths["opencode"])["compatibility"]


def test_without_a_name_it_only_says_where(home: Path) -> None:
    """Nothing is written."""
    facts = ask("install").facts
    assert facts["planned"] and {"not there"} == {one["outcome"] for one in facts["agents"]}
    assert [] == list(home.iterdir()) == list(Path.cwd().iterdir())


def test_what_somebody_edited_is_never_replaced_unasked(home: Path) -> None:
    """Ours is brought up to date; an edited one stays, exit 2; with --force it is kept beside."""
    path = placed(home, ".codex")
    ask("install", "codex")
    ours = path.read_text()
    assert "same" == ask("install", "codex").facts["agents"][0]["outcome"]
    path.write_text(ours.replace("# Running", "# My running"))
    mine = path.read_text()
    kept = ask("install", "codex")
    assert (2, "kept", mine) == (kept.exit_code, kept.facts["agents"][0]["outcome"], path.read_text())
    forced = ask("install", "codex", "--force")
    assert (0, ours) == (forced.exit_code, path.read_text())
    assert mine == Path(forced.facts["agents"][0]["backup"]).read_text()


def test_an_older_one_of_ours_is_brought_up_to_date(home: Path) -> None:
    """Its last line says that nobody edited it."""
    agent = skills.agents()["gemini"]
    path = placed(home, ".gemini")
    ask("install", "gemini")
    older = path.read_text().split("\n<!--")[0].replace("Running", "Older")
    import hashlib

    digest = hashlib.sha256(older.rstrip("\n").encode()).hexdigest()
    path.write_text(f"{older}\n<!-- written by autor, sha256 {digest}; what you edit is kept -->\n")
    assert "updated" == skills.place(agent, path).outcome and skills.text(agent) == path.read_text()


@pytest.mark.parametrize(("answer", "outcome"), [("y", "replaced"), ("n", "kept"), ("", "kept")])
def test_a_person_is_asked(home: Path, answer: str, outcome: str) -> None:
    """Where there is one; no word is no."""
    path = placed(home, ".claude")
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    result = tree.invoke(["install", "claude-code"], Face("cli", interactive=True, ask=lambda question: answer))
    assert result is not None and outcome == result.facts["agents"][0]["outcome"]


def test_into_a_project_and_into_the_home(home: Path, tmp_path: Path) -> None:
    """For all that are named; both at once is refused, as is an agent that nobody knows."""
    ask("install", "codex", "cursor", "--project", str(tmp_path / "work"))
    assert placed(tmp_path / "work", ".codex").is_file() and placed(tmp_path / "work", ".cursor").is_file()
    ask("install", "windsurf", "--home")
    assert placed(home, ".codeium/windsurf").is_file()
    for words in (["codex", "--home", "--project", "."], ["codx"], ["codex", "--project", "nowhere"]):
        with pytest.raises(UsageError):
            ask("install", *words)


def test_a_link_is_left_alone(home: Path, tmp_path: Path) -> None:
    """What lies behind it is somebody else's."""
    path = placed(home, ".claude")
    path.parent.mkdir(parents=True)
    (tmp_path / "theirs.md").write_text("theirs")
    path.symlink_to(tmp_path / "theirs.md")
    assert "kept" == ask("install", "claude-code", "--force").facts["agents"][0]["outcome"]
    assert "theirs" == (tmp_path / "theirs.md").read_text() and path.is_symlink()


def test_the_configuration_file_points_to_the_guide() -> None:
    """What its header promises is there."""
    assert "autor guide" in config_file.HEADER and "guide" in VERBS
