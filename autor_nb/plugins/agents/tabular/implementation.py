"""Stage 04: the code of the study, written out so that a researcher can keep it, and its smoke test, run."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import sys
from importlib import resources
from typing import Any

from autor_nb.domain.errors import RunError
from autor_nb.plugins.agents.tabular import deviations, programs
from autor_nb.plugins.agents.tabular.draft import Draft, bullets, code, plain, table
from autor_nb.plugins.agents.tabular.session import Session
from autor_nb.plugins.agents.tabular.suggestions import asked_table, choose, offer

PACKAGES = ("numpy", "pandas", "scikit-learn", "scipy", "matplotlib")
SMOKE_LIMIT_S = 900


def work(session: Session) -> None:
    """Write code/, run its smoke test, record the environment."""
    with session.step("write code", entry="code/run.py") as step:
        written = write_code(session)
        step.output = f"{len(written)} files"
    approved = session.read_json("data/design.json")
    changed = deviations.record(session)
    with session.step("run smoke test", command="python code/smoke_test.py") as step:
        said = smoke(session)
        step.output = said.strip().splitlines()[-1]
    session.write_text("notes/smoke_test.log", said, "what the smoke test printed")
    versions = environment()
    session.write_json("notes/environment.json", versions, "Python and package versions")
    design = deviations.effective_design(session)
    departures = deviations.words(changed, approved)
    session.write_draft(
        Draft(
            objective=f"Write the code that carries out the design for {code(design['dataset'])}, and see "
            f"that it runs.",
            did=[
                (
                    "I wrote the program as a package of short modules that need only numpy, pandas and "
                    "scikit-learn, with the entry "
                    "point `code/run.py`."
                ),
                (
                    "I ran the smoke test: the whole program on a small part of the training rows, twice, "
                    "comparing the result files "
                    "byte for byte."
                ),
                *(
                    [f"Deviations from the approved design, asked for here: {plain('; '.join(departures))}."]
                    if departures
                    else []
                ),
                *filter(None, [asked_table(session)]),
            ],
            results=[
                f"Smoke test: {plain(said.strip().splitlines()[-1])}.",
                (
                    "Entry point: `code/run.py` (`python code/run.py --help` tells its options); the holdout "
                    "is opened by "
                    "`code/holdout.py` and by nothing else."
                ),
                table(
                    ["family", "settings tried per outer fold"],
                    [["Baseline", "none: it has no setting"]]
                    + [[plain(f["title"]), str(f["settings"])] for f in design["families"]],
                ),
                bullets(
                    [f"{name} {version}" for name, version in versions["packages"].items()]
                    + [f"Python {versions['python']}"]
                ),
            ],
            suggestions=offer(session, choose(session)),
        )
    )


def write_code(session: Session) -> list[str]:
    """Every file under code/; answers with their paths."""
    written = [
        session.write_text("code/run.py", programs.RUN, "entry point of the experiment"),
        session.write_text("code/holdout.py", programs.HOLDOUT, "opens the locked holdout, for stage 06"),
        session.write_text("code/smoke_test.py", programs.SMOKE, "a small run of everything, twice"),
        session.write_text("code/README.md", programs.README, "what the code is"),
    ]
    package = resources.files("autor_nb.plugins.agents.tabular.study")
    for item in sorted(package.iterdir(), key=lambda entry: entry.name):
        if item.name.endswith(".py"):
            written.append(
                session.write_text(f"code/study/{item.name}", item.read_text(encoding="utf-8"), "part of the program")
            )
    return written


def smoke(session: Session) -> str:
    """Run the smoke test as a program; what it printed."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "code/smoke_test.py"],
        cwd=session.workspace,
        capture_output=True,
        timeout=SMOKE_LIMIT_S,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        check=False,
    )
    said = done.stdout.decode("utf-8", "replace")
    if done.returncode != 0:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or ["no message"]
        raise RunError(f"The smoke test of code/ failed: {last[0]}", "Look at the columns named, or refine the design.")
    return said


def environment() -> dict[str, Any]:
    """Versions of what computes."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "packages": found,
    }
