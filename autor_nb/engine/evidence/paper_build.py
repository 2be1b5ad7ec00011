"""artifacts/paper.pdf and artifacts/build_log.txt: the manuscript built by us, and how.

latexmk where it is there, else Typst from the document model; a LaTeX build that fails falls back to Typst
and the log says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from autor_nb import registry
from autor_nb.domain.document import Document
from autor_nb.domain.ports import BuildResult
from autor_nb.engine.evidence import EvidenceContext
from autor_nb.engine.evidence.found import content, sha256_of
from autor_nb.store.atomic import write_text

PDF, LOG = "artifacts/paper.pdf", "artifacts/build_log.txt"
HEAD = "AutoR build log"
MADE = b"% Made from document.json"


def write(context: EvidenceContext) -> list[str]:
    """Build the paper; the log is written whatever came of it."""
    writing = context.workspace / "writing"
    pdf = context.workspace / PDF
    _remove_earlier_build(context.workspace)
    lines = [HEAD, f"venue: {context.venue.key}"]
    wrote: list[str] = []
    document, problem = _document(writing)
    if problem:
        lines.append(problem)
    result = BuildResult(ok=False, log="")
    for name, attempt in _plan(context, writing, document):
        result = _tried(name, attempt, context, lines, wrote)
        if result.ok:
            break
    if result.ok:
        lines += ["", "result: ok", f"pdf: {PDF} sha256={sha256_of(pdf)}"]
        wrote.append(PDF)
    else:
        lines += ["", "result: failed, there is no PDF", *_mend(document)]
    write_text(context.workspace / LOG, "\n".join(lines) + "\n", durable=False)
    return [*dict.fromkeys(wrote), LOG]


Attempt = Callable[[EvidenceContext], tuple[list[Path], BuildResult]]


def _plan(context: EvidenceContext, writing: Path, document: Document | None) -> list[tuple[str, Attempt]]:
    """The builds to try, in order; the LaTeX sources are made here even where no TeX is."""

    def latex(context: EvidenceContext) -> tuple[list[Path], BuildResult]:
        renderer: Any = registry.create("renderers", "latex")
        made = renderer.render(document, context.venue, writing) if document and _ours(writing) else []
        return made, renderer.build(writing, context.workspace / PDF)

    def typst(context: EvidenceContext) -> tuple[list[Path], BuildResult]:
        renderer: Any = registry.create("renderers", "typst")
        made = renderer.render(document, context.venue, writing)
        return made, renderer.build(writing, context.workspace / PDF)

    plan: list[tuple[str, Attempt]] = [("latex", latex)]
    return [*plan, ("typst", typst)] if document else plan


def _tried(name: str, attempt: Attempt, context: EvidenceContext, lines: list[str], wrote: list[str]) -> BuildResult:
    try:
        made, result = attempt(context)
    except Exception as error:  # a renderer that breaks is this build's failure, and the log names it
        result = BuildResult(ok=False, log=f"{name} broke: {type(error).__name__}: {error}\n")
        made = []
    wrote += [path.relative_to(context.workspace).as_posix() for path in made]
    unavailable = registry.create("renderers", name).unavailable()
    reason = unavailable if unavailable else "its program is here"
    lines += ["", f"renderer: {name} ({reason}): {'built' if result.ok else 'failed'}", result.log.rstrip()]
    if not result.ok and name == "latex":
        lines.append("LaTeX gave no PDF; the document model is tried with Typst next, if there is one.")
    return result


def _ours(writing: Path) -> bool:
    """Whether main.tex is absent or made from the document model, so that it may be made again."""
    main = writing / "main.tex"
    return not main.exists() or any(line.startswith(MADE) for line in content(main, 4096).splitlines()[:5])


def _document(writing: Path) -> tuple[Document | None, str]:
    path = writing / "document.json"
    if not path.exists():
        return None, "document model: none (writing/document.json is not there)"
    raw = content(path)
    try:
        document = msgspec.json.decode(raw, type=Document)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return (
            None,
            f"document model: writing/document.json cannot be used: {' '.join(str(error).split())[:300]}",
        )
    return document, f"document model: writing/document.json sha256={hashlib.sha256(raw).hexdigest()}"


def _mend(document: Document | None) -> list[str]:
    missing = [
        f"- {name}: {reason}"
        for name in ("latex", "typst")
        if (reason := registry.create("renderers", name).unavailable())
    ]
    lines = ["to mend:"]
    if missing:
        lines += missing
    if document is None:
        lines.append("- write writing/document.json (the document model), or a writing/main.tex that compiles")
    elif not missing:
        lines.append("- mend the errors above, in writing/document.json or in the files that it names")
    return lines


def _remove_earlier_build(workspace: Path) -> None:
    """A PDF of an earlier attempt must not pass for this one's; one that we did not build is left alone."""
    pdf = workspace / PDF
    log = content(workspace / LOG).decode("utf-8", "replace")
    if pdf.is_file() and not pdf.is_symlink() and f"sha256={sha256_of(pdf)}" in log:
        pdf.unlink()
