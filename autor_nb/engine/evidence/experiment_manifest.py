"""results/experiment_manifest.json: result files with hashes, the code, and what the agent says it ran.

Facts are ours (files, hashes, environment); the agent's list of experiments is kept as claims, each with what
the files say against it.
"""

from __future__ import annotations

import ast
import platform
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from typing import Any

from autor_nb.domain.artifact import FileEntry
from autor_nb.engine.evidence import EvidenceContext
from autor_nb.engine.evidence.found import encoded, read_json
from autor_nb.store.atomic import write_text

MANIFEST = "results/experiment_manifest.json"
CLAIMS = ("notes/experiment_log.json", "notes/experiments.json")  # the prompt's name first; the first found counts
RESULT_SUFFIXES = (".json", ".jsonl", ".csv", ".tsv", ".parquet", ".npz", ".npy")
_CLAIM_CAP, _CODE_CAP = 1000, 1 << 20


def write(context: EvidenceContext) -> list[str]:
    """Write the manifest of this attempt."""
    files = context.view.files
    results = [
        _result(context, entry)
        for path, entry in sorted(files.items())
        if path.startswith("results/") and path != MANIFEST and path.lower().endswith(RESULT_SUFFIXES)
    ]
    code = [_file(context, entry) for path, entry in sorted(files.items()) if path.startswith("code/")]
    notes = [
        _file(context, entry)
        for path, entry in sorted(files.items())
        if path.startswith("notes/") and path != "notes/draft.md"
    ]
    experiments, problems = _experiments(context)
    usable = [item for item in results if not item["error"] and not item["empty"]]
    readable = not any(item["error"] or not item["size_bytes"] for item in results)  # an empty list is an answer
    manifest = {
        "ready_for_analysis": bool(usable) and readable and not problems,
        "result_artifacts": results,
        "code_artifacts": code,
        "note_artifacts": notes,
        "summary": {
            "result_count": len(results),
            "usable_result_count": len(usable),
            "code_count": len(code),
            "note_count": len(notes),
            "experiment_count": len(experiments),
        },
        "environment": _environment(context),
        "experiments": experiments,
        "problems": problems,
    }
    write_text(context.workspace / MANIFEST, encoded(manifest), durable=False)
    return [MANIFEST]


def _file(context: EvidenceContext, entry: FileEntry) -> dict[str, Any]:
    made = context.view.made_by(entry.path)
    return {
        "rel_path": entry.path,
        "size_bytes": entry.size_bytes,
        "sha256": entry.sha256,
        "made_by": {"stage": made[0], "attempt": made[1]} if made else _made_now(context, entry),
    }


def _made_now(context: EvidenceContext, entry: FileEntry) -> dict[str, Any] | None:
    """This attempt is not in the log yet: what it made is what was not there before, or was other content."""
    before = context.view.before.get(entry.path)
    if before is not None and before.sha256 == entry.sha256:
        return None
    return {"stage": context.stage.number, "attempt": context.attempt}


def _result(context: EvidenceContext, entry: FileEntry) -> dict[str, Any]:
    seen = context.view.inspect(entry.path)
    return {
        **_file(context, entry),
        "kind": seen.kind,
        "schema": seen.schema,
        "error": seen.error,
        "empty": seen.empty or entry.size_bytes == 0,
    }


# ------------------------------------------------------------------------------------------ environment


def _environment(context: EvidenceContext) -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "packages": _packages(_imported(context)),
    }


def _imported(context: EvidenceContext) -> set[str]:
    """Top-level names that the workspace's code imports."""
    names: set[str] = set()
    for path, entry in context.view.files.items():
        if not path.startswith("code/") or not path.endswith(".py") or entry.size_bytes > _CODE_CAP:
            continue
        try:
            tree = ast.parse(context.view.read(path, _CODE_CAP))
        except (SyntaxError, ValueError, RecursionError, MemoryError, OSError, KeyError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.partition(".")[0])
    return names


def _packages(imported: set[str]) -> dict[str, str]:
    by_module = packages_distributions()
    found = {}
    for name in sorted({dist for module in imported for dist in by_module.get(module, ())}):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


# --------------------------------------------------------------------------------- what the agent claims


def _experiments(context: EvidenceContext) -> tuple[list[dict[str, Any]], list[str]]:
    """What the agent says it ran (an object, or a list of them), and what the files say against it."""
    place = next((path for path in CLAIMS if path in context.view.files), None)
    if place is None:
        return [], []
    claims = read_json(context.workspace / place)
    if isinstance(claims, dict):
        claims = [claims]
    if not isinstance(claims, list):
        return [], [f"{place} is no JSON object and no list of them."]
    problems = [] if len(claims) <= _CLAIM_CAP else [f"{place} lists {len(claims)}; the first {_CLAIM_CAP} are kept."]
    experiments = []
    for number, claim in enumerate(claims[:_CLAIM_CAP], 1):
        if not isinstance(claim, dict):
            problems.append(f"{place}: item {number} is not an object.")
            continue
        experiments.append({**_claim(context, claim, number, problems), "source": f"claimed in {place}"})
    return experiments, problems


def _claim(context: EvidenceContext, claim: dict[str, Any], number: int, problems: list[str]) -> dict[str, Any]:
    name = str(claim.get("name") or f"experiment {number}")[:200]
    outputs = []
    listed = claim.get("outputs")
    for path in listed if isinstance(listed, list) else []:
        entry = context.view.files.get(str(path))
        if entry is None or entry.size_bytes == 0:
            problems.append(f"{name}: its output {str(path)[:200]} is {'empty' if entry else 'not there'}.")
        outputs.append(
            {
                "rel_path": str(path)[:500],
                "sha256": entry.sha256 if entry else None,
                "size_bytes": entry.size_bytes if entry else None,
            }
        )
    if not outputs:
        problems.append(f"{name}: it names no outputs.")
    duration = claim.get("duration_s")
    if not isinstance(duration, int | float) or isinstance(duration, bool) or not duration >= 0:
        duration = None
    return {
        "name": name,
        "command": claim.get("command"),
        "seeds": claim.get("seeds"),
        "environment": "as above",
        "started": claim.get("started"),
        "duration_s": duration,
        "outputs": outputs,
    }
