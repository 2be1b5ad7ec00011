"""Artifacts: the files of a workspace as the engine recorded them, and what was read in them."""

from __future__ import annotations

from typing import Any

import msgspec


class FileEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One file at one moment: `path` relative to the workspace with `/`, `size_bytes`, `sha256` in hex."""

    path: str
    size_bytes: int
    sha256: str


class Inspection(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What opening a file showed; `error` is empty when its content could be read as its suffix promises.

    `kind`: json · jsonl · table · yaml · array · image · pdf · text · python · zip · binary.
    `schema`: inferred from content, e.g. {"keys": […]}, {"columns": […], "rows": n}, {"items": n, "item_keys":
    […]}, {"width": w, "height": h}, {"pages": n, "text_chars": n}. `empty`: parses but holds nothing.
    """

    kind: str
    schema: dict[str, Any] = {}
    error: str = ""
    empty: bool = False
