"""Venue profiles on disk: a folder with a `venue.yaml` is a venue; exact keys and aliases only, no guesses.

Later places win: the package's own `venues/`, those of installed packages (entry points of the group
`autor_nb.templates`), the project's `templates/venues/` and `venues/`.
"""

from __future__ import annotations

import difflib
from functools import lru_cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from autor_nb.domain.errors import UsageError
from autor_nb.domain.venue import Venue
from autor_nb.store.templates import ROOT

CLASSES = ROOT / "venues" / "_classes"

_Key = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_\-]*$", max_length=60)]
_Line = Annotated[str, msgspec.Meta(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=300)]
_Stem = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_\-]*$", max_length=80)]


class _VenueFile(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """venue.yaml as it must be."""

    key: _Key
    display_name: _Line
    venue_type: _Line
    family: Literal["report", "conference", "journal"] = "report"
    aliases: tuple[_Key, ...] = ()
    official_url: _Line = ""
    style_package: _Stem = ""
    bib_style: _Stem = "plainnat"
    citation_style: Literal["author-year", "numeric", "superscript"] = "author-year"
    page_limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] | None = None
    refs_in_limit: bool = False


def venues(project: Path | None = None) -> dict[str, Venue]:
    """Every venue by key, sorted; UsageError, naming the file, for a folder that is not a whole venue."""
    found: dict[str, Venue] = {}
    for root in _roots(project):
        if root.is_dir():
            for folder in sorted(root.iterdir()):
                if folder.is_dir() and folder.name[:1] not in "._":
                    found[folder.name] = _read(folder)
    _refuse_shared_names(found)
    return dict(sorted(found.items()))


def find_venue(key: str, project: Path | None = None) -> Venue:
    """The venue of exactly that key or alias; UsageError with the list and the nearest match for others."""
    known = venues(project)
    for venue in known.values():
        if key == venue.key or key in venue.aliases:
            return venue
    every = [*known, *(alias for venue in known.values() for alias in venue.aliases)]
    near = difflib.get_close_matches(key.strip().lower(), every, n=1, cutoff=0.5)
    raise UsageError(
        f"There is no venue {key!r}.",
        (f"Did you mean {near[0]!r}? " if near else "") + f"Known: {', '.join(known)}.",
    )


def _roots(project: Path | None) -> list[Path]:
    installed = []
    for point in sorted(entry_points(group="autor_nb.templates"), key=lambda point: point.name):
        try:
            thing = point.load()
        except Exception:  # a broken pack of templates is reported by `templates`, and stops nobody here
            continue
        installed.append(Path(getattr(thing, "__path__", [thing])[0]) / "venues")
    own = [] if project is None else [project / "templates" / "venues", project / "venues"]
    return [ROOT / "venues", *installed, *own]


def _read(folder: Path) -> Venue:
    path = folder / "venue.yaml"
    try:
        stat = path.stat()
    except OSError as error:
        raise UsageError(
            f"{folder} is not a venue: it has no venue.yaml.", "Write one, or remove the folder."
        ) from error
    venue = _parse(path, stat.st_mtime_ns, stat.st_size)
    if venue.key != folder.name:
        raise UsageError(f"{path}: key is {venue.key!r}, the folder {folder.name!r}.", "Give both the same name.")
    return venue


@lru_cache(maxsize=256)
def _parse(path: Path, mtime_ns: int, size: int) -> Venue:
    """A venue.yaml; cached until the file changes."""
    import yaml

    try:
        document: Any = yaml.safe_load(path.read_bytes())
        return Venue(**msgspec.structs.asdict(msgspec.convert(document, _VenueFile)))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not valid YAML: {' '.join(str(error).split())}", "Mend the file.") from error
    except msgspec.ValidationError as error:
        message, _, where = str(error).partition(" - at `$")
        key = where.strip("`.") or "(the whole file)"
        fields = ", ".join(_VenueFile.__struct_fields__)
        raise UsageError(f"{path}: {key}: {message}.", f"Its keys are: {fields}.") from error


def _refuse_shared_names(found: dict[str, Venue]) -> None:
    """A name that two venues claim would be resolved by chance."""
    owner: dict[str, str] = {key: key for key in found}
    for venue in found.values():
        for alias in venue.aliases:
            other = owner.setdefault(alias, venue.key)
            if other != venue.key:
                raise UsageError(
                    f"The alias {alias!r} of venue {venue.key} is also a name of venue {other}.",
                    "Remove it from one of the two venue.yaml files.",
                )
