"""Make the reference run of a loop template: a real loop by the embedded optimiser, its audit, report and picture.

    python tools/reference.py tsp                      # or several, or `all`; one after the other
    python tools/reference.py tsp --into /tmp/there    # look first, leave the template as it is

The run is made in an empty folder by the commands that the reference names, so that anybody can repeat it. What is
kept goes to templates/loops/NAME/reference/, and a few lines of it to the template's README.md.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import subprocess
import sys
import tempfile
import textwrap
import time
from importlib.metadata import version
from pathlib import Path

import msgspec

from autor_nb import loop_control
from autor_nb.domain.loops.state import LoopState
from autor_nb.domain.loops.verdict import Verdict
from autor_nb.export import loop_notebook
from autor_nb.figures.as_png import to_png
from autor_nb.record import loop_headline, loop_pictures
from autor_nb.record.loop_record import LoopRecord
from autor_nb.record.units import count_words, duration_words
from autor_nb.store.loops import references, templates
from autor_nb.store.loops.layout import LoopFolder, all_loops
from autor_nb.store.loops.references import Reference

SEED = 1
ITERATIONS = {"tsp": 40, "tabular": 30, "multi_metric": 25}
USES = {"tsp": ("optuna", "numpy"), "tabular": ("optuna", "numpy", "scikit-learn"), "multi_metric": ("optuna", "numpy")}
PASSED_ON = ("LANG", "LC_ALL", "LD_LIBRARY_PATH", "TMPDIR")
HEADING = "## A reference run"
CAP_BYTES = 200_000
SETTLES_S = 120.0


def make(name: str, seed: int, iterations: int, place: Path) -> Reference:
    """Run the loop in an empty folder and keep what came of it in `place`."""
    with tempfile.TemporaryDirectory(prefix="autor-reference-", ignore_cleanup_errors=True) as folder:
        project, home = Path(folder) / "project", Path(folder) / "home"
        project.mkdir()
        home.mkdir()
        for words in (
            ("init", "--template", name, "--seed", str(seed)),
            ("start", "--iterations", str(iterations), "--wait"),
            ("report", "--no-notebook"),
        ):
            _autor(words, project, home)
        (loop,) = all_loops(project)
        _settled(loop)
        record = LoopRecord(loop)
        picture = loop_pictures.convergence_of(record.course, loop.name, record.metric)
        files = {file: (loop.path / file).read_bytes() for file in (references.RESULTS, references.EXPERIMENTS)}
        files[references.REPORT] = (loop.path / references.REPORT).read_bytes()
        files[references.PICTURE] = to_png(picture)
        made = _told(name, seed, iterations, record.snapshot.state, files)
    _put(place, made, files)
    return made


def _settled(loop: LoopFolder) -> None:
    """Wait for what an engine writes when its session has ended: its views, then the executed notebook."""
    loop_control.wait(loop, timeout_s=SETTLES_S)
    deadline = time.monotonic() + SETTLES_S
    while not (loop.path / loop_notebook.NAME).is_file() and time.monotonic() < deadline:
        time.sleep(0.2)


def _autor(words: tuple[str, ...], project: Path, home: Path) -> None:
    """One verb as a person without a name and settings would type it."""
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    environment |= {
        "HOME": str(home), "LOGNAME": "reference", "USER": "reference",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.defpath]),
    }  # fmt: skip
    command = [sys.executable, "-m", "autor_nb.cli.main", "loop", *words, "--text"]
    ended = subprocess.run(command, cwd=project, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if ended.returncode:
        raise SystemExit(f"`autor loop {' '.join(words)}` ended with {ended.returncode}:\n{ended.stdout}")


def _told(name: str, seed: int, iterations: int, state: LoopState, files: dict[str, bytes]) -> Reference:
    """What the run says of itself; a run that shows nothing is no reference."""
    said = loop_headline.headline(state)
    if not state.audits or not said.better or said.source != "audit":
        raise SystemExit(f"{name}: {said.text} A reference is to show an improvement: try another --seed.")
    audit = state.audits[-1]
    return Reference(
        template=name,
        seed=seed,
        iterations=iterations,
        made=state.updated_at[:10],
        worked_s=round(state.worked_s, 1),
        experiments=state.experiments,
        runs=state.trials,
        kept=tuple(row.n for row in state.kept if row.verdict == Verdict.KEEP),
        metric=str(state.config["metric"]["name"]),
        headline=said.text,
        better=said.better,
        pairs=audit.pairs,
        e_value=audit.e_value,
        baseline=audit.baseline_metric,
        final=audit.final_metric,
        software=_software(name),
        template_sha256=references.fingerprint(name),
        files={file: hashlib.sha256(content).hexdigest() for file, content in sorted(files.items())},
    )


def _software(name: str) -> dict[str, str]:
    return {"autor-nb": version("autor-nb"), "python": platform.python_version(),
            **{package: version(package) for package in USES[name]}}  # fmt: skip


def _put(place: Path, made: Reference, files: dict[str, bytes]) -> None:
    size = sum(map(len, files.values()))
    if size > CAP_BYTES:
        raise SystemExit(f"{made.template}: {size:,} bytes are more than the {CAP_BYTES:,} that a reference may take.")
    place.mkdir(parents=True, exist_ok=True)
    for file, content in files.items():
        (place / file).write_bytes(content)
    about = msgspec.json.format(msgspec.json.encode(made), indent=2)
    (place / references.ABOUT).write_bytes(about + b"\n")


def readme(made: Reference) -> str:
    """The section of the template's README."""
    first, second = made.commands
    kept = ", ".join(map(str, made.kept))
    software = ", ".join(f"{package} {number}" for package, number in made.software.items())
    timed = any(metric.get("time_like") for metric in templates.starter_table(made.template)[1].get("metrics", ()))
    again = "The same seed and versions propose and measure the same again."
    if timed:
        again = "A time is among its metrics, so even the same seed takes another course on another day."
    made_by = (
        f"{count_words(made.runs, 'run')} in {duration_words(made.worked_s)} on two cores, made on {made.made} with "
        f"{software}; kept: {kept}. Its report, picture and records lie in the package beside this template: "
        f"`autor loop init --template {made.template}` says where. {again}"
    )
    lines = [HEADING, f"    {first}\n    {second}", *(_filled(text) for text in (made.headline, made_by))]
    return "\n\n".join(lines) + "\n"


def _filled(text: str) -> str:
    return textwrap.fill(text, 118, break_long_words=False, break_on_hyphens=False)


def tell(path: Path, made: Reference) -> None:
    """Put the section at the end of a README, in place of an earlier one."""
    before, _, _ = path.read_text(encoding="utf-8").partition(HEADING)
    path.write_text(f"{before.rstrip()}\n\n{readme(made)}", encoding="utf-8")


def main() -> None:
    """The command line."""
    known = [one.name for one in templates.starters()]
    parser = argparse.ArgumentParser(description="Make the reference run of loop templates.")
    parser.add_argument("names", nargs="+", choices=[*known, "all"], metavar="NAME", help=", ".join([*known, "all"]))
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--iterations", type=int, help="another number than usual")
    parser.add_argument("--into", type=Path, help="put it there, by template, and leave the template as it is")
    said = parser.parse_args()
    for name in known if "all" in said.names else said.names:
        place = said.into / name if said.into else references.folder(name)
        made = make(name, said.seed, said.iterations or ITERATIONS[name], place)
        if not said.into:
            tell(templates.starter(name).path / references.README, made)
        print(f"{name}: {made.headline}")


if __name__ == "__main__":
    main()
