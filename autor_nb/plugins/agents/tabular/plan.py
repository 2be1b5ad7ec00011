"""The study's settings (`notes/plan.json`): what options, intake and feedback made of the defaults."""

from __future__ import annotations

import msgspec


class Change(msgspec.Struct, kw_only=True):
    """One request and what became of it. `how`: set · add · remove; `done` False with the reason in `why`."""

    stage: str
    attempt: int
    asked: str
    field: str = ""
    how: str = ""
    value: str = ""
    done: bool = True
    why: str = ""

    @property
    def key(self) -> str:
        """A stable name of what was asked, e.g. `seeds=5` or `families+knn`."""
        return f"{self.field}{ {'set': '=', 'add': '+', 'remove': '-'}.get(self.how, '?') }{self.value}"


class Plan(msgspec.Struct, kw_only=True):
    """All settings of one study. `task` binary · multiclass · regression. `target_text`: who chose it.

    `group_text` says who chose the group column (or that there is none); `units` what columns look like names of
    units, by kind, as the lock found them.
    `rope` is the smallest difference of the primary metric that matters (0 until stage 02 has fixed it).
    `secondary` are metrics reported beside the primary one; `extras` are analyses beside the comparison:
    calibration · importance · learning_curve · subgroup:COLUMN. `changes` are all requests, oldest first.
    """

    dataset: str = ""
    raw_file: str = ""
    encoding: str = "utf-8"
    delimiter: str = ","
    target: str = ""
    target_text: str = ""
    task: str = ""
    positive: str = ""
    group: str = ""
    group_text: str = ""
    units: dict[str, list[str]] = {}
    time: str = ""
    drop: list[str] = []
    metric: str = ""
    rope: float = 0.0
    rope_text: str = ""
    secondary: list[str] = []
    families: list[str] = []
    seeds: int = 3
    outer_folds: int = 5
    inner_folds: int = 3
    settings: int = 5
    extras: list[str] = []
    permutations: int = 199
    seed: int = 0
    notes: list[str] = []
    changes: list[Change] = []
