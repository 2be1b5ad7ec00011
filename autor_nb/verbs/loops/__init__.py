"""The verbs of `autor loop`, by group: name → "module:object" under `autor_nb.verbs`, imported when it is named."""

from __future__ import annotations

LOOP_GROUPS: dict[str, dict[str, str]] = {
    "Make": {
        "init": "loops.init:init",
        "doctor": "loops.wizard:doctor",
        "wizard": "loops.wizard:wizard",
        "critic": "loops.parts:critic",
        "coder": "loops.parts:coder",
    },
    "Work": {
        "start": "loops.start:start",
        "step": "loops.start:step",
        "pause": "loops.session:pause",
        "resume": "loops.session:resume",
        "stop": "loops.session:stop",
        "confirm": "loops.session:confirm",
        "record": "loops.record:record",
        "audit": "loops.audit:audit",
    },
    "Steer": {
        "veto": "loops.steer:veto",
        "pin": "loops.steer:pin",
        "repeat": "loops.steer:repeat",
        "budget": "loops.session:budget",
    },
    "Forks": {
        "fork": "loops.fork:fork",
        "compare": "loops.compare:compare",
        "merge-best": "loops.merge:merge_best",
        "cleanup": "loops.merge:cleanup",
    },
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
        "export": "loops.export_import:export",
        "import": "loops.export_import:import_",
    },
}
LOOP_VERBS: dict[str, str] = {name: where for group in LOOP_GROUPS.values() for name, where in group.items()}
