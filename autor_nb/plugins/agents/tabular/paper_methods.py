"""The data and methods sections of a paper: rows, hashes, leakage checks, design, tuning and statistics."""

from __future__ import annotations

from autor_nb.domain.document import Block, Section, Table, Words
from autor_nb.plugins.agents.tabular.paper_facts import (
    COMPARED,
    DESIGN,
    FILES,
    HOLDOUT,
    PERMUTED,
    PROFILE,
    SPLIT,
    SUMMARY,
    Study,
)
from autor_nb.plugins.agents.tabular.paper_prose import (
    Put,
    Run,
    bullets,
    cite,
    code,
    has_numeral,
    listed,
    math,
    para,
    ref,
    say,
)

NAMED = 6  # columns that a leakage finding names in the text; more are counted as "and others"


def data(study: Study) -> Section:
    """Where the rows come from, how they were split, what was looked for in them."""
    split, n = study.split, study.n
    blocks: list[Block] = [
        para(
            say("The data set {d} has {raw} rows, read from "
                "{file}.", d=study.dataset, raw=n(SPLIT, "raw_rows"),
                file=code(split["raw"])),
            _left_out(study),
            say("{t} is to be predicted from {cols} columns.", t=study.target, cols=n(SUMMARY, "columns")),
            _classes(study),
            _missing(study),
        ),
        para(_holdout_rule(study)),
        _files_table(study),
        para(say("Leakage was looked for in the training part only. {t} lists what was looked for, what was "
                 "found and what "
                 "was done about it; it names columns, so that a person who knows them can overrule it.",
                 t=ref("tab:leakage"))),
        _leakage_table(study),
    ]
    dropped = study.design.get("dropped", [])
    if dropped:
        blocks.append(para(say("Left out as predictors: {items}.", items=listed([
            say("{c} ({w})", c=code(item["name"]), w=_plain_reason(item["why"])) for item in dropped[:20]]))))
    return Section(name="data", title="Data", blocks=tuple(blocks), results=True)


def _left_out(study: Study) -> Run:
    said = []
    if study.split.get("unlabelled_rows"):
        said.append(say("{k} without a value of the target", k=study.n(SPLIT, "unlabelled_rows")))
    if study.split.get("excluded_rows"):
        said.append(say("{k} of classes with too few rows", k=study.n(SPLIT, "excluded_rows")))
    return say("Left out are {what}.", what=listed(said)) if said else ()


def _classes(study: Study) -> Run:
    classes = study.profile["target"].get("classes", {})
    if study.summary["task"] == "regression" or not classes:
        known = study.ledger.known(PROFILE, "target", "median") and study.ledger.known(PROFILE, "target", "sd")
        return say("In the training part it has a median of {m} and a standard deviation of {s}.",
                   m=study.n(PROFILE, "target", "median", format=".4g"),
                   s=study.n(PROFILE, "target", "sd", format=".4g")) if known else ()
    shown = list(classes)[:12]
    listing = listed([say("{c} ({k} "
                          "rows)", c=code(name), k=study.n(PROFILE, "target", "classes", name)) for name in shown])
    more = " and others" if len(classes) > len(shown) else ""
    positive = say("; the class whose probability is predicted is {p}", p=code(study.design["positive"])) \
        if study.summary["task"] == "binary" else ()
    return say("Its classes in the training part are "
               "{l}{more}{positive}.", l=listing, more=more, positive=positive)


def _missing(study: Study) -> Run:
    columns = study.profile["columns"]
    used = {column["name"] for column in study.design["columns"]}
    gaps = [(place, c) for place, c in enumerate(columns) if c["missing"] and c["name"] in used]
    if not gaps:
        return say("No value is missing in the columns used.")
    place, worst = max(gaps, key=lambda pair: pair[1]["missing"])
    return say("Values are missing in some of the columns used, most in {c} "
               "({share}).", c=code(worst["name"]),
               share=study.ledger.percent(PROFILE, "columns", place, "missing_share", digits=1))


def _holdout_rule(study: Study) -> Run:
    split, n = study.split, study.n
    if not split["holdout_rows"]:
        return say("No holdout was set aside: all {k} labelled rows are used for training, and "
                   "cross-validation alone speaks "
                   "about new rows.", k=n(SPLIT, "train_rows"))
    how = {"stratified": "at random, balanced over "
                         "classes", "grouped": "in whole groups", "by time": "as the latest in time",
           "plain": "at random"}.get(split["method"], "at random")
    duplicates = say(" Rows that are copies of one another were kept on the same side.") \
        if split.get("duplicates_kept_together") else ()
    group = say(" The group column is {g}.", g=code(split["group"])) if split.get("group") else ()
    time = say(" The time column is {t}.", t=code(split["time"])) if split.get("time") else ()
    return say("Before anything was profiled, {h} rows ({share}) were set aside {how} and locked by their "
               "hash; {k} rows remain "
               "for training.{d}{g}{t} The hypotheses, the design and every choice of a setting come from "
               "the training part.",
               h=n(SPLIT, "holdout_rows"), share=study.ledger.percent(SPLIT, "fraction"), how=how,
               k=n(SPLIT, "train_rows"), d=duplicates, g=group, t=time)


def _files_table(study: Study) -> Table:
    files = study.ledger.load(FILES)["files"]
    rows = tuple(
        ((Words(text=str(item["role"])),), (code(item["path"]),),
         (study.n(FILES, "files", place, "rows"),) if study.ledger.known(FILES, "files", place, "rows") else (Words(text="—"),),
         (code(f"sha256:{item['sha256'][:16]}"),))
        for place, item in enumerate(files)
    )
    return Table(
        label="tab:files", caption=say("Data files with the beginning of their hashes; in full in "
                                       "{f}.", f=code(FILES)),
        align="llrl", header=((Words(text="Part"),), (Words(text="File"),), (Words(text="Rows"),), (Words(text="Hash"),)),
        rows=rows,
    )


def _leakage_table(study: Study) -> Table:
    rows = []
    for check in study.leakage:
        columns = [code(name, 30) for name in check["columns"][:NAMED]]
        named: Run = listed(columns) if columns else (Words(text="—"),)
        if len(check["columns"]) > NAMED:
            named = (*named, Words(text=" and others"))
        if check["id"] == "duplicates" and check["found"]:
            named = (Words(text="—"),)
        rows.append(((Words(text=check["title"]),), named, _finding(study, check), (Words(text=_plain_reason(check["action"])),)))
    head: tuple[Run, ...] = tuple((Words(text=t),) for t in ("Looked for", "Columns", "Finding", "Done"))
    return Table(label="tab:leakage", caption=say("Leakage checks on the training "
                                                  "part."), align="llll", header=head,
                 rows=tuple(rows))


def _finding(study: Study, check: dict[str, object]) -> Run:
    text = str(check["finding"])
    if not has_numeral(text):
        return (Words(text=text),)
    if check["id"] == "duplicates" and study.ledger.known(SPLIT, "duplicate_rows"):
        return say("{k} rows of the whole file copy an earlier one", k=study.n(SPLIT, "duplicate_rows"))
    return say("see {f}", f=code("data/leakage.json"))


def _plain_reason(text: str) -> str:
    return "for a reason recorded with the design" if has_numeral(str(text)) else str(text)


def methods(study: Study) -> Section:
    """Design, preparation, tuning, inference, permutation test, holdout."""
    n = study.n
    scheme = {"stratified": "balanced over classes", "grouped": "with whole groups in one fold",
              "by time": "in the order of time, each test fold after its training rows", "plain": "at random"}
    blocks: list[Block] = [
        para(
            say("Every family is judged by nested cross-validation{c}: {outer} outer folds, drawn {scheme}, "
                "estimate the score; "
                "within each outer training set, {inner} inner folds choose the setting.",
                c=cite(*study.cited("VarmaSimon2006")), outer=n(SUMMARY, "outer_folds"), inner=n(SUMMARY, "inner_folds"),
                scheme=scheme.get(study.design["fold_scheme"], "at random")),
            say("Each family gets the same budget of {k} settings, spread evenly over its space before any "
                "score is seen. The "
                "baseline predicts from the target alone and is not "
                "tuned.", k=n(SUMMARY, "settings_per_family")),
            say("The whole is repeated with {seeds} seeds ({list}), which change the folds and the models' "
                "own randomness.",
                seeds=n(SUMMARY, "seeds"),
                list=listed([n(DESIGN, "seeds", place) for place, _ in enumerate(study.design["seeds"][:20])])),
        ),
        para(say("Missing numeric values are replaced by the median with an indicator column, numeric "
                 "columns are scaled, and "
                 "categorical ones coded one level at a time; all of this is fitted on the training rows of "
                 "a fold only. The "
                 "implementations are those of scikit-learn{c}.", c=cite(*study.cited("Pedregosa2011")))),
        para(
            say("The primary metric is {m} ({dir}).", m=study.metric_title,
                dir="higher is better" if study.summary["direction"] == "higher" else "lower is better"),
            say("Two kinds of spread are kept apart. The standard deviation of folds within a seed shows "
                "how much the score "
                "depends on which rows are tested; that of the seeds' means shows how much it depends on "
                "chance in splitting "
                "and fitting."),
        ),
        para(
            say("Two families are compared by their differences {d} on the same folds, {j} of "
                "them.", d=math("d_j", "d_j"),
                j=n(COMPARED, "J")),
            say("Because training sets overlap, the variance of the mean is taken as {v}, with {df} degrees "
                "of freedom{c}; the "
                "ratio of test to training rows is {ratio}.", v=math(
                    r"\left(\frac{1}{J}+\frac{n_{\mathrm{test}}}{n_{\mathrm{train}}}\right)s^2",
                    'lr((1/J + n_"test"/n_"train")) s^2'), df=n(COMPARED, "df"),
                ratio=n(COMPARED, "test_train_ratio", format=".3f"), c=cite(*study.cited("NadeauBengio2003"))),
            say("We report the difference with its {level} interval first, and then p-values for a "
                "difference of zero, adjusted "
                "over all comparisons by Holm's "
                "procedure{h}.", level=study.level(), h=cite(*study.cited("Holm1979"))),
            say("A verdict needs more than a small p-value: a family is called better only if its "
                "difference is shown to exceed "
                "the smallest one that matters ({rope}), and two families are called practically equal only "
                "if it is shown to "
                "be smaller{b}, both after adjustment. Everything else is undecided.", rope=study.rope(),
                b=cite(*study.cited("Benavoli2017"))),
            say("Where scores leave no room for a difference of that size, no comparison is claimed."),
        ),
    ]
    blocks += _tests(study)
    return Section(name="methods", title="Methods", blocks=tuple(blocks), results=True)


def _tests(study: Study) -> list[Block]:
    items: list[Run] = []
    if study.ledger.known(PERMUTED, "permutations"):
        items.append(say(
            "Any signal at all: the score of {f} is compared with its scores after the targets were "
            "exchanged, {k} times{c}. "
            "With {b} exchanges at least as good as the observed score, the p-value is {p}.",
            f=study.name(study.ledger.load(PERMUTED)["family"]), k=study.n(PERMUTED, "permutations"),
            c=cite(*study.cited("OjalaGarriga2010")), b=math("b", "b"), p=math(r"(1+b)/(1+B)", "(1 + b) \\/ "
                                                                                               "(1 + B)")))
    power = study.design.get("power") or {}
    if study.ledger.known(DESIGN, "power", "detectable_difference"):
        floor: Put = say(" More seeds cannot bring this below {f}, because the training sets still overlap.",
                         f=study.n(DESIGN, "power", "floor", format=".2g")) if power.get("floor") else ()
        items.append(say(
            "Power: if fold differences have a standard deviation of {sd}, which is an assumption made "
            "before the experiments, "
            "this design finds a difference of {x} with the usual power, before the adjustment for several "
            "comparisons.{floor}",
            sd=study.n(DESIGN, "power", "assumed_sd", format=".2g"),
            x=study.n(DESIGN, "power", "detectable_difference", format=".2g"), floor=floor))
    if study.holdout["rows"]:
        items.append(say(
            "Holdout: after the analysis had fixed which family leads, that family and the others were "
            "fitted once on the whole "
            "training part and scored on the locked rows, with percentile intervals from {k} bootstrap "
            "samples of {unit}.",
            k=study.n(HOLDOUT, "bootstrap", "resamples"), unit=str(study.holdout["bootstrap"].get("unit", "rows"))))
    return [bullets(items)] if items else []
