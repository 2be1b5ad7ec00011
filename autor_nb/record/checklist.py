"""Readiness: the checklist and threats under `reviews/`, rendered, and what is in the release."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from autor_nb.record.markup import Shown, Words, caption, code, details, glyph, label, one_line, stack
from autor_nb.record.prose import prose
from autor_nb.record.readings import object_of, text_of
from autor_nb.record.tables import table
from autor_nb.record.units import count_words, number_words, size_words

if TYPE_CHECKING:
    from autor_nb.record.attempt import AttemptRecord
    from autor_nb.store.view import StoredAttempt

LISTED = 300
_FIRST = "reviews/readiness_checklist.md"


def checklist(record: AttemptRecord) -> Shown:
    """The checklist open, other reviews folded, the release's files as a table."""
    view = record.view
    texts = sorted(
        (path for path in view.files if path.startswith("reviews/") and path.lower().endswith(".md")),
        key=lambda path: (path != _FIRST, "checklist" not in path, path),
    )
    blocks: list[Shown] = []
    for path in texts[:8]:
        body = prose(text_of(view, path))
        blocks.append(stack(caption(code(path)), body) if not blocks else details(code(path), body))
    if not blocks:
        blocks.append(glyph("warning", "There is no checklist under reviews/."))
    return stack(*blocks, _release(view), gap=8)


def _release(view: StoredAttempt) -> Shown:
    manifest = object_of(view, "artifacts/release_manifest.json")
    listed: Any = manifest.get("files")
    rows: list[list[Words]] = []
    if isinstance(listed, dict):
        listed = [
            {"path": path, **(entry if isinstance(entry, dict) else {"sha256": entry})}
            for path, entry in listed.items()
        ]
    for item in (listed if isinstance(listed, list) else [])[:LISTED]:
        if isinstance(item, dict) and item.get("path"):
            size = item.get("size_bytes")
            rows.append(
                [
                    code(one_line(str(item["path"]), 120)),
                    size_words(size) if isinstance(size, int) else number_words(size),
                    code(str(item.get("sha256", ""))[:8]),
                ]
            )
    bundle = view.files.get("artifacts/release_bundle.zip")
    if bundle is None and not rows:
        return glyph("info", "There is no release bundle yet.")
    said = (
        f"artifacts/release_bundle.zip, {size_words(bundle.size_bytes)}, sha256 {bundle.sha256[:8]}"
        if bundle
        else "no bundle beside the manifest"
    )
    files = (
        details(
            f"{count_words(len(rows), 'file')} in the release manifest",
            table(["File", "Size", "sha256"], rows, "lrl"),
        )
        if rows
        else Shown("", "", "")
    )
    return stack(label("Release"), caption(said), files)
