"""Opening a file of any kind to see whether it is what its suffix promises, and what it holds.

Bad content never raises: it is an Inspection with an `error`. Work and memory are bounded whatever the file
holds, nothing in it is ever run or unpickled, and only regular files are opened.
"""

from __future__ import annotations

import hashlib
import os
import stat
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from autor_nb.domain.artifact import Inspection
from autor_nb.store.contents import Unreadable, decode, one_line, read_at_most

PYTHON_LIMIT = 4 << 20
TEXT_READ = 4 << 20
_CHUNK = 1 << 20

_Inspect = Callable[[BinaryIO, int], Inspection]

_DELIMITED = {".csv": ",", ".tsv": "\t"}
_IMAGES = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".gif": "GIF",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".bmp": "BMP",
}
_TEXTS = frozenset(
    (
        ".md",
        ".markdown",
        ".txt",
        ".tex",
        ".bib",
        ".bibtex",
        ".bst",
        ".cls",
        ".sty",
        ".rst",
        ".org",
        ".log",
        ".typ",
        ".r",
        ".jl",
        ".sh",
        ".c",
        ".h",
        ".cpp",
        ".hpp",
        ".rs",
        ".go",
        ".js",
        ".ts",
        ".sql",
        ".m",
        ".f90",
        ".java",
        ".pl",
        ".rb",
        ".lua",
        ".do",
        ".stan",
        ".toml",
        ".ini",
        ".cfg",
        ".html",
        ".css",
    )
)
_KINDS = (
    {
        ".json": "json",
        ".ipynb": "json",
        ".geojson": "json",
        ".jsonl": "jsonl",
        ".ndjson": "jsonl",
        ".csv": "table",
        ".tsv": "table",
        ".parquet": "table",
        ".yaml": "yaml",
        ".yml": "yaml",
        ".npz": "array",
        ".npy": "array",
        ".svg": "image",
        ".pdf": "pdf",
        ".py": "python",
        ".zip": "zip",
    }
    | dict.fromkeys(_IMAGES, "image")
    | dict.fromkeys(_TEXTS, "text")
)


def inspect_file(source: Path, name: str) -> Inspection:
    """What opening `source` shows, read as the suffix of `name` promises (`source` may lie elsewhere)."""
    suffix = suffix_of(name)
    try:
        with _open(source) as stream:
            return _inspect(stream, os.fstat(stream.fileno()).st_size, suffix)
    except OSError as error:
        return Inspection(kind=_KINDS.get(suffix, "binary"), error=_why_not_opened(error))


def hash_and_inspect(path: Path) -> tuple[str, int, Inspection]:
    """(SHA-256, size, inspection) of a regular file, a table in one pass; OSError if it cannot be read."""
    suffix = suffix_of(path.name)
    with _open(path) as stream:
        digest = hashlib.sha256()
        if suffix in _DELIMITED:
            inspection = _guarded(lambda s, n: _table(s, n, suffix, digest.update), stream, 0, suffix)
            # Whatever the reader left unread belongs to the hash too.
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
            return digest.hexdigest(), stream.tell(), inspection
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
        size = stream.tell()
        stream.seek(0)
        return digest.hexdigest(), size, _inspect(stream, size, suffix)


def suffix_of(name: str) -> str:
    """The lower-case suffix that decides how a file is read."""
    return PurePosixPath(name).suffix.lower()


def _open(path: Path) -> BinaryIO:
    """Open a regular file; never waits on a pipe or touches a device."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(0, "it is not a regular file", os.fspath(path))
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def _why_not_opened(error: OSError) -> str:
    return f"it cannot be read: {one_line(error.strerror or error)}"


def _inspect(stream: BinaryIO, size: int, suffix: str) -> Inspection:
    return _guarded(_reader(suffix), stream, size, suffix)


def _guarded(inspect: _Inspect, stream: BinaryIO, size: int, suffix: str) -> Inspection:
    """Run a reader; whatever it meets in the content becomes the answer's `error`."""
    kind = _KINDS.get(suffix, "binary")
    try:
        return inspect(stream, size)
    except Unreadable as error:
        return Inspection(kind=kind, error=str(error))
    except RecursionError:
        return Inspection(kind=kind, error="it is nested too deeply")
    except MemoryError:
        return Inspection(kind=kind, error="it needs more memory than there is")
    except (zlib.error, Exception) as error:  # readers of hostile content fail in ways that no list foresees
        return Inspection(kind=kind, error=f"it cannot be read: {type(error).__name__}: {one_line(error)}")


def _reader(suffix: str) -> _Inspect:
    # Each family is imported when its first file comes: opening a CSV must not load an image library.
    if suffix in (".json", ".ipynb", ".geojson", ".jsonl", ".ndjson", ".yaml", ".yml"):
        from autor_nb.store import structured

        if suffix in (".yaml", ".yml"):
            return structured.inspect_yaml
        return structured.inspect_jsonl if suffix in (".jsonl", ".ndjson") else structured.inspect_json
    if suffix in _DELIMITED:
        return lambda stream, size: _table(stream, size, suffix, None)
    if suffix in (".npy", ".npz", ".zip"):
        from autor_nb.store import archives

        return {".npy": archives.inspect_npy, ".npz": archives.inspect_npz}.get(suffix, archives.inspect_zip)
    if suffix in _IMAGES or suffix in (".svg", ".pdf"):
        from autor_nb.store import pictures

        if suffix in _IMAGES:
            return lambda stream, size: pictures.inspect_image(stream, size, _IMAGES[suffix])
        return pictures.inspect_svg if suffix == ".svg" else pictures.inspect_pdf
    if suffix == ".parquet":
        from autor_nb.store import tables

        return tables.inspect_parquet
    if suffix == ".py":
        return _python
    return lambda stream, size: _text(stream, size, promised=suffix in _TEXTS)


def _table(stream: BinaryIO, size: int, suffix: str, seen: Callable[[bytes], object] | None) -> Inspection:
    from autor_nb.store import tables

    return tables.inspect_delimited(stream, size, _DELIMITED[suffix], seen)


def _python(stream: BinaryIO, size: int) -> Inspection:
    content = read_at_most(stream, size, PYTHON_LIMIT, "Python code")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(content, "<artifact>", "exec", dont_inherit=True)
    except SyntaxError as error:
        raise Unreadable(f"line {error.lineno}: {one_line(error.msg)}") from error
    except ValueError as error:
        raise Unreadable(one_line(error)) from error
    return Inspection(kind="python", schema={"lines": content.count(b"\n")}, empty=not content.strip())


def _text(stream: BinaryIO, size: int, *, promised: bool) -> Inspection:
    """Text, judged by its head; where no suffix promised text, other content is `binary` and no error."""
    head = stream.read(TEXT_READ)
    if len(head) == TEXT_READ:
        head += stream.readline(TEXT_READ)  # so that the cut is not inside a character
    try:
        text, notes = decode(head)
    except Unreadable:
        if promised:
            raise
        return Inspection(kind="binary", empty=not head)
    lines, last = head.count(b"\n"), head[-1:]
    while chunk := stream.read(_CHUNK):
        lines, last = lines + chunk.count(b"\n"), chunk[-1:]
    schema = {"lines": lines + (last not in (b"\n", b""))} | notes
    return Inspection(kind="text", schema=schema, empty=not text.strip())
