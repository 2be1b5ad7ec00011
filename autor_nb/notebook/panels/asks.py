"""A click as a command: what the page sent, checked, in the engine's own words."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from autor_nb import control
from autor_nb.domain import commands as cmd
from autor_nb.domain.errors import UsageError
from autor_nb.domain.run import QA
from autor_nb.store.eventlog import utc_now

_ID = re.compile(r"[0-9a-zA-Z][0-9a-zA-Z-]{11,39}")


def command(message: dict[str, Any]) -> cmd.RunCommand:
    """The command that a page asked for; UsageError if it is not one."""
    said, args = str(message.get("command", "")), message.get("args") or {}
    make = _MAKERS.get(said)
    if make is None or not isinstance(args, dict):
        raise UsageError(f"The panel asked for {said!r}, which this version does not know.", "Reload the page.")
    sent = str(message.get("id", ""))
    head = {
        "id": sent if _ID.fullmatch(sent) else control.new_id(),
        "at": utc_now(),
        "by": control.actor("panel"),
    }
    try:
        return make(head, args)
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"The panel's {said} was not understood: {error}.", "Reload the page.") from error


def _attempt(args: dict[str, Any]) -> int | None:
    return None if args.get("attempt") is None else int(args["attempt"])


def _approve(head: dict[str, Any], args: dict[str, Any]) -> cmd.RunCommand:
    waive = {str(check): str(why) for check, why in (args.get("waive") or {}).items()}
    return cmd.Approve(
        **head,
        attempt=_attempt(args),
        draft_sha256=str(args.get("draft_sha256") or ""),
        note=str(args.get("note") or ""),
        waive=waive,
    )


def _refine(head: dict[str, Any], args: dict[str, Any]) -> cmd.RunCommand:
    number = args.get("suggestion")
    return cmd.Refine(
        **head,
        attempt=_attempt(args),
        suggestion=None if number is None else int(number),
        feedback="" if number is not None else str(args.get("feedback") or ""),
    )


def _answer(head: dict[str, Any], args: dict[str, Any]) -> cmd.RunCommand:
    given = tuple(QA(question=str(each["question"]), answer=str(each["answer"])) for each in args["answers"])
    return cmd.Answer(**head, answers=given)


def _edit(head: dict[str, Any], args: dict[str, Any]) -> cmd.RunCommand:
    return cmd.Edit(
        **head,
        attempt=_attempt(args),
        draft_sha256=str(args.get("draft_sha256") or ""),
        text=str(args["markdown"]),
    )


_MAKERS: dict[str, Callable[[dict[str, Any], dict[str, Any]], cmd.RunCommand]] = {
    "approve": _approve,
    "refine": _refine,
    "answer": _answer,
    "edit": _edit,
    "waive": lambda head, args: cmd.Waive(
        **head, check_id=str(args["check_id"]), why=str(args["why"]), attempt=_attempt(args)
    ),
    "redo": lambda head, args: cmd.Redo(**head, stage=str(args["stage"])),
    "rollback": lambda head, args: cmd.Rollback(**head, stage=str(args["stage"])),
    "undo": lambda head, args: cmd.Undo(**head),
    "abort": lambda head, args: cmd.Abort(**head, reason=str(args.get("reason") or "")),
    "stop": lambda head, args: cmd.Stop(**head),
    "resume": lambda head, args: cmd.Start(**head),
}
