"""A panel without a mouse: Tab reaches every control, the focus can be seen, and a stage is approved with keys alone."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parent))

import steering
from desk import Desk, desk
from lab_server import App, Server
from steering import Steering

pytestmark = [pytest.mark.browser, pytest.mark.slow]

GOAL = "Can it be steered with keys?"
APPS: tuple[App, ...] = ("lab", "notebook")
# Links and buttons, fields and tabs: of a group of radio buttons or tabs one is enough, arrows lead on.
_CONTROLS = """host => [...host.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex]')]
  .filter(e => e.checkVisibility({visibilityProperty: true}) && e.tabIndex >= 0
    && !(e.type === 'radio' && !e.checked && host.querySelector(`input[name="${e.name}"]`) !== e))"""
_NUMBERED = f"host => ({_CONTROLS})(host).map((e, i) => {{ e.dataset.stop = i; return e.outerHTML.slice(0, 120); }})"
_MOUSE_ONLY = """host => [...host.querySelectorAll('button, a, input, select, textarea, summary, [role=button]')]
  .filter(e => e.checkVisibility({visibilityProperty: true}) && e.tabIndex < 0 && e.getAttribute('role') !== 'tab')
  .map(e => e.outerHTML.slice(0, 120))"""
_HERE = """host => { const e = document.activeElement; if (!host.contains(e)) return null;
  const shown = [e, ...(e.matches('input, textarea') ? [e.closest('label, .own') || e] : [])].some(one => {
    const s = getComputedStyle(one); return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2; });
  const box = e.getBoundingClientRect();
  return { stop: e.dataset.stop ?? '', name: e.textContent.trim().slice(0, 60) || e.getAttribute('aria-label') || e.id,
    shown, seen: box.width > 0 && box.height > 0 }; }"""


def walk(at: Desk, host: Any) -> list[dict[str, Any]]:
    """Every stop of the Tab key from the panel's first control until it leaves the panel."""
    host.evaluate(f"host => ({_CONTROLS})(host)[0].focus()")
    at.page.keyboard.press("Shift+Tab")
    at.page.keyboard.press("Tab")
    stops: list[dict[str, Any]] = []
    while (here := host.evaluate(_HERE)) is not None:
        stops.append(here)
        assert len(stops) < 300, "Tab does not lead out of the panel"
        at.page.keyboard.press("Tab")
    return stops


def press(at: Desk, host: Any, name: str) -> None:
    """Tab to the control of that name, and press Enter."""
    host.evaluate(f"host => ({_CONTROLS})(host)[0].focus()")
    passed: list[str] = []
    for _ in range(300):
        here = host.evaluate(_HERE)
        assert here is not None, f"Tab leads past {name!r}: {passed}"
        passed.append(here["name"])
        if re.match(name, here["name"]):
            at.page.keyboard.press("Enter")
            return
        at.page.keyboard.press("Tab")
    raise AssertionError(f"Tab never reaches {name!r}")


@pytest.mark.parametrize("app", APPS)
def test_keys_alone_reach_every_control_and_approve(server: Server, project: Path, app: App) -> None:
    """Tab stops at each control, in their order, with the focus in sight; keys refine with a suggestion and approve."""
    cells = ("%load_ext autor_nb", f"%%autor new --agent scripted --no-intake\n{GOAL}")
    with desk(server, reduced_motion="reduce") as at:
        at.open(steering.notebook(project, f"keys-{app}.ipynb", *cells), app)
        at.run_all()
        run, panel = steering.newest(project), Steering(at, GOAL)
        panel.in_review("Literature Survey")
        panel.says("ended")
        host = panel.panel
        assert [] == host.evaluate(_MOUSE_ONLY), "controls that Tab does not reach"
        controls = host.evaluate(_NUMBERED)
        stops = walk(at, host)
        assert [str(n) for n in range(len(controls))] == [stop["stop"] for stop in stops]
        assert [] == [stop for stop in stops if not stop["shown"] or not stop["seen"]], "focus that cannot be seen"
        press(at, host, "1Use more seeds")
        press(at, host, "Refine with suggestion 1$")
        panel.in_review("Literature Survey", attempt=2)
        press(at, host, "Approve, go on to ")
        panel.in_review("Hypothesis Generation")
        assert [("Refined", "panel"), ("Approved", "panel")] == steering.decided(run)
