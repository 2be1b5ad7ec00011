"""Stage 01: the supplied literature, if any, and the works behind the methods; nothing is searched, and it
says so."""

from __future__ import annotations

from typing import Any

from autor_nb.plugins.agents.tabular.draft import Draft, bullets, code, plain, table
from autor_nb.plugins.agents.tabular.session import Session
from autor_nb.plugins.agents.tabular.suggestions import asked_table, choose, offer
from autor_nb.plugins.agents.tabular.supplied import Supplied, read_supplied
from autor_nb.plugins.agents.tabular.survey_sources import WORKS, bibtex, keys_for


def work(session: Session) -> None:
    """Gather sources and claims, write the survey and the bibliography."""
    plan = session.plan
    with session.step("read supplied literature", resources=len(session.task.resources)) as step:
        supplied = read_supplied(session)
        step.output = f"{len(supplied.sources)} sources supplied"
        for problem in supplied.problems:
            session.notice(problem)
    taken = {source["key"] for source in supplied.sources}
    keys = [key for key in keys_for(plan.families, plan.extras, plan.secondary) if key not in taken]
    methods = [_source(key) for key in keys]
    claims = supplied.claims + [
        {"claim_id": f"M{n}", "statement": WORKS[key].says, "source_ids": [f"M-{key}"], "kind": "method"}
        for n, key in enumerate(keys, 1)
    ]
    statement = _statement(supplied)
    session.write_json(
        "literature/sources.json", supplied.sources + methods, "every source, supplied or behind a method"
    )
    session.write_json("literature/claims.json", claims, "what each source is cited for")
    session.write_json(
        "literature/survey.json",
        {
            "supplied": len(supplied.sources),
            "searched": False,
            "method_works": len(methods),
            "statement": statement,
        },
        "what was and was not searched",
    )
    session.write_text(
        "literature/references.bib",
        "\n".join([*supplied.bibtex, *(bibtex(WORKS[key]) for key in keys)]),
        "the bibliography",
    )
    session.write_text("literature/survey.md", _survey(session, statement, supplied, keys), "the survey as text")
    _draft(session, statement, supplied, methods, claims)


def _source(key: str) -> dict[str, Any]:
    found = WORKS[key]
    where = {"doi": found.doi} if found.doi else {"url": found.url}
    return {
        "source_id": f"M-{key}",
        "title": found.title,
        "authors": found.authors.replace("{", "").replace("}", "").replace("\\v", "").replace('\\"', ""),
        "year": found.year,
        "venue": found.venue,
        **where,
        "key": key,
        "kind": "method",
        "why": found.says,
    }


def _statement(supplied: Supplied) -> str:
    if supplied.sources:
        return (
            f"Literature was supplied by the person ({len(supplied.sources)} sources) and not searched; "
            f"beside it only the "
            "works behind the methods are cited."
        )
    return "No literature was supplied or searched; only the works behind the methods are cited."


def _survey(session: Session, statement: str, supplied: Supplied, keys: list[str]) -> str:
    parts = [
        (
            f"# Survey\n\n{statement}\n\nThis agent has no language model: it quotes what a source says of "
            f"itself and weighs "
            "nothing. Whether the question has been answered elsewhere is for a person to find out.\n"
        )
    ]
    if supplied.sources:
        rows = [[plain(s["title"]), plain(s["authors"]), plain(s["year"]), code(s["key"])] for s in supplied.sources]
        parts.append("## Supplied\n\n" + table(["title", "authors", "year", "key"], rows) + "\n")
        parts.append(
            bullets([plain(claim["statement"]) for claim in supplied.claims]) + "\n"
            if supplied.claims
            else "None of them holds an abstract or text that could be quoted.\n"
        )
    parts.append(
        "## Behind the methods\n\n"
        + bullets(
            [f"{plain(WORKS[key].says)} ({plain(WORKS[key].title)}, {WORKS[key].year}, {code(key)})" for key in keys]
        )
        + "\n"
    )
    return "\n".join(parts)


def _draft(
    session: Session,
    statement: str,
    supplied: Supplied,
    methods: list[dict[str, Any]],
    claims: list[dict[str, Any]],
) -> None:
    split = session.read_json("data/split.json")
    families = ", ".join(session.plan.families)
    session.write_draft(
        Draft(
            objective=f"Put the question into its literature: {plain(session.task.goal)}",
            did=[
                (
                    f"Before anything was profiled I set a holdout aside: {split['holdout_rows']} of "
                    f"{split['raw_rows']} rows "
                    f"({plain(split['why'])}). Only the training part ({split['train_rows']} rows) is used "
                    f"from here to stage 06."
                ),
                (
                    f"I read the supplied literature and listed the works behind the methods of this study "
                    f"(families: {families})."
                ),
                *filter(None, [asked_table(session)]),
            ],
            results=[
                f"**{statement}**",
                bullets(
                    [
                        (f"{len(supplied.sources)} supplied sources, {len(supplied.claims)} claims quoted from them."),
                        (
                            f"{len(methods)} works behind the methods, {len(claims) - len(supplied.claims)} "
                            f"claims they are cited for."
                        ),
                        *(plain(problem) for problem in supplied.problems),
                    ]
                ),
                table(
                    ["key", "work", "year"],
                    [[code(s["key"]), plain(s["title"]), plain(s["year"])] for s in supplied.sources + methods],
                ),
            ],
            suggestions=offer(session, choose(session)),
            ledger=[("Assumption: the works behind the methods are cited for the methods only, not for the question.")],
        )
    )
