"""The files of an attempt as a panel lists them, from the manifests that the engine kept; nothing is scanned."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from autor_nb.desk import clean
from autor_nb.domain.artifact import FileEntry
from autor_nb.domain.errors import StoreError
from autor_nb.domain.state import AttemptState
from autor_nb.store import objects
from autor_nb.store.layout import RunFolder

Files = Mapping[str, FileEntry]
DRAFT = "notes/draft.md"
LISTED = 40
FEATURED = 2

_KINDS = {
    **dict.fromkeys(("csv", "tsv", "parquet"), "table"),
    **dict.fromkeys(("png", "jpg", "jpeg", "gif", "webp", "bmp", "tif", "tiff", "svg"), "image"),
    **dict.fromkeys(("json", "jsonl", "ndjson", "geojson"), "json"),
    **dict.fromkeys(("py", "r", "jl", "sh", "c", "h", "cpp", "hpp", "rs", "go", "js", "ts", "sql", "m"), "code"),
    **dict.fromkeys(("f90", "java", "pl", "rb", "lua", "do", "stan", "tex", "typ", "cls", "sty", "bst"), "code"),
    **dict.fromkeys(("css", "html"), "code"),
    **dict.fromkeys(("md", "markdown", "txt", "rst", "org", "log", "bib", "bibtex", "toml", "ini"), "text"),
    **dict.fromkeys(("cfg", "yaml", "yml"), "text"),
    "pdf": "pdf",
    "ipynb": "notebook",
}
_FOLDERS = ("results", "figures", "artifacts", "writing", "reviews", "data", "literature", "code")
_SHOWN_BEST = {"table": 0, "image": 1, "pdf": 1}


def kind_of(path: str) -> str:
    """What a file is, by its suffix: table, image, pdf, json, code, text, notebook or binary."""
    return _KINDS.get(PurePosixPath(path).suffix[1:].lower(), "binary")


def around(run: RunFolder, attempt: AttemptState) -> tuple[Files, Files]:
    """The files before and after an attempt; one that is at work has not changed any yet."""
    before = _kept(run, attempt.files_before)
    return before, _kept(run, attempt.files_after) if attempt.ended_at else before


def _kept(run: RunFolder, sha256: str) -> Files:
    try:
        return objects.get_files(run, sha256)
    except StoreError:
        return {}  # the list itself was removed: there is nothing to show, and the panel goes on


def listed(before: Files, after: Files) -> list[dict[str, Any]]:
    """Every file; what the attempt made or changed comes first, and what a person looks for comes before that."""
    ordered = sorted(after.values(), key=lambda entry: (tag_of(entry, before) == "", *_rank(entry.path)))
    return [file_of(entry, before) for entry in ordered]


def file_of(entry: FileEntry, before: Files) -> dict[str, Any]:
    """A File of the panel."""
    return {
        "path": clean.path(entry.path),
        "kind": kind_of(entry.path),
        "tag": tag_of(entry, before),
        "size_bytes": entry.size_bytes,
    }


def tag_of(entry: FileEntry, before: Files) -> str:
    """New, Changed, or nothing."""
    old = before.get(entry.path)
    return "New" if old is None else "Changed" if old.sha256 != entry.sha256 else ""


def featured(files: list[dict[str, Any]]) -> list[str]:
    """At most one table and one picture or paper among what changed, results and figures first; never a holdout."""
    chosen: dict[int, dict[str, Any]] = {}
    for file in sorted((file for file in files if file["tag"] and file["size_bytes"]), key=_worth):
        place, name = _SHOWN_BEST.get(file["kind"]), file["path"].lower()
        if place is not None and not name.endswith(".svg") and "holdout" not in name:
            chosen.setdefault(place, file)
    return [chosen[place]["path"] for place in sorted(chosen)][:FEATURED]


def found(files: Files, shown: str) -> FileEntry | None:
    """The file that a panel named; a name that was written out for showing is found too."""
    if shown in files:
        return files[shown]
    return next((entry for path, entry in files.items() if "\\" in shown and clean.path(path) == shown), None)


def _worth(file: dict[str, Any]) -> tuple[int, bool, str]:
    folder, path = file["path"].split("/", 1)[0], file["path"]
    paper = path == "artifacts/paper.pdf"
    place = -1 if paper else _FOLDERS.index(folder) if folder in _FOLDERS else len(_FOLDERS)
    return place, file["kind"] == "pdf" and not paper, path


def _rank(path: str) -> tuple[int, str]:
    folder = path.split("/", 1)[0]
    last = len(_FOLDERS) + (path == DRAFT)
    return (_FOLDERS.index(folder) if folder in _FOLDERS else last), path
