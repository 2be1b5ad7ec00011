"""The valid workspace is built once for all corpora."""

from __future__ import annotations

import pytest
from attempt_base import Base, make_base


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Base:
    """The valid workspace."""
    return make_base(tmp_path_factory.mktemp("corpus"))
