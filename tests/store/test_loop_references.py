"""The reference runs of the loop templates: whole, of today's template, read by the ordinary readers, and no one's."""

from __future__ import annotations

import getpass
import hashlib
import os
import re
import socket
import struct
from pathlib import Path

import pytest

from autor_nb.domain.errors import StoreError
from autor_nb.store.loops import history, references, results_tsv, templates
from autor_nb.store.loops.templates import copy_starter, starter_files

NAMES = [one.name for one in templates.starters()]
FILES = [references.PICTURE, references.EXPERIMENTS, references.REPORT, references.RESULTS]
CAP_BYTES, PICTURE_CAP_BYTES = 200_000, 60_000


def of(name: str) -> references.Reference:
    """A template's reference, which must be there."""
    found = references.reference(name)
    assert found is not None, f"templates/loops/{name} has no reference run; `{references.REMAKE} {name}` makes it"
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_reference_is_of_the_template_as_it_is_today(name: str) -> None:
    """Whoever changes a template makes its reference again."""
    stale = f"templates/loops/{name} was changed after its reference run: `{references.REMAKE} {name}` makes it again"
    assert of(name).template_sha256 == references.fingerprint(name), stale


def test_a_fingerprint_is_of_what_a_run_depends_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The code, the evaluator, the program and the table; not the README, in which the reference is told."""
    copied = tmp_path / "templates"
    place = copied / templates.FOLDER / "tsp"
    place.mkdir(parents=True)
    for path, content in starter_files("tsp").items():
        (place / path).write_bytes(content)
    table = templates.starter("tsp").path / templates.TABLE
    (place / templates.TABLE).write_bytes(table.read_bytes())
    today = references.fingerprint("tsp")
    monkeypatch.setattr(templates, "ROOT", copied)
    assert today == references.fingerprint("tsp")
    assert references.reference("tsp") is None
    for path, counts in (("README.md", False), ("solve.py", True), ("evaluate.py", True), ("program.md", True),
                         (templates.TABLE, True)):  # fmt: skip
        before = (place / path).read_bytes()
        (place / path).write_bytes(before + b"\n# more\n")
        assert counts == (today != references.fingerprint("tsp")), path
        (place / path).write_bytes(before)


@pytest.mark.parametrize("name", NAMES)
def test_a_reference_is_whole_and_small(name: str) -> None:
    """Exactly the files it names, with the content they were made with."""
    found, folder = of(name), references.folder(name)
    assert sorted([references.ABOUT, *FILES]) == sorted(path.name for path in folder.iterdir())
    sizes = {path: len((folder / path).read_bytes()) for path in FILES}
    assert CAP_BYTES > sum(sizes.values()) and PICTURE_CAP_BYTES > sizes[references.PICTURE]
    assert found.files == {path: hashlib.sha256((folder / path).read_bytes()).hexdigest() for path in sorted(FILES)}
    picture = (folder / references.PICTURE).read_bytes()
    assert picture.startswith(b"\x89PNG") and struct.unpack(">II", picture[16:24]) >= (600, 300)


@pytest.mark.parametrize("name", NAMES)
def test_the_records_of_a_reference_are_read_by_the_ordinary_readers_and_agree(name: str) -> None:
    """One line an experiment, consecutive from the baseline; the table tells the same as the records."""
    found, folder = of(name), references.folder(name)
    told = history.read(folder / references.EXPERIMENTS)
    table = results_tsv.read(folder / references.RESULTS)
    assert [] == told.bad == table.bad
    assert list(range(found.iterations + 1)) == [one.run for one in told.records] and "baseline" == told.records[0].status
    assert found.experiments == len(told.records) and found.metric == table.metric
    assert [(one.metric, one.status, one.summary) for one in told.records] == [
        (one.metric, one.status, one.summary) for one in table.records()
    ]
    assert found.kept == tuple(one.run for one in told.records if one.status == "keep")
    for one in told.records:
        if one.status == "keep":
            assert one.e_value is not None and one.alpha_t is not None and one.e_value >= 1 / one.alpha_t
    assert found.runs > sum(one.trials for one in told.records)


@pytest.mark.parametrize("name", NAMES)
def test_the_headline_of_a_reference_is_its_audits(name: str) -> None:
    """Better than the baseline on fresh pairs at its bar; the report begins with that, the README repeats it."""
    found, folder = of(name), references.folder(name)
    last = found.kept[-1]
    assert found.better and found.headline.startswith(f"The final audit shows experiment {last} better than the baseline")
    assert found.pairs >= 4 and found.e_value >= 20
    assert found.baseline is not None and found.final is not None and found.baseline != found.final
    report = re.sub(r"\\(.)", r"\1", (folder / references.REPORT).read_text(encoding="utf-8"))
    assert f"**{found.headline}**" in report
    readme = starter_files(name)["README.md"].decode()
    assert found.headline in " ".join(readme.split()) and all(f"    {command}\n" in readme for command in found.commands)


@pytest.mark.parametrize("name", NAMES)
def test_a_reference_tells_nothing_of_where_and_by_whom_it_was_made(name: str) -> None:
    """No folder, user or host, nothing that a terminal or a page would take for more than text."""
    folder = references.folder(name)
    for path in (references.ABOUT, references.EXPERIMENTS, references.REPORT, references.RESULTS):
        text = (folder / path).read_text(encoding="utf-8")
        assert not re.search(r"(?:/|\\/)(?:tmp|home|root|work|var|Users|private|mnt|opt)\b", text), path
        for private in (getpass.getuser(), socket.gethostname(), str(Path.home()), os.getcwd()):
            assert not re.search(rf"(?<![\w-]){re.escape(private)}(?![\w-])", text), (path, private)
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]|<script|javascript:", text), path
    picture = (folder / references.PICTURE).read_bytes()
    assert not re.search(rb"tEXt|iTXt|zTXt|eXIf|tIME", picture)


@pytest.mark.parametrize("name", NAMES)
def test_a_reference_is_never_copied_into_a_project(tmp_path: Path, name: str) -> None:
    """What a user gets is the template alone."""
    copy_starter(name, tmp_path)
    assert not any("reference" in path.relative_to(tmp_path).parts for path in tmp_path.rglob("*"))
    assert not {references.RESULTS, references.EXPERIMENTS, references.ABOUT} & {path.name for path in tmp_path.rglob("*")}


def test_a_reference_that_cannot_be_read_says_which(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the file's name."""
    place = tmp_path / "templates" / templates.FOLDER / "tsp"
    (place / templates.REFERENCE).mkdir(parents=True)
    (place / templates.TABLE).write_text("[loop.tsp]\nobjective = 'x'\n", encoding="utf-8")
    (place / templates.REFERENCE / references.ABOUT).write_text("{", encoding="utf-8")
    monkeypatch.setattr(templates, "ROOT", tmp_path / "templates")
    with pytest.raises(StoreError, match=r"about\.json is no reference"):
        references.reference("tsp")
