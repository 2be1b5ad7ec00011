"""Reading zip files and NumPy arrays member by member, within bounds and without unpickling anything."""

from __future__ import annotations

import math
import zipfile
from typing import Any, BinaryIO

from autor_nb.domain.artifact import Inspection
from autor_nb.store.contents import MANY, Unreadable, megabytes, names, one_line

UNPACKED_LIMIT = 512 << 20
BOMB_RATIO = 200
BOMB_SIZE = 100 << 20
MEMBERS_LIMIT = 20_000
_CHUNK = 1 << 20


def inspect_zip(stream: BinaryIO, size: int) -> Inspection:
    """Open a zip and read every member to its checksum."""
    with _opened(stream) as archive:
        notes = _read_through(archive, size)
        members = [info.filename for info in archive.infolist() if not info.is_dir()]
    schema = {"members": len(members), "names": names(members)} | notes
    return Inspection(kind="zip", schema=schema, empty=not members)


def inspect_npz(stream: BinaryIO, size: int) -> Inspection:
    """Open an .npz and read the headers of its arrays and their checksums."""
    arrays: dict[str, Any] = {}
    held, count = 0, 0
    with _opened(stream) as archive:
        notes = _read_through(archive, size)
        for info in archive.infolist():
            if not info.filename.endswith(".npy"):
                continue
            count += 1
            with archive.open(info) as member:
                shape, kind = _array_header(member, info.file_size)
            held += math.prod(shape)
            if len(arrays) < MANY:
                name = one_line(info.filename.removesuffix(".npy"), 200)
                arrays[name] = {"shape": list(shape), "dtype": kind}
    if not count:
        raise Unreadable("it is a zip without NumPy arrays")
    schema = {"arrays": arrays, "count": count} | notes
    return Inspection(kind="array", schema=schema, empty=held == 0)


def inspect_npy(stream: BinaryIO, size: int) -> Inspection:
    """Read an array's header and whether the file holds as many bytes as it promises."""
    shape, kind = _array_header(stream, size)
    return Inspection(kind="array", schema={"shape": list(shape), "dtype": kind}, empty=math.prod(shape) == 0)


def _array_header(stream: Any, size: int) -> tuple[tuple[int, ...], str]:
    import numpy as np

    try:
        major, _ = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if major == 1 else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(stream)
    except (ValueError, EOFError, UnicodeDecodeError) as error:
        raise Unreadable(f"it is not a NumPy array: {one_line(error)}") from error
    if dtype.hasobject:
        raise Unreadable("it holds pickled Python objects, which are never loaded; save numbers or text")
    if stream.tell() + math.prod(shape) * dtype.itemsize != size:
        raise Unreadable("its size does not fit its header (truncated?)")
    return shape, str(dtype)


def _opened(stream: BinaryIO) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(stream)
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise Unreadable(f"it does not open as a zip: {one_line(error)}") from error


def _read_through(archive: zipfile.ZipFile, size: int) -> dict[str, Any]:
    """Check every member's checksum; what unpacks beyond reason is refused before it is read.

    Answers with what to note: an honest but very large archive is not read through.
    """
    members = archive.infolist()
    if len(members) > MEMBERS_LIMIT:
        raise Unreadable(f"it has {len(members):,} members, more than the {MEMBERS_LIMIT:,} that are read")
    total = sum(info.file_size for info in members)
    if total > BOMB_SIZE and total > BOMB_RATIO * size:
        raise Unreadable(f"it would unpack from {megabytes(size)} to {megabytes(total)}: a zip bomb")
    if total > UNPACKED_LIMIT:
        return {"unchecked": f"too large to read through ({megabytes(total)})"}
    left = total
    for info in members:
        try:
            with archive.open(info) as member:
                while chunk := member.read(_CHUNK):
                    left -= len(chunk)
                    if left < 0:
                        raise Unreadable("its members are larger than it says")
        except (zipfile.BadZipFile, EOFError, RuntimeError, NotImplementedError, OSError) as error:
            name = one_line(info.filename, 100)
            raise Unreadable(f"its member {name} is damaged: {one_line(error)}") from error
    return {}
