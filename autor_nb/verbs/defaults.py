"""A user's defaults: one small `config.toml` under the platform's config folder (or AUTOR_CONFIG_DIR)."""

from __future__ import annotations

import difflib
import os
import tomllib
from pathlib import Path

import click

from autor_nb.domain.errors import StoreError, UsageError
from autor_nb.store import atomic

KEYS = {
    "agent": "the agent that `new` takes unless said",
    "model": "the model that the agent is asked for",
    "venue": "the venue that papers are written for",
    "seed": "the seed of new runs",
    "runs_dir": "where runs lie when there is no runs/ near",
}


def place() -> Path:
    """Where the file is."""
    folder = os.environ.get("AUTOR_CONFIG_DIR") or click.get_app_dir("autor-nb")
    return Path(folder) / "config.toml"


def read() -> dict[str, str | int]:
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
    return {key: value for key, value in content.items() if key in KEYS and isinstance(value, str | int)}


def known(key: str) -> str:
    """The key, or a UsageError with the nearest one."""
    if key in KEYS:
        return key
    near = difflib.get_close_matches(key, KEYS, n=1)
    raise UsageError(
        f"There is no setting {key!r}.",
        (f"Did you mean {near[0]}? " if near else "") + f"Known: {', '.join(KEYS)}.",
    )


def write(values: dict[str, str | int]) -> None:
    """Replace the file."""
    lines = [f"{key} = {value if isinstance(value, int) else _quoted(value)}" for key, value in values.items()]
    atomic.write_text(place(), "\n".join(lines) + "\n")


def _quoted(text: str) -> str:
    """A TOML basic string; control characters by number."""
    out = "".join(
        f"\\u{ord(char):04x}" if ord(char) < 0x20 or ord(char) == 0x7F else f"\\{char}" if char in '"\\' else char
        for char in text
    )
    return f'"{out}"'
