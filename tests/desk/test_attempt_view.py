"""An attempt as a panel shows it, over a real run: facts, checks, draft, files; nothing hostile comes through."""

from __future__ import annotations

import hashlib
import json
import shutil
import unicodedata
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from autor_nb.control import Snapshot
from autor_nb.desk import attempt as desk
from autor_nb.desk import prose
from autor_nb.desk.attempt import attempt_view, checks_of, draft_of, files_of
from autor_nb.desk.previews import preview
from autor_nb.domain.check import Severity, failed, passed
from autor_nb.domain.errors import UsageError
from autor_nb.domain.run import Actor
from autor_nb.domain.state import AttemptState, Waiver
from autor_nb.store.layout import RunFolder

RESULTS, HOSTILE = "05_experimentation", "06_analysis"


def view_of(snapshot: Snapshot, stage: str, attempt: int) -> dict[str, Any]:
    """The document, as JSON would carry it."""
    view = attempt_view(snapshot.run, snapshot.state, stage, attempt)
    return json.loads(json.dumps(view, allow_nan=False))


def strings(document: Any) -> Iterator[str]:
    """Every text of a document."""
    if isinstance(document, str):
        yield document
    elif isinstance(document, dict):
        for key, value in document.items():
            yield from strings(key)
            yield from strings(value)
    elif isinstance(document, list):
        for value in document:
            yield from strings(value)


def test_an_attempt_is_told_in_words(snapshot: Snapshot) -> None:
    """Status, facts, checks, draft and notebook are those of the run."""
    view = view_of(snapshot, RESULTS, 2)
    kept = snapshot.state.stage(RESULTS).attempt(2)
    assert ("05", "Experimentation", 2, "approved", "Approved", "ok") == tuple(
        view[key] for key in ("number", "title", "attempt", "status", "word", "tone")
    )
    assert view["meta"][0].startswith("Worked ") and view["meta"][-1].endswith(" UTC")
    assert ("finished", "agent", "") == (view["ending"], view["written_by"], view["edited_by"])
    assert kept.checks_total == len(view["checks"]["passed"])
    assert [] == view["checks"]["blocking"] + view["checks"]["warning"] + view["checks"]["info"]
    assert (7, False, kept.draft_sha256) == tuple(view["draft"][key] for key in ("sections", "cut", "sha256"))
    assert "<h5>Objective</h5>" in view["draft"]["html"]
    assert "Stage 05" not in view["draft"]["html"]
    assert {"path": kept.notebook, "complete": True} == view["notebook"]


def test_a_refined_attempt_says_so_and_a_waiting_one_waits(snapshot: Snapshot) -> None:
    """The words follow the log."""
    assert "Refined" == view_of(snapshot, RESULTS, 1)["word"]
    assert ("In review", "accent") == tuple(view_of(snapshot, HOSTILE, 1)[key] for key in ("word", "tone"))


def test_what_changed_since_the_attempt_before_is_counted(snapshot: Snapshot) -> None:
    """Three scores and two numbers of the summary differ, in two files; a first attempt says nothing."""
    files = [snapshot.run.workspace / "results" / name for name in ("scores.csv", "summary.json")]
    assert all(path.is_file() for path in files)
    assert "since attempt 1: 5 results and 2 files changed" == view_of(snapshot, RESULTS, 2)["since"]
    assert "" == view_of(snapshot, RESULTS, 1)["since"]


def test_artifacts_are_the_attempts_own_first(snapshot: Snapshot) -> None:
    """Changed ones come first and are marked, the rest is counted; the list is short, `files_of` is whole."""
    artifacts = view_of(snapshot, RESULTS, 2)["artifacts"]
    every = files_of(snapshot.run, snapshot.state, RESULTS, 2)
    assert artifacts["total"] == len(every) > 60
    assert 40 == len(artifacts["files"])
    assert every[:40] == artifacts["files"]
    tagged = [file["path"] for file in every if file["tag"]]
    assert ["results/scores.csv", "results/summary.json"] == tagged[:2]
    assert len(tagged) == artifacts["changed"]
    assert {"Changed"} == {file["tag"] for file in every if file["path"].startswith("results/")}
    assert ["results/scores.csv"] == artifacts["featured"]
    assert ["data/<img src=x onerror=document.title='owned'>.csv", "figures/score_0.png"] == sorted(
        view_of(snapshot, HOSTILE, 1)["artifacts"]["featured"]
    )


def test_nothing_of_the_workspace_is_needed(snapshot: Snapshot, tmp_path: Path) -> None:
    """The view is made from the log and the manifests: without a workspace it is the same."""
    copy = RunFolder(tmp_path / snapshot.run.run_id)
    shutil.copytree(snapshot.run.path, copy.path, ignore=shutil.ignore_patterns("workspace"))
    assert view_of(snapshot, RESULTS, 2) == json.loads(json.dumps(attempt_view(copy, snapshot.state, RESULTS, 2)))


def test_a_lost_manifest_is_no_end_of_the_panel(snapshot: Snapshot, tmp_path: Path) -> None:
    """Without `objects/` the draft and the checks are still shown."""
    copy = RunFolder(tmp_path / snapshot.run.run_id)
    shutil.copytree(snapshot.run.path, copy.path, ignore=shutil.ignore_patterns("workspace", "objects"))
    view = attempt_view(copy, snapshot.state, RESULTS, 2)
    assert (0, 7) == (view["artifacts"]["total"], view["draft"]["sections"])


def test_a_draft_for_editing_is_the_very_text(snapshot: Snapshot) -> None:
    """Its hash is the one that an edit and an approval must name."""
    for stage, attempt in ((RESULTS, 1), (RESULTS, 2), (HOSTILE, 1)):
        found = draft_of(snapshot.run, snapshot.state, stage, attempt)
        assert found["sha256"] == hashlib.sha256(found["markdown"].encode()).hexdigest()
        assert found["sha256"] == snapshot.state.stage(stage).attempt(attempt).draft_sha256


@pytest.mark.parametrize(
    ("stage", "attempt", "said"), [("09", 1, "no stage '09'"), ("05", 3, "no attempt 3"), ("05", 0, "no attempt 0")]
)
def test_what_is_not_there_is_said_with_what_is(snapshot: Snapshot, stage: str, attempt: int, said: str) -> None:
    """A panel of yesterday may ask for anything."""
    for ask in (attempt_view, files_of, draft_of):
        with pytest.raises(UsageError, match=said) as error:
            ask(snapshot.run, snapshot.state, stage, attempt)
        assert error.value.suggestion


def test_checks_stand_by_severity_with_remedies_and_waivers(snapshot: Snapshot) -> None:
    """A waived check stays where it was, and says who waived it, when and why."""
    waived = Waiver(
        check_id="a.b", why="known\x1b[31m", by=Actor(face="cli", os_user="m.keller"), at="2026-11-21T10:00:00Z"
    )
    checks = (
        failed("a.b", "It holds", "Mend <it>.", subject="results/x\u202e.csv", detail="3 of 4"),
        failed("a.c", "It is there", "Write it.", waivable=False),
        failed("a.d", "It is many", "Do more.", severity=Severity.WARNING),
        failed("a.e", "It is known", "Look.", severity=Severity.INFO),
        passed("a.f", "It parses"),
    )
    found = checks_of(snapshot.run, AttemptState(stage=RESULTS, attempt=1, checks=checks, waivers=(waived,)))
    assert ["a.b", "a.c"] == [check["id"] for check in found["blocking"]]
    assert {"why": "known", "who": "m.keller", "at": "2026-11-21T10:00:00Z"} == found["blocking"][0]["waived"]
    assert ("results/x\\u202e.csv", "Mend <it>.", True) == tuple(
        found["blocking"][0][key] for key in ("subject", "remedy", "waivable")
    )
    assert (None, False) == (found["blocking"][1]["waived"], found["blocking"][1]["waivable"])
    assert (["a.d"], ["a.e"]) == ([c["id"] for c in found["warning"]], [c["id"] for c in found["info"]])
    assert [{"id": "a.f", "title": "It parses"}] == found["passed"]


def test_very_many_checks_are_cut_and_counted(snapshot: Snapshot) -> None:
    """A rule that fails for 2,000 files does not fill the page."""
    checks = tuple(failed("data.parses", "It parses", "Mend it.", subject=f"data/{at}.csv") for at in range(2_000))
    found = checks_of(snapshot.run, AttemptState(stage=RESULTS, attempt=1, checks=checks))["blocking"]
    assert (desk.CHECKS + 1, "And 1,500 checks more", False) == (len(found), found[-1]["title"], found[-1]["waivable"])


class Tags(HTMLParser):
    """Collects what a browser would meet."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str, str]] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """A tag."""
        self.tags.add(tag)
        self.attributes += [(tag, name, value or "") for name, value in attributes]


def harmless(html: str) -> Tags:
    """The parsed draft, once nothing in it runs, loads or styles."""
    parser = Tags()
    parser.feed(html)
    assert parser.tags <= set(
        "h5 p ul ol li pre code blockquote table thead tbody tr th td a b strong em i s br hr sup sub".split()
    )
    for tag, name, value in parser.attributes:
        assert (tag, name) in {("a", "href"), ("a", "title"), ("a", "rel"), ("a", "target"), ("ol", "start")}
        assert name != "href" or value.startswith(("http://", "https://", "mailto:"))
    return parser


def test_a_hostile_attempt_shows_as_text(snapshot: Snapshot) -> None:
    """Scripts, terminal sequences and links that run are words, in draft, names and previews alike."""
    view = view_of(snapshot, HOSTILE, 1)
    html = view["draft"]["html"]
    harmless(html)
    assert "&lt;script&gt;document.title=" in html
    documents = [view, files_of(snapshot.run, snapshot.state, HOSTILE, 1)]
    evil = next(file["path"] for file in documents[1] if file["path"].startswith("data/<img"))
    documents.append(preview(snapshot.run, snapshot.state, HOSTILE, 1, evil))
    assert (evil, "table", [["1", "2"]]) == tuple(documents[2][key] for key in ("path", "kind", "rows"))
    for text in (text for document in documents for text in strings(document)):
        assert not [char for char in text if unicodedata.category(char) in ("Cc", "Cf") and char != "\n"]


@pytest.mark.parametrize(
    "markdown",
    [
        "<script>alert(1)</script><style>*{}</style><iframe src=//x></iframe>",
        '<img src=x onerror=alert(1)> <a href="javascript:alert(1)" style="position:fixed" class="btn">x</a>',
        "[a](javascript:alert(1)) [b](data:text/html,x) [c](results/a.csv) [d](//host/x) [e](vbscript:x) [f](#t)",
        "![p](http://host/pixel.png) ![q](data:image/png;base64,AAAA)",
        "```html\n</code></pre><script>alert(1)</script>\n```\n`</code><script>`",
        "| <b>a</b> | [x](javascript:1) |\n|:-:|--:|\n| <script> | $<b>$ |",
        "$<script>alert(1)</script>$ and \\(<img src=x onerror=alert(1)>\\)\n\n$$\n<script>alert(1)</script>\n$$\n",
        "\x1b[2J\x1b]0;owned\x07 \u202egnp.exe \u200b\ud800 &lt;script&gt; &#60;script&#62;",
        '<https://host/"onmouseover=alert(1)> [t](https://host/ "a\' onmouseover=\'x")',
    ],
)
def test_no_markup_of_a_draft_survives(markdown: str) -> None:
    """Whatever an agent writes becomes headings, paragraphs, lists, tables and links away."""
    html = prose.draft(f"# Stage 05: Experimentation\n\n## Key Results\n\n{markdown}\n").html
    harmless(html)
    assert not set("\x1b\x07\u202e\u200b\ud800") & set(html)
    assert "\n<h5>Key Results</h5>" in f"\n{html}"


def test_mathematics_is_left_as_it_was_written() -> None:
    """Delimiters stay, and nothing between them is read as Markdown."""
    html = prose.html_of("It cost $3 of $12. Let $a_1*b*c_2$ and \\(x_i * y * z\\).\n\n$$\nm_1 *n*\n$$\n")
    assert "It cost $3 of $12. Let $a_1*b*c_2$ and \\(x_i * y * z\\)." in html
    assert "$$\nm_1 *n*\n$$" in html
    assert "<em>" not in html


@pytest.mark.parametrize("piece", ["[", "*a ", "&", "<b>", "- x\n", "# h\n", "|a|b|\n", "[a](", "$$\n", "😀"])
def test_a_draft_of_any_length_stays_small(piece: str) -> None:
    """At most 60 kB of HTML, cut where a line ends if it has lines, and said to be cut."""
    made = prose.draft(piece * (400_000 // len(piece)))
    assert made.cut
    assert len(made.html.encode()) <= prose.HTML_BYTES
    harmless(made.html)


def test_a_holdout_is_never_opened_by_itself() -> None:
    """A table that was set aside is listed, and shown only to who asks for it."""
    from autor_nb.desk.files import featured

    files = [
        {"path": path, "kind": "table", "tag": "New", "size_bytes": 9}
        for path in ("data/holdout.csv", "data/train.csv")
    ]
    assert ["data/train.csv"] == featured(files)
