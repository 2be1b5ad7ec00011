"""Writing git objects without asking git: a blob, its trees and a commit cost a millisecond, not four calls."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from autor_nb.domain.errors import StoreError

Held = tuple[int, str]  # mode and object id
_TREE = 0o40000


class Objects:
    """The object store of a clone. A killed writer leaves at most a `tmp_` file, never a half object."""

    def __init__(self, folder: Path, hash_name: str) -> None:
        self.folder, self.hash_name = folder, hash_name

    def put(self, kind: str, content: bytes) -> str:
        """Keep an object; answers with its id."""
        whole = b"%s %d\0" % (kind.encode("ascii"), len(content)) + content
        sha = hashlib.new(self.hash_name, whole).hexdigest()
        path = self.folder / sha[:2] / sha[2:]
        if path.exists():
            return sha
        beside = path.with_name(f"tmp_obj_{secrets.token_hex(6)}")
        try:
            path.parent.mkdir(exist_ok=True)
            beside.write_bytes(zlib.compress(whole, 1))
            beside.chmod(0o444)
            beside.replace(path)
        except OSError as error:
            with contextlib.suppress(OSError):
                beside.unlink()
            raise StoreError(
                f"Cannot keep a version in {self.folder}: {error.strerror}.", "Free some space.", path=str(path)
            ) from error
        return sha

    def tree(self, entries: Mapping[str, Held], changed: Iterable[str]) -> str:
        """The tree of these files; only folders above a `changed` path are written, all others are there already."""
        touched = {""}
        for path in changed:
            while path := path.rpartition("/")[0]:
                touched.add(path)
        folders: dict[str, dict[str, Held]] = {"": {}}
        for path, held in entries.items():
            folder, _, name = path.rpartition("/")
            while folder not in folders:
                folders[folder] = {}
                folder = folder.rpartition("/")[0]
            folders[path.rpartition("/")[0]][name] = held
        for folder in sorted(folders, key=lambda path: (path.count("/"), path), reverse=True):
            if not folder:
                continue
            sha = self._folder(folders[folder], folder in touched)
            above, _, name = folder.rpartition("/")
            folders[above][name] = (_TREE, sha)
        return self._folder(folders[""], True)

    def _folder(self, held: Mapping[str, Held], write: bool) -> str:
        rows = sorted((os.fsencode(name) + (b"/" if mode == _TREE else b""), mode, sha, os.fsencode(name))
                      for name, (mode, sha) in held.items())  # fmt: skip
        content = b"".join(b"%o %s\0" % (mode, name) + bytes.fromhex(sha) for _, mode, sha, name in rows)
        if write:
            return self.put("tree", content)
        return hashlib.new(self.hash_name, b"tree %d\0" % len(content) + content).hexdigest()

    def commit(self, tree: str, parent: str, message: str, at: int) -> str:
        """A commit of the loop's own identity."""
        who = f"autor <autor@localhost> {at} +0000"
        text = message.replace("\0", "").rstrip("\n") + "\n"
        head = f"tree {tree}\nparent {parent}\nauthor {who}\ncommitter {who}\n\n"
        return self.put("commit", (head + text).encode("utf-8", "replace"))
