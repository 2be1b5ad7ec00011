"""The prompt of one attempt: the stage's template, the contract and what the run knows, within a budget.

What a person, a file name or an agent wrote enters as data: fenced, cleaned and bounded. It is never rendered
as a template, and no heading or fence in it can end a section of ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from autor_nb.domain.artifact import FileEntry
from autor_nb.domain.run import QA, Resource
from autor_nb.domain.stage import StageSpec
from autor_nb.domain.state import FeedbackGiven, RunState, StageState
from autor_nb.engine.memory import Approved, approved_stages
from autor_nb.engine.prompt_sections import (
    Earlier,
    artifacts_section,
    earlier_attempts,
    feedback_section,
    gates_section,
    goal_section,
    intake_section,
    manifest_section,
    options_section,
    recovery_section,
    remembered,
    resources_section,
)
from autor_nb.engine.quote import one_line
from autor_nb.engine.writing_manifest import STAGES, WritingManifest, writing_manifest, writing_section
from autor_nb.store import objects
from autor_nb.store.layout import RunFolder
from autor_nb.store.templates import (
    check_placeholders,
    contract_template,
    gate_words,
    gates,
    prompt_environment,
    prompt_template,
    stages,
)
from autor_nb.store.view import MadeBy, goal_of, made_by

__all__ = ["BUDGET_CHARS", "PromptInputs", "build_prompt", "check_placeholders", "prompt_inputs"]

BUDGET_CHARS = 160_000
HEADINGS = {
    "contract": "The contract of this stage",
    "gates": "What will be checked",
    "goal": "The goal of the run",
    "resources": "What the person supplied",
    "options": "Options of the run",
    "intake": "Answers from the intake",
    "manifest": "Where the run stands",
    "memory": "Approved so far",
    "handoffs": "Files and decisions handed over",
    "writing": "What the manuscript may use",
    "artifacts": "Files in the workspace",
    "recovery": "What went wrong in earlier attempts",
    "feedback": "Feedback on this stage",
}


class PromptInputs(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a prompt is made of; two equal inputs make the same prompt."""

    run_id: str
    spec: StageSpec
    attempt: int
    template: str
    contract: str
    goal: str
    venue: str
    seed: int
    gates: tuple[tuple[str, str], ...]
    options: dict[str, str] = {}
    resources: tuple[Resource, ...] = ()
    left_out: tuple[str, ...] = ()
    intake: tuple[QA, ...] = ()
    stages: tuple[StageState, ...] = ()
    approved: tuple[Approved, ...] = ()
    files: dict[str, FileEntry] = {}
    made: MadeBy = {}
    writing: WritingManifest | None = None
    recovery: tuple[Earlier, ...] = ()
    feedback: tuple[FeedbackGiven, ...] = ()


def prompt_inputs(
    state: RunState,
    run_dir: Path,
    spec: StageSpec,
    attempt: int,
    *,
    specs: Sequence[StageSpec] = (),
    files: Mapping[str, FileEntry] | None = None,
    made: MadeBy | None = None,
    project: Path | None = None,
) -> PromptInputs:
    """Gather what the attempt's prompt is made of.

    `specs` are all stages of the run (their gates are cumulative), read anew if not given; `files` and `made`
    are read from the log's manifests when they are not at hand.
    """
    ahead = specs or [known for known in stages(project, intake=True) if state.stage(known.slug)]
    run = RunFolder(run_dir)
    words = gate_words(project)
    names = gates([*(known for known in ahead if known.slug < spec.slug), spec], spec.slug)
    stage = state.stage(spec.slug)
    approved = approved_stages(run, state, before=spec.slug)
    there = dict(files if files is not None else objects.get_files(run, state.files))
    makers = made if made is not None else made_by(run, state)
    return PromptInputs(
        run_id=state.run_id,
        spec=spec,
        attempt=attempt,
        template=prompt_template(spec),
        contract=contract_template(),
        goal=goal_of(run, state),
        venue=str(state.config.get("venue", "report")),
        seed=int(state.config.get("seed", 0)),
        gates=tuple((name, " ".join(words.get(name, "").split())) for name in names),
        options={str(k): str(v) for k, v in dict(state.config.get("options", {})).items()},
        resources=state.resources,
        left_out=state.left_out,
        intake=state.intake,
        stages=tuple(state.stages),
        approved=tuple(approved),
        files=there,
        made=makers,
        writing=writing_manifest(run, there, makers, approved) if spec.number in STAGES else None,
        recovery=earlier_attempts(run, stage, attempt) if stage else (),
        feedback=tuple(given for given in state.feedback if given.stage == spec.slug),
    )


def build_prompt(inputs: PromptInputs, budget: int = BUDGET_CHARS) -> str:
    """The whole prompt: a section that the template names stands there, all others follow in their order."""
    from jinja2.meta import find_undeclared_variables

    environment = prompt_environment()
    used = find_undeclared_variables(environment.parse(inputs.template))
    facts = _facts(inputs)
    contract = environment.from_string(inputs.contract).render(facts).strip("\n")
    sections = {"contract": contract, **_sections(inputs)}
    fixed = len(inputs.template) + sum(map(len, sections.values()))
    sections["memory"], sections["handoffs"] = remembered(inputs.approved, max(budget - fixed, budget // 4))
    shown = {name: text or "None." for name, text in sections.items()}
    body = environment.from_string(inputs.template).render(facts | shown).strip("\n")
    parts = [f"# Stage {inputs.spec.number}: {inputs.spec.title} (attempt {inputs.attempt})", body]
    for name, heading in HEADINGS.items():
        if name not in used and sections[name]:
            parts += [f"## {heading}", sections[name]]
    return "\n\n".join(parts) + "\n"


def _facts(inputs: PromptInputs) -> dict[str, str]:
    """The short values; those that a person chose are made safe to stand in a line."""
    spec = inputs.spec
    return {
        "run_id": one_line(inputs.run_id),
        "stage_number": spec.number,
        "stage_slug": spec.slug,
        "stage_title": spec.title,
        "attempt": str(inputs.attempt),
        "venue": one_line(inputs.venue),
        "seed": str(inputs.seed),
    }


def _sections(inputs: PromptInputs) -> dict[str, str]:
    """Every section but the contract, memory and handoffs; an empty one is left out of the prompt."""
    return {
        "gates": gates_section(inputs.spec, inputs.gates),
        "goal": goal_section(inputs.goal),
        "resources": resources_section(inputs.resources, inputs.left_out),
        "options": options_section(inputs.options, inputs.venue, inputs.seed),
        "intake": intake_section(inputs.intake),
        "manifest": manifest_section(inputs.stages, inputs.spec.slug),
        "artifacts": artifacts_section(inputs.files, inputs.made, inputs.spec.needs),
        "writing": writing_section(inputs.writing),
        "recovery": recovery_section(inputs.recovery, inputs.attempt),
        "feedback": feedback_section(inputs.feedback),
    }
