"""`panel`: the control desk of a run in a notebook; elsewhere the same state as a card, and how to open the desk."""

from __future__ import annotations

import dataclasses

import click

from autor_nb import control
from autor_nb.domain.errors import UsageError
from autor_nb.verbs import card, look, target
from autor_nb.verbs.blocks import Para
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import pass_face, verb

KINDS = ("runs", "checks", "artifacts", "figures")


@verb(name="panel", examples=("autor panel", "autor panel latest", "autor panel --runs", "autor panel --figures"))
@target.run_argument
@target.run_too
@click.option("--runs", "runs", is_flag=True, help="All runs: what waits for you first.")
@click.option("--checks", "checks", is_flag=True, help="The checks of every attempt.")
@click.option("--artifacts", "artifacts", is_flag=True, help="The files of the workspace, with previews.")
@click.option("--figures", "figures", is_flag=True, help="The run in pictures, kept up to date.")
@pass_face
def panel(face: Face, run_id: str | None, run_too: str | None, **kinds: bool) -> Result:
    """Steer a run with buttons, in a notebook: what it does, its draft, its checks, and your decision."""
    chosen = [kind for kind in KINDS if kinds[kind]]
    if len(chosen) > 1:
        raise UsageError(f"One panel at a time: {' and '.join(chosen)} were asked for.", "`%autor panel --help`")
    kind = chosen[0] if chosen else "run"
    if kind == "runs":
        said = look.listed(face, every=False)
        return dataclasses.replace(said, panel=kind, state=target.root(face))
    run = target.newest(face, target.either(run_id, run_too))
    lead = () if face.name == "notebook" else (Para("The panel opens in a notebook: `%autor panel`.", quiet=True),)
    return dataclasses.replace(card.run_card(run, control.snapshot(run), *lead), panel=kind)
