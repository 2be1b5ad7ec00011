"""What a person asked of the paper, read by rules; what they do not understand is said to be not done."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from autor_nb.domain.ports import Feedback
from autor_nb.plugins.agents.tabular.suggestions import Option, change_of_suggestion

REMOVE = re.compile(r"\b(?:drop|remove|delete|omit|without|no|leave out|skip|cut)\b", re.I)
TITLE = re.compile(
    r"\b(?:(?:change|set|make)\s+the\s+)?title\s*(?:(?:to|should be|must be|is|shall "
    r"be)\b|[:=])\s*[\"“”'‘]?(.+?)"
    r"[\"“”'’]?\s*\.?\s*$",
    re.I | re.S,
)
AUTHOR = re.compile(r"\bauthors?\s*(?:(?:to|should be|is|are)\b|[:=])\s*(.+?)\.?\s*$", re.I | re.S)
RULES = (
    (re.compile(r"\b(?:shorter|shorten|briefer|brief|concise|cut it down|condense)\b", re.I), "brief", "yes"),
    (
        re.compile(
            r"\b(?:longer|more detail(?:ed|s)?|full(?:er)? version|not so "
            r"short)\b",
            re.I,
        ),
        "brief",
        "no",
    ),
)
PARTS = {
    "appendix": re.compile(r"\bappendi(?:x|ces)\b", re.I),
    "folds": re.compile(
        r"\b(?:per[- ]fold|every fold|each fold|fold(?:wise)? "
        r"(?:scores|table|results))\b",
        re.I,
    ),
    "columns": re.compile(r"\b(?:columns? table|table of (?:the )?columns|descriptive statistics)\b", re.I),
    "secondary": re.compile(r"\b(?:secondary|other|further|all) metrics\b", re.I),
    "calibration": re.compile(r"\bcalibration\b", re.I),
    "keywords": re.compile(r"\bkeywords?\b", re.I),
}
SENTENCES = {
    "folds": "Add a table with the score of every outer fold to the appendix.",
    "columns": "Add a table that describes every column of the training part to the appendix.",
    "brief": "Make a shorter paper: no appendix, no secondary metrics, no figure that repeats a table.",
    "secondary": "Take the table of secondary metrics out, so that the paper speaks of one metric only.",
    "calibration": "Add a table on calibration to the results.",
    "appendix": "Take the appendix out.",
    "keywords": "Add keywords below the abstract.",
}


class Answer(msgspec.Struct, frozen=True):
    """One request and what became of it."""

    attempt: int
    asked: str
    done: bool
    why: str


class Wishes(msgspec.Struct, kw_only=True):
    """The paper's settings after all feedback; `parts` are those a person may add or remove."""

    title: str = ""
    author: str = ""
    brief: bool = False
    parts: dict[str, bool] = msgspec.field(
        default_factory=lambda: {
            "appendix": True,
            "folds": False,
            "columns": False,
            "secondary": True,
            "calibration": True,
            "keywords": False,
        }
    )
    answers: list[Answer] = []

    def shows(self, part: str) -> bool:
        """Whether a part is wanted; a short paper shows of the appendix only what was asked for by name."""
        if part in ("appendix", "folds", "columns"):
            tables = self.parts["folds"] or self.parts["columns"]
            return self.parts["appendix"] and self.parts[part] and (tables or not self.brief)
        return self.parts[part] and not (self.brief and part == "secondary")


def wishes_of(
    feedback: tuple[Feedback, ...],
    slug: str,
    offered: dict[str, Any],
    known: frozenset[str],
    *,
    brief: bool = False,
) -> Wishes:
    """All feedback on this stage, oldest first; `known` are the parts for which this study has results.
    `brief` is where it starts: true for a venue with few pages."""
    wishes = Wishes(brief=brief)
    for given in feedback:
        taken = change_of_suggestion(given, slug, offered) if given.suggestion else None
        if taken is not None and taken.field == "paper":
            _take(wishes, taken.value, taken.how == "add", known)
            wishes.answers.append(Answer(given.attempt, taken.asked, True, ""))
            continue
        for clause in _clauses(given.text):
            done, why = _clause(wishes, clause, known)
            wishes.answers.append(Answer(given.attempt, clause, done, why))
    return wishes


def options(wishes: Wishes, known: frozenset[str]) -> list[Option]:
    """Three things that can be asked for next, each a change that this stage carries out."""
    found = []
    if not wishes.shows("folds"):
        found.append(Option("paper+folds", SENTENCES["folds"]))
    if not wishes.shows("columns"):
        found.append(Option("paper+columns", SENTENCES["columns"]))
    if not wishes.brief:
        found.append(Option("paper+brief", SENTENCES["brief"]))
    else:
        found.append(Option("paper-brief", "Go back to the longer paper."))
    if "calibration" in known and not wishes.parts["calibration"]:
        found.append(Option("paper+calibration", SENTENCES["calibration"]))
    if wishes.shows("secondary"):
        found.append(Option("paper-secondary", SENTENCES["secondary"]))
    if not wishes.parts["keywords"]:
        found.append(Option("paper+keywords", SENTENCES["keywords"]))
    found += [
        Option("paper-folds", "Take the table of every fold out."),
        Option("paper-columns", "Take the table of columns out."),
        Option("paper-keywords", "Take the keywords out."),
    ]
    return found[:3]


def _clauses(text: str) -> list[str]:
    """Sentences; a title or an author keeps its commas and full stops inside."""
    if TITLE.search(text) and len(text.splitlines()) == 1 and len(re.findall(r"\btitle\b", text, re.I)) == 1:
        return [text.strip()]
    parts = re.split(r"(?:[;\n]+|(?<=[.!?])\s+|,\s*(?:and|then|also)\s+)", text)
    return [" ".join(part.split()) for part in parts if re.search(r"\w", part)]


def _clause(wishes: Wishes, clause: str, known: frozenset[str]) -> tuple[bool, str]:
    """Carry out one clause; (done, why not or what to know)."""
    title, author = TITLE.search(clause), AUTHOR.search(clause)
    if title:
        wishes.title = " ".join(title.group(1).split())[:300]
        return True, ""
    if author:
        wishes.author = " ".join(author.group(1).split())[:200]
        return True, ""
    if re.search(r"\b(?:venue|layout|template|conference|journal|neurips|iclr|icml|ieee|acl|cvpr)\b", clause, re.I):
        return False, "the venue is a setting of the run, not of this stage: resume the run with --venue KEY"
    for pattern, field, value in RULES:
        if pattern.search(clause):
            setattr(wishes, field, value == "yes")
            return True, ""
    wanted = not REMOVE.search(clause)
    named = [part for part, pattern in PARTS.items() if pattern.search(clause)]
    if not named:
        return False, (
            "not understood: without a language model this stage can change the title and the authors, make "
            "the paper shorter or longer, and add or remove its appendix, keywords and tables"
        )
    if "folds" in named and "appendix" in named:
        named.remove("appendix")
    missing = [part for part in named if wanted and part in ("calibration",) and part not in known]
    if missing:
        return False, f"{missing[0]} was not assessed: roll back to stage 06 and ask for it there"
    for part in named:
        _take(wishes, part, wanted, known)
    return True, ""


def _take(wishes: Wishes, part: str, wanted: bool, known: frozenset[str]) -> None:
    if part == "brief":
        wishes.brief = wanted
    elif part in wishes.parts:
        wishes.parts[part] = wanted
        if wanted and part in ("folds", "columns"):
            wishes.parts["appendix"] = True
