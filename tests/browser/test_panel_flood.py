"""An agent that says two hundred thousand lines: the page, the kernel and the notebook hold a bounded part of them."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parent))

import steering
from desk import desk
from lab_server import Server
from playwright.sync_api import expect
from steering import Steering

from autor_nb import control

pytestmark = [pytest.mark.browser, pytest.mark.slow]

GOAL, LINES = "What does a flood do?", 200_000
NODES, CARDS, BATCH, PAGE, EXTRA_BYTES, SAVED_BYTES = 2_500, 100, 50, 100, 60_000_000, 200_000
LOAD = "%load_ext autor_nb\nimport autor_nb.notebook.panels.run_panel"
EARLIER = re.compile(r"^([\d,\s]+) earlier events$")
COUNT = """host => ({ nodes: host.querySelectorAll('*').length, cards: host.querySelectorAll('.feed > li').length })"""


class Wire:
    """What came over the websockets: the feed's messages and everybody's bytes."""

    def __init__(self, page: Any) -> None:
        self.batches: list[tuple[int, int]] = []
        self.bytes = 0
        page.on("websocket", lambda socket: socket.on("framereceived", self._take))

    def _take(self, frame: str | bytes) -> None:
        data = frame if isinstance(frame, bytes) else frame.encode()
        self.bytes += len(data)
        if b'"feed"' in data and b'"skipped"' in data:
            self.batches.append((data.count(b'"took_s"'), len(data)))


def number(text: str) -> int:
    """A count as the panel writes it."""
    return int(re.sub(r"\D", "", text))


def test_a_flood_leaves_page_kernel_and_notebook_small(server: Server, project: Path) -> None:
    """The newest cards are shown, the rest is counted and comes when asked for; a click answers all the while."""
    cell = f"%%autor new --agent scripted --no-intake --set lines={LINES} --set delay_s=0\n{GOAL}"
    with desk(server, reduced_motion="reduce") as at:
        wire = Wire(at.page)
        at.open(steering.notebook(project, "flood.ipynb", LOAD, cell))
        at.idle()
        at.command("notebook:run-cell-and-select-next")
        at.idle()
        kernel = server.kernel(at.kernel_id)
        began, peak, clicked, most = kernel.memory_info().rss, 0, 0, {"nodes": 0, "cards": 0}
        at.command("notebook:run-cell-and-select-next")
        run, panel = steering.newest(project), Steering(at, GOAL)
        expect(panel.panel).to_be_visible(timeout=steering.PATIENCE_MS)
        while control.snapshot(run).state.review is None:
            for n in (1, 0):
                panel.panel.locator(".line button").nth(n).click(timeout=steering.PATIENCE_MS)
                clicked += 1
            seen = panel.panel.evaluate(COUNT)
            most = {name: max(most[name], seen[name]) for name in most}
            peak = max(peak, kernel.memory_info().rss - began)
            at.page.wait_for_timeout(300)
        panel.in_review("Literature Survey")
        panel.says(re.compile(r"^ended · 200\D?004\sevents$"))  # session, call, result and end besides the lines
        panel.part("region", "Live feed").get_by_role("button", name="Open").click()
        earlier = panel.button(EARLIER)
        before = number(earlier.inner_text(timeout=steering.PATIENCE_MS))
        assert LINES > before > LINES - 1_000
        earlier.click()
        fewer = r"\D?".join(str(before - PAGE))
        expect(panel.button(re.compile(rf"^{fewer} earlier events$"))).to_be_visible(timeout=steering.PATIENCE_MS)
        at.save()
        seen = panel.panel.evaluate(COUNT)
        most = {name: max(most[name], seen[name]) for name in most}
        print(
            f"\n{clicked} clicks, {most}, {peak / 1e6:.1f} MB, {len(wire.batches)} batches, {wire.bytes / 1e6:.1f} MB on the wire"
        )
        assert clicked >= 2 and most["nodes"] <= NODES and most["cards"] <= CARDS
        assert peak <= EXTRA_BYTES
        assert wire.batches and all(cards <= BATCH for cards, _ in wire.batches)
        at.page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
    assert (project / "flood.ipynb").stat().st_size <= SAVED_BYTES
