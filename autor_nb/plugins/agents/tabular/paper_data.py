"""The data section of a paper: rows, split, hashes, and how leakage was looked for."""

from __future__ import annotations

from autor_nb.domain.document import Block, Section, Table, Words
from autor_nb.plugins.agents.tabular.paper_facts import (
    FILES,
    LEAKAGE,
    PROFILE,
    SPLIT,
    SUMMARY,
    Study,
)
from autor_nb.plugins.agents.tabular.paper_prose import (
    Run,
    code,
    has_numeral,
    listed,
    para,
    ref,
    say,
)

SUSPECTS = 8
NAMED = 6  # columns that a leakage finding names in the text; more are counted as "and others"


def data(study: Study) -> Section:
    """Where the rows come from, how they were split, what was looked for in them."""
    split, n = study.split, study.n
    blocks: list[Block] = [
        para(
            say(
                "The data set {d} has {raw} rows, read from {file}.",
                d=study.dataset,
                raw=n(SPLIT, "raw_rows"),
                file=code(split["raw"]),
            ),
            _left_out(study),
            say("{t} is to be predicted from {cols} columns.", t=study.target, cols=n(SUMMARY, "columns")),
            _classes(study),
            _missing(study),
        ),
        para(_holdout_rule(study)),
        _files_table(study),
        para(
            say(
                "Leakage was looked for in the training part only. {t} lists what was looked for, what was "
                "found and what was done about it; it names columns, so that a person who knows them can "
                "overrule it.",
                t=ref("tab:leakage"),
            )
        ),
        _leakage_table(study),
        *_suspects(study),
    ]
    dropped = study.design.get("dropped", [])
    if dropped:
        blocks.append(
            para(
                say(
                    "Left out as predictors: {items}.",
                    items=listed(
                        [say("{c} ({w})", c=code(item["name"]), w=_plain_reason(item["why"])) for item in dropped[:20]]
                    ),
                )
            )
        )
    return Section(name="data", title="Data", blocks=tuple(blocks), results=True)


def _suspects(study: Study) -> list[Block]:
    """How well the suspicious columns do alone, and what that may mean."""
    found = study.suspects()
    if not found:
        return []
    shown: list[Run] = []
    for name, place in found[:SUSPECTS]:
        if place is None:
            shown.append(say("{c} (separates the classes without error)", c=code(name)))
        else:
            score = study.n(LEAKAGE, "checks", place, "scores", name, format=".3f")
            shown.append(say("{c} ({m} {s})", c=code(name), m=study.leakage[place]["measure"], s=score))
    return [
        para(
            say(
                "Some predictors (nearly) determine {t} alone, out of fold: {l}{more}. Such a column is either a real "
                "sign or known only after the outcome; in the second case every score of this study is too good. It "
                "was kept, because only a person can tell.",
                t=study.target,
                l=listed(shown),
                more=" and others" if len(found) > SUSPECTS else "",
            )
        )
    ]


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
        return (
            say(
                "In the training part it has a median of {m} and a standard deviation of {s}.",
                m=study.n(PROFILE, "target", "median", format=".4g"),
                s=study.n(PROFILE, "target", "sd", format=".4g"),
            )
            if known
            else ()
        )
    shown = list(classes)[:12]
    listing = listed(
        [say("{c} ({k} rows)", c=code(name), k=study.n(PROFILE, "target", "classes", name)) for name in shown]
    )
    more = " and others" if len(classes) > len(shown) else ""
    positive = (
        say("; the class whose probability is predicted is {p}", p=code(study.design["positive"]))
        if study.summary["task"] == "binary"
        else ()
    )
    return say("Its classes in the training part are {l}{more}{positive}.", l=listing, more=more, positive=positive)


def _missing(study: Study) -> Run:
    columns = study.profile["columns"]
    used = {column["name"] for column in study.design["columns"]}
    gaps = [(place, c) for place, c in enumerate(columns) if c["missing"] and c["name"] in used]
    if not gaps:
        return say("No value is missing in the columns used.")
    place, worst = max(gaps, key=lambda pair: pair[1]["missing"])
    return say(
        "Values are missing in some of the columns used, most in {c} ({share}).",
        c=code(worst["name"]),
        share=study.ledger.percent(PROFILE, "columns", place, "missing_share", digits=1),
    )


def _holdout_rule(study: Study) -> Run:
    split, n = study.split, study.n
    if not split["holdout_rows"]:
        return say(
            "No holdout was set aside: all {k} labelled rows are used for training, and cross-validation "
            "alone speaks about new rows.",
            k=n(SPLIT, "train_rows"),
        )
    how = {
        "stratified": "at random, balanced over classes",
        "grouped": "in whole groups",
        "by time": "as the latest in time",
        "plain": "at random",
    }.get(split["method"], "at random")
    duplicates = (
        say(" Rows that are copies of one another were kept on the same side.")
        if split.get("duplicates_kept_together")
        else ()
    )
    group = say(" The group column is {g}.", g=code(split["group"])) if split.get("group") else ()
    time = say(" The time column is {t}.", t=code(split["time"])) if split.get("time") else ()
    return say(
        "Before anything was profiled, {h} rows ({share}) were set aside {how} and locked by their hash; "
        "{k} rows remain for training.{d}{g}{t} The hypotheses, the design and every choice of a setting "
        "come from the training part.",
        h=n(SPLIT, "holdout_rows"),
        share=study.ledger.percent(SPLIT, "fraction"),
        how=how,
        k=n(SPLIT, "train_rows"),
        d=duplicates,
        g=group,
        t=time,
    )


def _files_table(study: Study) -> Table:
    files = study.ledger.load(FILES)["files"]
    rows = tuple(
        (
            (Words(text=str(item["role"])),),
            (code(item["path"]),),
            (study.n(FILES, "files", place, "rows"),)
            if study.ledger.known(FILES, "files", place, "rows")
            else (Words(text="—"),),
            (code(f"sha256:{item['sha256'][:16]}"),),
        )
        for place, item in enumerate(files)
    )
    return Table(
        label="tab:files",
        caption=say("Data files with the beginning of their hashes; in full in {f}.", f=code(FILES)),
        align="llrl",
        header=((Words(text="Part"),), (Words(text="File"),), (Words(text="Rows"),), (Words(text="Hash"),)),
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
        rows.append(
            (
                (Words(text=check["title"]),),
                named,
                _finding(study, check),
                (Words(text=_plain_reason(check["action"])),),
            )
        )
    head: tuple[Run, ...] = tuple((Words(text=t),) for t in ("Looked for", "Columns", "Finding", "Done"))
    return Table(
        label="tab:leakage",
        caption=say("Leakage checks on the training part."),
        align="llll",
        header=head,
        rows=tuple(rows),
    )


def _finding(study: Study, check: dict[str, object]) -> Run:
    text = str(check["finding"])
    if not has_numeral(text):
        return (Words(text=text),)
    if check["id"] == "duplicates" and study.ledger.known(SPLIT, "duplicate_rows"):
        return say("{k} rows of the whole file copy an earlier one", k=study.n(SPLIT, "duplicate_rows"))
    return say("see {f}", f=code("data/leakage.json"))


def _plain_reason(text: str) -> str:
    return "for a reason recorded with the design" if has_numeral(str(text)) else str(text)
