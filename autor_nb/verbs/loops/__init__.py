"""The verbs of `autor loop`, by group: name → "module:object" under `autor_nb.verbs`, imported when it is named."""

from __future__ import annotations

LOOP_GROUPS: dict[str, dict[str, str]] = {
    "First aid": {
        "noise": "loops.noise:noise",
        "recheck": "loops.recheck:recheck",
    },
    "Look": {
        "panel": "loops.panel:panel",
        "status": "loops.status:status",
        "watch": "loops.watch:watch",
        "log": "loops.log:log",
        "best": "loops.best:best",
        "diff": "loops.diff:diff",
        "state": "loops.state:state",
        "analyze": "loops.analyze:analyze",
    },
    "Share": {
        "review": "loops.review:review",
        "report": "loops.report:report",
    },
}
LOOP_VERBS: dict[str, str] = {name: where for group in LOOP_GROUPS.values() for name, where in group.items()}
