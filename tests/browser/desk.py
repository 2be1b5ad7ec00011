"""A person at a browser: opens notebooks in JupyterLab or Notebook 7, runs cells, and sees what befalls the kernel."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lab_server import App, Server

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
WIDTH, HEIGHT = 1300, 1000
FOOT, HIGHEST = 120, 16_000
PATIENCE_MS = 60_000
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}

_OPENED = """name => { const w = window.jupyterapp && window.jupyterapp.shell.currentWidget;
  return !!(w && w.context && w.context.isReady && w.context.path === name
    && w.content && w.content.widgets && w.content.widgets.length === w.content.model.cells.length
    && w.content.widgets.length > 0); }"""
_IDLE = """() => { const w = window.jupyterapp.shell.currentWidget, s = w.sessionContext;
  return s.isReady && !!s.session && !!s.session.kernel && s.session.kernel.connectionStatus === 'connected'
    && s.session.kernel.status === 'idle'; }"""
_TRUSTED = """() => window.jupyterapp.shell.currentWidget.content.widgets
  .filter(c => c.model.type === 'code').map(c => c.model.trusted)"""
_KERNEL = "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.id"
_LOW = """() => { const w = window.jupyterapp.shell.currentWidget.content, o = w.outerNode || w.node;
  const last = w.widgets[w.widgets.length - 1].node.getBoundingClientRect();
  return Math.ceil(last.bottom + o.scrollTop); }"""

_SETTLED = f"() => window.seen.unshift(({_LOW})()) > 4 && new Set(window.seen.slice(0, 4)).size === 1"
_CUT_OFF = """selector => [...document.querySelectorAll(selector)].filter(e => {
  const area = e.closest('.jp-OutputArea-output'); let scrolls = false;
  for (let up = e; up && up !== area.parentElement; up = up.parentElement)
    scrolls = scrolls || /auto|scroll/.test(getComputedStyle(up).overflowX);
  return e.checkVisibility() && !scrolls
    && e.getBoundingClientRect().right > area.parentElement.getBoundingClientRect().right + 1;
}).map(e => e.outerHTML.slice(0, 120))"""
_ILLEGIBLE = """selector => {
  const parts = color => color.match(/[0-9.]+(e-?[0-9]+)?/g).map(Number)
    .map((c, i) => color.startsWith('color(srgb') && i < 3 ? c * 255 : c);
  const light = rgb => rgb.slice(0, 3).map(c => c / 255)
    .map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const over = (top, below, opacity) => below.map((c, i) => top[i] * opacity + c * (1 - opacity));
  const bad = [];
  const texts = [...document.querySelectorAll(selector)].flatMap(root => {
    const found = [], walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) if (walk.currentNode.data.trim()) found.push(walk.currentNode);
    return found; });
  for (const text of texts) {
    const here = text.parentElement;
    if (!here.checkVisibility() || here.closest('svg') || here.closest('script, style')) continue;
    const line = []; for (let up = here; up; up = up.parentElement) line.unshift(up);
    let paper = [255, 255, 255], fade = 1;
    for (const up of line) { const style = getComputedStyle(up), back = parts(style.backgroundColor);
      paper = over(back, paper, back.length > 3 ? back[3] : 1); fade *= Number(style.opacity); }
    const ink = parts(getComputedStyle(here).color);
    const seen = over(ink, paper, (ink.length > 3 ? ink[3] : 1) * fade);
    const [high, low] = [light(seen), light(paper)].sort((a, b) => b - a);
    const contrast = (high + 0.05) / (low + 0.05), needed = /[\\p{L}\\p{N}]/u.test(text.data) ? 4.5 : 3;
    if (contrast < needed) bad.push(contrast.toFixed(2) + ': ' + text.data.trim().slice(0, 60));
  }
  return [...new Set(bad)]; }"""


def artifacts() -> Path:
    """Where pictures for people go."""
    folder = Path(os.environ.get("AUTOR_TEST_ARTIFACTS") or Path(__file__).parents[2] / "test-artifacts")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextlib.contextmanager
def browser(**view: Any) -> Iterator[Any]:
    """A headless Chromium's one window; pages opened in it share what a browser shares."""
    from playwright.sync_api import sync_playwright

    chromium = os.environ.get("AUTOR_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    assert chromium, "install chromium, or say where it is in AUTOR_CHROMIUM"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, headless=True, args=list(FLAGS))
        try:
            yield opened.new_context(**({"viewport": {"width": WIDTH, "height": HEIGHT}} | view))
        finally:
            opened.close()


class Desk:
    """One browser tab on a server. `errors` are the page's uncaught ones, `asked` the addresses it requested."""

    def __init__(self, server: Server, window: Any) -> None:
        self.server, self.window = server, window
        self.page: Any = window.new_page()
        self.errors: list[str] = []
        self.asked: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.notebook, self.app = "", "lab"

    def open(self, notebook: str, app: App = "lab") -> None:
        """Open a notebook and wait until all its cells are there; a kernel need not be."""
        self.notebook, self.app = notebook, app
        self.page.goto(self.server.address(notebook, app))
        self._opened()

    def _opened(self) -> None:
        self.page.wait_for_function(_OPENED, arg=self.notebook, timeout=PATIENCE_MS)

    def new_tab(self) -> Desk:
        """The same notebook in a second tab of the same browser."""
        other = Desk(self.server, self.window)
        other.open(self.notebook, self.app)
        return other

    def reload(self) -> None:
        """The browser's reload button."""
        self.page.reload()
        self._opened()

    # ------------------------------------------------------------------------------------- the kernel

    def command(self, name: str, wait: bool = True, **arguments: Any) -> None:
        """Carry out one of the application's commands."""
        code = "([name, args]) => { const done = window.jupyterapp.commands.execute(name, args);"
        code += " return done.then(() => null); }" if wait else " void done; return null; }"
        self.page.evaluate(code, [name, arguments])

    def run_all(self, wait: bool = True) -> None:
        """Run every cell; with `wait`, until the last has ended."""
        self.idle()
        self.command("notebook:run-all-cells", wait=wait)

    def idle(self) -> None:
        """Wait until a kernel is connected and does nothing."""
        self.page.wait_for_function(_IDLE, timeout=PATIENCE_MS)

    @property
    def kernel_id(self) -> str:
        """The notebook's kernel."""
        return str(self.page.evaluate(_KERNEL))

    def restart_kernel(self) -> None:
        """Jupyter's ↻ without its question: another process takes the kernel's place."""
        before = self.server.kernel(self.kernel_id)
        self.page.evaluate(
            "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart().then(() => null)"
        )
        before.wait(30)
        self.idle()

    def kill_kernel(self) -> None:
        """As the machine does when memory runs out; the server starts another one by itself."""
        process = self.server.kernel(self.kernel_id)
        process.kill()
        process.wait(30)

    def save(self) -> None:
        """Write the notebook to disk."""
        self.command("docmanager:save")

    # ------------------------------------------------------------------------------------- the looks

    @property
    def trusted(self) -> set[bool]:
        """Whether the code cells are: {False}, {True}, or both."""
        return set(self.page.evaluate(_TRUSTED))

    def theme(self, name: str) -> None:
        """`light` or `dark`."""
        self.command("apputils:change-theme", theme=THEMES[name])
        light = "true" if name == "light" else "false"
        self.page.wait_for_function("light => document.body.dataset.jpThemeLight === light", arg=light)

    def whole(self) -> None:
        """Make the window so high that every cell of the notebook is in view, and drawn."""
        for _ in range(6):
            low = self._settled() + FOOT
            assert low < HIGHEST, f"{self.notebook} is {low} pixels high, more than a picture can hold"
            if abs(low - self.page.viewport_size["height"]) <= FOOT // 2:
                return
            self.page.set_viewport_size({"width": self.page.viewport_size["width"], "height": max(low, HEIGHT)})

    def _settled(self) -> int:
        """How far down the last cell reaches, once that has been the same for a few pictures."""
        self.page.evaluate("() => { window.seen = []; }")
        self.page.wait_for_function(_SETTLED, polling=100)
        return int(self.page.evaluate(_LOW))

    def cut_off(self, selector: str) -> list[str]:
        """Things whose right side lies beyond the notebook's output area, where nobody can scroll to it."""
        return list(self.page.evaluate(_CUT_OFF, selector))

    def illegible(self, selector: str) -> list[str]:
        """Texts below `selector` with too little contrast to what lies behind (WCAG 2: words 4.5, signs 3)."""
        return list(self.page.evaluate(_ILLEGIBLE, selector))

    def screenshot(self, name: str) -> Path:
        """Keep a picture for people to look at."""
        path = artifacts() / f"{name}.png"
        self.page.screenshot(path=str(path))
        return path


@contextlib.contextmanager
def desk(server: Server, **view: Any) -> Iterator[Desk]:
    """A person at a browser of their own."""
    with browser(**view) as window:
        yield Desk(server, window)
