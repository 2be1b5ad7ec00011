"""Stage 08: threats to validity and release notes, from facts; the engine adds checklist and bundle."""

from __future__ import annotations

from typing import Any

import msgspec

from autor_nb.domain.ports import Feedback
from autor_nb.plugins.agents.tabular import opened
from autor_nb.plugins.agents.tabular.draft import Draft, bullets, code, counted, plain, table
from autor_nb.plugins.agents.tabular.paper_facts import IN_PROSE, Study
from autor_nb.plugins.agents.tabular.paper_wishes import Answer, Wishes, wishes_of
from autor_nb.plugins.agents.tabular.session import Session
from autor_nb.plugins.agents.tabular.suggestions import Option, change_of_suggestion, offer, offered_path
from autor_nb.plugins.agents.tabular.vocabulary import METRIC_TITLES

THREATS, NOTES = "reviews/threats_to_validity.md", "artifacts/release_notes.md"
MODEL_CARD, DATA_CARD, GUIDE = "artifacts/model_card.md", "artifacts/data_card.md", "artifacts/reproduce.md"
CARDS = {
    "model_card": (
        MODEL_CARD,
        ("Add a model card for the leading family: what it is for, how it scored, what it must not be used for."),
    ),
    "data_card": (
        DATA_CARD,
        ("Add a data card: where the rows come from, columns, gaps, how they were split."),
    ),
    "guide": (GUIDE, "Add a guide to reproducing the results, with commands, versions and hashes."),
}
WORDS = {
    "model_card": ("model card",),
    "data_card": ("data card", "datasheet", "data sheet"),
    "guide": ("reproduc", "guide", "instructions"),
}


def work(session: Session) -> None:
    """Write what is to go out with the results."""
    wanted, answers = _wanted(session)
    opened.recount(session)
    study = Study(session, Wishes())
    with session.step("threats to validity") as step:
        text = threats(study)
        session.write_text(THREATS, text, "threats to validity, from the run's facts")
        step.output = f"{text.count(chr(10) + '- ')} points"
    with session.step("release notes"):
        session.write_text(NOTES, release_notes(study), "what is in the bundle, and what may be said of it")
    makers = {"model_card": model_card, "data_card": data_card, "guide": guide}
    for key, (path, _) in CARDS.items():
        if key in wanted:
            with session.step(key.replace("_", " ")):
                session.write_text(path, makers[key](study), key.replace("_", " "))
        else:
            session.path(path).unlink(missing_ok=True)
    session.made("reviews/readiness_checklist.md", "checklist, written by the engine from facts")
    session.made("artifacts/release_bundle.zip", "everything in one file, made by the engine")
    session.made("artifacts/release_manifest.json", "SHA-256 of every file in the bundle")
    _draft(session, study, wanted, answers)


def _wanted(session: Session) -> tuple[set[str], list[Answer]]:
    """The cards asked for so far, and the answer to each request."""
    slug = session.task.stage.slug
    offered = session.read_json(offered_path(slug)) if session.exists(offered_path(slug)) else {}
    wanted: set[str] = set()
    answers: list[Answer] = []
    for feedback in session.task.feedback:
        taken = change_of_suggestion(feedback, slug, offered) if feedback.suggestion else None
        if taken is not None and taken.field == "release":
            (wanted.add if taken.how == "add" else wanted.discard)(taken.value)
            answers.append(Answer(feedback.attempt, taken.asked, True, ""))
        else:
            answers.append(_understood(feedback, wanted))
    return wanted, answers


def _understood(feedback: Feedback, wanted: set[str]) -> Answer:
    low = feedback.text.lower()
    remove = any(word in low.split() for word in ("drop", "remove", "delete", "without", "no"))
    named = [key for key, words in WORDS.items() if any(word in low for word in words)]
    for key in named:
        (wanted.discard if remove else wanted.add)(key)
    if named:
        return Answer(feedback.attempt, feedback.text, True, "")
    paper = wishes_of((msgspec.structs.replace(feedback, suggestion=None),), "", {}, frozenset()).answers
    why = (
        "it concerns the paper: roll back to stage 07 and ask for it there"
        if any(a.done for a in paper)
        else "not understood: without a language model this stage can add or remove a model card, a data "
        "card and a guide"
    )
    return Answer(feedback.attempt, feedback.text, False, why)


# ------------------------------------------------------------------------------------------ documents


def threats(study: Study) -> str:
    """Threats by kind, each a fact of this run or a standing question that only a person can answer."""
    external = [
        f"One data set, {study.split['raw_rows']} rows: nothing is claimed beyond it.",
        (
            "How the rows were sampled is not known to this program. Whether they stand for anybody else is "
            "for a person to say."
        ),
    ]
    construct = [
        f"The target {code(study.plan.target)} is taken as given; errors in it are not modelled.",
        (
            f"The primary metric is {METRIC_TITLES.get(study.metric, study.metric)}. Another cost of errors "
            "may give another order."
        ),
        (
            "Association is not cause: importance and scores say what a model uses, not what would happen "
            "if it were changed."
        ),
    ]
    noted = [f"Stage {plain(i['stage'])}, {plain(i['kind'])}: {plain(i['text'])}" for i in study.limits]
    parts = [
        ("Internal validity", _internal(study)),
        ("Statistical validity", _statistical(study)),
        ("External validity", external),
        ("Construct validity", construct),
        ("Noted by the stages", noted or ["Nothing further."]),
    ]
    body = "\n\n".join(f"## {title}\n\n{bullets(items)}" for title, items in parts)
    return f"# Threats to validity\n\nMade from the run's files, without a language model.\n\n{body}\n"


def _internal(study: Study) -> list[str]:
    """Leakage, and how the holdout was used."""
    split, held = study.split, study.holdout
    found = [
        f"{plain(check['title'])}: {plain(check['finding'])}"
        + (f" ({', '.join(code(name) for name in check['columns'][:8])})" if check["columns"] else "")
        + f". Done: {plain(check['action'])}."
        for check in study.leakage
        if check["found"]
    ] or [("The leakage checks found nothing. They compare values; they do not understand what a column means.")]
    if split["holdout_rows"]:
        found.append(f"{plain(opened.words(study.opened))} It has {held['rows']} rows.")
    else:
        found.append(f"There is no holdout ({plain(split['why'])}): the leading score is that of the best of several.")
    found.append(
        "A column that is known only after the outcome is not noticed unless it (nearly) equals it. A person must look."
    )
    return found


def _statistical(study: Study) -> list[str]:
    """What limits the intervals and the verdicts."""
    compared = study.compared
    return [
        (
            f"{counted(study.summary['seeds'], 'seed')} and {study.summary['outer_folds']} outer folds; intervals are "
            "corrected for overlapping training sets, and stay approximations."
        ),
        (
            f"The smallest difference that matters is {compared['rope']:.4g} "
            f"({plain(study.design.get('rope_text', ''))})."
        ),
        *([plain(compared["ceiling_text"])] if compared["ceiling"] else []),
        *(
            [
                "Some comparisons are undecided: "
                + ", ".join(
                    f"{_name(i['a'])} and {_name(i['b'])}"
                    for i in compared["comparisons"]
                    if i["verdict"] == "undecided"
                )
                + "."
            ]
            if any(i["verdict"] == "undecided" for i in compared["comparisons"])
            else []
        ),
        *(
            [(f"{len(study.failures)} fits failed or did not converge (results/failures.json).")]
            if study.failures
            else []
        ),
    ]


def release_notes(study: Study) -> str:
    """What is in the bundle, what was found, and how far it goes."""
    rows = [[plain(t["id"]), plain(t["statement"]), plain(t["outcome"])] for t in study.tests]
    contents = [
        f"{code('writing/')}, {code('artifacts/paper.pdf')}: the paper and its sources",
        f"{code('results/')}, {code('figures/')}: every score, difference and figure",
        f"{code('code/')}: the programs that made them; start with {code('code/README.md')}",
        (f"{code('data/')}: the data as used, its split and its hashes — check that you may pass it on before you do"),
        (
            f"{code('literature/')}, {code('notes/')}, {code('reviews/')}: sources, design, hypotheses, "
            "threats and checklist"
        ),
    ]
    return (
        "\n\n".join(
            [
                f"# Release notes: predicting {code(study.plan.target)} on {code(study.summary['dataset'])}",
                f"Goal, as it was given: {plain(' '.join(study.session.task.goal.split()))}",
                (
                    "Made by the embedded agent of autor_nb, without a language model: text is templated, "
                    "numbers are computed, literature was supplied, not searched."
                ),
                "## Found\n\n" + table(["id", "hypothesis", "outcome"], rows),
                "## Scores\n\n" + _scores(study),
                "## In the bundle\n\n" + bullets(contents),
                (
                    f"## What may be said\n\nOnly what holds on this data set. See {code(THREATS)} and "
                    f"{code('reviews/readiness_checklist.md')} before anything is published."
                ),
            ]
        )
        + "\n"
    )


def _scores(study: Study) -> str:
    metric = study.metric
    header = ["family", f"mean {METRIC_TITLES.get(metric, metric)}", "SD of folds", "SD of seeds"]
    rows = []
    for family in study.families:
        found: dict[str, Any] = study.summary["families"][family]["metrics"].get(metric, {})
        rows.append([plain(study.title(family)), *(_written(found.get(k)) for k in ("mean", "sd_folds", "sd_seeds"))])
    return table(header, rows)


def _written(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, int | float) else "—"


def _name(family: str) -> str:
    return IN_PROSE.get(family, family)


def model_card(study: Study) -> str:
    """The leading family: intended use, scores, limits."""
    best = study.best
    held = study.holdout["families"].get(study.holdout["selected"], {}).get(study.metric, {})
    lines = [
        (
            f"Family: {plain(study.title(best))}; settings are chosen anew in every fold (see "
            "`results/chosen_settings.csv`)."
        ),
        (
            f"Trained on {study.summary['rows']} rows and {study.summary['columns']} columns of "
            f"{code(study.summary['dataset'])} to predict {code(study.plan.target)}."
        ),
        (
            f"Cross-validated {METRIC_TITLES.get(study.metric, study.metric)}: "
            f"{_written(study.summary['families'][best]['metrics'][study.metric]['mean'])}."
        ),
        f"Locked holdout: {_written(held.get('estimate'))} ({_written(held.get('ci_low'))} to "
        f"{_written(held.get('ci_high'))})."
        if held
        else "There is no holdout.",
    ]
    uses = [
        "For comparing families on this data set. No model file is shipped.",
        "Not for decisions about persons, and not for other data, without an assessment of its own.",
    ]
    return f"# Model card\n\n{bullets(lines)}\n\n## Use\n\n{bullets(uses)}\n\nLimits: see `{THREATS}`.\n"


def data_card(study: Study) -> str:
    """The data: origin as far as known, columns, gaps, split."""
    rows = [
        [code(c["name"]), plain(c["kind"]), str(c["missing"]), str(c["distinct"])] for c in study.profile["columns"]
    ]
    files = [
        [code(f["path"]), plain(f["role"]), str(f.get("rows", "—")), code(f["sha256"])]
        for f in study.ledger.load("data/data_manifest.json")["files"]
    ]
    return (
        "\n\n".join(
            [
                "# Data card",
                (
                    f"{code(study.summary['dataset'])}: {study.split['raw_rows']} rows; target "
                    f"{code(study.plan.target)}. Collection, consent and licence are not known to this "
                    "program: a person must add them."
                ),
                "## Files\n\n" + table(["file", "part", "rows", "sha256"], files),
                "## Columns of the training part\n\n" + table(["column", "kind", "missing", "distinct"], rows),
                (
                    f"## Split\n\n{plain(study.split['method'])}: {study.split['train_rows']} rows for "
                    f"training, {study.split['holdout_rows']} held out ({plain(study.split['why'])})."
                ),
            ]
        )
        + "\n"
    )


def guide(study: Study) -> str:
    """How to make the results again, and how to tell that they are the same."""
    packages = study.environment.get("packages", {})
    pins = [code(f"{name}=={version}") for name, version in sorted(packages.items())]
    steps = [
        (
            f"Use Python {plain(study.environment.get('python', '3.11 or later'))} with "
            f"{', '.join(pins) or 'scikit-learn'}."
        ),
        f"Unpack the bundle and run {code('python code/smoke_test.py')}, then {code('python code/run.py')}.",
        f"Compare the hashes of {code('results/')} with {code('results/experiment_manifest.json')}.",
        (
            f"{code('python code/holdout.py')} scores the locked rows. Running it again is another opening "
            "of the holdout."
        ),
    ]
    return "# Reproducing the results\n\n" + "\n".join(f"{n}. {text}" for n, text in enumerate(steps, 1)) + "\n"


# ---------------------------------------------------------------------------------------------- draft


def _offers(wanted: set[str]) -> list[Option]:
    add = [Option(f"release+{key}", text) for key, (_, text) in CARDS.items() if key not in wanted]
    take = [Option(f"release-{key}", f"Take the {key.replace('_', ' ')} out again.") for key in CARDS if key in wanted]
    return [*add, *take][:3]


def _draft(session: Session, study: Study, wanted: set[str], answers: list[Answer]) -> None:
    rows = [
        [
            str(a.attempt),
            plain(a.asked),
            ("done" if a.done else "not done") + (f": {plain(a.why)}" if a.why else ""),
        ]
        for a in answers
    ]
    asked = "Feedback on this stage, oldest first:\n\n" + table(["after attempt", "asked", ("done or not done")], rows)
    outcomes = [f"{plain(t['id'])} {plain(t['outcome'])}" for t in study.tests]
    session.write_draft(
        Draft(
            objective="Prepare what goes out with the results: threats to validity and release notes, from facts.",
            did=[
                (
                    "I wrote the threats to validity by kind, from the split, the leakage checks, the "
                    "comparisons and what every stage noted, and the release notes."
                ),
                (
                    "The engine builds the readiness checklist and the bundle with its manifest from the "
                    "files as they are."
                ),
                *([asked] if answers else []),
            ],
            results=[
                f"Hypotheses: {', '.join(outcomes)}.",
                f"The leading family on this data set is {plain(_name(study.best))}; "
                + (
                    "scores are at the ceiling of the metric, so no comparison is claimed."
                    if study.compared["ceiling"]
                    else "see the paper for how far it is ahead."
                ),
                (
                    "Before publishing, a person must settle: the right to pass the data on, the judgement "
                    "dimensions of the self-review, and every line of the checklist that is not met."
                ),
            ],
            suggestions=offer(session, _offers(wanted)),
            ledger=[
                "Open: licence of the data, authorship and acknowledgements are a person's to settle.",
                f"Locked: {len(wanted)} optional documents are part of the release.",
            ],
        )
    )
