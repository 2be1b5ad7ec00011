"""The coder `params`: writes new values into exactly the knobs an idea names, and leaves every other byte alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from autor_nb.domain.errors import AutorError, UsageError
from autor_nb.domain.loops.knobs import FoundKnob, find_knobs, same_value
from autor_nb.domain.loops.parts import CoderResult, CoderTask
from autor_nb.plugins.coders.files import read_mutable, write_files
from autor_nb.plugins.coders.json_values import replace_in_json
from autor_nb.plugins.coders.literals import replace_in_python


class ParamsCoder:
    """Needs `idea.change`; refuses a knob it does not find, a computed one, and a change that changes nothing."""

    name = "params"

    def apply(self, task: CoderTask) -> CoderResult:
        """All the changes of the idea, or none of them."""
        if task.cancelled():
            return CoderResult(ok=False, detail="Stopped before the change.", ending="stopped")
        try:
            texts = read_mutable(task, unreadable_is_absent=True)
            new = changed_texts(texts, task.idea.change)
        except UsageError as error:
            return CoderResult(ok=False, detail=str(error), ending="refused")
        except AutorError as error:
            return CoderResult(ok=False, detail=str(error), ending="failed")
        write_files(Path(task.clone), new)
        return CoderResult(ok=True, detail=f"Changed {', '.join(task.idea.change)}.", changed=tuple(new))


def changed_texts(texts: dict[str, str], change: dict[str, Any]) -> dict[str, str]:
    """Path → new text of the files that differ after the change; UsageError for a change that cannot be made."""
    if not change:
        raise UsageError(
            "The idea names no knob to change, and the coder 'params' can only turn knobs.",
            'Give change = {"PARAMS.lr": 0.01}, or choose another coder.')
    knobs = find_knobs(texts)
    wanted: dict[str, tuple[FoundKnob, Any]] = {}
    for path, value in change.items():
        knob = knobs.resolve(path)
        if knob.path in wanted:
            raise UsageError(f"The idea changes {knob.path} twice.", "Name each knob once.")
        wanted[knob.path] = (knob, _fitting(knob, value))
    turned = {path: pair for path, pair in wanted.items() if not same_value(pair[0].value, pair[1])}
    if not turned:
        same = ", ".join(f"{path} is {pair[1]!r}" for path, pair in wanted.items())
        raise UsageError(f"The idea changes nothing: {same} already.", "Propose another value.")
    new = {}
    for file in dict.fromkeys(knob.file for knob, _ in turned.values()):
        here = {knob.keys: value for knob, value in turned.values() if knob.file == file}
        new[file] = replace_in_python(texts[file], here) if file.endswith(".py") else replace_in_json(texts[file], here)
    _check(texts, new, turned)
    return new


def _fitting(knob: FoundKnob, value: Any) -> Any:
    """The value in the knob's own type: JSON has one kind of number, Python has two."""
    if not isinstance(value, bool | int | float | str) and value is not None:
        raise UsageError(f"The new value of {knob.path} is no number, text, true, false or null.", "Propose a literal.")
    if isinstance(knob.value, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(knob.value, int) and not isinstance(knob.value, bool) and isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    return value


def _check(texts: dict[str, str], new: dict[str, str], turned: dict[str, tuple[FoundKnob, Any]]) -> None:
    """Read the result back with another parser: the turned knobs have their new values and no other has moved."""
    before, after = find_knobs(texts).values(), find_knobs({**texts, **new}).values()
    expected = before | {path: value for path, (_, value) in turned.items()}
    wrong = [path for path in expected if path not in after or not same_value(expected[path], after[path])]
    if wrong or after.keys() != expected.keys():
        raise UsageError(f"The change of {', '.join(wrong) or 'the knobs'} cannot be made without changing more.",
                         "Write the knob as a plain literal on a line of its own.")
