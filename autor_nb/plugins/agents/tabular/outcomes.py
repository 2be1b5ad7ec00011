"""What became of each hypothesis: tested by a stated rule, from the results files, in one of four words."""

from __future__ import annotations

import csv
import math
from typing import Any

from scipy import stats

from autor_nb.plugins.agents.tabular.session import Session
from autor_nb.plugins.agents.tabular.vocabulary import FAMILY_TITLES, LINEAR, widest

SUPPORTED, REFUTED, UNDECIDED, UNTESTED = "supported", "not supported", "undecided", "not tested"


class Evidence:
    """The results that rules look at."""

    def __init__(self, session: Session, comparisons: dict[str, Any], holdout: dict[str, Any]) -> None:
        self.session = session
        self.comparisons = comparisons
        self.items = comparisons["comparisons"]
        self.rope = comparisons["rope"]
        self.holdout = holdout
        self.summary = session.read_json("results/summary.json")
        self.best = self.summary["best"]
        self.metric = self.summary["metric"]

    def baseline(self) -> float | None:
        """The cross-validated mean of the baseline, if it has one."""
        found: float | None = self.summary["families"]["baseline"]["metrics"][self.metric]["mean"]
        return found


def judge(hypotheses: list[dict[str, Any]], evidence: Evidence) -> list[dict[str, Any]]:
    """One entry of hypothesis_tests.json per hypothesis."""
    rules = {
        "signal": _signal,
        "nonlinear": _nonlinear,
        "seeds": _seeds,
        "holdout": _holdout,
        "importance": _importance,
        "calibration": _calibration,
    }
    found = []
    for item in hypotheses:
        rule = rules.get(item.get("test", ""))
        result = rule(item, evidence) if rule else _result(UNTESTED, "no rule of this agent tests it")
        found.append({"id": item["id"], "statement": item["statement"], "test": item.get("test", ""), **result})
    return found


def _result(
    outcome: str,
    why: str,
    estimate: float | None = None,
    low: float | None = None,
    high: float | None = None,
    threshold: float | None = None,
) -> dict[str, Any]:
    return {
        "outcome": outcome,
        "estimate": estimate,
        "ci_low": low,
        "ci_high": high,
        "threshold": threshold,
        "why": why,
    }


def _oriented(item: dict[str, Any], first: str) -> tuple[float, float, float, str]:
    """(difference, low, high, verdict) in favour of `first`, verdict as first · second · practically equal
    …"""
    if item["a"] == first:
        word = {"a better": "first", "b better": "second"}.get(item["verdict"], item["verdict"])
        return item["difference"], item["ci_low"], item["ci_high"], word
    word = {"b better": "first", "a better": "second"}.get(item["verdict"], item["verdict"])
    return -item["difference"], -item["ci_high"], -item["ci_low"], word


def _signal(_: dict[str, Any], evidence: Evidence) -> dict[str, Any]:
    against = [
        (_oriented(i, i["a"] if i["b"] == "baseline" else i["b"]), i)
        for i in evidence.items
        if "baseline" in (i["a"], i["b"])
    ]
    if not against:
        return _result(UNTESTED, "no family could be compared with the baseline")
    better = [one for one in against if one[0][3] == "first"]
    (mean, low, high, _word), item = max(better or against, key=lambda one: one[0][0])
    name = FAMILY_TITLES[item["a"] if item["b"] == "baseline" else item["b"]]
    p = (
        evidence.session.read_json("results/permutation.json")["p"]
        if evidence.session.exists("results/permutation.json")
        else None
    )
    test = f"; permutation p = {p:.4f}" if p is not None else ""
    if better:
        return _result(
            SUPPORTED, f"{name} beat the baseline by more than the ROPE{test}", mean, low, high, evidence.rope
        )
    if all(one[0][2] < evidence.rope for one in against):
        return _result(
            REFUTED, f"every interval lies below the ROPE's upper edge{test}", mean, low, high, evidence.rope
        )
    return _result(
        UNDECIDED,
        f"the intervals cover differences on both sides of the ROPE's edge{test}",
        mean,
        low,
        high,
        evidence.rope,
    )


def _nonlinear(_: dict[str, Any], evidence: Evidence) -> dict[str, Any]:
    families = [f for f in evidence.summary["families"] if f != "baseline"]
    straight, bent = [f for f in families if f in LINEAR], [f for f in families if f not in LINEAR]
    table: dict[str, list[tuple[float, float, float, str]]] = {}
    for item in evidence.items:
        for f in bent:
            other = item["b"] if item["a"] == f else item["a"] if item["b"] == f else ""
            if other in straight:
                table.setdefault(f, []).append(_oriented(item, f))
    if not table:
        return _result(UNTESTED, "no pair of a linear and another family was compared")
    for f, found in table.items():
        if len(found) == len(straight) and all(one[3] == "first" for one in found):
            worst = min(found)
            return _result(
                SUPPORTED,
                f"{FAMILY_TITLES[f]} beat every linear family by more than the ROPE",
                *worst[:3],
                evidence.rope,
            )
    leader = max(min(found) for found in table.values())
    if any(one[3] == "ceiling" for found in table.values() for one in found):
        return _result(UNDECIDED, "ceiling: no comparison claimed", *leader[:3], evidence.rope)
    if all(any(one[2] < evidence.rope for one in found) for found in table.values()):
        return _result(
            REFUTED,
            "for every other family the interval against a linear one lies below the ROPE's upper edge",
            *leader[:3],
            evidence.rope,
        )
    return _result(UNDECIDED, "the intervals do not decide it", *leader[:3], evidence.rope)


def _seeds(_: dict[str, Any], evidence: Evidence) -> dict[str, Any]:
    spread = evidence.summary["families"][evidence.best]["metrics"][evidence.metric]["sd_seeds"]
    count = evidence.summary["seeds"]
    if spread is None:
        return _result(UNTESTED, "one seed tells nothing about the spread between seeds", threshold=evidence.rope)
    low, high = (spread * math.sqrt((count - 1) / stats.chi2.ppf(q, count - 1)) for q in (0.975, 0.025))
    upper = spread * math.sqrt((count - 1) / stats.chi2.ppf(0.05, count - 1))
    outcome = SUPPORTED if upper < evidence.rope else REFUTED if low > evidence.rope else UNDECIDED
    return _result(
        outcome,
        f"standard deviation of {count} seeds' means, one-sided 95 % upper limit {upper:.4g}",
        spread,
        float(low),
        float(high),
        evidence.rope,
    )


def _holdout(_: dict[str, Any], evidence: Evidence) -> dict[str, Any]:
    if not evidence.holdout["rows"]:
        return _result(UNTESTED, "there is no holdout")
    family = evidence.holdout["selected"]
    held = evidence.holdout["families"][family][evidence.metric]
    mean = evidence.summary["families"][family]["metrics"][evidence.metric]["mean"]
    if held["ci_low"] is None:
        return _result(UNTESTED, "the holdout gives no interval", held["estimate"], threshold=mean)
    inside = held["ci_low"] <= mean <= held["ci_high"]
    width, limit = held["ci_high"] - held["ci_low"], widest(evidence.metric, evidence.baseline())
    wide = inside and (limit is None or width > limit)
    # What lies within an interval that holds almost everything is no agreement; outside of it, it is refuted.
    too_wide = f"; the interval is {width:.4g} wide, too wide to confirm it" if wide else ""
    return _result(
        UNDECIDED if wide else SUPPORTED if inside else REFUTED,
        f"cross-validated mean {mean:.4f}, holdout opened {_often(evidence.holdout['opened'])}{too_wide}",
        held["estimate"],
        held["ci_low"],
        held["ci_high"],
        mean,
    )


def _often(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _importance(item: dict[str, Any], evidence: Evidence) -> dict[str, Any]:
    if not evidence.session.exists("results/importance.csv"):
        return _result(UNTESTED, "importance was not computed")
    name = item["statement"].split("“", 1)[-1].rsplit("”,", 1)[0]
    with evidence.session.path("results/importance.csv").open(encoding="utf-8", newline="") as stream:
        rank = {" ".join(row["column"].split()): int(row["rank"]) for row in csv.DictReader(stream)}.get(name)
    if rank is None:
        return _result(UNTESTED, "the column is not among the predictors")
    return _result(SUPPORTED if rank <= 3 else REFUTED, f"its rank is {rank}", float(rank), threshold=3.0)


def _calibration(_: dict[str, Any], evidence: Evidence) -> dict[str, Any]:
    if not evidence.session.exists("results/calibration.json"):
        return _result(UNTESTED, "calibration was not assessed")
    slope = evidence.session.read_json("results/calibration.json")[evidence.best]["slope"]
    return _result(SUPPORTED if 0.8 <= slope <= 1.25 else REFUTED, "slope of the recalibration, out of fold", slope)
