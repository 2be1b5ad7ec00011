"""Which data set and which target a run is about: settings first, then the goal's words, then a well-known
name."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from autor_nb.domain.errors import UsageError
from autor_nb.plugins.agents.tabular import bundled, options, tablefile

WELL_KNOWN = ("target", "y", "label", "class", "outcome", "response")


class Dataset(msgspec.Struct, frozen=True, kw_only=True):
    """A data set that a run is about. `path` is None for a bundled one."""

    name: str
    path: Path | None
    header: tablefile.Header


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """The chosen target and who chose it; an empty name when only a person can say."""

    name: str = ""
    text: str = ""


def choose_dataset(given: Mapping[str, str], files: Sequence[Path], *, names: bool = True) -> Dataset | None:
    """The data set of a run, None when nothing names one; UsageError when what is named cannot be used.

    Without `names` the columns of a bundled set stay unread, which saves a second.
    """
    tables = [path for path in files if path.suffix.lower() in tablefile.SUFFIXES]
    wanted = given.get("dataset", "").strip()
    if wanted:
        for path in tables:
            if wanted in (path.name, path.stem, str(path)):
                return Dataset(name=path.name, path=path, header=tablefile.read_header(path))
        name = options.bundled_name(wanted)
        if not name:
            near = difflib.get_close_matches(wanted, bundled.TARGETS, n=1)
            raise UsageError(
                f"There is no data set named {wanted!r}.",
                (f"Did you mean {near[0]!r}? " if near else "")
                + f"Bundled: {', '.join(bundled.TARGETS)}. For a file of yours: --resources FILE.",
            )
        return Dataset(name=name, path=None, header=tablefile.Header(names=bundled.column_names(name) if names else ()))
    if not tables:
        return None
    return Dataset(name=tables[0].name, path=tables[0], header=tablefile.read_header(tables[0]))


def choose_column(wanted: str, names: Sequence[str], what: str) -> str:
    """The column that `wanted` names: exactly, else the only one that differs by case; else UsageError."""
    if wanted in names:
        return wanted
    alike = [name for name in names if name.casefold().strip() == wanted.casefold().strip()]
    if len(alike) == 1:
        return alike[0]
    near = difflib.get_close_matches(wanted, names, n=1)
    raise UsageError(
        f"The data has no column {wanted!r} for the {what}.",
        (f"Did you mean {near[0]!r}? " if near else "") + f"Columns: {listed(names)}.",
    )


def choose_target(given: Mapping[str, str], dataset: Dataset, goal: str) -> Target:
    """The target by setting, by the bundled set, by the goal's words, or by a well-known name."""
    names = dataset.header.names
    if given.get("target"):
        return Target(name=choose_column(given["target"], names, "target"), text="named by the setting target")
    if dataset.path is None:
        return Target(name=bundled.TARGETS[dataset.name], text=f"the target of the bundled set {dataset.name}")
    named = [
        name
        for name in names
        if len(name) > 1 and re.search(rf"(?<!\w){re.escape(name.casefold())}(?!\w)", goal.casefold())
    ]
    if len(named) == 1:
        return Target(name=named[0], text="the one column that stands in the goal")
    after = [
        name
        for name in named
        if re.search(
            rf"(?:predict\w*|estimat\w*|classify\w*|explain\w*|target)\s+(?:the\s+|whether\s+|of\s+)*[`'\"]?{re.escape(name.casefold())}(?!\w)",
            goal.casefold(),
        )
    ]
    if len(after) == 1:
        return Target(name=after[0], text="the column that the goal says to predict")
    known = [name for word in WELL_KNOWN for name in names if name.casefold() == word]
    if len(known) == 1 and not named:
        return Target(name=known[0], text=f"assumed, because a column is named {known[0]!r}")
    return Target()


def listed(names: Sequence[str], limit: int = 30) -> str:
    """Names in one line, cut after a number of them."""
    shown = ", ".join(repr(name) for name in names[:limit])
    return shown + (f" and {len(names) - limit} more" if len(names) > limit else "")
