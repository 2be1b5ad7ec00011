"""Previews: every kind of file in little, as of its attempt, whatever it holds and however large it is."""

from __future__ import annotations

import base64
import io
import json
import os
import sys
import time
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

sys.path.append(str(Path(__file__).parents[1] / "record"))

from attempt_story import AttemptStory, png

from autor_nb.control import Snapshot
from autor_nb.desk.previews import preview
from autor_nb.domain import events as ev
from autor_nb.domain.errors import UsageError

SLUG = "05_experimentation"


def pdf(pages: int) -> bytes:
    """A paper of blank pages."""
    with io.BytesIO() as stream:
        sheets = [Image.new("RGB", (200, 280), (255, 250 - at, 255)) for at in range(pages)]
        sheets[0].save(stream, "PDF", save_all=True, append_images=sheets[1:])
        return stream.getvalue()


def bomb() -> bytes:
    """A picture of 100 million pixels in a few kilobytes."""
    with io.BytesIO() as stream:
        Image.new("1", (10_000, 10_000)).save(stream, "PNG")
        return stream.getvalue()


def parquet() -> bytes:
    """A table of 30 rows in Parquet."""
    import pyarrow
    import pyarrow.parquet

    stream = pyarrow.BufferOutputStream()
    table = pyarrow.table({"seed": list(range(30)), "score": [at / 3 for at in range(30)], "note": ["<b>"] * 30})
    pyarrow.parquet.write_table(table, stream)
    return stream.getvalue().to_pybytes()


WIDE = "a;b\n" + "\n".join(f"{at};{at}" for at in range(36)) + "\n"
NOTEBOOK = {"cells": [{"cell_type": "markdown", "source": ["# A\n", "b"]}, {"cell_type": "code", "source": "print(1)"}]}
FILES: dict[str, bytes | None] = {
    "results/scores.csv": (
        "model,seed,score,n,lo,hi\n" + "".join(f"m{at},{at},0.5,1,2,3\n" for at in range(36))
    ).encode(),
    "results/semicolon.csv": WIDE.encode(),
    "results/wide.csv": (",".join(f"c{at}" for at in range(300)) + "\n" + ",".join("1" * 300) + "\n").encode(),
    "results/evil.csv": b'<img src=x onerror=alert(1)>,"a\x1b[31m\nb",=cmd()\n1,2,3,4\n5\n',
    "results/latin.csv": "größe,b\n1,2\n".encode("latin-1"),
    "results/nul.csv": b"a,b\0\n1,2\n",
    "results/quote.csv": b'a,b\n"never closed,2\n' + b"x" * 200_000,
    "results/table.parquet": parquet(),
    "results/bad.parquet": b"PAR1 no",
    "results/one.json": b'{"a":{"b":[1,2]},"c":"<script>"}',
    "results/deep.json": b"[" * 100_000 + b"]" * 100_000,
    "results/lines.jsonl": b'{"a":1}\n{"a":2}\n',
    "figures/plot.png": png(900, 600),
    "figures/plot.svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "figures/alone.svg": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "figures/bomb.png": bomb(),
    "figures/not.png": b"\x89PNG no",
    "artifacts/paper.pdf": pdf(5),
    "artifacts/not.pdf": b"%PDF-1.4 no %%EOF",
    "artifacts/empty.txt": b"",
    "artifacts/thing.bin": bytes(range(256)) * 10,
    "artifacts/README": b"plain words\n",
    "code/run.py": b"\n".join(b"x = %d" % at for at in range(100)),
    "code/a.ipynb": json.dumps(NOTEBOOK).encode(),
    "notes/evil\u202e\x1b[2J.md": b"\x1b[2Jwords \xe2\x80\xaehidden\n",
    "notes/long.md": b"y" * 3_000_000,
}


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> AttemptStory:
    """Every kind of file in attempt 1; attempt 2 changes some and removes one."""
    story = AttemptStory(tmp_path_factory.mktemp("previews"))
    story.attempt(SLUG, files=FILES, checks=())
    story.attempt(SLUG, files={"results/scores.csv": b"a,b\n7,8\n", "code/run.py": None}, checks=())
    return story


def shown(story: AttemptStory, path: str, attempt: int = 1) -> dict[str, Any]:
    """A preview, as JSON would carry it; it is harmless and small."""
    made = preview(story.run, story.state, SLUG, attempt, path)
    text = json.dumps(made, allow_nan=False)
    assert len(text) < 1_000_000
    for char in json.dumps(
        {key: value for key, value in made.items() if key not in ("src", "pages")}, ensure_ascii=False
    ):
        assert unicodedata.category(char) not in ("Cc", "Cf")
    return json.loads(text)


def picture(src: str) -> Image.Image:
    """The picture of a data URL."""
    head, _, data = src.partition(",")
    assert "data:image/png;base64" == head
    return Image.open(io.BytesIO(base64.b64decode(data)))


def test_a_table_shows_its_head(story: AttemptStory) -> None:
    """Five rows, and how many there are."""
    made = shown(story, "results/scores.csv")
    assert ["model", "seed", "score", "n", "lo", "hi"] == made["head"]
    assert (5, "m4") == (len(made["rows"]), made["rows"][4][0])
    assert f"5 of 36 rows · 6 columns · {len(FILES['results/scores.csv'] or b'')} B" == made["foot"]


@pytest.mark.parametrize(
    ("path", "head", "first", "foot"),
    [
        ("results/semicolon.csv", ["a", "b"], ["0", "0"], "5 of 36 rows · 2 columns"),
        ("results/wide.csv", [f"c{at}" for at in range(8)], ["1"] * 8, "1 of 1 row · 300 columns"),
        (
            "results/evil.csv",
            ["<img src=x onerror=alert(1)>", "a b", "=cmd()"],
            ["1", "2", "3"],
            "2 of 2 rows · 3 columns",
        ),
        ("results/latin.csv", ["größe", "b"], ["1", "2"], "1 of 1 row · 2 columns"),
        ("results/table.parquet", ["seed", "score", "note"], ["0", "0", "<b>"], "5 of 30 rows · 3 columns"),
    ],
)
def test_tables_of_every_make(story: AttemptStory, path: str, head: list[str], first: list[str], foot: str) -> None:
    """Other delimiters, many columns, hostile names, other encodings, Parquet."""
    made = shown(story, path)
    assert (head, first) == (made["head"], made["rows"][0])
    assert made["foot"].startswith(foot)


@pytest.mark.parametrize(
    "path", ["results/nul.csv", "results/bad.parquet", "figures/bomb.png", "figures/not.png", "artifacts/not.pdf",
             "figures/alone.svg", "artifacts/empty.txt", "artifacts/thing.bin"],
)  # fmt: skip
def test_what_cannot_be_shown_says_so(story: AttemptStory, path: str) -> None:
    """In words; nothing breaks."""
    made = shown(story, path)
    assert ("none", path) == (made["kind"], made["path"])
    assert made["text"]


def test_a_quote_that_is_never_closed_still_shows_something(story: AttemptStory) -> None:
    """What can be read is shown."""
    assert shown(story, "results/quote.csv")["kind"] in ("table", "text")


def test_pictures_are_made_small(story: AttemptStory) -> None:
    """At most so wide, as a PNG, with their real size said."""
    made = shown(story, "figures/plot.png")
    assert 640 == picture(made["src"]).width
    assert made["foot"].startswith("900 × 600 pixels · ")
    assert "figures/plot.png" == made["alt"]


def test_an_svg_is_shown_by_its_twin(story: AttemptStory) -> None:
    """Its own content never reaches the page."""
    made = shown(story, "figures/plot.svg")
    assert ("figures/plot.svg", "image") == (made["path"], made["kind"])
    assert made["foot"].startswith("shown as plot.png · ")
    assert "svg+xml" not in made["src"]


def test_a_paper_shows_its_first_pages(story: AttemptStory) -> None:
    """As pictures, with how many there are."""
    made = shown(story, "artifacts/paper.pdf")
    assert ["PNG", "PNG"] == [picture(page).format for page in made["pages"]]
    assert made["foot"].startswith("2 of 5 pages · ")


@pytest.mark.parametrize(
    ("path", "text", "foot"),
    [
        ("results/one.json", '{\n "a": {\n  "b": [', "9 lines · "),
        ("results/lines.jsonl", '{"a":1}\n{"a":2}', "2 lines · "),
        ("code/run.py", "x = 0\nx = 1\n", "24 of 100 lines · "),
        ("code/a.ipynb", "# A\nb\n\nprint(1)", "2 cells · "),
        ("artifacts/README", "plain words", "1 line · "),
        ("notes/long.md", "y" * 240, "the first 24 lines · 3.0 MB"),
    ],
)
def test_texts_show_their_beginning(story: AttemptStory, path: str, text: str, foot: str) -> None:
    """JSON on lines, notebooks by their cells, long lines cut."""
    made = shown(story, path)
    assert "text" == made["kind"]
    assert made["text"].startswith(text) and len(made["text"]) <= 4_000
    assert made["foot"].startswith(foot)


def test_a_document_nested_too_deeply_is_shown_as_it_stands(story: AttemptStory) -> None:
    """And takes no depth of ours."""
    made = shown(story, "results/deep.json")
    assert "text" == made["kind"]
    assert len(made["text"]) <= 4_000


def test_a_name_that_cannot_be_seen_is_written_out_and_found_again(story: AttemptStory) -> None:
    """The page gives back what it was given."""
    made = shown(story, "notes/evil\\u202e\\x1b[2J.md")
    assert ("notes/evil\\u202e\\x1b[2J.md", "words hidden") == (made["path"], made["text"])
    assert made == shown(story, "notes/evil\u202e\x1b[2J.md")


def test_a_file_is_shown_as_it_was_in_its_attempt(story: AttemptStory) -> None:
    """Also when a later attempt has changed or removed it."""
    assert ["a", "b"] == shown(story, "results/scores.csv", 2)["head"]
    assert "model" == shown(story, "results/scores.csv", 1)["head"][0]
    assert shown(story, "code/run.py", 1)["text"].startswith("x = 0")
    with pytest.raises(UsageError, match=r"no file code/run\.py"):
        shown(story, "code/run.py", 2)


@pytest.mark.parametrize(
    "path", ["../events.jsonl", "/etc/passwd", "notes/../../run_config.json", "", "\x1b[2J", "x" * 5_000]
)
def test_only_files_of_the_attempt_are_shown(story: AttemptStory, path: str) -> None:
    """A page that asks for anything else is told that it is not there."""
    with pytest.raises(UsageError, match="has no file") as error:
        preview(story.run, story.state, SLUG, 1, path)
    assert "\x1b" not in str(error.value) and len(str(error.value)) < 600


def test_a_version_that_was_not_kept_says_so(story: AttemptStory, tmp_path: Path) -> None:
    """A file over the cap, changed since."""
    other = AttemptStory(tmp_path)
    other.attempt(SLUG, files={"results/big.csv": b"a,b\n1,2\n"}, checks=())
    entry = next(iter(other.state.stage(SLUG).attempts))
    (other.run.workspace / "results/big.csv").write_bytes(b"a,b\n3,4\n5,6\n")
    for kept in other.run.objects.iterdir():
        if kept.read_bytes() == b"a,b\n1,2\n":
            kept.unlink()
    made = preview(other.run, other.state, SLUG, entry.attempt, "results/big.csv")
    assert ("none", True) == (made["kind"], made["text"].startswith("This version was not kept."))


def test_an_attempt_at_work_shows_files_as_they_are_now(tmp_path: Path) -> None:
    """New and rewritten ones too; links, pipes and whatever is not in the workspace are not there."""
    story = AttemptStory(tmp_path)
    story.attempt(SLUG, files={"results/a.csv": b"a,b\n1,2\n"}, checks=())
    kept = story.state.stage(SLUG).attempt(1).files_after
    story.add(ev.AttemptStarted(stage=SLUG, attempt=2, agent="tabular", trigger="refine", files=kept))
    workspace = story.run.workspace
    (workspace / "results/a.csv").write_bytes(b"c,d\n3,4\n5,6\n")
    (workspace / "figures/new.png").write_bytes(png())
    (workspace / "results/out.csv").symlink_to(story.run.events)
    (workspace / "results/away").symlink_to(story.run.path)
    os.mkfifo(workspace / "results/pipe.csv")
    assert ("c", "2 of 2 rows · 2 columns · 12 B") == (
        shown(story, "results/a.csv", 2)["head"][0],
        shown(story, "results/a.csv", 2)["foot"],
    )
    assert "image" == shown(story, "figures/new.png", 2)["kind"]
    assert "a" == shown(story, "results/a.csv", 1)["head"][0]
    for path in (
        "results/out.csv",
        "results/pipe.csv",
        "results/away/events.jsonl",
        "results",
        "../events.jsonl",
        "",
        "\0",
    ):
        with pytest.raises(UsageError, match="has no file"):
            shown(story, path, 2)


def test_a_large_table_is_not_read_whole(tmp_path: Path) -> None:
    """40 MB that nobody has opened before: its head, at once, without counting."""
    story = AttemptStory(tmp_path)
    story.attempt(SLUG, files={"results/big.csv": b"a,b\n" + b"1,2\n" * 10_000_000}, checks=())
    (story.run.operator_state / "file_index.json").unlink()
    began = time.process_time()
    made = preview(story.run, story.state, SLUG, 1, "results/big.csv")
    assert time.process_time() - began < 0.5
    assert (["a", "b"], 5, "the first 5 rows · 2 columns · 40.0 MB") == (made["head"], len(made["rows"]), made["foot"])


def test_files_of_a_real_run(snapshot: Snapshot) -> None:
    """Results of both attempts, and the figures."""
    tables = [preview(snapshot.run, snapshot.state, SLUG, attempt, "results/scores.csv") for attempt in (1, 2)]
    assert ["3 of 3 rows · 2 columns"] * 2 == [made["foot"].rpartition(" · ")[0] for made in tables]
    assert tables[0]["rows"] != tables[1]["rows"]
    assert "image" == preview(snapshot.run, snapshot.state, "06_analysis", 1, "figures/score_0.png")["kind"]
