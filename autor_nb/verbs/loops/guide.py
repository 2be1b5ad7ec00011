"""`autor guide` and `autor agent-info`: how loops are used, to read; and everything that can be asked, for programs."""

from __future__ import annotations

from typing import Any

import click

from autor_nb.domain.loops.config import LoopConfig
from autor_nb.domain.loops.idea import FIELDS
from autor_nb.domain.loops.preflight import CANARY, IDS
from autor_nb.domain.loops.record import STATUSES, Record
from autor_nb.domain.loops.state import LoopStatus
from autor_nb.domain.loops.verdict import Verdict
from autor_nb.store import skills
from autor_nb.store.loops import history_text, references, templates
from autor_nb.verbs.blocks import Facts, Heading, Para, Prose, Table
from autor_nb.verbs.loops import LOOP_GROUPS, guide_fields
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import GROUPS, Tree, Verb, pass_face, root, verb
from autor_nb.version import __version__

WHOLE = 2000
EXIT_CODES = {
    "0": "success",
    "1": "runtime error: trying again may help",
    "2": "usage or configuration: mend it first",
    "130": "interrupted; what was watched goes on",
}
ENVELOPE = {
    "success": {"status": "success", "data": {}, "hints": []},
    "error": {"status": "error", "error": {"code": "", "message": "", "suggestion": ""}},
    "when": "with --json, and whenever the output is piped; --text overrides; a verb whose product is a document "
    "(review, report, export, state, guide, show) prints it raw unless --json is given",
}
FILES = {
    "autor.toml": "the loops of a project, [loop.<name>]; `autor guide` explains every field",
    "program.md": "what a person wants tried; read again before every experiment",
    "autor_loops/<name>/experiments.jsonl": "one record a line (a view)",
    "autor_loops/<name>/results.tsv": "commit, metric, resource, status, description (a view)",
    "autor_loops/<name>/next_idea.json": "the newest idea (a view)",
    "autor_loops/<name>/STATE.md": "where the loop stands (a view)",
    "autor_loops/<name>/critic_logs/": "one JSON object a call of a critic",
    "autor_loops/<name>/logs/": "the output of every run",
    "autor_loops/<name>/.engine/events.jsonl": "the truth, written by the engine alone",
}


@verb(name="guide", examples=("autor guide", "autor guide --fields"))
@click.option("--fields", is_flag=True, help="Only the fields of a loop in autor.toml.")
@pass_face
def guide(face: Face, fields: bool) -> Result:
    """Print how loops are used, by people and by agents, and what every field of autor.toml means."""
    tables = f"# The fields of a loop in autor.toml\n\n{guide_fields.as_markdown()}"
    text = tables if fields else f"{skills.body().rstrip()}\n\n{_verbs()}\n\n{_references()}\n\n{tables}"
    return Result({"text": text}, (Prose(text),), document=text)


def _verbs() -> str:
    lines = ["# The verbs", ""]
    for title, group in LOOP_GROUPS.items():
        lines += [f"**{title}**", ""]
        for name in group:
            command = _named(("loop", name))
            if command is not None:
                lines.append(f"- `autor loop {name}`: {command.get_short_help_str(WHOLE)}")
        lines.append("")
    return "\n".join(lines).rstrip()


def _references() -> str:
    """What a run of each template found, to compare one's own with."""
    lines = ["# Reference runs of the templates", ""]
    for found in filter(None, (references.reference(one.name) for one in templates.starters())):
        again, start = found.commands
        lines += [f"**{found.template}** (`{again}`, then `{start}`)", "", found.headline, "",
                  f"To read: `{references.folder(found.template)}`", ""]  # fmt: skip
    return "\n".join(lines).rstrip()


@verb(name="agent-info", examples=("autor agent-info", "autor agent-info --json"))
@pass_face
def agent_info(face: Face) -> Result:
    """Tell a program everything that can be asked: verbs, options, exit codes, envelope, formats, statuses."""
    facts: dict[str, Any] = {
        "name": "autor",
        "version": __version__,
        "verbs": [_told(words, command) for words, command in _commands()],
        "exit_codes": EXIT_CODES,
        "envelope": ENVELOPE,
        "files": FILES,
        "formats": {
            "record": list(Record.__struct_fields__),
            "idea": list(FIELDS),
            "results_tsv": ["commit", "<metric>", "resource", "status", "description"],
            "export": [*history_text.FORMS, "problem.yaml", "autoresearch.toml"],
            "configuration": [name for name in LoopConfig.__struct_fields__ if name not in guide_fields.UNWRITTEN],
        },
        "statuses": list(STATUSES),
        "verdicts": [str(verdict) for verdict in Verdict],
        "loop_states": [str(state) for state in LoopStatus],
        "checks": [*IDS, CANARY],
        "claims": "only an audit or a confirmed chain shows that something is better; one recorded score does not",
    }
    rows = tuple((f"autor {one['verb']}", one["help"]) for one in facts["verbs"])
    blocks = (
        Heading("autor, for programs", None, __version__),
        Table(("Verb", "What it does"), rows),
        Facts(tuple((f"exit {code}", meaning) for code, meaning in EXIT_CODES.items())),
        Para("`autor agent-info --json` has every option, format and status."),
    )
    return Result(facts, blocks)


def _commands() -> list[tuple[tuple[str, ...], click.Command]]:
    found: list[tuple[tuple[str, ...], click.Command]] = []
    for names, groups in (((), GROUPS), (("loop",), LOOP_GROUPS)):
        for group in groups.values():
            for name in group:
                words = (*names, name)
                command = _named(words)
                if command is not None and not isinstance(command, Tree):
                    found.append((words, command))
    return found


def _named(words: tuple[str, ...]) -> click.Command | None:
    at: click.Command | None = root
    for word in words:
        at = at.named(word) if isinstance(at, Tree) else None
    return at


def _told(words: tuple[str, ...], command: click.Command) -> dict[str, Any]:
    return {
        "verb": " ".join(words),
        "help": command.get_short_help_str(WHOLE),
        "arguments": [_parameter(one) for one in command.params if isinstance(one, click.Argument)],
        "options": [_parameter(one) for one in command.params if isinstance(one, click.Option)],
        "examples": list(command.examples) if isinstance(command, Verb) else [],
    }


def _parameter(one: click.Parameter) -> dict[str, Any]:
    told: dict[str, Any] = {"name": one.name, "required": one.required, "many": one.nargs == -1 or one.multiple}
    if isinstance(one.type, click.Choice):
        told["choices"] = [str(choice) for choice in one.type.choices]
    else:
        told["type"] = one.type.name
    if isinstance(one, click.Option):
        told |= {"names": [*one.opts, *one.secondary_opts], "help": one.help or "", "flag": one.is_flag}
        if isinstance(one.default, str | int | float | bool):
            told["default"] = one.default
    return told
