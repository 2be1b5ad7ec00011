"""Venues: exact names only, whole profiles, and a project's own folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from autor_nb.domain.errors import UsageError
from autor_nb.store.venues import CLASSES, find_venue, venues

LIMITS = {
    "neurips_2025": (9, False), "neurips_2026": (9, False), "iclr_2026": (9, False), "icml_2026": (8, False),
    "cvpr_2026": (8, False), "acl_2026": (8, False), "aaai_2026": (7, False), "ieee_journal": (14, True),
    "ieee_conference": (6, True), "nature": (8, True), "nature_communications": (None, True), "jmlr": (None, True),
    "report": (None, False),
}


def test_all_venues_of_the_contract_are_there_with_their_limits() -> None:
    """Keys and page limits are the contract's; every family has a class and no venue's style is shipped."""
    known = venues()
    assert {key: limits for key, limits in LIMITS.items() if limits[0]} == {
        key: (venue.page_limit, venue.refs_in_limit) for key, venue in known.items() if venue.page_limit}
    assert set(LIMITS) == set(known)
    assert all((CLASSES / f"autor-{venue.family}.cls").is_file() for venue in known.values())
    shipped = {path.name for path in CLASSES.parent.rglob("*") if path.is_file() and path.suffix != ".yaml"}
    assert all(name.startswith("autor-") for name in shipped)


@pytest.mark.parametrize(("name", "key"), [("iclr", "iclr_2026"), ("neurips2025", "neurips_2025"), ("jmlr", "jmlr")])
def test_a_venue_is_found_by_key_or_alias(name: str, key: str) -> None:
    """An alias stands for one venue."""
    assert find_venue(name).key == key


@pytest.mark.parametrize("name", ["neurips", "NeurIPS_2025", "nature_comm", "", "../report", "ieee"])
def test_other_names_are_refused_with_the_list(name: str) -> None:
    """Nothing is guessed: two NeurIPS are known, so the bare name is none."""
    with pytest.raises(UsageError) as caught:
        find_venue(name)
    assert "neurips_2026" in caught.value.suggestion and "report" in caught.value.suggestion


def project(tmp_path: Path, text: str, name: str = "workshop") -> Path:
    """A project with a venue of its own."""
    folder = tmp_path / "venues" / name
    folder.mkdir(parents=True)
    (folder / "venue.yaml").write_text(text)
    return tmp_path


def test_a_projects_own_venue_is_a_folder(tmp_path: Path) -> None:
    """A venue.yaml is enough."""
    root = project(tmp_path, "key: workshop\ndisplay_name: W\nvenue_type: workshop\nfamily: conference\npage_limit: 4\n")
    assert find_venue("workshop", root).page_limit == 4
    with pytest.raises(UsageError):
        find_venue("workshop")


@pytest.mark.parametrize(("text", "told"), [
    ("key: other\ndisplay_name: W\nvenue_type: x\n", "folder"),
    ("key: workshop\ndisplay_name: W\nvenue_type: x\npages: 3\n", "pages"),
    ("key: workshop\ndisplay_name: W\nvenue_type: x\nfamily: book\n", "family"),
    ("key: workshop\ndisplay_name: W\nvenue_type: x\nstyle_package: '../../evil'\n", "style_package"),
    ("key: workshop\ndisplay_name: W\nvenue_type: x\npage_limit: many\n", "page_limit"),
    ("key: workshop\ndisplay_name: W\nvenue_type: x\naliases: [report]\n", "report"),
    ("key: [\n", "YAML"), ("", "object"),
])
def test_a_venue_that_is_not_whole_is_refused_by_file_and_key(text: str, told: str, tmp_path: Path) -> None:
    """The message names what to mend."""
    with pytest.raises(UsageError) as caught:
        venues(project(tmp_path, text))
    assert told in str(caught.value)
