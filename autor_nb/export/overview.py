"""The run's own figures, still: timeline, check matrix, costs, and how its files grew."""

from __future__ import annotations

from autor_nb.desk import files
from autor_nb.export.parts import section
from autor_nb.export.source import Source, shown_attempt
from autor_nb.figures import Description
from autor_nb.figures.as_png import to_png
from autor_nb.figures.run_checks import check_matrix
from autor_nb.figures.run_costs import cost_and_tokens
from autor_nb.figures.run_growth import artifact_growth
from autor_nb.figures.run_timeline import run_timeline
from autor_nb.record.markup import NOTHING, Shown

_SAID = {
    "timeline": "Every attempt in time; stretches in which nothing worked are drawn short.",
    "checks": "What the rules answered about the attempt that is shown of each stage.",
    "costs": "Money and tokens by stage; what no agent reported is a dash.",
    "growth": "Files of the workspace after each attempt.",
}


def timeline(source: Source) -> Shown:
    """The run in time; nothing for one that has not begun."""
    if not any(stage.attempts for stage in source.state.stages):
        return NOTHING
    return _figure(source, "timeline", run_timeline(source.state))


def overview(source: Source) -> Shown:
    """The other figures, as far as there is something to draw."""
    attempts = [attempt for stage in source.state.stages for attempt in stage.attempts]
    shown = []
    if any(attempt.checked for attempt in attempts):
        shown.append(_figure(source, "checks", _checks(source)))
    if any(attempt.cost_usd or attempt.usage.input_tokens or attempt.usage.output_tokens for attempt in attempts):
        shown.append(_figure(source, "costs", cost_and_tokens(source.state)))
    if any(attempt.files_after for attempt in attempts):
        shown.append(_figure(source, "growth", _growth(source)))
    return section("Checks, cost and files", *shown, anchor="pictures")


def _figure(source: Source, name: str, figure: Description) -> Shown:
    return source.album.drawn(lambda width: to_png(figure), figure.name, _SAID[name], figure.text())


def _checks(source: Source) -> Description:
    shown = {stage.ref.slug: found.attempt for stage in source.state.stages if (found := shown_attempt(stage))}
    return check_matrix(source.state, source.checks, attempts=shown)


def _growth(source: Source) -> Description:
    measured: dict[str, tuple[int, int]] = {}
    for stage in source.state.stages:
        for attempt in stage.attempts:
            listed = files.around(source.run, attempt)[1]
            if attempt.files_after and listed:
                measured[attempt.files_after] = (len(listed), sum(entry.size_bytes for entry in listed.values()))
    return artifact_growth(source.state, measured)
