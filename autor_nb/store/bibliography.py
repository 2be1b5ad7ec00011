"""A .bib file, read: its entries, and what in it could not be read; never raises for what the file holds."""

from __future__ import annotations

import logging
import re
from typing import Any

import msgspec

# What BibTeX itself forbids in a key, and white space.
_BAD_KEY = re.compile(r"[\s\"#%'(),={}\\~]|[^\x21-\x7e\u00a1-\U0010ffff]")


class BibEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry; field names are lower case, values without their outer braces or quotes."""

    key: str
    kind: str
    fields: dict[str, str]


class Bibliography(msgspec.Struct, frozen=True, kw_only=True):
    """Entries in order, each key once, and one line for every block that was passed over."""

    entries: tuple[BibEntry, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def keys(self) -> frozenset[str]:
        """The keys that may be cited."""
        return frozenset(entry.key for entry in self.entries)


def read_bibliography(content: bytes | str) -> Bibliography:
    """What a .bib file defines; undecodable bytes become replacement characters."""
    import bibtexparser

    text = content.decode("utf-8-sig", "replace") if isinstance(content, bytes) else content
    logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)  # what it would say is in `problems`
    problems: list[str] = []
    try:
        library: Any = bibtexparser.parse_string(text)
    except Exception as error:  # the parser's own limits on hostile input, e.g. very deep nesting
        return Bibliography(problems=(f"cannot be parsed: {type(error).__name__}: {error}"[:300],))
    entries: dict[str, BibEntry] = {}
    for block in library.entries:
        if not block.key or _BAD_KEY.search(block.key):
            problems.append(f"line {(block.start_line or 0) + 1}: {block.key!r} cannot be a key"[:200])
            continue
        fields = {str(field.key).lower(): str(field.value) for field in block.fields}
        entries.setdefault(block.key, BibEntry(key=block.key, kind=block.entry_type.lower(), fields=fields))
    for block in library.failed_blocks:
        reason = " ".join(str(getattr(block, "error", "") or "cannot be parsed").split())
        problems.append(f"line {(block.start_line or 0) + 1}: {reason}"[:300])
    return Bibliography(entries=tuple(entries.values()), problems=tuple(problems))


_CITE = re.compile(
    r"\\(?:no)?(?:[Cc]ite|[Pp]arencite|[Tt]extcite|[Aa]utocite|footcite|fullcite)[A-Za-z]*\*?"
    r"\s*(?:\[[^\]]*\]\s*){0,2}\{([^{}]*)\}"
)


def cited_keys(tex: str) -> list[str]:
    r"""Keys that LaTeX source cites (\cite, \citep, \parencite …), in order, each once, comments skipped."""
    found: dict[str, None] = {}
    for match in _CITE.finditer(without_comments(tex)):
        found.update((key.strip(), None) for key in match.group(1).split(",") if key.strip())
    return list(found)


def without_comments(tex: str) -> str:
    """LaTeX source with what stands behind % signs blanked; an escaped percent sign stays."""
    return re.sub(r"(?<!\\)((?:\\\\)*)%[^\n]*", r"\1", tex)
