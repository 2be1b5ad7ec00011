"""Knobs: numbers, flags and words in the mutable files that can be turned one at a time, and the paths that name them.

In Python files a knob is a literal in a module-level dict (`PARAMS["model"]["lr"]`, path `PARAMS.model.lr`) or a
module-level UPPER_CASE constant (`BATCH_SIZE`). In JSON files it is a value (`model.lr`). A path may be shortened to
what is unambiguous (`lr`), and preceded by its file (`train.py:PARAMS.lr`). A comment on a knob's line may say what it
may become: `# range: 1e-4 .. 1e-1 log`, `# choices: adam, sgd`, `# fixed`.
"""

from __future__ import annotations

import ast
import difflib
import json
import re
import tokenize
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from autor_nb.domain.errors import UsageError

Scalar = bool | int | float | str | None
PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
UPPER = re.compile(r"[A-Z][A-Z0-9_]*")
STEP = re.compile(r"""\[\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')\s*\]|\.?([^.\[\]]+)""")


class FoundKnob(msgspec.Struct, frozen=True, kw_only=True):
    """One knob: `path` names it without ambiguity, `keys` lead to it in `file`, `value` is what it is now.

    `comment` is what stands behind `#` on its line. `fixed` are knobs that may be named but are not turned unasked:
    seeds, limits, paths, versions, and what a comment declares fixed.
    """

    path: str
    file: str
    keys: tuple[str, ...]
    value: Scalar
    line: int = 0
    comment: str = ""
    fixed: bool = False


class Knobs(msgspec.Struct, frozen=True, kw_only=True):
    """All knobs of the mutable files in the order they stand there; `notes` say what could not be read."""

    found: tuple[FoundKnob, ...] = ()
    notes: tuple[str, ...] = ()

    def values(self) -> dict[str, Scalar]:
        """Path → value."""
        return {knob.path: knob.value for knob in self.found}

    def resolve(self, path: str) -> FoundKnob:
        """The knob that a path names, in full or shortened; UsageError for none, or for several."""
        files = sorted((file for file in {knob.file for knob in self.found} if path.startswith(file + ":")), key=len)
        keys = split_path(path[len(files[-1]) + 1:] if files else path)
        among = [knob for knob in self.found if not files or knob.file == files[-1]]
        for matches in (
            [knob for knob in among if knob.keys == keys],
            [knob for knob in among if knob.keys[1:] == keys],
            [knob for knob in among if knob.keys[-len(keys):] == keys],
        ):
            if len(matches) == 1:
                return matches[0]
            if matches:
                raise UsageError(
                    f"{path!r} may mean {', '.join(knob.path for knob in matches[:5])}.", "Write one of these paths.")
        known = [knob.path for knob in self.found]
        near = difflib.get_close_matches(path, known, n=1, cutoff=0.5)
        raise UsageError(
            f"There is no knob {path!r} in the mutable files"
            + (f" ({'; '.join(self.notes[:3])})" if self.notes else "") + ".",
            (f"Did you mean {near[0]!r}? " if near else "")
            + (f"Known: {', '.join(known[:20])}{' …' if len(known) > 20 else ''}." if known else HOW),
        )


HOW = "Put literals into a module-level dict PARAMS = {…} or into module-level UPPER_CASE constants of a mutable file."
# What must not be turned unasked: a seed is luck and not merit, the others are about the machine or the measurement.
UNTURNED = re.compile(
    r"(?:^|_)(?:seeds?|random_state|rng|timeout|deadline|budget|version|port|host|verbose|verbosity|debug|quiet|log|"
    r"logging|device|gpu|cuda|threads?|workers|n_?jobs|num_?proc|path|dir|folder|file|url|name|title|"
    r"epsilon_machine|eps|year|date|time_limit|limit_s)(?:_|$)",
    re.IGNORECASE,
)


def split_path(path: str) -> tuple[str, ...]:
    """`PARAMS.model["a.b"]` as its keys."""
    keys, end = [], 0
    for match in STEP.finditer(path):
        if match.start() != end:
            break
        double, single, plain = match.groups()
        keys.append(plain.strip() if plain is not None else _unquoted(double, single))
        end = match.end()
    return tuple(keys) if end == len(path) and keys else (path,)


def _unquoted(double: str | None, single: str | None) -> str:
    """A key out of its quotes: as JSON writes it, or as a person does."""
    if double is not None:
        try:
            return str(json.loads(f'"{double}"', strict=False))
        except ValueError:
            pass
    return re.sub(r"\\(.)", r"\1", double if double is not None else single or "", flags=re.DOTALL)


def join_path(keys: tuple[str, ...]) -> str:
    """The shortest way to write keys so that `split_path` gives them back."""
    text = ""
    for key in keys:
        text += ("." if text else "") + key if PLAIN.fullmatch(key) else f"[{json.dumps(key, ensure_ascii=False)}]"
    return text


def find_knobs(mutable: Mapping[str, str]) -> Knobs:
    """The knobs of these texts (path → text). A text that cannot be read is noted and has none."""
    raw: list[FoundKnob] = []
    notes: list[str] = []
    for file, text in mutable.items():
        try:
            if file.endswith(".py"):
                raw += _in_python(file, text, notes)
            elif file.endswith(".json"):
                raw += _in_json(file, text)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            notes.append(f"{file} cannot be read: {type(error).__name__}: {str(error)[:200]}")
    shared = Counter(knob.keys for knob in raw)
    beside = Counter((knob.file, knob.line) for knob in raw)
    return Knobs(
        found=tuple(
            msgspec.structs.replace(
                knob, path=(f"{knob.file}:" if shared[knob.keys] > 1 else "") + join_path(knob.keys),
                # Of several knobs on one line a comment cannot say which one it means.
                comment=knob.comment if beside[knob.file, knob.line] == 1 else "")
            for knob in raw
        ),
        notes=tuple(notes),
    )


def same_value(left: Any, right: Any) -> bool:
    """Whether two values are one to a program: 1 and 1.0 are not, nor True and 1."""
    return type(left) is type(right) and bool(left == right)


# ---------------------------------------------------------------------------------------------- Python


def _in_python(file: str, text: str, notes: list[str]) -> Iterator[FoundKnob]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(text)
    comments = _comments(text)
    targets = [(node, name, value) for node in tree.body if (pair := assigned(node)) for name, value in [pair]]
    often = Counter(
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
    for _, name, value in targets:
        if not UPPER.fullmatch(name):
            continue
        if often[name] > 1:
            note = f"{name} in {file} is assigned {often[name]} times and is no knob"
            notes += [] if note in notes else [note]
        elif isinstance(value, ast.Dict):
            yield from _in_dict(file, (name,), value, comments, notes)
        elif (literal := scalar(value)) is not MISSING:
            yield _knob(file, (name,), literal, value.lineno, comments)


def assigned(node: ast.stmt) -> tuple[str, ast.expr] | None:
    """The name and value of a plain assignment at module level."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id, node.value
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
        return node.target.id, node.value
    return None


def _in_dict(
    file: str, keys: tuple[str, ...], node: ast.Dict, comments: dict[int, str], notes: list[str],
) -> Iterator[FoundKnob]:
    names = [key.value for key in node.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
    often = Counter(names)
    if any(key is None for key in node.keys):
        notes.append(f"{join_path(keys)} in {file} holds ** and is only partly readable")
    for key, value in zip(node.keys, node.values, strict=True):
        if not (isinstance(key, ast.Constant) and isinstance(key.value, str)) or not key.value.strip():
            continue
        if often[key.value] > 1:
            notes.append(f"{join_path((*keys, key.value))} in {file} stands there twice and is no knob")
        elif isinstance(value, ast.Dict):
            yield from _in_dict(file, (*keys, key.value), value, comments, notes)
        elif (literal := scalar(value)) is not MISSING:
            yield _knob(file, (*keys, key.value), literal, value.lineno, comments)


class _Missing:
    """What `scalar` answers for anything but a literal."""


MISSING = _Missing()


def scalar(node: ast.expr) -> Any:
    """The value of a literal number, flag, word or None, with its sign; MISSING for anything computed."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        inner = scalar(node.operand) if isinstance(node.operand, ast.Constant) else MISSING
        if isinstance(inner, bool) or not isinstance(inner, int | float):
            return MISSING
        return -inner if isinstance(node.op, ast.USub) else inner
    if isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, bool | int | float | str)):
        return node.value
    return MISSING


def _knob(file: str, keys: tuple[str, ...], value: Scalar, line: int, comments: dict[int, str]) -> FoundKnob:
    comment = comments.get(line, "")
    fixed = bool(re.match(r"fixed\b", comment, re.IGNORECASE)) or any(UNTURNED.search(key) for key in keys)
    return FoundKnob(path="", file=file, keys=keys, value=value, line=line, comment=comment, fixed=fixed)


def _comments(text: str) -> dict[int, str]:
    """Line number → the comment at its end."""
    found: dict[int, str] = {}
    try:
        for token in tokenize.generate_tokens(iter(text.splitlines(keepends=True)).__next__):
            if token.type == tokenize.COMMENT:
                found[token.start[0]] = token.string.lstrip("#").strip()
    except (tokenize.TokenError, SyntaxError):
        pass
    return found


# ------------------------------------------------------------------------------------------------ JSON


def _in_json(file: str, text: str) -> Iterator[FoundKnob]:
    for keys, value, line in _walk_json(json.loads(text), ()):
        yield _knob(file, keys, value, line, {})


def _walk_json(value: Any, keys: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Scalar, int]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key.strip():
                yield from _walk_json(inner, (*keys, key))
    elif keys and not isinstance(value, list):
        yield keys, value, 0
