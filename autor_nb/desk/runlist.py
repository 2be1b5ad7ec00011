"""All runs as a panel lists them: those that wait for a person first, then what works, then the newest."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from autor_nb import control
from autor_nb.desk import clean, words
from autor_nb.domain.errors import AutorError
from autor_nb.store import layout
from autor_nb.store.layout import RunFolder

GOAL = 300
_FIRST = {"person": 0, "engine": 1}


class RunList:
    """Keeps up with every run under a root by reading only what is new in their logs."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._tails: dict[str, control.Tail] = {}
        self._sizes: dict[str, tuple[tuple[float, bool], int]] = {}
        self._live: dict[str, bool] = {}

    def view(self) -> dict[str, Any]:
        """The document; a run whose log cannot be read is listed as damaged, and harms no other."""
        runs = layout.all_runs(self.root)
        for gone in set(self._tails) - {run.run_id for run in runs}:
            del self._tails[gone]
            self._sizes.pop(gone, None)
            self._live.pop(gone, None)
        rows = [self._row(run) for run in runs]
        rows.sort(key=lambda row: row["id"], reverse=True)
        rows.sort(key=lambda row: _FIRST.get(row["waits_for"], 2))
        sizes = [row["size_bytes"] for row in rows]
        return {
            "runs": rows,
            "total": len(rows),
            "root": str(self.root),
            "waiting": sum(row["waiting"] for row in rows),
            "disk_bytes": None if None in sizes or not sizes else sum(sizes),
        }

    def measure(self) -> bool:
        """Measure one run whose size is unknown or old; False if there was none.

        An engine writes its own log until it leaves, so a run is measured once more when it has left.
        """
        for run in layout.all_runs(self.root):
            try:
                changed = (run.events.stat().st_mtime, self._live.get(run.run_id, False))
            except OSError:
                continue
            if self._sizes.get(run.run_id, (None, 0))[0] != changed:
                self._sizes[run.run_id] = (changed, size_of(run.path))
                return True
        return False

    def _row(self, run: RunFolder) -> dict[str, Any]:
        size = self._sizes.get(run.run_id)
        try:
            now = self._tails.setdefault(run.run_id, control.Tail(run)).snapshot()
        except (AutorError, OSError, LookupError) as error:
            return _damaged(run, error, size[1] if size else None)
        state, self._live[run.run_id] = now.state, now.live
        word, tone = words.STATES[now.status]
        stage = state.stage(state.current) if state.current else None
        return {
            "id": run.run_id,
            "goal": clean.line(state.goal, GOAL),
            "status": str(now.status),
            "word": word,
            "tone": tone,
            "waiting": now.waiting == "person",
            "waits_for": now.waiting,
            "created_at": state.created_at,
            "updated_at": state.updated_at,
            "stage": f"{stage.ref.number} {clean.line(stage.ref.title, 60)}" if stage else "",
            "cost_usd": round(state.cost_usd, 4) if state.cost_usd else None,
            "work_s": round(state.work_s, 3),
            "size_bytes": size[1] if size else None,
            "live": now.live,
        }


def _damaged(run: RunFolder, error: Exception, size: int | None) -> dict[str, Any]:
    return {
        "id": run.run_id,
        "goal": clean.line(f"Its log cannot be read: {error}", GOAL),
        "status": "damaged",
        "word": "Damaged",
        "tone": "fail",
        "waiting": False,
        "waits_for": "nobody",
        "created_at": "",
        "updated_at": "",
        "stage": "",
        "cost_usd": None,
        "work_s": 0.0,
        "size_bytes": size,
        "live": False,
    }


def size_of(folder: Path) -> int:
    """Bytes of all files in a folder; links are not followed."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(place, name)).st_size  # noqa: PTH118 - ten times faster than Path here
            except OSError:
                continue
    return total
