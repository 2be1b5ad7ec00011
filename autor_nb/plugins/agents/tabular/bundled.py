"""The data sets that come with scikit-learn, by name."""

from __future__ import annotations

import csv
import io

TARGETS = {
    "breast_cancer": "diagnosis",
    "diabetes": "progression",
    "digits": "digit",
    "iris": "species",
    "wine": "cultivar",
}
SHAPES = {  # rows, columns, classes (1: numbers)
    "breast_cancer": (569, 30, 2),
    "diabetes": (442, 10, 1),
    "digits": (1797, 64, 10),
    "iris": (150, 4, 3),
    "wine": (178, 13, 3),
}
ABOUT = {
    "breast_cancer": "Breast Cancer Wisconsin (diagnostic): 569 tumours, 30 measurements, malignant or benign",
    "diabetes": "Diabetes: 442 patients, 10 measurements, disease progression after a year",
    "digits": "Digits: 1797 images of handwritten digits of 8 × 8 pixels",
    "iris": "Iris: 150 flowers, 4 measurements, three species",
    "wine": "Wine: 178 wines, 13 chemical measurements, three cultivars",
}


def column_names(name: str) -> tuple[str, ...]:
    """The columns of a bundled set, target last."""
    header = as_csv(name).split("\n", 1)[0]
    return tuple(next(csv.reader([header])))


def as_csv(name: str) -> str:
    """A bundled set as CSV text with its target as the last column."""
    from sklearn import datasets

    bunch = getattr(datasets, f"load_{name}")(**({"scaled": False} if name == "diabetes" else {}))
    names = bunch.get("target_names") if name != "diabetes" else None
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([*(str(column).replace(" (cm)", "") for column in bunch.feature_names), TARGETS[name]])
    for row, target in zip(bunch.data.tolist(), bunch.target.tolist(), strict=True):
        label = target if names is None else str(names[int(target)])
        writer.writerow([*(f"{value:.10g}" for value in row), f"{label:.10g}" if isinstance(label, float) else label])
    return buffer.getvalue()
