"""What a loop is told, as frozen nouns, and how a person's `[loop.<name>]` table becomes them."""

from __future__ import annotations

import re
from typing import Any, Literal, cast

import msgspec

from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.fields import REQUIRED, Fields, duration_s, shown
from autor_nb.domain.loops.globs import editable

__all__ = [
    "CoderSpec", "CriticSpec", "GateSpec", "Guard", "Knob", "LoopConfig", "MetricSpec", "ResourceSpec", "StopSpec",
    "duration_s", "loop_config", "loop_name",
]

Direction = Literal["lower", "higher"]
Source = Literal["regex", "json", "last_number"]
Mode = Literal["strict", "explore"]
Transform = Literal["identity", "divide_by_1024", "divide_by_1000"]
When = Literal["always", "downtime"]
Permission = Literal["acceptEdits", "bypass"]
Kind = Literal["float", "int", "choice"]
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,40}")


class _Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of the parts."""


class MetricSpec(_Part, frozen=True, kw_only=True):
    """One number of the output; `pattern` is a regular expression or a dotted JSON key, empty = found by the name."""

    name: str
    direction: Direction
    source: Source = "regex"
    pattern: str = ""
    time_like: bool = False


class GateSpec(_Part, frozen=True, kw_only=True):
    """What decides whether a candidate is kept."""

    name: str = "eprocess"
    options: dict[str, Any] = {}


class Guard(_Part, frozen=True, kw_only=True):
    """What must hold for a keep: a command that exits 0, or a metric within bounds (`soft`: a penalty instead)."""

    name: str
    command: str | tuple[str, ...] = ()
    metric: str = ""
    min: float | None = None
    max: float | None = None
    soft: bool = False


class ResourceSpec(_Part, frozen=True, kw_only=True):
    """A second number that is recorded and decides nothing, such as peak memory."""

    pattern: str
    transform: Transform = "identity"
    unit: str = ""


class StopSpec(_Part, frozen=True, kw_only=True):
    """When the loop ends by itself; `plateau` is the number of experiments without a keep."""

    iterations: int | None = None
    wall_s: float | None = None
    cost_usd: float | None = None
    target: float | None = None
    plateau: int | None = None


class CriticSpec(_Part, frozen=True, kw_only=True):
    """Who has the ideas; the key itself is never in a file, only the name of its variable."""

    provider: str = "optimiser"
    model: str = ""
    base_url: str = ""
    api_key_env: str = ""
    thinking: bool = False
    context_last_n: int = 5
    when: When = "always"
    max_vram_gb: float | None = None


class CoderSpec(_Part, frozen=True, kw_only=True):
    """Who writes an idea into the mutable files."""

    agent: str = "params"
    permission: Permission = "acceptEdits"
    timeout_s: float = 600.0
    command: str | tuple[str, ...] = ()
    prompt_template: str = ""


class Knob(_Part, frozen=True, kw_only=True):
    """One parameter that the optimiser may turn."""

    kind: Kind
    low: float | int | None = None
    high: float | int | None = None
    log: bool = False
    choices: tuple[str | int | float | bool, ...] = ()
    step: float | int | None = None
    default: str | int | float | bool | None = None


class LoopConfig(_Part, frozen=True, kw_only=True):
    """A loop's whole contract; `origin` names the file it was read from, `extra` keeps what only that file knows."""

    name: str
    objective: str
    mutable: tuple[str, ...]
    readonly: tuple[str, ...]
    command: str | tuple[str, ...]
    metric: MetricSpec
    metrics: tuple[MetricSpec, ...] = ()
    scalarizer: str = ""
    scalarizer_options: dict[str, Any] = {}
    trial_timeout_s: float = 600.0
    seed_env: str = "AUTOR_SEED"
    gate: GateSpec = GateSpec()
    guards: tuple[Guard, ...] = ()
    resource: ResourceSpec | None = None
    link: tuple[str, ...] = ()
    stop: StopSpec = StopSpec()
    critic: CriticSpec = CriticSpec()
    coder: CoderSpec = CoderSpec()
    holdout: str = ""
    holdout_command: str | tuple[str, ...] = ()
    """Run by the engine where a candidate is to be kept; it writes one loss an example, as a JSON list (lower is
    better, always in the same order), to the file that AUTOR_HOLDOUT_LOSSES names; AUTOR_HOLDOUT names the holdout."""
    parallel: int | None = None
    """At most so many of a loop and its forks work at once; None: as many as there are cores. Of times always one."""
    sandbox: bool = False
    mode: Mode = "strict"
    simplicity: float | None = None
    """What "as good with less code" may cost in the score's units; None: less code is no reason to keep."""
    space: dict[str, Knob] = {}
    include_uncommitted: bool = False
    origin: str = "autor.toml"
    extra: dict[str, Any] = {}

    @property
    def timed(self) -> bool:
        """Whether a time decides anything, which others at work beside it would spoil."""
        return any(spec.time_like for spec in (self.metric, *self.metrics))

    @property
    def editable(self) -> tuple[str, ...]:
        """The globs of what may be edited: `mutable` without what `readonly` means more closely."""
        return editable(self.mutable, self.readonly)


def loop_name(name: str) -> str:
    """The name, if it can be a folder and a branch; else a UsageError."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise UsageError(
            f"{shown(name)} cannot name a loop: it becomes a folder and a git branch.",
            "Use up to 41 lower-case letters, digits, `-` and `_`, beginning with a letter or digit: `tsp-2`.",
        )
    return name


def loop_config(name: str, table: dict[str, Any], origin: str = "autor.toml") -> LoopConfig:
    """The configuration in a plain `[loop.<name>]` table; UsageError names the first field that is wrong."""
    fields = Fields(f"[loop.{loop_name(name)}]", table)
    metric = _metric(fields.inner("metric"))
    gate = fields.inner("gate", "name")
    resource = fields.inner("resource", "pattern") if fields.has("resource") else None
    config = LoopConfig(
        name=name,
        objective=fields.text("objective", ""),
        mutable=fields.paths("mutable"),
        readonly=fields.paths("readonly", ()),
        command=fields.command("command"),
        metric=metric,
        metrics=tuple(_metric(entry) for entry in fields.entries("metrics")),
        scalarizer=fields.text("scalarizer", "", filled=True),
        scalarizer_options=fields.mapping("scalarizer_options"),
        trial_timeout_s=fields.duration(("trial_timeout_s", "trial_timeout"), 600.0) or 600.0,
        seed_env=fields.environment("seed_env", "AUTOR_SEED"),
        gate=GateSpec(name=gate.text("name", "eprocess", filled=True), options=gate.mapping("options") | gate.rest()),
        guards=tuple(_guard(entry) for entry in fields.entries("guards")),
        resource=_resource(resource) if resource is not None else None,
        link=fields.paths("link", ()),
        stop=_stop(fields.inner("stop")),
        critic=_critic(fields.inner("critic", "provider")),
        coder=_coder(fields.inner("coder", "agent")),
        holdout=_holdout(fields),
        holdout_command=fields.command("holdout_command", ()),
        parallel=fields.whole("parallel", low=1),
        sandbox=fields.flag("sandbox", False),
        mode=cast(Mode, fields.choice("mode", ("strict", "explore"), "strict")),
        simplicity=fields.number("simplicity", low=0.0, above=True),
        space=_space(fields),
        include_uncommitted=fields.flag("include_uncommitted", False),
        origin=origin,
        extra=fields.mapping("extra"),
    )
    fields.finish()
    _agree(fields, config)
    return _with_soft_guards(fields, config)


def _holdout(fields: Fields) -> str:
    found = fields.paths("holdout", ())
    if len(found) > 1:
        fields.wrong("holdout", f"names {len(found)} paths.", "Name one file or folder.")
    return found[0] if found else ""


def _agree(fields: Fields, config: LoopConfig) -> None:
    """What fields say of each other."""
    if config.holdout_command and not config.holdout:
        fields.wrong("holdout_command", "asks about a holdout that is not named.", 'Add holdout = "data/holdout.csv".')
    both = set(config.mutable) & set(config.readonly)
    if both:
        fields.wrong("readonly", f"names {shown(min(both))}, which mutable names too.", "Keep it in one of the two.")
    names = [spec.name for spec in config.metrics]
    for name in names:
        if names.count(name) > 1:
            fields.wrong("metrics", f"holds {shown(name)} twice.", "Give each metric a name of its own.")
    if config.metric.name in names and config.metric not in config.metrics:
        fields.wrong("metrics", f"holds {shown(config.metric.name)}, which metric has too, and they differ.",
                     "Write its direction, source, pattern and time_like in both places as the same.")
    if config.scalarizer and not config.metrics:
        fields.wrong("scalarizer", f"is {shown(config.scalarizer)}, but there are no metrics to weigh.",
                     "Add [[loop.<name>.metrics]] tables, or remove the scalarizer.")
    known = {config.metric.name, *names}
    for n, guard in enumerate(config.guards):
        if guard.metric and guard.metric not in known:
            fields.wrong(f"guards[{n}].metric", f"is {shown(guard.metric)}, which no metric is named.",
                         f"Known: {', '.join(sorted(known))}. Declare another in [[loop.<name>.metrics]].")


def _with_soft_guards(fields: Fields, config: LoopConfig) -> LoopConfig:
    """A penalty needs one score that it is taken from: where nothing weighs, that is the metric's own relative gain."""
    soft = [(n, guard) for n, guard in enumerate(config.guards) if guard.soft]
    for n, guard in soft:
        if guard.metric == config.metric.name:
            fields.wrong(f"guards[{n}]", f"is soft, and bounds {shown(guard.metric)}, which is to be better anyway.",
                         "Bound another metric, or remove soft = true.")
    if not soft or config.scalarizer:
        return config
    metrics = config.metrics if config.metric in config.metrics else (config.metric, *config.metrics)
    weights = {spec.name: float(spec == config.metric) for spec in metrics}
    return msgspec.structs.replace(
        config, scalarizer="weighted_sum", scalarizer_options={"weights": weights}, metrics=metrics
    )


def _metric(fields: Fields) -> MetricSpec:
    source = cast(Source, fields.choice("source", ("regex", "json", "last_number"), "regex"))
    spec = MetricSpec(
        name=fields.text("name", filled=True),
        direction=cast(Direction, fields.choice("direction", ("lower", "higher"))),
        source=source,
        pattern=fields.pattern("pattern") if source == "regex" else fields.text("pattern", ""),
        time_like=fields.flag("time_like", False),
    )
    if any(ord(char) < 32 or char in "\x7f\x85\u2028\u2029" for char in spec.name):
        fields.wrong("name", f"is {shown(spec.name)}, which has a tab or a line end in it.", "Use a plain word.")
    fields.finish()
    return spec


def _guard(fields: Fields) -> Guard:
    guard = Guard(
        name=fields.text("name", filled=True),
        command=fields.command("command", ()),
        metric=fields.text("metric", "", filled=True),
        min=fields.number("min"),
        max=fields.number("max"),
        soft=fields.flag("soft", False),
    )
    fields.finish()
    if bool(guard.command) == bool(guard.metric):
        fields.wrong("command", "and metric: a guard has exactly one of them.", "Keep one; make two guards for both.")
    if guard.metric and guard.min is None and guard.max is None:
        fields.wrong("metric", "has no bound.", "Add min = … or max = ….")
    if guard.min is not None and guard.max is not None and guard.min > guard.max:
        fields.wrong("min", f"is {guard.min:g}, above max = {guard.max:g}.", "Swap them.")
    if guard.command and (guard.soft or guard.min is not None or guard.max is not None):
        fields.wrong("command", "has a bound or is soft, which only a metric can.", "Remove min, max and soft.")
    return guard


def _resource(fields: Fields) -> ResourceSpec:
    spec = ResourceSpec(
        pattern=fields.pattern("pattern", REQUIRED),
        transform=cast(Transform, fields.choice(
            "transform", ("identity", "divide_by_1024", "divide_by_1000"), "identity")),
        unit=fields.text("unit", ""),
    )
    fields.finish()
    return spec


def _stop(fields: Fields) -> StopSpec:
    spec = StopSpec(
        iterations=fields.whole("iterations", low=1),
        wall_s=fields.duration(("wall", "wall_s")),
        cost_usd=fields.number("cost_usd", low=0, above=True),
        target=fields.number("target"),
        plateau=fields.whole("plateau", low=1),
    )
    fields.finish()
    return spec


def _critic(fields: Fields) -> CriticSpec:
    spec = CriticSpec(
        provider=fields.text("provider", "optimiser", filled=True),
        model=fields.text("model", ""),
        base_url=fields.text("base_url", ""),
        api_key_env=fields.environment("api_key_env", ""),
        thinking=fields.flag("thinking", False),
        context_last_n=fields.whole("context_last_n", 5) or 0,
        when=cast(When, fields.choice("when", ("always", "downtime"), "always")),
        max_vram_gb=fields.number("max_vram_gb", low=0, above=True),
    )
    if spec.base_url and not re.fullmatch(r"https?://[^\s/@]+(?:/\S*)?", spec.base_url):
        fields.wrong("base_url", "is no http:// or https:// address without a password.",
                     'Write base_url = "https://host/v1", and the key\'s variable as api_key_env.')
    fields.finish()
    return spec


def _coder(fields: Fields) -> CoderSpec:
    spec = CoderSpec(
        agent=fields.text("agent", "params", filled=True),
        permission=cast(Permission, fields.choice("permission", ("acceptEdits", "bypass"), "acceptEdits")),
        timeout_s=fields.duration(("timeout_s", "timeout"), 600.0) or 600.0,
        command=fields.command("command", ()),
        prompt_template=fields.text("prompt_template", ""),
    )
    fields.finish()
    return spec


def _space(fields: Fields) -> dict[str, Knob]:
    space = fields.inner("space")
    return {str(key): _knob(space.inner(key)) for key in space.table}


def _knob(fields: Fields) -> Knob:
    kind = cast(Kind, fields.choice("kind", ("float", "int", "choice"), _kind(fields.table)))
    if kind == "choice":
        choices = fields.raw("choices", REQUIRED)
        if (not isinstance(choices, list | tuple) or len(choices) < 2
                or any(not isinstance(item, str | int | float) for item in choices)):
            fields.wrong("choices", f"is {shown(choices)}, not a list of two or more values.",
                         'Write choices = ["a", "b"].')
        knob = Knob(kind=kind, choices=tuple(choices), default=fields.raw("default"))
        fields.finish()
        if knob.default is not None and knob.default not in knob.choices:
            fields.wrong("default", f"is {shown(knob.default)}, which is none of the choices.", "Take one of them.")
        return knob
    low, high, step, default = (_bound(fields, key, kind) for key in ("low", "high", "step", "default"))
    knob = Knob(kind=kind, low=low, high=high, log=fields.flag("log", False), step=step, default=default)
    fields.finish()
    if low is None or high is None:
        fields.wrong("low" if low is None else "high", "is missing.", "Give both low and high, or choices.")
    if low >= high:
        fields.wrong("low", f"is {low:g}, not below high = {high:g}.", "Swap them, or widen the range.")
    if knob.log and low <= 0:
        fields.wrong("low", f"is {low:g}; a log scale has no place for zero or less.", "Raise low, or drop log.")
    if step is not None and (step <= 0 or knob.log):
        fields.wrong("step", f"is {step:g}, not above zero, or stands beside log.", "Raise or drop it.")
    if default is not None and not low <= default <= high:
        fields.wrong("default", f"is {default:g}, outside {low:g} … {high:g}.", "Move it inside.")
    return knob


def _kind(table: dict[str, Any]) -> Kind:
    """What the bounds say when nobody names the kind."""
    if "choices" in table:
        return "choice"
    return "int" if all(isinstance(table.get(key), int) for key in ("low", "high")) else "float"


def _bound(fields: Fields, key: str, kind: str) -> float | int | None:
    if kind == "int":
        return fields.whole(key, low=-(10**15))
    return fields.number(key)
