"""The embedded agent's arithmetic against computations made another way."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sk

from autor_nb.plugins.agents.tabular import statistics
from autor_nb.plugins.agents.tabular.study.families import FAMILIES, settings
from autor_nb.plugins.agents.tabular.study.folds import partition, splits
from autor_nb.plugins.agents.tabular.study.metrics import score

DIFFERENCES = [0.02, 0.05, 0.01, 0.04, 0.03]


def test_nadeau_bengio_by_hand():
    """Mean .03, variance .00025, factor 1/5 + 1/4: SE .0106066, half-width 2.776445 of it."""
    found = statistics.nadeau_bengio(DIFFERENCES, 0.25)
    assert (0.03, 4) == (pytest.approx(found.mean), found.df)
    assert pytest.approx(0.01060660, abs=1e-8) == found.se
    assert pytest.approx(0.03 - 2.7764451 * 0.01060660, abs=1e-7) == found.ci_low
    assert pytest.approx(0.03 + 2.7764451 * 0.01060660, abs=1e-7) == found.ci_high


def test_without_overlap_it_is_students_test():
    """With a ratio of nought the corrected test is the plain paired t-test."""
    assert pytest.approx(stats.ttest_1samp(DIFFERENCES, 0).pvalue) == statistics.nadeau_bengio(DIFFERENCES, 0.0).p()


def test_the_correction_holds_its_level_where_the_naive_test_does_not():
    """Folds that share an error of the ratio the correction assumes: about 5 % against far more."""
    rng = np.random.default_rng(1)
    naive = corrected = 0
    for _ in range(1500):
        # Variance of the mean is (1/J + 1/4) s² when the shared part has variance 1/4 of the folds' own.
        d = rng.normal(0, 0.5) + rng.normal(0, 1, 15)
        naive += statistics.nadeau_bengio(d.tolist(), 0.0).p() < 0.05
        corrected += statistics.nadeau_bengio(d.tolist(), 0.25).p() < 0.05
    assert corrected / 1500 < 0.075
    assert naive / 1500 > 0.2


def test_equal_folds_give_no_spread_and_no_claim():
    """All differences nought: an interval of width nought, and p = 1."""
    found = statistics.nadeau_bengio([0.0] * 5, 0.25)
    assert (0.0, 0.0, 1.0) == (found.ci_low, found.ci_high, found.p())


def test_holm_by_hand():
    """Adjusted values rise, are capped at one, and keep the order given."""
    assert [0.03, 0.06, 0.06, 0.02] == pytest.approx(statistics.holm([0.01, 0.04, 0.03, 0.005]))
    assert [1.0, 1.0] == statistics.holm([0.6, 0.9])


@pytest.mark.parametrize(("mean", "expected"), [(0.05, "a better"), (-0.05, "b better"), (0.0, "practically equal"),
                                                (0.011, "undecided")])
def test_verdicts_against_the_rope(mean, expected):
    """Wholly beyond, wholly inside, or neither."""
    found = statistics.Difference(mean=mean, se=0.002, df=14, ci_low=0, ci_high=0)
    assert expected == statistics.verdict(found, 0.01, found.p_beyond(0.01), found.p_equal(0.01))


def test_the_tests_against_the_rope_agree_with_the_interval():
    """p < .05 exactly when the 95 % interval lies beyond, or inside, the ROPE."""
    rng = np.random.default_rng(2)
    for _ in range(300):
        found = statistics.nadeau_bengio(rng.normal(rng.normal(0, 0.05), 0.03, 10).tolist(), 0.25)
        rope = 0.02
        assert (found.ci_low > rope or found.ci_high < -rope) == (found.p_beyond(rope) < 0.05)
        assert (-rope < found.ci_low and found.ci_high < rope) == (found.p_equal(rope) < 0.05)


def test_saturation():
    """A mean within the ROPE of perfect, or half of the folds perfect."""
    assert statistics.saturated([0.995, 0.992], 1.0, 0.01)
    assert statistics.saturated([1.0, 1.0, 0.9, 0.94], 1.0, 0.01)
    assert not statistics.saturated([0.95, 0.97, 1.0], 1.0, 0.01)


def test_more_folds_cannot_beat_the_overlap():
    """The detectable difference falls with J and stays above what the ratio alone gives."""
    found = [statistics.detectable(0.02, folds, 0.25) for folds in (5, 15, 50, 5000)]
    assert sorted(found, reverse=True) == found
    assert found[-1] > 0.02 * math.sqrt(0.25) * (1.95 + 0.84)


def test_scores_agree_with_scikit_learn():
    """The quick scores are the library's."""
    rng = np.random.default_rng(5)
    y = rng.integers(0, 2, 200)
    p = np.round(np.clip(y * 0.3 + rng.random(200) * 0.7, 0.001, 0.999), 2)
    found = score("binary", y, np.column_stack([1 - p, p]), ["roc_auc", "log_loss", "f1", "balanced_accuracy", "brier"])
    label = (p >= 0.5).astype(int)
    expected = {"roc_auc": sk.roc_auc_score(y, p), "log_loss": sk.log_loss(y, p), "f1": sk.f1_score(y, label),
                "balanced_accuracy": sk.balanced_accuracy_score(y, label), "brier": sk.brier_score_loss(y, p)}
    assert pytest.approx(expected) == found
    classes = rng.integers(0, 3, 300)
    proba = rng.dirichlet([1, 1, 1], 300) + np.eye(3)[classes]
    proba /= proba.sum(axis=1, keepdims=True)
    found = score("multiclass", classes, proba, ["roc_auc", "log_loss", "macro_f1"], 3)
    expected = {"roc_auc": sk.roc_auc_score(classes, proba, multi_class="ovr"), "log_loss": sk.log_loss(classes, proba),
                "macro_f1": sk.f1_score(classes, proba.argmax(1), average="macro")}
    assert pytest.approx(expected) == found
    assert pytest.approx(sk.r2_score(y, p)) == score("regression", y.astype(float), p, ["r2"])["r2"]


def test_partitions_keep_units_together_and_classes_balanced():
    """No unit on both sides; class counts per fold differ by at most one when units are single rows."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 103)
    fold = partition(y, np.arange(103), 5, np.random.default_rng(1), stratify=True)
    for k in (0, 1):
        counts = [int(np.sum((fold == n) & (y == k))) for n in range(5)]
        assert max(counts) - min(counts) <= 1
    units = rng.integers(0, 20, 103)
    grouped = partition(y, units, 5, np.random.default_rng(1), stratify=True)
    assert all(len(set(grouped[units == unit])) == 1 for unit in set(units))


def test_in_time_every_test_fold_lies_after_its_training_rows():
    """Ties are not cut apart."""
    order = np.array([3, 1, 2, 2, 2, 5, 4, 7, 6, 8, 9, 9], dtype=float)
    found = splits(np.zeros(12), np.arange(12), order, 3, [0], stratify=False)
    assert len(found) == 3
    for train, test in found:
        assert order[train].max() < order[test].min()


@pytest.mark.parametrize("key", sorted(FAMILIES))
def test_every_family_gets_as_many_different_settings_as_asked(key):
    """Equal budgets: the count is the count, for every family."""
    found = settings(FAMILIES[key], 8)
    assert len(found) == 8
    assert len({str(one) for one in found}) >= 6


@pytest.mark.parametrize(("metric", "baseline", "low", "high", "mean", "outcome"), [
    ("roc_auc", 0.5, 0.92, 0.99, 0.95, "supported"),
    ("roc_auc", 0.5, 0.20, 0.63, 0.51, "undecided"),
    ("roc_auc", 0.5, 0.40, 0.65, 0.90, "not supported"),
    ("rmse", 80.0, 50.0, 60.0, 55.0, "supported"),
    ("rmse", 80.0, 40.0, 70.0, 55.0, "undecided"),
    ("rmse", 80.0, 40.0, 70.0, 30.0, "not supported"),
    ("log_loss", None, 0.1, 0.2, 0.15, "undecided"),
])
def test_agreement_needs_an_interval_that_excludes_something(tmp_path, metric, baseline, low, high, mean, outcome):
    """Within an interval wider than the stated width is undecided; outside of any it is refuted."""
    from tabular_study_files import task

    from autor_nb.plugins.agents.tabular.outcomes import Evidence, judge
    from autor_nb.plugins.agents.tabular.session import Session

    session = Session(task(tmp_path / "run", "06"))
    families = {key: {"metrics": {metric: {"mean": value}}} for key, value in (("tree", mean), ("baseline", baseline))}
    session.write_json("results/summary.json", {"best": "tree", "metric": metric, "families": families})
    held = {"rows": 40, "opened": 1, "selected": "tree",
            "families": {"tree": {metric: {"estimate": (low + high) / 2, "ci_low": low, "ci_high": high}}}}
    evidence = Evidence(session, {"comparisons": [], "rope": 0.01}, held)
    (test,) = judge([{"id": "C1", "statement": "s", "test": "holdout"}], evidence)
    assert outcome == test["outcome"]
    assert ("too wide" in test["why"]) == (outcome == "undecided")
