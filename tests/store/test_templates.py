"""A stage is a folder: read strictly, overlaid file by file, and named by a person in three ways."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from autor_nb import registry
from autor_nb.domain.errors import UsageError
from autor_nb.store import templates
from autor_nb.store.templates import (
    check_placeholders,
    gate_words,
    gates,
    prompt_template,
    resolve_stage,
    stages,
)

SLUGS = [
    "00_intake", "01_literature_survey", "02_hypothesis_generation", "03_study_design", "04_implementation",
    "05_experimentation", "06_analysis", "07_writing", "08_dissemination",
]


def _stage(project: Path, slug: str, yaml: str | bytes | None = None, prompt: str | None = "Do {{ goal }}.") -> Path:
    folder = project / "templates" / "stages" / slug
    folder.mkdir(parents=True, exist_ok=True)
    if yaml is None:
        yaml = f'number: "{slug[:2]}"\nslug: {slug}\ntitle: Peer Review\nchecks: [summary]\n'
    (folder / "stage.yaml").write_bytes(yaml if isinstance(yaml, bytes) else yaml.encode())
    if prompt is not None:
        (folder / "prompt.md").write_text(prompt)
    return folder


def test_the_nine_stages_come_in_order_and_intake_only_when_asked() -> None:
    """Eight fixed stages, and the intake before them if there is one."""
    assert SLUGS == [spec.slug for spec in stages(intake=True)]
    assert SLUGS[1:] == [spec.slug for spec in stages(intake=False)]
    assert ("03", "Study Design") == (stages(intake=False)[2].number, stages(intake=False)[2].title)


def test_every_named_check_exists_and_has_words() -> None:
    """Our own stages name checks of the registry only, every one of them is used, and each is explained."""
    known = registry.TABLE["checkers"]
    specs = stages(intake=True, checkers=known)
    assert set(known) == {check for spec in specs for check in spec.checks}
    assert set(known) == set(gate_words())


def test_gates_are_cumulative_and_each_stands_once() -> None:
    """A stage is judged by its own checks and by those of all stages before it."""
    specs = stages(intake=True)
    assert ["ending", "summary", "files_produced"] == gates(specs, "00_intake")
    assert ["ending", "summary", "files_produced", "literature", "hypotheses", "data", "schemas"] == gates(
        specs, "03_study_design")
    last = gates(specs, "08_dissemination")
    assert len(last) == len(set(last)) == 15
    assert gates(stages(intake=False), "01_literature_survey") == gates(specs, "01_literature_survey")


def test_evidence_is_gathered_where_the_contract_says() -> None:
    """The engine's own files belong to three stages."""
    assert {
        "05_experimentation": ("experiment_manifest",), "07_writing": ("paper_build", "citation_verification"),
        "08_dissemination": ("readiness", "release_bundle"),
    } == {spec.slug: spec.evidence for spec in stages(intake=True) if spec.evidence}


def test_every_prompt_tells_role_files_results_and_what_is_forbidden() -> None:
    """A stage's prompt is whole, fits the stage, and names the files that its gates read."""
    for spec in stages(intake=True):
        prompt = prompt_template(spec)
        check_placeholders(prompt, spec.slug)
        for part in ("Your role", "Mission of stage", "Responsibilities", "Where files go", "Quality bar",
                     "Key Results must hold", "Forbidden"):
            assert f"## {part}" in prompt, (spec.slug, part)
        for path in spec.produces:
            assert path in prompt, (spec.slug, path)


def test_a_new_stage_is_a_folder(tmp_path: Path) -> None:
    """A project's own folder is a stage, in its place, with its prompt and its checks; no Python."""
    _stage(tmp_path, "09_peer_review")
    specs = stages(tmp_path, intake=False)
    assert "09_peer_review" == specs[-1].slug and "Do {{ goal }}." == prompt_template(specs[-1])
    assert 9 == len(specs) and 8 == len(stages(intake=False))
    assert "readiness" in gates(specs, "09_peer_review")


def test_a_project_overlays_one_file_and_keeps_the_others(tmp_path: Path) -> None:
    """A folder with a prompt alone changes the prompt alone."""
    folder = tmp_path / "templates" / "stages" / "03_study_design"
    folder.mkdir(parents=True)
    (folder / "prompt.md").write_text("Ours: {{ goal }}")
    spec = stages(tmp_path, intake=False)[2]
    assert ("Study Design", ("data", "schemas"), "Ours: {{ goal }}") == (spec.title, spec.checks, prompt_template(spec))
    (folder / "prompt.md").unlink()
    (folder / "stage.yaml").write_text('number: "03"\nslug: 03_study_design\ntitle: Plan\n')
    spec = stages(tmp_path, intake=False)[2]
    assert ("Plan", ()) == (spec.title, spec.checks) and "methodologist" in prompt_template(spec)


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    """The cache ends with the file's content."""
    folder = _stage(tmp_path, "09_peer_review")
    assert "Peer Review" == stages(tmp_path, intake=False)[-1].title
    (folder / "stage.yaml").write_text('number: "09"\nslug: 09_peer_review\ntitle: A Longer Title\n')
    assert "A Longer Title" == stages(tmp_path, intake=False)[-1].title


def test_a_workflow_leaves_stages_out(tmp_path: Path) -> None:
    """A project's workflow file lists what its runs consist of."""
    folder = tmp_path / "templates" / "workflows"
    folder.mkdir(parents=True)
    (folder / "research.yaml").write_text("name: short\nstages: [01_literature_survey, 07_writing]\n")
    assert ["01_literature_survey", "07_writing"] == [spec.slug for spec in stages(tmp_path, intake=True)]
    (folder / "research.yaml").write_text("name: short\nstages: [01_literature]\n")
    with pytest.raises(UsageError, match=r"research\.yaml: key stages names '01_literature'"):
        stages(tmp_path, intake=True)


@pytest.mark.parametrize("yaml, told", [
    ("slug: 09_x\ntitle: X\n", "number"),
    ("number: 9\nslug: 09_x\ntitle: X\n", "key number"),
    ('number: "9"\nslug: 09_x\ntitle: X\n', "key number"),
    ('number: "08"\nslug: 09_x\ntitle: X\n', "key number is '08'"),
    ('number: "09"\nslug: 09_y\ntitle: X\n', "key slug is '09_y', the folder '09_x'"),
    ('number: "09"\nslug: 09_x\ntitle: ""\n', "key title"),
    ('number: "09"\nslug: 09_x\ntitle: X\nchecks: summary\n', "key checks"),
    ('number: "09"\nslug: 09_x\ntitle: X\nchecks: [1]\n', "key checks"),
    ('number: "09"\nslug: 09_x\ntitle: X\nchekcs: [summary]\n', "chekcs"),
    ('number: "09"\nslug: 09_x\ntitle: X\ntitle: Y\n', "key title stands twice"),
    ('number: "09"\nslug: 09_x\ntitle: "X\\nY"\n', "key title"),
    ("number: [\n", "is not valid YAML"),
    ("", "the whole file"),
    ("- number\n", "the whole file"),
    ("!!python/object/apply:os.system ['true']\n", "is not valid YAML"),
    (b"number: \xff\n", "is not UTF-8"),
])
def test_a_folder_that_is_no_stage_is_refused_by_file_and_key(tmp_path: Path, yaml: str | bytes, told: str) -> None:
    """Every slip names the file and what to mend, before a run begins."""
    folder = _stage(tmp_path, "09_x", yaml)
    with pytest.raises(UsageError) as raised:
        stages(tmp_path, intake=False)
    assert str(folder / "stage.yaml") in raised.value.message and told in str(raised.value)
    assert raised.value.suggestion


def test_incomplete_and_doubled_stages_are_refused(tmp_path: Path) -> None:
    """No prompt, no stage.yaml and a number that is taken are three different words."""
    _stage(tmp_path, "09_x", prompt=None)
    with pytest.raises(UsageError, match=r"Stage 09_x has no prompt\.md"):
        stages(tmp_path, intake=False)
    (tmp_path / "templates/stages/09_x/stage.yaml").unlink()
    with pytest.raises(UsageError, match=r"it has no stage\.yaml"):
        stages(tmp_path, intake=False)
    (tmp_path / "templates/stages/09_x").rmdir()
    _stage(tmp_path, "03_other")
    with pytest.raises(UsageError, match="key number '03' is also 03_other's"):
        stages(tmp_path, intake=False)


def test_unknown_checks_are_refused_with_the_nearest(tmp_path: Path) -> None:
    """A slip in a check's name is met at the start of a run, not at the stage."""
    _stage(tmp_path, "09_x", 'number: "09"\nslug: 09_x\ntitle: X\nchecks: [sumary]\n')
    with pytest.raises(UsageError, match="Did you mean 'summary'"):
        stages(tmp_path, intake=False, checkers=registry.TABLE["checkers"])


def test_a_prompt_that_is_not_utf8_is_refused_by_name(tmp_path: Path) -> None:
    """Latin-1 is met with the file's name and what to do."""
    folder = _stage(tmp_path, "09_x")
    (folder / "prompt.md").write_bytes("größer".encode("latin-1"))
    with pytest.raises(UsageError, match=r"prompt\.md is not UTF-8 \(byte 2\)"):
        prompt_template(stages(tmp_path, intake=False)[-1])


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A place on the import path where packages can be installed; what is cached of it ends with the test."""
    monkeypatch.syspath_prepend(str(tmp_path))
    templates._installed.cache_clear()
    yield tmp_path
    templates._installed.cache_clear()
    for name in [name for name in sys.modules if name.startswith("stage_pack")]:
        del sys.modules[name]


def _install(place: Path, name: str, value: str) -> None:
    info = place / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[autor_nb.templates]\n{name} = {value}\n")


def test_an_installed_package_brings_stages(installed: Path) -> None:
    """An entry point's folder lies between ours and the project's."""
    package = installed / "stage_pack"
    package.mkdir()
    (package / "__init__.py").write_text("")
    _install(installed, "stage_pack", "stage_pack")
    _stage(installed, "09_peer_review")
    (installed / "templates" / "stages").rename(package / "stages")
    assert "09_peer_review" == stages(intake=False)[-1].slug
    project = installed / "project"
    _stage(project, "09_peer_review", 'number: "09"\nslug: 09_peer_review\ntitle: Own\n', prompt=None)
    spec = stages(project, intake=False)[-1]
    assert ("Own", "Do {{ goal }}.") == (spec.title, prompt_template(spec))


def test_a_broken_package_breaks_only_itself(installed: Path) -> None:
    """Templates that cannot be loaded are left out with a warning that names them."""
    _install(installed, "stage_pack_gone", "stage_pack_that_is_not_there")
    with pytest.warns(UserWarning, match="stage_pack_gone"):
        assert 8 == len(stages(intake=False))


@pytest.mark.parametrize("key", [3, "3", "03", "03_study_design", " 03 "])
def test_a_stage_is_named_in_three_ways(key: str | int) -> None:
    """3, 03 and the slug mean the same."""
    refs = [spec.ref for spec in stages(intake=False)]
    assert "03_study_design" == resolve_stage(key, refs).slug


@pytest.mark.parametrize("key, near", [
    ("03_study_desing", "Did you mean 03_study_design?"), ("writing", "Did you mean 07_writing?"), ("9", ""), ("", ""),
    ("-3", ""), ("３", ""), ("3.0", ""), ("0" * 5_000, ""), ("9" * 5_000, ""),
])
def test_an_unknown_stage_is_refused_with_the_list(key: str, near: str) -> None:
    """Whatever is not a stage of this run is answered with those that are."""
    refs = [spec.ref for spec in stages(intake=False)]
    with pytest.raises(UsageError) as raised:
        resolve_stage(key, refs)
    assert near in raised.value.suggestion and "08_dissemination" in raised.value.suggestion
    assert len(str(raised.value)) < 600


def test_reading_is_fast_once_read() -> None:
    """The second reading of all stages takes about a millisecond."""
    stages(intake=True)
    started = time.perf_counter()
    for _ in range(20):
        stages(intake=True)
    assert (time.perf_counter() - started) / 20 < 0.02


def test_templates_are_data_only() -> None:
    """No code lies among the templates' stages, and no link leads out."""
    for folder, _, names in os.walk(templates.ROOT / "stages"):
        for name in names:
            assert name in ("stage.yaml", "prompt.md", "notebook.ipynb"), Path(folder) / name
            assert not (Path(folder) / name).is_symlink()
