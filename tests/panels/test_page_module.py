"""The page's module, tested by Node's own test runner, which also rebuilds it and compares the bytes."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "autor_nb" / "notebook" / "panels" / "page"
NODE = shutil.which("node") and shutil.which("npm")


def npm(*words: str) -> subprocess.CompletedProcess[str]:
    """npm, in the page's folder, with nothing of the person's settings but the registry."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AUTOR_")}
    return subprocess.run(["npm", *words], cwd=PAGE, env=kept, capture_output=True, text=True, timeout=600)


@pytest.mark.skipif(not NODE, reason="NOT TESTED: the page's own tests need node >= 20 and npm")
def test_the_page_passes_its_own_tests_and_is_built_from_its_sources() -> None:
    """Escaping, states, asks, the feed's window, storage; size; and `npm run build` gives the committed bytes."""
    if not (PAGE / "node_modules" / "esbuild").is_dir():
        installed = npm("ci", "--no-audit", "--no-fund", "--prefer-offline")
        assert 0 == installed.returncode, installed.stderr[-2000:]
    tested = npm("test")
    assert 0 == tested.returncode, (tested.stdout + tested.stderr)[-4000:]


def test_the_module_that_is_shipped_is_small() -> None:
    """Less than 60 kB, as it is saved with every notebook that keeps its widgets' state."""
    assert (PAGE / "panel.js").stat().st_size < 60_000
