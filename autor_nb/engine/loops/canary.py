"""The canary: the mutable files broken in a clone; the command must fail then, or its metric move."""

from __future__ import annotations

import secrets
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.globs import matches
from autor_nb.domain.loops.metric import read_metric
from autor_nb.engine.loops.measuring import measure, stamps
from autor_nb.store.loops.clone import Clone

if TYPE_CHECKING:
    from autor_nb.engine.loops.preflight_context import Preflight

BROKEN = b"\x00 broken on purpose: a run that reads this file must fail, or measure something else \x00\n"


def break_files(clone: Clone) -> list[str]:
    """Spoil every mutable file of the clone; a link is replaced, not followed to what may be the person's own."""
    paths = [path for path in clone.tracked() if matches(path, clone.mutable)]
    for path in paths:
        place = clone.path / path
        if place.is_symlink():
            place.unlink()
        place.write_bytes(BROKEN)
    return paths


def judged(paths: list[str], finished: bool, metric: float | None, standing: float | None) -> tuple[bool, str]:
    """(whether it showed, in words); `standing` is what the whole files give on the same seed."""
    named = _some(paths)
    if not finished or metric is None:
        return True, f"with {named} broken the command fails, as it must"
    if standing is not None and metric != standing:
        return True, f"with {named} broken the metric moves from {standing:.6g} to {metric:.6g}, as it must"
    return False, (
        f"With {named} broken on purpose the command still gives {metric:.6g}: what it measures is not the file in the "
        "clone."
    )


def look(context: Preflight) -> tuple[bool, str]:
    """Break the files in a clone of their own that is thrown away, and run the command as the checks before did."""
    config = context.config
    assert config is not None
    before = context.measured(config)
    standing = read_metric(before.output, config.metric, before.folder).value
    if before.end.ending != "finished" or standing is None:
        raise UsageError(
            "The command gives no metric as it is: there is nothing to compare with.",
            "Mend that first; the checks command_runs and metric_reads name it.",
        )
    with context.scratch(config) as clone, tempfile.TemporaryDirectory(prefix="autor-canary-") as folder:
        paths = break_files(clone)
        output = Path(folder) / "output.log"
        stamped = stamps((config.metric,), clone.cwd)
        marker = f"autor-canary-{secrets.token_hex(4)}"
        end = context.run(context.request(config, clone.cwd, output, marker))
        if end.ending == "lost":
            raise UsageError(f"The run was lost: {end.detail}", "Ask again.")
        found = measure(output, (config.metric,), clone.cwd, before=stamped)[config.metric.name]
    return judged(paths, end.ending == "finished", found.value, standing)


def _some(paths: list[str]) -> str:
    return ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")
