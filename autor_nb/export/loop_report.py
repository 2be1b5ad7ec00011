"""A loop's report: what is shown and what is not, as one HTML page that fetches and runs nothing, or as Markdown."""

from __future__ import annotations

import html

from autor_nb.export.findings import guarded
from autor_nb.export.loop_source import LoopSource
from autor_nb.export.page import page, without_places
from autor_nb.export.parts import picture, section
from autor_nb.figures.as_png import to_png
from autor_nb.record import loop_parts, loop_pictures, loop_story
from autor_nb.record.markup import NOTHING, Shown, escape_html, escape_markdown, muted, one_line, stack, words
from autor_nb.record.tables import table
from autor_nb.record.units import count_words, date_words, number_words
from autor_nb.version import __version__

MARK = "autor-loop"
REASONED = 25


def parts_of(source: LoopSource) -> list[Shown]:
    """All sections in their order; one that cannot be made says so in its place."""
    state = source.state
    reasoned = [loop_parts.reasoning(one) for one in list(source.newest)[-REASONED:][::-1]]
    crashes = [loop_parts.crash(one, loop_story.tail_of(source.loop, one)) for one in reversed(source.crashes)]
    hits = [
        (str(hit.n), number_words(hit.gain), number_words(hit.metric, 6), number_words(hit.e_value, 4),
         one_line(hit.summary, 200))
        for hit in source.hits
    ]  # fmt: skip
    columns = ("n", "Gain over what stood before", "Metric", "E", "What was changed")
    top = table(columns, hits, "rrrrl") if hits else words("No gain was confirmed.")
    return [
        stack(loop_parts.headline(state), loop_parts.summary(state, str(source.snapshot.status)), gap=16),
        *(guarded(name, lambda figure=figure, name=name: _picture(figure, name))  # type: ignore[misc]
          for name, figure in _figures(source)),
        section("Final audits", loop_parts.audits(state.audits), anchor="audits"),
        section("Kept", loop_parts.kept(state.kept, loop_parts.column(state)), anchor="kept"),
        section("Top hits", top, anchor="hits"),
        section(f"The newest {count_words(len(source.newest), 'experiment')}",
                loop_parts.experiments(source.newest, loop_parts.column(state)), anchor="newest"),
        section("Reasoning", *[part for part in reasoned if part.text], anchor="reasoning"),
        section("Crashes", *crashes, anchor="crashes"),
        section("Preflight", loop_parts.preflight(state, source.gate_tests), anchor="preflight"),
        section("What people decided", loop_parts.decisions(source.decisions), anchor="decisions"),
        section("Critics", _critics(source), anchor="critics"),
        section("Where this comes from", loop_parts.origin(state), anchor="origin"),
    ]  # fmt: skip


def _figures(source: LoopSource) -> list[tuple[str, object]]:
    if not source.course.experiments:
        return []
    return [*loop_pictures.all_of(source.course, source.loop.name, source.metric)]


def _picture(figure: object, name: str) -> Shown:
    twin = figure.text()  # type: ignore[attr-defined]
    return section(name, picture(to_png(figure), f"{name}: {one_line(twin, 160)}", twin=twin))  # type: ignore[arg-type]


def _critics(source: LoopSource) -> Shown:
    calls = count_words(source.calls, "call")
    tokens = f", {source.tokens[0]:,} tokens in and {source.tokens[1]:,} out" if any(source.tokens) else ""
    odd = f"; {source.unreadable_calls} cannot be read" if source.unreadable_calls else ""
    last = [muted(f"{one_line(call.file, 80)}: {one_line(call.error, 200)}") for call in source.stray if call.error]
    return stack(f"{calls}{tokens}{odd}.", *last[-10:]) if source.calls else NOTHING


def as_html(source: LoopSource, parts: list[Shown] | None = None) -> str:
    """The page."""
    shown = parts if parts is not None else parts_of(source)
    name, objective = source.loop.name, one_line(str(source.state.config.get("objective", "")), 400)
    made = page(
        mark=MARK,
        name=name,
        title=f"Loop {name}",
        head=f'<h1>Loop {html.escape(name)}</h1>\n<p class="goal">{escape_html(objective)}</p>',
        body="\n".join(part.html for part in shown),
        foot=_foot(source),
    )
    return _shared(made, source)


def as_markdown(source: LoopSource, parts: list[Shown] | None = None) -> str:
    """The same as Markdown; pictures are told in words."""
    shown = parts if parts is not None else parts_of(source)
    objective = escape_markdown(one_line(str(source.state.config.get("objective", "")), 400))
    blocks = [f"<!-- {MARK} {source.loop.name} -->", f"# Loop {escape_markdown(source.loop.name)}", objective]
    blocks += [part.markdown.strip("\n") for part in shown]
    blocks += ["---", escape_markdown(_foot(source))]
    return _shared("\n\n".join(block for block in blocks if block) + "\n", source)


def _foot(source: LoopSource) -> str:
    state = source.state
    return (
        f"Made by autor_nb {__version__} from loop {source.loop.name}, as of event {state.last_seq}, "
        f"{date_words(state.updated_at)}. Every experiment with its reasoning is in AUDIT_LOG.md."
    )


def _shared(text: str, source: LoopSource) -> str:
    return without_places(text, {source.loop.path: source.loop.name, source.loop.project: "…"})
