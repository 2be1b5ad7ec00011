"""The pages of CONTRIBUTING are followed literally."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from autor_nb.domain.run import Actor, RunConfig
from autor_nb.testing.contracts import AgentContract
from autor_nb.testing.gate_contracts import GateContract
from autor_nb.testing.loop_contracts import CriticContract

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def blocks(page: str) -> list[str]:
    """The code blocks that follow a page's marker, up to the next heading."""
    part = TEXT.split(f"<!-- {page} -->")[1].split("\n<!-- ")[0].split("\n## ")[0]
    return re.findall(r"```\w*\n(.*?)```", part, re.S)


def test_a_stage_is_a_folder(tmp_path: Path) -> None:
    """The files of the page make a ninth stage that a run goes through."""
    from autor_nb.store import templates

    files, yaml = blocks("add-a-stage")[:2]
    for name in files.split():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        like = ROOT / "templates" / "stages" / "08_dissemination" / path.name
        path.write_text(yaml) if path.name == "stage.yaml" else shutil.copyfile(like, path)
    specs = templates.stages(tmp_path, intake=False)
    assert ["08_dissemination", "09_replication"] == [spec.slug for spec in specs][-2:]
    assert "paper" in templates.gates(specs, "09_replication")
    templates.check_placeholders(templates.prompt_template(specs[-1]))
    assert templates.notebook_template(specs[-1]).is_file()


def test_a_venue_is_a_folder(tmp_path: Path) -> None:
    """The file of the page is a venue that can be named."""
    from autor_nb.store.venues import find_venue

    folder = tmp_path / "venues" / "workshop_2027"
    folder.mkdir(parents=True)
    (folder / "venue.yaml").write_text(blocks("add-a-venue")[0])
    assert 4 == find_venue("workshop_2027", tmp_path).page_limit


_names: dict[str, object] = {}
exec(blocks("add-an-agent")[0], _names)


class TestEchoAgent(AgentContract):
    """The agent of the page keeps the contract."""

    agent = _names["EchoAgent"]

    def test_it_says_what_the_page_says(self, tmp_path: Path) -> None:
        """It speaks the line protocol."""
        result, said = self._work(self._task(tmp_path))
        assert "finished" == result.ending
        assert ["hello"] == [event.text for event in said if hasattr(event, "text")]


def test_an_unknown_agent_is_answered_with_the_known_ones() -> None:
    """The nearest match is named."""
    from autor_nb.creation import NewRequest, plan
    from autor_nb.domain.errors import UsageError

    with pytest.raises(UsageError, match="Did you mean 'tabular'"):
        plan(NewRequest(goal="g", by=Actor(face="test"), config=RunConfig(agent="tabluar")))


exec(blocks("add-a-critic")[0], _names)


class TestHalvingCritic(CriticContract):
    """The critic of the page keeps the contract."""

    critic = _names["HalvingCritic"]


exec(blocks("add-a-gate")[0], _names)


class TestCautiousGate(GateContract):
    """The gate of the page keeps the contract."""

    gate = _names["CautiousGate"]
