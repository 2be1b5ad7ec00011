"""Free-text feedback as requests for changes: what keyword rules understand, and what they do not, said as
such."""

from __future__ import annotations

import re
from collections.abc import Sequence

from autor_nb.plugins.agents.tabular.plan import Change, Plan
from autor_nb.plugins.agents.tabular.vocabulary import EXTRA_NAMES, FAMILY_NAMES, METRIC_NAMES

Found = tuple[str, str, str]  # field, how, value
REMOVE = re.compile(r"\b(drop|remove|exclude|leave out|leaving out|omit|without|ignore|skip)\b", re.I)
NUMBERS = {
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "twelve": 12,
    "fifteen": 15,
    "twenty": 20,
}
COUNTED = {
    "seeds": r"(?:random\s+)?(?:seeds?|repeats|repetitions)",
    "inner_folds": r"inner(?:[\s-]+cv)?[\s-]+folds?",
    "outer_folds": r"(?:outer[\s-]+)?folds?(?!\s*inner)",
    "settings": r"(?:hyper-?parameter\s+|tuning\s+)?(?:settings|candidates)(?:\s+per\s+family)?",
    "permutations": r"permutations",
}


def understand(text: str, plan: Plan, columns: Sequence[str]) -> list[tuple[str, list[Found]]]:
    """Each clause of a text with the changes it asks for; an empty list where no rule understands it."""
    found: list[tuple[str, list[Found]]] = []
    removing = False
    for clause in _clauses(text, columns):
        removing = bool(REMOVE.search(clause)) or (removing and len(clause.split()) <= 3)
        changes = _clause(clause, plan, columns, removing)
        found.append((clause, changes))
    return found


def _clauses(text: str, columns: Sequence[str]) -> list[str]:
    """Sentences, and their parts at "and", commas and semicolons; names of columns stay whole."""
    marks: dict[str, str] = {}
    for n, name in enumerate(sorted((c for c in columns if re.search(r"[,;.]|\band\b|\n", c)), key=len, reverse=True)):
        if name in text:
            marks[f"\x01{n}\x02"] = name
            text = text.replace(name, f"\x01{n}\x02")
    parts = re.split(r"(?:(?<!\d)\.|\.(?!\d)|[;,\n]|\band\b|\balso\b|\bthen\b|\bplus\b)+", text)
    clauses = []
    for part in parts:
        for mark, name in marks.items():
            part = part.replace(mark, name)
        if re.search(r"\w", part) and part.strip().lower() not in ("please", "thanks", "thank you"):
            clauses.append(" ".join(part.split()))
    return clauses


def _clause(clause: str, plan: Plan, columns: Sequence[str], removing: bool) -> list[Found]:
    low = clause.lower()
    column = _column(clause, columns)
    if column and re.search(r"\b(sub-?groups?|stratif|by level|separately)", low):
        return [("extras", "add", f"subgroup:{column}")]
    if column and re.search(r"\bgroup(ed|s)?\b", low):
        return [("group", "set", column)]
    if column and re.search(r"\b(predict|target)\b", low):
        return [("target", "set", column)]
    counted = _counted(low, plan)
    if counted:
        return counted
    rope = re.search(r"\b(?:rope|smallest (?:effect|difference)|margin)\b\D*?(\d*\.?\d+)", low)
    if rope:
        return [("rope", "set", rope.group(1))]
    families = [("families", "remove" if removing else "add", key) for key in _named(low, FAMILY_NAMES)]
    if families and not (removing and column):
        return families
    if removing and column:
        return [("drop", "add", column)]
    extras = [("extras", "remove" if removing else "add", key) for key in _named(low, EXTRA_NAMES)]
    if extras:
        return extras
    metrics = _named(low, METRIC_NAMES)
    primary = (
        re.search(r"\b(primary|main|optimi[sz]e|tune|instead|use|judge)\b", low) is not None and "report" not in low
    )
    return [
        ("metric", "set", key) if primary else ("secondary", "remove" if removing else "add", key) for key in metrics
    ]


def _counted(low: str, plan: Plan) -> list[Found]:
    for field, noun in COUNTED.items():
        number = r"(\d+|" + "|".join(NUMBERS) + r")"
        ahead = re.search(rf"\b{number}[\s-]+(?:\w+[\s-]+)?{noun}\b", low)
        behind = re.search(rf"\b{noun}\b\s*(?:=|:|to|of)?\s*{number}\b", low)
        match = ahead or behind
        if match:
            value = match.group(1)
            return [(field, "set", str(NUMBERS.get(value, value)))]
        if re.search(rf"\b(more|further|additional|many)\s+(?:\w+\s+)?{noun}\b", low):
            return [(field, "set", str(int(getattr(plan, field)) * 2))]
    if re.search(r"\b(wider|finer|larger|bigger|denser|more)\s+(?:\w+\s+)?(grid|tuning|search|budget)", low):
        return [("settings", "set", str(plan.settings * 2))]
    return []


def _column(clause: str, columns: Sequence[str]) -> str:
    """The longest column name that stands in a clause as a word of its own."""
    low = clause.casefold()
    inside = [name for name in columns if re.search(rf"(?<!\w){re.escape(name.casefold())}(?!\w)", low)]
    return max(inside, key=len, default="")


def _named(low: str, names: dict[str, tuple[str, ...]]) -> list[str]:
    """The keys whose names stand in a text; a longer name hides a shorter one inside it."""
    found: list[tuple[int, str]] = []
    for name, key in sorted(((n, k) for k, called in names.items() for n in called), key=lambda pair: -len(pair[0])):
        for match in re.finditer(rf"(?<![\w-]){re.escape(name)}(?![\w])", low):
            found.append((match.start(), key))
            low = low[: match.start()] + " " * len(name) + low[match.end() :]
    return list(dict.fromkeys(key for _, key in sorted(found)))


def changes_of_text(text: str, stage: str, attempt: int, plan: Plan, columns: Sequence[str]) -> list[Change]:
    """A text as changes, not yet applied; a clause that no rule understands is one that is not done."""
    found: list[Change] = []
    for clause, asked in understand(text, plan, columns):
        if not asked:
            found.append(
                Change(
                    stage=stage,
                    attempt=attempt,
                    asked=clause,
                    done=False,
                    why=(
                        "not understood: without a language model this agent knows settings, families, "
                        "metrics, columns to "
                        "drop, and the extra analyses it offers"
                    ),
                )
            )
        found += [Change(stage=stage, attempt=attempt, asked=clause, field=f, how=h, value=v) for f, h, v in asked]
    return found
