"""A user's own settings: one small `config.toml` under the platform's config folder (or AUTOR_CONFIG_DIR).

Faces show and set them; the engine's process reads how it is to tell that a decision waits.
"""

from __future__ import annotations

import contextlib
import difflib
import os
import shlex
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from autor_nb.domain.errors import StoreError, UsageError
from autor_nb.store import atomic

COMMAND, WEBHOOK = "notify.command", "notify.webhook"
KEYS = {
    "agent": "the agent that `new` takes unless said",
    "model": "the model that the agent is asked for",
    "venue": "the venue that papers are written for",
    "seed": "the seed of new runs",
    "runs_dir": "where runs lie when there is no runs/ near",
    COMMAND: "run when a decision waits or a run has ended; its environment says what",
    WEBHOOK: "an http(s) address that is told the same as JSON",
}
Values = dict[str, str | int]


@dataclass(frozen=True)
class Notify:
    """How a person wants to be told; nothing is set unless said."""

    command: tuple[str, ...] = ()
    webhook: str = ""

    def __bool__(self) -> bool:
        return bool(self.command or self.webhook)


def place() -> Path:
    """Where the file is."""
    if said := os.environ.get("AUTOR_CONFIG_DIR"):
        return Path(said) / "config.toml"
    if sys.platform == "darwin":
        folder = Path("~/Library/Application Support").expanduser()
    else:
        folder = Path(os.environ.get("XDG_CONFIG_HOME") or Path("~/.config").expanduser())
    return folder / "autor-nb" / "config.toml"


def read() -> Values:
    """What is set; UsageError, naming the file, if it cannot be read as what it is."""
    path = place()
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not valid TOML: {error}", "Mend the file, or remove it.") from error
    except OSError as error:
        raise StoreError(f"Cannot read {path}: {error.strerror}.", "Mend its permissions.", path=str(path)) from error
    return {key: value for key, value in _flat(content) if key in KEYS}


def _flat(content: dict[str, Any], before: str = "") -> Iterator[tuple[str, str | int]]:
    """(`notify.command`, value); a command may be a list of words."""
    for key, value in content.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{key}.")
        elif isinstance(value, str | int):
            yield before + key, value
        elif isinstance(value, list) and before + key == COMMAND:
            yield COMMAND, shlex.join(str(word) for word in value)


def known(key: str) -> str:
    """The key, or a UsageError with the nearest one."""
    if key in KEYS:
        return key
    near = difflib.get_close_matches(key, KEYS, n=1)
    raise UsageError(
        f"There is no setting {key!r}.",
        (f"Did you mean {near[0]}? " if near else "") + f"Known: {', '.join(KEYS)}.",
    )


def write(values: Values) -> None:
    """Replace the file; only its owner may read it, since an address may hold a secret."""
    lines = [f"{key} = {value if isinstance(value, int) else _quoted(value)}" for key, value in values.items()]
    atomic.write_text(place(), "\n".join(lines) + "\n")
    with contextlib.suppress(OSError):
        place().chmod(0o600)


def notify() -> Notify:
    """How to tell; UsageError if the settings cannot be carried out."""
    values = read()
    command, webhook = str(values.get(COMMAND, "")), str(values.get(WEBHOOK, ""))
    return Notify(words(command) if command else (), address(webhook) if webhook else "")


def words(command: str) -> tuple[str, ...]:
    """A command as its words, split as a shell splits them; it is never given to a shell."""
    try:
        found = tuple(shlex.split(command))
    except ValueError as error:
        raise UsageError(f"{COMMAND} cannot be split into words: {error}.", "Close its quotes.") from error
    if not found or not found[0] or any("\0" in word for word in found):
        raise UsageError(f"{COMMAND} names no command.", f"`autor config --unset {COMMAND}` forgets it.")
    program = Path(found[0]).expanduser()
    if "/" in found[0] and not program.is_absolute():
        raise UsageError(f"{COMMAND} begins with {found[0]!r}, which depends on a folder.", "Give its whole path.")
    return (str(program), *found[1:]) if "/" in found[0] else found


def address(url: str) -> str:
    """A web address that may be told; the message of a refusal does not repeat it."""
    try:
        parts = urlsplit(url)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        fine = False
    if not fine or not url.isascii() or any(char.isspace() or not char.isprintable() for char in url):
        raise UsageError(f"{WEBHOOK} needs an http:// or https:// address.", f"`autor config {WEBHOOK} https://…`")
    return url


def shown(key: str, value: str | int) -> str:
    """The value as it may be shown: of an address only where it leads, since the rest may be a secret."""
    if key != WEBHOOK:
        return str(value)
    try:
        parts = urlsplit(str(value))
        return f"{parts.scheme}://{parts.hostname or '…'}/…"
    except ValueError:
        return "…"


def _quoted(text: str) -> str:
    """A TOML basic string; control characters by number."""
    out = "".join(
        f"\\u{ord(char):04x}" if ord(char) < 0x20 or ord(char) == 0x7F else f"\\{char}" if char in '"\\' else char
        for char in text
    )
    return f'"{out}"'
