"""The coder `scripted`: writes given file contents, one entry an experiment; for tests, attacks and replays."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from autor_nb.domain.errors import AutorError, UsageError
from autor_nb.domain.loops.parts import CoderResult, CoderTask
from autor_nb.plugins.coders.files import confined, write_files

Edit = Mapping[str, str]


class ScriptedCoder:
    """Each edit maps path → whole new text; the one for experiment n ≥ 1 is edit n, after the last comes none.

    Made with a list, or with the JSON file that the configuration's `command` names. With `confine=False` it writes
    whatever it is told anywhere in the clone, as a hostile coder would; tests of the contract use that.
    """

    name = "scripted"

    def __init__(self, edits: Sequence[Edit] | None = None, confine: bool = True) -> None:
        self._edits, self._confine = edits, confine

    def apply(self, task: CoderTask) -> CoderResult:
        """Write the edit of this experiment's number."""
        if task.cancelled():
            return CoderResult(ok=False, detail="Stopped before the change.", ending="stopped")
        try:
            edits = self._edits if self._edits is not None else load_edits(task)
            if not 1 <= task.n <= len(edits):
                raise UsageError(f"The script has {len(edits)} edits, and none for experiment {task.n}.", "Add one.")
            return self._write(task, edits[task.n - 1])
        except UsageError as error:
            return CoderResult(ok=False, detail=str(error), ending="refused")
        except AutorError as error:
            return CoderResult(ok=False, detail=str(error), ending="failed")

    def _write(self, task: CoderTask, edit: Edit) -> CoderResult:
        clone = Path(task.clone)
        strange = [name for name in edit if name not in task.mutable]
        if strange and self._confine:
            raise UsageError(f"The edit writes {strange[0]!r}, which is not mutable.", "Write mutable files only.")
        new = {
            name: text for name, text in edit.items()
            if not (path := confined(clone, name)).is_file() or path.read_bytes() != text.encode("utf-8")
        }
        if not new:
            raise UsageError("The edit changes nothing.", "Write something else.")
        write_files(clone, new)
        return CoderResult(ok=True, detail=f"Wrote {', '.join(new)}.", changed=tuple(new))


def load_edits(task: CoderTask) -> list[dict[str, str]]:
    """The edits in the JSON file named by `coder.command`: a list of objects path → text."""
    command = task.config.command
    name = command if isinstance(command, str) else next(iter(command), "")
    if not name:
        raise UsageError(
            "The coder 'scripted' has no script.", 'Name its JSON file as the coder\'s command = "edits.json".')
    try:
        edits = json.loads(Path(name).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"The script {name!r} cannot be read: {str(error)[:200]}", "Give a JSON list.") from error
    if not isinstance(edits, list) or not all(
        isinstance(edit, dict) and all(isinstance(text, str) for text in edit.values()) for edit in edits
    ):
        raise UsageError(f"The script {name!r} is no list of objects path → text.", "Write [{\"train.py\": \"…\"}].")
    return edits
