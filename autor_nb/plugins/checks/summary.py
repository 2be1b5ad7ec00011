"""The form of a stage's summary: title, sections, suggestions, options, placeholders; not what it claims."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable

from autor_nb.domain.check import Check, failed, passed
from autor_nb.domain.ports import AttemptView
from autor_nb.domain.summary import LEDGER, OPTIONS, SECTIONS, Summary, first_line, open_placeholders, parse
from autor_nb.plugins.checks.content import judged
from autor_nb.store.contents import one_line

DRAFT = "notes/draft.md"
READABLE = "The summary can be read"
SUGGESTIONS, YOUR_OPTIONS = "Suggestions for Refinement", "Your Options"


class SummaryChecker:
    """Judges the draft; without one there is nothing to say here (`ending.draft` says it)."""

    name = "summary"

    def check(self, view: AttemptView) -> Iterable[Check]:
        """One Check a rule; a rule about a section is asked only if the section is there."""
        if view.draft is None or not view.draft.strip():
            return
        summary = parse(view.draft)
        if summary.problem:
            yield failed(
                "summary.readable",
                READABLE,
                subject=DRAFT,
                detail=f"Not read: {summary.problem}.",
                remedy=f"Shorten {DRAFT}: put long tables and logs into files, and name those files.",
            )
            return
        yield passed("summary.readable", READABLE, subject=DRAFT)
        yield _title(summary, first_line(view.stage.number, view.stage.title))
        yield _sections(summary)
        yield _not_empty(summary)
        there = set(summary.headings) - set(summary.empty)
        if SUGGESTIONS in there:
            yield _suggestions(summary)
        if YOUR_OPTIONS in there:
            yield _options(summary)
        yield judged(
            "summary.placeholders",
            "Nothing is left as a placeholder",
            open_placeholders(summary, view.goal),
            f"Replace each of these in {DRAFT} by what is so, or say in a sentence that it was not done.",
            subject=DRAFT,
        )


def _title(summary: Summary, expected: str) -> Check:
    id, title = "summary.title", "The first line names the stage"
    if summary.first_line == expected:
        return passed(id, title, subject=DRAFT)
    return failed(
        id,
        title,
        f"Make the first line of {DRAFT} exactly: {expected}",
        subject=DRAFT,
        detail=f"It is: {one_line(summary.first_line, 120) or '(empty)'}",
    )


def _sections(summary: Summary) -> Check:
    counts = Counter(summary.headings)
    problems = [f"“{name}” is missing" for name in SECTIONS if not counts[name]]
    problems += [f"“{one_line(name, 80)}” stands {n} times" for name, n in counts.items() if n > 1]
    for name in counts:
        if name not in SECTIONS and name != LEDGER:
            near = difflib.get_close_matches(name[:80], SECTIONS, n=1)
            hint = f" (did you mean “{near[0]}”?)" if near else ""
            problems.append(f"“{one_line(name, 80)}” is not one of the sections{hint}")
    if not problems and [name for name in summary.headings if name != LEDGER] != list(SECTIONS):
        problems.append("they stand in another order: " + " · ".join(summary.headings))
    return judged(
        "summary.sections",
        "The seven sections stand once each, in order",
        problems,
        f"Give {DRAFT} these H2 sections, outside code fences, once each and in this order: "
        f"{' · '.join(SECTIONS)}; use H3 below them, and an empty line before a --- line.",
        subject=DRAFT,
    )


def _not_empty(summary: Summary) -> Check:
    return judged(
        "summary.not_empty",
        "No section is empty",
        [f"“{one_line(name, 80)}” is empty" for name in summary.empty],
        f"Write something under each of these headings of {DRAFT}, or “None” with the reason.",
        subject=DRAFT,
    )


def _suggestions(summary: Summary) -> Check:
    numbers = [number for number, _ in summary.numbered_suggestions]
    problems = []
    if numbers != [1, 2, 3]:
        found = ", ".join(map(str, numbers[:12])) or "none"
        problems.append(f"numbered items found: {found}")
    problems += [f"suggestion {number} is empty" for number, text in summary.numbered_suggestions if not text]
    return judged(
        "summary.suggestions",
        "There are exactly three numbered suggestions",
        problems,
        f"Write three items, “1.”, “2.” and “3.”, under {SUGGESTIONS} in {DRAFT}, each of them doable.",
        subject=DRAFT,
    )


def _options(summary: Summary) -> Check:
    expected = tuple(enumerate(OPTIONS, 1))
    problems = []
    if summary.numbered_options != expected:
        found = " · ".join(f"{n} {one_line(text, 60)}" for n, text in summary.numbered_options[:8])
        problems.append(f"found: {found or 'no numbered items'}")
    listed = " · ".join(f"{n}. {text}" for n, text in expected)
    return judged(
        "summary.options",
        "The options are the six agreed ones",
        problems,
        f"Write exactly these six numbered lines under {YOUR_OPTIONS} in {DRAFT}: {listed}.",
        subject=DRAFT,
    )
