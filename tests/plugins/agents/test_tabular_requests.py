"""Free text as requests: what is understood, what is refused and why, what is said to be not understood."""

from __future__ import annotations

import pytest

from autor_nb.plugins.agents.tabular import applying
from autor_nb.plugins.agents.tabular.plan import Change, Plan
from autor_nb.plugins.agents.tabular.requests import changes_of_text

COLUMNS = ["age", "income and debt", "a,b", "class"]


def plan() -> Plan:
    """A settled plan of a study with two classes."""
    return Plan(target="class", task="binary", metric="roc_auc", families=["logistic", "svm", "forest", "boosting"], rope=0.01)


def asked(text: str, stage: str = "05_experimentation") -> list[Change]:
    """The changes that a text asks for, applied to a plan."""
    mine = plan()
    changes = changes_of_text(text, stage, 1, mine, COLUMNS)
    for change in changes:
        applying.apply(mine, change, 400)
    return changes


@pytest.mark.parametrize(("text", "keys"), [
    ("use 10 seeds", ["seeds=10"]), ("Please use ten random seeds.", ["seeds=10"]), ("more seeds", ["seeds=6"]),
    ("add support vectors", ["families+svm"]), ("add k-NN and naive Bayes", ["families+knn", "families+naive_bayes"]),
    ("report AUC", ["secondary+roc_auc"]), ("report accuracy, and also the Brier score", ["secondary+accuracy", "secondary+brier"]),
    ("drop column age", ["drop+age"]), ("leave out income and debt", ["drop+income and debt"]), ("remove a,b", ["drop+a,b"]),
    ("5 settings", ["settings=5"]), ("a wider grid", ["settings=10"]), ("10 outer folds", ["outer_folds=10"]),
    ("add a calibration analysis", ["extras+calibration"]), ("subgroups by age", ["extras+subgroup:age"]),
    ("which columns matter? Add feature importance", None), ("use 999 permutations", ["permutations=999"]),
    ("extra trees", ["families+extra_trees"]), ("balanced accuracy please", ["secondary+balanced_accuracy"]),
])
def test_what_is_understood(text, keys):
    """Each text asks for these changes and no others."""
    found = asked(text)
    if keys is None:
        assert "extras+importance" in [c.key for c in found]
    else:
        assert keys == [c.key for c in found]
        assert all(c.done for c in found)


@pytest.mark.parametrize("text", ["Write it like Hemingway", "Ask a domain expert", "use a transformer"])
def test_what_is_not_understood_is_said(text):
    """Never silently done, never silently dropped."""
    (found,) = asked(text)
    assert not found.done
    assert "not understood" in found.why


@pytest.mark.parametrize(("text", "stage", "word"), [
    ("use 10 seeds", "06_analysis", "roll back to stage 05"), ("the rope is 0.05", "06_analysis", "before results"),
    ("predict age", "03_study_design", "holdout"), ("1000 seeds", "05_experimentation", "1 to 50"),
    ("remove the random forest", "05_experimentation", "at least four"), ("add ridge", "05_experimentation", "does not suit"),
    ("report RMSE", "05_experimentation", "not defined"), ("importance of columns", "06_analysis", "roll back to stage 05"),
])
def test_what_is_refused_says_why(text, stage, word):
    """With the way there is."""
    (found,) = asked(text, stage)
    assert not found.done
    assert word in found.why


def test_another_primary_metric_comes_too_late_and_is_reported_beside():
    """After the hypotheses it becomes a secondary metric, and says so."""
    (found,) = asked("use accuracy as the primary metric")
    assert ("secondary+accuracy", True) == (found.key, found.done)
    assert "fixed with the hypotheses" in found.why


def test_a_mixture_is_told_apart():
    """The part that is understood is done, the rest is not."""
    found = asked("use 10 seeds and consult the oracle")
    assert [("seeds=10", True), ("?", False)] == [(c.key, c.done) for c in found]
