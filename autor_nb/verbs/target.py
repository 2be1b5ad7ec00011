"""Which run a verb means: the one that is named, else the only one that fits; never a guess among several."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import click

from autor_nb import control
from autor_nb.domain.errors import UsageError
from autor_nb.store import layout, preferences
from autor_nb.store.layout import RunFolder
from autor_nb.verbs import clean
from autor_nb.verbs.result import Face

Fits = Callable[["control.Snapshot"], bool]


def root(face: Face) -> Path:
    """Where runs lie for this face."""
    place = layout.runs_root(face.runs_dir)
    if face.runs_dir or os.environ.get("AUTOR_RUNS_DIR") or place.is_dir():
        return place
    said = preferences.read().get("runs_dir")
    return Path(str(said)).expanduser().resolve() if said else place


def named(face: Face, run_id: str) -> RunFolder:
    """The run of that id (or `latest`)."""
    return layout.find_run(root(face), run_id)


def newest(face: Face, run_id: str | None = None) -> RunFolder:
    """The named run, else one that waits for a person, else the newest."""
    if run_id:
        return named(face, run_id)
    runs = layout.all_runs(root(face))
    if not runs:
        raise UsageError(f"There is no run under {root(face)} yet.", '`autor new --goal "…"` starts one.')
    return next((run for run in runs if waits(control.snapshot(run))), runs[0])


def waits(snapshot: control.Snapshot) -> bool:
    """Whether it waits for a person."""
    return snapshot.waiting == "person"


def only(face: Face, run_id: str | None, fits: Fits, what: str) -> RunFolder:
    """The named run, else the only one that fits, else the only one; several are refused by name."""
    if run_id:
        return named(face, run_id)
    runs = layout.all_runs(root(face))
    fitting = [run for run in runs if fits(control.snapshot(run))]
    if len(fitting) == 1:
        return fitting[0]
    if len(fitting) > 1:
        raise UsageError(
            f"{len(fitting)} runs {what}: {_listed(fitting)}.",
            "Say which with `--run ID`; `autor runs` tells them apart.",
        )
    if len(runs) == 1:
        return runs[0]
    if not runs:
        raise UsageError(f"There is no run under {root(face)} yet.", '`autor new --goal "…"` starts one.')
    raise UsageError(f"No run here {_singular(what)}.", f"Say which run you mean with `--run ID`: {_listed(runs)}.")


def _singular(what: str) -> str:
    verb, _, rest = what.partition(" ")
    return " ".join(part for part in (f"{verb}s", rest) if part)


def _listed(runs: list[RunFolder]) -> str:
    shown = [f"{run.run_id} ({clean.line(control.snapshot(run).state.goal, 40)})" for run in runs[:6]]
    return ", ".join(shown) + (f" and {len(runs) - 6} more" if len(runs) > 6 else "")


class RunId(click.ParamType[str]):
    """A run's id, completed from the runs that are there."""

    name = "run"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[click.shell_completion.CompletionItem]:
        """Ids that begin so."""
        from click.shell_completion import CompletionItem

        ids = ["latest", *(run.run_id for run in layout.all_runs(layout.runs_root()))]
        return [CompletionItem(run_id) for run_id in ids if run_id.startswith(incomplete)]


class StageId(click.ParamType[str]):
    """A stage: `3`, `03` or `03_study_design`."""

    name = "stage"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[click.shell_completion.CompletionItem]:
        """Slugs that begin so."""
        from click.shell_completion import CompletionItem

        from autor_nb.store import templates

        return [CompletionItem(spec.slug) for spec in templates.stages(intake=True) if spec.slug.startswith(incomplete)]


run_option = click.option("--run", "run_id", type=RunId(), metavar="ID", help="The run (or `latest`).")
run_too = click.option("--run", "run_too", type=RunId(), metavar="ID", help="The run, said as an option.")
run_argument = click.argument("run_id", required=False, type=RunId(), metavar="[RUN]")


def either(first: str | None, second: str | None) -> str | None:
    """A run that may be named as a word or by --run, but not as two different ones."""
    if first and second and first != second:
        raise UsageError(f"Two runs are named: {first} and {second}.", "Name one.")
    return first or second
