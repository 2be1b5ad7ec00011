"""Every command that a text of ours tells somebody to type is one: its verb, its options, how many words it takes."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from autor_nb.verbs.result import Face
from autor_nb.verbs.tree import Tree, named, root

HERE = Path(__file__).parents[2]
HOLE = "\x01"
QUOTED = re.compile(r"`%?(autor [^`]+)`")
WHOLE = re.compile(r"%?(autor (?:loop )?[a-z][a-z-]*(?:[ \x01].*)?)", re.S)
# What names a verb in a sentence, without what it takes.
MENTIONED = re.compile(r"autor (?:loop )?[a-z-]+(?: --[a-z-]+)?")


def _strings(path: Path) -> Iterator[tuple[int, str]]:
    """Every string of a module, with a hole for each value that it is given; every line of any other text."""
    if path.suffix != ".py":
        yield from enumerate(path.read_text(encoding="utf-8").split("\n"), 1)
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield node.lineno, "".join(str(one.value) if isinstance(one, ast.Constant) else HOLE for one in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inner:
            yield node.lineno, node.value


def _commands(text: str) -> list[str]:
    """What stands between backticks and begins like a command; else the whole text, if it is one."""
    found = [match.group(1) for match in QUOTED.finditer(text)]
    whole = WHOLE.fullmatch(text.strip())
    return found or ([whole.group(1)] if whole else [])


def _wrong(command: str) -> str | None:
    """Why the line is none that could be typed, whatever stands in its holes: a word, a number, a flag or nothing."""
    line = re.split(r"\s#|\s>\s|\s&&\s|\s\|\s", command)[0].rstrip(" .…:,")
    bare = re.sub(rf"(?<=\S){HOLE}", "", line)
    tried = [bare.replace(HOLE, value) for value in ("X", "7", "redo")] + [line.replace(HOLE, "")]
    answers = [_refused(one) for one in (*tried, re.sub(r"\b[A-Z]{1,8}\b", "7", bare).replace(HOLE, "7"))]
    return None if None in answers else answers[0]


def _refused(line: str) -> str | None:
    words = shlex.split(line)[1:]
    command, taken = named(words)
    rest = words[taken:]
    if command is None or isinstance(command, Tree):
        return None if all(word in ("--help", "--json", "--text") for word in rest) else f"no verb {rest[:1]}"
    if "--help" in rest:
        return None
    try:
        command.make_context(command.name, rest, parent=click.Context(root, obj=Face("cli")))
    except click.MissingParameter:
        return None if MENTIONED.fullmatch(line) else "something is missing"
    except click.BadOptionUsage as error:
        return None if MENTIONED.fullmatch(line) else error.message
    except click.UsageError as error:
        return error.message
    return None


TEXTS = sorted([
    *HERE.glob("autor_nb/**/*.py"), *HERE.glob("templates/**/*.md"), *HERE.glob("templates/**/*.toml"),
    *HERE.glob("*.md"), *HERE.glob("example_notebooks/*.ipynb"),
])  # fmt: skip


@pytest.mark.parametrize("folder", ["autor_nb/verbs", "autor_nb", "templates", "example_notebooks", "."])
def test_every_command_in_a_text_could_be_typed(folder: str) -> None:
    """Hints, suggestions, examples, next steps, skills and guides: parsed by the tree itself."""
    seen, wrong = 0, []
    for path in TEXTS:
        place = path.relative_to(HERE).as_posix()
        inside = place.startswith(f"{folder}/") if folder != "." else "/" not in place
        if not inside or (folder == "autor_nb" and place.startswith("autor_nb/verbs/")):
            continue
        for line, text in _strings(path):
            for command in _commands(text):
                seen += 1
                if (why := _wrong(command)) is not None:
                    wrong.append(f"{place}:{line}: {command.replace(HOLE, '{}')}: {why}")
    assert seen and not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "line",
    [
        "autor loop strat",
        "autor loop start --iteration 20",
        "autor loop veto 7 8",
        "autor recover --run x",
        "autor loop step --iterations 3 tsp",
        "autor loop diff 1 2 3",
        "autor loop critic --file x",
    ],
)
def test_a_command_that_cannot_be_typed_is_found(line: str) -> None:
    """The test above would see it."""
    assert _wrong(line) is not None
