"""Reference runs of the loop templates: what a real loop found in each, kept beside the template and never copied.

`tools/reference.py` makes them. A reference names the hash of the template it was made from.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from autor_nb.domain.errors import StoreError
from autor_nb.store.loops import templates
from autor_nb.store.system_errors import what_happened

ABOUT, REPORT, PICTURE = "about.json", "report.md", "convergence.png"
RESULTS, EXPERIMENTS = "results.tsv", "experiments.jsonl"
README = "README.md"
REMAKE = "python tools/reference.py"


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """A reference run: by what it was made, and what its final audit said; `files` and `template` are SHA-256."""

    template: str
    seed: int
    iterations: int
    made: str
    worked_s: float
    experiments: int
    runs: int
    kept: tuple[int, ...]
    metric: str
    headline: str
    better: bool
    pairs: int
    e_value: float
    baseline: float | None
    final: float | None
    software: dict[str, str]
    template_sha256: str
    files: dict[str, str]

    @property
    def commands(self) -> tuple[str, str]:
        """What makes it again, in an empty folder."""
        return (
            f"autor loop init --template {self.template} --seed {self.seed}",
            f"autor loop start --iterations {self.iterations} --wait",
        )


def folder(name: str) -> Path:
    """Where a template's reference lies."""
    return templates.starter(name).path / templates.REFERENCE


def reference(name: str) -> Reference | None:
    """A template's reference; None if there is none."""
    path = folder(name) / ABOUT
    try:
        return msgspec.json.decode(path.read_bytes(), type=Reference)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        why = what_happened(error, str(path)) if isinstance(error, OSError) else f"{path} is no reference: {error}."
        raise StoreError(why, "Reinstall the package.", path=str(path)) from error


def fingerprint(name: str) -> str:
    """A hash of all that a template's run depends on: its files but the README, and its table."""
    files = {path: content for path, content in templates.starter_files(name).items() if path != README}
    files[templates.TABLE] = (templates.starter(name).path / templates.TABLE).read_bytes()
    whole = hashlib.sha256()
    for path, content in sorted(files.items()):
        whole.update(f"{path}\0{len(content)}\0".encode())
        whole.update(content)
    return whole.hexdigest()
