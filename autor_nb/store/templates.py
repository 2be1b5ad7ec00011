"""Stage templates on disk: which stages a run has and the texts each begins with; a folder is a stage.

Later places win, file by file: the package's own `stages/`, those of installed packages (entry points of the
group `autor_nb.templates`, each a package or a path that holds `stages/`), the project's `templates/stages/`.
Rendering a prompt is the engine's; this module only says what a template may name (`check_placeholders`).
"""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cache, lru_cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from autor_nb.domain.errors import UsageError
from autor_nb.domain.stage import StageRef, StageSpec

ROOT = Path(__file__).parent.parent / "_templates"
WORKFLOW = "workflows/research.yaml"
PLACEHOLDERS = (
    "goal",
    "feedback",
    "intake",
    "memory",
    "handoffs",
    "artifacts",
    "writing",
    "manifest",
    "recovery",
    "resources",
    "options",
    "contract",
    "gates",
    "run_id",
    "stage_number",
    "stage_slug",
    "stage_title",
    "attempt",
    "venue",
    "seed",
)

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


class _StageFile(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """stage.yaml as it must be."""

    number: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{2}$")]
    slug: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{2}_[a-z0-9_]+$", max_length=80)]
    title: _Name
    needs: tuple[_Name, ...] = ()
    produces: tuple[_Name, ...] = ()
    checks: tuple[_Name, ...] = ()
    evidence: tuple[_Name, ...] = ()
    optional: bool = False


class _WorkflowFile(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A workflow as it must be."""

    name: _Name
    title: _Name = ""
    stages: Literal["all"] | tuple[_Name, ...]


_T = TypeVar("_T", _StageFile, _WorkflowFile, dict[str, str])


def stages(project: Path | None = None, *, intake: bool, checkers: Collection[str] | None = None) -> list[StageSpec]:
    """The stages of a run in this project, in order; optional ones only with `intake`.

    UsageError, naming file and key, for a folder that is not a whole stage. Given the names of all
    `checkers`, a check that is none of them is refused too.
    """
    found: dict[str, StageSpec] = {}
    for root in _roots(project):
        for folder in _folders(root / "stages"):
            found[folder.name] = _read_stage(folder, found.get(folder.name))
    specs = _selected(sorted(found.values(), key=lambda spec: spec.slug), project)
    _refuse_double_numbers(specs)
    for spec in specs:
        _find(spec, "prompt.md")
        if checkers is not None:
            _refuse_unknown_checks(spec, checkers)
    return [spec for spec in specs if intake or not spec.optional]


def gates(specs: Iterable[StageSpec], slug: str) -> list[str]:
    """Names of the checks that judge a stage: its own and all earlier stages', each once, in order."""
    return list(dict.fromkeys(check for spec in specs if spec.slug <= slug for check in spec.checks))


def prompt_template(spec: StageSpec) -> str:
    """The stage's prompt.md, as it is."""
    path = _find(spec, "prompt.md")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 (byte {error.start}).", "Save the file in UTF-8.") from error


def contract_template() -> str:
    """The form of a summary as agents are told it; checks ask for exactly this, so no project changes it."""
    return (ROOT / "contract.md").read_text(encoding="utf-8")


def gate_words(project: Path | None = None) -> dict[str, str]:
    """What each check asks, in words for prompts; later places add to and replace earlier ones."""
    words: dict[str, str] = {}
    for root in _roots(project):
        path = root / "gates.yaml"
        if path.is_file():
            stat = path.stat()
            words |= _load(path, stat.st_mtime_ns, stat.st_size, dict[str, str])
    return words


def notebook_template(spec: StageSpec) -> Path:
    """The stage's notebook.ipynb."""
    return _find(spec, "notebook.ipynb")


def check_placeholders(template: str, name: str = "prompt.md") -> None:
    """UsageError if the template names something that no run can fill in, or is not a template at all."""
    import jinja2
    import jinja2.meta

    environment = prompt_environment()
    try:
        named = jinja2.meta.find_undeclared_variables(environment.parse(template))
        unknown = sorted(named - set(PLACEHOLDERS))
        if not unknown:
            environment.from_string(template).render(dict.fromkeys(PLACEHOLDERS, "x"))
    except jinja2.TemplateSyntaxError as error:
        raise UsageError(
            f"{name}, line {error.lineno}: {error.message}", "Placeholders are written {{ goal }}."
        ) from error
    except Exception as error:
        raise UsageError(f"{name} cannot be filled in: {error}", "Use placeholders as they are.") from error
    if unknown:
        near = difflib.get_close_matches(unknown[0], PLACEHOLDERS, n=1)
        raise UsageError(
            f"{name} names an unknown placeholder: {', '.join(unknown)}.",
            (f"Did you mean {near[0]!r}? " if near else "") + f"Known: {', '.join(PLACEHOLDERS)}.",
        )


@cache
def prompt_environment() -> Any:
    """The sandbox that prompts are rendered in: strict about names, and keeping every newline."""
    import jinja2
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    return ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True, autoescape=False)


def resolve_stage(key: str | int, refs: Sequence[StageRef]) -> StageRef:
    """The stage that a person named as 3, 03 or 03_study_design; UsageError with the list for others."""
    text = str(key).strip()
    number = text.zfill(2) if text.isascii() and text.isdigit() else text
    for ref in refs:
        if number == ref.number or text == ref.slug:
            return ref
    near = difflib.get_close_matches(text[:60].lower(), [ref.slug for ref in refs], n=1, cutoff=0.4)
    raise UsageError(
        f"There is no stage {text[:60]!r} in this run.",
        (f"Did you mean {near[0]}? " if near else "") + f"Stages: {', '.join(ref.slug for ref in refs)}.",
    )


# ---------------------------------------------------------------------------------- where templates lie


def _roots(project: Path | None) -> list[Path]:
    own = [] if project is None else [project / "templates"]
    return [ROOT, *_installed(), *own]


@cache
def _installed() -> tuple[Path, ...]:
    found = []
    for point in sorted(entry_points(group="autor_nb.templates"), key=lambda point: point.name):
        try:
            thing = point.load()
            path = Path(thing.__path__[0] if hasattr(thing, "__path__") else thing)
            if not (path / "stages").is_dir():
                raise FileNotFoundError(f"{path} holds no folder stages/")
            found.append(path)
        except Exception as error:  # a broken pack of templates must not stop runs that do not use it
            warnings.warn(f"Templates of {point.name!r} ({point.value}) are left out: {error}", stacklevel=2)
    return tuple(found)


def _folders(parent: Path) -> Iterator[Path]:
    if parent.is_dir():
        yield from sorted(path for path in parent.iterdir() if path.is_dir() and path.name[:1] not in "._")


def _find(spec: StageSpec, name: str) -> Path:
    for folder in (Path(spec.folder), *(root / "stages" / spec.slug for root in reversed(_roots(None)))):
        if (folder / name).is_file():
            return folder / name
    raise UsageError(
        f"Stage {spec.slug} has no {name}.",
        f"Write {Path(spec.folder) / name}, e.g. beginning with another stage's.",
    )


# --------------------------------------------------------------------------------------- reading, strictly


def _read_stage(folder: Path, below: StageSpec | None) -> StageSpec:
    path = folder / "stage.yaml"
    if not path.is_file():
        if below is None:
            raise UsageError(f"{folder} is not a stage: it has no stage.yaml.", "Write one, or remove the folder.")
        return msgspec.structs.replace(below, folder=str(folder))
    stat = path.stat()
    read = _load(path, stat.st_mtime_ns, stat.st_size, _StageFile)
    if read.slug != folder.name:
        raise UsageError(f"{path}: key slug is {read.slug!r}, the folder {folder.name!r}.", "Give both the same name.")
    if not read.slug.startswith(f"{read.number}_"):
        raise UsageError(
            f"{path}: key number is {read.number!r}, the slug {read.slug!r}.",
            "A slug begins with its number.",
        )
    return StageSpec(**msgspec.structs.asdict(read), folder=str(folder))


def _selected(specs: list[StageSpec], project: Path | None) -> list[StageSpec]:
    path = next(path for root in reversed(_roots(project)) if (path := root / WORKFLOW).is_file())
    stat = path.stat()
    wanted = _load(path, stat.st_mtime_ns, stat.st_size, _WorkflowFile).stages
    if wanted == "all":
        return specs
    known = [spec.slug for spec in specs]
    for slug in wanted:
        if slug not in known:
            raise UsageError(f"{path}: key stages names {slug!r}, which is no stage.", f"Known: {', '.join(known)}.")
    return [spec for spec in specs if spec.slug in wanted]


@lru_cache(maxsize=256)
def _load(path: Path, mtime_ns: int, size: int, kind: type[_T]) -> _T:
    """A YAML file as a struct; cached until the file changes."""
    import yaml

    try:
        text = path.read_text(encoding="utf-8")
        document = yaml.load(text, _strict_loader())
        return msgspec.convert(document, kind)
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 (byte {error.start}).", "Save the file in UTF-8.") from error
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise UsageError(f"{path} is not valid YAML: {reason}", "Mend the file.") from error
    except msgspec.ValidationError as error:
        message, _, where = str(error).partition(" - at `$")
        key = where.strip("`.") or "(the whole file)"
        allowed = ", ".join(getattr(kind, "__struct_fields__", ("any name, with words",)))
        raise UsageError(f"{path}: key {key}: {message}.", f"Keys: {allowed}; numbers in quotes.") from error


@cache
def _strict_loader() -> Any:
    import yaml

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    def construct_mapping(self: Any, node: Any, deep: bool = False) -> Any:
        keys = [key.value for key, _ in node.value]
        double = sorted({key for key in keys if keys.count(key) > 1}, key=str)
        if double:
            message = f"key {double[0]} stands twice"
            raise yaml.constructor.ConstructorError(None, None, message, node.start_mark)
        return base.construct_mapping(self, node, deep)

    return type("StrictLoader", (base,), {"construct_mapping": construct_mapping})


def _refuse_double_numbers(specs: Iterable[StageSpec]) -> None:
    seen: dict[str, StageSpec] = {}
    for spec in specs:
        other = seen.setdefault(spec.number, spec)
        if other is not spec:
            raise UsageError(
                f"{Path(spec.folder) / 'stage.yaml'}: key number {spec.number!r} is also {other.slug}'s.",
                "Give one of the two stages another number, in its folder's name too.",
            )


def _refuse_unknown_checks(spec: StageSpec, checkers: Collection[str]) -> None:
    for check in spec.checks:
        if check not in checkers:
            near = difflib.get_close_matches(check, checkers, n=1)
            raise UsageError(
                f"{Path(spec.folder) / 'stage.yaml'}: key checks names {check!r}, which is no check.",
                (f"Did you mean {near[0]!r}? " if near else "") + f"Known: {', '.join(sorted(checkers))}.",
            )
