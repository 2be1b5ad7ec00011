"""The front of a paper: title, notice, abstract, introduction and related methods, worded by the outcome."""

from __future__ import annotations

from autor_nb.domain.document import Block, Paragraph, Section, Words
from autor_nb.plugins.agents.tabular.paper_facts import HOLDOUT, PERMUTED, SUMMARY, Study
from autor_nb.plugins.agents.tabular.paper_prose import (
    Put,
    Run,
    bullets,
    cite,
    code,
    has_numeral,
    listed,
    para,
    ref,
    say,
    spaced,
    strong,
)
from autor_nb.plugins.agents.tabular.vocabulary import METRIC_TITLES

SUSPECTS = 4  # columns that the abstract names; the data section names more
TASKS = {"binary": "binary classification", "multiclass": "classification", "regression": "regression"}


def title(study: Study) -> Run:
    """The title, or the one that a person asked for."""
    if study.wishes.title:
        return _typed(study.wishes.title)
    if study.compared["ceiling"]:
        return say(
            "Predicting {t} on {d}: a comparison of model families at the ceiling of the metric",
            t=study.target,
            d=study.dataset,
        )
    return say("Predicting {t} on {d}: a comparison of tuned model families", t=study.target, d=study.dataset)


def notice() -> Run:
    """What a reader must know before anything else."""
    return spaced(
        (
            (strong("How this document was made."),),
            say(
                "It was made without a language model. Its text is templated, and its numbers are computed: "
                "each one is read from a result file of this run, and none was typed. Literature was "
                "supplied, not searched. Whether the question is worth asking, and whether the conclusions "
                "matter, are for a person to judge."
            ),
        )
    )


def _typed(text: str) -> Run:
    """A person's own words; pieces that would read as numbers are set as names."""
    parts: list[Put] = []
    for place, piece in enumerate(text.split()):
        space = " " if place else ""
        bare = any(c.isdigit() for c in piece) and not any(c.isalpha() for c in piece)
        parts.append((Words(text=space), code(piece)) if bare else (Words(text=space + piece),))
    return say("".join(f"{{p{n}}}" for n in range(len(parts))), **{f"p{n}": part for n, part in enumerate(parts)})


def families_listed(study: Study, keys: list[str] | None = None) -> Run:
    """“logistic regression, the random forest and gradient boosting”."""
    return listed([study.name(key) for key in (study.tuned if keys is None else keys)])


def abstract(study: Study) -> Run:
    """What was done, what was found, what may be concluded."""
    n = study.n
    return spaced(
        (
            say(
                "We compare {families} with a baseline for predicting {t} on the data set {d} ({rows} rows "
                "and {cols} columns for training), by nested cross-validation with {outer} outer folds, "
                "{seeds} and equal tuning budgets.",
                families=families_listed(study),
                t=study.target,
                d=study.dataset,
                rows=n(SUMMARY, "rows"),
                cols=n(SUMMARY, "columns"),
                outer=n(SUMMARY, "outer_folds"),
                seeds=study.seeds(),
            ),
            _suspects_in_short(study),
            _signal_in_short(study),
            outcome_in_short(study),
            _holdout_in_short(study),
            say("All statements hold on this data set and claim nothing beyond it."),
        )
    )


def _suspects_in_short(study: Study) -> Run:
    """Predictors that may be leaks, by name, before any score is told."""
    found = study.suspects()
    if not found:
        return ()
    shown = listed([(code(name, 40),) for name, _ in found[:SUSPECTS]])
    return say(
        "Possible leakage: {one} alone, {c}{more}, (nearly) determines {t}; unless that is known before the outcome, "
        "every score below is too good.",
        one="one column" if len(found) == 1 else "each of some columns",
        c=shown,
        more=" and others" if len(found) > SUSPECTS else "",
        t=study.target,
    )


def _signal_in_short(study: Study) -> Run:
    groups = study.against_baseline()
    if not study.ledger.known(PERMUTED, "p"):
        return ()
    p = study.ledger.p(PERMUTED, "p")
    if groups["better"] and not groups["worse"] and not groups["undecided"] and not groups["equal"]:
        said = "Every tuned family is better than the baseline by more than the smallest difference that matters"
    elif groups["better"]:
        said = "Not every tuned family is shown to be better than the baseline by more than what matters"
    else:
        said = "No tuned family is shown to be better than the baseline by more than what matters"
    return say(
        "{said} ({rope}, in {metric}); a permutation test for any signal gives a p-value of {p}.",
        said=said,
        rope=study.rope(),
        metric=study.metric_title,
        p=p,
    )


def outcome_in_short(study: Study) -> Run:
    """The comparison with the leading family in one or two sentences."""
    groups, best = study.against_best(), study.name(study.best)
    lead = say(
        "The highest mean is that of {b} ({v})."
        if study.summary["direction"] == "higher"
        else "The lowest mean error is that of {b} ({v}).",
        b=best,
        v=study.cv(study.best),
    )
    parts = []
    if groups["ceiling"]:
        parts.append(
            say(
                "between it and {o} the scores leave no room for a difference that matters (a ceiling), so "
                "that no comparison is claimed",
                o=families_listed(study, groups["ceiling"]),
            )
        )
    if groups["better"]:
        parts.append(
            say(
                "it is better than {o} by more than that difference",
                o=families_listed(study, groups["better"]),
            )
        )
    if groups["equal"]:
        parts.append(say("it is practically equal to {o}", o=families_listed(study, groups["equal"])))
    if groups["undecided"]:
        parts.append(say("against {o} the data do not decide", o=families_listed(study, groups["undecided"])))
    if groups["worse"]:
        parts.append(say("it is worse than {o} on paired folds", o=families_listed(study, groups["worse"])))
    if not parts:
        return lead
    text = parts[0]
    for place, part in enumerate(parts[1:], 1):
        text = (*text, Words(text="; and " if place == len(parts) - 1 else "; "), *part)
    first = text[0]
    if isinstance(first, Words):
        text = (Words(text=first.text[:1].upper() + first.text[1:]), *text[1:])
    return spaced((lead, say("{t}.", t=text)))


def _holdout_in_short(study: Study) -> Run:
    if not study.holdout["rows"]:
        return say("There is no holdout, so that no score on untouched rows is reported.")
    chosen = study.holdout["selected"]
    place = ("families", chosen, study.metric)
    return say(
        "On {rows} rows that were set aside beforehand (opened {often}), {b} reaches {v} ({level} interval {ci}).",
        rows=study.n(HOLDOUT, "rows"),
        often=study.opened_often(),
        b=study.name(chosen),
        v=study.n(HOLDOUT, *place, "estimate", format=study.score(study.metric)),
        level=study.level(),
        ci=study.interval(HOLDOUT, *place, signed=False),
    )


def introduction(study: Study) -> Section:
    """Goal, question and what the paper does and does not do."""
    goal = " ".join(study.session.task.goal.split())
    blocks: list[Block] = [
        para(
            say(
                "The goal of this study, in the words of the person who asked for it, is: “{g}”.",
                g=_quoted(goal),
            ),
            say(
                "We read it as a problem of {task}: from the other columns of {d}, predict {t}.",
                task=TASKS.get(study.summary["task"], "prediction"),
                d=study.dataset,
                t=study.target,
            ),
        ),
        para(
            say(
                "Two questions are asked before any ranking is looked at. Do the columns carry a signal "
                "about the target at all? And if they do, is one family of models better than another by an "
                "amount that matters, rather than by an amount that a different seed or a different split "
                "would undo?"
            ),
            say(
                "A difference in {m} of less than {rope} is taken not to matter ({why}); the size was fixed "
                "before the experiments.",
                m=study.metric_title,
                rope=study.rope(),
                why=_why_rope(study),
            ),
        ),
    ]
    if not study.wishes.brief:
        blocks.append(
            para(
                say(
                    "{data} describes the data and how leakage was looked for, {methods} the design and the "
                    "statistics, {results} the results with intervals before p-values. {limits} says what "
                    "limits them and what failed.",
                    data=ref("data"),
                    methods=ref("methods"),
                    results=ref("results"),
                    limits=ref("limitations"),
                )
            )
        )
    return Section(name="introduction", title="Introduction", blocks=tuple(blocks))


def _quoted(goal: str) -> str:
    """The goal; a very long one is cut at a word."""
    return goal if len(goal) <= 600 else goal[:600].rsplit(" ", 1)[0] + " …"


def _why_rope(study: Study) -> str:
    text = str(study.design.get("rope_text", "")).strip()
    return text if text and not has_numeral(text) else "a convention that a person may replace"


def related(study: Study) -> Section:
    """The works behind the methods, and those that a person supplied."""
    supplied = (
        [s for s in study.ledger.load("literature/sources.json") if s.get("kind") == "supplied"]
        if study.ledger.has("literature/sources.json")
        else []
    )
    keys = tuple(dict.fromkeys(s["key"] for s in supplied if s.get("key")))
    about = _supplied(supplied, keys)
    method = para(
        say(
            "Scores of a model that was tuned on the rows it is judged by are too good; nested "
            "cross-validation keeps the two apart{c}.",
            c=cite(*study.cited("VarmaSimon2006")),
        ),
        say(
            "Because the training sets of different folds overlap, the ordinary t test of paired fold "
            "differences is too sure of itself; we use the corrected variance{c} and the step-down "
            "adjustment for several comparisons{h}.",
            c=cite(*study.cited("NadeauBengio2003")),
            h=cite(*study.cited("Holm1979")),
        ),
        say(
            "Differences are judged against a region of practical equivalence{b}, and any signal at all by "
            "permutation{o}.",
            b=cite(*study.cited("Benavoli2017")),
            o=cite(*study.cited("OjalaGarriga2010")),
        ),
    )
    items = []
    for family in study.design["families"]:
        keys_of = study.cited(family.get("citation", ""))
        if family["key"] in study.summary["families"]:
            items.append(say("{t}{c}", t=study.title(family["key"]), c=cite(*keys_of)))
    blocks: list[Block] = [about, method]
    if items and not study.wishes.brief:
        blocks.append(para(say("The families compared, with the works they rest on, are:")))
        return Section(name="related", title="Related methods", blocks=(*blocks, bullets(items)))
    if items:
        blocks.append(para(say("The families compared are {f}.", f=listed(items))))
    return Section(name="related", title="Related methods", blocks=tuple(blocks))


def _supplied(supplied: list[dict[str, str]], keys: tuple[str, ...]) -> Paragraph:
    if not supplied:
        return para(
            say(
                "No literature was supplied with this run, and none was searched. Only the works behind the "
                "methods are cited; what is known about the subject itself is not reviewed here."
            )
        )
    return para(
        say(
            "The literature supplied with the run{c} was read for its records only: it was not searched "
            "for, not extended, and not judged by this program.",
            c=cite(*keys),
        ),
        say("What it says about the subject must be weighed by a person."),
    )


def keywords(study: Study) -> tuple[str, ...]:
    """A few words for an index, if asked for."""
    if not study.wishes.parts["keywords"]:
        return ()
    return (
        TASKS.get(study.summary["task"], "prediction"),
        "nested cross-validation",
        ("practical equivalence"),
        METRIC_TITLES.get(study.metric, study.metric),
    )
