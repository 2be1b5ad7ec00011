"""`autor loop report`: the whole course of a loop, to read and to share, with the log of every experiment's reasons."""

from __future__ import annotations

from typing import Any

import click

from autor_nb.record.units import size_words
from autor_nb.store.atomic import write_text
from autor_nb.store.loops.layout import LoopFolder
from autor_nb.verbs.blocks import Prose
from autor_nb.verbs.loops import loop_named
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import pass_face, verb

MARKDOWN = "report.md"


@verb(name="report", examples=("autor loop report", "autor loop report tsp --no-notebook --json"))
@loop_named.loop_argument
@loop_named.loop_option
@click.option("--notebook/--no-notebook", default=True, help="Execute the convergence notebook, too.")
@pass_face
def report(face: Face, name: str | None, name_too: str | None, notebook: bool) -> Result:
    """Write the report (Markdown, one self-contained HTML page, executed notebook) and the audit log into the loop.

    It prints the Markdown. What it says to be better was shown by an audit or a confirmed chain, by nothing else.
    """
    loop = loop_named.either(name, name_too)
    return reported(face, loop, notebook)


def reported(face: Face, loop: LoopFolder, notebook: bool) -> Result:
    """Write all of it; a notebook that could not be executed is said, and does not take the rest with it."""
    from autor_nb.export import loop_audit, loop_notebook, loop_report

    source = loop_audit.write(loop)
    parts = loop_report.parts_of(source)
    text = loop_report.as_markdown(source, parts)
    write_text(loop.path / MARKDOWN, text, durable=False)
    write_text(loop.report_page, loop_report.as_html(source, parts), durable=False)
    written = [MARKDOWN, loop.report_page.name, loop_audit.MARKDOWN, loop_audit.JSON]
    hints: list[str] = []
    facts: dict[str, Any] = {"loop": loop.name, "notebook": None}
    if notebook:
        face.say("executing the notebook")
        executed = loop_notebook.execute(loop)
        facts["notebook"] = {"path": str(executed.path) if executed.path else None, "complete": executed.complete,
                             "cells": executed.cells, "cells_run": executed.cells_run,
                             "problem": executed.problem or None}  # fmt: skip
        if executed.path is not None:
            written.append(loop_notebook.NAME)
        if not executed.complete:
            hints.append(f"The notebook is not complete: {executed.problem}.")
    said = source.headline
    files = {name: str(loop.path / name) for name in written}
    sizes = ", ".join(f"{name} ({size_words((loop.path / name).stat().st_size)})" for name in written)
    face.say(f"written to {loop.path}: {sizes}")
    facts |= {
        "headline": {"text": said.text, "source": said.source or None, "better": said.better},
        "files": files,
        "text": text,
    }
    exit_code = 1 if notebook and not facts["notebook"]["complete"] else 0
    shown = text.partition("\n\n")[2]  # without the comment that marks the file as a report
    return Result(facts, (Prose(shown),), (said.text, *hints), exit_code, document=text, state=loop)
