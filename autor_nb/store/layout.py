"""Where everything of a run lies, and where runs lie: paths only, nothing is read or written but folders."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from autor_nb.domain.errors import StoreError, UsageError
from autor_nb.domain.stage import attempt_name

WORKSPACE_FOLDERS = ("literature", "code", "data", "results", "writing", "figures", "artifacts", "notes", "reviews")


class Workplace(Protocol):
    """A folder in which one engine at a time works, told what to do by its inbox: a run's, or a loop's."""

    @property
    def path(self) -> Path: ...
    @property
    def events(self) -> Path: ...
    @property
    def lock(self) -> Path: ...
    @property
    def inbox(self) -> Path: ...
    @property
    def objects(self) -> Path: ...
    @property
    def operator_state(self) -> Path: ...
    @property
    def exists(self) -> bool: ...
    @property
    def called(self) -> str:
        """`run 20260101_120000`, as a person knows it."""
        ...

    def command(self, verb: str) -> str:
        """How a person types that verb (status, stop, resume) for it."""
        ...


@dataclass(frozen=True)
class RunFolder:
    """The folder of one run."""

    path: Path

    @property
    def run_id(self) -> str:
        """The run's id is its folder's name."""
        return self.path.name

    @property
    def called(self) -> str:
        """What messages call it."""
        return f"run {self.run_id}"

    def command(self, verb: str) -> str:
        """`autor stop --run ID`; looking and resuming take it as a word."""
        return f"autor {verb} --run {self.run_id}" if verb == "stop" else f"autor {verb} {self.run_id}"

    @property
    def events(self) -> Path:
        """The truth."""
        return self.path / "events.jsonl"

    @property
    def lock(self) -> Path:
        """Held by the engine while it works."""
        return self.path / "engine.lock"

    @property
    def inbox(self) -> Path:
        """Commands that wait for the engine."""
        return self.path / "inbox"

    @property
    def objects(self) -> Path:
        """Contents by SHA-256."""
        return self.path / "objects"

    @property
    def workspace(self) -> Path:
        """The agent's."""
        return self.path / "workspace"

    @property
    def draft(self) -> Path:
        """Where the agent leaves its draft."""
        return self.workspace / "notes" / "draft.md"

    @property
    def stages(self) -> Path:
        """Executed notebooks and summaries."""
        return self.path / "stages"

    @property
    def operator_state(self) -> Path:
        """Agent sessions, attempt records, caches."""
        return self.path / "operator_state"

    @property
    def user_input(self) -> Path:
        """The goal as it was typed."""
        return self.path / "user_input.txt"

    @property
    def run_config(self) -> Path:
        """How the run is carried out."""
        return self.path / "run_config.json"

    @property
    def raw_log(self) -> Path:
        """Every agent event."""
        return self.path / "logs_raw.jsonl"

    @property
    def decisions(self) -> Path:
        """Recorded decisions that a `--decisions` run replays."""
        return self.path / "decisions.json"

    def summary(self, slug: str, attempt: int) -> Path:
        """The attempt's summary as the engine read it."""
        return self.stages / f"{attempt_name(slug, attempt)}.md"

    def notebook(self, slug: str, attempt: int) -> Path:
        """The attempt's executed notebook."""
        return self.stages / f"{attempt_name(slug, attempt)}.ipynb"

    def prompt(self, slug: str, attempt: int) -> Path:
        """The exact prompt of the attempt."""
        return self.path / "prompt_cache" / f"{slug}_attempt_{attempt:02d}.prompt.md"

    def make(self) -> None:
        """Make the folders of a fresh run."""
        for name in ("inbox", "objects", "stages", "operator_state", "prompt_cache", "handoff"):
            (self.path / name).mkdir(exist_ok=True)
        for name in WORKSPACE_FOLDERS:
            (self.workspace / name).mkdir(parents=True, exist_ok=True)

    @property
    def exists(self) -> bool:
        """Whether this is a run: it has a log."""
        return self.events.is_file()


def runs_root(explicit: str | Path | None = None, start: Path | None = None) -> Path:
    """Where runs lie: said, else AUTOR_RUNS_DIR, else the nearest ancestor's runs/, else ./runs."""
    if explicit:
        return Path(explicit).expanduser().resolve()
    if said := os.environ.get("AUTOR_RUNS_DIR"):
        return Path(said).expanduser().resolve()
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / "autor.toml").is_file() or _holds_runs(folder / "runs"):
            return folder / "runs"
    return here / "runs"


def _holds_runs(folder: Path) -> bool:
    return folder.is_dir()


def new_run_folder(root: Path, now: datetime | None = None) -> RunFolder:
    """Make a run's folder under an id that nobody else has: `mkdir` decides."""
    stamp = (now or datetime.now(UTC)).strftime("%Y%m%d_%H%M%S")
    try:
        root.mkdir(parents=True, exist_ok=True)
        for suffix in range(100):
            path = root / (stamp if suffix == 0 else f"{stamp}_{suffix:02d}")
            try:
                path.mkdir()
            except FileExistsError:
                continue
            return RunFolder(path)
    except OSError as error:
        raise StoreError(
            f"Cannot make a run under {root}: {error.strerror}.",
            "Choose another place with --runs-dir, or free it.",
            path=str(root),
        ) from error
    raise StoreError(f"A hundred runs were started in one second under {root}.", "Try again.", path=str(root))


def all_runs(root: Path) -> list[RunFolder]:
    """Every run under a root, newest first by creation (their ids sort by it)."""
    if not root.is_dir():
        return []
    found = [RunFolder(path) for path in root.iterdir() if path.is_dir() and (path / "events.jsonl").is_file()]
    return sorted(found, key=lambda run: run.run_id, reverse=True)


def find_run(root: Path, run_id: str) -> RunFolder:
    """The run of that id, or `latest`; UsageError with the known ones otherwise."""
    runs = all_runs(root)
    if run_id == "latest" and runs:
        return runs[0]
    for run in runs:
        if run.run_id == run_id:
            return run
    as_path = Path(run_id).expanduser()
    if (os.sep in run_id or run_id.startswith(".")) and RunFolder(as_path).exists:
        return RunFolder(as_path.resolve())
    known = ", ".join(run.run_id for run in runs[:5]) or "none yet"
    raise UsageError(
        f"There is no run {run_id!r} under {root}.",
        f'Known: {known}. `autor runs` lists them; `autor new --goal "…"` starts one.',
    )
