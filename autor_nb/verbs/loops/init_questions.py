"""What `loop init` asks for when it was not said: the fields that no loop can do without."""

from __future__ import annotations

import shlex
from typing import Any

from autor_nb.domain.errors import UsageError
from autor_nb.verbs import clean
from autor_nb.verbs.result import Face
from autor_nb.verbs.tree import Interrupted

TRIES = 3
NEEDED = {
    "mutable": ("--mutable", "Which files may be edited? (names or globs, separated by spaces) "),
    "command": ("--command", "Which command measures? "),
    "metric": ("--metric", "What is the metric called in its output? "),
    "lower": ("--lower or --higher", "Which is better, lower or higher? "),
}
WISHED = {
    "readonly": "Which files must stay as they are? (may be empty) ",
    "objective": "What is the loop for? (may be empty) ",
    "time_budget": "How long may one run of the command take? (5m; empty: 10m) ",
}


def answered(face: Face, said: dict[str, Any]) -> dict[str, Any]:
    """What was said, completed by questions where a person can answer; UsageError names what is missing else."""
    missing = [key for key in NEEDED if said.get(key) in (None, (), "")]
    if not missing:
        return said
    if face.ask is None or not face.interactive:
        flags = ", ".join(NEEDED[key][0] for key in missing)
        raise UsageError(
            f"What is missing for a loop: {flags}.",
            "Say it by these flags, begin with --template tsp, or run `autor loop init` in a terminal: it asks.",
        )
    found = dict(said)
    try:
        for key in missing:
            found[key] = _asked(face, key, NEEDED[key][1])
        for key, question in WISHED.items():
            if found.get(key) in (None, ()):
                found[key] = _read(key, face.ask(question).strip())
    except (EOFError, KeyboardInterrupt) as error:
        raise Interrupted("Nothing was written.", "`autor loop init` asks again.") from error
    return found


def _asked(face: Face, key: str, question: str) -> Any:
    assert face.ask is not None
    for _ in range(TRIES):
        value = _read(key, face.ask(question).strip())
        if value not in (None, (), ""):
            return value
        face.say("That cannot be left out." if key != "lower" else "Answer lower or higher.")
    raise UsageError(f"{NEEDED[key][0]} was not answered.", "Say it as a flag.")


def _read(key: str, text: str) -> Any:
    if key == "lower":
        word = text.lower()
        return True if word and "lower".startswith(word) else False if word and "higher".startswith(word) else None
    if key in ("mutable", "readonly"):
        try:
            return tuple(shlex.split(text))
        except ValueError as error:
            raise UsageError(f"{clean.line(text, 80)} cannot be read: {error}.", "Close the quotes.") from error
    return text or None
