"""The verbs of `autor loop`, by group: name → "module:object" under `autor_nb.verbs`, imported when it is named."""

from __future__ import annotations

LOOP_GROUPS: dict[str, dict[str, str]] = {
    "First aid": {
        "noise": "loops.noise:noise",
        "recheck": "loops.recheck:recheck",
    },
}
LOOP_VERBS: dict[str, str] = {name: where for group in LOOP_GROUPS.values() for name, where in group.items()}
