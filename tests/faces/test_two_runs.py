"""Several runs of one process: none waits for another's engine."""

from __future__ import annotations

import time
from typing import Any

import pytest

import autor_nb


@pytest.mark.parametrize("place", ["none"], indirect=True)
def test_a_second_run_starts_while_the_first_is_at_work(place: Any) -> None:
    """It is in review while the first one's engine, a child of the same process, still works."""
    first = autor_nb.new("slow", agent="scripted", delay_s="120")
    began = time.monotonic()
    second = autor_nb.new("quick", agent="scripted", wait=True, timeout_s=60)
    assert time.monotonic() - began < 30
    assert ("in_review", "running") == (second.status, first.status)
    assert "quick" == second.state.goal
    first.stop()
    assert "paused" == first.status
    assert "in_review" == first.resume(options={"delay_s": "0"}).wait().status
