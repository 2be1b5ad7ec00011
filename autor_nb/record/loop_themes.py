"""Whether a loop is stuck, and what its failures have in common: from records alone, ours or another tool's."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from autor_nb.domain.loops.record import Record

NEWEST = 10
STUCK = 7
THEMES = 10
IN_SUMMARIES = 3
_WORD = re.compile(r"[^\W\d_][\w'-]{3,}")


def stuck(records: Sequence[Record]) -> bool:
    """At least 7 of the last 10 that were tried were discarded."""
    tried = [record for record in records if record.status != "baseline"][-NEWEST:]
    return sum(record.status == "discard" for record in tried) >= STUCK


def themes(records: Sequence[Record]) -> list[tuple[str, int]]:
    """Words of more than three letters that at least three discarded summaries share: the ten commonest."""
    counts: Counter[str] = Counter()
    for record in records:
        if record.status == "discard":
            counts.update({found.lower() for found in _WORD.findall(record.summary or record.hypothesis)})
    often = [(word, count) for word, count in counts.items() if count >= IN_SUMMARIES]
    return sorted(often, key=lambda item: (-item[1], item[0]))[:THEMES]
