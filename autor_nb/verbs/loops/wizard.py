"""`autor loop doctor` and `autor loop wizard`: the checks before a start, all at once or one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click
import msgspec

from autor_nb import loop_preflight
from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.preflight import (
    CANARY,
    IDS,
    CheckResult,
    PreflightAnswer,
    PreflightRequest,
    StepRow,
    blocking,
    ready,
    runs,
)
from autor_nb.record.units import duration_words
from autor_nb.store.loops.config_file import declared
from autor_nb.store.loops.layout import all_loops
from autor_nb.verbs import clean
from autor_nb.verbs.blocks import Block, Cell, Heading, Items, Mark, Next, Para, Table
from autor_nb.verbs.loops import loop_named
from autor_nb.verbs.loops.session import NOT_READY, one_of
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import pass_face, verb

STEPS = (*IDS, CANARY)
WORDS = {"ok": "ok", "warning": "warn", "blocking": "fail"}


no_canary = click.option("--no-canary", is_flag=True, help="Leave the canary out, which is one more run.")


@verb(name="doctor", examples=("autor loop doctor", "autor loop doctor tsp --json", "autor loop doctor --no-canary"))
@loop_named.loop_argument
@loop_named.loop_option
@no_canary
@pass_face
def doctor(face: Face, name: str | None, name_too: str | None, no_canary: bool) -> Result:
    """Look whether a loop can start: sixteen checks and the canary, each with its mend. Exit code 2 if one forbids it.

    The command runs once in a clone that is thrown away, and once more in one whose mutable files are broken on
    purpose: that must show. Nothing of yours is changed.
    """
    answer = _asked(face, one_of(name, name_too), "all", canary=not no_canary)
    stops = blocking(answer.results)
    said = f"{len(stops)} of {len(answer.results)} checks forbid to start" if stops else "it can start"
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (Mark(WORDS[one.state]), one.id, clean.line(one.detail, 400)) for one in answer.results
    )
    blocks: list[Block] = [
        Heading(f"Loop {answer.name}", Mark("fail" if stops else "ok"), said),
        Table(("", "Check", "Found"), rows),
        *_mends(answer.results),
    ]
    if answer.notes:
        blocks.append(Items(answer.notes, title="What stands in for parts that are not here"))
    start = f"autor loop start {answer.name} --iterations 20"
    step = (f"autor loop doctor {answer.name}", "looks again") if stops else (start, "sets it to work")
    blocks.append(Next((step,)))
    facts = {
        "loop": answer.name,
        "ready": ready(answer.results),
        "blocking": [one.id for one in stops],
        "checks": [_plain(one) for one in answer.results],
        "notes": list(answer.notes),
    }
    hints = tuple(f"{one.id}: {one.fix}" for one in stops) or (f"{step[0]}: {step[1]}",)
    return Result(facts, tuple(blocks), hints, NOT_READY if stops else 0)


@verb(
    name="wizard",
    examples=("autor loop wizard", "autor loop wizard next", "autor loop wizard step command_runs --loop tsp"),
)
@click.argument("do", required=False, default="status", type=click.Choice(["status", "next", "step", "reset"]))
@click.argument("step", required=False, type=loop_named.Known("check", lambda: STEPS), metavar="[CHECK]")
@loop_named.loop_option
@no_canary
@pass_face
def wizard(face: Face, do: str, step: str | None, name_too: str | None, no_canary: bool) -> Result:
    """Walk through the same checks one by one: status · next · step CHECK · reset. Exit code 2 if one forbids to start.

    What was found is kept until the configuration changes.
    """
    if do == "step" and not step:
        raise UsageError("Which check is not said.", f"`autor loop wizard step CHECK`; known: {', '.join(STEPS)}.")
    if do != "step" and step:
        said = clean.line(step, 40)
        one = f"`autor loop wizard step {said}` makes one."
        if step not in STEPS:
            one = f"`--loop {said}` names a loop."
        raise UsageError(f"`wizard {do}` takes no check.", one)
    answer = _asked(face, name_too, do, step or "", canary=not no_canary)
    return _walked(answer, do)


def _walked(answer: PreflightAnswer, do: str) -> Result:
    steps = answer.steps
    done = sum(_done(one) for one in steps)
    waiting = next((one for one in steps if not _done(one)), None)
    stops = [one for one in steps if one.result is not None and one.result.state == "blocking"]
    mark = Mark("fail" if stops else "ok" if waiting is None else "waits")
    blocks: list[Block] = [Heading(f"Loop {answer.name}", mark, f"{done} of {len(steps)} steps are done")]
    made = answer.made
    if made is not None and made.result is not None:
        blocks.append(Para(f"{made.title}: {clean.line(made.result.detail, 400)} {made.result.fix}".strip()))
    rows: list[tuple[Cell, ...]] = []
    for number, one in enumerate(steps, 1):
        found = one.result
        word = Mark(WORDS[found.state] if found is not None else "waits")
        detail = clean.line(found.detail, 200) if found is not None else ""
        rows.append((str(number), word, one.id, one.title, detail))
    blocks.append(Table(("", "", "Check", "Step", "Found"), tuple(rows)))
    blocks += _mends([one.result for one in steps if one.result is not None])
    following = _next(answer.name, waiting)
    blocks.append(Next((following,)))
    facts = {
        "loop": answer.name,
        "ready": waiting is None,
        "done": done,
        "steps": [{"id": one.id, "title": one.title, "at": one.at or None,
                   "result": _plain(one.result) if one.result else None} for one in steps],
        "made": made.id if made else None,
        "next": waiting.id if waiting else None,
        "did": do,
    }  # fmt: skip
    wrong = (made is not None and not _done(made)) or (do in ("status", "next") and bool(stops))
    return Result(facts, tuple(blocks), (f"{following[0]}: {following[1]}",), NOT_READY if wrong else 0)


def _mends(results: Sequence[CheckResult]) -> list[Block]:
    """What is to be done, whole: a table would cut it, and with it the command to type. What forbids comes first."""
    wrong = sorted((one for one in results if one.fix), key=lambda one: one.state != "blocking")
    said = tuple(f"{one.id}: {one.detail} {one.fix}" for one in wrong)
    return [Items(said, title="Mends")] if said else []


def _next(name: str, waiting: StepRow | None) -> tuple[str, str]:
    if waiting is None:
        return (f"autor loop start {name} --iterations 20", "every step is done: set it to work")
    if waiting.result is not None:
        return (f"autor loop wizard step {waiting.id}", f"again, after this: {waiting.result.fix or 'mend it'}")
    return ("autor loop wizard next", f"makes the next step: {waiting.title}")


def _done(step: StepRow) -> bool:
    return step.result is not None and step.result.state != "blocking"


def _plain(result: CheckResult) -> dict[str, Any]:
    return {"fix": "", **msgspec.to_builtins(result)}


def _asked(face: Face, name: str | None, do: str, step: str = "", *, canary: bool = True) -> PreflightAnswer:
    """Ask for the checks, telling each as it is made, and what takes long before it does."""
    project = loop_named.project_here()
    if name is None:
        known = sorted({*(one.name for one in declared(project)), *(loop.name for loop in all_loops(project))})
        if len(known) > 1:
            raise UsageError(f"{project} has {len(known)} loops: {', '.join(known)}.", "Say which: give its name.")
        name = known[0] if known else None
    request = PreflightRequest(project=str(project), name=name, do=do, step=step, canary=canary)
    found: list[CheckResult] = []

    def tell(one: CheckResult) -> None:
        found.append(one)
        face.say(_line(one))
        if do == "all" and (coming := _coming(found, canary)):
            face.say(f"{'...':5} {coming}")

    return loop_preflight.checks(request, tell)


def _coming(found: list[CheckResult], canary: bool) -> str:
    """What comes next, where it takes as long as the person's command."""
    if found[-1].id == IDS[IDS.index("command_runs") - 1]:
        return "command_runs: runs the command once, in a clone that is thrown away"
    if found[-1].id != IDS[-1] or not canary or not runs(found):
        return ""
    takes = duration_words(max(one.takes_s for one in found))
    return f"canary: runs the command once more with the mutable files broken, about {takes}; --no-canary leaves it out"


def _line(one: CheckResult) -> str:
    return clean.line(f"{WORDS[one.state]:5} {one.id}: {one.detail}", 200)
