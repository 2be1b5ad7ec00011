"""The verbs that list what there is to choose from: `agents`, `venues`, `stages`."""

from __future__ import annotations

from typing import Any

from autor_nb import registry
from autor_nb.domain.errors import AutorError
from autor_nb.store import preferences, templates
from autor_nb.store import venues as venue_store
from autor_nb.verbs import clean, target
from autor_nb.verbs.blocks import Cell, Mark, Para, Table
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import pass_face, verb


@verb(name="agents", examples=("autor agents",))
@pass_face
def agents(face: Face) -> Result:
    """Who can do the work here."""
    rows: list[tuple[Cell, ...]] = []
    facts: list[dict[str, Any]] = []
    for name in registry.names("agents"):
        about, problem = _about(name)
        rows.append((name, Mark("fail" if problem else "ok"), problem or about))
        facts.append({"name": name, "usable": not problem, "about": about, "problem": problem or None})
    chosen = str(preferences.read().get("agent", "tabular"))
    return Result(
        facts={"agents": facts, "default": chosen},
        blocks=(
            Table(("Agent", "State", "What it is"), tuple(rows)),
            Para(
                f"`autor new --agent NAME` chooses; without it {chosen} works (`autor config agent NAME`).",
                quiet=True,
            ),
        ),
    )


def _about(name: str) -> tuple[str, str]:
    try:
        part = registry.load("agents", name)
    except AutorError as error:
        return "", error.message
    return clean.line((part.__doc__ or "").strip().partition("\n")[0], 200), ""


@verb(name="venues", examples=("autor venues",))
@pass_face
def venues(face: Face) -> Result:
    """Where a paper can go, and its form there."""
    known = venue_store.venues(target.root(face).parent)
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            venue.key,
            venue.display_name,
            venue.venue_type,
            f"{venue.page_limit}{' with' if venue.refs_in_limit else ' without'} references"
            if venue.page_limit
            else "flexible",
            ", ".join(venue.aliases),
        )
        for venue in known.values()
    )
    facts = [
        {
            "key": venue.key,
            "display_name": venue.display_name,
            "venue_type": venue.venue_type,
            "page_limit": venue.page_limit,
            "refs_in_limit": venue.refs_in_limit,
            "aliases": list(venue.aliases),
            "official_url": venue.official_url,
        }
        for venue in known.values()
    ]
    return Result(facts={"venues": facts}, blocks=(Table(("Venue", "Name", "Type", "Pages", "Also"), rows),))


@verb(name="stages", examples=("autor stages",))
@pass_face
def stages(face: Face) -> Result:
    """The stages of a run, what each needs and makes."""
    specs = templates.stages(target.root(face).parent, intake=True)
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            spec.number,
            spec.title + (" (optional)" if spec.optional else ""),
            ", ".join(spec.produces),
            ", ".join(spec.checks),
        )
        for spec in specs
    )
    facts = [
        {
            "number": spec.number,
            "slug": spec.slug,
            "title": spec.title,
            "optional": spec.optional,
            "needs": list(spec.needs),
            "produces": list(spec.produces),
            "checks": list(spec.checks),
            "folder": spec.folder,
        }
        for spec in specs
    ]
    return Result(facts={"stages": facts}, blocks=(Table(("", "Stage", "Makes", "Judged by"), rows),))
