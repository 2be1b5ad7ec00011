"""A stage summary in its fixed form: seven sections, three suggestions, six options; and text made safe for
Markdown."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from autor_nb.domain.ports import AgentTask
from autor_nb.domain.summary import OPTIONS


class Draft(msgspec.Struct, kw_only=True):
    """The parts of a summary. Every string is Markdown; text from data goes through `code` or `plain` first.

    `blocks` and `results` are paragraphs, lists or tables as whole Markdown blocks. `suggestions`
    are exactly three sentences. `ledger` is the optional Decision Ledger as bullets.
    """

    objective: str
    did: list[str]
    results: list[str]
    suggestions: list[str]
    ledger: list[str] = []


def code(text: object) -> str:
    """Any text as one inline code span: no markup, no line break, no table pipe gets out of it."""
    flat = re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+", " ", str(text)).strip() or " "
    flat = flat.replace("|", "¦")
    longest = max((len(run) for run in re.findall(r"`+", flat)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if flat.startswith("`") or flat.endswith("`") else ""
    return f"{fence}{pad}{flat}{pad}{fence}"


def plain(text: object) -> str:
    """Any text as Markdown words: markup characters are escaped, line breaks become spaces."""
    flat = re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+", " ", str(text)).strip()
    return re.sub(r"([\\`*_{}\[\]<>#|~!&$])", r"\\\1", flat)


def table(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table; cells are Markdown without line breaks."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += ["| " + " | ".join(cell.replace("\n", " ") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def bullets(items: list[str]) -> str:
    """A Markdown list."""
    return "\n".join(f"- {item}" for item in items)


def render(draft: Draft, task: AgentTask, files: list[tuple[str, str, bool]]) -> str:
    """The whole summary as Markdown."""
    if len(draft.suggestions) != 3:
        raise ValueError("A summary offers exactly three suggestions.")
    numbered = [f"{n}. {text}" for n, text in enumerate(draft.suggestions, 1)]
    produced = [f"- {code(path)}{' (reused)' if same else ''} — {what}" for path, what, same in files]
    sections = [
        ("Objective", draft.objective),
        ("Previously Approved Stage Summaries", _approved(task)),
        ("What I Did", "\n\n".join(draft.did)),
        ("Key Results", "\n\n".join(draft.results)),
        ("Files Produced", "\n".join(produced)),
        ("Suggestions for Refinement", "\n".join(numbered)),
        ("Your Options", "\n".join(f"{n}. {text}" for n, text in enumerate(OPTIONS, 1))),
    ]
    if draft.ledger:
        sections.insert(5, ("Decision Ledger", bullets(draft.ledger)))
    head = f"# Stage {task.stage.number}: {task.stage.title}"
    body = "\n\n".join(f"## {title}\n\n{text.strip()}" for title, text in sections)
    return f"{head}\n\n{body}\n"


def _approved(task: AgentTask) -> str:
    if not task.approved:
        return "None: this is the first stage of the run."
    return bullets(
        [f"Stage {plain(number)}: {code(Path(path).name)}" for number, path in sorted(task.approved.items())]
    )


def counted(count: int, noun: str) -> str:
    """“1 seed”, “3 seeds”."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def capital(text: str) -> str:
    """The text with its first letter in upper case; what is upper case already stays so."""
    return text[:1].upper() + text[1:]
