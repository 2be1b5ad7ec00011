"""A bibliography written down again, its values in braces, so that no entry can stop a build."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote

from autor_nb.plugins.renderers.manuscript import visible
from autor_nb.store.bibliography import Bibliography

_VERBATIM = ("url", "doi", "eprint", "file", "howpublished")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")
_KINDS = frozenset(
    [
        "article",
        "book",
        "booklet",
        "conference",
        "inbook",
        "incollection",
        "inproceedings",
        "manual",
        "mastersthesis",
        "misc",
        "phdthesis",
        "proceedings",
        "techreport",
        "unpublished",
    ]
)


def cleaned(bibliography: Bibliography, special: Callable[[str], str]) -> str:
    """The entries as BibTeX; `special` makes a non-ASCII character printable where they will be read."""
    entries = []
    for entry in bibliography.entries:
        fields = []
        for name, value in entry.fields.items():
            if not re.fullmatch(r"[a-z][a-z0-9_-]*", name) or name in (
                "abstract",
                "file",
                "keywords",
                "crossref",
            ):
                continue
            text = _field(name, visible(value).strip(), special)
            if text:
                fields.append(f"  {name} = {text}")
        kind = entry.kind if entry.kind in _KINDS else "misc"
        entries.append(f"@{kind}{{{entry.key},\n" + ",\n".join(fields) + "\n}\n")
    return "\n".join(entries)


def _field(name: str, value: str, special: Callable[[str], str]) -> str:
    if name == "month":
        month = value.lower()[:3]
        return month if month in _MONTHS else ""
    if name == "year" or name == "date":
        bare = value.strip("{}").strip()
        match = _DATE.fullmatch(bare) if name == "date" else re.search(r"\d{4}", bare)
        return f"{{{match.group(0)}}}" if match else ""
    if name in _VERBATIM and (name != "howpublished" or value.startswith("http")):
        return f"{{{quote(value.strip('{}'), safe=_URL_SAFE)}}}"
    return "{" + _prose(value, special) + "}"


_URL_SAFE = "/:?#[]@!$&'()*+,;=%-._"


def _prose(value: str, special: Callable[[str], str]) -> str:
    """TeX stays TeX; only what would stop it is changed: bare & % # _ ^, odd characters, lone $ and {."""
    if not _balanced(value):
        value = value.replace("{", "").replace("}", "")
    if len(re.findall(r"(?<!\\)\$", value)) % 2:
        value = re.sub(r"(?<!\\)\$", r"\\$", value)
    pieces = re.split(r"((?<!\\)\$[^$]*\$)", value)
    for index, piece in enumerate(pieces):
        safe = re.sub(r"(?<!\\)([&%#])", r"\\\1", piece)
        if index % 2 == 0:
            safe = re.sub(r"(?<!\\)_", r"\\_", safe)
            safe = re.sub(r"(?<!\\)\^", r"\\textasciicircum{}", safe)
        pieces[index] = "".join(c if c.isascii() else special(c) for c in safe)
    return re.sub(r"\\$", r"\\textbackslash{}", "".join(pieces))


def _balanced(value: str) -> bool:
    depth = 0
    for c in re.sub(r"\\.", "", value):
        depth += {"{": 1, "}": -1}.get(c, 0)
        if depth < 0:
            return False
    return depth == 0
