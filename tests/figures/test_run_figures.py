"""Figures of a run: from no attempt to two hundred they are valid, whole, told in text, and light enough to send."""

from __future__ import annotations

import base64
import io
import itertools
import json
import sys
from pathlib import Path

import plotly.graph_objects as go
import pytest
from PIL import Image

sys.path.append(str(Path(__file__).parent))

import figure_story as told

from autor_nb.domain.stage import AttemptStatus
from autor_nb.figures import Description, Drawn, Grid
from autor_nb.figures.drawn import PLOTLY
from autor_nb.figures.palette import DARK
from autor_nb.figures.run_checks import check_matrix, stage_check_matrix
from autor_nb.figures.run_costs import cost_and_tokens
from autor_nb.figures.run_growth import artifact_growth
from autor_nb.figures.run_results import results_difference
from autor_nb.figures.run_timeline import run_timeline
from autor_nb.figures.scene import breadth
from autor_nb.figures.spans import Span, SpanRow, Spans

EVIL = "<a href='javascript:x'>$\\frac{1}{0}$ & %{x} 名\x1b[2J\n"
LENGTHS = (0, 1, 2, 9, 23, 200)


def figures(many: int) -> list[Description]:
    """Every figure of a run of that many attempts."""
    state = told.story(many)
    metric = "root mean squared error, lower is better"
    return [
        run_timeline(state),
        cost_and_tokens(state),
        artifact_growth(state, told.measured(state)),
        check_matrix(state),
        check_matrix(state, every=True),
        stage_check_matrix(state, "05"),
        results_difference(told.BEFORE, told.AFTER, metric=metric, spreads=told.CHANCE, unchanged=True),
        results_difference({f"n{at}": at for at in range(many)}, {f"n{at}": 2.0 * at + 1 for at in range(many)}),
    ]


@pytest.mark.parametrize("many", LENGTHS)
def test_every_length_is_drawn_by_both_within_its_edges(many: int) -> None:
    """Plotly accepts the JSON, the PNG has its size, no text reaches over an edge, and nothing is NaN."""
    for figure in figures(many):
        bundle = Drawn(figure).bundle()
        drawing = json.loads(json.dumps(bundle[PLOTLY], allow_nan=False))
        go.Figure({"data": drawing["data"], "layout": drawing["layout"]})
        with Image.open(io.BytesIO(base64.b64decode(bundle["image/png"]))) as image:
            assert figure.size == image.size == (drawing["layout"]["width"], drawing["layout"]["height"])
            gray = image.convert("L")
            edges = [gray.crop((0, 0, 1, image.height)), gray.crop((image.width - 1, 0, image.width, image.height))]
            edges += [gray.crop((0, 0, image.width, 1)), gray.crop((0, image.height - 1, image.width, image.height))]
            assert min(edge.getextrema()[0] for edge in edges) > 200, f"{figure.name} is cut off"
            assert image.height <= 2000


@pytest.mark.parametrize("many", LENGTHS)
def test_no_text_lies_outside_the_figure_or_over_another(many: int) -> None:
    """Texts are placed by their measured breadth: none leaves the figure, none covers another."""
    for figure in figures(many):
        width, height = figure.size
        placed = []
        for word in figure.scene().words:  # type: ignore[union-attr]
            wide = breadth(word.text, word.size) * (0.85 if not word.bold else 0.9)
            left = word.x - {"left": 0.0, "center": wide / 2, "right": wide}[word.anchor]
            assert -1 <= left and left + wide <= width + 1, f"{figure.name}: {word.text}"
            assert 4 <= word.y <= height - 4, f"{figure.name}: {word.text}"
            placed.append((left, left + wide, word.y, word.text))
        for (a0, a1, ay, one), (b0, b1, by, other) in itertools.combinations(placed, 2):
            assert abs(ay - by) >= 9 or a1 <= b0 + 1 or b1 <= a0 + 1, f"{figure.name}: {one} over {other}"


def test_hostile_names_are_text_everywhere() -> None:
    """Titles, checks and numbers with markup, TeX, control signs and newlines stay words in a row."""
    state = told.story(9, titles=(EVIL, EVIL * 9))
    for stage in state.stages:
        for attempt in stage.attempts:
            attempt.checks = tuple(
                told.failed(f"{EVIL}.{n}", EVIL * 4, EVIL, subject=EVIL, detail=EVIL) for n in range(3)
            )
    shown = [
        run_timeline(state),
        cost_and_tokens(state),
        artifact_growth(state, told.measured(state)),
        check_matrix(state),
        results_difference({EVIL: 1.0, EVIL * 8: 3.0}, {EVIL: 2.0}, heads=("before", "after")),
    ]
    for figure in shown:
        bundle = Drawn(figure).bundle()
        said = json.dumps(bundle[PLOTLY])
        assert "<a" not in said
        assert "$" not in said
        assert "\x1b" not in bundle["text/plain"]
        assert all(len(line) < 3000 for line in bundle["text/plain"].splitlines())


def test_the_timeline_tells_work_and_waiting_apart() -> None:
    """What the agent worked and what a person let it wait add up to what the log holds."""
    state = told.story(23)
    timeline = run_timeline(state)
    spans = [span for row in timeline.rows for span in row.spans]
    worked = sum(span.end - span.start for span in spans if span.kind != "wait")
    assert worked == pytest.approx(sum(a.duration_s for stage in state.stages for a in stage.attempts), abs=0.01)
    decided = [a for s in state.stages for a in s.attempts if a.decided_at or a.status is AttemptStatus.IN_REVIEW]
    assert len([span for span in spans if span.kind == "wait"]) == len(decided)
    assert "waits for a decision" in timeline.text()
    assert "attempt 1: worked" in timeline.text()


def test_a_working_attempt_grows_until_now() -> None:
    """An attempt that runs has no end yet; it is drawn as far as the clock has come."""
    state = told.story(1, titles=("Intake",))
    running = state.stages[0].attempts[0]
    running.status, running.ended_at, running.ending, running.decided_at = AttemptStatus.RUNNING, "", None, ""
    (row,) = run_timeline(state, "2026-11-20T10:12:00+00:00").rows
    assert [(3600.0, "work")] == [(span.end - span.start, span.kind) for span in row.spans]
    assert "works since 1 h 00 min" in row.spans[0].note


def test_long_waits_take_at_most_half_of_the_axis_and_are_marked() -> None:
    """Two minutes of work before and after a night stay readable."""
    night = 14 * 3600.0
    row = SpanRow(
        "05 Experimentation",
        (
            Span(0, 120, "work", "one"),
            Span(120, 120 + night, "wait", "slept"),
            Span(120 + night, 240 + night, "work", "two"),
        ),
    )
    pieces = Spans("Timeline", (row,)).pieces(0, 600)
    assert [False, True, False] == [piece.cut for piece in pieces]
    assert pieces[1].right - pieces[1].left <= 300
    assert pieces[-1].right == pytest.approx(600)
    assert any(word.text == "long waits, drawn short" for word in Spans("Timeline", (row,)).scene().words)


def test_what_no_agent_reported_is_a_dash_and_never_a_zero() -> None:
    """A cost that is not known is not nothing."""
    state = told.story(9)
    for stage in state.stages:
        for attempt in stage.attempts:
            attempt.cost_usd = None
    costs = cost_and_tokens(state)
    assert [None] * 9 == [costs.measures[0].total(row) for row in range(9)]
    assert "$" not in costs.text()
    assert costs.note == "9 attempts reported no cost"


def test_the_sum_of_the_parts_is_what_the_log_says() -> None:
    """Kept and other attempts together cost what all attempts cost."""
    state = told.story(40)
    measure = cost_and_tokens(state).measures[0]
    every = sum(attempt.cost_usd or 0 for stage in state.stages for attempt in stage.attempts)
    assert every == pytest.approx(sum(measure.total(row) or 0 for row in range(9)))


def test_the_check_matrix_shows_the_newest_or_the_chosen_attempt() -> None:
    """A failure that a later attempt mended is seen by choosing the earlier one."""
    state = told.story(40)
    stage = next(s for s in state.stages if not any(c.blocks for c in s.attempts[-1].checks) and len(s.attempts) > 1)
    column = state.stages.index(stage)

    def statuses(matrix: Grid) -> set[str]:
        return {row.cells[column].status for row in matrix.rows} - {""}

    earlier = next(a for a in stage.attempts if any(not c.passed for c in a.checks))
    assert statuses(check_matrix(state)) == {"pass"}
    assert statuses(check_matrix(state, attempts={stage.ref.slug: earlier.attempt})) & {"fail", "warning"}


def test_waived_failures_are_told_from_blocking_ones() -> None:
    """A waiver is shown as one, with its reason."""
    state = told.story(23)
    assert "◆" in check_matrix(state).text()
    cells = [cell for row in check_matrix(state).rows for cell in row.cells if cell.status == "waived"]
    assert {"known"} == {cell.note for cell in cells}


def test_differences_keep_order_on_a_scale_and_go_by_size_in_per_cent() -> None:
    """What moved furthest comes first where every number has its own unit; new and gone ones are named."""
    mixed = results_difference({"a": 1.0, "b": 10.0, "gone": 2.0}, {"a": 1.1, "b": 30.0, "new": 1.0})
    assert ["b", "a"] == [row.label for row in mixed.rows][:2]
    assert {"new", "gone"} == {mixed.cells(row)[2] for row in mixed.rows[2:]}
    same = results_difference(told.BEFORE, told.AFTER, metric="rmse")
    assert "support vectors" not in same.text()
    assert "−0.70" in same.text()


def test_numbers_that_are_none_are_named_and_not_drawn() -> None:
    """Infinities, and what was zero before, have no place on an axis of per cent."""
    figure = results_difference({"a": 0.0, "b": float("inf"), "c": 1.0}, {"a": 2.0, "b": 1.0, "c": float("nan")})
    json.dumps(Drawn(figure).bundle()[PLOTLY], allow_nan=False)
    assert [(None, None)] * 3 == [figure.place(row) for row in figure.rows]


def contrast(one: str, other: str) -> float:
    """WCAG's ratio of two colours."""

    def light(color: str) -> float:
        parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return sum(part * share for part, share in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_inks_stand_out_on_light_and_on_dark_pages() -> None:
    """Words have a contrast of 4.5 and marks of 3, on white and on what front ends call dark."""
    used: dict[str, set[str]] = {"words": set(), "marks": set()}
    for figure in figures(23):
        scene = figure.scene()  # type: ignore[union-attr]
        used["words"] |= {word.color for word in scene.words if word.color != "#fffffe"}
        used["marks"] |= {mark.color for mark in (*scene.boxes, *scene.dots)}
    for least, kind in ((4.5, "words"), (3.0, "marks")):
        for ink in used[kind]:
            assert contrast(ink, "#ffffff") >= least, f"{kind} {ink} on white"
            for paper in ("#111111", "#1e1e1e", "#252526"):
                assert contrast(DARK[ink], paper) >= least, f"{kind} {DARK[ink]} on {paper}"
