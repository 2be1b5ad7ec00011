"""A magic's line → arguments, leniently: apostrophes, backslashes, braces and dollars are text.

A quote counts only if it opens a word (or an option's value) and closes before a blank.
Verbs that end in text take the rest of the line as it is.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import lru_cache

import click

from autor_nb.verbs.tree import Verb, named

_OPTION_VALUE = re.compile(r"[^\s=\"']+=")
_CLOSING = {'"': '"', "'": "'", "“": "”", "‘": "’"}


def words(line: str) -> list[tuple[str, int, int]]:
    """(word without its quotes, where it begins, where it ends), for every word of the line."""
    found: list[tuple[str, int, int]] = []
    position = 0
    while True:
        while position < len(line) and line[position].isspace():
            position += 1
        if position >= len(line):
            return found
        word, end = _word(line, position)
        found.append((word, position, end))
        position = end


def _word(line: str, start: int) -> tuple[str, int]:
    option = _OPTION_VALUE.match(line, start)
    opening = option.end() if option else start
    closed = _closing(line, opening)
    if closed is not None:
        return line[start:opening] + line[opening + 1 : closed], closed + 1
    end = start
    while end < len(line) and not line[end].isspace():
        end += 1
    return line[start:end], end


def _closing(line: str, opening: int) -> int | None:
    """Where the quote that opens here closes: before a blank or the end, else it is no quote."""
    if opening >= len(line) or line[opening] not in _CLOSING:
        return None
    ends = _ends(line, _CLOSING[line[opening]])
    found = bisect_right(ends, opening)
    return ends[found] if found < len(ends) else None


@lru_cache(maxsize=16)
def _ends(line: str, quote: str) -> list[int]:
    """Where that quote stands before a blank or at the end; found once, or long lines take for ever."""
    return [at.start() for at in re.finditer(rf"{quote}(?=\s|$)", line)]


def arguments(line: str) -> list[str]:
    """The arguments of a whole line."""
    found = words(line)
    command, taken = named([word for word, _, _ in found])
    if not isinstance(command, Verb) or not command.text:
        return [word for word, _, _ in found]
    return _with_text(line, found, taken - 1, command)


def _with_text(line: str, found: list[tuple[str, int, int]], verb_at: int, command: Verb) -> list[str]:
    """Options, then the leading words, then everything else as one text."""
    takes = _options(command)
    index, lead = verb_at + 1, command.lead
    while index < len(found):
        word = found[index][0]
        name = word.split("=", 1)[0]
        if word == "--":
            rest = line[found[index][2] :].strip()
            return [*(item for item, _, _ in found[:index]), "--", *([rest] if rest else [])]
        if name in takes and not _quoted(line, found[index]):
            index += 2 if takes[name] and "=" not in word else 1
        elif word.startswith("--") and not _quoted(line, found[index]):
            return [item for item, _, _ in found]  # an option that nobody knows: click says so
        elif lead:
            index, lead = index + 1, lead - 1
        else:
            break
    head = [item for item, _, _ in found[:index]]
    if index >= len(found):
        return head
    word, start, _ = found[index]
    behind = [item for item, _, _ in found[index + 1 :]]
    if (_quoted(line, found[index]) or _is_suggestion(word)) and _only_options(behind, takes):
        return [*head, *behind, "--", word]
    return [*head, "--", line[start:].rstrip()]


def _options(command: click.Command) -> dict[str, bool]:
    """Option names and whether they take a value."""
    names: dict[str, bool] = {"--help": False}
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            takes = not parameter.is_flag and not parameter.count
            names.update(dict.fromkeys((*parameter.opts, *parameter.secondary_opts), takes))
    return names


def _quoted(line: str, word: tuple[str, int, int]) -> bool:
    return line[word[1]] in _CLOSING and _closing(line, word[1]) is not None


def _is_suggestion(word: str) -> bool:
    return word.isascii() and word.isdigit()


def _only_options(rest: list[str], takes: dict[str, bool]) -> bool:
    index = 0
    while index < len(rest):
        name = rest[index].split("=", 1)[0]
        if name not in takes:
            return False
        index += 2 if takes[name] and "=" not in rest[index] else 1
    return True
