"""A temporary folder for the engine and all that it starts, also where /tmp cannot be written.

Kernels, agents and renderers ask for one by TMPDIR. Where neither TMPDIR nor the system's folders take a file, one
inside the run stands in; it is emptied when the engine ends.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from autor_nb.store.layout import RunFolder

_VARIABLES = ("TMPDIR", "TEMP", "TMP")
_SYSTEM = ("/tmp", "/var/tmp", "/usr/tmp")
# What a kernel needs at least: its connection file, its log, the folders of IPython.
_ROOM = 256 * 1024


@contextlib.contextmanager
def temporary_folder(run: RunFolder) -> Iterator[Path]:
    """Settle where this process and its children put temporary files, for as long as it lasts."""
    usual = next((Path(said) for name in _VARIABLES if (said := os.environ.get(name))), Path(_SYSTEM[0]))
    if takes_files(usual):
        yield usual
        return
    own = run.operator_state / "tmp"
    place = next((folder for folder in map(Path, _SYSTEM) if folder != usual and takes_files(folder)), own)
    if place == own:
        shutil.rmtree(own, ignore_errors=True)
        with contextlib.suppress(OSError):
            own.mkdir(parents=True)
    before = {name: os.environ.get(name) for name in _VARIABLES}, tempfile.tempdir
    os.environ.update(dict.fromkeys(_VARIABLES, str(place)))
    tempfile.tempdir = str(place)
    try:
        yield place
    finally:
        for name, value in before[0].items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        tempfile.tempdir = before[1]
        if place == own:
            shutil.rmtree(own, ignore_errors=True)


def takes_files(folder: Path) -> bool:
    """Whether a file with some content can be made there."""
    try:
        with tempfile.TemporaryFile(dir=folder) as stream:
            stream.write(b"\0" * _ROOM)
            stream.flush()
    except OSError:
        return False
    return True
