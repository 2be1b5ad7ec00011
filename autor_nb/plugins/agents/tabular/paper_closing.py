"""The end of a paper: limitations, what failed, conclusion, reproducibility."""

from __future__ import annotations

from autor_nb.domain.document import Block, Section
from autor_nb.plugins.agents.tabular.paper_facts import (
    FAILURES,
    HOLDOUT,
    SPLIT,
    SUMMARY,
    Study,
)
from autor_nb.plugins.agents.tabular.paper_front import families_listed, outcome_in_short
from autor_nb.plugins.agents.tabular.paper_prose import (
    Put,
    Run,
    bullets,
    code,
    has_numeral,
    listed,
    para,
    ref,
    say,
)


def limitations(study: Study) -> Section:
    """What limits the study: facts first, then what a person must judge."""
    items = [
        say(
            "One data set: another sample, place or time may give other scores and another order. Nothing "
            "here generalises beyond {d}.",
            d=study.dataset,
        ),
        say(
            "The corrected intervals are approximations. Scores of overlapping training sets stay "
            "dependent, and with {s} on the same rows more repetitions cannot replace more data.",
            s=study.seeds(),
        ),
        say(
            "The size of a difference that matters ({r}) is a convention; with another size, verdicts may "
            "change, while the intervals stay.",
            r=study.rope(),
        ),
        say(
            "Each family had a budget of {k} settings. A family may do better with a wider search or with "
            "features made by somebody who knows the subject.",
            k=study.n(SUMMARY, "settings_per_family"),
        ),
    ]
    if study.holdout["rows"]:
        items.append(
            say(
                "The holdout has {k} rows, and its intervals are as wide as that allows.",
                k=study.n(HOLDOUT, "rows"),
            )
        )
    else:
        items.append(
            say(
                "There is no holdout: the cross-validated score of the leading family is that of the best "
                "of several, and therefore somewhat too good."
            )
        )
    found = [check for check in study.leakage if check["found"] and not has_numeral(check["title"])]
    if found:
        items.append(
            say(
                "The leakage checks found something ({l}); whether it is a leak, only a person who knows "
                "the data can say ({t}).",
                l=listed([str(c["title"]).lower() for c in found]),
                t=ref("tab:leakage"),
            )
        )
    items.append(
        say(
            "No text was understood: column names were not read for their meaning, so that a column known "
            "only after the outcome would not be noticed unless it (nearly) equals it."
        )
    )
    items += [say("{t}", t=text) for text in _noted(study, ("excluded", "assumption", "limit"))]
    if study.wishes.brief:
        items = items[:3]
    return Section(name="limitations", title="Limitations", blocks=(bullets(items),), results=True)


def _noted(study: Study, kinds: tuple[str, ...]) -> list[str]:
    """What earlier stages noted, as far as it can be quoted without numerals and is not said above."""
    said = (
        ("Everything holds on this data set only"),
        "Corrected intervals are approximations",
        "ceiling:",
        "The holdout",
    )
    return [
        str(item["text"])
        for item in study.limits
        if item["kind"] in kinds and not has_numeral(str(item["text"])) and not str(item["text"]).startswith(said)
    ]


def failed(study: Study) -> Section:
    """What did not work, or was not decided."""
    items: list[Run] = []
    for test in study.tests:
        if test["outcome"] in ("not supported", "undecided", "not tested"):
            why = str(test.get("why", "")).rstrip(".")
            reason: Put = "" if not why or has_numeral(why) else f" ({why})"
            items.append(
                say(
                    "{id} was {o}{r}.",
                    id=f"Hypothesis {test['id']}"
                    if test["id"][:1] == "H"
                    else f"Claim {test['id']}"
                    if test["id"][:1] == "C"
                    else f"Theory {test['id']}",
                    o=test["outcome"],
                    r=reason,
                )
            )
    if study.failures:
        items.append(_fits(study))
    else:
        items.append(say("No fit failed, and none reported that it had not converged."))
    items += [
        say("{t}", t=text)
        for text in _noted(study, ("failed", "deviation"))
        if not text.startswith(tuple(str(t["id"]) for t in study.tests))
    ]
    if study.deviations:
        items.append(
            say(
                "The experiments deviate from the design in {k}; see {a}.",
                k=listed([code(key) for key in sorted(study.deviations)]),
                a=ref("deviations") if study.wishes.shows("appendix") else code("notes/deviations.json"),
            )
        )
    return Section(name="failed", title="What failed", blocks=(bullets(items),), results=True)


def _fits(study: Study) -> Run:
    families = list(dict.fromkeys(str(item["family"]) for item in study.failures))
    first = study.failures[0]
    known = study.ledger.known(FAILURES, 0, "fold") and study.ledger.known(FAILURES, 0, "seed")
    where: Put = (
        say(", first in fold {f} of seed {s}", f=study.n(FAILURES, 0, "fold"), s=study.n(FAILURES, 0, "seed"))
        if known
        else ()
    )
    what = " ".join(str(first["what"]).split())
    said: Put = "" if has_numeral(what) else f": {what}"
    return say(
        "Some fits of {f} failed or did not converge{w}{said}. All are listed in {file}.",
        f=families_listed(study, families),
        w=where,
        said=said,
        file=code(FAILURES),
    )


def conclusion(study: Study) -> Section:
    """What may be said, and nothing beyond this data set."""
    better = study.against_baseline()["better"]
    if not better:
        head = say(
            "On the data set {d}, no tuned family was shown to predict {t} better than a baseline by an "
            "amount that matters.",
            d=study.dataset,
            t=study.target,
        )
    else:
        head = say(
            "On the data set {d}, {t} can be predicted better than by a baseline, by {f}.",
            d=study.dataset,
            t=study.target,
            f=families_listed(study, better),
        )
    groups = study.against_best()
    if study.compared["ceiling"]:
        advice = say(
            "Since the scores are at the ceiling of the metric, the simplest or cheapest of these families "
            "is as good a choice as any, as far as {m} on this data set can tell.",
            m=study.metric_title,
        )
    elif groups["equal"] or groups["undecided"]:
        advice = say(
            "A choice between families that are practically equal or undecided should rest on other "
            "grounds, such as cost or how easily they can be explained."
        )
    elif groups["better"]:
        advice = say("The lead holds after correction for overlapping training sets and for several comparisons.")
    else:
        advice = ()
    return Section(
        name="conclusion",
        title="Conclusion",
        results=True,
        blocks=(
            para(
                head,
                outcome_in_short(study),
                advice,
                say("This says nothing about other data, other settings or causes."),
            ),
        ),
    )


def reproducibility(study: Study) -> Section:
    """Code, seeds, versions, hashes."""
    packages = study.environment.get("packages", {})
    versions = [code(f"{name}=={version}") for name, version in sorted(packages.items())]
    python = study.environment.get("python")
    if python:
        versions.insert(0, code(f"python=={python}"))
    blocks: list[Block] = [
        para(
            say(
                "The experiments are made by {c}, which reads {d} and writes {r}; the same inputs and seeds "
                "give the same result files, byte for byte, on the same machine and versions.",
                c=code("code/run.py"),
                d=code("data/design.json"),
                r=code("results/"),
            ),
            say("The run's own seed is {s}.", s=study.n(SPLIT, "seed")),
            say("Versions: {v}.", v=listed(versions)) if versions else (),
            say(
                "Every number in this document is a macro defined from {n}, which names for each the file "
                "and the place it was read from; a check reads them all again.",
                n=code("writing/numbers.json"),
            ),
        )
    ]
    return Section(name="reproducibility", title="Reproducibility", blocks=tuple(blocks), results=True)
