"""What a rule reads of an attempt's files, and how it names offenders: bounded, and with one exception."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import msgspec

from autor_nb.domain.check import Check, Severity, failed, passed
from autor_nb.domain.errors import StoreError
from autor_nb.domain.ports import AttemptView
from autor_nb.store.contents import one_line

READ_UP_TO = 64 << 20
SHOWN = 5


class Unreadable(Exception):
    """A file cannot be used; the message begins with its path and says why."""


def read(view: AttemptView, path: str, limit: int = READ_UP_TO) -> bytes:
    """A file's bytes; Unreadable if it is not there, not kept or too large."""
    entry = view.files.get(path)
    if entry is None:
        raise Unreadable(f"{path} is not there")
    if entry.size_bytes > limit:
        raise Unreadable(f"{path} is larger than the {limit >> 20} MB that are read")
    try:
        return view.read(path)
    except (StoreError, OSError, KeyError) as error:
        raise Unreadable(f"{path} cannot be read ({one_line(error)})") from error


def read_text(view: AttemptView, path: str, limit: int = READ_UP_TO) -> str:
    """A file's text, whatever its encoding."""
    return read(view, path, limit).decode("utf-8-sig", "replace")


def read_json(view: AttemptView, path: str) -> Any:
    """A JSON file's value."""
    if path in view.files:
        seen = view.inspect(path)
        if seen.error:
            raise Unreadable(f"{path}: {seen.error}")
    try:
        return msgspec.json.decode(read(view, path).removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Unreadable(f"{path} is not JSON in UTF-8 ({one_line(error)})") from error


def items_of(document: Any, *keys: str) -> list[Any] | None:
    """The list that a document is, or holds under one of `keys`; None if there is none."""
    if isinstance(document, dict):
        document = next((document[key] for key in keys if isinstance(document.get(key), list)), None)
    return document if isinstance(document, list) else None


def files_in(view: AttemptView, folder: str, suffixes: Collection[str]) -> list[str]:
    """Paths below a folder with one of these suffixes, sidecars left aside, sorted."""
    return sorted(
        path
        for path in view.files
        if path.startswith(folder) and path[path.rfind(".") :].lower() in suffixes and not path.endswith(".schema.json")
    )


def some(offenders: Iterable[str]) -> str:
    """The first offenders, and how many more there are, on one line."""
    listed = sorted(offenders) if isinstance(offenders, set) else list(offenders)
    shown = "; ".join(one_line(item, 200) for item in listed[:SHOWN])
    return shown + (f"; and {len(listed) - SHOWN} more" if len(listed) > SHOWN else "")


def judged(
    id: str,
    title: str,
    offenders: Iterable[str],
    remedy: str,
    *,
    subject: str = "",
    good: str = "",
    severity: Severity = Severity.BLOCKING,
) -> Check:
    """A Check that passes when nothing offends."""
    listed = sorted(offenders) if isinstance(offenders, set) else list(offenders)
    if not listed:
        return passed(id, title, subject=subject, detail=good)
    return failed(id, title, remedy, subject=subject, detail=some(listed), severity=severity)


def unreadable(view: AttemptView, paths: Iterable[str]) -> list[str]:
    """Those that are not what their suffix promises, with the reason; not those without any bytes."""
    problems = []
    for path in paths:
        error = view.inspect(path).error if view.files[path].size_bytes else ""
        if error:
            problems.append(f"{path}: {error}")
    return problems


def emptiness(view: AttemptView, paths: list[str], kind: str) -> Iterable[Check]:
    """Blocking if a file has no bytes or none holds anything; a warning for those that hold nothing."""
    nothing = [path for path in paths if _parses_empty(view, path)]
    no_bytes = [path for path in nothing if view.files[path].size_bytes == 0]
    all_hollow = len(nothing) == len(paths)
    yield judged(
        f"{kind}.not_empty",
        f"The {kind} files hold something",
        [f"{path} is empty" for path in (nothing if all_hollow else no_bytes)],
        f"Write content into these files under {kind}/, or delete them.",
        subject=f"{kind}/",
    )
    yield judged(
        f"{kind}.hollow",
        f"No {kind} file is a mere frame",
        [] if all_hollow else [path for path in nothing if path not in no_bytes and _has_rows(view, path)],
        "See whether these files should hold rows; a header alone may be meant.",
        subject=f"{kind}/",
        severity=Severity.WARNING,
    )


def _has_rows(view: AttemptView, path: str) -> bool:
    """Whether content of this kind ought to have rows; an empty JSON list (no failures) says something."""
    return view.inspect(path).kind != "json"


def _parses_empty(view: AttemptView, path: str) -> bool:
    if view.files[path].size_bytes == 0:
        return True
    seen = view.inspect(path)
    return seen.empty and not seen.error
