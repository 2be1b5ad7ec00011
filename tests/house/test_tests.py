"""The tests' own house: what several of them import lies under one name only."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

TESTS = Path(__file__).parents[1]


def test_no_two_helpers_of_the_tests_share_a_name() -> None:
    """One process imports them from different folders, and would take the first for the second."""
    names = Counter(
        path.stem for path in TESTS.rglob("*.py") if not path.name.startswith("test_") and path.name != "conftest.py"
    )
    assert [] == [name for name, count in names.items() if count > 1]
