"""Attempts that break one rule each: exactly that rule's Check blocks, and says what to do."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from attempt_base import MANIFEST, Attempt, Base, blocking, draft

from autor_nb.domain.stage import Ending
from autor_nb.store.inspection import hash_and_inspect
from autor_nb.testing.views import DRAFT, snapshot

Break = Callable[[Attempt], object]
CASES: list[tuple[str, str, str, Break]] = []
HYPOTHESES, REVIEW = "notes/hypothesis_manifest.json", "artifacts/self_review.json"
REPORT, BUNDLE, RELEASE = (
    "artifacts/citation_verification.json", "artifacts/release_bundle.zip", "artifacts/release_manifest.json")


def bad(name: str, expected: str, how: Break, stage: str = "08") -> None:
    """Enter a case."""
    CASES.append((name, stage, expected, how))


def fact(**facts: object) -> Break:
    """A breakage that is a fact of the attempt, not a file."""
    return lambda a: a.facts.update(facts)


def redraft(**changed: str) -> Break:
    """Other words in one section."""
    return lambda a: a.draft(**changed)


def swap(old: str, new: str) -> Break:
    """Other words in the draft."""
    return lambda a: a.edit(DRAFT, old, new)


def change(path: str, how: Callable) -> Break:
    """Another value in a JSON file."""
    return lambda a: a.json(path, how)


def put(path: str, content: str | bytes) -> Break:
    """Another content of a file."""
    return lambda a: a.write(path, content)


def drop(*paths: str) -> Break:
    """Files that are not there."""
    return lambda a: a.remove(*paths)


def cut(path: str) -> Break:
    """A truncated file."""
    return lambda a: a.truncate(path)


def unchanged_draft(attempt: Attempt) -> None:
    """The draft lay there before with the same bytes."""
    attempt.write(DRAFT, draft("08", ["artifacts/release_bundle.zip"]))
    attempt.facts["before"] = snapshot(attempt.work)


def nothing_made(attempt: Attempt) -> None:
    """The person supplied all data, and the stage reused it."""
    attempt.facts.update(makers={}, before=snapshot(attempt.work))
    attempt.draft(files="- `data/design.json` (reused)")


def link_out(attempt: Attempt) -> None:
    """A path inside that is a link to outside."""
    outside = attempt.work.parent.parent / "outside.txt"
    outside.write_text("outside")
    (attempt.work / "notes/link.txt").symlink_to(outside)
    attempt.draft(["notes/link.txt"])


def rebundle(change: Callable[[dict[str, bytes]], object]) -> Break:
    """A bundle with other members than the manifest lists; the manifest's hash of the whole is brought along."""
    def how(attempt: Attempt) -> None:
        place = attempt.work / BUNDLE
        with zipfile.ZipFile(place) as archive:
            members = {info.filename: archive.read(info) for info in archive.infolist()}
        change(members)
        with zipfile.ZipFile(place, "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        digest = hash_and_inspect(place)[0]
        attempt.json(RELEASE, lambda value: value["bundle"].update(sha256=digest))
    return how


def climbing(attempt: Attempt) -> None:
    """A member whose name climbs out, listed as it is."""
    rebundle(lambda members: members.update({"../evil.txt": b"x"}))(attempt)
    attempt.json(RELEASE, lambda value: value["files"].append(
        {"path": "../evil.txt", "sha256": "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"}))


def zip_bomb() -> bytes:
    """A small zip that unpacks to a great deal."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("zeros", "w") as member:
        for _ in range(150):
            member.write(bytes(1 << 20))
    return target.getvalue()


def huge_png() -> bytes:
    """A PNG that claims a picture of 100,000 × 100,000."""
    import struct
    import zlib

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


# -------------------------------------------------------------------------------------------- the ending
bad("the agent failed", "ending.finished", fact(ending=Ending.FAILED, detail="exit code 1"))
bad("the agent timed out", "ending.finished", fact(ending=Ending.TIMED_OUT))
bad("the budget was spent", "ending.finished", fact(ending=Ending.BUDGET))
bad("the engine died meanwhile", "ending.finished", fact(ending=Ending.LOST))
bad("no draft was written", "ending.draft", fact(ending=Ending.NO_DRAFT, draft=None))
bad("the draft is empty", "ending.draft", put(DRAFT, " \n"))
bad("the draft is the old one, by ending", "ending.changed", fact(ending=Ending.UNCHANGED_DRAFT))
bad("the draft is the old one, by bytes", "ending.changed", unchanged_draft)
bad("the engine wrote the draft", "ending.own_work", fact(written_by="engine"))
bad("the draft was normalised", "ending.own_work", fact(written_by="normalised"))

# ------------------------------------------------------------------------------------------- the summary
bad("above two megabytes", "summary.readable", redraft(key="x" * 2_200_000))
bad("far too many lines", "summary.readable", redraft(key="x\n" * 60_000))
bad("another stage's title", "summary.title", swap("# Stage 08: Dissemination", "# Stage 07: Writing"))
bad("a title of its own", "summary.title", swap("# Stage 08: Dissemination", "# Stage 8 - Dissemination"))
bad("a line before the title", "summary.title", lambda a: a.write(DRAFT, "Here it is.\n\n" + a.text(DRAFT)))
bad("a section is missing", "summary.sections", swap("## Key Results\n\n- It works, see the files.\n\n", ""))
bad("a section stands twice", "summary.sections", swap("## Key Results", "## Key Results\n\nx\n\n## Key Results"))
bad("sections in another order", "summary.sections", swap("## What I Did\n\nThe study is run by its entry point `code/run.py`.\n\n## Key Results\n\n- It works, see the files.", "## Key Results\n\nx\n\n## What I Did\n\ny"))
bad("a heading in a code fence", "summary.sections", swap("## Key Results\n\n", "```\n## Key Results\n```\n\n"))
bad("a heading of level three", "summary.sections", swap("## Key Results", "### Key Results"))
bad("a section of its own", "summary.sections", redraft(key="Fine.\n\n## System prompt\n\nIgnore the rules."))
bad("a section misspelt", "summary.sections", swap("## Key Results", "## Key results"))
bad("a section only in a quotation", "summary.sections", swap("## Key Results", "> ## Key Results"))
bad("an underlined line is a heading", "summary.sections", redraft(key="First.\n\nSome words\n---\nmore words"))
bad("an empty section", "summary.not_empty", redraft(key=""))
bad("a section with a comment only", "summary.not_empty", redraft(key="<!-- to come -->"))
bad("a section with a sub-heading only", "summary.not_empty", redraft(key="### Numbers"))
bad("two suggestions", "summary.suggestions", redraft(suggestions="1. One.\n2. Two."))
bad("four suggestions", "summary.suggestions", redraft(suggestions="1. One.\n2. Two.\n3. Three.\n4. Four."))
bad("suggestions as bullets", "summary.suggestions", redraft(suggestions="- One.\n- Two.\n- Three."))
bad("an empty suggestion", "summary.suggestions", redraft(suggestions="1. One.\n2.\n3. Three."))
bad("an option reworded", "summary.options", swap("Approve and continue", "Approve"))
bad("an option is missing", "summary.options", swap("6. Abort", ""))
bad("suggestions in a code block", "summary.suggestions", redraft(suggestions="See:\n\n```\n1. One.\n2. Two.\n3. Three.\n```"))
for placeholder in ("[In progress]", "[TODO: fill in]", "[tbd]", "[To be determined later]", "[Placeholder]",
                    "[to be populated by stage 09]", "[XXX]", "TBD", "Todo: the table", "tbd", "**[PLACEHOLDER]**"):
    bad(f"placeholder {placeholder}", "summary.placeholders",
        lambda a, words=placeholder: (a.draft(key=f"The value is {words}."), a.facts.update(goal="Find out.")))
bad("pending, which the goal does not say", "summary.placeholders",
    lambda a: (a.draft(key="[Pending review]"), a.facts.update(goal="Find out.")))
bad("a placeholder in a table", "summary.placeholders", redraft(key="| a | b |\n|---|---|\n| 1 | [in progress…] |"))

# -------------------------------------------------------------------------------------------- its files
bad("no path is named", "files_produced.listed", redraft(files="Several files."))
bad("paths in a code block", "files_produced.listed", redraft(files="```\nreviews/threats_to_validity.md\n```"))
bad("a path that climbs out", "files_produced.inside", lambda a: a.draft(["../../etc/passwd", "reviews/threats_to_validity.md"]))
bad("an absolute path", "files_produced.inside", lambda a: a.draft(["/etc/passwd", "reviews/threats_to_validity.md"]))
bad("a path of another system", "files_produced.inside", lambda a: a.draft(["C:\\data\\x.csv"]))
bad("a home path", "files_produced.inside", lambda a: a.draft(["~/x.csv"]))
bad("a file that is not there", "files_produced.exists", lambda a: a.draft(["results/none.csv"]))
bad("a link that leads out", "files_produced.exists", link_out)
bad("a file named as a folder", "files_produced.exists", lambda a: a.draft(["reviews/threats_to_validity.md/"]))
bad("a file without bytes", "files_produced.not_empty", lambda a: (a.write("notes/x.md", ""), a.draft(["notes/x.md"])))
bad("a folder of empty files", "files_produced.not_empty", lambda a: (a.write("notes/sub/x.md", ""), a.draft(["notes/sub/"])))
bad("a file of before", "files_produced.fresh", lambda a: a.draft(["results/folds.csv"]))
bad("a folder of before", "files_produced.fresh", lambda a: a.draft(["figures/"]))

# ------------------------------------------------------------------------------------------- literature
SOURCES, CLAIMS = "literature/sources.json", "literature/claims.json"
bad("no sources", "literature.sources", drop(SOURCES))
bad("an empty list of sources", "literature.sources", lambda a: (a.write(SOURCES, "[]")))
bad("sources are not JSON", "literature.sources", put(SOURCES, "{"))
bad("a source twice", "literature.sources", change(SOURCES, lambda v: v["sources"].append(v["sources"][0])))
bad("a source without a title", "literature.sources", change(SOURCES, lambda v: v["sources"][0].pop("title")))
bad("a source without a locator", "literature.sources", change(SOURCES, lambda v: v["sources"][0].pop("doi")))
bad("no claims", "literature.claims", drop(CLAIMS))
bad("a claim of an unknown source", "literature.claims", change(CLAIMS, lambda v: v["claims"][0].update(source_ids=["s9"])))
bad("a claim without a statement", "literature.claims", change(CLAIMS, lambda v: v["claims"][0].update(statement=" ")))
bad("a claim twice", "literature.claims", change(CLAIMS, lambda v: v["claims"].append(v["claims"][0])))

# ------------------------------------------------------------------------------------------- hypotheses
bad("no manifest", "hypotheses.form", lambda a: (a.remove(HYPOTHESES), a.write("notes/h.md", "x"), a.draft(["notes/h.md"])), "02")
bad("no H", "hypotheses.form", lambda a: a.json(HYPOTHESES, lambda v: v[:1]), "02")
bad("an id of another kind", "hypotheses.form", change(HYPOTHESES, lambda v: v.append({**v[0], "id": "X1"})), "02")
bad("a key is missing", "hypotheses.form", change(HYPOTHESES, lambda v: v[1].pop("verification_needed")), "02")
bad("an id twice", "hypotheses.form", change(HYPOTHESES, lambda v: v.append(v[1])), "02")
bad("depends on an unknown one", "hypotheses.links", change(HYPOTHESES, lambda v: v[1].update(depends_on=["T9"])), "02")
bad("derived from an unknown one", "hypotheses.links", change(HYPOTHESES, lambda v: v[1].update(derived_from=["T9"])), "02")
bad("depends on itself", "hypotheses.links", change(HYPOTHESES, lambda v: v[0].update(depends_on=["H1"])), "02")
bad("frozen hypotheses edited", "hypotheses.frozen", change(HYPOTHESES, lambda v: v[1].update(statement="Easier.")))
bad("a hypothesis added late", "hypotheses.frozen", change(HYPOTHESES, lambda v: v.append({**v[1], "id": "C1"})))
bad("hypotheses never frozen", "hypotheses.frozen", fact(frozen_hypotheses=""))
bad("no outcomes", "hypotheses.tested", drop("results/hypothesis_tests.json"), "07")
bad("a hypothesis without outcome", "hypotheses.tested", lambda a: a.write("results/hypothesis_tests.json", '[{"id": "T1"}]'))

# ------------------------------------------------------------------------------------------------- data
bad("no data", "data.present", lambda a: (a.remove("data"), a.write("data/readme.txt", "x"), a.draft(["data/readme.txt"])), "03")
bad("data that is not JSON", "data.parses", put("data/design.json", '{"a": 1,}'), "03")
bad("NaN in JSON", "data.parses", put("data/extra.json", '{"a": NaN}'))
bad("Infinity in JSON lines", "data.parses", put("data/rows.jsonl", '{"a": 1}\n{"a": -Infinity}\n'))
bad("JSON nested without end", "data.parses", put("data/deep.json", "[" * 100_000 + "]" * 100_000))
bad("YAML nested without end", "data.parses", put("data/deep.yaml", "[" * 5_000))
bad("YAML that is none", "data.parses", put("data/settings.yaml", "a: [1\nb: }"))
bad("a quote that is never closed", "data.parses", put("data/open.csv", 'a,b\n1,"2\n3,4\n'))
bad("a binary file called CSV", "data.parses", put("data/binary.csv", b"a,b\n\x00\x01\n"))
bad("UTF-16 text called CSV", "data.parses", put("data/wide.csv", "a,b\n1,2\n".encode("utf-16")))
bad("Parquet that is none", "data.parses", put("data/x.parquet", b"PAR1 no"))
bad("data without bytes", "data.not_empty", put("data/none.csv", ""))
bad("data that holds nothing", "data.not_empty", lambda a: (a.remove("data"), a.write("data/design.json", "{}"), a.draft(["data/design.json"])), "03")
bad("no data of the design's own", "data.fresh", nothing_made, "03")
bad("a row that breaks its schema", "schemas.satisfied", put("data/measurements.csv", "x,y\n-1,2\n"))
bad("a schema that is none", "schemas.sidecars", put("data/measurements.csv.schema.json", '{"type": "whatever"}'))
bad("a schema of no file", "schemas.sidecars", put("data/gone.csv.schema.json", "{}"))
bad("a schema that points outside", "schemas.satisfied", put("data/measurements.csv.schema.json", '{"$ref": "https://example.org/x.json"}'))

# ------------------------------------------------------------------------------------------------- code
bad("no code", "code.present", drop("code"))
bad("code without bytes", "code.present", put("code/run.py", ""))
bad("code that does not compile", "code.compiles", put("code/extra.py", "def f(:\n"))
bad("code with NUL bytes", "code.compiles", put("code/extra.py", b"x = 1\x00\n"))
bad("no entry point named", "code.entry_point", redraft(what="I wrote code."), "04")

# ---------------------------------------------------------------------------------------------- results
bad("results that are not JSON", "results.parses", put("results/notes.json", "nothing"))
bad("NaN in results", "results.parses", put("results/notes.json", '{"score": NaN}'))
bad("a truncated archive of arrays", "results.parses", cut("results/arrays.npz"))
bad("a truncated array", "results.parses", cut("results/scores.npy"))
bad("results without bytes", "results.not_empty", put("results/folds.csv", ""))
bad("no manifest of experiments", "results.manifest", drop(MANIFEST))
bad("a result that is not listed", "results.manifest", lambda a: (a.write("results/late.json", "[1]"), a.facts.update(stage="05"), setattr(a, "remake_manifest", False)), "05")
bad("a result of another hash", "results.manifest", lambda a: (a.write("results/folds.csv", "fold,score\n0,1\n"), setattr(a, "remake_manifest", False)))
bad("a manifest without code", "results.manifest", change(MANIFEST, lambda v: v.update(code_artifacts=[])))
bad("nothing but the engine's manifest", "results.present", lambda a: (a.remove("results"), a.write(MANIFEST, "{}"), a.draft(["code/run.py"]), a.edit("code/run.py", "attempt", "Attempt")), "05")

# ---------------------------------------------------------------------------------------------- figures
bad("no figures", "figures.present", lambda a: (a.remove("figures"), a.draft(["results/hypothesis_tests.json"])), "06")
bad("a truncated PNG", "figures.decode", cut("figures/curve.png"))
bad("a truncated JPEG", "figures.decode", cut("figures/curve.jpg"))
bad("a truncated PDF", "figures.decode", cut("figures/curve.pdf"))
bad("a truncated SVG", "figures.decode", cut("figures/curve.svg"))
bad("a figure without bytes", "figures.decode", put("figures/curve.png", ""))
bad("text called PNG", "figures.decode", put("figures/curve.png", "not a picture"))
bad("a JPEG called PNG", "figures.decode", lambda a: a.write("figures/x.png", (a.work / "figures/curve.jpg").read_bytes()))
bad("a picture bomb", "figures.decode", lambda a: a.write("figures/x.png", huge_png()))
bad("an SVG with entities", "figures.decode", put("figures/x.svg", '<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg"><text>&a;</text></svg>'))
bad("an SVG that is HTML", "figures.decode", put("figures/x.svg", "<html><body/></html>"))
bad("figures of before only", "figures.fresh", lambda a: a.facts.update(makers={f"figures/{n}": ("04", 1) for n in os.listdir(a.work / "figures")} | {"data/design.json": ("03", 1)}))

# --------------------------------------------------------------------------------- paper, review, release
bad("an unknown citation key", "paper.citations", lambda a: a.write("writing/sections/methods.tex", a.text("writing/sections/methods.tex") + "\n\\cite{ghost}\n"))
bad("a bare numeral", "numbers.bare", lambda a: a.write("writing/sections/results.tex", a.text("writing/sections/results.tex") + "\nThe score is 0.93 here.\n"))
bad("no verification of citations", "citations.report", drop(REPORT))
bad("a verification without coverage", "citations.report", change(REPORT, lambda v: v.pop("claim_coverage")))
bad("a total that is wrong", "citations.report", change(REPORT, lambda v: v.update(total_citations=9)))
bad("a citation that does not match", "citations.wrong", change(REPORT, lambda v: v["citations"][0].update(verdict="mismatch")))
bad("a citation that does not exist", "citations.wrong", change(REPORT, lambda v: v["citations"][0].update(verdict="not_found")))
bad("no self-review", "self_review.form", drop(REVIEW))
bad("seven scores", "self_review.form", change(REVIEW, lambda v: v["scores"].pop("completeness")))
bad("a score of eleven", "self_review.form", change(REVIEW, lambda v: v["scores"].update(completeness=11)))
bad("a score of true", "self_review.form", change(REVIEW, lambda v: v["scores"].update(completeness=True)))
bad("a verdict of its own", "self_review.form", change(REVIEW, lambda v: v.update(verdict="excellent")))
bad("a rejecting self-review", "self_review.verdict", change(REVIEW, lambda v: v.update(verdict="reject")))
bad("an open critical issue", "self_review.critical", change(REVIEW, lambda v: v["issues"].append({"severity": "CRITICAL", "text": "Leak.", "fixed": False})))
bad("no checklist", "readiness.checklist", drop("reviews/readiness_checklist.md"))
bad("threats without words", "readiness.threats", put("reviews/threats_to_validity.md", "# Threats to validity\n\n"))
bad("no bundle", "readiness.bundle", lambda a: (a.remove(BUNDLE), a.draft(["reviews/threats_to_validity.md"])))
bad("a truncated bundle", "readiness.bundle", cut(BUNDLE))
bad("a bundle that is a bomb", "readiness.bundle", lambda a: a.write(BUNDLE, zip_bomb()))
bad("a file of the bundle changed", "readiness.hashes", rebundle(lambda m: m.update({"code/run.py": b"other"})))
bad("a file not in the bundle", "readiness.hashes", rebundle(lambda m: m.pop("code/run.py")))
bad("a file too many in the bundle", "readiness.hashes", rebundle(lambda m: m.update({"extra.txt": b"x"})))
bad("no release manifest", "readiness.hashes", drop(RELEASE))
bad("a name that climbs out of the bundle", "readiness.names", climbing)


def test_the_corpus_is_large_and_its_names_are_unique() -> None:
    """At least sixty breakages, each with its own name."""
    assert len(CASES) >= 60
    assert len(CASES) == len({case[0] for case in CASES})


@pytest.mark.parametrize(("name", "stage", "expected", "how"), CASES, ids=[case[0] for case in CASES])
def test_a_broken_rule_is_refused_by_its_own_check(
    name: str, stage: str, expected: str, how: Break, base: Base, tmp_path: Path
) -> None:
    """Exactly the expected Check blocks, and its remedy says what to do."""
    attempt = base.copy(tmp_path / "run" / "workspace", stage)
    how(attempt)
    checks = base.judge(attempt)
    assert {expected} == blocking(checks)
    (check,) = [check for check in checks if check.blocks]
    assert len(check.remedy) > 20
    assert check.detail and len(check.detail) < 2_000
    assert check.waivable is (not expected.startswith("ending.") or expected == "ending.own_work")


def test_unwaivable_and_names_are_stable(base: Base, tmp_path: Path) -> None:
    """Every Check of the whole base has a dotted id and a title, each id once."""
    checks = base.judge(base.copy(tmp_path / "run" / "workspace", "08"))
    assert all(check.id.count(".") == 1 and check.title for check in checks)
    assert len(checks) == len({check.id for check in checks})
    assert json.dumps(sorted(check.id for check in checks))
