"""An idea: the seven fields in which a critic proposes an experiment, and the strict reading of one from text."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from autor_nb.domain.errors import UsageError

MAX_TEXT_CHARS = 400_000
MAX_IDEA_BYTES = 32_000
MAX_HYPOTHESIS_CHARS = 500
MAX_STARTS = 200
MAX_DEPTH = 20
RISKS = ("low", "med", "high")
TEXTS = ("thought_process", "hypothesis", "justification", "code_pseudocode")
FIELDS = (
    "thought_process", "alternatives_considered", "hypothesis", "expected_delta", "justification", "code_pseudocode",
    "risk_level",
)

Risk = Literal["low", "med", "high"]


class Idea(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One proposal. `expected_delta` is signed, in the metric's own units: metric hoped for minus the incumbent's.

    `change` maps a knob's path to its new value (see `domain.loops.knobs`); an idea in words only has none.
    """

    thought_process: str
    alternatives_considered: tuple[str, ...]
    hypothesis: str
    expected_delta: float
    justification: str
    code_pseudocode: str
    risk_level: Risk
    change: dict[str, Any] = {}


class IdeaError(UsageError):
    """Raised for a proposal that is no valid idea; `field` names what is wrong, empty when it is not JSON at all.

    A critic that raises it says what it asked and heard: `log` is the record of the call, as a `Proposal` has it.
    """

    code = "idea"

    def __init__(self, message: str, suggestion: str = "", field: str = "") -> None:
        super().__init__(message, suggestion)
        self.field = field
        self.log: dict[str, Any] = {}
        self.cost_usd: float | None = None

    def heard(self, log: dict[str, Any], cost_usd: float | None = None) -> IdeaError:
        """The same with the record of the call that it came from."""
        self.log, self.cost_usd = log, cost_usd
        return self


def parse_idea(text: str | bytes) -> Idea:
    """The idea in a model's answer or a file: fences, prose and thinking around the JSON object are passed over.

    Of several objects the one with most of the seven fields counts, of equals the last.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    if len(text) > MAX_TEXT_CHARS:
        raise IdeaError(
            f"The answer has {len(text):,} characters, more than {MAX_TEXT_CHARS:,}.",
            "Answer with one JSON object of the seven fields and nothing else.",
        )
    best: dict[str, Any] | None = None
    for found in _objects(text):
        if best is None or len(found.keys() & set(FIELDS)) >= len(best.keys() & set(FIELDS)):
            best = found
    if best is None:
        raise IdeaError(
            f"There is no JSON object in the answer, which begins {_quoted(text)}.",
            f"Answer with one JSON object with the fields {', '.join(FIELDS)}.",
        )
    return read_idea(best)


def read_idea(value: object) -> Idea:
    """The idea in a decoded JSON value; IdeaError names the first field that is missing or wrong."""
    if not isinstance(value, dict):
        raise IdeaError(f"An idea is a JSON object, not {_kind(value)}.", f"Its fields: {', '.join(FIELDS)}.")
    missing = [name for name in FIELDS if name not in value]
    if missing:
        raise IdeaError(
            f"The idea lacks the field{'s' if len(missing) > 1 else ''} {', '.join(missing)}.",
            f"An idea has the fields {', '.join(FIELDS)}.", missing[0],
        )
    texts = {name: _text(name, value[name]) for name in TEXTS}
    idea = Idea(
        **texts,
        alternatives_considered=_alternatives(value["alternatives_considered"]),
        expected_delta=_number(value["expected_delta"]),
        risk_level=_risk(value["risk_level"]),
        change=_change(value.get("change")),
    )
    _check_hypothesis(idea.hypothesis)
    size = len(msgspec.json.encode(idea))
    if size > MAX_IDEA_BYTES:
        longest = max(FIELDS, key=lambda name: len(msgspec.json.encode(getattr(idea, name))))
        raise IdeaError(
            f"The idea takes {size:,} bytes, more than {MAX_IDEA_BYTES:,}; the longest field is {longest}.",
            f"Shorten {longest}.", longest,
        )
    return idea


def write_idea(idea: Idea) -> str:
    """The text of `next_idea.json`."""
    return json.dumps(msgspec.to_builtins(idea), ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def person_idea(text: str, change: dict[str, Any] | None = None) -> Idea:
    """The idea a person pins: a whole idea as JSON, or a sentence, which is then the hypothesis; nothing is made up."""
    if text.lstrip().startswith("{"):
        return parse_idea(text)
    line = " ".join(text.split())
    return read_idea({
        "thought_process": "A person proposed this.",
        "alternatives_considered": [],
        "hypothesis": line,
        "expected_delta": 0.0,
        "justification": "Not given.",
        "code_pseudocode": line,
        "risk_level": "med",
        "change": change or {},
    })


# ---------------------------------------------------------------------------------- finding the object


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """JSON objects in the text, outermost first come; a bounded number of beginnings is tried."""
    decoder = json.JSONDecoder()
    position, starts = text.find("{"), 0
    while position >= 0 and starts < MAX_STARTS:
        starts += 1
        try:
            found, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            position += 1
        else:
            if isinstance(found, dict):
                yield found
        position = text.find("{", position)


# ------------------------------------------------------------------------------------------ the fields


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise IdeaError(f"{name} is {_kind(value)}, not text.", f'Write {name} as a string: "…".', name)
    cleaned = _clean(value)
    if not cleaned:
        raise IdeaError(f"{name} is empty.", f"Say something in {name}.", name)
    return cleaned


def _clean(text: str) -> str:
    """The text without control characters and lone surrogates, which no file, terminal or commit message can hold."""
    kept = "".join(
        char if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cs") else "" if char != "\r" else "\n"
        for char in text.replace("\r\n", "\n")
    )
    return kept.strip()


def _check_hypothesis(text: str) -> None:
    if len(text.splitlines()) > 1 or "\t" in text:
        raise IdeaError("hypothesis has more than one line.", "Say it in one line, without tabs.", "hypothesis")
    if len(text) > MAX_HYPOTHESIS_CHARS:
        raise IdeaError(
            f"hypothesis has {len(text):,} characters, more than {MAX_HYPOTHESIS_CHARS}.",
            "Say it in one line; reasons go into justification.", "hypothesis",
        )


def _alternatives(value: object) -> tuple[str, ...]:
    name = "alternatives_considered"
    if not isinstance(value, list | tuple):
        raise IdeaError(f"{name} is {_kind(value)}, not a list.", f'Write {name} as a list: ["…", "…"].', name)
    for number, item in enumerate(value, 1):
        if not isinstance(item, str):
            raise IdeaError(f"Item {number} of {name} is {_kind(item)}, not text.", "Write each as a string.", name)
    return tuple(cleaned for item in value if (cleaned := _clean(item)))


def _number(value: object) -> float:
    name = "expected_delta"
    mend = "Write the change of the metric that you expect as a plain number, for example -0.02."
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise IdeaError(f"{name} is {_kind(value)}, not a number.", mend, name)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise IdeaError(f"{name} is not a finite number.", mend, name)
    return number


def _risk(value: object) -> Risk:
    if value in RISKS and isinstance(value, str):
        return value  # type: ignore[return-value]
    raise IdeaError(f"risk_level is {_quoted(value)}.", "Write low, med or high.", "risk_level")


def _change(value: object) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise IdeaError(f"change is {_kind(value)}, not an object.", 'Write it as {"PARAMS.lr": 0.01}.', "change")
    for path, new in value.items():
        if not isinstance(path, str) or not path.strip() or not path.isprintable() or len(path) > 300:
            raise IdeaError(f"change names a knob {_quoted(path)}.", "A knob's path is one short line.", "change")
        _check_value(path, new, 0)
    return dict(value)


def _check_value(path: str, value: object, depth: int) -> None:
    """JSON values that can be written into a source file: finite, not deep, text without what cannot be encoded."""
    if isinstance(value, list | tuple) and depth < MAX_DEPTH:
        for item in value:
            _check_value(path, item, depth + 1)
    elif isinstance(value, dict) and depth < MAX_DEPTH:
        for key, item in value.items():
            _check_value(path, key, depth + 1)
            _check_value(path, item, depth + 1)
    elif isinstance(value, str):
        if any(unicodedata.category(char) == "Cs" or char == "\0" for char in value):
            raise IdeaError(f"change of {path} holds text that no file can hold.", "Leave that out.", "change")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise IdeaError(f"change of {path} is not a finite number.", "Write a plain number.", "change")
    elif isinstance(value, int) and not -(2**63) <= value < 2**64:
        raise IdeaError(f"change of {path} is too large a whole number.", "Write a smaller number.", "change")
    elif value is not None and not isinstance(value, bool | int):
        raise IdeaError(f"change of {path} is {_kind(value)}.", "Write a number, a text, true or false.", "change")


def _kind(value: object) -> str:
    """What a value is, in JSON's words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    words = {(int, float): "a number", (str,): "text", (list, tuple): "a list", (dict,): "an object"}
    for types, word in words.items():
        if isinstance(value, types):
            return word
    return f"a {type(value).__name__}"


def _quoted(value: object) -> str:
    """A piece of somebody's text as it may stand in a message: short, one line, printable."""
    text = value if isinstance(value, str) else str(value)
    line = re.sub(r"\s+", " ", text[:200]).strip()
    line = "".join(char if char.isprintable() else "·" for char in line)
    return f"{line[:60] + '…' if len(line) > 60 else line!r}"
