"""The embedded agent's face to the engine: it looks at a run before it exists, and starts itself as a
program."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from autor_nb.domain.errors import UsageError
from autor_nb.domain.ports import AgentTask, NewRun, Preflight
from autor_nb.plugins.agents.process import ProcessAgent
from autor_nb.plugins.agents.tabular import bundled, choosing, look, options, units

OTHER_AGENTS = ("claude", "codex", "opencode")


class TabularAgent(ProcessAgent):
    """A supervised comparison on one tabular data set, without a language model."""

    name = "tabular"

    def argv(self, task_file: Path, task: AgentTask) -> list[str]:
        """This interpreter, on our own module."""
        return [sys.executable, "-m", "autor_nb.plugins.agents.tabular", str(task_file)]

    def preflight(self, new: NewRun) -> Preflight:
        """Which data set, which target; a problem with the choices when that cannot be settled."""
        try:
            return _preflight(new)
        except UsageError as error:
            return Preflight(problem=error.message, suggestion=error.suggestion)


def _preflight(new: NewRun) -> Preflight:
    given = new.config.options
    wrong, mend = options.problem(given)
    if wrong:
        raise UsageError(wrong, mend)
    if find_spec("sklearn") is None or find_spec("pandas") is None:
        raise UsageError(
            "The tabular agent needs scikit-learn and pandas, which are not installed.",
            'Install them: pip install "autor-nb[study]"',
        )
    columns_named = any(given.get(key) for key in ("target", "group", "time", "drop", "positive"))
    dataset = choosing.choose_dataset(given, _files(new.resources), names=columns_named)
    if dataset is None:
        raise UsageError("This goal names no data set.", _ways())
    target = choosing.choose_target(given, dataset, new.goal)
    _named_columns(given, dataset.header.names)
    if not target.name and not new.config.intake:
        raise UsageError(
            f"It is not clear which column of {dataset.name} to predict.",
            "Say it with --set target=COLUMN, or let intake ask (--intake). "
            f"Columns: {choosing.listed(dataset.header.names)}.",
        )
    seen = look.look(dataset, given, target.name, asks=new.config.intake)
    settled = {"dataset": dataset.name, **({"target": target.name} if target.name else {})}
    said = (f"Target: {target.name!r} ({target.text}).",) if target.name else ()
    return Preflight(
        options=settled,
        open=(*(() if target.name else ("target",)), *seen.open),
        notes=(*dataset.header.notes, *said, *seen.notes),
        duration_s=seen.duration_s,
        cost_usd=0,
    )


def _named_columns(given: Mapping[str, str], names: Sequence[str]) -> None:
    """Columns that settings name are there; UsageError names the nearest."""
    for key in ("group", "time"):
        if given.get(key) and not (key == "group" and given[key].strip().lower() in units.NO_GROUP):
            choosing.choose_column(given[key], names, key)
    for name in filter(None, (part.strip() for part in given.get("drop", "").split(","))):
        choosing.choose_column(name, names, "setting drop")


def _files(resources: tuple[Path, ...]) -> list[Path]:
    """The files given, and those directly inside folders given, in a settled order."""
    found: list[Path] = []
    for path in resources:
        found += sorted(item for item in path.iterdir() if item.is_file()) if path.is_dir() else [path]
    return found


def _ways() -> str:
    agents = [name for name in OTHER_AGENTS if shutil.which(name)]
    here = f"--agent {' or --agent '.join(agents)}" if agents else f"none of {', '.join(OTHER_AGENTS)} is on PATH"
    return (
        f"Name a bundled set with --set dataset=NAME ({', '.join(bundled.TARGETS)}), give a table with "
        f"--resources FILE.csv, or use an agent that needs none ({here})."
    )
