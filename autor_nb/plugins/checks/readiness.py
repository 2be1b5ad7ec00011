"""The release: checklist, threats to validity, and a bundle whose every file has its listed hash."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Iterable
from typing import Any

from autor_nb.domain.check import Check, Severity, failed, passed
from autor_nb.domain.ports import AttemptView
from autor_nb.plugins.checks.content import Unreadable, judged, read, read_json, read_text

CHECKLIST, FACTS = "reviews/readiness_checklist.md", "reviews/readiness_facts.json"
THREATS = "reviews/threats_to_validity.md"
BUNDLE, MANIFEST = "artifacts/release_bundle.zip", "artifacts/release_manifest.json"
OWN_LIST = "MANIFEST.json"  # the bundle's list of itself cannot hold its own hash
BUNDLE_READ = 256 << 20
_CHUNK = 1 << 20
_AGAIN = "Run stage 08 again (autor redo 08): the engine makes it anew."


class ReadinessChecker:
    """Judges reviews/ and the release bundle in stage 08."""

    name = "readiness"

    def check(self, view: AttemptView) -> Iterable[Check]:
        """Checklist and its open items, threats, bundle, names, hashes."""
        yield _document(view, "readiness.checklist", "There is a readiness checklist", CHECKLIST, _AGAIN)
        yield judged(
            "readiness.open",
            "Nothing on the checklist is open",
            _open_items(view),
            f"Read these items in {CHECKLIST}; approve only if the release may go out with them open.",
            subject=CHECKLIST,
            severity=Severity.WARNING,
        )
        yield _document(
            view,
            "readiness.threats",
            "The threats to validity are written down",
            THREATS,
            f"Write {THREATS}: what could make the conclusions wrong, and what was done about it.",
        )
        yield from _bundle(view)


def _document(view: AttemptView, id: str, title: str, path: str, remedy: str) -> Check:
    try:
        text = read_text(view, path)
    except Unreadable as error:
        return failed(id, title, remedy, subject=path, detail=str(error))
    body = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    if not re.search(r"\w", "".join(body)):
        return failed(id, title, remedy, subject=path, detail=f"{path} holds no text but headings.")
    return passed(id, title, subject=path)


def _open_items(view: AttemptView) -> list[str]:
    try:
        facts = read_json(view, FACTS)
    except Unreadable:
        return []  # the checklist itself is judged apart
    listed = facts.get("checklist") if isinstance(facts, dict) else None
    return [
        str(item.get("item", "an item")) + (f" ({item['detail']})" if item.get("detail") else "")
        for item in (listed if isinstance(listed, list) else ())
        if isinstance(item, dict) and item.get("ok") is False
    ]


def _bundle(view: AttemptView) -> Iterable[Check]:
    opens, names, hashes = (
        "The release bundle opens",
        "Names in the bundle stay inside",
        "The bundle is what is listed",
    )
    seen = view.inspect(BUNDLE) if BUNDLE in view.files else None
    problem = f"{BUNDLE} is not there" if seen is None else seen.error or ("it holds no files" if seen.empty else "")
    if problem:
        yield failed("readiness.bundle", opens, _AGAIN, subject=BUNDLE, detail=problem)
        return
    try:
        manifest = read_json(view, MANIFEST)
        listed = _listed(manifest)
    except Unreadable as error:
        yield passed("readiness.bundle", opens, subject=BUNDLE)
        yield failed("readiness.hashes", hashes, _AGAIN, subject=MANIFEST, detail=str(error))
        return
    if view.files[BUNDLE].size_bytes > BUNDLE_READ:
        yield passed("readiness.bundle", opens, subject=BUNDLE)
        yield judged(
            "readiness.hashes",
            hashes,
            _whole_differs(view, manifest),
            _AGAIN,
            subject=MANIFEST,
            good="The bundle as a whole has the listed hash; it is too large to read each file again.",
        )
        return
    try:
        found, wrong_names = _members(read(view, BUNDLE, BUNDLE_READ))
    except Unreadable as error:
        yield failed("readiness.bundle", opens, _AGAIN, subject=BUNDLE, detail=str(error))
        return
    yield passed("readiness.bundle", opens, subject=BUNDLE, detail=f"{len(found)} files.")
    yield judged(
        "readiness.names",
        names,
        wrong_names,
        f"{_AGAIN} No name may be absolute, hold “..” or stand twice.",
        subject=BUNDLE,
    )
    problems = _whole_differs(view, manifest) + [
        f"{name} is listed, but not in the bundle" for name in listed.keys() - found
    ]
    problems += [f"{name} is in the bundle, but not listed" for name in found.keys() - listed - {OWN_LIST}]
    problems += [f"{name} has another hash" for name, digest in found.items() if listed.get(name, digest) != digest]
    yield judged(
        "readiness.hashes",
        hashes,
        sorted(problems),
        _AGAIN,
        subject=MANIFEST,
        good=f"{len(listed)} hashes agree.",
    )


def _listed(manifest: Any) -> dict[str, str]:
    """Path → hash, from the manifest."""
    items = manifest.get("files") if isinstance(manifest, dict) else None
    if isinstance(items, dict):
        return {str(path): str(digest) for path, digest in items.items()}
    if not isinstance(items, list):
        raise Unreadable(f"{MANIFEST} has no list files")
    listed = {str(item.get("path")): str(item.get("sha256")) for item in items if isinstance(item, dict)}
    if not listed:
        raise Unreadable(f"{MANIFEST} lists nothing")
    return listed


def _whole_differs(view: AttemptView, manifest: Any) -> list[str]:
    whole = manifest.get("bundle") if isinstance(manifest, dict) else None
    digest = whole.get("sha256") if isinstance(whole, dict) else None
    if digest is None or digest == view.files[BUNDLE].sha256:
        return []
    return [f"{BUNDLE} as a whole has another hash"]


def _members(content: bytes) -> tuple[dict[str, str], list[str]]:
    """(name → hash of every file in the zip, names that must not be)."""
    hashes: dict[str, str] = {}
    wrong = []
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for info in archive.infolist():
                name = info.filename
                parts = name.replace("\\", "/").split("/")
                if name.startswith(("/", "\\")) or ".." in parts or re.match(r"[A-Za-z]:", name):
                    wrong.append(name)
                if name in hashes:
                    wrong.append(f"{name} (twice)")
                if not info.is_dir():
                    hashes[name] = _hash_of(archive, info)
    except (
        zipfile.BadZipFile,
        zlib.error,
        OSError,
        RuntimeError,
        ValueError,
        NotImplementedError,
        EOFError,
    ) as error:
        raise Unreadable(f"{BUNDLE} does not open: {error}") from error
    return hashes, wrong


def _hash_of(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> str:
    digest = hashlib.sha256()
    with archive.open(info) as member:
        while chunk := member.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
