"""The one HTML page that a report is, of a run or a loop: it fetches and runs nothing, and names no place here."""

from __future__ import annotations

import html
from collections.abc import Mapping
from importlib.resources import files as resources
from pathlib import Path

from autor_nb.record.markup import escape_html, escape_markdown

# No script, no request, no form: even if something hostile came through, the browser would not carry it out.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def page(*, mark: str, name: str, title: str, head: str, body: str, foot: str) -> str:
    """The page; `head` and `body` are HTML, all else is plain text. `mark` says whose `name` it is a report of."""
    style = resources("autor_nb.export").joinpath("style.css").read_text(encoding="utf-8")
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="referrer" content="no-referrer">
<meta name="{mark}" content="{html.escape(name)}">
<title>{html.escape(title)}</title>
<style>
{style}</style>
</head>
<body>
<main>
<header>{head}</header>
{body}
<footer>{escape_html(foot)}</footer>
</main>
</body>
</html>
"""


def without_places(text: str, places: Mapping[Path, str]) -> str:
    """Without the places where things lie on this machine, however they are written: each by what it is called."""
    for path, name in (*places.items(), (Path.home(), "~")):
        place = str(path)
        if len(place) > 8:
            for written in (place, html.escape(place), escape_markdown(place)):
                text = text.replace(written, name)
    return text
