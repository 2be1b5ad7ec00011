"""Panels without a browser: what a page would send goes in, what it would get comes out, effects are read from disk."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parent))
from panel_page import Page

_faces = Path(__file__).parents[1] / "faces" / "conftest.py"
if "faces_conftest" not in sys.modules:
    _spec = importlib.util.spec_from_file_location("faces_conftest", _faces)
    assert _spec and _spec.loader
    sys.modules["faces_conftest"] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules["faces_conftest"])
_prepared = sys.modules["faces_conftest"]._prepared
place = sys.modules["faces_conftest"].place


@pytest.fixture
def page(place: Any) -> Iterator[Page]:
    """A page on the newest run's panel."""
    from autor_nb.notebook.panels.run_panel import RunPanel

    place.settle()
    yield Page(RunPanel(place.run))
