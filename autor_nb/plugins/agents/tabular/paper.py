"""Stage 07: the paper as a document of templated text and computed numbers, rendered for LaTeX and Typst."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from autor_nb import registry
from autor_nb.domain.document import Cite, Document, Figure, Number, Section, Table
from autor_nb.domain.errors import UsageError
from autor_nb.plugins.agents.tabular import (
    opened,
    paper_appendix,
    paper_closing,
    paper_data,
    paper_front,
    paper_methods,
    paper_outcomes,
    paper_results,
)
from autor_nb.plugins.agents.tabular.draft import Draft, bullets, code, plain, table
from autor_nb.plugins.agents.tabular.paper_facts import Study
from autor_nb.plugins.agents.tabular.paper_numbers import Missing
from autor_nb.plugins.agents.tabular.paper_review import parts_of, self_review
from autor_nb.plugins.agents.tabular.paper_wishes import Answer, Wishes, options, wishes_of
from autor_nb.plugins.agents.tabular.session import Session
from autor_nb.plugins.agents.tabular.suggestions import offer, offered_path
from autor_nb.store.bibliography import BibEntry, read_bibliography
from autor_nb.store.venues import find_venue

FEW_PAGES = 8  # a venue with no more than these gets the short paper unless a person asks for the long one
AUTHOR = "Prepared with autor_nb (embedded agent, without a language model)"


def work(session: Session) -> None:
    """Write the document, its numbers, its bibliography and its self-review, and render it."""
    known = frozenset(["calibration"] if session.exists("results/calibration.json") else [])
    slug = session.task.stage.slug
    offered = session.read_json(offered_path(slug)) if session.exists(offered_path(slug)) else {}
    limit = find_venue(session.task.venue).page_limit
    brief = limit is not None and limit <= FEW_PAGES
    wishes = wishes_of(session.task.feedback, slug, offered, known, brief=brief)
    wishes.answers = [_explained(session, answer) for answer in wishes.answers]
    try:
        with session.step("write document", venue=session.task.venue) as step:
            opened.recount(session)
            study = Study(session, wishes)
            document = compose(study)
            step.output = f"{len(document.sections)} sections, {len(study.ledger.entries)} numbers"
    except Missing as error:
        raise UsageError(f"The paper cannot be written: {error}", "Roll back to the stage that writes it.") from error
    _write(session, study, document)
    rendered = _render(session, document)
    review = _review(session, study, document)
    _draft(session, study, document, review, rendered, options(wishes, known))


def compose(study: Study) -> Document:
    """The whole document."""
    held = paper_outcomes.holdout(study)
    sections: list[Section] = [
        paper_front.introduction(study),
        paper_front.related(study),
        paper_data.data(study),
        paper_methods.methods(study),
        paper_results.results(study),
        *([held] if held else []),
        paper_outcomes.hypotheses(study),
        paper_closing.limitations(study),
        paper_closing.failed(study),
        paper_closing.conclusion(study),
        paper_closing.reproducibility(study),
        *paper_appendix.appendix(study),
    ]
    return Document(
        title=paper_front.title(study),
        authors=(study.wishes.author or AUTHOR,),
        date="",
        notice=paper_front.notice(),
        abstract=paper_front.abstract(study),
        sections=tuple(sections),
        keywords=paper_front.keywords(study),
    )


def _write(session: Session, study: Study, document: Document) -> None:
    """The document, the numbers that it uses, the entries that it cites."""
    used = {part.name for part in parts_of(document) if isinstance(part, Number)}
    numbers = {name: entry for name, entry in study.ledger.as_json().items() if name in used}
    session.write_json("writing/numbers.json", numbers, "every number of the paper with its file and place")
    content = msgspec.json.format(msgspec.json.encode(document), indent=1).decode("utf-8") + "\n"
    session.write_text("writing/document.json", content, "the paper as a document model")
    cited = {key for part in parts_of(document) if isinstance(part, Cite) for key in part.keys}
    source = session.path("literature/references.bib")
    entries = read_bibliography(source.read_bytes()).entries if source.is_file() else ()
    text = "\n".join(_entry(entry) for entry in sorted(entries, key=lambda e: e.key) if entry.key in cited)
    session.write_text("writing/references.bib", text, "the works cited")


def _entry(entry: BibEntry) -> str:
    fields = "".join(
        f"  {name} = {{{' '.join(value.split())}}},\n"
        for name, value in sorted(entry.fields.items())
        if name.isascii() and name.isidentifier() and _balanced(value)
    )
    return f"@{entry.kind}{{{entry.key},\n{fields}}}\n"


def _balanced(value: str) -> bool:
    depth = 0
    for char in value.replace("\\{", "").replace("\\}", ""):
        depth += {"{": 1, "}": -1}.get(char, 0)
        if depth < 0:
            return False
    return depth == 0 and not value.rstrip().endswith("\\")


def _render(session: Session, document: Document) -> list[str]:
    """Sources for LaTeX and for Typst; an earlier attempt's sections that are no longer part of it go."""
    folder = session.path("writing")
    folder.mkdir(exist_ok=True)
    venue = find_venue(session.task.venue)
    written: list[Path] = []
    with session.step("render", venue=venue.key) as step:
        for name in ("latex", "typst"):
            written += registry.create("renderers", name).render(document, venue, folder)
        kept = {path.resolve() for path in written}
        for path in sorted((folder / "sections").glob("*.tex")):
            if path.resolve() not in kept:
                path.unlink()
        relative = sorted(path.relative_to(session.workspace).as_posix() for path in written)
        step.output = f"{len(relative)} files"
    words = {
        "writing/main.tex": "the paper for LaTeX",
        "writing/main.typ": "the same paper for Typst",
        "writing/numbers.tex": "one macro for each number",
    }
    for name in relative:
        if name in words:
            session.made(name, words[name])
    session.made("writing/sections", "one file for each section")
    session.made("artifacts/paper.pdf", "the paper, built by the engine")
    return relative


def _review(session: Session, study: Study, document: Document) -> dict[str, Any]:
    keys = read_bibliography(session.path("writing/references.bib").read_bytes()).keys
    review = self_review(study, document, keys)
    session.write_json("artifacts/self_review.json", review, "self-review: facts scored, judgement not assessed")
    return review


def _explained(session: Session, answer: Answer) -> Answer:
    """A request that the paper's rules do not know, with the reason of the study's own rules if any."""
    if answer.done:
        return answer
    for change in session.plan.changes:
        mine = change.stage == session.task.stage.slug and change.attempt == answer.attempt
        if mine and change.field and change.why and (change.asked in answer.asked or answer.asked in change.asked):
            return Answer(answer.attempt, answer.asked, change.done, change.why)
    return answer


def _asked(wishes: Wishes) -> str:
    if not wishes.answers:
        return ""
    rows = [
        [
            str(a.attempt),
            plain(a.asked),
            ("done" if a.done else "not done") + (f": {plain(a.why)}" if a.why else ""),
        ]
        for a in wishes.answers
    ]
    return "Feedback on this stage, oldest first:\n\n" + table(["after attempt", "asked", ("done or not done")], rows)


def _draft(
    session: Session,
    study: Study,
    document: Document,
    review: dict[str, Any],
    rendered: list[str],
    offers: list[Any],
) -> None:
    figures = sum(isinstance(b, Figure) for s in document.sections for b in s.blocks)
    tables = sum(isinstance(b, Table) for s in document.sections for b in s.blocks)
    cited = {key for part in parts_of(document) if isinstance(part, Cite) for key in part.keys}
    used = len({part.name for part in parts_of(document) if isinstance(part, Number)})
    open_issues = [f"{i['severity']}: {plain(i['text'])}" for i in review["issues"]]
    session.write_draft(
        Draft(
            objective=f"Write the paper for the venue {code(session.task.venue)}, from abstract to appendix, "
            "with every number taken from a result file.",
            did=[
                (
                    "I composed the text from templates that follow the outcome; no language model was used "
                    "and no literature was searched."
                ),
                (
                    f"I rendered it for LaTeX and for Typst ({len(rendered)} files). The engine builds the "
                    "PDF from these sources."
                ),
                *filter(None, [_asked(study.wishes)]),
            ],
            results=[
                bullets(
                    [
                        (
                            f"{len(document.sections)} sections, {tables} tables, {figures} figures, "
                            f"{len(cited)} works cited."
                        ),
                        (f"{used} numbers, each with its file and its place in {code('writing/numbers.json')}."),
                        (f"Outcome as the paper says it: {plain(text_of(study, paper_front.outcome_in_short(study)))}"),
                    ]
                ),
                "Self-review (facts only; narrative, evidence, rigor, design, writing and structure are "
                f"*not assessed* and need a person): verdict **{review['verdict']}**.\n\n"
                + bullets(open_issues or ["No open issue."]),
            ],
            suggestions=offer(session, offers),
            ledger=[
                "Open: six of eight dimensions of the self-review need a person's judgement.",
                f"Locked: the venue is {code(session.task.venue)}; it is a setting of the run.",
            ],
        )
    )


def text_of(study: Study, run: tuple[Any, ...]) -> str:
    """A run of parts as plain text."""
    out = []
    for part in run:
        if isinstance(part, Number):
            entry = study.ledger.entries[part.name]
            out.append(format(entry.value, entry.format))
        else:
            out.append(getattr(part, "text", ""))
    return "".join(out)
