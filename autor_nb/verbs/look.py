"""The verbs that only look: `status`, `runs`, `show`, and the card that says what to do now."""

from __future__ import annotations

import json
from typing import Any

import click
import msgspec

from autor_nb import control
from autor_nb.domain import events as ev
from autor_nb.domain import policy
from autor_nb.domain.errors import UsageError
from autor_nb.domain.state import AttemptState, RunState
from autor_nb.store import eventlog, layout, templates
from autor_nb.store.layout import RunFolder
from autor_nb.verbs import card, clean, target
from autor_nb.verbs.blocks import Block, Cell, Heading, Mark, Next, Para, Prose, Table, Verbatim
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import pass_face, verb

SHOWN = 20


@verb(name="status", examples=("autor status", "autor status latest"))
@target.run_argument
@target.run_too
@pass_face
def status(face: Face, run_id: str | None, run_too: str | None) -> Result:
    """How a run stands, and the next step; without a name, the run that waits for you, else the newest."""
    run = target.newest(face, target.either(run_id, run_too))
    return card.run_card(run, control.snapshot(run))


@verb(name="runs", examples=("autor runs", "autor runs --all"))
@click.option("--all", "every", is_flag=True, help=f"All of them, not only the newest {SHOWN}.")
@pass_face
def runs(face: Face, every: bool) -> Result:
    """The runs, newest first."""
    return listed(face, every)


def listed(face: Face, every: bool) -> Result:
    """The list of runs, the newest or all."""
    found = layout.all_runs(target.root(face))
    shown = [(run, control.snapshot(run)) for run in (found if every else found[:SHOWN])]
    facts = {
        "root": str(target.root(face)),
        "count": len(found),
        "runs": [_brief(run, snapshot) for run, snapshot in shown],
    }
    if not found:
        steps = (('autor new --goal "…"', "starts one"), ("autor demo", "shows a complete one"))
        return Result(
            facts=facts,
            blocks=(Para(f"There is no run under {target.root(face)} yet."), Next(steps)),
            hints=tuple(f"{command}: {why}" for command, why in steps),
        )
    blocks: list[Block] = [run_table(shown)]
    if len(found) > len(shown):
        blocks.append(Para(f"{len(found) - len(shown)} older ones: `autor runs --all`.", quiet=True))
    return Result(facts=facts, blocks=tuple(blocks))


def run_table(shown: list[tuple[RunFolder, control.Snapshot]]) -> Table:
    """Runs, one a row."""
    rows: list[tuple[Cell, ...]] = []
    for run, snapshot in shown:
        state = snapshot.state
        approved = sum(stage.approved is not None for stage in state.stages)
        waits = "you" if snapshot.waiting == "person" else "the engine" if snapshot.waiting == "engine" else ""
        rows.append(
            (
                run.run_id,
                Mark(str(snapshot.status)),
                state.current or "",
                f"{approved}/{len(state.stages)}",
                waits,
                clean.line(f"damaged: {state.damaged}" if state.damaged else state.goal, 100),
            )
        )
    return Table(("Run", "State", "Stage", "Approved", "Waits for", "Goal"), tuple(rows))


def _brief(run: RunFolder, snapshot: control.Snapshot) -> dict[str, Any]:
    state = snapshot.state
    return {
        "run_id": run.run_id,
        "state": str(snapshot.status),
        "waiting": snapshot.waiting,
        "current_stage": state.current,
        "goal": state.goal[:500],
        "created_at": state.created_at,
        "updated_at": state.updated_at,
        "approved": sum(stage.approved is not None for stage in state.stages),
        "stages": len(state.stages),
        "damaged": state.damaged or None,
    }


def what_now(face: Face) -> Result:
    """What waits for you, what runs, the next command; the loops of the project, if it has any."""
    from autor_nb.verbs.loops import overview

    loops = overview.beside_runs()
    found = [(run, control.snapshot(run)) for run in layout.all_runs(target.root(face))]
    waiting = [pair for pair in found if pair[1].waiting == "person"]
    working = [pair for pair in found if pair[1].waiting == "engine"]
    damaged = [pair for pair in found if pair[1].state.damaged]
    facts = {
        "root": str(target.root(face)),
        "count": len(found),
        "waiting": [_brief(*pair) for pair in waiting],
        "working": [_brief(*pair) for pair in working],
        "damaged": [_brief(*pair) for pair in damaged],
        "loops": loops.facts,
    }
    steps = _what_next(waiting, working, found)
    if loops.facts:
        steps = (*steps, ("autor loop", "the loops of this project")) if found else loops.steps
    said = f"{len(waiting)} wait for you, {len(working)} are at work, {len(found)} in all"
    blocks: list[Block] = [Heading("What now", None, said if found else "no run here yet")]
    if waiting or working or damaged:
        blocks.append(run_table([*waiting, *working, *damaged]))
    elif found:
        blocks.append(run_table(found[:3]))
    blocks += loops.blocks
    blocks += [Next(steps), Para("`autor --help` lists every verb.", quiet=True)]
    return Result(
        facts={**facts, "next": [step[0] for step in steps]},
        blocks=tuple(blocks),
        hints=tuple(f"{command}: {why}" for command, why in steps),
    )


_Pairs = list[tuple[RunFolder, control.Snapshot]]


def _what_next(waiting: _Pairs, working: _Pairs, found: _Pairs) -> card.Steps:
    if len(waiting) == 1:
        return card.next_steps(*waiting[0])
    if waiting:
        return tuple(
            (f"autor status {run.run_id}", f"{snapshot.state.current} waits for you") for run, snapshot in waiting[:5]
        )
    if working:
        return card.next_steps(*working[0])
    start = (
        ('autor new --goal "…"', "starts a run"),
        ("autor demo", "shows a complete one without questions"),
    )
    return (*card.next_steps(*found[0]), *start[:1]) if found else start


# ------------------------------------------------------------------------------------------------- show


@verb(
    name="show",
    examples=(
        "autor show",
        "autor show 03",
        "autor show 05 --attempt 2 --checks",
        "autor show --decisions > decisions.yaml",
    ),
)
@target.run_option
@click.option("--attempt", type=int, help="The attempt (else the one in review, else the approved, else the newest).")
@click.option("--checks", "part", flag_value="checks", help="The checks, with their remedies.")
@click.option("--prompt", "part", flag_value="prompt", help="The exact prompt.")
@click.option("--goal", "part", flag_value="goal", help="The goal, as it was typed.")
@click.option("--decisions", "part", flag_value="decisions", help="What was decided, as `new --decisions` replays it.")
@click.option("--notebook", "part", flag_value="notebook", help="Where the executed notebook is.")
@click.argument("stage", required=False, type=target.StageId())
@pass_face
def show(face: Face, run_id: str | None, attempt: int | None, part: str | None, stage: str | None) -> Result:
    """Show a stage's summary (the draft in review, unless said), its checks or its prompt, as it is."""
    run = target.newest(face, run_id)
    state = control.snapshot(run).state
    if part == "goal":
        text = _read(run, "user_input.txt")
        return _document(run, {"part": "goal"}, "Goal", text)
    if part == "decisions":
        return _decisions(run)
    shown = chosen(run, state, stage, attempt)
    facts = {
        "run_id": run.run_id,
        "stage": shown.stage,
        "attempt": shown.attempt,
        "status": str(shown.status),
        "part": part or "summary",
    }
    title = f"{shown.stage} attempt {shown.attempt}"
    if part == "checks":
        return checks_result(run, shown, facts)
    if part == "notebook":
        return _notebook(run, shown, facts)
    path = shown.prompt_path if part == "prompt" else shown.summary_path
    if not path:
        raise UsageError(
            f"{title} left no {part or 'summary'}: {shown.ending or 'it is being worked on'}.",
            f"`autor show {shown.stage[:2]} --checks` tells why.",
        )
    return _document(run, facts, title, _read(run, path), prose=part is None)


def _decisions(run: RunFolder) -> Result:
    """The run's decisions as a YAML file that leads another run the same way."""
    import yaml

    events, _ = eventlog.read(run.events)
    recorded = policy.decisions_of(events)
    alone = [
        f"# by hand, not replayed: {type(event).__name__} {event.stage} attempt {event.attempt}\n"
        for event in events
        if isinstance(event, ev.CheckWaived | ev.DraftEdited)
    ]
    items = [msgspec.to_builtins(entry) for entry in recorded]
    text = "".join(alone) + yaml.safe_dump(items, allow_unicode=True, sort_keys=False)
    return _document(run, {"part": "decisions", "decisions": items}, "Decisions", text)


def chosen(run: RunFolder, state: RunState, key: str | None, number: int | None) -> AttemptState:
    """The attempt that is meant."""
    stage = None
    if key is not None:
        stage = state.stage(templates.resolve_stage(key, [item.ref for item in state.stages]).slug)
    elif state.under_review is not None:
        stage = state.stage(state.under_review.stage)
    else:
        begun = [item for item in state.stages if item.attempts]
        stage = begun[-1] if begun else None
    if stage is None or not stage.attempts:
        name = stage.ref.slug if stage else "the run"
        raise UsageError(f"Nothing was done yet in {name}.", f"`autor status {run.run_id}`")
    if number is None:
        if state.review is not None and state.review[0] == stage.ref.slug:
            number = state.review[1]
        else:
            number = stage.approved or len(stage.attempts)
    attempt = stage.attempt(number)
    if attempt is None:
        raise UsageError(
            f"{stage.ref.slug} has no attempt {number}: it has {len(stage.attempts)}.",
            f"`autor show {stage.ref.number} --attempt {len(stage.attempts)}`",
        )
    return attempt


def checks_result(run: RunFolder, attempt: AttemptState, facts: dict[str, Any]) -> Result:
    """The checks of an attempt: what fails first."""
    checks = card.checks_of(run, attempt)
    waived = {waiver.check_id for waiver in attempt.waivers}
    rows: list[tuple[Cell, ...]] = []
    for check in sorted(checks, key=lambda check: (check.passed, check.severity != "blocking")):
        word = "passed" if check.passed else "waived" if check.id in waived else str(check.severity)
        rows.append((Mark(word), check.id, clean.line(f"{check.subject} {check.detail}", 200), check.remedy))
    title = f"Checks of {attempt.stage} attempt {attempt.attempt}"
    failing = sum(check.blocks and check.id not in waived for check in checks)
    said = f"{len(checks)} checks, {failing} stop an approval" if checks else "not checked yet"
    blocks: tuple[Block, ...] = (
        Heading(title, None, said),
        Table(("", "Check", "What was read", "Remedy"), tuple(rows)),
    )
    data = {**facts, "checks": [json.loads(_json(check)) for check in checks], "failing": failing}
    return Result(facts=data, blocks=blocks, state=run)


def _json(thing: Any) -> bytes:
    return msgspec.json.encode(thing)


def _notebook(run: RunFolder, attempt: AttemptState, facts: dict[str, Any]) -> Result:
    if not attempt.notebook:
        raise UsageError(
            f"{attempt.stage} attempt {attempt.attempt} has no notebook yet.",
            f"`autor wait {run.run_id}` waits for it.",
        )
    path = run.path / attempt.notebook
    return Result(facts={**facts, "notebook": str(path)}, blocks=(Verbatim(str(path)),), document=str(path))


def _document(run: RunFolder, facts: dict[str, Any], title: str, text: str, prose: bool = False) -> Result:
    block: Block = Prose(text, title) if prose else Verbatim(text, title)
    return Result(facts={**facts, "run_id": run.run_id, "text": text}, blocks=(block,), document=text, state=run)


def _read(run: RunFolder, relative: str) -> str:
    try:
        return (run.path / relative).read_bytes().decode("utf-8", "replace")
    except OSError as error:
        raise UsageError(
            f"{relative} of run {run.run_id} cannot be read: {error.strerror}.",
            f"`autor verify {run.run_id}` says what else is missing.",
        ) from error


def summary_of(run: RunFolder, attempt: AttemptState) -> str:
    """An attempt's summary, or nothing if it left none."""
    return _read(run, attempt.summary_path) if attempt.summary_path else ""
