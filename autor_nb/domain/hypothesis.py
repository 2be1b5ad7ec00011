"""Hypotheses of a run (T/H/C manifest) and the hash that freezes them before experiments start."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec


def freeze_hash(items: list[dict[str, Any]]) -> str:
    """SHA-256 over every key of every item but `status`, so that only the outcome may change later."""
    kept = [{k: v for k, v in item.items() if k != "status"} for item in items]
    return hashlib.sha256(msgspec.json.encode(kept, order="deterministic")).hexdigest()


def manifest_items(document: Any) -> list[dict[str, Any]]:
    """The items of a hypothesis manifest, which is a list or an object with `hypotheses` or `items`."""
    if isinstance(document, dict):
        document = document.get("hypotheses", document.get("items"))
    if not isinstance(document, list) or not all(isinstance(item, dict) for item in document):
        return []
    return document
