"""A loop's report: only what was shown is claimed, every experiment has its reasons, nothing foreign is markup."""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from autor_nb import loop_control
from autor_nb.export import loop_audit, loop_notebook, loop_report, loop_source
from autor_nb.record import loop_calls, loop_headline, loop_story
from autor_nb.store.loops import critic_logs
from autor_nb.store.loops.layout import LoopFolder
from autor_nb.testing.loop_project import ME, LoopProject, edit
from autor_nb.verbs import tree
from autor_nb.verbs.result import Face

HOSTILE = "Say \x1b[31mred\x1b[0m <script>alert(1)</script> | ``` $x$ <img src=x onerror=y>"
NAMES = ("Halve the level of it all", "Break the command for once", HOSTILE)


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> LoopProject:
    """Kept, crashed, discarded with a hostile hypothesis; audited at the end."""
    made = LoopProject.make(
        tmp_path_factory.mktemp("reported"), [edit(level=0.5), edit(what="crash"), edit(level=3)], hypotheses=NAMES,
        objective="Make it <b>smaller</b>.",
    )  # fmt: skip
    made.work(made.start(iterations=3))
    call = critic_logs.CriticCall(ts="2026-01-01T00:00:00Z", error="refused <i>twice</i>",
                                  raw_response={"model": "m", "usage": {"prompt_tokens": 7, "completion_tokens": 5}})  # fmt: skip
    critic_logs.write(made.loop.critic_logs, call)
    (made.loop.critic_logs / "torn.jsonl").write_bytes(b'{"ts": "x", ')
    return made


@pytest.fixture
def loop(worked: LoopProject, tmp_path: Path) -> LoopFolder:
    """A copy to write reports into."""
    shutil.copytree(worked.folder, tmp_path / "project", symlinks=True)
    return LoopFolder(tmp_path / "project" / "autor_loops" / "demo")


class Page(HTMLParser):
    """The tags of a page, and what it would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.fetched: list[str] = []
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One tag."""
        self.tags.append(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        self.fetched += [value or "" for name, value in attrs if name in ("src", "href")]


def test_the_page_holds_everything_and_fetches_and_runs_nothing(loop: LoopFolder) -> None:
    """Pictures inside, no script, no handler, no address; the machine's folders are not in it."""
    source = loop_source.read(loop)
    text = loop_report.as_html(source)
    page = Page()
    page.feed(text)
    assert {"script", "iframe", "form", "link"}.isdisjoint(page.tags) and [] == page.handlers
    assert page.fetched and all(value.startswith(("data:image/png;base64,", "#")) for value in page.fetched)
    assert page.tags.count("img") >= 3 and "\x1b" not in text and str(loop.project) not in text
    assert "&lt;script&gt;" in text and "Make it &lt;b&gt;smaller&lt;/b&gt;." in text
    assert "The final audit shows experiment 1 better than the baseline" in text


def test_the_markdown_says_the_same_and_holds_no_markup_of_others(loop: LoopFolder) -> None:
    """Outside of fenced blocks no foreign tag begins."""
    text = loop_report.as_markdown(loop_source.read(loop))
    outside = re.sub(r"(?ms)^(`{3,})text$.*?^\1$", "", text)
    assert "<script" not in outside and "<img" not in outside and "\x1b" not in text
    for title in ("Final audits", "Kept", "Top hits", "Crashes", "Preflight", "Reasoning"):
        assert f"## {title}" in text
    assert "Traceback: it broke" in text and "It helped elsewhere" in text


def test_a_loop_without_an_audit_is_said_to_have_none(tmp_path: Path) -> None:
    """Whatever its records say."""
    made = LoopProject.make(tmp_path)
    for status, metric in (("baseline", 2.0), ("keep", 0.1)):
        loop_control.record(made.loop, ME, status=status, metric=metric, summary=f"a {status}")
    source = loop_audit.write(made.loop)
    for text in (loop_report.as_markdown(source), loop_report.as_html(source),
                 (made.loop.path / "AUDIT_LOG.md").read_text()):  # fmt: skip
        assert loop_headline.NO_AUDIT.split(",")[0] in text
        assert "better than the baseline" not in text.replace("anything is better than the baseline", "")
    assert json.loads((made.loop.path / "AUDIT_LOG.json").read_text())["summary"]["headline"]["better"] is False


def test_the_audit_log_tells_every_experiment_with_its_reasons(worked: LoopProject, loop: LoopFolder) -> None:
    """Both files, from the same pass: verdicts as in the log, ideas whole, crashes with their last lines."""
    loop_audit.write(loop)
    table = json.loads((loop.path / "AUDIT_LOG.json").read_text())
    text = (loop.path / "AUDIT_LOG.md").read_text()
    assert ["baseline", "keep", "crash", "discard"] == [one["verdict"] for one in table["iterations"]]
    assert HOSTILE.replace("\x1b", "") == table["iterations"][3]["idea"]["hypothesis"]
    assert table["iterations"][1]["metric"] == worked.ended(1).metric
    assert [2] == [one["n"] for one in table["crash_tails"]] and "it broke" in table["crash_tails"][0]["tail"]
    assert "Traceback: it broke" in text and "\x1b" not in text and "### 3 · discard" in text
    assert table["preflight"] and "## Preflight" in text
    assert [] == [path.name for path in loop.path.iterdir() if path.name.endswith(".part")]


def test_calls_without_an_experiment_are_counted_and_told(loop: LoopFolder) -> None:
    """An error of a critic and a torn file; tokens are summed."""
    before = len(list(loop.critic_logs.iterdir()))
    source = loop_audit.write(loop)
    assert (before, (7, 5), 1) == (source.calls, source.tokens, source.unreadable_calls)
    told = json.loads((loop.path / "AUDIT_LOG.json").read_text())["critics"]["without_experiment"]
    assert {"refused <i>twice</i>", "is no critic's call"} <= {one["error"] for one in told}


def test_a_call_of_another_tool_is_read(tmp_path: Path) -> None:
    """Their names of the same fields."""
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps({"raw_response": {"model_used": "gemma", "thinking_block": "hm",
                                                 "usage": {"input_tokens": 3}}}))  # fmt: skip
    call = loop_calls.read(path)
    assert ("gemma", "hm", (3, 0), True) == (call.model, call.thought, call.tokens, call.readable)


def test_the_tail_of_a_crash_stays_within_the_loop(loop: LoopFolder, tmp_path: Path) -> None:
    """An output that a hostile log names elsewhere is not read."""
    (tmp_path / "secret").write_text("a secret")
    one = next(one for one in loop_story.iterations(loop) if one.word == "crash")
    assert "it broke" in loop_story.tail_of(loop, one)
    assert one.failed_trial is not None
    import msgspec

    one.failed_trial = msgspec.structs.replace(one.failed_trial, output="../../../secret")
    assert "" == loop_story.tail_of(loop, one)


def test_a_torn_log_is_told_as_far_as_it_goes(loop: LoopFolder) -> None:
    """The last line is half written: the experiments before it are all there."""
    before = [one.n for one in loop_story.iterations(loop)]
    with loop.events.open("ab") as stream:
        stream.write(b'{"type":"experiment_ended","seq":9')
    assert before == [one.n for one in loop_story.iterations(loop)]


def test_the_notebook_is_executed_by_papermill_and_read_back(loop: LoopFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every cell ran, its figures are pictures, and the verb says where all files are."""
    monkeypatch.chdir(loop.project)
    answer = tree.invoke(["loop", "report"], Face("api"))
    assert answer is not None and 0 == answer.exit_code
    facts = answer.facts
    assert facts["notebook"]["complete"] and facts["notebook"]["cells"] == facts["notebook"]["cells_run"] >= 8
    assert {"report.md", "report.html", "AUDIT_LOG.md", "AUDIT_LOG.json", "report.ipynb"} == set(facts["files"])
    assert all(Path(path).stat().st_size for path in facts["files"].values())
    cells = [cell for cell in json.loads((loop.path / "report.ipynb").read_text())["cells"] if cell["cell_type"] == "code"]
    outputs = [output for cell in cells for output in cell["outputs"] if "data" in output]
    assert 3 <= sum("image/png" in output["data"] for output in outputs)
    assert not any("<script>" in "".join(output["data"].get("text/html", "")) for output in outputs)
    assert any("The final audit shows experiment 1 better" in "".join(output["data"].get("text/plain", ""))
               for output in outputs)  # fmt: skip
    assert answer.document == (loop.path / "report.md").read_text()


def test_a_notebook_that_fails_is_not_called_complete(loop: LoopFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop's log is gone while the kernel looks: the cell's error is found in the file."""
    broken = LoopFolder(loop.path.with_name("gone"))
    broken.path.mkdir()
    executed = loop_notebook.execute(broken)
    assert not executed.complete and executed.problem and executed.cells_run < executed.cells
    assert [loop_notebook.NAME] == [path.name for path in broken.path.iterdir()]
