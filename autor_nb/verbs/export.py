"""`export`: a run as one document to share."""

from __future__ import annotations

import click

from autor_nb.domain.errors import UsageError
from autor_nb.verbs import target
from autor_nb.verbs.blocks import Para, Verbatim
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import pass_face, verb


@verb(
    name="export",
    examples=(
        "autor export",
        "autor export latest --to ~/shared/",
        "autor export latest --markdown",
        "autor export latest --to - > run.html",
    ),
)
@target.run_argument
@target.run_too
@click.option(
    "--to",
    "place",
    metavar="FILE|FOLDER|-",
    help="Where it is written (else beside runs/); - prints it; .md is Markdown.",
)
@click.option("--markdown", is_flag=True, help="Markdown, pictures told in words, instead of HTML.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@pass_face
def export_verb(
    face: Face, run_id: str | None, run_too: str | None, place: str | None, markdown: bool, force: bool
) -> Result:
    """Write one self-contained document of a run, to share: HTML with its pictures inside, or Markdown."""
    from autor_nb.export import report, written

    run = target.newest(face, target.either(run_id, run_too))
    if place is not None and not place.strip():
        raise UsageError("--to needs a file.", "`--to run.html`, or `--to -` to print it.")
    if place == "-":
        text = report.as_markdown(run) if markdown else report.as_html(run)
        form = "markdown" if markdown else "html"
        facts = {"run_id": run.run_id, "format": form, "text": text}
        return Result(facts=facts, blocks=(Verbatim(text),), document=text, state=run)
    made = written.export(run, place, markdown=markdown, force=force)
    answer = {"run_id": run.run_id, "path": str(made.path), "size_bytes": made.size_bytes, "format": made.form}
    return Result(facts=answer, blocks=(Para(f"Written to {made.path} ({made.words})."),), state=run)
