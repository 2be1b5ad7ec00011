"""The click tree: every verb once, for shell and notebook; a verb is imported when it is named."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

from autor_nb.domain.errors import AutorError, RefusedError, UsageError
from autor_nb.verbs.loops import LOOP_GROUPS
from autor_nb.verbs.result import Face, Result

_HERE = "autor_nb.verbs"
VERBS: dict[str, str] = {}
GROUPS: dict[str, dict[str, str]] = {
    "Runs": {
        "new": "start:new",
        "resume": "start:resume",
        "stop": "start:stop",
        "wait": "follow:wait",
        "watch": "follow:watch",
        "status": "look:status",
        "runs": "look:runs",
        "show": "look:show",
        "panel": "panel:panel",
        "review": "review:review",
        "approve": "decision:approve_verb",
        "refine": "decision:refine_verb",
        "edit": "edit:edit_verb",
        "answer": "decision:answer_verb",
        "waive": "decision:waive_verb",
        "redo": "decision:redo_verb",
        "rollback": "decision:rollback_verb",
        "undo": "decision:undo_verb",
        "abort": "decision:abort_verb",
        "compare": "compare:compare_verb",
        "export": "export:export_verb",
        "verify": "upkeep:verify",
        "archive": "upkeep:archive",
        "rm": "upkeep:rm",
        "batch": "batch:batch",
        "demo": "demo:demo",
        "lab": "lab:lab",
    },
    "Loops": {
        "loop": "tree:loop",
    },
    "Parts": {
        "agents": "parts:agents",
        "venues": "parts:venues",
        "stages": "parts:stages",
        "doctor": "doctor:doctor",
        "recover": "upkeep:recover",
        "config": "settings:config",
    },
    "For agents": {
        "agent-info": "loops.guide:agent_info",
        "guide": "loops.guide:guide",
        "install": "loops.install:install",
    },
}
for _group in GROUPS.values():
    VERBS.update(_group)


def _set_form(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value:
        face_of(context).form = str(parameter.name)


def _set_runs_dir(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        face_of(context).runs_dir = value


def common_options() -> list[click.Parameter]:
    """What every verb takes."""
    return [
        click.Option(
            ["--json"],
            is_flag=True,
            expose_value=False,
            callback=_set_form,
            is_eager=True,
            help="Answer with the JSON envelope.",
        ),
        click.Option(
            ["--text"],
            is_flag=True,
            expose_value=False,
            callback=_set_form,
            is_eager=True,
            help="Answer with text, also when piped.",
        ),
        click.Option(
            ["--runs-dir"],
            metavar="FOLDER",
            expose_value=False,
            callback=_set_runs_dir,
            is_eager=True,
            help="Where runs lie (else AUTOR_RUNS_DIR, else the nearest runs/).",
        ),
    ]


class Verb(click.Command):
    """A verb. `text` names the parameter that takes the line's rest, `lead` how many words go before."""

    def __init__(self, *args: Any, text: str = "", lead: int = 0, examples: tuple[str, ...] = (), **more: Any) -> None:
        super().__init__(*args, **more)
        self.text, self.lead, self.examples = text, lead, examples
        self.params.extend(common_options())

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The examples."""
        if self.examples:
            with formatter.section("Examples"):
                for example in self.examples:
                    formatter.write_text(example)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse what looks like an option before the text begins; behind, it is text."""
        rest = super().parse_args(ctx, args)
        words = ctx.params.get(self.text) if self.text else None
        first = words[0] if isinstance(words, tuple) and words else ""
        if first.startswith("--") and len(first) > 2 and "--" not in args:
            raise click.NoSuchOption(first.split("=")[0], ctx=ctx, possibilities=_near(first.split("=")[0], self))
        return rest


def _near(option: str, command: click.Command) -> list[str]:
    known = [name for parameter in command.params for name in parameter.opts]
    return difflib.get_close_matches(option, known, n=1)


def verb(
    *, text: str = "", lead: int = 0, examples: tuple[str, ...] = (), **more: Any
) -> Callable[[Callable[..., Any]], Verb]:
    """Decorator: a function that answers with a Result becomes a verb."""
    settings = {"ignore_unknown_options": True} if text else {}
    made: Callable[[Callable[..., Any]], Verb] = click.command(
        cls=Verb, text=text, lead=lead, examples=examples, context_settings=settings, **more
    )
    return made


class Tree(click.Group):
    """Verbs in groups; each is imported when it is named. `groups` may grow after the tree was made."""

    def __init__(self, *args: Any, groups: Mapping[str, Mapping[str, str]], **more: Any) -> None:
        super().__init__(*args, **more)
        self.groups = groups

    @property
    def table(self) -> dict[str, str]:
        """All verbs, in the order of the groups."""
        return {name: where for group in self.groups.values() for name, where in group.items()}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All verbs, in the order of the groups."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb of that name."""
        return self.named(cmd_name)

    def named(self, name: str) -> click.Command | None:
        """The verb of that name, imported."""
        where = self.table.get(name)
        if where is None:
            return None
        module, _, attribute = where.partition(":")
        found: click.Command = getattr(importlib.import_module(f"{_HERE}.{module}"), attribute)
        return found

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """An unknown verb is answered with the nearest one."""
        if args and args[0] not in self.table and not args[0].startswith("-"):
            under = "autor " if ctx.parent is None else f"autor {self.name} "
            near = difflib.get_close_matches(args[0], self.table, n=1)
            raise UsageError(
                f"There is no verb {args[0]!r}." if ctx.parent is None else f"{under}has no verb {args[0]!r}.",
                (f"Did you mean `{under}{near[0]}`? " if near else "") + f"`{under}--help` lists them.",
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Verbs by group, with their first lines."""
        for title, group in self.groups.items():
            with formatter.section(title):
                formatter.write_dl(
                    [
                        (name, command.get_short_help_str(70))
                        for name in group
                        if (command := self.named(name)) is not None
                    ]
                )


def find(name: str) -> click.Command | None:
    """The verb (or the group of verbs), imported."""
    return root.named(name)


def named(words: Sequence[str]) -> tuple[click.Command | None, int]:
    """The verb that a line names, through its groups, and how many of the words lead up to and name it."""
    at: click.Command = root
    taken = 0
    for index, word in enumerate(words):
        if not isinstance(at, Tree):
            break
        found = at.named(word)
        if found is not None:
            at, taken = found, index + 1
    return (at if at is not root else None), taken


def face_of(context: click.Context) -> Face:
    """Who asks."""
    face = context.find_object(Face)
    assert face is not None
    return face


def pass_face(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator: the function's first argument is who asks."""
    return click.make_pass_decorator(Face)(function)


@click.group(cls=Tree, groups=GROUPS, invoke_without_command=True, params=common_options())
@click.version_option(package_name="autor-nb", prog_name="autor-nb")
@click.pass_context
def root(context: click.Context) -> Any:
    """autor: from a question to a paper, approved stage by stage.

    Without a verb it says what waits for you, what runs, and the next command.
    """
    if context.invoked_subcommand is None:
        from autor_nb.verbs.look import what_now

        return what_now(face_of(context))
    return None


@click.group("loop", cls=Tree, groups=LOOP_GROUPS, invoke_without_command=True, params=common_options())
@click.pass_context
def loop(context: click.Context) -> Any:
    """Experiment loops that improve one metric and do not keep noise.

    Without a verb it says which loops the project here has, how they stand, and the next command.
    """
    if context.invoked_subcommand is None:
        from autor_nb.verbs.loops.overview import loops_now

        return loops_now()
    return None


def invoke(args: list[str], face: Face) -> Result | None:
    """Carry a command line out; None if it only printed help; AutorError for what a person can mend."""
    name = "%autor" if face.name == "notebook" else "autor"
    try:
        answer = root.main(args=args, prog_name=name, standalone_mode=False, obj=face)
    except click.exceptions.Exit:
        return None
    except RefusedError as error:
        error.suggestion = error.suggestion or "`autor status` shows what comes next."
        raise
    except click.Abort as error:
        raise Interrupted("Interrupted.") from error
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        where = f"{context.command_path} --help" if context else f"{name} --help"
        raise UsageError(error.format_message(), f"`{where}` shows how it is used.") from error
    return answer if isinstance(answer, Result) else None


class Interrupted(AutorError):
    """Raised when a person interrupted a verb; what it watched goes on."""

    code = "interrupted"
    exit_code = 130
