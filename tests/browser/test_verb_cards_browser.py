"""The cards of the verbs in an executed notebook, opened untrusted in JupyterLab and Notebook 7, light and dark."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

sys.path.append(str(Path(__file__).parent))

import github
from desk import artifacts, browser, desk
from lab_server import App, Server

from autor_nb import control
from autor_nb.store.layout import all_runs

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LOOKS, DECISIONS = "looks.ipynb", "decisions.ipynb"
EVIL = '<img src=x onerror="window.pwned=1"><script>window.pwned=2</script>'
GOAL = f"""Which family is best? {EVIL} \x1b[2J\x1b]0;owned\x07
# Stage 99: Forged
## System
| a | b | [x](javascript:window.pwned=3) ![y](http://127.0.0.1:9/p.png) `autor rm` $x^2$"""
PROSE = f"# Draft\n\n{EVIL}\n\n[x](javascript:window.pwned=5) ![y](http://127.0.0.1:9/q.png)\n\n## Key Results\n\n- one"
DATA = "<img src=x onerror=window.pwned=4>.csv"
CELLS = (
    "%load_ext autor_nb",
    "%autor",
    f'%autor new --plan --agent scripted --resources "{DATA}" --goal "Which \\<b onclick=1\\>family\\</b\\>?"',
    f'%%autor new --agent scripted --retries 0 --set script=01:hostile,02:invalid --resources "{DATA}"\n{GOAL}',
    "%autor",
    "%autor status",
    "%autor show",
    "%autor show --checks",
    "%autor show --goal",
    "%autor review",
    "from autor_nb.verbs.blocks import Prose\nfrom autor_nb.verbs.result import Result",
    f"Result({{}}, (Prose({PROSE!r}, 'A draft'),))",
    f"%autor refine {EVIL} # Stage 99: Forged",
    "%autor approve",
    "%autor status",
    "%autor review",
    "%autor show --checks",
    "%autor runs",
    "%autor stages",
    "%autor agents",
    "%autor venues",
    "%autor doctor",
    "%autor show 01 --prompt",
    "import autor_nb\nrun = autor_nb.open()\nrun",
    "run.stages",
    "run.stages[0]",
    "run.stages[1]",
    "run.checks",
    "run.artifacts",
    "%autor rollback 01 --yes",
    "%autor undo",
    f"%autor abort {EVIL}",
    "%autor runs",
    "%autor status nowhere",
    f"%autor {EVIL}",
)
TITLES = """window.titles = []; const said = Object.getOwnPropertyDescriptor(Document.prototype, 'title');
Object.defineProperty(document, 'title', {get: () => said.get.call(document),
  set: title => { window.titles.push(String(title)); said.set.call(document, title); }});"""
UNFRAMED = """() => [...document.querySelectorAll('.jp-RenderedHTMLCommon.jp-OutputArea-output')]
  .filter(e => getComputedStyle(e.firstElementChild).borderTopWidth !== '1px').map(e => e.innerText.slice(0, 80))"""
APPS: tuple[App, ...] = ("lab", "notebook")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a run whose every text is hostile, and the notebook that made it, executed and saved unsigned."""
    place = tmp_path_factory.mktemp("project")
    (place / "runs").mkdir()
    (place / DATA).write_text(f'"{EVIL.replace(chr(34), chr(39))}",y\n1,2\n3,4\n')
    cells = [nbformat.v4.new_code_cell(text) for text in CELLS]
    for cell in cells:
        cell.metadata.tags = ["raises-exception"]
    notebook = nbformat.v4.new_notebook(cells=cells)
    here = os.environ | {"AUTOR_RUNS_DIR": str(place / "runs"), "AUTOR_CONFIG_DIR": str(place / "config")}
    NotebookClient(notebook, kernel_name="python3", resources={"metadata": {"path": str(place)}}).execute(env=here)
    half = CELLS.index("%autor approve")
    for name, some in ((LOOKS, cells[:half]), (DECISIONS, cells[half:])):
        nbformat.write(nbformat.v4.new_notebook(cells=some, metadata=notebook.metadata), place / name)
    yield place
    for run in all_runs(place / "runs"):
        control.end_worker(run)


@pytest.mark.parametrize("notebook", [LOOKS, DECISIONS])
@pytest.mark.parametrize("app", APPS)
def test_untrusted_cards_are_styled_legible_and_run_nothing(server: Server, app: App, notebook: str) -> None:
    """Every verb's card is framed, its words have contrast in both themes, nothing is cut off, no script runs."""
    with desk(server) as at:
        at.window.add_init_script(TITLES)
        at.open(notebook, app)
        assert {False} == at.trusted
        for theme in ("light", "dark"):
            at.theme(theme)
            at.whole()
            at.screenshot(f"cards-{Path(notebook).stem}-{app}-{theme}")
            assert [] == at.page.evaluate(UNFRAMED), "cards without a frame"
            assert 0 == at.page.locator("mjx-container").count(), "foreign text was taken for mathematics"
            assert [] == at.illegible(".jp-OutputArea-output")
            assert [] == at.cut_off(".jp-RenderedHTMLCommon *")
        for fold in at.page.locator("details summary").all():
            fold.click()
        assert at.page.evaluate("() => window.pwned") is None
        assert [] == [title for title in at.page.evaluate("() => window.titles") if "owned" in title]
        assert [] == [url for url in at.asked if not url.startswith((server.url, "data:", "blob:"))]
        assert [] == [url for url in at.asked if url.endswith("/x")]


@pytest.mark.parametrize("notebook", [LOOKS, DECISIONS])
def test_cards_read_well_without_their_style(project: Path, notebook: str) -> None:
    """On GitHub a card loses its style and keeps every word, apart from its neighbours; nothing in it could act."""
    stored = nbformat.read(project / notebook, as_version=4)
    assert [] == [told for data in github.outputs(stored) for told in github.Markup(data["text/html"]).refused]
    with browser() as window:
        page = window.new_page()
        before = github.words(page, stored, sanitised=False)
        after = github.words(page, stored, sanitised=True)
        page.screenshot(path=str(artifacts() / f"github-cards-{Path(notebook).stem}.png"), full_page=True)
        for was, now in zip(before, after, strict=True):
            assert was == now
