"""A click on a loop's panel as a command: what the page sent, checked, in the engine's own words."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any

from autor_nb import loop_control
from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops import commands as cmd
from autor_nb.domain.loops.config import duration_s
from autor_nb.domain.loops.forks import SEEDS
from autor_nb.domain.loops.idea import Idea, person_idea
from autor_nb.store.eventlog import utc_now

_ID = re.compile(r"[0-9a-zA-Z][0-9a-zA-Z-]{11,39}")
MOST_SEEDS = 200
Args = dict[str, Any]


def command(message: dict[str, Any]) -> cmd.LoopCommand:
    """The command that a page asked for; UsageError if it is not one."""
    said, args = str(message.get("command", "")), message.get("args") or {}
    make = _MAKERS.get(said)
    if make is None or not isinstance(args, dict):
        raise UsageError(f"The panel asked for {said!r}, which this version does not know.", "Reload the page.")
    sent = str(message.get("id", ""))
    head: dict[str, Any] = {
        "id": sent if _ID.fullmatch(sent) else loop_control.new_id(),
        "at": utc_now(),
        "by": loop_control.actor("panel"),
    }
    try:
        return make(head, args)
    except UsageError:
        raise
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"The panel's {said} was not understood: {error}.", "Reload the page.") from error


def seeds(message: dict[str, Any]) -> int:
    """On how many common fresh seeds forks are to be compared."""
    args = message.get("args") or {}
    text = str(args.get("seeds") or SEEDS).strip() if isinstance(args, dict) else ""
    if not text.isascii() or not text.isdigit() or not 2 <= int(text) <= MOST_SEEDS:
        raise UsageError(f"{text[:40]!r} seeds cannot be run.", f"Give a whole number from 2 to {MOST_SEEDS}.")
    return int(text)


def _whole(args: Args, name: str) -> int | None:
    value = args.get(name)
    return None if value in (None, "") else int(str(value))


def _number(args: Args, name: str, what: str) -> float | None:
    text = str(args.get(name) or "").strip()
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UsageError(f"{text!r} is no number for {what}.", "Write it like 0.1, or leave the field empty.")
    return value


def _wall(args: Args) -> float | None:
    text = str(args.get("wall") or "").strip()
    seconds = duration_s(text) if text else None
    if text and not seconds:
        raise UsageError(f"{text!r} is no time.", "Write 90s, 30m or 8h.")
    return seconds


def pinned(text: str, knobs: str) -> Idea:
    """The idea in a person's words; `knobs` has one `name = value` a line, the value as JSON or a plain word."""
    change: dict[str, Any] = {}
    for number, line in enumerate(knobs.splitlines(), 1):
        if not line.strip():
            continue
        name, sign, value = line.partition("=")
        if not sign or not name.strip() or not value.strip():
            raise UsageError(
                f"Line {number} of the knobs, {line.strip()[:60]!r}, is no `name = value`.", "One knob a line."
            )
        change[name.strip()] = _value(value.strip())
    if not text.strip():
        if not change:
            raise UsageError("The idea is empty.", "Say in a sentence what to try, or name a knob and its value.")
        text = "Set " + ", ".join(f"{name} to {value}" for name, value in change.items())
    return person_idea(text, change)


def _value(word: str) -> Any:
    try:
        value = json.loads(word)
    except ValueError:
        return word
    return value if isinstance(value, str | int | float | bool) else word


def _start(head: Args, args: Args) -> cmd.LoopCommand:
    return cmd.StartLoop(**head, iterations=_whole(args, "iterations"), wall_s=_wall(args))


_MAKERS: dict[str, Callable[[Args, Args], cmd.LoopCommand]] = {
    "start": _start,
    "pause": lambda head, args: cmd.PauseLoop(**head),
    "resume": lambda head, args: cmd.ResumeLoop(**head),
    "stop": lambda head, args: cmd.StopLoop(**head, reason=str(args.get("reason") or "")),
    "veto": lambda head, args: cmd.VetoIdea(**head, n=_whole(args, "n"), why=str(args.get("why") or "")[:500]),
    "pin": lambda head, args: cmd.PinIdea(
        **head, idea=pinned(str(args.get("text") or ""), str(args.get("knobs") or ""))
    ),
    "repeat": lambda head, args: cmd.AddRepeats(**head, n=_whole(args, "n"), pairs=_whole(args, "pairs") or 4),
    "confirm": lambda head, args: cmd.ConfirmLoop(
        **head, wall_s=_wall(args), cost_usd=_number(args, "cost", "the cost in USD")
    ),
    "grant": lambda head, args: cmd.GrantBudget(**head, alpha=_number(args, "alpha", "α")),
    "audit": lambda head, args: cmd.AuditLoop(**head),
}
