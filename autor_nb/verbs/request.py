"""What a person says about a new run → a request that `control` can judge; nothing is made here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from autor_nb import control
from autor_nb.domain.errors import UsageError
from autor_nb.domain.run import Limits, RunConfig
from autor_nb.store import preferences
from autor_nb.verbs import clean, target
from autor_nb.verbs.result import Face


def build(face: Face, goal: str, said: Mapping[str, Any]) -> control.NewRequest:
    """`said` are the options of `new` by name; what is None comes from the user's defaults."""
    if not goal.strip():
        raise UsageError(
            "The goal is empty.",
            '`autor new --goal "Which model predicts y best?"`, or write it into the cell under `%%autor new`.',
        )
    home = preferences.read()
    config: dict[str, Any] = {key: home[key] for key in ("agent", "model", "venue", "seed") if key in home}
    config |= {key: said[key] for key in ("agent", "model", "venue", "seed") if said.get(key) is not None}
    decisions = said.get("decisions")
    if decisions and said.get("reviewer") == "auto":
        raise UsageError(
            "--decisions and --reviewer auto are two reviewers.", "Say one: recorded decisions are the file's alone."
        )
    reviewer = "decisions" if decisions else said.get("reviewer") or "person"
    intake = said.get("intake")
    config |= {
        "reviewer": reviewer,
        "options": dict(said.get("options") or {}),
        "limits": _limits(said),
        "models": dict(said.get("models") or {}),
        "intake": intake if intake is not None else face.interactive and reviewer == "person",
        "extra": dict(said.get("extra") or {}),
    }
    try:
        made = msgspec.convert(config, RunConfig)
    except msgspec.ValidationError as error:
        raise UsageError(f"The configuration is not right: {error}.", "`autor config` shows your defaults.") from error
    return control.NewRequest(
        goal=goal,
        by=control.actor(face.name),
        config=made,
        resources=tuple(said.get("resources") or ()),
        runs_dir=target.root(face),
        decisions=Path(decisions).expanduser() if decisions else None,
    )


def _limits(said: Mapping[str, Any]) -> Limits:
    names = {
        "timeout_s": "attempt_timeout_s",
        "idle_timeout_s": "idle_timeout_s",
        "budget_s": "run_budget_s",
        "retries": "retries",
    }
    given = {limit: said[name] for name, limit in names.items() if said.get(name) is not None}
    return Limits(**given)


def models(texts: Iterable[str]) -> dict[str, Any]:
    """`NAME` and `STAGE=NAME` texts as `model` and `models`; a name that itself holds an `=` is a name."""
    model, by_stage = None, {}
    for text in texts:
        stage, sign, name = text.partition("=")
        if sign and re.fullmatch(r"\d{1,2}(_\w+)?", stage.strip()):
            if not name.strip():
                raise UsageError(f"--model names no model for stage {stage}.", f"E.g. `--model {stage}=NAME`.")
            by_stage[stage.strip()] = name.strip()
        else:
            model = text
    return {"model": model, "models": by_stage}


def resource(text: str) -> control.ResourceRequest:
    """`PATH` or `PATH=description`; a path that is there with its `=` is a path."""
    whole = Path(text).expanduser()
    if not text.strip():
        raise UsageError("A resource needs a path.", '`--resources data.csv` or `--resources data.csv="what it is"`')
    if whole.exists() or "=" not in text:
        return control.ResourceRequest(path=whole)
    path, _, description = text.partition("=")
    return control.ResourceRequest(path=Path(path).expanduser(), description=description)


def pairs(texts: Iterable[str]) -> dict[str, str]:
    """`key=value` texts as a mapping; the last one of a key wins."""
    found: dict[str, str] = {}
    for text in texts:
        key, sign, value = text.partition("=")
        if not sign or not key.strip():
            raise UsageError(f"--set takes KEY=VALUE, not {clean.line(text, 60)!r}.", "E.g. `--set target=diagnosis`.")
        found[key.strip()] = value
    return found
