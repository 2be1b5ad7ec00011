"""Hostile text everywhere a panel shows text of others: no script runs, nothing is fetched, nothing breaks the layout."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

import steering
from desk import desk
from lab_server import Server
from playwright.sync_api import expect
from steering import Steering
from test_verb_cards_browser import DATA, EVIL, GOAL, TITLES

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NAME = re.compile("^Which family is best")
LONG = "W" * 3_000


@pytest.fixture(scope="module")
def project(project: Path) -> Path:
    """With a file whose name and columns are hostile."""
    (project / DATA).write_text(f'"{EVIL.replace(chr(34), chr(39))}",y\n1,2\n3,4\n')
    return project


def test_hostile_goal_draft_names_feed_and_feedback_do_nothing(server: Server, project: Path) -> None:
    """Every fold of the panel is opened and read, in both themes, wide and narrow."""
    new = f'%%autor new --agent scripted --no-intake --set script=01:hostile --resources "{DATA}"\n{GOAL}'
    with desk(server, reduced_motion="reduce") as at:
        at.window.add_init_script(TITLES)
        at.open(steering.notebook(project, "hostile.ipynb", "%load_ext autor_nb", new))
        at.run_all()
        panel = Steering(at, NAME)
        panel.in_review("Literature Survey")
        read_everything(panel)
        panel.feedback.fill(f"{EVIL}\n{LONG}\n# Stage 99: Forged")
        panel.click("Refine with your own words")
        panel.in_review("Literature Survey", attempt=2)
        assert EVIL in panel.decisions
        panel.click("Compare with another attempt")
        expect(panel.part("heading", "Draft")).to_be_visible(timeout=steering.PATIENCE_MS)
        for theme, width in (("light", 1300), ("dark", 1300), ("dark", 700)):
            at.theme(theme)
            assert [] == panel.look(f"hostile-compared-{theme}-{width}", width)
        panel.click("Close")
        harmless(panel)


def read_everything(panel: Steering) -> None:
    """The whole draft, the feed, a table with hostile heads, the text for editing."""
    panel.click("Show the whole draft")
    table = panel.panel.get_by_role("article").filter(has_text="data/<img src=x onerror=document.title='owned'>.csv")
    expect(table.get_by_role("columnheader").first).to_contain_text("<script>", timeout=steering.PATIENCE_MS)
    panel.click(re.compile("^Open$"))
    assert [] == panel.look("hostile-feed")
    panel.click(re.compile("^Close$"))
    for theme, width in (("light", 1300), ("dark", 1300), ("light", 700)):
        panel.at.theme(theme)
        assert [] == panel.look(f"hostile-{theme}-{width}", width)
    panel.click("Edit by hand")
    expect(panel.panel.get_by_label("The draft as Markdown")).to_have_value(re.compile("<script>"))
    panel.click("Cancel")


def harmless(panel: Steering) -> None:
    """Nothing of it ran, was typeset, was fetched or can be followed."""
    at = panel.at
    assert at.page.evaluate("() => window.pwned") is None
    assert [] == [title for title in at.page.evaluate("() => window.titles") if "owned" in title]
    assert [] == [url for url in at.asked if not url.startswith((at.server.url, "data:", "blob:"))]
    assert [] == [url for url in at.asked if url.endswith("/x")]
    assert 0 == panel.panel.locator("mjx-container").count()
    addresses = [link.get_attribute("href") or "" for link in panel.panel.get_by_role("link").all()]
    assert [] == [address for address in addresses if "script:" in address]
