"""`demo`: one complete run without questions, and where everything it made lies."""

from __future__ import annotations

import time
from pathlib import Path

import click

from autor_nb import control
from autor_nb.domain.run import RunStatus
from autor_nb.store.layout import RunFolder
from autor_nb.verbs import card, follow, request
from autor_nb.verbs.blocks import Block, Cell, Facts, Heading, Mark, Next, Para, Table
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import pass_face, verb

GOAL = (
    "Which of several tuned model families detects malignant breast tumours best from measurements of cell "
    "nuclei, by how much, and is the difference large enough to matter?"
)


@verb(name="demo", examples=("autor demo", "autor demo my_demo"))
@click.argument("folder", default="autor_demo", type=click.Path())
@click.option("--dataset", default="breast_cancer", show_default=True, help="A data set that is bundled.")
@click.option("--agent", default="tabular", show_default=True, help="Who does the work.")
@pass_face
def demo(face: Face, folder: str, dataset: str, agent: str) -> Result:
    """Carry one complete run out, from a goal to a paper, without a question."""
    place = Path(face.runs_dir) if face.runs_dir else Path(folder).expanduser().resolve() / "runs"
    face.runs_dir = str(place)
    goal = GOAL if dataset == "breast_cancer" else f"Which model family predicts the target of {dataset} best?"
    began = time.monotonic()
    run = control.create(
        request.build(
            face, goal, {"agent": agent, "reviewer": "auto", "intake": False, "options": {"dataset": dataset}}
        )
    )
    face.say(f"Run {run.run_id} has begun in {run.path}; it takes about two minutes.")
    snapshot = follow.until(face, run, "done")
    return outcome(run, snapshot, time.monotonic() - began)


def outcome(run: RunFolder, snapshot: control.Snapshot, took_s: float) -> Result:
    """Stages, notebooks, the paper."""
    rows: list[tuple[Cell, ...]] = []
    for stage in snapshot.state.stages:
        attempt = stage.latest
        checks = f"{attempt.checks_total} ({len(attempt.open_blocking)} blocking)" if attempt else ""
        rows.append(
            (
                stage.ref.number,
                stage.ref.title,
                Mark(str(stage.status)),
                str(len(stage.attempts)),
                checks,
                attempt.notebook.removeprefix("stages/") if attempt else "",
            )
        )
    paper = card.pdf_of(run)
    done = snapshot.status is RunStatus.COMPLETED
    blocks: list[Block] = [
        Heading(f"Run {run.run_id}", Mark(str(snapshot.status)), f"after {card.duration(took_s)}"),
        Table(("", "Stage", "State", "Attempts", "Checks", "Notebook"), tuple(rows)),
        Facts((("Folder", str(run.path)), ("Notebooks", str(run.stages)), ("Paper", str(paper or "none")))),
    ]
    if not done:
        blocks.append(Para(snapshot.state.last_error or snapshot.state.pause_reason or "The run did not complete."))
    runs = f" --runs-dir {run.path.parent}"
    blocks.append(
        Next(
            (
                (f"autor show --run {run.run_id} 07{runs}", "the summary of the writing stage"),
                ("autor lab", "the same in a notebook, deciding yourself"),
            )
        )
    )
    facts = {**card.run_facts(run, snapshot), "took_s": round(took_s, 3)}
    return Result(facts=facts, blocks=tuple(blocks), exit_code=0 if done else 1, state=run)
