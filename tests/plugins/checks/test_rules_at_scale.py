"""Rules stay quick and bounded with thousands of files, many offenders and content of any kind."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autor_nb import registry
from autor_nb.domain.artifact import FileEntry, Inspection
from autor_nb.domain.check import Check
from autor_nb.testing.views import DRAFT, STAGES, FolderView

MINE = ("ending", "summary", "files_produced", "literature", "hypotheses", "data", "schemas", "code", "results", "figures",
        "citations", "self_review", "readiness")
JUDGED = (
    "literature/sources.json", "literature/claims.json", "notes/hypothesis_manifest.json", "results/hypothesis_tests.json",
    "results/experiment_manifest.json", "artifacts/citation_verification.json", "artifacts/self_review.json",
    "reviews/readiness_facts.json", "artifacts/release_manifest.json", "data/a.json", "data/a.json.schema.json",
)


class ManyFiles(FolderView):
    """A view with files that were inspected long ago, as the engine's cache has them."""

    def add(self, path: str, seen: Inspection) -> None:
        """One more file."""
        digest = hashlib.sha256(path.encode()).hexdigest()
        self.files[path] = FileEntry(path=path, size_bytes=10, sha256=digest)  # type: ignore[index]
        self._seen[path] = seen


def ask(name: str, view: FolderView) -> list[Check]:
    """One rule's answers."""
    return list(registry.create("checkers", name).check(view))


@pytest.mark.parametrize("name", MINE)
def test_five_thousand_files_take_milliseconds(name: str, tmp_path: Path) -> None:
    """A rule loops over names; contents come from the cache."""
    (tmp_path / "notes").mkdir()
    listed = "\n".join(f"- `data/f{n}.csv`" for n in range(1_500))
    (tmp_path / DRAFT).write_text(f"# Stage 08: Dissemination\n\n## Files Produced\n\n{listed}\n")
    view = ManyFiles(tmp_path, stage="08")
    for n in range(1_700):
        view.add(f"data/f{n}.csv", Inspection(kind="table", schema={"columns": ["a"], "rows": 1}))
        view.add(f"results/f{n}.json", Inspection(kind="json", error="broken"))
        view.add(f"figures/f{n}.png", Inspection(kind="image", schema={"width": 1, "height": 1}))
    ask(name, view)  # libraries are imported, the draft is parsed
    started = time.perf_counter()
    checks = ask(name, view)
    assert time.perf_counter() - started < 0.1
    assert len(checks) < 12


def test_offenders_are_listed_in_one_check_with_their_number(tmp_path: Path) -> None:
    """The first five and the count, whatever their names hold."""
    view = ManyFiles(tmp_path, stage="08")
    for n in range(200):
        view.add(f"figures/{n:03d}\n\x1b[31m{'x' * 300}.png", Inspection(kind="image", error="broken"))
    (check,) = [check for check in ask("figures", view) if check.id == "figures.decode"]
    assert "and 195 more" in check.detail
    assert check.detail.isprintable() and len(check.detail) < 1_500


def test_a_rule_of_a_missing_library_says_what_to_install(tmp_path: Path) -> None:
    """The error of the inspection reaches the person."""
    view = ManyFiles(tmp_path, stage="03")
    view.add("data/a.parquet", Inspection(kind="table", error='reading Parquet needs pyarrow: pip install "x[parquet]"'))
    assert any("pip install" in check.detail for check in ask("data", view) if check.blocks)


def test_a_file_that_was_not_kept_is_a_failing_check(tmp_path: Path) -> None:
    """An old version over the cap cannot be read; that is said, not raised."""
    from autor_nb.domain.errors import StoreError

    class NotKept(ManyFiles):
        """Nothing can be read."""

        def read(self, path: str, limit: int | None = None) -> bytes:
            """Refuse."""
            raise StoreError(f"{path} was not kept.")

    view = NotKept(tmp_path, stage="08")
    for path in JUDGED:
        view.add(path, Inspection(kind="json"))
    for name in MINE:
        assert all(check.remedy for check in ask(name, view) if not check.passed)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 12) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from((
            "sources", "claims", "source_id", "title", "doi", "claim_id", "statement", "source_ids", "id", "type", "hypotheses",
            "derived_from", "depends_on", "verification_needed", "status", "tests", "outcome", "result_artifacts", "sha256",
            "code_artifacts", "rel_path", "overall_status", "total_citations", "citations", "verdict", "claim_coverage", "scores",
            "overall", "issues", "severity", "text", "fixed", "checklist", "item", "ok", "files", "path", "bundle", "completeness",
            "properties", "items", "$ref", "pattern", "required", "minimum",
        )), inner, max_size=5),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=json_values, path=st.sampled_from(JUDGED), stage=st.sampled_from(list(STAGES)))
def test_no_document_makes_a_rule_raise(value: object, path: str, stage: str, tmp_path: Path) -> None:
    """Any JSON in any place has an answer, and every failing one a remedy."""
    for other in JUDGED:
        (tmp_path / other).unlink(missing_ok=True)
        (tmp_path / other).parent.mkdir(exist_ok=True)
    (tmp_path / "data/a.json").write_text('{"a": "b"}')
    (tmp_path / path).write_text(json.dumps(value))
    view = FolderView(tmp_path, stage=stage)
    for name in MINE:
        for check in ask(name, view):
            assert check.passed or check.remedy


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(draft=st.text(max_size=200) | st.lists(st.sampled_from(
    ("# Stage 04: Implementation\n", "## Files Produced\n", "## What I Did\n", "`../x`", "`a.csv`", "`\\x00`", "\n", "- ", "1. ", "(reused)")
), max_size=20).map("".join))
def test_no_draft_makes_a_rule_raise(draft: str, tmp_path: Path) -> None:
    """Nor does any draft."""
    (tmp_path / "code").mkdir(exist_ok=True)
    (tmp_path / "code/run.py").write_text("x = 1\n")
    view = FolderView(tmp_path, stage="04", draft=draft)
    for name in ("ending", "summary", "files_produced", "code"):
        assert all(check.passed or check.remedy for check in ask(name, view))


def test_a_schema_cannot_keep_the_engine_busy(tmp_path: Path) -> None:
    """An expression that would run for ever is not matched; a harmless one is."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data/a.json").write_text(json.dumps({"a": "a" * 40 + "!"}))
    sidecar = tmp_path / "data/a.json.schema.json"
    sidecar.write_text(json.dumps({"properties": {"a": {"pattern": "^(a+)+$"}}}))
    assert all(check.passed for check in ask("schemas", FolderView(tmp_path, stage="03")))
    sidecar.write_text(json.dumps({"properties": {"a": {"pattern": "^b+$"}}}))
    assert {"schemas.satisfied"} == {check.id for check in ask("schemas", FolderView(tmp_path, stage="03")) if check.blocks}


@pytest.mark.parametrize(("name", "content", "schema", "valid"), [
    ("a.json", '[{"x": 1}]', {"type": "array", "items": {"required": ["x"]}}, True),
    ("a.json", '[{"y": 1}]', {"type": "array", "items": {"required": ["x"]}}, False),
    ("a.jsonl", '{"x": 1}\n{"x": "a"}\n', {"properties": {"x": {"type": "integer"}}}, False),
    ("a.csv", "x,y\n1,\n2,b\n", {"properties": {"x": {"type": "integer"}, "y": {"type": ["string", "null"]}}}, True),
    ("a.csv", "x\n1.5\n", {"properties": {"x": {"type": "integer"}}}, False),
    ("a.csv", "x\n1\n", {"type": "array", "minItems": 2}, False),
    ("a.tsv", "x\tb\n1\ttrue\n", {"properties": {"x": {"maximum": 1, "type": "number"}, "b": {"type": "boolean"}}}, True),
    ("a.txt", "x", {}, False),
], ids=str)
def test_tables_and_documents_are_compared_row_by_row(
    name: str, content: str, schema: dict, valid: bool, tmp_path: Path
) -> None:
    """Cells are taken as the schema means them."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / name).write_text(content)
    (tmp_path / "data" / f"{name}.schema.json").write_text(json.dumps(schema))
    blocked = any(check.blocks for check in ask("schemas", FolderView(tmp_path, stage="03")))
    assert valid is not blocked
