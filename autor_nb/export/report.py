"""A whole report of a run: every part once, as one HTML page that fetches nothing and runs nothing, or as Markdown."""

from __future__ import annotations

import html
from collections.abc import Iterable

from autor_nb.desk import clean, previews
from autor_nb.export import head, origins, overview, paper, stages
from autor_nb.export.findings import guarded
from autor_nb.export.page import page, without_places
from autor_nb.export.source import Source, read
from autor_nb.record.markup import Shown, escape_html, escape_markdown, plain
from autor_nb.record.units import date_words
from autor_nb.store.layout import RunFolder
from autor_nb.version import __version__

MARK = "autor-run"
_LINKS = {"stages": "Stages", "paper": "Paper", "decisions": "Decisions"}
_LAST = {"pictures": "Checks, cost and files", "origins": "Where this comes from"}


def as_html(run: RunFolder) -> str:
    """The report as one HTML page."""
    source = read(run)
    parts = _parts(source)
    title = f"{clean.line(source.state.goal, 80) or 'A run'} ({run.run_id})"
    body = "\n".join(part.html for part in parts)
    made = page(
        mark=MARK,
        name=run.run_id,
        title=plain(title),
        head=f"<h1>Run {html.escape(run.run_id)}</h1>\n{parts[0].html}\n{_contents(source, parts)}",
        body=body[len(parts[0].html) :],
        foot=_foot(source),
    )
    return _shared(made, run)


def as_markdown(run: RunFolder) -> str:
    """The report as Markdown; pictures are told in words."""
    source = read(run)
    parts = _parts(source)
    title = f"# Run {escape_markdown(run.run_id)}"
    blocks = [f"<!-- {MARK} {run.run_id} -->" if _is_plain(run.run_id) else "", title]
    blocks += [part.markdown.strip("\n") for part in parts]
    blocks += ["---", escape_markdown(_foot(source))]
    return _shared("\n\n".join(block for block in blocks if block) + "\n", run)


def _parts(source: Source) -> list[Shown]:
    """All parts in the report's order; the paper and the run's own figures take their room among pictures first."""
    with previews.one_at_a_time:
        shown = guarded("The paper", lambda: paper.paper(source))
        timeline = guarded("The timeline", lambda: overview.timeline(source))
        figures = guarded("The figures of the run", lambda: overview.overview(source))
        worked = [
            guarded(f"Stage {stage.ref.number}", lambda stage=stage: stages.stage_part(source, stage))  # type: ignore[misc]
            for stage in source.state.stages
        ]
    return [
        head.head(source),
        head.stages(source, timeline),
        shown,
        head.decisions(source),
        head.intake(source),
        *worked,
        figures,
        origins.origins(source),
        source.album.told(),
    ]


def _contents(source: Source, parts: Iterable[Shown]) -> str:
    """Links to the parts that are there."""
    whole = [part.html[:60] for part in parts]

    def there(named: dict[str, str]) -> list[tuple[str, str]]:
        return [(name, word) for name, word in named.items() if any(f'id="{name}"' in start for start in whole)]

    links = there(_LINKS)
    links += [
        (head.anchor(stage), f"{stage.ref.number} {clean.line(stage.ref.title, 60)}")
        for stage in source.state.stages
        if stage.attempts
    ]
    links += there(_LAST)
    return "<nav>" + "".join(f'<a href="#{name}">{escape_html(word)}</a>' for name, word in links) + "</nav>"


def _foot(source: Source) -> str:
    at = date_words(source.state.updated_at)
    return f"Made by autor_nb {__version__} from run {source.run.run_id}, as of event {source.state.last_seq}, {at}."


def _shared(text: str, run: RunFolder) -> str:
    return without_places(text, {run.path: run.run_id, run.path.parent.parent: "…"})


def _is_plain(text: str) -> bool:
    return text.replace("_", "").isalnum()
