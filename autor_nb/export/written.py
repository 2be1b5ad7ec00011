"""Where a report is written: beside the runs unless said, whole or not at all, and over nothing by accident."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from autor_nb.domain.errors import StoreError, UsageError
from autor_nb.export.report import MARK, as_html, as_markdown
from autor_nb.record.units import size_words
from autor_nb.store.atomic import write_text
from autor_nb.store.layout import RunFolder

_MARKDOWN, _HTML = (".md", ".markdown"), (".html", ".htm")


@dataclass(frozen=True)
class Written:
    """A report on disk."""

    path: Path
    size_bytes: int

    @property
    def form(self) -> str:
        """`html` or `markdown`."""
        return "markdown" if self.path.suffix.lower() in _MARKDOWN else "html"

    @property
    def words(self) -> str:
        """`HTML, 1.9 MB`."""
        return f"{'Markdown' if self.form == 'markdown' else 'HTML'}, {size_words(self.size_bytes)}"


def export(
    run: RunFolder, to: str | Path | None = None, *, markdown: bool = False, force: bool = False, again: bool = False
) -> Written:
    """Write the report of a run; `again` replaces an earlier report of the same run, and nothing else."""
    goal = place(run, to, markdown)
    if goal.is_dir():
        raise UsageError(f"{goal} is a folder.", f"`--to {goal}{os.sep}` writes a file into it.")
    if goal.exists() and not force and not (again and is_of(run, goal)):
        raise UsageError(f"{goal} exists already.", "`--force` replaces it, `--to FILE` names another.")
    if goal.resolve().is_relative_to(run.path.resolve()):
        raise UsageError(f"{goal} lies inside the run, whose files are its record.", "Name another with `--to`.")
    text = as_markdown(run) if goal.suffix.lower() in _MARKDOWN else as_html(run)
    try:
        write_text(goal, text)
    except StoreError as error:
        raise StoreError(
            error.message, "Name another place with `--to`, or free some space.", path=str(goal)
        ) from error
    return Written(goal, goal.stat().st_size)


def place(run: RunFolder, to: str | Path | None = None, markdown: bool = False) -> Path:
    """The file that is meant: as said, or in the folder that was said, or beside the runs."""
    suffix = ".md" if markdown else ".html"
    if to is None:
        return run.path.parent.parent / f"{run.run_id}{suffix}"
    said = Path(to).expanduser().absolute()
    if str(to).endswith(os.sep) or said.is_dir():
        return said / f"{run.run_id}{suffix}"
    if markdown and said.suffix.lower() not in _MARKDOWN:
        raise UsageError(f"--markdown writes Markdown, but {said.name} does not end in .md.", "Leave one of them out.")
    if said.suffix.lower() not in (*_MARKDOWN, *_HTML):
        raise UsageError(f"{said.name} ends neither in .html nor in .md.", f"`--to {said.name}.html`")
    return said


def is_of(run: RunFolder, path: Path) -> bool:
    """Whether that file is an earlier report of this very run."""
    try:
        with path.open("rb") as stream:
            start = stream.read(2_000).decode("utf-8", "replace")
    except OSError:
        return False
    return f'name="{MARK}" content="{run.run_id}"' in start or f"<!-- {MARK} {run.run_id} -->" in start
