"""Results of experiments one by one: groups × repetitions × folds, found in whatever table holds them."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from autor_nb.figures import Drawn, Strip, StripRow
from autor_nb.record.markup import Several, Shown, Words, bold, caption, code, glyph, one_line, stack, words
from autor_nb.record.readings import Table, number, numbers, object_of, table_of
from autor_nb.record.tables import table
from autor_nb.record.units import count_words, duration_words, number_words

if TYPE_CHECKING:
    from autor_nb.record.attempt import AttemptRecord
    from autor_nb.store.view import StoredAttempt

GROUPS = 20
SEEDS = 8
VALUES = 20_000
_GROUP_NAMES = (
    "family",
    "model",
    "method",
    "algorithm",
    "condition",
    "arm",
    "group",
    "variant",
    "name",
    "system",
)
_SEED_NAMES = ("seed", "repeat", "repetition", "run", "rep", "trial")
_FOLD_NAMES = ("fold", "split", "part")
_ASIDE = ("n_train", "n_test", "n", "index", "id", "row", "seconds", "time", "duration_s")
_FIRST = ("results/folds.csv",)
_LOWER = ("log_loss", "brier", "rmse", "mae", "mse", "median_ae", "loss", "error", "perplexity")


@dataclass(frozen=True)
class Results:
    """One metric by group, seed and fold, with where it was read."""

    path: str
    metric: str
    groups: dict[str, dict[str, list[float]]]
    titles: dict[str, str]
    baseline: str
    direction: str
    design: dict[str, Any]

    def means(self) -> dict[str, float]:
        """The mean over everything, by group."""
        return {
            group: statistics.fmean(v for line in lines.values() for v in line) for group, lines in self.groups.items()
        }

    def spread(self, group: str) -> tuple[float | None, float | None]:
        """(SD of folds within a seed, SD of the seeds' means)."""
        lines = list(self.groups[group].values())
        within = [statistics.variance(line) for line in lines if len(line) > 1]
        sds = statistics.fmean(within) ** 0.5 if within else None
        seeds = statistics.stdev([statistics.fmean(line) for line in lines]) if len(lines) > 1 else None
        return sds, seeds


def results(view: StoredAttempt) -> Results | None:
    """The results of the attempt; None if no table has groups with more than one number each."""
    paths = [path for path in view.files if path.startswith("results/") and path.lower().endswith((".csv", ".tsv"))]
    ordered = [path for path in _FIRST if path in paths] + sorted(set(paths) - set(_FIRST))
    summary = object_of(view, "results/summary.json")
    for path in ordered[:12]:
        found = table_of(view, path)
        read = _read(found, summary) if found is not None else None
        if read is not None:
            return read
    return None


def _read(found: Table, summary: dict[str, Any]) -> Results | None:
    lower = {name.strip().lower(): name for name in reversed(found.header)}
    group_name = next((lower[name] for name in _GROUP_NAMES if name in lower), None)
    seed_name = next((lower[name] for name in _SEED_NAMES if name in lower), None)
    fold_name = next((lower[name] for name in _FOLD_NAMES if name in lower), None)
    metric = _metric(found, str(summary.get("metric", "")), {group_name, seed_name, fold_name})
    if group_name is None or metric is None or (seed_name is None and fold_name is None):
        return None
    groups: dict[str, dict[str, list[float]]] = {}
    seeds = found.column(seed_name) if seed_name else [""] * len(found.rows)
    for group, seed, text in zip(found.column(group_name), seeds, found.column(metric), strict=True):
        value = number(text)
        if value is not None:
            groups.setdefault(group, {}).setdefault(seed, []).append(value)
    if not groups or all(sum(map(len, lines.values())) < 2 for lines in groups.values()):
        return None
    families = summary.get("families")
    families = families if isinstance(families, dict) else {}
    titles = {
        group: one_line(str(families[group].get("title") or group), 60)
        if isinstance(families.get(group), dict)
        else one_line(group, 60)
        for group in groups
    }
    baseline = next((group for group in groups if "baseline" in group.lower() or group.lower() == "dummy"), "")
    direction = str(summary.get("direction", "")) or ("lower" if metric.lower() in _LOWER else "")
    return Results(found.path, metric, groups, titles, baseline, direction, summary)


def _metric(found: Table, primary: str, aside: set[str | None]) -> str | None:
    if primary in found.header:
        return primary
    for name in found.header:
        if name in aside or name.strip().lower() in _ASIDE:
            continue
        values = numbers(found.column(name)[:VALUES])
        if values and len(set(values)) > 1:
            return name
    return None


def _axis(read: Results) -> str:
    names = {
        "rmse": "root mean squared error",
        "mae": "mean absolute error",
        "r2": "R²",
        "roc_auc": "ROC AUC",
    }
    name = names.get(read.metric, one_line(read.metric, 60).replace("_", " "))
    return f"{name}, {read.direction} is better" if read.direction in ("lower", "higher") else name


def folds_figure(record: AttemptRecord) -> Shown | Several:
    """Every value as a ring."""
    read = results(record.view)
    if read is None:
        return glyph("info", "No table under results/ holds repeated measurements of groups.")
    far = _baseline_is_far(read)
    figure = Strip(
        f"Results by fold, {one_line(read.metric, 60)}",
        tuple(_strip_row(read, group, far) for group in list(read.groups)[:GROUPS]),
        _axis(read),
        ("mean", "SD folds / seeds"),
    )
    several = any(len(lines) > 1 for lines in read.groups.values())
    said = "Each ring is one measurement (one fold); "
    said += "each line of rings is one seed, its bar the seed's mean; " if several else "the bar and "
    said += "the triangle is the overall mean. Folds share training rows, so rings are not independent."
    if far:
        said += " The baseline lies far off the axis and is told in numbers only."
    if len(read.groups) > GROUPS:
        said += f" The first {GROUPS} of {len(read.groups)} groups are drawn."
    return Several((Drawn(figure), caption(said)))


def _strip_row(read: Results, group: str, far: bool) -> StripRow:
    within, seeds = read.spread(group)
    spread = f"{number_words(within, 2) or '–'} / {number_words(seeds, 2) or '–'}"
    lines = tuple(tuple(line[:200]) for line in list(read.groups[group].values())[:SEEDS])
    baseline, mean = group == read.baseline, read.means()[group]
    columns = (number_words(mean), spread)
    return StripRow(read.titles[group], lines, mean, columns, baseline=baseline, drawn=not (baseline and far))


def _baseline_is_far(read: Results) -> bool:
    """Whether drawing the baseline would press all other groups into a fifth of the axis."""
    others = [
        v for group, lines in read.groups.items() if group != read.baseline for line in lines.values() for v in line
    ]
    if not read.baseline or not others:
        return False
    low, high = min(others), max(others)
    mean = read.means()[read.baseline]
    return high - low < 0.2 * (max(high, mean) - min(low, mean))


def folds(record: AttemptRecord) -> Shown:
    """The same as a table."""
    read = results(record.view)
    if read is None:
        return _other_tables(record)
    seeds = list(dict.fromkeys(seed for lines in read.groups.values() for seed in lines))[:SEEDS]
    shown_seeds = seeds if len(seeds) > 1 else []
    times = _fit_times(record.view)
    headers = [
        "Group",
        read.metric,
        *(f"seed {one_line(seed, 12)}" for seed in shown_seeds),
        "SD folds",
        "SD seeds",
        "values",
        *(["Fit time"] if times else []),
    ]
    rows: list[list[Words]] = []
    means = read.means()
    for group, lines in list(read.groups.items())[: 3 * GROUPS]:
        within, between = read.spread(group)
        cells: list[Words] = [read.titles[group], bold(number_words(means[group]))]
        cells += [number_words(statistics.fmean(lines[seed])) if seed in lines else "–" for seed in shown_seeds]
        cells += [
            number_words(within, 3) or "–",
            number_words(between, 3) or "–",
            str(sum(map(len, lines.values()))),
        ]
        rows.append([*cells, duration_words(times[group]) if group in times else "–"] if times else cells)
    return stack(table(headers, rows, "l" + "r" * (len(headers) - 1)), _table_caption(read))


def _table_caption(read: Results) -> Shown:
    design = read.design
    facts = []
    seeds = design.get("seeds")
    if isinstance(design.get("outer_folds"), int):
        count = f" × {count_words(len(seeds), 'seed')}" if isinstance(seeds, list) else ""
        facts.append(f"{design['outer_folds']} outer folds{count}")
    if isinstance(design.get("inner_folds"), int):
        facts.append(f"{design['inner_folds']} inner folds")
    if isinstance(design.get("settings_per_family"), int):
        facts.append(f"{design['settings_per_family']} settings each")
    said = f"{', '.join(facts)}. " if facts else ""
    said += "SD folds: within a seed, averaged. SD seeds: of the seeds' means. No comparison is claimed."
    return caption(words(f"{said} Read from ") + code(read.path) + words("."))


def _fit_times(view: StoredAttempt) -> dict[str, float]:
    found = table_of(view, "notes/fit_times.csv")
    if found is None or not {"family", "seconds"} <= set(found.header):
        return {}
    times: dict[str, float] = {}
    for family, text in zip(found.column("family"), found.column("seconds"), strict=True):
        times[family] = times.get(family, 0.0) + (number(text) or 0.0)
    return times


def _other_tables(record: AttemptRecord) -> Shown:
    """Results that are not groups and folds: the head of each table."""
    blocks: list[Words] = []
    for path in sorted(record.view.files):
        found = table_of(record.view, path) if path.startswith("results/") and len(blocks) < 8 else None
        if found is None or not path.lower().endswith((".csv", ".tsv")):
            continue
        head = [[one_line(text, 40) for text in row[:10]] for row in found.rows[:8]]
        blocks += [caption(code(path)), table([one_line(name, 30) for name in found.header[:10]], head)]
    return stack(*blocks) if blocks else glyph("info", "There is no table under results/.")
