"""Stage 02: testable hypotheses with the smallest effect that matters, from the training part only."""

from __future__ import annotations

from typing import Any

from autor_nb.plugins.agents.tabular.draft import Draft, bullets, code, plain, table
from autor_nb.plugins.agents.tabular.profiling import profile
from autor_nb.plugins.agents.tabular.session import Session
from autor_nb.plugins.agents.tabular.suggestions import asked_table, choose, offer
from autor_nb.plugins.agents.tabular.vocabulary import (
    FAMILY_TITLES,
    LINEAR,
    METRIC_TITLES,
    WIDEST_OF_BASELINE,
    WIDEST_SHARE,
)

MANIFEST = "notes/hypothesis_manifest.json"


def work(session: Session) -> None:
    """Write the manifest: a theory, hypotheses about signal, form and stability, and a claim to check."""
    plan = session.plan
    with session.step("look at the training part", data="data/train.csv") as step:
        seen = profile(plan, session.path("data/train.csv"))
        left = {plan.group, plan.time, *plan.units.get("ids", []), *plan.drop}
        usable = [c for c in seen["columns"] if c["kind"] in ("numeric", "categorical") and c["name"] not in left]
        strongest = max(usable, key=lambda c: c.get("association") or 0.0, default=None)
        step.output = f"{seen['rows']} rows, {len(usable)} usable columns"
    items = _items(session, strongest, len(usable))
    metric = METRIC_TITLES[plan.metric]
    session.write_json(
        MANIFEST,
        {"rope": plan.rope, "rope_text": plan.rope_text, "metric": plan.metric, "hypotheses": items},
        "typed hypotheses with their tests",
    )
    words = "\n".join(
        f"## {i['id']} ({i['type']})\n\n{_safe(i['statement'])}\n\nTest: {_safe(i['verification_needed'])}\n"
        for i in items
    )
    session.write_text("notes/hypotheses.md", f"# Hypotheses\n\n{words}", "the hypotheses as text")
    session.write_draft(
        Draft(
            objective=f"State what is to be tested about {code(plan.target)}, and how large a difference "
            f"must be to matter.",
            did=[
                (
                    f"I looked at the training part only ({seen['rows']} rows, {len(usable)} usable "
                    f"columns); "
                    f"the holdout stayed closed."
                ),
                (
                    f"I fixed the primary metric ({metric}) and the smallest difference of it that matters: "
                    f"**{plan.rope:.4g}** "
                    f"({plain(plan.rope_text)})."
                ),
                *filter(None, [asked_table(session)]),
            ],
            results=[
                table(
                    ["id", "type", "statement", "depends on"],
                    [[i["id"], i["type"], _safe(i["statement"]), ", ".join(i["depends_on"]) or "—"] for i in items],
                ),
                _strongest(strongest),
            ],
            suggestions=offer(session, choose(session)),
            ledger=[
                f"Locked: primary metric {metric}; smallest difference that matters {plan.rope:.4g}.",
                "Locked: from stage 05 on only the status of a hypothesis may change.",
                (
                    f"Assumption: the default size of what matters is a convention "
                    f"({plain(plan.rope_text)}), "
                    f"not a fact of the field."
                ),
            ],
        )
    )


def _safe(text: str) -> str:
    """A statement as Markdown; the names in it were put between double quotes when it was made."""
    return plain(text)


def _strongest(column: dict[str, Any] | None) -> str:
    if column is None or column.get("association") is None:
        return "No usable column shows an association with the target in the training part."
    return (
        f"In the training part the column with the strongest association with the target is "
        f"{code(column['name'])} "
        f"({column['association_kind']} {column['association']:.2f})."
    )


def _item(
    id: str, type: str, statement: str, test: str, needed: str, derived: list[str], depends: list[str]
) -> dict[str, Any]:
    return {
        "id": id,
        "type": type,
        "statement": statement,
        "derived_from": derived,
        "depends_on": depends,
        "verification_needed": needed,
        "status": "proposed",
        "test": test,
    }


def _items(session: Session, strongest: dict[str, Any] | None, usable: int) -> list[dict[str, Any]]:
    plan = session.plan
    metric, rope = METRIC_TITLES[plan.metric], f"{plan.rope:.4g}"
    bent = [key for key in plan.families if key not in LINEAR]
    straight = [key for key in plan.families if key in LINEAR]
    target = f"“{_one_line(plan.target)}”"

    found = [
        _item(
            "T1",
            "theory",
            f"The {usable} usable columns carry information about {target} on this data set.",
            "signal",
            "Follows from H1; not tested apart.",
            ["the goal", "data/train.csv"],
            [],
        ),
        _item(
            "H1",
            "hypothesis",
            f"At least one tuned family predicts {target} better than the baseline by more than {rope} ({metric}).",
            "signal",
            "Corrected 95 % intervals against the baseline, Holm over all comparisons, and a permutation test.",
            ["T1"],
            [],
        ),
    ]
    if bent and straight:
        found.append(
            _item(
                "H2",
                "hypothesis",
                f"At least one family that is not linear is better than every linear one by more than {rope} "
                f"({metric}).",
                "nonlinear",
                f"Comparisons of {', '.join(FAMILY_TITLES[k] for k in bent)} with "
                f"{', '.join(FAMILY_TITLES[k] for k in straight)}.",
                ["T1", "CortesVapnik1995", "Breiman2001", "Friedman2001"],
                ["H1"],
            )
        )
    found.append(
        _item(
            "H3",
            "hypothesis",
            f"The seed alone moves the best family's mean by less than {rope} ({metric}).",
            "seeds",
            "Standard deviation of the seeds' means, with its 95 % upper limit by the chi-squared distribution.",
            ["T1"],
            ["H1"],
        )
    )
    return found + _checks(session, strongest)


def _checks(session: Session, strongest: dict[str, Any] | None) -> list[dict[str, Any]]:
    """What is asked of the holdout and of the extra analyses."""
    plan = session.plan
    found: list[dict[str, Any]] = []
    if session.read_json("data/split.json")["holdout_rows"]:
        found.append(
            _item(
                "C1",
                "claim",
                "The cross-validated mean of the selected family lies within the bootstrap interval of "
                "its score on "
                "the locked holdout.",
                "holdout",
                "The holdout is opened once, in stage 06. Undecided when the interval is too wide to confirm it: wider "
                f"than {WIDEST_SHARE:g} for a share or an area, than {WIDEST_OF_BASELINE:g} of the baseline's error "
                "for an error.",
                ["VarmaSimon2006"],
                ["H1"],
            )
        )
    if "importance" in plan.extras and strongest is not None:
        found.append(
            _item(
                "H4",
                "hypothesis",
                f"“{_one_line(strongest['name'])}”, the column with the strongest association in the "
                f"training "
                "part, is among the three most important columns of the best family.",
                "importance",
                "Permutation importance out of fold; supported when its rank is at most three.",
                ["data/train.csv"],
                ["H1"],
            )
        )
    if "calibration" in plan.extras and plan.task == "binary":
        found.append(
            _item(
                "H5",
                "hypothesis",
                "The calibration slope of the best family lies between 0.8 and 1.25.",
                "calibration",
                "Logistic regression of the outcome on the logit of out-of-fold probabilities, first seed.",
                ["Brier1950"],
                ["H1"],
            )
        )
    return found


def _one_line(name: str) -> str:
    return " ".join(str(name).split())


def summary_bullets(items: list[dict[str, Any]]) -> str:
    """The hypotheses as a Markdown list."""
    return bullets([f"{item['id']}: {plain(item['statement'])}" for item in items])
