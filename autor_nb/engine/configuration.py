"""The run's configuration on disk and in the log: an edited run_config.json is taken over, and says so."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from autor_nb.domain import events as ev
from autor_nb.domain.errors import UsageError
from autor_nb.domain.run import Actor, RunConfig
from autor_nb.domain.stage import models_by_slug
from autor_nb.domain.state import RunState
from autor_nb.store.atomic import write_bytes
from autor_nb.store.layout import RunFolder

EDITOR = Actor(face="file")


def write_config(run: RunFolder, event: ev.ConfigChanged) -> ev.ConfigChanged:
    """Write run_config.json as the event says; answers with the event that knows the file's hash."""
    content = msgspec.json.format(msgspec.json.encode(event.config))
    write_bytes(run.run_config, content)
    return msgspec.structs.replace(event, sha256=hashlib.sha256(content).hexdigest())


def edited_config(run: RunFolder, state: RunState) -> ev.ConfigChanged | None:
    """What a person changed in run_config.json since it was last written; UsageError if it cannot be read."""
    try:
        content = run.run_config.read_bytes()
    except OSError:
        return None
    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 == state.config_sha256:
        return None
    mend = f"Mend {run.run_config.name}, then `autor resume {run.run_id}`."
    try:
        config: dict[str, Any] = msgspec.json.decode(content, type=dict[str, Any])
        models = msgspec.convert(config, RunConfig).models
        if models:
            config["models"] = models_by_slug(models, [stage.ref for stage in state.stages])
    except KeyError as error:
        stages = ", ".join(stage.ref.slug for stage in state.stages)
        raise UsageError(
            f"{run.run_config} names a model for no stage of this run: {error} ({stages}).", mend
        ) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise UsageError(f"{run.run_config} is not a valid configuration: {error}.", mend) from error
    return ev.ConfigChanged(config=config, sha256=sha256, by=EDITOR)
