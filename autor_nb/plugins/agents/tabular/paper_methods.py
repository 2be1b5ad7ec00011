"""The methods section of a paper: design, preparation, tuning, statistics, tests."""

from __future__ import annotations

from autor_nb.domain.document import Block, Paragraph, Section
from autor_nb.plugins.agents.tabular.paper_facts import (
    COMPARED,
    DESIGN,
    HOLDOUT,
    PERMUTED,
    SUMMARY,
    Study,
)
from autor_nb.plugins.agents.tabular.paper_prose import (
    Put,
    Run,
    bullets,
    cite,
    listed,
    math,
    para,
    say,
)


def methods(study: Study) -> Section:
    """Design, preparation, tuning, inference, permutation test, holdout."""
    blocks = (_design(study), _preparation(study), _metric(study), _inference(study), *_tests(study))
    return Section(name="methods", title="Methods", blocks=blocks, results=True)


def _design(study: Study) -> Paragraph:
    """Folds, tuning budget, seeds."""
    n = study.n
    scheme = {
        "stratified": "balanced over classes",
        "grouped": "with whole groups in one fold",
        "by time": "in the order of time, each test fold after its training rows",
        "plain": "at random",
    }
    return para(
        say(
            "Every family is judged by nested cross-validation{c}: {outer} outer folds, drawn {scheme}, "
            "estimate the score; within each outer training set, {inner} inner folds choose the setting.",
            c=cite(*study.cited("VarmaSimon2006")),
            outer=n(SUMMARY, "outer_folds"),
            inner=n(SUMMARY, "inner_folds"),
            scheme=scheme.get(study.design["fold_scheme"], "at random"),
        ),
        say(
            "Each family gets the same budget of {k} settings, spread evenly over its space before any "
            "score is seen. The baseline predicts from the target alone and is not tuned.",
            k=n(SUMMARY, "settings_per_family"),
        ),
        say(
            "The whole is {done} with {seeds} ({list}); a seed settles the folds and the models' own randomness.",
            done="done" if study.summary["seeds"] == 1 else "repeated",
            seeds=study.seeds(),
            list=listed([n(DESIGN, "seeds", place) for place, _ in enumerate(study.design["seeds"][:20])]),
        ),
    )


def _preparation(study: Study) -> Paragraph:
    """What is done to the columns, and where it is fitted."""
    return para(
        say(
            "Missing numeric values are replaced by the median with an indicator column, numeric columns "
            "are scaled, and categorical ones coded one level at a time; all of this is fitted on the "
            "training rows of a fold only. The implementations are those of scikit-learn{c}.",
            c=cite(*study.cited("Pedregosa2011")),
        )
    )


def _metric(study: Study) -> Paragraph:
    """The primary metric and the two kinds of spread."""
    return para(
        say(
            "The primary metric is {m} ({dir}).",
            m=study.metric_title,
            dir="higher is better" if study.summary["direction"] == "higher" else "lower is better",
        ),
        say(
            "Two kinds of spread are kept apart. The standard deviation of folds within a seed shows how "
            "much the score depends on which rows are tested; that of the seeds' means shows how much it "
            "depends on chance in splitting and fitting."
        ),
    )


def _inference(study: Study) -> Paragraph:
    """Intervals, adjusted tests, verdicts."""
    n = study.n
    return para(
        say(
            "Two families are compared by their differences {d} on the same folds, {j} of them.",
            d=math("d_j", "d_j"),
            j=n(COMPARED, "J"),
        ),
        say(
            "Because training sets overlap, the variance of the mean is taken as {v}, with {df} degrees of "
            "freedom{c}; the ratio of test to training rows is {ratio}.",
            v=math(
                r"\left(\frac{1}{J}+\frac{n_{\mathrm{test}}}{n_{\mathrm{train}}}\right)s^2",
                'lr((1/J + n_"test"/n_"train")) s^2',
            ),
            df=n(COMPARED, "df"),
            ratio=n(COMPARED, "test_train_ratio", format=".3f"),
            c=cite(*study.cited("NadeauBengio2003")),
        ),
        say(
            "We report the difference with its {level} interval first, and then p-values for a difference "
            "of zero, adjusted over all comparisons by Holm's procedure{h}.",
            level=study.level(),
            h=cite(*study.cited("Holm1979")),
        ),
        say(
            "A verdict needs more than a small p-value: a family is called better only if its difference is "
            "shown to exceed the smallest one that matters ({rope}), and two families are called "
            "practically equal only if it is shown to be smaller{b}, both after adjustment. Everything else "
            "is undecided.",
            rope=study.rope(),
            b=cite(*study.cited("Benavoli2017")),
        ),
        say("Where scores leave no room for a difference of that size, no comparison is claimed."),
    )


def _tests(study: Study) -> list[Block]:
    items: list[Run] = []
    if study.ledger.known(PERMUTED, "permutations"):
        items.append(
            say(
                "Any signal at all: the score of {f} is compared with its scores after the targets were "
                "exchanged, {k} times{c}. With {b} exchanges at least as good as the observed score, the "
                "p-value is {p}.",
                f=study.name(study.ledger.load(PERMUTED)["family"]),
                k=study.n(PERMUTED, "permutations"),
                c=cite(*study.cited("OjalaGarriga2010")),
                b=math("b", "b"),
                p=math(r"(1+b)/(1+B)", "(1 + b) \\/ (1 + B)"),
            )
        )
    power = study.design.get("power") or {}
    if study.ledger.known(DESIGN, "power", "detectable_difference"):
        floor: Put = (
            say(
                " More seeds cannot bring this below {f}, because the training sets still overlap.",
                f=study.n(DESIGN, "power", "floor", format=".2g"),
            )
            if power.get("floor")
            else ()
        )
        items.append(
            say(
                "Power: if fold differences have a standard deviation of {sd}, which is an assumption made "
                "before the experiments, this design finds a difference of {x} with the usual power, before "
                "the adjustment for several comparisons.{floor}",
                sd=study.n(DESIGN, "power", "assumed_sd", format=".2g"),
                x=study.n(DESIGN, "power", "detectable_difference", format=".2g"),
                floor=floor,
            )
        )
    if study.holdout["rows"]:
        items.append(
            say(
                "Holdout: after the analysis had fixed which family leads, that family and the others were "
                "fitted once on the whole training part and scored on the locked rows, with percentile "
                "intervals from {k} bootstrap samples of {unit}.",
                k=study.n(HOLDOUT, "bootstrap", "resamples"),
                unit=str(study.holdout["bootstrap"].get("unit", "rows")),
            )
        )
    return [bullets(items)] if items else []
