"""What the `scripted` agent leaves behind when it is good: small, true to every gate, the same for the same task."""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from pathlib import Path
from typing import Any

from autor_nb.domain.document import REVIEWED
from autor_nb.domain.ports import AgentTask
from autor_nb.domain.summary import OPTIONS

SEEDS = (0, 1, 2)
TITLE = "A scripted study of two constants"
Files = list[str]
_UNCHANGED: set[str] = set()  # of the last produce(): what a second attempt wrote as it was before


def produce(task: AgentTask) -> Files:
    """Write this stage's files; answers with their paths in the workspace."""
    work = Path(task.workspace)
    makers = {
        "00": _intake,
        "01": _literature,
        "02": _hypotheses,
        "03": _design,
        "04": _code,
        "05": _results,
        "06": _figures,
        "07": _paper,
        "08": _release,
    }
    before = _hashes(work)
    files = makers[task.stage.number](task, work)
    after = _hashes(work)
    _UNCHANGED.clear()
    _UNCHANGED.update(path for path in files if path in before and before[path] == after.get(path))
    return files


def _hashes(work: Path) -> dict[str, str]:
    places = [place for place in work.rglob("*") if place.is_file() and not place.name.startswith("part_")]
    return {p.relative_to(work).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in places}


def _write(work: Path, path: str, content: Any) -> str:
    target = work / path
    target.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        target.write_bytes(content)
    elif isinstance(content, str):
        target.write_text(content, encoding="utf-8")
    else:
        target.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return path


def _value(task: AgentTask, seed: int) -> float:
    """A number that depends on the seed and on how often the stage was refined, and on nothing else."""
    digest = hashlib.sha256(f"{task.seed}:{seed}:{len(task.feedback)}".encode()).digest()
    return round(0.8 + digest[0] / 2560, 4)


def _intake(task: AgentTask, work: Path) -> Files:
    return [_write(work, "notes/intake.md", f"The goal was read, attempt {task.attempt}.\n")]


def _literature(task: AgentTask, work: Path) -> Files:
    source = {"source_id": "s1", "title": "Inference for the Generalization Error", "doi": "10.1023/A:1024068626366"}
    claim = {"claim_id": "c1", "statement": "Fold scores are not independent.", "source_ids": ["s1"]}
    entry = (
        "@article{nadeau2003,\n author = {Nadeau, Claude and Bengio, Yoshua},\n"
        " title = {Inference for the Generalization Error},\n journal = {Machine Learning},\n year = {2003},\n"
        " doi = {10.1023/A:1024068626366}\n}\n"
    )
    return [
        _write(work, "literature/sources.json", {"sources": [source]}),
        _write(work, "literature/claims.json", {"claims": [claim]}),
        _write(work, "literature/references.bib", entry),
        _write(work, "literature/survey.md", f"One source, read in attempt {task.attempt}.\n"),
    ]


def _hypotheses(task: AgentTask, work: Path) -> Files:
    def item(id: str, statement: str, **more: Any) -> dict[str, Any]:
        return {
            "id": id,
            "type": {"T": "theory", "H": "hypothesis", "C": "conjecture"}[id[0]],
            "statement": statement,
            "derived_from": [],
            "depends_on": [],
            "verification_needed": "stage 06",
            "status": "open",
            **more,
        }

    return [
        _write(
            work,
            "notes/hypothesis_manifest.json",
            [
                item("T1", "Scores vary from seed to seed."),
                item("H1", "The score exceeds one half.", depends_on=["T1"]),
            ],
        )
    ]


def _design(task: AgentTask, work: Path) -> Files:
    rows = "".join(f"{i},{i * i % 7}\n" for i in range(20))
    return [
        _write(work, "data/measurements.csv", "x,y\n" + rows),
        _write(work, "data/design.json", {"seeds": list(SEEDS), "refinements": len(task.feedback)}),
    ]


def _code(task: AgentTask, work: Path) -> Files:
    body = (
        '"""Score the seeds."""\n\n\ndef main() -> None:\n    """Print a line."""\n'
        f'    print("attempt {task.attempt}")\n\n\nif __name__ == "__main__":\n    main()\n'
    )
    return [_write(work, "code/run.py", body)]


def _results(task: AgentTask, work: Path) -> Files:
    values = {str(seed): _value(task, seed) for seed in SEEDS}
    mean = round(sum(values.values()) / len(values), 4)
    rows = "".join(f"{seed},{value}\n" for seed, value in values.items())
    return [
        _write(work, "results/scores.csv", "seed,score\n" + rows),
        _write(work, "results/summary.json", {"mean": mean, "seeds": len(values), "refinements": len(task.feedback)}),
    ]


def _figures(task: AgentTask, work: Path) -> Files:
    heights = [int(_value(task, seed) * 60) for seed in SEEDS]
    manifest = json.loads((work / "notes/hypothesis_manifest.json").read_text())
    for entry in manifest:
        entry["status"] = "tested"
    return [
        *(_write(work, f"figures/score_{n}.png", png(bars(heights[n:] + heights[:n]))) for n in range(3)),
        _write(
            work,
            "results/hypothesis_tests.json",
            [{"id": "H1", "outcome": "supported", "evidence": "results/summary.json"}],
        ),
        _write(work, "notes/hypothesis_manifest.json", manifest),
    ]


def bars(heights: list[int], side: int = 64) -> list[bytes]:
    """Rows of grey pixels that show bars."""
    width = side // len(heights)
    return [
        bytes(40 if side - y <= heights[min(x // width, len(heights) - 1)] else 250 for x in range(side))
        for y in range(side)
    ]


def png(rows: list[bytes]) -> bytes:
    """A grey-scale PNG (W3C PNG specification, colour type 0)."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 0, 0, 0, 0)
    packed = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def _paper(task: AgentTask, work: Path) -> Files:
    import msgspec

    from autor_nb import registry
    from autor_nb.store.venues import find_venue
    from autor_nb.testing.scripted_paper import document, numbers

    (work / "writing").mkdir(exist_ok=True)
    bibliography = (work / "literature/references.bib").read_text(encoding="utf-8")
    files = [
        _write(work, "writing/numbers.json", msgspec.to_builtins(numbers(work))),
        _write(work, "writing/references.bib", bibliography),
        _write(work, "writing/document.json", msgspec.to_builtins(document(TITLE, task.attempt))),
    ]
    for name in ("latex", "typst"):
        made = registry.create("renderers", name).render(
            document(TITLE, task.attempt), find_venue(task.venue), work / "writing"
        )
        files += [path.relative_to(work).as_posix() for path in made]
    review: dict[str, Any] = {"scores": dict.fromkeys(REVIEWED), "overall": None, "issues": [], "verdict": "ready"}
    return [*dict.fromkeys(files), _write(work, "artifacts/self_review.json", review), "artifacts/paper.pdf"]


def _release(task: AgentTask, work: Path) -> Files:
    return [
        _write(work, "reviews/threats_to_validity.md", "# Threats to validity\n\nThe data are made up.\n"),
        _write(work, "artifacts/release_notes.md", f"# Release notes\n\nAttempt {task.attempt}.\n"),
        "reviews/readiness_checklist.md",
        "artifacts/release_bundle.zip",
    ]


def write_draft(task: AgentTask, files: Files, remark: str = "") -> None:
    """The stage summary that the contract asks for."""
    asked = "".join(f"\n- asked: {' '.join(f.text.split())[:200]} · done" for f in task.feedback)
    listed = "\n".join(f"- `{path}`" + (" (reused)" if path in _UNCHANGED else "") for path in files)
    options = "\n".join(f"{n}. {text}" for n, text in enumerate(OPTIONS, 1))
    entry = "The entry point is `code/run.py`.\n\n" if task.stage.number == "04" else ""
    Path(task.draft_path).write_text(
        f"# Stage {task.stage.number}: {task.stage.title}\n\n"
        f"## Objective\n\nDo stage {task.stage.number} of a scripted study.\n\n"
        f"## Previously Approved Stage Summaries\n\n{', '.join(sorted(task.approved)) or 'None yet.'}\n\n"
        f"## What I Did\n\n{entry}Attempt {task.attempt}, session {task.session_id or 'fresh'}.{asked}\n{remark}\n\n"
        f"## Key Results\n\n- {len(files)} files.\n\n## Files Produced\n\n{listed}\n\n"
        "## Suggestions for Refinement\n\n1. Use more seeds.\n2. Use another measure.\n3. Explain more.\n\n"
        f"## Your Options\n\n{options}\n",
        encoding="utf-8",
    )
