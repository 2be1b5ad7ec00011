"""A project and a server for the tests of one module, in a browser."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

import steering
from lab_server import Server, running_server


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project of three quick stages; no engine of it outlives the module."""
    place = steering.small_project(tmp_path_factory.mktemp("project"))
    yield place
    steering.end_all(place)


@pytest.fixture(scope="module")
def server(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server over it, quiet, and strange to the person who runs the tests."""
    with running_server(project, tmp_path_factory.mktemp("home")) as running:
        yield running
