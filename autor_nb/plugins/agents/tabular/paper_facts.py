"""What a paper is made from: the files of stages 01–06, read once, and words for families and outcomes."""

from __future__ import annotations

from typing import Any

from autor_nb.domain.document import Number, Words
from autor_nb.plugins.agents.tabular.paper_numbers import Ledger, score_format
from autor_nb.plugins.agents.tabular.paper_prose import Put, Run, code, say
from autor_nb.plugins.agents.tabular.paper_wishes import Wishes
from autor_nb.plugins.agents.tabular.session import Session
from autor_nb.plugins.agents.tabular.vocabulary import METRIC_TITLES

SUMMARY, COMPARED, HOLDOUT = "results/summary.json", "results/comparisons.json", "results/holdout.json"
TESTS, PERMUTED, FAILURES = (
    "results/hypothesis_tests.json",
    "results/permutation.json",
    "results/failures.json",
)
DESIGN, SPLIT, PROFILE, LEAKAGE = (
    "data/design.json",
    "data/split.json",
    "data/profile.json",
    "data/leakage.json",
)
OPENED = "notes/holdout_openings.json"
FILES, LIMITS, ENVIRONMENT = "data/data_manifest.json", "notes/limits.json", "notes/environment.json"

IN_PROSE = {
    "baseline": "the baseline",
    "logistic": "logistic regression",
    "ridge": "ridge regression",
    "elastic_net": "the elastic net",
    "svm": "the support vector machine",
    "forest": "the random forest",
    "boosting": "gradient boosting",
    "extra_trees": "extremely randomised trees",
    "tree": "the decision tree",
    "knn": "nearest neighbours",
    "naive_bayes": "Gaussian naive Bayes",
    "gaussian_process": "the Gaussian process",
}
PLURAL = frozenset(("extra_trees", "knn"))
SHORT = {
    "roc_auc": "ROC AUC",
    "average_precision": "Avg. prec.",
    "accuracy": "Accuracy",
    "balanced_accuracy": "Bal. acc.",
    "f1": "F1",
    "macro_f1": "Macro F1",
    "log_loss": "Log loss",
    "brier": "Brier",
    "rmse": "RMSE",
    "mae": "MAE",
    "r2": "R²",
    "median_ae": "Median AE",
}


class Study:
    """A finished study as its paper needs it. Every number leaves it as a `Number` of the ledger."""

    def __init__(self, session: Session, wishes: Wishes) -> None:
        self.session, self.wishes = session, wishes
        self.plan = session.plan
        self.ledger = Ledger(session.workspace)
        self.summary: dict[str, Any] = self.ledger.load(SUMMARY)
        self.compared: dict[str, Any] = self.ledger.load(COMPARED)
        self.holdout: dict[str, Any] = self.ledger.load(HOLDOUT)
        self.tests: list[dict[str, Any]] = self.ledger.load(TESTS)["tests"]
        self.design: dict[str, Any] = self.ledger.load(DESIGN)
        self.split: dict[str, Any] = self.ledger.load(SPLIT)
        self.profile: dict[str, Any] = self.ledger.load(PROFILE)
        self.leakage: list[dict[str, Any]] = self.ledger.load(LEAKAGE)["checks"]
        self.failures: list[dict[str, Any]] = self._optional(FAILURES, [])
        self.limits: list[dict[str, Any]] = self._optional(LIMITS, [])
        self.environment: dict[str, Any] = self._optional(ENVIRONMENT, {})
        self.figures: list[dict[str, Any]] = self._optional("notes/figures.json", [])
        self.deviations: dict[str, Any] = self._optional("notes/deviations.json", {})
        self.opened: int = self._optional(OPENED, self.holdout)["opened"]
        self.metric: str = self.summary["metric"]
        self.best: str = self.summary["best"]
        self.families: list[str] = list(self.summary["families"])
        self.tuned = [key for key in self.families if key != "baseline"]
        self.keys = {source["key"] for source in self._optional("literature/sources.json", []) if "key" in source}

    def _optional(self, file: str, default: Any) -> Any:
        return self.ledger.load(file) if self.ledger.has(file) else default

    # ------------------------------------------------------------------------------------------- words

    @property
    def target(self) -> Words:
        """The target's name, as in the data."""
        return code(self.plan.target)

    @property
    def dataset(self) -> Words:
        """The data set's name."""
        return code(self.summary["dataset"])

    @property
    def metric_title(self) -> str:
        """The primary metric in words."""
        return METRIC_TITLES.get(self.metric, self.metric)

    def name(self, family: str) -> str:
        """A family within a sentence."""
        return IN_PROSE.get(family, self.title(family))

    def title(self, family: str) -> str:
        """A family as a table names it."""
        return str(self.summary["families"].get(family, {}).get("title", family))

    def cited(self, *keys: str) -> tuple[str, ...]:
        """Those of the keys that the bibliography holds."""
        return tuple(key for key in keys if key in self.keys)

    # ----------------------------------------------------------------------------------------- numbers

    def n(self, file: str, *keys: str | int, format: str = "") -> Number:
        """A number by its place."""
        return self.ledger.number(file, *keys, format=format)

    def score(self, metric: str, *, signed: bool = False, fine: bool = False) -> str:
        """The format of a metric's values, the same throughout; `fine` has one decimal more, for spreads."""
        scale = (
            abs(self.ledger.value(SUMMARY, "families", "baseline", "metrics", metric, "mean"))
            if self.ledger.known(SUMMARY, "families", "baseline", "metrics", metric, "mean")
            else 0.0
        )
        spec = score_format(metric, scale, signed=signed)
        if not fine:
            return spec
        head, _, tail = spec.partition(".")
        return f"{head}.{int(tail[:-1]) + 1}f"

    def cv(self, family: str, what: str = "mean", metric: str = "") -> Put:
        """A cross-validated statistic of a family, or a dash where there is none."""
        metric = metric or self.metric
        place = ("families", family, "metrics", metric, what)
        if not self.ledger.known(SUMMARY, *place):
            return "—"
        return self.n(SUMMARY, *place, format=self.score(metric, fine=what.startswith("sd_")))

    def level(self) -> Number:
        """The level of the intervals."""
        return self.ledger.percent(COMPARED, "level")

    def suspects(self) -> list[tuple[str, int | None]]:
        """Predictors that alone (nearly) determine the target, each with the place of the check that scored it."""
        used = {column["name"] for column in self.deviations.get("columns", self.design["columns"])}
        return [
            (name, place if name in check.get("scores", {}) else None)
            for place, check in enumerate(self.leakage)
            if check["id"] in ("separators", "near_copies")
            for name in check["columns"]
            if name in used
        ]

    def opened_often(self) -> Run:
        """“once” or “2 times”: over all attempts of the run, as the engine counts them."""
        if self.opened == 1:
            return (Words(text="once"),)
        return say("{k} times", k=self.n(OPENED if self.ledger.has(OPENED) else HOLDOUT, "opened"))

    def seeds(self) -> Run:
        """“1 seed” or “3 seeds”."""
        count = self.n(SUMMARY, "seeds")
        return say("{k} seed", k=count) if self.summary["seeds"] == 1 else say("{k} seeds", k=count)

    def rope(self) -> Number:
        """The smallest difference that matters."""
        return self.n(COMPARED, "rope", format="g")

    def interval(self, file: str, *keys: str | int, metric: str = "", signed: bool = True) -> Run:
        """“low to high” of the entry at `keys`, or a dash."""
        if not self.ledger.known(file, *keys, "ci_low") or not self.ledger.known(file, *keys, "ci_high"):
            return (Words(text="—"),)
        spec = self.score(metric or self.metric, signed=signed)
        low, high = (self.n(file, *keys, end, format=spec) for end in ("ci_low", "ci_high"))
        return say("{low} to {high}", low=low, high=high)

    # ---------------------------------------------------------------------------------------- outcomes

    def against_baseline(self) -> dict[str, list[str]]:
        """Verdict (better · worse · equal · undecided · ceiling) → tuned families, against the baseline."""
        return self._groups("baseline", seen_from_other=True)

    def against_best(self) -> dict[str, list[str]]:
        """Verdict word of the leading family → the other tuned families it was compared with."""
        groups = self._groups(self.best, seen_from_other=False)
        return {word: [key for key in keys if key != "baseline"] for word, keys in groups.items()}

    def _groups(self, family: str, *, seen_from_other: bool) -> dict[str, list[str]]:
        groups: dict[str, list[str]] = {word: [] for word in ("better", "worse", "equal", "undecided", "ceiling")}
        for item in self.compared["comparisons"]:
            if family not in (item["a"], item["b"]):
                continue
            other = item["b"] if item["a"] == family else item["a"]
            judged = item["verdict"]
            if judged in ("a better", "b better"):
                winner = item["a"] if judged == "a better" else item["b"]
                word = "better" if (winner == family) != seen_from_other else "worse"
            else:
                word = {"practically equal": "equal", "ceiling": "ceiling"}.get(judged, "undecided")
            groups[word].append(other)
        return groups

    def comparison(self, a: str, b: str) -> int | None:
        """The index of the comparison of two families."""
        for index, item in enumerate(self.compared["comparisons"]):
            if {item["a"], item["b"]} == {a, b}:
                return index
        return None
