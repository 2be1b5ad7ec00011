"""The tests' own house: no two of their files have one name, since they are imported by it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

TESTS = Path(__file__).parents[1]


def test_no_two_files_of_the_tests_share_a_name() -> None:
    """One process imports them from different folders, and would take the first for the second."""
    names = Counter(
        path.stem for path in TESTS.rglob("*.py") if path.name != "conftest.py" and "golden" not in path.parts
    )
    assert [] == [name for name, count in names.items() if count > 1]
