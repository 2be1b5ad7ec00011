"""A run as one document: what is in it, where it goes, what it says of what is not there, and nothing hostile."""

from __future__ import annotations

import hashlib
import io
import json
import re
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "record"))

from attempt_story import CHECKS, PERSON, AttemptStory, experiment, png

import autor_nb
from autor_nb.cli import main as cli
from autor_nb.domain import events as ev
from autor_nb.domain.check import failed
from autor_nb.domain.errors import StoreError, UsageError
from autor_nb.domain.stage import Ending
from autor_nb.export import album as albums
from autor_nb.export.report import as_html, as_markdown
from autor_nb.export.stages import _OPTIONS
from autor_nb.export.written import export

EVIL = '<img src=x onerror="window.pwned=1"><script>window.pwned=2</script>'
STAGE = "05_experimentation"


class Page(HTMLParser):
    """Tags with their attributes, and the text that a reader sees."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.said: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the tag."""
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Keep the text."""
        self.said.append(data)

    @property
    def words(self) -> str:
        """All text on one line."""
        return " ".join("".join(self.said).split())


@pytest.fixture
def story(tmp_path: Path) -> AttemptStory:
    """Two attempts of the experiment; the second has a failing check that a person waived, and is approved."""
    told = experiment(tmp_path)
    told.add(ev.ReviewOpened(stage=STAGE, attempt=2))
    told.add(ev.CheckWaived(stage=STAGE, attempt=2, check_id="files_produced.exist", why="known <b>gap</b>", by=PERSON))
    told.add(ev.Approved(stage=STAGE, attempt=2, note="good enough", by=PERSON), after_s=90)
    return told


def test_a_report_holds_what_a_reader_needs(story: AttemptStory) -> None:
    """Goal, state, who decided what, the approved attempt with results and pictures, the earlier one folded."""
    page = Page(as_html(story.run))
    for said in (
        "Compare regression models for one-year disease progression.",
        "20261120_091402",
        "m.okafor",
        "from a notebook",
        "good enough",
        "One seed only. Use five seeds and add support vectors.",
        "Attempt 2 of 2 · approved by m.okafor",
        "No family is called better here.",
        "Since attempt 1",
        "Results: ",
        "Other attempts",
        "Attempt 1: refined",
        "figures/folds.png",
        "You carry out this stage.",
        "autor new --goal 'Compare regression models",
        "--set target=progression --resources d.csv",
    ):
        assert said in page.words, said
    alts = [attributes["alt"] for tag, attributes in page.tags if tag == "img"]
    assert {"Timeline", "Checks by stage", "Files after each attempt", "Results by fold, rmse", "folds"} <= set(alts)
    assert "Use suggestion 1" not in page.words, "what could be decided then is no finding"
    assert "/home/x" not in page.words and str(story.run.path) not in page.words, "no place of this machine"


def test_a_waived_check_says_who_and_why(story: AttemptStory) -> None:
    """Checks that fail stand in full, with the waiver's reason and author."""
    waived = failed("files_produced.exist", "Every file that is named exists", "Write it.", subject="results/x.csv")
    story.attempt("06_analysis", checks=(*CHECKS, waived))
    story.add(ev.ReviewOpened(stage="06_analysis", attempt=1))
    story.add(ev.CheckWaived(stage="06_analysis", attempt=1, check_id=waived.id, why="known <b>gap</b>", by=PERSON))
    page = Page(as_html(story.run))
    assert "Waived by m.okafor: known <b>gap</b>" in page.words
    assert "Add a .bib with --resources, or approve as is." in page.words
    assert "3 checks pass" in page.words


def test_it_names_the_log_that_it_was_read_from(story: AttemptStory) -> None:
    """The hash is that of the log's lines, as a shell would compute it; the report says as of which event."""
    content = story.run.events.read_bytes()
    page = Page(as_html(story.run))
    assert hashlib.sha256(content).hexdigest() in page.words
    assert f"head -n {len(content.splitlines())} events.jsonl" in page.words
    assert f"As of event {story.state.last_seq}," in page.words


def test_two_reports_of_the_same_log_are_the_same(story: AttemptStory) -> None:
    """Nothing in it is of the moment of writing."""
    assert as_html(story.run) == as_html(story.run)
    assert as_markdown(story.run) == as_markdown(story.run)


def test_markdown_says_pictures_in_words(story: AttemptStory) -> None:
    """The text twins of figures, tables as pipe tables, and no picture."""
    text = as_markdown(story.run)
    assert "```text\nTimeline\n" in text and "(picture: folds)" in text
    assert "| Stage | State | Attempts |" in text and "| Group | rmse |" in text
    assert "data:image" not in text and "](http" not in text
    assert "> ## Key Results" in text


def hostile(folder: Path) -> AttemptStory:
    """Markup, directions and links that would call home, wherever foreign text enters."""
    told = AttemptStory(folder, goal=f"Compare {EVIL} \x1b[31mred \u202e$x$")
    spec = told.specs["03_study_design"]
    name = EVIL.replace("/", "_")
    body = f"{EVIL}\n\n![y](http://127.0.0.1:9/p.png) [x](javascript:window.pwned=3) <http://127.0.0.1:9/a>"
    told.attempt(
        "03_study_design",
        text=f"# Stage 03: {spec.title}\n\n## Key Results\n{body}\n\n```\n{EVIL}\n\n## Never closed\n",
        prompt=f"{EVIL}\n</pre></details>{EVIL}",
        feedback=EVIL,
        detail=EVIL,
        files={
            f"results/{name}.csv": f'"{EVIL.replace(chr(34), chr(39))}",b\n"{EVIL.replace(chr(34), chr(39))}",2\n3,4\n'.encode(),
            f"results/{name}.json": json.dumps({EVIL: 1.5}).encode(),
            f"figures/{name}.png": png(),
            "figures/x.svg": f"<svg xmlns='http://www.w3.org/2000/svg'>{EVIL}</svg>".encode(),
            "notes/figures.json": json.dumps(
                [{"path": f"figures/{name}.png", "title": EVIL, "caption": EVIL}]
            ).encode(),
        },
        checks=(*CHECKS, failed("x.y", EVIL, EVIL, subject=EVIL, detail=EVIL)),
    )
    told.add(ev.ReviewOpened(stage="03_study_design", attempt=1))
    told.add(ev.Refined(stage="03_study_design", attempt=1, feedback=EVIL, by=PERSON))
    return told


def test_hostile_text_is_text(tmp_path: Path) -> None:
    """No element, attribute or address of it is in the page; all of it can be read."""
    page = Page(as_html(hostile(tmp_path).run))
    tags = {tag for tag, _ in page.tags}
    assert not tags & {"script", "iframe", "object", "embed", "form", "svg", "link", "base"}
    names = {name for _, attributes in page.tags for name in attributes}
    assert not {name for name in names if name.startswith("on")}
    assert all((a["src"] or "").startswith("data:image/png;base64,") for tag, a in page.tags if tag == "img")
    links = {a.get("href") or "" for tag, a in page.tags if tag == "a"}
    assert not {link for link in links if not link.startswith(("#", "http://127.0.0.1:9/"))}
    assert page.words.count("window.pwned=2") > 8
    assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e]", "".join(page.said))


def test_hostile_markdown_stays_in_its_place(tmp_path: Path) -> None:
    """No raw HTML, no picture to be fetched, and a fence that is never closed ends with its quotation."""
    from markdown_it import MarkdownIt

    text = as_markdown(hostile(tmp_path).run)
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
    every = [each for token in tokens for each in (token, *(token.children or ()))]
    assert {"html_inline", "image"} & {token.type for token in every} == set()
    assert ["<!-- autor-run 20261120_091402 -->\n"] == [token.content for token in every if token.type == "html_block"]
    heads = [
        tokens[at + 1].content for at, token in enumerate(tokens) if token.type == "heading_open" and not token.level
    ]
    assert "Where this comes from" == heads[-1] and "Never closed" not in heads


def test_a_run_that_is_not_complete_says_so(tmp_path: Path) -> None:
    """Nothing worked on, an attempt without a draft, a lost summary: a report of what is there."""
    told = AttemptStory(tmp_path)
    assert "The run is not complete" in Page(as_html(told.run)).words
    told.attempt("01_literature_survey", text="", ending=Ending.FAILED, detail="exit code 3")
    assert "The attempt ended failed: exit code 3" in Page(as_html(told.run)).words
    told.attempt("01_literature_survey")
    (told.run.path / "stages" / "01_literature_survey.attempt_02.md").unlink()
    for kept in told.run.objects.iterdir():
        kept.unlink()
    page = Page(as_html(told.run))
    assert "The summary cannot be read: No such file or directory." in page.words


def test_a_damaged_run_is_exported_up_to_the_damage(story: AttemptStory) -> None:
    """The report says where the log is damaged, and shows what stands before."""
    with story.run.events.open("ab") as stream:
        stream.write(b'{"type": "approved", "seq": "x"}\n')
    page = Page(as_html(story.run))
    assert "This run is damaged: line" in page.words and "Attempt 2 of 2" in page.words


def test_pictures_have_a_bound_and_are_named_when_left_out(
    story: AttemptStory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What finds no room is told in its place and at the end."""
    monkeypatch.setattr(albums.Album.__init__, "__defaults__", (30_000,))
    page = Page(as_html(story.run))
    assert sum(tag == "img" for tag, _ in page.tags) < 5
    assert "is left out: the pictures of this report have a bound" in page.words
    assert re.search(r"\d pictures? not shown here", page.words)


def noise(seed: int) -> bytes:
    """A picture that no format makes small."""
    import random

    from PIL import Image

    with io.BytesIO() as stream:
        Image.frombytes("RGB", (700, 500), random.Random(seed).randbytes(1_050_000)).save(stream, "PNG")
        return stream.getvalue()


def test_a_huge_run_stays_below_five_megabytes(tmp_path: Path) -> None:
    """Stages with long summaries, long prompts, many checks and many pictures that cannot be made small."""
    told = AttemptStory(tmp_path)
    checks = tuple(failed(f"x.y{n}", "A title " * 8, "A remedy " * 30, detail="Read " * 60) for n in range(60))
    for number, slug in enumerate(told.specs):
        text = f"# Stage {slug[:2]}: {told.specs[slug].title}\n\n## Key Results\n" + "Words & more words. " * 12_000
        files = {f"figures/{slug}_{n}.png": noise(10 * number + n) for n in range(2)}
        for _ in range(2):
            told.attempt(slug, text=text, prompt="Do <this>. " * 20_000, checks=checks, files=files)
    page = as_html(told.run)
    assert 2_000_000 < len(page.encode()) < 5_000_000
    assert "pictures not shown here" in page and "Cut here; all of it is in stages/" in page


def test_an_attempt_that_only_mends_words_keeps_what_its_stage_found(story: AttemptStory) -> None:
    """Results and figures of the attempt before, which this one left as they were, stand in its section."""
    story.attempt("05_experimentation", files={"notes/draft.md": b"# edited\n"})
    story.add(ev.Approved(stage=STAGE, attempt=3, by=PERSON))
    page = Page(as_html(story.run))
    alts = [attributes["alt"] for tag, attributes in page.tags if tag == "img"]
    assert "Attempt 3 of 3" in page.words and {"folds", "Results by fold, rmse"} <= set(alts)


def test_an_attempt_at_work_is_exported_as_such(story: AttemptStory) -> None:
    """A report of a run in the middle says so, and shows what was there before."""
    story.add(ev.AttemptStarted(stage="06_analysis", attempt=1, agent="tabular"))
    page = Page(as_html(story.run))
    assert "This attempt was at work when this was written." in page.words
    assert "Attempt 2 of 2 · approved by m.okafor" in page.words


def test_it_goes_beside_the_runs_and_over_nothing(story: AttemptStory) -> None:
    """The default place, an existing file, a folder, the run itself, an unknown ending."""
    run = story.run
    beside = run.path.parent.parent / f"{run.run_id}.html"
    assert beside == export(run).path
    with pytest.raises(UsageError, match="exists already"):
        export(run)
    beside.write_text("mine")
    with pytest.raises(UsageError, match="exists already"):
        export(run, again=True)
    assert "mine" == beside.read_text()
    assert beside == export(run, force=True).path and beside == export(run, again=True).path
    assert beside.with_suffix(".md") == export(run, markdown=True).path
    assert beside.parent / "kept" / f"{run.run_id}.html" == export(run, str(beside.parent / "kept") + "/").path
    for place, markdown, why in (
        (run.path / "x.html", False, "inside the run"),
        (beside.parent / "x.pdf", False, "ends neither in .html nor in .md"),
        (beside.parent / "x.html", True, "does not end in .md"),
    ):
        with pytest.raises(UsageError, match=why):
            export(run, place, markdown=markdown)
    (beside.parent / "file").write_text("")
    with pytest.raises(StoreError, match="Cannot write"):
        export(run, beside.parent / "file" / "x.html")


def test_every_face_writes_the_same(story: AttemptStory, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """The verb, its printed form and the API."""
    runs, run = story.run.path.parent, story.run
    assert 0 == cli.run(["export", run.run_id, "--runs-dir", str(runs), "--to", str(runs.parent / "a.md")])
    answer = json.loads(capsysbinary.readouterr().out)
    assert "markdown" == answer["data"]["format"] and str(runs.parent / "a.md") == answer["data"]["path"]
    assert 0 == cli.run(["export", "--runs-dir", str(runs), "--to", "-", "--markdown"])
    printed = capsysbinary.readouterr().out.decode()
    made = autor_nb.open(run.run_id, runs_dir=runs).export(runs.parent / "b.md")
    assert printed == made.read_text() == (runs.parent / "a.md").read_text()
    assert 2 == cli.run(["export", "--runs-dir", str(runs), "--to", str(runs.parent / "a.md")])


def test_a_panel_may_ask_for_it_again(story: AttemptStory) -> None:
    """The button's answer names the file, and pressing it twice is no error."""
    from autor_nb.notebook.panels.looks import look
    from autor_nb.notebook.panels.tail import RunTail

    tail = RunTail(story.run)
    tail.first()
    first, second = (look(tail, {"what": "export"}) for _ in range(2))
    assert first == second and Path(first["path"]).is_file()
    assert first["text"].startswith("One file to share (HTML, ")


def test_the_agreed_options_are_found_in_no_time_and_nowhere_else() -> None:
    """Only the last section goes, and a summary of nothing but such headings costs nothing."""
    assert "a" == _OPTIONS.sub("", "a\n## Your Options\n1. x\n2. y\n")
    kept = "a\n## Your Options\n1. x\n## Then\nb\n"
    assert kept == _OPTIONS.sub("", kept)
    began = time.monotonic()
    _OPTIONS.sub("", "\n## Your Options\n1. x" * 5_000 + "\n## Then")
    assert time.monotonic() - began < 5
