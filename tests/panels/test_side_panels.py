"""The other panels: checks, artifacts, figures, comparisons and the list of runs."""

from __future__ import annotations

import queue
import shutil
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from panel_page import Page

from autor_nb import control
from autor_nb.desk.runlist import size_of
from autor_nb.store import layout


def test_the_list_of_runs_opens_packs_and_removes(place: Any) -> None:
    """Those that wait stand first; a removed run is gone from disk, a packed one stays."""
    from autor_nb.notebook.panels.runs_panel import RunsPanel

    place.settle()
    other = place.run.path.with_name("20200101_000000")
    shutil.copytree(place.run.path, other)
    control.resume(place.run, control.actor("test"))
    panel = RunsPanel(place.project / "runs")
    page = Page(panel)
    seen = page.shows(lambda view: view["disk_bytes"] == size_of(place.run.path) + size_of(other))
    assert 2 == seen["total"] == len(seen["runs"]) and 2 == seen["waiting"]
    assert page.ask("open", run=place.run.run_id)["ok"]
    assert place.run.path == panel.below.children[0].run.path
    assert page.ask("archive", run="20200101_000000")["ok"]
    assert (place.project / "20200101_000000.zip").is_file()
    assert "exists already" in page.ask("archive", run="20200101_000000")["reason"]
    assert page.ask("remove", run="20200101_000000")["ok"]
    assert [place.run.run_id] == [run.run_id for run in layout.all_runs(place.project / "runs")]
    page.shows(lambda view: view["total"] == 1)
    assert "no run" in page.ask("remove", run="19990101_000000")["reason"].lower()


def test_a_damaged_run_is_listed_as_such_and_harms_no_other(place: Any) -> None:
    """Its row says that its log cannot be read."""
    from autor_nb.desk.runlist import RunList

    place.settle()
    broken = place.run.path.with_name("20200101_000000")
    shutil.copytree(place.run.path, broken)
    lines = (broken / "events.jsonl").read_bytes().splitlines(keepends=True)
    (broken / "events.jsonl").write_bytes(b"{rubbish}\n" + b"".join(lines[1:]))
    rows = {row["id"]: row for row in RunList(place.project / "runs").view()["runs"]}
    assert "In review, waits for you" == rows[place.run.run_id]["word"]
    assert "Damaged" == rows["20200101_000000"]["word"]


@pytest.mark.parametrize("place", ["blocked"], indirect=True)
def test_checks_and_artifacts_follow_the_run(place: Any) -> None:
    """Every checked attempt is there; a new one joins by itself; files come with a preview."""
    from autor_nb.notebook.panels.single import ArtifactsPanel, ChecksPanel

    place.settle()
    checks, artifacts = Page(ChecksPanel(place.run)), Page(ArtifactsPanel(place.run))
    attempts = checks.panel.view["attempts"]
    assert attempts and attempts[-1]["checks"]["blocking"]
    file = artifacts.panel.view["files"][0]
    shown = artifacts.look(
        "preview", stage=artifacts.panel.view["stage"], attempt=artifacts.panel.view["attempt"], path=file["path"]
    )
    assert file["path"] == shown["data"]["path"]
    assert "for reading" in artifacts.ask("approve", attempt=1)["reason"]
    place.autor("refine", "once more")
    checks.shows(lambda view: len(view["attempts"]) > len(attempts))


@pytest.mark.parametrize(("kind", "drawn"), [("checks", "Checks by stage"), ("artifacts", "Files after each attempt")])
def test_a_panel_of_one_thing_has_its_figure_below_which_moves_with_the_run(place: Any, kind: str, drawn: str) -> None:
    """The check matrix below the checks, the growth below the files; the same widget shows the next attempt."""
    from autor_nb.notebook.panels.show import Shown
    from autor_nb.verbs.result import Result

    place.settle()
    whole = Shown(Result(facts={}, panel=kind, state=place.run)).panel
    panel, below = whole.children
    figure, twin = below.children
    assert kind == panel.kind and drawn == figure.layout["meta"]["name"] and drawn in twin.value
    changed: queue.Queue[str] = queue.Queue()
    twin.observe(lambda change: changed.put(change["new"]), names="value")
    before = twin.value
    place.autor("refine", "once more", "--wait")
    whole.tail.wake()
    assert before != changed.get(timeout=60) and (figure, twin) == below.children


def test_figures_are_drawn_when_looked_at_and_changed_in_place(place: Any) -> None:
    """The same widget shows the later state; none carries plotly's own code."""
    import json

    from autor_nb.notebook.panels.figures_panel import FiguresPanel

    place.settle()
    panel = FiguresPanel(place.run)
    figure, twin = panel.children[0].children
    before, changed = twin.value, queue.Queue()
    twin.observe(lambda change: changed.put(change["new"]), names="value")
    place.autor("refine", "once more", "--wait")
    panel.tail.wake()
    assert before != changed.get(timeout=60) and figure is panel.children[0].children[0]
    assert len(json.dumps(figure.get_state(), default=str)) < 20_000
    assert not panel.children[2].children
    panel.selected_index = 2
    assert panel.children[2].children


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("compare",), "no stage with two attempts"),
        (("compare", "01.1", "01.7"), "no ended attempt 7"),
        (("compare", "77"), "77"),
        (("compare", "a", "b", "c"), "Two things"),
        (("compare", "nonsense"), "neither a stage"),
    ],
)
def test_what_cannot_be_compared_is_said(place: Any, words: tuple[str, ...], said: str) -> None:
    """With what there is instead."""
    place.settle()
    answer = place.autor(*words)
    assert 2 == answer.code and said in answer.out + answer.err


def test_attempts_and_runs_are_compared_from_every_face(place: Any) -> None:
    """The same document in JSON, in a notebook's panel and as text; only what differs, unless all is asked."""
    place.settle()
    other = place.run.path.with_name("20200101_000000")
    shutil.copytree(place.run.path, other)
    assert 0 == place.autor("refine", "use five seeds", "--wait", "--run", place.run.run_id).code
    run = ("--run", place.run.run_id)
    short, whole = place.autor("compare", *run, "--json").data, place.autor("compare", "--all", *run, "--json").data
    rows = {row["what"]: row for section in short["sections"] for row in section["rows"]}
    assert ("", "use five seeds") == (rows["Asked for"]["left"], rows["Asked for"]["right"])
    count = [sum(len(section["rows"]) for section in found["sections"]) for found in (short, whole)]
    assert count[0] < count[1] == count[0] + sum(section["hidden"] for section in short["sections"])
    shell = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "autor_nb")
    shown = shell.run_line_magic("autor", f"compare 01.1 01.2 --run {place.run.run_id}")
    assert short["sections"] == shown.facts["sections"] if hasattr(shown, "facts") else shown.result.facts["sections"]
    assert "Asked for" in place.autor("compare", "01", *run, "--text").out
    runs = place.autor("compare", other.name, place.run.run_id, "--json").data
    stages = next(section for section in runs["sections"] if section["title"] == "Stages")
    assert "2 attempts" in stages["rows"][0]["right"]


def test_a_comparison_shows_the_pictures_that_differ_and_how_results_moved(tmp_path: Any) -> None:
    """The earlier on the left; a figure that is the same on both sides is not shown; one that came says so."""
    import io
    import sys
    from pathlib import Path

    from PIL import Image

    sys.path.append(str(Path(__file__).parents[1] / "record"))
    from attempt_story import AttemptStory, folds_csv, summary_json

    from autor_nb.desk.compare import side_of
    from autor_nb.notebook.panels.compare_panel import comparison

    def png(grey: int) -> bytes:
        stream = io.BytesIO()
        Image.new("L", (60, 40), grey).save(stream, "png")
        return stream.getvalue()

    story = AttemptStory(tmp_path)
    for attempt in (1, 2, 3):
        story.attempt("05_experimentation", files={
            "figures/scores.png": png(100 + attempt), "figures/same.png": png(7),
            "results/folds.csv": folds_csv(attempt * 2), "results/summary.json": summary_json(attempt),
            **({"figures/new.png": png(9)} if attempt > 1 else {}),
        })  # fmt: skip
    left, right = (side_of(story.run, "05_experimentation", attempt) for attempt in (1, 2))
    shown = comparison(((left, right), False))
    panel, below = shown.children
    assert ["LiveFigure", "Box", "Box"] == [type(child).__name__ for child in below.children]
    new, scores = below.children[1:]
    assert "not there" == new.children[0].children[1].value
    assert bytes(new.children[1].children[1].value).startswith(b"\x89PNG")
    pictures = [bytes(side.children[1].value) for side in scores.children]
    assert pictures[0] != pictures[1] and all(picture.startswith(b"\x89PNG") for picture in pictures)

    page, view = Page(panel), panel.view
    assert [1, 2, 3] == [choice["at"]["attempt"] for choice in view["choices"]]
    picked = {"left": view["choices"][1]["at"], "right": view["choices"][2]["at"]}
    assert page.ask("compare", **picked)["ok"]
    assert {**picked, "all": False} == panel.view["picked"] and "attempt 3" in panel.view["right"]["title"]
    assert ["LiveFigure", "Box"] == [type(child).__name__ for child in below.children]  # the new one is not new here
    kept = below.children
    assert page.ask("compare", **picked, all=True)["ok"]
    assert below.children is kept and not any(section["hidden"] for section in panel.view["sections"])
    refused = page.ask("compare", **picked | {"left": {"run": "../..", "stage": "05_experimentation", "attempt": 1}})
    assert not refused["ok"] and "nothing to compare" in refused["reason"]


def test_two_runs_have_their_figures_side_by_side_and_others_to_choose(place: Any) -> None:
    """Timelines and costs of both, checks and drafts of the stages they share; another run is one choice away."""
    from autor_nb.notebook.panels.compare_panel import comparison

    place.settle()
    runs = [place.run]
    for name in ("20200101_000000", "20200101_000001"):
        runs.append(type(place.run)(shutil.copytree(place.run.path, place.run.path.with_name(name))))
    assert 0 == place.autor("refine", "use five seeds", "--wait", "--run", place.run.run_id).code
    panel, below = comparison(((runs[1], runs[0]), True)).children
    rows = [box for box in below.children if type(box).__name__ == "Box"]
    assert [["Timeline"] * 2, ["Cost and tokens by stage"] * 2] == [
        [half.children[1].layout["meta"]["name"] for half in row.children] for row in rows[:2]
    ]
    assert [runs[1].run_id, runs[0].run_id] == [half.children[0].value[6:-7] for half in rows[0].children]
    titles = [section["title"] for section in panel.view["sections"]]
    assert ["Set-up", "Stages", "Checks", "Results", "Files", "Drafts"] == titles
    assert all(row["what"].startswith("01 ") for row in panel.view["sections"][2]["rows"])
    assert {run.run_id for run in runs} == {choice["at"]["run"] for choice in panel.view["choices"]}
    page = Page(panel)
    assert page.ask("compare", left={"run": runs[1].run_id, "stage": "", "attempt": 0},
                    right={"run": runs[2].run_id, "stage": "", "attempt": 0})["ok"]  # fmt: skip
    assert panel.view["right"]["title"] == f"Run {runs[2].run_id}" and panel.view["same"]
