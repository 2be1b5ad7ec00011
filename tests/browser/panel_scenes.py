"""Runs in the states in which people meet them, and what a panel of each must be: legible, whole, open to everybody."""

from __future__ import annotations

from pathlib import Path

import steering
from desk import Desk

import autor_nb
from autor_nb import control
from autor_nb.store.layout import RunFolder

AXE = Path(autor_nb.__file__).parent / "notebook" / "panels" / "page" / "node_modules" / "axe-core" / "axe.min.js"
SEVERE = ("serious", "critical")
THEMES, WIDTHS = ("light", "dark"), (1300, 700)
REVIEW = "When labels are scarce, which model tells y best?"
WORKING, INTAKE, DONE = (
    "Does the order hold with more seeds?",
    "Which column is worth telling?",
    "Two constants, compared",
)
_HEIGHT = """() => { const w = window.jupyterapp.shell.currentWidget.content, o = w.outerNode || w.node;
  o.scrollTop = 0; return Math.ceil(w.widgets[w.widgets.length - 1].node.getBoundingClientRect().bottom) + 60; }"""
_AXE = """([source, selector, severe]) => { if (!window.axe) (0, eval)(source);
  return axe.run({include: [[selector]]}, {resultTypes: ['violations']}).then(found => ({
    ran: found.passes.length, bad: found.violations.filter(v => severe.includes(v.impact)).flatMap(v => v.nodes.map(n =>
      v.id + ' (' + v.impact + '): ' + n.target.join(' ') + ' · ' + n.html.slice(0, 160) + ' · ' + n.failureSummary)) })); }"""


def in_review(project: Path) -> autor_nb.Run:
    """A study at its fifth stage, refined, then edited by hand so that a check blocks and another one warns."""
    options = dict(pair.split("=") for pair in steering.QUICK.replace("--set ", "").split())
    data = str(steering.measurements(project))
    run = autor_nb.new(REVIEW, agent="tabular", resources=[data], options=options, runs_dir=project / "runs")
    run.wait()
    while run.stage != "05_experimentation":
        run.approve().wait()
    run.refine(2).wait()
    (run.workspace / "results" / "fits_by_family.csv").write_text("family,fits,seconds\n")
    run.edit(run.summary.replace("`results/folds.csv`", "`results/folds_by_family.csv`")).wait()
    return run


def completed(project: Path) -> autor_nb.Run:
    """A run of all stages, each approved."""
    run = autor_nb.new(DONE, agent="scripted", runs_dir=project / "runs", intake=False)
    run.wait()
    run.refine("once more, with the other seed").wait()
    while run.status == "in_review":
        run.approve(note="as it should be").wait()
    return run


def at_work(project: Path, seconds: int = 1_800) -> autor_nb.Run:
    """A second attempt that takes half an hour, after a first one that was quick."""
    run = autor_nb.new(WORKING, agent="scripted", runs_dir=project / "runs", intake=False)
    run.wait()
    run.resume(options={"lines": "300", "delay_s": str(seconds)})
    run.refine("Use three seeds more, and keep the tables as they are.\nSay how often the order changes.")
    return run


def asking(project: Path) -> autor_nb.Run:
    """An intake that asks two questions."""
    options = {"script": "00:asks"}
    run = autor_nb.new(INTAKE, agent="scripted", options=options, runs_dir=project / "runs", intake=True)
    return run.wait()


def axe(at: Desk, selector: str = ".autor-host") -> list[str]:
    """What axe calls serious or critical below `selector`, nothing left out."""
    assert AXE.exists(), f"axe-core is not there: run `npm ci` in {AXE.parents[2]}"
    found = at.page.evaluate(_AXE, [AXE.read_text(encoding="utf-8"), selector, list(SEVERE)])
    assert found["ran"] > 10, "axe looked at next to nothing"
    return list(found["bad"])


def fit(at: Desk, width: int) -> None:
    """A window of that width, as high as the notebook."""
    for _ in range(5):
        height = min(9_000, max(900, int(at.page.evaluate(_HEIGHT))))
        at.page.set_viewport_size({"width": width, "height": height})
        at.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        if abs(int(at.page.evaluate(_HEIGHT)) - height) < 4:
            break


def looked_at(at: Desk, name: str, selector: str = ".autor-host") -> list[str]:
    """Pictures in both themes and widths; everything that is cut off, illegible or closed to somebody."""
    found: list[str] = []
    for theme in THEMES:
        at.theme(theme)
        for width in WIDTHS:
            fit(at, width)
            at.screenshot(f"panel-{name}-{at.app}-{theme}-{width}")
            faults = {
                "cut off": at.cut_off(f"{selector} *"),
                "illegible": at.illegible(selector),
                "axe": axe(at, selector),
            }
            found += [f"{theme} {width} {kind}: {one}" for kind, some in faults.items() for one in some]
    return found


def folder(run: autor_nb.Run) -> RunFolder:
    """Where it lies."""
    return RunFolder(run.path)


def end(run: autor_nb.Run) -> None:
    """Nothing of it outlives the test."""
    control.end_worker(folder(run))
