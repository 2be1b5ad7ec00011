"""The results of a paper: signal, scores with both kinds of spread, differences with intervals."""

from __future__ import annotations

from autor_nb.domain.document import Block, Section, Table
from autor_nb.plugins.agents.tabular.paper_blocks import DASH, cell, figures, short, words
from autor_nb.plugins.agents.tabular.paper_extras import extras, secondary_table
from autor_nb.plugins.agents.tabular.paper_facts import (
    COMPARED,
    PERMUTED,
    Study,
)
from autor_nb.plugins.agents.tabular.paper_front import families_listed, outcome_in_short
from autor_nb.plugins.agents.tabular.paper_prose import (
    Run,
    listed,
    para,
    ref,
    say,
)
from autor_nb.plugins.agents.tabular.vocabulary import METRIC_TITLES


def results(study: Study) -> Section:
    """Signal, scores, comparisons, and the analyses that were asked for besides."""
    blocks: list[Block] = [
        *_signal(study),
        para(_scores_text(study)),
        _scores_table(study),
        *figures(study, "performance"),
        para(_spread_text(study)),
        *figures(study, "variance"),
        para(*_comparison_text(study)),
        comparison_table(study),
        *figures(study, "differences"),
    ]
    if study.wishes.shows("secondary") and len(study.design["metrics"]) > 1:
        blocks += [
            para(
                say(
                    "{t} gives the other metrics that were computed, for description only: the families "
                    "were tuned and compared by the primary one.",
                    t=ref("tab:secondary"),
                )
            ),
            secondary_table(study),
        ]
    blocks += _secondary_comparisons(study)
    blocks += extras(study)
    return Section(name="results", title="Results", blocks=tuple(blocks), results=True)


def _signal(study: Study) -> list[Block]:
    if not study.ledger.known(PERMUTED, "p"):
        return []
    permuted = study.ledger.load(PERMUTED)
    spec = study.score(permuted["metric"])
    n = study.n
    text = say(
        "Do the columns carry any signal? With the targets exchanged, {f} reaches a mean score of {null} "
        "(standard deviation {sd}); as observed, it reaches {obs}. Of {k} exchanges, {b} were at least as "
        "good (p-value {p}; {fig}).",
        f=study.name(permuted["family"]),
        null=n(PERMUTED, "null_mean", format=spec),
        sd=n(PERMUTED, "null_sd", format=study.score(permuted["metric"], fine=True)),
        obs=n(PERMUTED, "observed", format=spec),
        k=n(PERMUTED, "permutations"),
        b=n(PERMUTED, "at_least_as_good"),
        p=study.ledger.p(PERMUTED, "p"),
        fig=ref("fig:permutation") if figures(study, "permutation") else "no figure",
    )
    told = (
        say("On this data set, they do.")
        if permuted["p"] < 0.05
        else say("On this data set, this test shows no signal; everything below must be read in that light.")
    )
    return [para(text, told), *figures(study, "permutation")]


def _scores_text(study: Study) -> Run:
    groups = study.against_baseline()
    said: list[Run] = []
    if groups["better"]:
        said.append(
            say(
                "{f} beat{s} the baseline by more than the smallest difference that matters",
                f=families_listed(study, groups["better"]),
                s="" if len(groups["better"]) > 1 else "s",
            )
        )
    if groups["equal"]:
        said.append(
            say(
                "{f} {v} practically equal to it",
                f=families_listed(study, groups["equal"]),
                v="are" if len(groups["equal"]) > 1 else "is",
            )
        )
    if groups["undecided"]:
        said.append(say("for {f} the data do not decide", f=families_listed(study, groups["undecided"])))
    if groups["worse"]:
        said.append(
            say(
                "{f} {v} worse than it",
                f=families_listed(study, groups["worse"]),
                v="are" if len(groups["worse"]) > 1 else "is",
            )
        )
    if groups["ceiling"]:
        said.append(say("against {f} no comparison is claimed", f=families_listed(study, groups["ceiling"])))
    head = say("{t} gives the cross-validated scores by {m}.", t=ref("tab:scores"), m=study.metric_title)
    return say("{h} Against the baseline: {s}.", h=head, s=listed(said)) if said else head


def _scores_table(study: Study) -> Table:
    header = tuple(words(t) for t in ("Family", "Mean", "SD of folds", "SD of seeds", "Lowest fold", "Highest fold"))
    rows = tuple(
        (
            words(study.title(f)),
            *(cell(study.cv(f, what)) for what in ("mean", "sd_folds", "sd_seeds", "min", "max")),
        )
        for f in study.families
    )
    return Table(
        label="tab:scores",
        align="lrrrrr",
        header=header,
        rows=rows,
        caption=say(
            "Cross-validated {m} by family: mean over all folds and seeds, and the two kinds of spread.",
            m=study.metric_title,
        ),
        note=say(
            "SD of folds: within a seed, root mean square over seeds. SD of seeds: of the seeds' means{w}.",
            w="" if study.summary["seeds"] > 1 else ", which one seed cannot tell",
        ),
    )


def _spread_text(study: Study) -> Run:
    if study.summary["seeds"] < 2:
        return say("With one seed nothing can be said about the spread between seeds.")
    return say(
        "For {b} the folds of a seed differ by {f} (standard deviation), the seeds' means by {s}{fig}. The "
        "first is what an interval for new rows must cover; the second is what another run of the same "
        "study would change.",
        b=study.name(study.best),
        f=study.cv(study.best, "sd_folds"),
        s=study.cv(study.best, "sd_seeds"),
        fig=say(" ({r})", r=ref("fig:variance")) if figures(study, "variance") else (),
    )


def _comparison_text(study: Study) -> list[Run]:
    lines = [outcome_in_short(study)]
    groups = study.against_best()
    for word, others in groups.items():
        for other in others[:4]:
            place = study.comparison(study.best, other)
            if place is not None and word != "ceiling" and not study.wishes.brief:
                lines.append(_one(study, place, word, other))
    shown = say(" {f} shows the same.", f=ref("fig:differences")) if figures(study, "differences") else ()
    lines.append(say("{t} has all comparisons, with intervals before p-values.{f}", t=ref("tab:comparisons"), f=shown))
    if study.compared["ceiling"]:
        lines.append(
            say(
                "Ceiling: {f} reach scores within {r} of a perfect one, or are perfect in half of their "
                "folds. This metric leaves no room to tell them apart on this data set, so no comparison "
                "among them is claimed.",
                f=families_listed(study, study.compared["saturated"]),
                r=study.rope(),
            )
        )
    return lines


def _one(study: Study, place: int, word: str, other: str) -> Run:
    item = study.compared["comparisons"][place]
    said = {
        "better": "the interval and the adjusted test place it beyond what matters",
        "worse": "the interval lies on the other side",
        "equal": "the interval lies within the differences that do not matter",
        "undecided": "the interval holds both differences that matter and differences that do not",
    }[word]
    a, b = study.name(item["a"]), study.name(item["b"])
    return say(
        "The difference between {a} and {b} is {d} in favour of the former ({l} interval {ci}): {said}.",
        a=a,
        b=b,
        d=study.n(COMPARED, "comparisons", place, "difference", format=study.score(study.metric, signed=True)),
        l=study.level(),
        ci=study.interval(COMPARED, "comparisons", place),
        said=said,
    )


def comparison_table(study: Study, metric: str = "") -> Table:
    """All comparisons by the primary metric, or by a secondary one."""
    keys: tuple[str, ...] = ("secondary", metric) if metric else ()
    found = study.compared["secondary"][metric] if metric else study.compared
    name = METRIC_TITLES.get(metric, metric) if metric else study.metric_title
    spec = study.score(metric or study.metric, signed=True)
    rows = []
    for place, item in enumerate(found["comparisons"]):
        at: tuple[str | int, ...] = (*keys, "comparisons", place)
        ceiling = item["verdict"] == "ceiling"
        verdict = {"a better": "first better", "b better": "second better"}.get(item["verdict"], item["verdict"])
        rows.append(
            (
                words(short(study, item["a"])),
                words(short(study, item["b"])),
                cell(study.n(COMPARED, *at, "difference", format=spec)),
                study.interval(COMPARED, *at, metric=metric),
                DASH if ceiling else cell(study.ledger.p(COMPARED, *at, "p_holm")),
                words(verdict),
            )
        )
    header = (
        words("First"),
        words("Second"),
        words("Difference"),
        say("{l} interval", l=study.level()),
        words("p (Holm)"),
        words("Verdict"),
    )
    return Table(
        label=f"tab:comparisons-{metric}" if metric else "tab:comparisons",
        align="llrrrl",
        header=header,
        rows=tuple(rows),
        caption=say("Differences in {m}; positive means that the first is better.", m=name),
        note=say(
            "p (Holm): for a difference of zero, adjusted over all rows. Verdicts are against a difference "
            "of {r}; “ceiling” means that no comparison is claimed.",
            r=study.n(COMPARED, *keys, "rope", format=".4g"),
        ),
    )


def _secondary_comparisons(study: Study) -> list[Block]:
    """Comparisons by metrics that a person asked for; they decide nothing."""
    if not study.wishes.shows("secondary"):
        return []
    blocks: list[Block] = []
    for metric, found in study.compared.get("secondary", {}).items():
        if not found["comparisons"]:
            continue
        text = say(
            "The comparison by {m} is exploratory: it was asked for besides the primary metric, its "
            "adjustment covers its own rows only, and no hypothesis rests on it ({t}).",
            m=METRIC_TITLES.get(metric, metric),
            t=ref(f"tab:comparisons-{metric}"),
        )
        blocks += [para(text), comparison_table(study, metric)]
    return blocks
