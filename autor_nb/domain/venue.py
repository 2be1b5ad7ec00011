"""A Venue: where a paper goes and which form it must have there."""

from __future__ import annotations

import msgspec


class Venue(msgspec.Struct, frozen=True, kw_only=True):
    """A venue's profile. `page_limit` None means flexible; `refs_in_limit` whether references count.

    `family` names our own clean LaTeX class (report · conference · journal), used where the venue's own style
    is not installed; style files of venues are never shipped.
    """

    key: str
    display_name: str
    venue_type: str
    family: str = "report"
    aliases: tuple[str, ...] = ()
    official_url: str = ""
    style_package: str = ""
    bib_style: str = "plainnat"
    citation_style: str = "author-year"
    page_limit: int | None = None
    refs_in_limit: bool = False
