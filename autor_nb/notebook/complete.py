"""Completion of `%autor` lines: verbs, options, run ids, stages and names, instead of Python's own names."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

_LINE = re.compile(r"^\s*%%?autor(?:\s+(?P<rest>.*))?$", re.S)


def candidates(line: str) -> list[str] | None:
    """What may stand at the end of the line; None if it is no line of ours."""
    found = _LINE.match(line)
    if not found or found.group("rest") is None:
        return None
    from autor_nb.verbs.tree import VERBS, Tree, named

    rest = found.group("rest")
    typed = rest.split()
    last = "" if not rest or rest[-1].isspace() else typed.pop()
    command, _ = named(typed)
    if command is None:
        return [name for name in (*VERBS, "--help", "--json") if name.startswith(last)]
    if isinstance(command, Tree):
        return [name for name in (*command.table, "--help") if name.startswith(last)]
    before = typed[-1] if typed else ""
    return sorted({name for name in _names(command, before, last) if name.startswith(last)})


def _names(command: Any, before: str, last: str) -> list[str]:
    import click

    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    for option in options:
        if before in option.opts and not option.is_flag:
            return _values(option)
    if last.startswith("-"):
        return ["--help", *(name for option in options for name in (*option.opts, *option.secondary_opts))]
    arguments = [parameter for parameter in command.params if isinstance(parameter, click.Argument)]
    return [value for argument in arguments for value in _values(argument)]


def _values(parameter: Any) -> list[str]:
    import click

    if isinstance(parameter.type, click.Choice):
        return [str(choice) for choice in parameter.type.choices]
    asked = _BY_NAME.get(parameter.name)
    if asked is not None:
        return asked()
    context = click.Context(click.Command("autor"))
    return [
        item.value
        for item in parameter.type.shell_complete(context, parameter, "")
        if getattr(item, "type", "plain") == "plain"
    ]


def _agents() -> list[str]:
    from autor_nb import registry

    return registry.names("agents")


def _venues() -> list[str]:
    from autor_nb.store.venues import venues

    return list(venues())


_BY_NAME: dict[str, Callable[[], list[str]]] = {"agent": _agents, "venue": _venues}


def matcher(context: Any) -> dict[str, Any]:
    """IPython's matcher: what it finds replaces everybody else's suggestions on our lines."""
    from IPython.core.completer import SimpleCompletion

    line = context.full_text.splitlines()[context.cursor_line] if context.full_text else ""
    before = line[: context.cursor_position]
    try:
        found = candidates(before)
    except Exception:  # a completer that raises makes typing unbearable
        found = None
    if found is None:
        return {"completions": []}
    fragment = before.split()[-1] if before and not before[-1].isspace() else ""
    return {
        "completions": [SimpleCompletion(text=name, type="param") for name in found],
        "matched_fragment": fragment,
        "suppress": True,
    }


matcher.matcher_api_version = 2  # type: ignore[attr-defined]
matcher.matcher_identifier = "autor_nb.matcher"  # type: ignore[attr-defined]


def register(shell: Any) -> None:
    """Add the matcher, once."""
    completer = getattr(shell, "Completer", None)
    if completer is not None and matcher not in completer.custom_matchers:
        completer.custom_matchers.append(matcher)


def unregister(shell: Any) -> None:
    """Take it away."""
    completer = getattr(shell, "Completer", None)
    if completer is not None and matcher in completer.custom_matchers:
        completer.custom_matchers.remove(matcher)
