"""Stage 06: what the results say about the hypotheses, intervals before p-values, the holdout opened once,
what failed."""

from __future__ import annotations

from typing import Any

from autor_nb.domain.errors import RunError
from autor_nb.plugins.agents.tabular import comparing, deviations, further, limits, opened, outcomes
from autor_nb.plugins.agents.tabular.draft import Draft, bullets, code, plain, table
from autor_nb.plugins.agents.tabular.figure_set import FigureSet
from autor_nb.plugins.agents.tabular.hypotheses import MANIFEST
from autor_nb.plugins.agents.tabular.session import Session
from autor_nb.plugins.agents.tabular.study.tables import finite
from autor_nb.plugins.agents.tabular.suggestions import asked_table, choose, offer
from autor_nb.plugins.agents.tabular.vocabulary import FAMILY_TITLES, METRIC_TITLES


def work(session: Session) -> None:
    """Compare, open the holdout, judge the hypotheses, draw."""
    design = deviations.effective_design(session)
    summary = session.read_json("results/summary.json")
    if summary["best"] is None:
        raise RunError(
            "No family could be scored in stage 05, so there is nothing to analyse.", "Roll back to stage 05."
        )
    with session.step("compare families", metric=design["metric"]) as step:
        compared = _compare(session, design)
        verdicts = [item["verdict"] for item in compared["comparisons"]]
        step.output = ", ".join(f"{verdicts.count(v)} {v}" for v in dict.fromkeys(verdicts))
    _further(session, summary)
    held = opened.holdout(session, design, summary["best"])
    with session.step("judge hypotheses") as step:
        tests = _judge(session, compared, held)
        step.output = ", ".join(f"{t['id']} {t['outcome']}" for t in tests)
    with session.step("draw figures") as step:
        drawn = FigureSet(session, design).draw(summary, compared, held)
        session.made("notes/figures.json", "titles and captions of the figures")
        step.output = ", ".join(f["name"] for f in drawn)
    kept = limits.record(session, _limits(compared, held, tests))
    _draft(session, design, compared, held, tests, drawn, kept)


def _compare(session: Session, design: dict[str, Any]) -> dict[str, Any]:
    path = session.path("results/folds.csv")
    by_time = bool(design["time"])
    found = comparing.compare(
        comparing.Folds(path, design["metric"], by_time), design, design["metric"], design["rope"]
    )
    found["secondary"] = {}
    for metric in session.plan.secondary:
        if metric != design["metric"]:
            folds = comparing.Folds(path, metric, by_time)
            found["secondary"][metric] = comparing.compare(
                folds, design, metric, comparing.secondary_rope(metric, design, folds)
            )
    session.write_json("results/comparisons.json", finite(found), "differences with corrected intervals and verdicts")
    return found


def _further(session: Session, summary: dict[str, Any]) -> None:
    """Calibration and subgroups where they are asked for; what an earlier attempt left is removed."""
    families = list(summary["families"])
    plan = session.plan
    for path in ("results/calibration.json", "results/subgroups.csv"):
        session.path(path).unlink(missing_ok=True)
    tuned = [f for f in families if f != "baseline"]
    if "calibration" in plan.extras and plan.task == "binary":
        with session.step("assess calibration") as step:
            found = further.calibration(further.predictions(session), tuned)
            session.write_json("results/calibration.json", found, "calibration per family")
            step.output = ", ".join(f"{f} slope {v['slope']:.2f}" for f, v in found.items())
    columns = [extra.removeprefix("subgroup:") for extra in plan.extras if extra.startswith("subgroup:")]
    if columns:
        with session.step("analyse subgroups", columns=columns) as step:
            rows = [
                row
                for column in columns
                for row in further.subgroup_rows(
                    session, further.predictions(session), column, tuned, plan.task, plan.seed
                )
            ]
            session.write_csv(
                "results/subgroups.csv",
                ["column", "level", "rows", "family", "metric", "estimate", "ci_low", "ci_high"],
                rows,
                "losses by subgroup",
            )
            step.output = f"{len(rows)} rows"


def _judge(session: Session, compared: dict[str, Any], held: dict[str, Any]) -> list[dict[str, Any]]:
    manifest = session.read_json(MANIFEST)
    tests = outcomes.judge(manifest["hypotheses"], outcomes.Evidence(session, compared, held))
    for item, test in zip(manifest["hypotheses"], tests, strict=True):
        item["status"] = test["outcome"]
    session.write_json(MANIFEST, manifest, "the hypotheses, with their status now")
    session.write_json("results/hypothesis_tests.json", finite({"tests": tests}), "what became of each hypothesis")
    return tests


def _limits(compared: dict[str, Any], held: dict[str, Any], tests: list[dict[str, Any]]) -> list[dict[str, str]]:
    said = [
        {
            "kind": "limit",
            "text": "Everything holds on this data set only; another sample or place may differ.",
        },
        {
            "kind": "limit",
            "text": "Corrected intervals are approximations: scores of overlapping training sets stay dependent.",
        },
    ]
    if compared["ceiling"]:
        said.append({"kind": "limit", "text": compared["ceiling_text"]})
    if held["opened"] > 1:
        said.append({"kind": "limit", "text": held["opened_text"]})
    if held["rows"]:
        said.append(
            {
                "kind": "limit",
                "text": f"The holdout has {held['rows']} rows; its intervals are as wide as that.",
            }
        )
    undecided = [item for item in compared["comparisons"] if item["verdict"] == "undecided"]
    if undecided:
        said.append(
            {
                "kind": "failed",
                "text": f"{len(undecided)} of {len(compared['comparisons'])} comparisons stay undecided.",
            }
        )
    said += [
        {"kind": "failed", "text": f"{t['id']} was {t['outcome']}: {t['why'].rstrip('.')}."}
        for t in tests
        if t["outcome"] != outcomes.SUPPORTED
    ]
    return said


def _p(value: float) -> str:
    return "< 0.0001" if value < 0.0001 else f"{value:.4f}"


def comparison_table(items: list[dict[str, Any]]) -> str:
    """Comparisons as Markdown: interval first, p after it."""
    return table(
        ["first", "second", "difference (95 % interval)", "verdict", "p (Holm)"],
        [
            [
                plain(FAMILY_TITLES[i["a"]]),
                plain(FAMILY_TITLES[i["b"]]),
                f"{i['difference']:+.4f} ({i['ci_low']:+.4f} to {i['ci_high']:+.4f})",
                comparing.CEILING
                if i["verdict"] == "ceiling"
                else i["verdict"].replace("a better", "first better").replace("b better", "second better"),
                _p(i["p_holm"]),
            ]
            for i in items
        ],
    )


def _draft(
    session: Session,
    design: dict[str, Any],
    compared: dict[str, Any],
    held: dict[str, Any],
    tests: list[dict[str, Any]],
    drawn: list[dict[str, str]],
    kept: list[dict[str, Any]],
) -> None:
    results = _results(session, design, compared, held, tests, kept)
    text = "# Analysis\n\n" + "\n\n".join(results) + "\n"
    session.write_text("notes/analysis.md", text, "the analysis as text")
    session.made("notes/limits.json", "limits and failures so far")
    session.write_draft(
        Draft(
            objective=f"Say what the results on {code(design['dataset'])} show about the hypotheses, and "
            f"what they do not.",
            did=[
                (
                    f"I compared all {len(compared['comparisons'])} pairs that the design had fixed, with "
                    f"corrected intervals (their "
                    "variance counts the overlap of training sets) and Holm's correction over all of them."
                ),
                plain(held["opened_text"]),
                f"I drew {len(drawn)} figures: {', '.join(f['name'] for f in drawn)}.",
                *filter(None, [asked_table(session)]),
            ],
            results=results,
            suggestions=offer(session, choose(session)),
            ledger=[
                (
                    "Locked: verdicts follow the rule fixed in the design; the smallest effect that matters "
                    "was not changed after "
                    "results were seen."
                )
            ],
        )
    )


def _results(
    session: Session,
    design: dict[str, Any],
    compared: dict[str, Any],
    held: dict[str, Any],
    tests: list[dict[str, Any]],
    kept: list[dict[str, Any]],
) -> list[str]:
    metric = METRIC_TITLES[design["metric"]]
    results = [
        f"Differences in {metric}; smallest difference that matters {compared['rope']:.4g}; J = "
        f"{compared['J']}, "
        f"{compared['df']} degrees of freedom:\n\n" + comparison_table(compared["comparisons"]),
        *([f"**{compared['ceiling_text']}**"] if compared["ceiling"] else []),
        "Hypotheses:\n\n" + table(["id", "outcome", "why"], [[t["id"], t["outcome"], plain(t["why"])] for t in tests]),
        _held_words(held, metric),
    ]
    for name, found in compared["secondary"].items():
        results.append(
            f"Secondary metric, exploratory: {METRIC_TITLES[name]} (what matters: {found['rope']:.4g}).\n\n"
            + comparison_table(found["comparisons"])
        )
    if session.exists("results/calibration.json"):
        rows = [
            [FAMILY_TITLES[f], f"{v['brier']:.4f}", f"{v['slope']:.3f}", f"{v['ece']:.4f}"]
            for f, v in session.read_json("results/calibration.json").items()
        ]
        results.append(
            "Calibration, out of fold:\n\n" + table(["family", "Brier score", "slope", "expected error"], rows)
        )
    if session.exists("results/subgroups.csv"):
        results.append("Losses by subgroup are in `results/subgroups.csv` and in the figure; they are exploratory.")
    results.append("What failed, and limits:\n\n" + bullets([plain(item["text"]) for item in kept]))
    return results


def _held_words(held: dict[str, Any], metric: str) -> str:
    if not held["rows"]:
        return plain(held["opened_text"])
    rows = []
    for key, scores in held["families"].items():
        score = scores[held["metric"]]
        span = "—" if score["ci_low"] is None else f"{score['ci_low']:.4f} to {score['ci_high']:.4f}"
        mark = " (selected by cross-validation)" if key == held["selected"] else ""
        rows.append([plain(FAMILY_TITLES[key]) + mark, f"{score['estimate']:.4f}", span])
    return f"Holdout, {held['rows']} rows, {metric}. {plain(held['opened_text'])}\n\n" + table(
        ["family", "score", "95 % bootstrap interval"], rows
    )
