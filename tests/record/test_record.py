"""The record: an attempt as it was, shown and asked again, whatever its files and texts hold."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from attempt_story import CHECKS, GOAL, PERSON, AttemptStory, experiment, folds_csv, steps, summary_of
from markdown_it import MarkdownIt

from autor_nb import record
from autor_nb.domain import events as ev
from autor_nb.domain.check import failed
from autor_nb.domain.errors import UsageError
from autor_nb.domain.ports import Finished, ToolCall
from autor_nb.domain.stage import Ending
from autor_nb.figures import Drawn
from autor_nb.figures.drawn import PLOTLY
from autor_nb.record.attempt import AttemptRecord
from autor_nb.record.markup import Several, Shown

METHODS = (
    "header",
    "goal",
    "prompt",
    "timeline",
    "summary",
    "checks",
    "checks_figure",
    "artifacts",
    "data_profile",
    "folds_figure",
    "folds",
    "figures",
    "manuscript",
    "checklist",
    "difference",
)
EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\x1b[31m`|**"


def html_of(shown: object) -> str:
    """Everything a notebook would show as HTML."""
    if isinstance(shown, Several):
        return "\n".join(html_of(part) for part in shown.parts)
    return shown.html if isinstance(shown, Shown) else ""


def opened(story: AttemptStory, stage: str = "05", attempt: int = 0, as_of: int = 0) -> AttemptRecord:
    """An attempt of the story."""
    return record.open(story.run.path, stage, attempt, as_of)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> AttemptStory:
    """An experiment with two attempts."""
    return experiment(tmp_path_factory.mktemp("story"))


@pytest.mark.parametrize("method", METHODS)
def test_everything_shows_on_any_attempt(story: AttemptStory, method: str) -> None:
    """Each thing shows on each attempt of any stage, in three notations, whatever files there are."""
    for attempt in (1, 2):
        shown = getattr(opened(story, attempt=attempt), method)()
        assert "cannot be shown" not in shown.text
        assert shown.text.strip()
        parts = shown.parts if isinstance(shown, Several) else (shown,)
        for part in parts:
            bundle = part._repr_mimebundle_()
            data = bundle[0] if isinstance(bundle, tuple) else bundle
            assert data["text/plain"]
            assert ("image/png" in data) != ("text/html" in data)
            assert "image/svg+xml" not in data


def test_the_header_says_where_the_attempt_stands(story: AttemptStory) -> None:
    """Run, ending, agent, duration, cost, checks, position and the next step."""
    text = opened(story).header().text
    for said in ("20261120_091402", "finished", "tabular", "1 min 01 s", "0.00 USD", "As of event", "Next:"):
        assert said in text


def test_goal_and_feedback_stand_beside_each_other(story: AttemptStory) -> None:
    """What was asked at first, and what was asked of this attempt, by whom."""
    text = opened(story).goal().text
    assert GOAL in text
    assert "Use five seeds" in text
    assert "m.okafor" in text


def test_an_attempt_is_shown_as_it_was_after_a_later_one_rewrote_its_files(story: AttemptStory) -> None:
    """Attempt 1 keeps its own numbers, files and checks after attempt 2."""
    first, second = opened(story, attempt=1), opened(story, attempt=2)
    assert ("Svm" in first.folds().text, "Svm" in second.folds().text) == (False, True)
    assert "seed 4" not in first.folds().text
    assert "seed 4" in second.folds().text
    assert "notes/old.md" in first.artifacts().text
    assert first.view.read("code/run.py") == b"SEEDS = [0]\n"


def test_asking_again_gives_the_recorded_answers(tmp_path: Path) -> None:
    """The rules' answers of now are the engine's answers of then, also for an attempt that was overwritten."""
    told = experiment(tmp_path)
    for attempt in (1, 2):
        text = opened(told, attempt=attempt).checks().text
        assert "every answer is the recorded one" in text


def test_an_answer_that_differs_from_the_recorded_one_is_named(tmp_path: Path) -> None:
    """A recorded pass that a rule does not give, and a recorded rule that nobody asks, are both said."""
    told = AttemptStory(tmp_path)
    told.attempt("01_literature_survey", checks=(*CHECKS, failed("gone.rule", "Gone", "Nothing.")))
    text = opened(told, "01").checks().text
    assert "differ from the recorded ones" in text
    assert "gone.rule" in text


def test_an_altered_object_is_noticed_not_believed(tmp_path: Path) -> None:
    """A kept version whose bytes were changed on disk does not pass for what the attempt left."""
    told = experiment(tmp_path)
    entry = opened(told, attempt=1).view.files["results/folds.csv"]
    (told.run.objects / entry.sha256).write_bytes(folds_csv(2))
    assert "Svm" not in opened(told, attempt=1).folds().text


def test_as_of_never_reads_further(story: AttemptStory) -> None:
    """Opened as of the end of attempt 1, attempt 2 is not there, and attempt 1 waits for nobody's decision."""
    early = opened(story, attempt=1).attempt.checked_seq
    as_of = opened(story, attempt=1, as_of=early)
    assert (as_of.as_of, len(as_of.stage_state.attempts), as_of.attempt.decided_at) == (early, 1, "")
    with pytest.raises(UsageError, match="no attempt 2"):
        opened(story, attempt=2, as_of=early)


def test_difference_tells_numbers_checks_files_and_what_was_asked(story: AttemptStory) -> None:
    """Each family's change, what was mended, files new, changed and removed, and requests done or not."""
    text = opened(story).difference().text
    for said in ("Ridge", "not run", "new", "five seeds", "not done", "not a setting", "1 removed"):
        assert said in text
    assert "first attempt" in opened(story, attempt=1).difference().text


def test_numbers_of_any_other_results_are_compared_too(tmp_path: Path) -> None:
    """JSON results that are no families and folds: every number that moved is in the table."""
    told = AttemptStory(tmp_path)
    told.attempt("05_experimentation", files={"results/x.json": b'{"a": {"loss": 1.25}, "same": 3}'})
    told.refine("05_experimentation", 1, "again")
    told.attempt("05_experimentation", files={"results/x.json": b'{"a": {"loss": 1.0}, "same": 3}'}, feedback="again")
    text = opened(told).difference().text
    assert "a › loss" in text
    assert "−0.250" in text
    assert "same" not in text


def test_a_baseline_far_away_does_not_press_the_rest_together(tmp_path: Path) -> None:
    """Where the others would lie in a fifth of the axis, the baseline is told in numbers only."""
    told = AttemptStory(tmp_path)
    rows = ["family,seed,fold,roc_auc"]
    for family, mean in {"baseline": 0.5, "logistic": 0.991, "forest": 0.995}.items():
        rows += [f"{family},0,{fold},{mean + fold / 1000}" for fold in range(4)]
    told.attempt("05_experimentation", files={"results/folds.csv": "\n".join(rows).encode()})
    shown = opened(told).folds_figure()
    assert isinstance(shown, Several)
    assert "far off the axis" in shown.text
    assert [row.drawn for row in shown.parts[0].figure.rows] == [False, True, True]
    assert max(shown.parts[0].bundle()[PLOTLY]["data"][0]["x"]) < 1.0
    assert min(shown.parts[0].bundle()[PLOTLY]["data"][0]["x"]) > 0.9
    assert "0.5015" in shown.text


def test_the_timeline_pairs_calls_with_results(tmp_path: Path) -> None:
    """Steps have their durations; one without a result is said to have none."""
    told = AttemptStory(tmp_path)
    told.attempt("04_implementation", events=[*steps(), (0.0, ToolCall(name="lost", id="x")), (1.0, Finished(ok=True))])
    shown = opened(told, "04").timeline()
    assert isinstance(shown, Several)
    assert isinstance(shown.parts[0], Drawn)
    assert "34.1 s" in shown.text
    assert "no result" in shown.text
    assert "25 fits did not converge." in shown.text


def test_an_attempt_that_failed_is_shown_as_not_new_work(tmp_path: Path) -> None:
    """A crash is in the header, with its detail, and the notebook has no summary to show."""
    told = AttemptStory(tmp_path)
    told.attempt("01_literature_survey", text="", ending=Ending.FAILED, detail="exit code 3", checks=())
    opened_record = opened(told, "01")
    assert "not new work: failed" in opened_record.header().text
    assert "exit code 3" in opened_record.header().text
    assert "left no draft" in opened_record.summary().text


def test_a_waiver_is_shown_for_ever_after(tmp_path: Path) -> None:
    """Who waived which check and why stands in the header, and the check is marked."""
    told = AttemptStory(tmp_path)
    told.attempt("05_experimentation", checks=(failed("results.present", "There are results", "Write them."),))
    told.add(ev.ReviewOpened(stage="05_experimentation", attempt=1))
    told.add(
        ev.CheckWaived(stage="05_experimentation", attempt=1, check_id="results.present", why="By hand.", by=PERSON)
    )
    assert "results.present waived by m.okafor" in opened(told).header().text
    assert "By hand." in opened(told).header().text


@pytest.mark.parametrize("method", METHODS)
def test_hostile_text_is_escaped_everywhere(tmp_path: Path, method: str) -> None:
    """Goal, feedback, prompt, summary, tool names, file names, headers and JSON keys: no tag and no escape."""
    told = AttemptStory(tmp_path, goal=EVIL)
    spec = told.specs["05_experimentation"]
    name = EVIL.replace("/", "_")
    files = {
        f"results/{name}.csv": f'family,seed,fold,"{EVIL.replace(chr(34), "")}"\n{EVIL},0,0,1\n{EVIL},0,1,2\n'.encode(),
        f"data/{name}.csv": f"{EVIL},b\n1,2\n".encode(),
        f"figures/{name}.png": b"no picture",
        "data/profile.json": b'{"columns": [{"name": "<script>x</script>", "association": 0.5, "kind": "<b>"}]}',
        "reviews/readiness_checklist.md": EVIL.encode(),
        f"results/{name}.json": f'{{"{EVIL[:20]}": 1}}'.encode(),
        "notes/figures.json": b'[{"path": "figures/x", "title": "<script>"}]',
        "artifacts/paper.pdf": b"%PDF-1.4 no",
        "artifacts/release_manifest.json": b'{"files": [{"path": "<script>", "size_bytes": 3, "sha256": 7}]}',
        "notes/plan.json": b'{"changes": [{"stage": "05_experimentation", "attempt": 1, "asked": "<script>"}]}',
    }
    told.attempt(
        "05_experimentation",
        text=summary_of(spec, EVIL),
        prompt=EVIL,
        files=files,
        feedback=EVIL,
        checks=(failed(EVIL, EVIL, EVIL, subject=EVIL, detail=EVIL),),
        detail=EVIL,
        events=[(0.1, ToolCall(name=EVIL, id="1")), (1.0, Finished(ok=True))],
    )
    shown = getattr(opened(told), method)()
    page = html_of(shown)
    assert "<script" not in page
    assert "<img src=x" not in page
    assert "\x1b" not in page + shown.text
    for part in shown.parts if isinstance(shown, Several) else (shown,):
        if isinstance(part, Shown):
            read = MarkdownIt("commonmark", {"html": True}).enable("table").render(part.markdown)
            assert "<script" not in read
            assert "<img" not in read


def test_long_and_odd_content_is_bounded(tmp_path: Path) -> None:
    """A 10 MB line, a bomb of brackets and bytes that are no UTF-8 make a notebook of ordinary size."""
    told = AttemptStory(tmp_path)
    told.attempt(
        "05_experimentation",
        text="x" * 10_000_000,
        prompt="p" * 3_000_000,
        files={
            "results/deep.json": b"[" * 200_000,
            "results/latin.csv": b"family,fold,x\n\xff\xfe,1,2\n\xff\xfe,2,3\n",
            "results/wide.csv": (",".join(f"c{n}" for n in range(5_000)) + "\n" + ",".join("1" * 5_000)).encode(),
            "data/big.csv": b"a,b\n" + b"1,2\n" * 50_000,
        },
    )
    opened_record = opened(told)
    for method in METHODS:
        assert len(html_of(getattr(opened_record, method)())) < 1_500_000, method


def test_content_that_was_not_kept_is_said(tmp_path: Path) -> None:
    """A manifest that is gone from the objects is named where it is needed, and nothing is raised."""
    told = experiment(tmp_path)
    for kept in told.run.objects.iterdir():
        kept.unlink()
    assert "artifacts cannot be shown" in opened(told).artifacts().text


def test_a_run_is_found_from_inside_by_id_and_after_a_move(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By folder, by id from its own stages folder, by id from the project, and by id in a renamed copy."""
    told = AttemptStory(tmp_path)
    told.attempt("05_experimentation")
    monkeypatch.delenv("AUTOR_RUNS_DIR", raising=False)
    monkeypatch.chdir(told.run.stages)
    assert record.open("..", "05").run.path == told.run.path
    assert record.open("20261120_091402", 5).run.path == told.run.path
    monkeypatch.chdir(tmp_path)
    assert record.open("20261120_091402", "05_experimentation").run.path == told.run.path
    moved = told.run.path.rename(tmp_path / "copy")
    monkeypatch.chdir(moved / "stages")
    assert record.open("20261120_091402", "05").run.path == moved
    monkeypatch.chdir("/")
    with pytest.raises(UsageError, match="--cwd"):
        record.open("..", "05")


def test_importing_record_is_light() -> None:
    """A notebook that imports the record pays for nothing that it does not show."""
    heavy = ("papermill", "plotly", "ipywidgets", "matplotlib", "pandas", "IPython", "numpy", "nh3")
    code = f"import sys; from autor_nb import record; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
