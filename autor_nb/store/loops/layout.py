"""Where everything of a loop lies, and which loops a project has: paths only, nothing is read or written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.config import loop_name

LOOPS = "autor_loops"


@dataclass(frozen=True)
class LoopFolder:
    """The folder of one loop; what is the engine's own lies in its hidden `.engine/`."""

    path: Path

    @property
    def name(self) -> str:
        """The loop's name is its folder's."""
        return self.path.name

    @property
    def project(self) -> Path:
        """The folder that the loop works for."""
        return self.path.parent.parent

    @property
    def called(self) -> str:
        """What messages call it."""
        return f"loop {self.name}"

    def command(self, verb: str) -> str:
        """`autor loop stop NAME`; an interrupted loop is gone on with by `start`."""
        return f"autor loop {'start' if verb == 'resume' else verb} {self.name}"

    @property
    def engine(self) -> Path:
        """What the engine alone writes."""
        return self.path / ".engine"

    @property
    def operator_state(self) -> Path:
        """Claims, the worker's log, caches."""
        return self.engine

    @property
    def events(self) -> Path:
        """The truth."""
        return self.engine / "events.jsonl"

    @property
    def lock(self) -> Path:
        """Held by the engine while it works."""
        return self.engine / "lock"

    @property
    def inbox(self) -> Path:
        """Commands that wait for the engine."""
        return self.engine / "inbox"

    @property
    def objects(self) -> Path:
        """Contents by SHA-256: diffs, program texts, critics' logs."""
        return self.engine / "objects"

    @property
    def clone(self) -> Path:
        """The git clone that the loop owns."""
        return self.engine / "clone"

    @property
    def standing(self) -> Path:
        """The folded state as of a position of the log: a cache, made anew when it does not fit."""
        return self.engine / "standing.json"

    @property
    def experiments(self) -> Path:
        """One record an experiment: a view."""
        return self.path / "experiments.jsonl"

    @property
    def results(self) -> Path:
        """The five columns that other tools read: a view."""
        return self.path / "results.tsv"

    @property
    def next_idea(self) -> Path:
        """The newest idea: a view."""
        return self.path / "next_idea.json"

    @property
    def state_md(self) -> Path:
        """The loop in a page of text: a view."""
        return self.path / "STATE.md"

    @property
    def report_page(self) -> Path:
        """The report as one page of HTML: an export."""
        return self.path / "report.html"

    @property
    def logs(self) -> Path:
        """The output of every trial."""
        return self.path / "logs"

    @property
    def critic_logs(self) -> Path:
        """One file a call of a critic."""
        return self.path / "critic_logs"

    def output(self, trial: int) -> Path:
        """Where the output of that trial is spilled."""
        return self.logs / f"trial_{trial:06d}.log"

    @property
    def exists(self) -> bool:
        """Whether this is a loop: it has a log."""
        return self.events.is_file()

    def make(self) -> None:
        """Make the folders of a fresh loop."""
        for folder in (self.engine, self.inbox, self.objects, self.logs, self.critic_logs):
            folder.mkdir(parents=True, exist_ok=True)


def loop_folder(project: Path, name: str) -> LoopFolder:
    """The folder of a loop of that name, made or not; UsageError for a name that is none."""
    return LoopFolder(project.resolve() / LOOPS / loop_name(name))


def all_loops(project: Path) -> list[LoopFolder]:
    """Every loop of a project that has a log, by name."""
    root = project / LOOPS
    if not root.is_dir():
        return []
    found = [LoopFolder(path) for path in root.iterdir()]
    return sorted((loop for loop in found if loop.exists), key=lambda loop: loop.name)


def find_loop(project: Path, name: str | None) -> LoopFolder:
    """The loop of that name, or the only one; UsageError with the known ones otherwise."""
    loops = all_loops(project)
    if name:
        found = loop_folder(project, name)
        if found.exists:
            return found
        known = ", ".join(loop.name for loop in loops) or "none yet"
        raise UsageError(f"There is no loop {name!r} in {project}.", f"Known: {known}. `autor loop init` makes one.")
    if len(loops) == 1:
        return loops[0]
    if not loops:
        raise UsageError(f"There is no loop in {project} yet.", "`autor loop init --template tsp` makes one to try.")
    raise UsageError(
        f"{project} has {len(loops)} loops: {', '.join(loop.name for loop in loops)}.", "Say which: give its name."
    )
