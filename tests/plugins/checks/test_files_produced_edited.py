"""A draft that a person edited names files of the attempt before it: they are that draft's, not stale ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from autor_nb.plugins.checks.files_produced import FilesProducedChecker
from autor_nb.testing.views import FolderView, snapshot

DRAFT = """# Stage 03: Study Design

## Objective

Plan.

## Files Produced

- `notes/plan.json`
"""


@pytest.mark.parametrize(
    ("written_by", "maker", "fresh"),
    [
        ("person", ("03", 1), True),
        ("agent", ("03", 1), False),
        ("person", ("02", 1), False),
        ("person", None, False),
    ],
)
def test_an_edited_draft_keeps_the_files_of_its_stage(
    tmp_path: Path, written_by: str, maker: tuple[str, int] | None, fresh: bool
) -> None:
    """What this stage made is the edited draft's own; what an earlier stage or a person supplied is reused."""
    workspace = tmp_path / "workspace"
    (workspace / "notes").mkdir(parents=True)
    (workspace / "notes" / "plan.json").write_text("{}")
    before = snapshot(workspace)
    (workspace / "notes" / "draft.md").write_text(DRAFT)
    makers = {"notes/plan.json": maker}
    view = FolderView(workspace, stage="03", attempt=2, before=before, makers=makers, written_by=written_by)
    passed = {check.id: check.passed for check in FilesProducedChecker().check(view)}
    assert fresh == passed["files_produced.fresh"]
