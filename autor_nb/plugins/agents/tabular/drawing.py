"""The study's figures, drawn to print: vector text, colours that colour-blind readers can tell apart, equal
bytes each time."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Okabe & Ito's palette: distinct under the common kinds of colour blindness and in grey.
COLOURS = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#000000",
    "#999999",
    "#F0E442",
    "#7F3C8D",
)
MARKS = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">")
BAND = "#E8EDF2"
STYLE = {
    "pdf.fonttype": 42,
    "ps.fonttype": 42,
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#444444",
    "axes.linewidth": 0.8,
    "xtick.color": "#444444",
    "ytick.color": "#222222",
    "legend.frameon": False,
    "legend.fontsize": 8,
    "axes.grid": True,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "text.parse_math": False,
    "savefig.dpi": 200,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.hashsalt": "autor",
}


def figure(width: float = 6.3, height: float = 3.2) -> tuple[Figure, Axes]:
    """An empty figure in the study's style."""
    plt.rcParams.update(STYLE)
    made, axes = plt.subplots(figsize=(width, height), layout="constrained")
    return made, axes


def save(made: Figure, folder: Path, name: str) -> None:
    """The figure as PNG and PDF, without dates in their metadata."""
    folder.mkdir(parents=True, exist_ok=True)
    made.savefig(folder / f"{name}.png", metadata={"Software": None})
    made.savefig(folder / f"{name}.pdf", metadata={"CreationDate": None, "Producer": None, "Creator": None})
    plt.close(made)


def words(text: object, limit: int = 40) -> str:
    """Text from data as a label: one line, bounded, without control characters."""
    flat = " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f]+", " ", str(text)).split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def rows_height(count: int) -> float:
    """Inches for a figure with one row per item."""
    return 1.0 + 0.34 * max(2, count)


def performance(
    families: list[str],
    titles: dict[str, str],
    scores: dict[str, Any],
    seeds: dict[str, list[float]],
    metric: str,
    base: float | None,
    folder: Path,
) -> None:
    """Every fold's score, every seed's mean, and the mean of all, per family."""
    made, axes = figure(height=rows_height(len(families)))
    for n, key in enumerate(reversed(families)):
        values = scores[key]
        # A fixed fan instead of random jitter: the same figure each time.
        offsets = [((i * 7) % 11 - 5) / 28 for i in range(len(values))]
        axes.scatter(
            values,
            [n + o for o in offsets],
            s=12,
            color="#8FA3B5",
            linewidths=0,
            label="a fold" if n == 0 else None,
        )
        axes.scatter(
            seeds[key],
            [n] * len(seeds[key]),
            s=44,
            marker="|",
            color="#0072B2",
            linewidths=1.6,
            label="a seed's mean" if n == 0 else None,
        )
        mean = sum(seeds[key]) / len(seeds[key])
        axes.scatter(
            [mean],
            [n],
            s=46,
            marker="D",
            facecolor="white",
            edgecolor="#D55E00",
            linewidths=1.5,
            zorder=3,
            label="mean" if n == 0 else None,
        )
    axes.set_yticks(range(len(families)), [titles[key] for key in reversed(families)])
    axes.grid(axis="y", visible=False)
    axes.set_xlabel(metric if base is None else f"{metric} (baseline: {base:.3f}, not shown)")
    made.legend(loc="outside upper right", ncols=3)
    save(made, folder, "performance")


def differences(items: list[dict[str, Any]], titles: dict[str, str], rope: float, metric: str, folder: Path) -> None:
    """Every comparison with its 95 % interval against the region that does not matter."""
    made, axes = figure(height=rows_height(len(items)))
    colours = {
        "a better": COLOURS[0],
        "b better": COLOURS[1],
        "practically equal": COLOURS[2],
        "undecided": "#777777",
        "ceiling": COLOURS[4],
    }
    marks = {"a better": "o", "b better": "s", "practically equal": "D", "undecided": "x", "ceiling": "^"}
    says = {"a better": "first better", "b better": "second better"}
    axes.axvspan(-rope, rope, color=BAND, label="does not matter")
    axes.axvline(0, color="#444444", linewidth=0.8)
    seen: set[str] = set()
    for n, item in enumerate(reversed(items)):
        kind = item["verdict"]
        axes.plot(
            [item["ci_low"], item["ci_high"]],
            [n, n],
            color=colours[kind],
            linewidth=1.8,
            solid_capstyle="butt",
        )
        label = None if kind in seen else says.get(kind, kind)
        seen.add(kind)
        axes.plot(
            [item["difference"]],
            [n],
            marks[kind],
            color=colours[kind],
            markersize=5.5,
            label=label,
            linestyle="none",
        )
    axes.set_yticks(range(len(items)), [f"{titles[i['a']]} − {titles[i['b']]}" for i in reversed(items)], fontsize=7.5)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel(f"difference in {metric} (right: first is better)", x=0.3)
    made.legend(loc="outside upper right", ncols=4)
    save(made, folder, "differences")


def variance(
    families: list[str],
    titles: dict[str, str],
    spreads: dict[str, dict[str, float | None]],
    metric: str,
    folder: Path,
) -> None:
    """Spread of folds within a seed beside the spread of seeds' means."""
    made, axes = figure(height=rows_height(len(families)) + 0.3)
    for n, key in enumerate(reversed(families)):
        axes.barh(
            n + 0.19,
            spreads[key]["sd_folds"] or 0.0,
            height=0.34,
            color=COLOURS[0],
            label="folds within a seed" if n == 0 else None,
        )
        axes.barh(
            n - 0.19,
            spreads[key]["sd_seeds"] or 0.0,
            height=0.34,
            color=COLOURS[4],
            hatch="///",
            edgecolor="white",
            label="seeds' means" if n == 0 else None,
        )
    axes.set_yticks(range(len(families)), [titles[key] for key in reversed(families)])
    axes.grid(axis="y", visible=False)
    axes.set_xlabel(f"standard deviation of {metric}")
    made.legend(loc="outside upper right", ncols=2)
    save(made, folder, "variance")


def permutation(found: dict[str, Any], metric: str, title: str, folder: Path) -> None:
    """The scores under permutation, and the one observed."""
    made, axes = figure(height=2.8)
    axes.hist(
        found["null"],
        bins=24,
        color="#9FB6C9",
        edgecolor="white",
        label=f"{found['permutations']} permutations",
    )
    axes.axvline(found["observed"], color=COLOURS[1], linewidth=2, label="observed")
    axes.set_xlabel(f"{metric}, {title}")
    axes.set_ylabel("permutations")
    made.legend(loc="outside upper right", ncols=2)
    save(made, folder, "permutation")


def holdout(
    families: list[str],
    titles: dict[str, str],
    held: dict[str, Any],
    means: dict[str, float],
    metric: str,
    folder: Path,
) -> None:
    """Scores on the locked rows with bootstrap intervals beside the cross-validated means."""
    made, axes = figure(height=rows_height(len(families)))
    for n, key in enumerate(reversed(families)):
        score = held[key]
        if score["ci_low"] is not None:
            axes.plot([score["ci_low"], score["ci_high"]], [n, n], color=COLOURS[0], linewidth=1.8)
        axes.plot(
            [score["estimate"]],
            [n],
            "o",
            color=COLOURS[0],
            markersize=6,
            label="holdout, 95 % bootstrap" if n == 0 else None,
        )
        axes.plot(
            [means[key]],
            [n],
            "D",
            markerfacecolor="white",
            markeredgecolor=COLOURS[1],
            markersize=6,
            label="cross-validated mean" if n == 0 else None,
            linestyle="none",
        )
    axes.set_yticks(range(len(families)), [titles[key] for key in reversed(families)])
    axes.grid(axis="y", visible=False)
    axes.set_xlabel(metric)
    made.legend(loc="outside upper right", ncols=2)
    save(made, folder, "holdout")


def calibration(found: dict[str, Any], titles: dict[str, str], folder: Path) -> None:
    """Observed frequency against mean predicted probability, per family."""
    made, axes = figure(width=4.6, height=4.2)
    axes.plot([0, 1], [0, 1], color="#444444", linewidth=0.8)
    for n, (key, values) in enumerate(found.items()):
        axes.plot(
            [b["mean_predicted"] for b in values["bins"]],
            [b["observed"] for b in values["bins"]],
            color=COLOURS[n % 10],
            marker=MARKS[n % 10],
            markersize=5,
            linewidth=1,
            label=titles[key],
        )
    axes.set_xlabel("mean predicted probability")
    axes.set_ylabel("observed frequency")
    axes.legend(loc="lower right")
    save(made, folder, "calibration")


def importance(rows: list[dict[str, str]], metric: str, folder: Path) -> None:
    """The columns that matter most, with the spread over folds."""
    shown = rows[:12]
    made, axes = figure(height=rows_height(len(shown)))
    for n, row in enumerate(reversed(shown)):
        axes.errorbar(
            [float(row["mean"])],
            [n],
            xerr=[float(row["sd"] or 0)],
            fmt="o",
            color=COLOURS[0],
            markersize=5,
            linewidth=1.2,
        )
    axes.axvline(0, color="#444444", linewidth=0.8)
    axes.set_yticks(range(len(shown)), [words(row["column"]) for row in reversed(shown)])
    axes.grid(axis="y", visible=False)
    axes.set_xlabel(f"loss of {metric} when the column is exchanged (SD over folds)")
    save(made, folder, "importance")


def learning_curve(
    curves: dict[str, list[tuple[float, float]]], titles: dict[str, str], metric: str, folder: Path
) -> None:
    """Mean score over folds against the number of training rows."""
    made, axes = figure(height=3.4)
    for n, (key, points) in enumerate(curves.items()):
        axes.plot(
            [x for x, _ in points],
            [y for _, y in points],
            color=COLOURS[n % 10],
            marker=MARKS[n % 10],
            markersize=5,
            linewidth=1.2,
            label=titles[key],
        )
    axes.set_xlabel("training rows")
    axes.set_ylabel(metric)
    axes.legend(loc="best")
    save(made, folder, "learning_curve")


def subgroups(rows: list[list[Any]], titles: dict[str, str], folder: Path) -> None:
    """Each family's loss per level, with bootstrap intervals."""
    levels = list(dict.fromkeys((row[0], row[1], row[2]) for row in rows))
    families = list(dict.fromkeys(row[3] for row in rows))
    made, axes = figure(height=rows_height(len(levels)) + 0.15 * len(families))
    for n, (column, level, _count) in enumerate(reversed(levels)):
        for m, family in enumerate(families):
            row = next((r for r in rows if (r[0], r[1], r[3]) == (column, level, family)), None)
            if row is None:
                continue
            y = n + (len(families) / 2 - m) * 0.13
            if row[6] is not None:
                axes.plot([row[6], row[7]], [y, y], color=COLOURS[m % 10], linewidth=1.2)
            axes.plot(
                [row[5]],
                [y],
                MARKS[m % 10],
                color=COLOURS[m % 10],
                markersize=4.5,
                linestyle="none",
                label=titles[family] if n == 0 else None,
            )
    axes.set_yticks(
        range(len(levels)),
        [f"{words(c, 20)}: {words(lv, 20)} (n = {k})" for c, lv, k in reversed(levels)],
        fontsize=7.5,
    )
    axes.grid(axis="y", visible=False)
    axes.set_xlabel(f"{rows[0][4].replace('_', ' ')} out of fold (lower is better), 95 % bootstrap")
    made.legend(loc="outside upper right", ncols=3)
    save(made, folder, "subgroups")
