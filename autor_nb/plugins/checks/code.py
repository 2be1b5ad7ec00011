"""The study's code: there, compiling, and with an entry point that the summary names; it is not run here."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable

from autor_nb.domain.check import Check, failed, passed
from autor_nb.domain.ports import AttemptView
from autor_nb.domain.summary import code_words, parse
from autor_nb.plugins.checks.content import judged, unreadable

SUFFIXES = frozenset(
    (
        ".py",
        ".ipynb",
        ".r",
        ".jl",
        ".sh",
        ".m",
        ".c",
        ".cpp",
        ".rs",
        ".go",
        ".js",
        ".ts",
        ".java",
        ".do",
        ".stan",
        ".sql",
        ".pl",
        ".rb",
        ".lua",
        ".f90",
        ".scala",
    )
)
NAMES = frozenset(("Makefile", "Snakefile", "justfile"))
NAMED_IN = "04"
DRAFT = "notes/draft.md"
_SAYS_ENTRY = re.compile(r"entry[\s-]?point", re.I)


class CodeChecker:
    """Judges code/ from stage 04 on; the entry point is asked of that stage's own summary."""

    name = "code"

    def check(self, view: AttemptView) -> Iterable[Check]:
        """Present, compiles, entry point named."""
        paths = [path for path in sorted(view.files) if path.startswith("code/") and _is_code(path)]
        runnable = [path for path in paths if view.files[path].size_bytes]
        if not runnable:
            yield failed(
                "code.present",
                "There is runnable code",
                subject="code/",
                detail="No program file with content.",
                remedy="Write the study's program under code/, for instance code/run.py.",
            )
            return
        yield passed("code.present", "There is runnable code", subject="code/", detail=f"{len(runnable)} files.")
        compiled = [path for path in runnable if path.lower().endswith((".py", ".ipynb"))]
        yield judged(
            "code.compiles",
            "Python code compiles",
            unreadable(view, compiled),
            "Mend the line named for each of these files, and run the smoke test.",
            subject="code/",
            good=f"{len(compiled)} files.",
        )
        if view.stage.number == NAMED_IN and view.draft:
            yield _entry_point(view, runnable)


def _is_code(path: str) -> bool:
    name = posixpath.basename(path)
    return name in NAMES or posixpath.splitext(name)[1].lower() in SUFFIXES


def _entry_point(view: AttemptView, runnable: list[str]) -> Check:
    id, title = "code.entry_point", "The summary names the entry point"
    summary = parse(view.draft or "")
    known = {name: path for path in runnable for name in (path, path.removeprefix("code/"))}
    named = []
    for heading, source in summary.sections.items():
        for line in source.split("\n"):
            # In the list of files every program is named; there only one that is called so counts.
            if heading == "Files Produced" and not _SAYS_ENTRY.search(line):
                continue
            named += [known[word] for word in code_words(line) if word in known]
    if named:
        return passed(id, title, subject=named[0], detail=f"Named: {named[0]}")
    return failed(
        id,
        title,
        f"Say in {DRAFT}, under What I Did or Key Results, how the study is run, with the file in backticks: "
        f"the entry point is `{runnable[0]}`.",
        subject=DRAFT,
        detail="No program under code/ is named in backticks outside the list of files.",
    )
