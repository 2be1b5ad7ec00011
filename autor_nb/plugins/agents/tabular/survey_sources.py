"""The works behind the methods this agent uses: real ones, with what each is cited for."""

from __future__ import annotations

import msgspec


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """A published work. `says` is the claim it is cited for; exactly one of doi and url is given."""

    key: str
    title: str
    authors: str
    year: int
    venue: str
    says: str
    doi: str = ""
    url: str = ""
    entry: str = "article"
    volume: str = ""
    pages: str = ""


WORKS = {
    work.key: work
    for work in (
        Work(
            key="NadeauBengio2003",
            title="Inference for the Generalization Error",
            authors="Nadeau, Claude and Bengio, Yoshua",
            year=2003,
            venue="Machine Learning",
            volume="52",
            pages="239--281",
            doi="10.1023/A:1024068626366",
            says="Scores of overlapping training sets are correlated; the variance of a mean difference "
            "over J resamples is "
            "estimated by (1/J + n_test/n_train) times the sample variance.",
        ),
        Work(
            key="Holm1979",
            title="A Simple Sequentially Rejective Multiple Test Procedure",
            authors="Holm, Sture",
            year=1979,
            venue="Scandinavian Journal of Statistics",
            volume="6",
            pages="65--70",
            url="https://www.jstor.org/stable/4615733",
            says="Testing ordered p-values at levels that relax step by step controls the family-wise error rate.",
        ),
        Work(
            key="VarmaSimon2006",
            title="Bias in error estimation when using cross-validation for model selection",
            authors="Varma, Sudhir and Simon, Richard",
            year=2006,
            venue="BMC Bioinformatics",
            volume="7",
            pages="91",
            doi="10.1186/1471-2105-7-91",
            says="Tuning and estimating on the same folds is biased; nested cross-validation removes "
            "nearly all of that bias.",
        ),
        Work(
            key="OjalaGarriga2010",
            title="Permutation Tests for Studying Classifier Performance",
            authors="Ojala, Markus and Garriga, Gemma C.",
            year=2010,
            venue="Journal of Machine Learning Research",
            volume="11",
            pages="1833--1863",
            url="https://www.jmlr.org/papers/v11/ojala10a.html",
            says="Exchanging labels gives the distribution of a score when columns and labels are independent.",
        ),
        Work(
            key="Benavoli2017",
            title="Time for a Change: a Tutorial for Comparing Multiple Classifiers Through Bayesian Analysis",
            authors="Benavoli, Alessio and Corani, Giorgio and Dem{\\v{s}}ar, Janez and Zaffalon, Marco",
            year=2017,
            venue="Journal of Machine Learning Research",
            volume="18",
            pages="1--36",
            url="https://www.jmlr.org/papers/v18/16-305.html",
            says="Differences between classifiers should be judged against a region of practical equivalence.",
        ),
        Work(
            key="Pedregosa2011",
            title="Scikit-learn: Machine Learning in Python",
            authors='Pedregosa, Fabian and Varoquaux, Ga{\\"e}l and Gramfort, Alexandre and Michel, '
            "Vincent and Thirion, Bertrand "
            "and others",
            year=2011,
            venue="Journal of Machine Learning Research",
            volume="12",
            pages="2825--2830",
            url="https://www.jmlr.org/papers/v12/pedregosa11a.html",
            says="The implementations used are those of scikit-learn.",
        ),
        Work(
            key="Cox1958",
            title="The Regression Analysis of Binary Sequences",
            authors="Cox, D. R.",
            year=1958,
            venue="Journal of the Royal Statistical Society: Series B",
            volume="20",
            pages="215--232",
            doi="10.1111/j.2517-6161.1958.tb00292.x",
            says="The log odds of a class can be modelled as linear in the columns.",
        ),
        Work(
            key="HoerlKennard1970",
            title="Ridge Regression: Biased Estimation for Nonorthogonal Problems",
            authors="Hoerl, Arthur E. and Kennard, Robert W.",
            year=1970,
            venue="Technometrics",
            volume="12",
            pages="55--67",
            doi="10.1080/00401706.1970.10488634",
            says="Shrinking coefficients can lower the error where columns are correlated.",
        ),
        Work(
            key="CortesVapnik1995",
            title="Support-vector networks",
            authors="Cortes, Corinna and Vapnik, Vladimir",
            year=1995,
            venue="Machine Learning",
            volume="20",
            pages="273--297",
            doi="10.1007/BF00994018",
            says="A large-margin separator in a kernel's feature space can follow boundaries that are not linear.",
        ),
        Work(
            key="Breiman2001",
            title="Random Forests",
            authors="Breiman, Leo",
            year=2001,
            venue="Machine Learning",
            volume="45",
            pages="5--32",
            doi="10.1023/A:1010933404324",
            says="Averaging trees grown on bootstrap samples with random columns lowers variance; "
            "exchanging a column's values "
            "measures how much a model relies on it.",
        ),
        Work(
            key="Friedman2001",
            title="Greedy Function Approximation: A Gradient Boosting Machine",
            authors="Friedman, Jerome H.",
            year=2001,
            venue="The Annals of Statistics",
            volume="29",
            pages="1189--1232",
            doi="10.1214/aos/1013203451",
            says="Adding small trees along the gradient of a loss fits additive models step by step.",
        ),
        Work(
            key="CoverHart1967",
            title="Nearest neighbor pattern classification",
            authors="Cover, T. and Hart, P.",
            year=1967,
            venue="IEEE Transactions on Information Theory",
            volume="13",
            pages="21--27",
            doi="10.1109/TIT.1967.1053964",
            says="The nearest neighbour's error is asymptotically at most twice the smallest possible one.",
        ),
        Work(
            key="ZouHastie2005",
            title="Regularization and Variable Selection Via the Elastic Net",
            authors="Zou, Hui and Hastie, Trevor",
            year=2005,
            venue="Journal of the Royal Statistical Society: Series B",
            volume="67",
            pages="301--320",
            doi="10.1111/j.1467-9868.2005.00503.x",
            says="A mixture of two penalties selects columns and keeps correlated ones together.",
        ),
        Work(
            key="Geurts2006",
            title="Extremely randomized trees",
            authors="Geurts, Pierre and Ernst, Damien and Wehenkel, Louis",
            year=2006,
            venue="Machine Learning",
            volume="63",
            pages="3--42",
            doi="10.1007/s10994-006-6226-1",
            says="Drawing split points at random lowers the variance of averaged trees further.",
        ),
        Work(
            key="Brier1950",
            title="Verification of Forecasts Expressed in Terms of Probability",
            authors="Brier, Glenn W.",
            year=1950,
            venue="Monthly Weather Review",
            volume="78",
            pages="1--3",
            doi="10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2",
            says="The mean squared difference between probability and outcome scores a probability forecast.",
        ),
    )
}
ALWAYS = (
    "VarmaSimon2006",
    "NadeauBengio2003",
    "Holm1979",
    "Benavoli2017",
    "OjalaGarriga2010",
    "Pedregosa2011",
)
# Families without a work of their own here (tree, naive Bayes, Gaussian process) rest on the
# implementation's.
SOURCES = {
    "logistic": "Cox1958",
    "ridge": "HoerlKennard1970",
    "svm": "CortesVapnik1995",
    "forest": "Breiman2001",
    "boosting": "Friedman2001",
    "knn": "CoverHart1967",
    "elastic_net": "ZouHastie2005",
    "extra_trees": "Geurts2006",
    "tree": "Pedregosa2011",
    "naive_bayes": "Pedregosa2011",
    "gaussian_process": "Pedregosa2011",
}
EXTRA_SOURCES = {"calibration": "Brier1950", "importance": "Breiman2001"}


def keys_for(families: list[str], extras: list[str], secondary: list[str]) -> list[str]:
    """The keys of the works that a plan rests on, without repeats, in order of use."""
    keys = [
        *ALWAYS,
        *(SOURCES[f] for f in families),
        *(EXTRA_SOURCES[e] for e in extras if e in EXTRA_SOURCES),
    ]
    keys += ["Brier1950"] if "brier" in secondary else []
    return list(dict.fromkeys(keys))


def bibtex(work: Work) -> str:
    """The work as a BibTeX entry."""
    fields = {
        "title": f"{{{work.title}}}",
        "author": work.authors,
        "year": str(work.year),
        "journal": work.venue,
        "volume": work.volume,
        "pages": work.pages,
        "doi": work.doi,
        "url": work.url,
    }
    body = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items() if value)
    return f"@{work.entry}{{{work.key},\n{body}\n}}\n"
