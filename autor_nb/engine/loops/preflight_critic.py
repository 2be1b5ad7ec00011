"""The checks that look at the critic: does its server answer, is there room for its model, does it have an idea?"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from autor_nb.domain.errors import AutorError
from autor_nb.domain.loops.config import CriticSpec, LoopConfig
from autor_nb.domain.loops.globs import matches
from autor_nb.domain.loops.idea import Idea
from autor_nb.domain.loops.parts import CriticTask, OutOfIdeas
from autor_nb.domain.loops.preflight import CheckResult, result
from autor_nb.engine.loops.preflight_context import Preflight
from autor_nb.registry import create, names

EMBEDDED = ("optimiser", "scripted", "none")
ANSWER_S = 10.0
SPARE_GB = 4.0
TEXT_CAP = 1 << 20


class _Model(msgspec.Struct):
    id: str = ""


class _Models(msgspec.Struct):
    data: list[_Model] = []


def _is_local(critic: CriticSpec) -> bool:
    return (urlsplit(critic.base_url).hostname or "") in ("localhost", "127.0.0.1", "::1")


def critic_endpoint(context: Preflight) -> CheckResult:
    """Its server answers: a local one has the model, a remote one takes the key."""
    if context.config is None:
        return context.unchecked("critic_endpoint")
    critic = context.config.critic
    if critic.provider in EMBEDDED or not critic.base_url:
        return result("critic_endpoint", "ok", f"{critic.provider} needs no server.")
    headers = {}
    if critic.api_key_env:
        key = os.environ.get(critic.api_key_env, "")
        if not key:
            return result("critic_endpoint", "blocking",
                          f"The variable {critic.api_key_env} (critic.api_key_env) is not set.",
                          f"`export {critic.api_key_env}=…` before the loop is started.")
        headers["Authorization"] = f"Bearer {key}"
    address = critic.base_url.rstrip("/") + "/models"
    start = "Start it (`ollama serve`), or mend critic.base_url."
    try:
        status, body = context.get(address, headers, ANSWER_S)
    except (OSError, ValueError) as error:
        return result("critic_endpoint", "blocking", f"Nobody answers at {address}: {error}.", start)
    if status in (401, 403):
        return result("critic_endpoint", "blocking", f"{address} refuses the key (status {status}).",
                      f"Put a valid key into {critic.api_key_env or 'a variable named by critic.api_key_env'}.")
    if status != 200:
        return result("critic_endpoint", "blocking", f"{address} answered with status {status}.", start)
    return _model(critic, address, body)


def _model(critic: CriticSpec, address: str, body: bytes) -> CheckResult:
    try:
        known = [model.id for model in msgspec.json.decode(body, type=_Models).data]
    except msgspec.DecodeError:
        return result("critic_endpoint", "blocking", f"{address} did not answer with a list of models.",
                      "Mend critic.base_url: it ends in /v1 for most servers.")
    if critic.model and known and critic.model not in known:
        pull = f"`ollama pull {critic.model}`, or take" if critic.provider == "ollama" else "Take"
        return result("critic_endpoint", "blocking" if _is_local(critic) else "warning",
                      f"{address} has no model {critic.model!r}.", f"{pull} one of: {', '.join(known[:8])}.")
    return result("critic_endpoint", "ok", f"{address} answers, with {len(known)} models.")


def vram(context: Preflight) -> CheckResult:
    """Room for the model and 4 GB more; only where a local GPU serves it."""
    if context.config is None:
        return context.unchecked("vram")
    critic = context.config.critic
    if critic.provider in EMBEDDED or not _is_local(critic):
        return result("vram", "ok", "No local GPU serves the critic.")
    free = context.vram()
    if free is None:
        return result("vram", "ok", "This machine has no GPU that can be asked.")
    need = (critic.max_vram_gb or 0.0) + SPARE_GB
    said = f"{free:.1f} GB of GPU memory are free; the model and 4 GB more are {need:.1f} GB."
    if free < need:
        return result("vram", "blocking", said,
                      "End other programs on the GPU, take a smaller model, or set critic.when = \"downtime\".")
    return result("vram", "ok", said)


def critic_dry_run(context: Preflight) -> CheckResult:
    """It proposes something valid; nothing is done with it."""
    config = context.config
    if config is None:
        return context.unchecked("critic_dry_run")
    if context.dry_run is None and config.critic.provider not in names("critics"):
        return context.unchecked("critic_dry_run", f"the critic {config.critic.provider!r} is not installed")
    try:
        idea = context.dry_run() if context.dry_run is not None else _propose(context.project, config)
    except OutOfIdeas as error:
        fine = config.coder.agent == "external" or config.critic.provider == "scripted"  # a script's end is no fault
        return result("critic_dry_run", "warning" if fine else "blocking", error.message, error.suggestion)
    except AutorError as error:
        return result("critic_dry_run", "blocking", error.message, error.suggestion)
    return result("critic_dry_run", "ok", f"It would try: {idea.hypothesis[:160]}")


def _propose(project: Path, config: LoopConfig) -> Idea:
    """Ask the critic that the configuration names, as the loop would at its beginning."""
    task = CriticTask(
        loop=config.name, objective=config.objective, metric=config.metric.name, direction=config.metric.direction,
        program=_text(project / "program.md"), mutable=_texts(project, config), space=config.space,
        config=config.critic,
    )
    found: Idea = create("critics", config.critic.provider).propose(task).idea
    return found


def _texts(project: Path, config: LoopConfig) -> dict[str, str]:
    """path → text of the mutable files."""
    found: dict[str, str] = {}
    for glob in config.mutable:
        for path in sorted(project.glob(glob)):
            files = [path] if path.is_file() else [inner for inner in sorted(path.rglob("*")) if inner.is_file()]
            for file in files:
                name = file.relative_to(project).as_posix()
                if matches(name, config.editable) and file.stat().st_size <= TEXT_CAP:
                    found[name] = _text(file)
    return found


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""
