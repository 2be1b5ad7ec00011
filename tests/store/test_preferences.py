"""A user's settings: read as written, judged when set, and nothing secret shown."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autor_nb.cli import main as cli
from autor_nb.domain.errors import UsageError
from autor_nb.store import preferences
from autor_nb.store.preferences import COMMAND, WEBHOOK, Notify

URL = "https://hooks.example.org:8443/T0/psecret?token=x"


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings of their own."""
    monkeypatch.setenv("AUTOR_CONFIG_DIR", str(tmp_path))
    return tmp_path / "config.toml"


def answer(capsys: pytest.CaptureFixture[str], *args: str) -> dict[str, object]:
    """What `autor config …` says."""
    code = cli.run(["config", *args, "--json"])
    said = json.loads(capsys.readouterr().out)
    return {**said.get("data", {}).get("values", {}), "code": code, "error": said.get("error", {}).get("message", "")}


def test_ways_to_be_told_are_set_kept_and_forgotten(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Beside the defaults, in a file that only its owner reads."""
    command = f'{sys.executable} -c \'print("a b")\' "it\'s"'
    answer(capsys, "seed", "3")
    answer(capsys, WEBHOOK, URL)
    answer(capsys, COMMAND, command)
    assert {"seed": 3, COMMAND: command, WEBHOOK: URL} == preferences.read()
    assert Notify((sys.executable, "-c", 'print("a b")', "it's"), URL) == preferences.notify()
    assert 0o600 == stat.S_IMODE(config.stat().st_mode)
    answer(capsys, "--unset", WEBHOOK)
    assert "" == preferences.notify().webhook and preferences.notify()


def test_an_address_is_never_shown_whole(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither when it is set, nor when it is listed, nor when it is refused."""
    for args in ((WEBHOOK, URL), (), (WEBHOOK,), (WEBHOOK, "ftp://hooks.example.org/T0/psecret")):
        for form in ("--json", "--text"):
            cli.run(["config", *args, form])
            said = capsys.readouterr()
            assert "psecret" not in said.out + said.err
    assert "https://hooks.example.org/…" == answer(capsys)[WEBHOOK]


@pytest.mark.parametrize(("key", "value", "why"), [
    (WEBHOOK, "hooks.example.org/x", "needs an http:// or https:// address"),
    (WEBHOOK, "file:///etc/passwd", "needs an http:// or https:// address"),
    (WEBHOOK, "http:///x", "needs an http:// or https:// address"),
    (WEBHOOK, "http://h:99999/", "needs an http:// or https:// address"),
    (WEBHOOK, "http://h/a b", "needs an http:// or https:// address"),
    (WEBHOOK, "http://[::1", "needs an http:// or https:// address"),
    (COMMAND, "'open", "cannot be split into words"),
    (COMMAND, "''", "names no command"),
    (COMMAND, "./tell-me", "depends on a folder"),
    (COMMAND, "no-such-program now", "There is no program 'no-such-program'"),
    (COMMAND, "/no/such/program", "There is no program '/no/such/program'"),
    (COMMAND, " ", "needs a value"),
    ("notify.comand", "x", "There is no setting"),
])  # fmt: skip
def test_what_cannot_be_carried_out_is_refused(
    capsys: pytest.CaptureFixture[str], config: Path, key: str, value: str, why: str
) -> None:
    """With the reason, and nothing is written."""
    said = answer(capsys, key, value)
    assert 2 == said["code"] and why in str(said["error"])
    assert not config.exists()


def test_a_file_written_by_hand_may_use_tables_and_lists(config: Path) -> None:
    """As TOML allows; what is not ours is passed over."""
    config.write_text('agent = "tabular"\n[notify]\ncommand = ["say", "a b"]\nother = 1\n[x]\ny = 2\n')
    assert {"agent": "tabular", COMMAND: "say 'a b'"} == preferences.read()
    assert ("say", "a b") == preferences.notify().command
    config.write_text("[notify\n")
    with pytest.raises(UsageError, match="not valid TOML"):
        preferences.notify()


@given(st.text(st.characters(codec="utf-8"), min_size=1))
def test_any_text_comes_back_as_it_was_written(text: str) -> None:
    """Quotes, backslashes and control characters."""
    preferences.write({"model": text})
    assert {"model": text} == preferences.read()
