"""What the checks before a start are told, and how they reach what is outside: each way can be another in a test."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.config import LoopConfig
from autor_nb.domain.loops.idea import Idea
from autor_nb.domain.loops.preflight import CheckResult, result
from autor_nb.engine.loops.trial import TrialEnd, TrialRequest, run_trial
from autor_nb.store.loops.clone import Clone
from autor_nb.store.loops.layout import LoopFolder
from autor_nb.store.loops.making import find_source, make

SHOWN_LINES = 4


@dataclass(frozen=True)
class Measured:
    """One run of the command: how it ended, and what it printed (until the context is closed)."""

    end: TrialEnd
    output: Path
    folder: Path

    def last_lines(self) -> str:
        """The end of what it printed, as one line."""
        with contextlib.suppress(OSError):
            text = self.output.read_bytes()[-4000:].decode("utf-8", "replace")
            lines = [line.strip() for line in text.splitlines() if line.strip()]
            plain = ("".join(c if c.isprintable() else " " for c in line)[:200] for line in lines[-SHOWN_LINES:])
            return " · ".join(plain)
        return ""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """An answer that leads elsewhere is told, not followed: the key is for this server only."""

    def redirect_request(self, *_: object) -> None:
        """Follow nothing."""


_opener = urllib.request.build_opener(_NoRedirect)


def http_get(address: str, headers: dict[str, str], timeout_s: float) -> tuple[int, bytes]:
    """(status, body); OSError when nobody answers."""
    request = urllib.request.Request(address, headers=headers)
    try:
        with _opener.open(request, timeout=timeout_s) as answer:
            return int(answer.status), bytes(answer.read(1 << 22))
    except urllib.error.HTTPError as error:
        return error.code, error.read(1 << 16)


def free_vram_gb() -> float | None:
    """Free memory of the roomiest GPU of this machine; None where there is none that can be asked."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    try:
        said = subprocess.run(
            [program, "--query-gpu=memory.free", "--format=csv,noheader,nounits"],
            capture_output=True, text=True, timeout=10, stdin=subprocess.DEVNULL,
        )
        return max((float(line) / 1024 for line in said.stdout.split("\n") if line.strip()), default=None)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None


@dataclass
class Preflight:
    """A loop about to start. `go_ahead`: a person's; None where nobody was asked for it yet (doctor).

    `canary` breaks the mutable file and answers (it showed, in words); `dry_run` asks the critic for an idea, None
    asks the one that the configuration names. `notes` tell what stands in for parts that are not here.
    """

    project: Path
    name: str
    folder: LoopFolder
    config: LoopConfig | None = None
    refusal: UsageError | None = None
    go_ahead: bool | None = None
    notes: tuple[str, ...] = ()
    canary: Callable[[Preflight], tuple[bool, str]] | None = None
    dry_run: Callable[[], Idea] | None = None
    get: Callable[[str, dict[str, str], float], tuple[int, bytes]] = http_get
    vram: Callable[[], float | None] = free_vram_gb
    free_bytes: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free
    run: Callable[[TrialRequest], TrialEnd] = run_trial
    _measured: Measured | None = None
    _open: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def unchecked(self, id: str, why: str = "the configuration cannot be read") -> CheckResult:
        """The result of a check that another one's failure leaves nothing to look at."""
        return result(id, "warning", f"Not looked at: {why}.", "Mend that first.")

    def measured(self, config: LoopConfig) -> Measured:
        """One run of the command in a clone that is thrown away; made once for all checks that look at it."""
        if self._measured is None:
            folder = self._open.enter_context(scratch_clone(self.project, config))
            output = self._open.enter_context(_output())
            request = self.request(config, folder, output, f"autor-doctor-{secrets.token_hex(4)}")
            self._measured = Measured(self.run(request), output, folder)
        return self._measured

    def request(self, config: LoopConfig, cwd: Path, output: Path, marker: str) -> TrialRequest:
        """The run of the loop's command in that folder, on the seed that all checks share."""
        return TrialRequest(
            command=config.command, cwd=cwd, output=output, marker=marker, timeout_s=config.trial_timeout_s,
            seed=0, seed_env=config.seed_env, sandbox=config.sandbox,
        )

    def scratch(self, config: LoopConfig) -> contextlib.AbstractContextManager[Clone]:
        """A clone of the project for one use, gone afterwards."""
        return scratch(self.project, config)

    def close(self) -> None:
        """Throw away what was made for the checks."""
        self._measured = None
        self._open.close()

    def __enter__(self) -> Preflight:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextlib.contextmanager
def scratch_clone(project: Path, config: LoopConfig) -> Iterator[Path]:
    """The working folder in a clone for one use."""
    with scratch(project, config) as clone:
        yield clone.cwd


@contextlib.contextmanager
def scratch(project: Path, config: LoopConfig) -> Iterator[Clone]:
    """A clone of the project for one use: where a command may run that must not touch the person's tree."""
    with tempfile.TemporaryDirectory(prefix="autor-doctor-", ignore_cleanup_errors=True) as place:
        made = make(
            Path(place) / "tree", find_source(project), loop=config.name, mutable=config.editable, link=config.link,
            include_uncommitted=config.include_uncommitted,
        )
        yield made.clone


@contextlib.contextmanager
def _output() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="autor-doctor-", ignore_cleanup_errors=True) as place:
        yield Path(place) / "output.log"
