"""artifacts/release_bundle.zip and artifacts/release_manifest.json: what a reader needs to check the paper.

The same files give the same bytes: names sorted, dates fixed. Links are never followed, large
files are streamed.
"""

from __future__ import annotations

import hashlib
import secrets
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from autor_nb.domain.errors import StoreError
from autor_nb.domain.stage import StageStatus
from autor_nb.engine.evidence import EvidenceContext
from autor_nb.engine.evidence.found import CHUNK, encoded, files_under, opened, sha256_of
from autor_nb.engine.evidence.readiness import waivers
from autor_nb.store.atomic import write_text

BUNDLE, MANIFEST = "artifacts/release_bundle.zip", "artifacts/release_manifest.json"
DATE = (1980, 1, 1, 0, 0, 0)
FOLDERS = ("artifacts", "code", "data", "figures", "literature", "results", "reviews", "writing")
NOTES = (
    "notes/hypothesis_manifest.json",
    "notes/experiment_log.json",
    "notes/experiments.json",
    "notes/holdout_log.jsonl",
    "notes/holdout_openings.json",
)
FILE_CAP, DATA_CAP = 512 << 20, 32 << 20  # bytes of one file; data/ is often raw and re-obtainable


def write(context: EvidenceContext) -> list[str]:
    """Write bundle and manifest."""
    target = context.workspace / BUNDLE
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    left_out: list[dict[str, Any]] = []
    try:
        files = _pack(context, beside, left_out)
        beside.replace(target)
    except OSError as error:
        raise StoreError(
            f"Cannot write {BUNDLE}: {error.strerror or error}.", "Free some space.", str(target)
        ) from error
    finally:
        beside.unlink(missing_ok=True)
    bundle = {"path": BUNDLE, "size_bytes": target.stat().st_size, "sha256": sha256_of(target)}
    manifest = {"bundle": bundle, "files": files, "left_out": left_out, "waivers": waivers(context)}
    write_text(context.workspace / MANIFEST, encoded(manifest), durable=False)
    return [MANIFEST, BUNDLE]


def _pack(context: EvidenceContext, beside: Path, left_out: list[dict[str, Any]]) -> list[dict[str, Any]]:
    files: list[dict[str, Any]] = []
    with zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, source, size in sorted(_sources(context)):
            cap = DATA_CAP if name.startswith("data/") else FILE_CAP
            if size > cap:
                left_out.append(
                    {
                        "path": name,
                        "size_bytes": size,
                        "sha256": sha256_of(source),
                        "why": f"larger than {cap >> 20} MB; its hash is here, obtain it from its source",
                    }
                )
                continue
            try:
                files.append(_stream(archive, name, source))
            except OSError as error:
                left_out.append({"path": name, "size_bytes": size, "why": f"cannot be read: {error.strerror}"})
        waived = encoded(waivers(context)).encode()
        files.append(_put(archive, "waivers.json", waived))
        contents = {"run_id": context.state.run_id, "files": files, "left_out": left_out}
        _put(archive, "MANIFEST.json", encoded(contents).encode())
    return files


def _sources(context: EvidenceContext) -> Iterator[tuple[str, Path, int]]:
    """(name in the bundle, place, size)."""
    for folder in FOLDERS:
        for path, size in files_under(context.workspace, folder):
            if path not in (BUNDLE, MANIFEST) and not path.rpartition("/")[2].startswith("."):
                yield _archive_name(path), context.workspace / path, size
    for path in NOTES:
        place = context.workspace / path
        if place.is_file() and not place.is_symlink():
            yield path, place, place.stat().st_size
    for stage in context.state.stages:
        if stage.status is StageStatus.APPROVED:
            place = context.run_dir / "stages" / f"{stage.ref.slug}.md"
            if place.is_file() and not place.is_symlink():
                yield f"stages/{stage.ref.slug}.md", place, place.stat().st_size


def _archive_name(path: str) -> str:
    """Names that are not UTF-8 are written with escapes; a zip has no other word for them."""
    return path.encode("utf-8", "backslashreplace").decode().replace("\\", "_")


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, date_time=DATE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3
    entry.external_attr = 0o644 << 16
    return entry


def _stream(archive: zipfile.ZipFile, name: str, source: Path) -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0
    with opened(source) as reading, archive.open(_entry(name), "w", force_zip64=True) as writing:
        while piece := reading.read(CHUNK):
            digest.update(piece)
            size += len(piece)
            writing.write(piece)
    return {"path": name, "size_bytes": size, "sha256": digest.hexdigest()}


def _put(archive: zipfile.ZipFile, name: str, raw: bytes) -> dict[str, Any]:
    archive.writestr(_entry(name), raw)
    return {"path": name, "size_bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}
