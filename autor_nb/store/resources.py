"""Taking a person's files into a run: sorted into the workspace, hashed, bounded, never out of hand."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from autor_nb.domain.errors import UsageError
from autor_nb.domain.run import Resource
from autor_nb.store.layout import RunFolder

TOTAL_CAP = 2 * 1024**3
FILES_CAP = 20_000
NAMED_CAP = 50
PATH_SHOWN = 300
_LEFT_OUT = {
    ".git",
    ".hg",
    ".svn",
    "__pycache__",
    "node_modules",
    ".venv",
    "venv",
    ".ipynb_checkpoints",
    ".mypy_cache",
    ".pytest_cache",
    ".tox",
}
_CODE = {
    ".py",
    ".r",
    ".jl",
    ".m",
    ".c",
    ".cc",
    ".cpp",
    ".h",
    ".hpp",
    ".rs",
    ".go",
    ".java",
    ".js",
    ".ts",
    ".sh",
    ".ipynb",
    ".sql",
    ".f90",
    ".stan",
}
_FOLDER_OF = {
    **dict.fromkeys((".pdf", ".bib", ".bibtex"), "literature"),
    **dict.fromkeys(_CODE, "code"),
    **dict.fromkeys((".json", ".jsonl", ".csv", ".tsv", ".parquet", ".yaml", ".yml", ".npz", ".npy"), "data"),
    **dict.fromkeys((".md", ".txt", ".rst", ".org"), "notes"),
    ".tex": "writing",
}


@dataclass(frozen=True)
class Supplied:
    """A file or folder as the person named it."""

    path: Path
    description: str = ""


def check(supplied: tuple[Supplied, ...], root: Path) -> None:
    """Refuse what cannot be taken in, before anything is made; UsageError names it as the person did."""
    total = count = 0
    for item in supplied:
        named = item.path.expanduser()
        if named.is_symlink() and not named.exists():
            raise UsageError(
                f"The resource {item.path} is a link to something that is not there.",
                "Mend the link, or name another file.",
            )
        if not named.exists():
            raise UsageError(f"There is no resource {item.path}.", "Check the path after --resources.")
        place = named.resolve()
        if place.is_dir() and (root.resolve() == place or root.resolve().is_relative_to(place)):
            raise UsageError(
                f"The resource folder {item.path} holds the runs folder {root}.",
                "Name a folder inside it, or put the runs elsewhere with --runs-dir.",
            )
        if not place.is_dir() and not place.is_file():
            raise UsageError(f"The resource {item.path} is neither a file nor a folder.", "Name a regular file.")
        for source, _ in _files(place):
            if not os.access(source, os.R_OK):
                raise UsageError(f"The resource {source} cannot be read.", "Mend its permissions.")
            total, count = total + source.stat().st_size, count + 1
        if total > TOTAL_CAP or count > FILES_CAP:
            raise UsageError(
                f"The resources up to {item.path} hold {count:,} files, {total / 1e9:.1f} GB; a run takes in at most "
                f"{FILES_CAP:,} files, {TOTAL_CAP / 1e9:.1f} GB.",
                "Name the files that matter; large data can be read from where it lies.",
            )


def take_in(run: RunFolder, supplied: tuple[Supplied, ...]) -> tuple[Resource, ...]:
    """Copy into the workspace; two files of one name get different ones, links are not followed out."""
    taken: list[Resource] = []
    for item in supplied:
        place = item.path.expanduser().resolve()
        base = _folder_for(place)
        if place.is_dir():
            top = _free(run.workspace / base / place.name)
            pairs = [(source, top / inner) for source, inner in _files(place)]
        else:
            pairs = [(place, _free(run.workspace / base / place.name))]
        for source, target in pairs:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            with target.open("rb") as stream:
                sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
            taken.append(
                Resource(
                    source_path=_name(source),
                    resource_type=base,
                    dest_relative=_name(target.relative_to(run.path)),
                    sha256=sha256,
                    size_bytes=target.stat().st_size,
                    description=item.description,
                )
            )
    return tuple(taken)


def left_out(supplied: tuple[Supplied, ...]) -> tuple[str, ...]:
    """What of the resources is not taken in, each with its reason; of very many the first, and how many more."""
    found: list[str] = []
    more = 0
    for item in supplied:
        place = item.path.expanduser().resolve()
        for _, inner, why in _walk(place):
            if why and len(found) < NAMED_CAP:
                path = _name(place.name / inner)
                found.append(f"{path if len(path) <= PATH_SHOWN else f'{path[:PATH_SHOWN]}…'} ({why})")
            else:
                more += bool(why)
    return (*found, f"and {more:,} more") if more else tuple(found)


def _name(path: Path) -> str:
    return os.fspath(path).encode("utf-8", "backslashreplace").decode()


def _folder_for(place: Path) -> str:
    if place.is_dir():
        return "code" if any(source.suffix.lower() in _CODE for source, _ in _files(place)) else "artifacts"
    return _FOLDER_OF.get(place.suffix.lower(), "artifacts")


def _free(path: Path) -> Path:
    """The path, or one with a number before its suffix that nothing has yet."""
    candidate, number = path, 2
    while candidate.exists() or candidate.is_symlink():
        candidate = path.with_name(f"{path.stem}_{number}{path.suffix}")
        number += 1
    return candidate


def _files(place: Path) -> Iterator[tuple[Path, Path]]:
    """(file, path inside the folder) of a file or of what a folder holds, without what is left out."""
    return ((source, inner) for source, inner, why in _walk(place) if not why)


def _walk(place: Path) -> Iterator[tuple[Path, Path, str]]:
    """(place, path inside the folder, why it is left out or "") of a file or of everything that a folder holds."""
    if place.is_file():
        yield place, Path(place.name), ""
        return
    for folder, names, files in os.walk(place, onerror=_refuse, followlinks=False):
        entered = []
        for name in sorted(names):
            source = Path(folder, name)
            if source.is_symlink():
                yield source, source.relative_to(place), _why_no_link(source, place) or "a linked folder, not followed"
            elif name in _LEFT_OUT:
                yield source, source.relative_to(place), "a folder of tools, never taken in"
            else:
                entered.append(name)
        names[:] = entered
        for name in sorted(files):
            source = Path(folder, name)
            why = _why_no_link(source, place) if source.is_symlink() else ""
            if not why and not source.is_file():
                why = "neither a file nor a folder"
            yield source, source.relative_to(place), why


def _why_no_link(source: Path, place: Path) -> str:
    """Why a link is not followed; "" if it leads to something inside the folder."""
    try:
        target = source.resolve(strict=True)
    except (OSError, RuntimeError):  # nothing is there, or it leads in a circle
        return "a link to something that is not there"
    return "" if target.is_relative_to(place) else "a link that leads out of the folder"


def _refuse(error: OSError) -> None:
    raise UsageError(f"The resource {error.filename} cannot be read.", "Mend its permissions.") from error
