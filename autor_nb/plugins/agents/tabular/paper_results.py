"""The results of a paper: scores with both kinds of spread, differences with intervals, holdout, hypotheses."""

from __future__ import annotations

from typing import Any

from autor_nb.domain.document import Block, Figure, Section, Table, Words
from autor_nb.plugins.agents.tabular.paper_facts import COMPARED, HOLDOUT, PERMUTED, SHORT, TESTS, Study
from autor_nb.plugins.agents.tabular.paper_front import families_listed, outcome_in_short
from autor_nb.plugins.agents.tabular.paper_prose import (
    Put,
    Run,
    cite,
    code,
    has_numeral,
    listed,
    para,
    ref,
    say,
)
from autor_nb.plugins.agents.tabular.vocabulary import METRIC_TITLES

DASH: Run = (Words(text="—"),)


def words(text: str) -> Run:
    """One cell of words."""
    return (Words(text=text),)


def cell(part: Put) -> Run:
    """Any part as a cell."""
    return words(part) if isinstance(part, str) else part if isinstance(part, tuple) else (part,)


def results(study: Study) -> Section:
    """Signal, scores, comparisons, and the analyses that were asked for besides."""
    blocks: list[Block] = [
        *_signal(study),
        para(_scores_text(study)),
        _scores_table(study),
        *_figures(study, "performance"),
        para(_spread_text(study)),
        *_figures(study, "variance"),
        para(*_comparison_text(study)),
        _comparison_table(study),
        *_figures(study, "differences"),
    ]
    if study.wishes.shows("secondary") and len(study.design["metrics"]) > 1:
        blocks += [para(say("{t} gives the other metrics that were computed, for description only: the "
                            "families were tuned "
                            "and compared by the primary "
                            "one.", t=ref("tab:secondary"))), _secondary_table(study)]
    blocks += _extras(study)
    return Section(name="results", title="Results", blocks=tuple(blocks), results=True)


def _figures(study: Study, name: str) -> list[Block]:
    """The figure that stage 06 made under that name, with a caption of ours (its own may hold numerals)."""
    captions = {
        "performance": say("Score of every outer fold ({m}), mean of every seed, and overall mean, by "
                           "family.",
                           m=study.metric_title),
        "differences": say("Mean differences with corrected {l} intervals; the band marks differences that "
                           "do not matter.",
                           l=study.level()),
        "variance": say("Two kinds of spread: standard deviation of folds within a seed, and of the seeds' "
                        "means."),
        "permutation": say("Scores after exchanging the targets, and the score observed."),
        "holdout": say("Scores on the locked holdout with bootstrap intervals, beside the cross-validated "
                       "means."),
        "calibration": say("Calibration: observed frequency against mean predicted probability, out of "
                           "fold."),
        "importance": say("Permutation importance of columns for the leading family, out of fold."),
        "learning_curve": say("Learning curves: score against the number of training rows."),
        "subgroups": say("Out-of-fold loss by subgroup, with bootstrap intervals."),
    }
    for figure in study.figures:
        if figure["name"] == name and study.ledger.has(f"{figure['path']}.png"):
            wide = {"permutation": 0.66, "variance": 0.72, "calibration": 0.66}.get(name, 0.82)
            return [Figure(label=f"fig:{name}", path=figure["path"], width=wide,
                           caption=captions.get(name, say("A figure of the analysis.")))]
    return []


def _signal(study: Study) -> list[Block]:
    if not study.ledger.known(PERMUTED, "p"):
        return []
    permuted = study.ledger.load(PERMUTED)
    spec = study.score(permuted["metric"])
    n = study.n
    text = say(
        "Do the columns carry any signal? With the targets exchanged, {f} reaches a mean score of {null} "
        "(standard deviation "
        "{sd}); as observed, it reaches {obs}. Of {k} exchanges, {b} were at least as good (p-value {p}; "
        "{fig}).",
        f=study.name(permuted["family"]), null=n(PERMUTED, "null_mean", format=spec),
        sd=n(PERMUTED, "null_sd", format=study.score(permuted["metric"], fine=True)), obs=n(PERMUTED, "observed", format=spec),
        k=n(PERMUTED, "permutations"), b=n(PERMUTED, "at_least_as_good"), p=study.ledger.p(PERMUTED, "p"),
        fig=ref("fig:permutation") if _figures(study, "permutation") else "no figure")
    told = say("On this data set, they do.") if permuted["p"] < 0.05 else say(
        "On this data set, this test shows no signal; everything below must be read in that light.")
    return [para(text, told), *_figures(study, "permutation")]


def _scores_text(study: Study) -> Run:
    groups = study.against_baseline()
    said: list[Run] = []
    if groups["better"]:
        said.append(say("{f} beat{s} the baseline by more than the smallest difference that matters",
                        f=families_listed(study, groups["better"]), s="" if len(groups["better"]) > 1 else "s"))
    if groups["equal"]:
        said.append(say("{f} {v} practically equal to it", f=families_listed(study, groups["equal"]),
                        v="are" if len(groups["equal"]) > 1 else "is"))
    if groups["undecided"]:
        said.append(say("for {f} the data do not decide", f=families_listed(study, groups["undecided"])))
    if groups["worse"]:
        said.append(say("{f} {v} worse than it", f=families_listed(study, groups["worse"]),
                        v="are" if len(groups["worse"]) > 1 else "is"))
    if groups["ceiling"]:
        said.append(say("against {f} no comparison is claimed", f=families_listed(study, groups["ceiling"])))
    head = say("{t} gives the cross-validated scores by {m}.", t=ref("tab:scores"), m=study.metric_title)
    return say("{h} Against the baseline: {s}.", h=head, s=listed(said)) if said else head


def _scores_table(study: Study) -> Table:
    header = tuple(words(t) for t in ("Family", "Mean", "SD of folds", "SD of seeds", "Lowest fold", "Highest fold"))
    rows = tuple(
        (words(study.title(f)), *(cell(study.cv(f, what)) for what in ("mean", "sd_folds", "sd_seeds", "min", "max")))
        for f in study.families
    )
    return Table(
        label="tab:scores", align="lrrrrr", header=header, rows=rows,
        caption=say("Cross-validated {m} by family: mean over all folds and seeds, and the two kinds of "
                    "spread.",
                    m=study.metric_title),
        note=say("SD of folds: within a seed, root mean square over seeds. SD of seeds: of the seeds' "
                 "means{w}.",
                 w="" if study.summary["seeds"] > 1 else ", which one seed cannot tell"),
    )


def _spread_text(study: Study) -> Run:
    if study.summary["seeds"] < 2:
        return say("With one seed nothing can be said about the spread between seeds.")
    return say("For {b} the folds of a seed differ by {f} (standard deviation), the seeds' means by "
               "{s}{fig}. The first is what "
               "an interval for new rows must cover; the second is what another run of the same study would "
               "change.",
               b=study.name(study.best), f=study.cv(study.best, "sd_folds"), s=study.cv(study.best, "sd_seeds"),
               fig=say(" ({r})", r=ref("fig:variance")) if _figures(study, "variance") else ())


def _comparison_text(study: Study) -> list[Run]:
    lines = [outcome_in_short(study)]
    groups = study.against_best()
    for word, others in groups.items():
        for other in others[:4]:
            place = study.comparison(study.best, other)
            if place is not None and word != "ceiling":
                lines.append(_one(study, place, word, other))
    shown = say(" {f} shows the same.", f=ref("fig:differences")) if _figures(study, "differences") else ()
    lines.append(say("{t} has all comparisons, with intervals before "
                     "p-values.{f}", t=ref("tab:comparisons"), f=shown))
    if study.compared["ceiling"]:
        lines.append(say(
            "Ceiling: {f} reach scores within {r} of a perfect one, or are perfect in half of their folds. "
            "This metric leaves no "
            "room to tell them apart on this data set, so no comparison among them is claimed.",
            f=families_listed(study, study.compared["saturated"]), r=study.rope()))
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
    return say("The difference between {a} and {b} is {d} in favour of the former ({l} interval {ci}): "
               "{said}.", a=a, b=b,
               d=study.n(COMPARED, "comparisons", place, "difference", format=study.score(study.metric, signed=True)),
               l=study.level(), ci=study.interval(COMPARED, "comparisons", place), said=said)


def _comparison_table(study: Study) -> Table:
    spec = study.score(study.metric, signed=True)
    rows = []
    for place, item in enumerate(study.compared["comparisons"]):
        ceiling = item["verdict"] == "ceiling"
        verdict = {"a better": "first better", "b better": "second better", "ceiling": "ceiling"}.get(
            item["verdict"], item["verdict"])
        rows.append((
            words(_short(study, item["a"])), words(_short(study, item["b"])),
            cell(study.n(COMPARED, "comparisons", place, "difference", format=spec)),
            study.interval(COMPARED, "comparisons", place),
            DASH if ceiling else cell(study.ledger.p(COMPARED, "comparisons", place, "p_holm")), words(verdict),
        ))
    header = (words("First"), words("Second"), words("Difference"), say("{l} interval", l=study.level()), words("p (Holm)"),
              words("Verdict"))
    return Table(
        label="tab:comparisons", align="llrrrl", header=header, rows=tuple(rows),
        caption=say("Differences in {m}; positive means that the first is better.", m=study.metric_title),
        note=say("p (Holm): for a difference of zero, adjusted over all rows. Verdicts are against a "
                 "difference of {r}; "
                 "“ceiling” means that no comparison is claimed.", r=study.rope()),
    )


def _short(study: Study, family: str) -> str:
    """A family's title without what stands in brackets, for narrow tables."""
    return study.title(family).split(" (")[0]


def _secondary_table(study: Study) -> Table:
    metrics = [m for m in study.design["metrics"] if m != study.metric][:6]
    rows = tuple((words(_short(study, f)), *(cell(study.cv(f, "mean", m)) for m in metrics)) for f in study.families)
    return Table(
        label="tab:secondary", align="l" + "r" * len(metrics), rows=rows,
        header=(words("Family"), *(words(SHORT.get(m, m)) for m in metrics)),
        caption=say("Means of the other metrics over all folds and seeds: {l}.",
                    l=listed([METRIC_TITLES.get(m, m) for m in metrics])),
    )


def _extras(study: Study) -> list[Block]:
    blocks: list[Block] = []
    if study.ledger.has("results/calibration.json") and study.wishes.shows("calibration"):
        found = study.ledger.load("results/calibration.json")
        keys = [k for k in found if study.ledger.known("results/calibration.json", k, "slope")]
        rows = tuple((words(study.title(k)), *(cell(study.n("results/calibration.json", k, what, format="z.3f"))
                                               for what in ("brier", "slope", "intercept", "ece"))) for k in keys)
        blocks += [
            para(say("Calibration was assessed on out-of-fold probabilities of the first seed{c}: a slope "
                     "of one and an "
                     "intercept of zero would be perfect "
                     "({t}).", t=ref("tab:calibration"), c=cite(*study.cited("Brier1950")))),
            Table(label="tab:calibration", align="lrrrr", rows=rows, caption=say("Calibration of predicted "
                                                                                 "probabilities."),
                  header=tuple(words(t) for t in ("Family", "Brier score", "Slope", "Intercept", "Calibration error"))),
            *_figures(study, "calibration"),
        ]
    if study.ledger.has("results/importance.csv"):
        blocks += _importance(study)
    if _figures(study, "learning_curve"):
        blocks += [para(say("{f} shows how the score grows with the number of training "
                            "rows.", f=ref("fig:learning_curve"))),
                   *_figures(study, "learning_curve")]
    if _figures(study, "subgroups"):
        blocks += [para(say("{f} splits the out-of-fold loss by subgroups. These are descriptions: "
                            "subgroups are small, and none "
                            "was named before the "
                            "experiments.", f=ref("fig:subgroups"))), *_figures(study, "subgroups")]
    return blocks


def _importance(study: Study) -> list[Block]:
    file = "results/importance.csv"
    ranked = sorted(enumerate(study.ledger.load(file)), key=lambda pair: float(pair[1]["rank"]))[:8]
    rows = tuple((cell(code(row["column"], 40)), cell(study.n(file, place, "mean", format=".3g")),
                  cell(study.n(file, place, "sd", format=".2g") if study.ledger.known(file, place, "sd") else "—"))
                 for place, row in ranked)
    return [
        para(say("How much {b} relies on a column is measured by exchanging that column's values out of "
                 "fold{c}. It is a "
                 "statement about the model, not about causes "
                 "({t}).", b=study.name(study.best), t=ref("tab:importance"),
                 c=cite(*study.cited("Breiman2001")))),
        Table(label="tab:importance", align="lrr", rows=rows, caption=say("The columns that the leading "
                                                                          "family relies on most."),
              header=(words("Column"), words("Loss of score"), words("SD"))),
        *_figures(study, "importance"),
    ]


def holdout(study: Study) -> Section | None:
    """The locked rows, or nothing where there are none."""
    if not study.holdout["rows"]:
        return None
    chosen = study.holdout["selected"]
    place = ("families", chosen, study.metric)
    opened = say("They were opened once.") if study.holdout["opened"] == 1 else say(
        "They were opened {k} times, because the study was changed after an earlier opening: these are no "
        "longer the scores of "
        "untouched rows.", k=study.n(HOLDOUT, "opened"))
    held = study.holdout["families"][chosen].get(study.metric, {})
    known = all(isinstance(held.get(k), int | float) for k in ("ci_low", "ci_high"))
    mean = study.summary["families"][chosen]["metrics"][study.metric]["mean"]
    inside = known and held["ci_low"] <= mean <= held["ci_high"]
    if not known:
        agree = say("They give no interval for it, so that agreement cannot be judged.")
    elif inside:
        agree = say("The cross-validated mean of {v} lies within that interval.", v=study.cv(chosen))
    else:
        agree = say("The cross-validated mean of {v} lies outside that interval: on these rows the family "
                    "does not score as "
                    "cross-validation said, and the difference is reported, not explained "
                    "away.", v=study.cv(chosen))
    spec = study.score(study.metric)
    rows = tuple(
        (words(study.title(f)), cell(study.cv(f)), cell(study.n(HOLDOUT, "families", f, study.metric, "estimate", format=spec)),
         study.interval(HOLDOUT, "families", f, study.metric, signed=False))
        for f in study.families if study.ledger.known(HOLDOUT, "families", f, study.metric, "estimate")
    )
    table = Table(
        label="tab:holdout", align="lrrr", rows=rows,
        header=(words("Family"), words("Cross-validated"), words("Holdout"), say("{l} interval", l=study.level())),
        caption=say("{m} on the locked holdout, beside the cross-validated "
                    "mean.", m=_upper(study.metric_title)))
    return Section(name="holdout", title="Holdout", results=True, blocks=(
        para(say("The {k} rows set aside were scored with the settings chosen on the training part.",
                 k=study.n(HOLDOUT, "rows")), opened,
             say("{b}, selected before, reaches {v} ({l} interval {ci}; {t}).", b=_upper(study.name(chosen)),
                 v=study.n(HOLDOUT, *place, "estimate", format=spec), l=study.level(),
                 ci=study.interval(HOLDOUT, *place, signed=False), t=ref("tab:holdout")), agree,
             say("The other families are shown for completeness; nothing was chosen by them.")),
        table, *_figures(study, "holdout")))


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def hypotheses(study: Study) -> Section:
    """What was claimed beforehand, and what became of it."""
    rows = []
    for place, test in enumerate(study.tests):
        estimate: Put = "—"
        if study.ledger.known(TESTS, "tests", place, "estimate"):
            estimate = study.n(TESTS, "tests", place, "estimate", format="z.4g" if test["test"] != "importance" else "g")
        rows.append((words(test["id"]), statement(study, place, test), cell(estimate), words(test["outcome"])))
    return Section(name="hypotheses", title="Hypotheses and their outcomes", results=True, blocks=(
        para(say("The hypotheses were written down from the training part before the experiments and frozen "
                 "by their hash; since "
                 "then only their outcomes were added ({t}). “Undecided” and “not supported” are different: "
                 "the first says that "
                 "the data do not tell.", t=ref("tab:hypotheses"))),
        Table(label="tab:hypotheses", align="llrl", rows=tuple(rows), caption=say("Hypotheses, estimates "
                                                                                  "and outcomes."),
              header=(words("Id"), words("Statement"), words("Estimate"), words("Outcome"))),
    ))


def statement(study: Study, place: int, test: dict[str, Any]) -> Run:
    """A hypothesis in words, with its threshold as a number."""
    if not has_numeral(test["statement"]):
        return words(test["statement"])
    limit: Put = study.n(TESTS, "tests", place, "threshold", format="g") \
        if study.ledger.known(TESTS, "tests", place, "threshold") else "the smallest difference that matters"
    theory = test["id"].startswith("T")
    texts = {
        "signal": say("The usable columns carry information about {t} on this data "
                      "set.", t=study.target) if theory else
        say("At least one tuned family predicts {t} better than the baseline by more than "
            "{x}.", t=study.target, x=limit),
        "nonlinear": say("At least one family that is not linear is better than every linear one by more "
                         "than {x}.", x=limit),
        "seeds": say("The seed alone moves the best family's mean by less than {x}.", x=limit),
        "holdout": say("The cross-validated mean of the selected family lies within the holdout's bootstrap "
                       "interval."),
        "importance": say("The column most associated with the target is among the most important ones."),
        "calibration": say("The calibration slope of the best family is close to one."),
        "subgroup": say("The leading family loses no more in one subgroup than in another."),
    }
    return texts.get(test["test"], say("See {f}.", f=code("notes/hypothesis_manifest.json")))
