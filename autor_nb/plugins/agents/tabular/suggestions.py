"""The suggestions a stage offers: each is a change this agent can carry out, kept by a stable key per
attempt."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from autor_nb.domain.ports import Feedback
from autor_nb.plugins.agents.tabular.draft import code, plain, table
from autor_nb.plugins.agents.tabular.plan import Change, Plan
from autor_nb.plugins.agents.tabular.session import Session
from autor_nb.plugins.agents.tabular.vocabulary import FAMILIES, FAMILY_TITLES, METRIC_TITLES, METRICS, SLOW

SIGNS = {"=": "set", "+": "add", "-": "remove"}
EXTRA_FAMILIES = ("knn", "elastic_net", "extra_trees", "naive_bayes", "svm", "tree", "gaussian_process")


class Option(msgspec.Struct, frozen=True):
    """Something that can be asked for: its key (`seeds=5`, `families+knn`) and the sentence offering it."""

    key: str
    text: str


def offered_path(slug: str) -> str:
    """Where a stage's offers are kept."""
    return f"notes/suggestions/{slug}.json"


def offer(session: Session, options: Sequence[Option]) -> list[str]:
    """Keep the first three options as this attempt's suggestions; answers with their sentences."""
    three = list(options)[:3]
    path = offered_path(session.task.stage.slug)
    kept: dict[str, Any] = session.read_json(path) if session.exists(path) else {}
    kept[str(session.task.attempt)] = [{"n": n, "key": o.key, "text": o.text} for n, o in enumerate(three, 1)]
    session.write_json(path, kept)
    return [option.text for option in three]


def change_of_suggestion(feedback: Feedback, stage: str, offered: dict[str, Any]) -> Change | None:
    """The change that a taken suggestion stands for; None when it was not ours (its text is read instead)."""
    for item in offered.get(str(feedback.attempt), []):
        match = re.match(r"(\w+)([=+-])(.*)$", item["key"], re.S)
        if item["n"] == feedback.suggestion and match:
            return Change(
                stage=stage,
                attempt=feedback.attempt,
                asked=f"suggestion {item['n']}: {item['text']}",
                field=match[1],
                how=SIGNS[match[2]],
                value=match[3],
            )
    return None


def asked_table(session: Session) -> str:
    """What was asked of this stage and what became of it, as Markdown; empty when nothing was asked."""
    mine = [c for c in session.plan.changes if c.stage == session.task.stage.slug]
    if not mine:
        return ""
    rows = []
    for change in mine:
        became = "done" if change.done else "not done"
        rows.append(
            [
                str(change.attempt),
                plain(change.asked),
                became + (f": {plain(change.why)}" if change.why else ""),
            ]
        )
    return "Feedback on this stage, oldest first:\n\n" + table(["after attempt", "asked", "done or not done"], rows)


def choose(session: Session) -> list[Option]:
    """Options for this stage that the plan does not hold yet, most useful first; never less than three."""
    plan = session.plan
    makers = {
        "00": (_settings_options(plan),),
        "01": (_family_options(plan, session), _extra_options(plan), _secondary(plan)),
        "02": (_primary(plan), _rope_options(plan), _family_options(plan, session), _secondary(plan)),
        "03": (
            _seed_options(plan),
            _family_options(plan, session),
            _extra_options(plan),
            _settings_options(plan),
        ),
        "04": (_family_options(plan, session), _settings_options(plan), _extra_options(plan)),
        "05": (
            _seed_options(plan),
            _family_options(plan, session),
            _extra_options(plan),
            _settings_options(plan),
        ),
        "06": (_after_options(plan, session), _secondary(plan)),
    }[session.task.stage.number]
    found = list(_in_turn(makers))
    return (found + [o for o in _fallback(plan) if o.key not in {f.key for f in found}])[:3]


def _in_turn(makers: Sequence[Iterator[Option]]) -> Iterator[Option]:
    """One of each kind first, then the second of each, so that the three differ in kind."""
    waiting = list(makers)
    while waiting:
        for maker in list(waiting):
            option = next(maker, None)
            if option is None:
                waiting.remove(maker)
            else:
                yield option


def _seed_options(plan: Plan) -> Iterator[Option]:
    for more in (5, 10, 20, 50):
        if more > plan.seeds:
            yield Option(
                f"seeds={more}",
                f"Use {more} seeds instead of {plan.seeds}: the means settle and seed variance is "
                "estimated from more repetitions, at proportionally more computing time.",
            )


def _settings_options(plan: Plan) -> Iterator[Option]:
    if plan.settings < 30:
        yield Option(
            f"settings={plan.settings * 2}",
            f"Try {plan.settings * 2} settings per family instead of "
            f"{plan.settings}: a wider tuning grid, equal for every family.",
        )
    if plan.seeds < 5:
        yield Option("seeds=5", f"Use 5 seeds instead of {plan.seeds} for a better estimate of seed variance.")
    if plan.outer_folds < 10:
        yield Option(
            "outer_folds=10",
            f"Use 10 outer folds instead of {plan.outer_folds}: larger training folds, more of them.",
        )


def _family_options(plan: Plan, session: Session) -> Iterator[Option]:
    rows = session.read_json("data/split.json")["train_rows"]
    for key in EXTRA_FAMILIES:
        if key in FAMILIES[plan.task] and key not in plan.families and rows <= SLOW.get(key, rows):
            yield Option(
                f"families+{key}",
                f"Add {FAMILY_TITLES[key]} as a further family with the same tuning budget.",
            )


def _extra_options(plan: Plan) -> Iterator[Option]:
    sentences = {
        "importance": "Add permutation importance: which columns the best family relies on, measured out of fold.",
        "calibration": "Add an analysis of calibration: do predicted probabilities match observed frequencies?",
        "learning_curve": "Add learning curves: would more rows help, and for which family?",
    }
    for key, text in sentences.items():
        if key not in plan.extras and (key != "calibration" or plan.task == "binary"):
            yield Option(f"extras+{key}", text)


def _secondary(plan: Plan) -> Iterator[Option]:
    for metric in METRICS[plan.task]:
        if metric != plan.metric and metric not in plan.secondary:
            yield Option(
                f"secondary+{metric}",
                f"Report the comparison also by {METRIC_TITLES[metric]}, as a secondary metric.",
            )


def _primary(plan: Plan) -> Iterator[Option]:
    for metric in METRICS[plan.task]:
        if metric != plan.metric:
            yield Option(
                f"metric={metric}",
                f"Make {METRIC_TITLES[metric]} the primary metric instead of {METRIC_TITLES[plan.metric]}.",
            )


def _rope_options(plan: Plan) -> Iterator[Option]:
    for factor, word in ((2.0, "Double"), (0.5, "Halve")):
        value = float(f"{plan.rope * factor:.4g}")
        yield Option(f"rope={value:g}", f"{word} the smallest effect that matters, from {plan.rope:.4g} to {value:g}.")


def _after_options(plan: Plan, session: Session) -> Iterator[Option]:
    if plan.task == "binary" and "calibration" not in plan.extras:
        yield Option(
            "extras+calibration",
            "Add an analysis of calibration: do predicted probabilities match observed frequencies?",
        )
    named = {name for names in plan.units.values() for name in names}
    for column in session.read_json("data/design.json")["columns"]:
        if column["name"] not in named and f"subgroup:{column['name']}" not in plan.extras:
            yield Option(
                f"extras+subgroup:{column['name']}",
                f"Add a subgroup analysis: out-of-fold scores by level (or half) of {code(column['name'])}.",
            )


def _fallback(plan: Plan) -> Iterator[Option]:
    """Options that never run out, for a stage that has been refined many times."""
    yield Option(
        f"permutations={plan.permutations * 2 + 1}",
        f"Use {plan.permutations * 2 + 1} permutations in the test for any signal.",
    )
    yield Option(f"seeds={plan.seeds + 1}", f"Use {plan.seeds + 1} seeds.")
    yield Option(f"settings={plan.settings + 2}", f"Try {plan.settings + 2} settings per family.")
    yield Option(f"outer_folds={plan.outer_folds + 1}", f"Use {plan.outer_folds + 1} outer folds.")
