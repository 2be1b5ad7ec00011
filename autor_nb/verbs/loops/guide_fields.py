"""Every field of `[loop.<name>]` with what it means: the guide prints them, a test holds them to the configuration."""

from __future__ import annotations

from typing import Any

import msgspec

from autor_nb.domain.loops import config as parts

UNWRITTEN = ("name", "origin", "extra")
TABLES: dict[str, tuple[type, str, dict[str, str]]] = {
    "[loop.<name>]": (parts.LoopConfig, "The loop; its name is a folder and the branch autor/<name>.", {
        "objective": "what is to become better, in a sentence; critics read it",
        "mutable": "paths or globs that may be changed",
        "readonly": "paths or globs that must not be: hashed before and after every run",
        "command": "what measures: a list of words, or text for a shell; it gets the seed by seed_env",
        "metric": "the number that is improved, see below",
        "metrics": "more numbers, for a scalarizer",
        "scalarizer": "several metrics as one: weighted_sum, weighted_chebyshev, lexicographic, constrained",
        "scalarizer_options": "its weights, tolerances, limits",
        "trial_timeout_s": "for one run: 90, \"90s\", \"5m\", \"2h\"; then the whole process tree is ended",
        "seed_env": "the variable that receives the seed",
        "gate": "what decides about a keep, see below",
        "guards": "what must hold for a keep, see below",
        "resource": "a second number that decides nothing, see below",
        "link": "ignored inputs (data …) that are linked into the clone",
        "stop": "when the loop ends by itself, see below",
        "critic": "who has the ideas, see below",
        "coder": "who makes the changes, see below",
        "holdout": "a file that only the engine may read, asked by the Ladder",
        "holdout_command": "what measures on it: writes one loss an example to the file in AUTOR_HOLDOUT_LOSSES",
        "parallel": "at most so many of a loop and its forks work at once (else as many as there are cores)",
        "sandbox": "true wraps every run in bubblewrap; the level in force is shown",
        "mode": "strict: the branch moves on confirmed keeps only; explore: on two better pairs, the audit tells",
        "simplicity": "mode strict: what \"as good with less code\" may cost in the metric's score; none: never kept",
        "space": "knobs of the optimiser, [loop.<name>.space.<knob>], see below",
        "include_uncommitted": "true begins from the tree as it is, uncommitted edits too",
    }),
    "[loop.<name>.metric]": (parts.MetricSpec, "Also the entries of [[loop.<name>.metrics]].", {
        "name": "what it is called; a line `name: 0.5` or `name=0.5` is found by it",
        "direction": "lower or higher is better",
        "source": "regex, json or last_number",
        "pattern": "a regular expression with one group, or a dotted key; the last match counts",
        "time_like": "true for times: compared by ratios, never in parallel",
    }),
    "[loop.<name>.gate]": (parts.GateSpec, "A test that has an error rate.", {
        "name": "eprocess (default), shared, fixed, greedy",
        "options": "its options, which may also stand beside the name: alpha, horizon, n_max, calibrate …",
    }),
    "[[loop.<name>.guards]]": (parts.Guard, "What must hold for a keep.", {
        "name": "what it is called",
        "command": "must exit 0",
        "metric": "or: this metric must lie",
        "min": "not below this",
        "max": "and not above that",
        "soft": "true: a penalty of 10 times the relative excess instead of a refusal",
    }),
    "[loop.<name>.resource]": (parts.ResourceSpec, "A second number that is recorded.", {
        "pattern": "a regular expression with one group",
        "transform": "identity, divide_by_1024, divide_by_1000",
        "unit": "as it is shown",
    }),
    "[loop.<name>.stop]": (parts.StopSpec, "Whatever comes first; the reason is recorded.", {
        "iterations": "after so many experiments",
        "wall_s": "after so much time, and the final audit that every session ends with",
        "cost_usd": "after so much money",
        "target": "when the metric has reached this",
        "plateau": "after so many experiments without a keep",
    }),
    "[loop.<name>.critic]": (parts.CriticSpec, "Who has the ideas.", {
        "provider": "optimiser (embedded, no model), scripted, or a plug-in's name",
        "model": "the model's name, where there is one",
        "base_url": "where it is asked",
        "api_key_env": "the variable that holds its key; the key itself stands nowhere",
        "thinking": "true asks for its thinking, which is logged",
        "context_last_n": "how many past experiments it is told",
        "when": "always, or downtime: only while no run needs the GPU",
        "max_vram_gb": "how much of the GPU it may take",
    }),
    "[loop.<name>.coder]": (parts.CoderSpec, "Who makes the changes.", {
        "agent": "params (embedded: turns knobs), external (waits for an edit), scripted, or a plug-in's name",
        "permission": "acceptEdits or bypass",
        "timeout_s": "for one change",
        "command": "what is run instead of an agent",
        "prompt_template": "a file with the prompt",
    }),
    "[loop.<name>.space.<knob>]": (parts.Knob, "One knob; without a space they are found in the mutable file.", {
        "kind": "float, int or choice",
        "low": "the least",
        "high": "the greatest",
        "log": "true for a logarithmic scale",
        "choices": "of a choice",
        "step": "only multiples of this from the least on",
        "default": "what it is now",
    }),
}  # fmt: skip


def default_of(kind: type, field: str) -> str:
    """The default as TOML would have it; empty where a value must be given."""
    known = {one.name: one for one in msgspec.structs.fields(kind)}[field]
    if known.required:
        return "required"
    value: Any = known.default if known.default is not msgspec.NODEFAULT else known.default_factory()
    if value is None or value in ("", (), {}) or isinstance(value, msgspec.Struct):
        return ""
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)


def as_markdown() -> str:
    """All tables."""
    lines: list[str] = []
    for title, (kind, about, fields) in TABLES.items():
        lines += [f"### `{title}`", "", about, "", "| field | default | meaning |", "|---|---|---|"]
        lines += [f"| {name} | {default_of(kind, name)} | {said} |" for name, said in fields.items()]
        lines.append("")
    return "\n".join(lines)
