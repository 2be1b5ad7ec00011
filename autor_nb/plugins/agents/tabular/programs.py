"""The small programs that stage 04 writes around the `study` package: entry point, holdout, smoke test,
README."""

from __future__ import annotations

RUN = '''"""Run the study: python code/run.py, from the folder that holds data/. See --help."""

import os
import sys
from pathlib import Path

# One thread a process, set before numpy is loaded: sums are then taken in one order and results are
# reproducible.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[variable] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parent))

from study.main import main  # noqa: E402

if __name__ == "__main__":
    raise SystemExit(main())
'''

HOLDOUT = '''"""Open the locked holdout: prints every family's scores as JSON. Each run is one opening."""

import os
import sys
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[variable] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parent))

from study.main import main  # noqa: E402

if __name__ == "__main__":
    raise SystemExit(main(["--holdout", *sys.argv[1:]]))
'''

SMOKE = '''"""A small run of the whole program on some training rows, twice: it must give the same bytes."""

import dataclasses
import os
import sys
import tempfile
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[variable] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parent))

import pandas as pd  # noqa: E402
from study.data import read_part  # noqa: E402
from study.design import read_design  # noqa: E402
from study.folds import partition  # noqa: E402
from study.main import Progress, run  # noqa: E402

import numpy as np  # noqa: E402

ROWS = 90
ROOT = Path(__file__).resolve().parent.parent


def small(design):
    """The same design with the least of everything."""
    return dataclasses.replace(
        design, seeds=design.seeds[:1], outer_folds=2, inner_folds=2, settings_per_family=2, permutations=4
    )


def some_rows(design, folder):
    """A balanced part of the training rows, whole groups together."""
    part = read_part(ROOT / design.train, design)
    k = max(1, len(part.y) // ROWS)
    table = pd.read_csv(ROOT / design.train, dtype=str, keep_default_na=False)
    if k > 1:
        if part.order is not None:
            table = table.iloc[np.sort(np.argsort(part.order, kind="stable")[-ROWS:])]
        else:
            rng, stratify = np.random.default_rng(0), design.task != "regression"
            fold = partition(part.y, part.units, k, rng, stratify=stratify)
            table = table[fold == 0]
    (folder / "data").mkdir(parents=True)
    table.to_csv(folder / design.train, index=False)
    return len(table)


def smoke(folder, design):
    """The bytes of every result file of one small run."""
    rows = some_rows(design, folder)
    run(folder, design, 1, Progress(False))
    files = {path.name: path.read_bytes() for path in sorted((folder / "results").iterdir())}
    for needed in ("folds.csv", "summary.json", "chosen_settings.csv", "predictions.csv", "permutation.json"):
        assert files.get(needed), f"{needed} was not written"
    folds = pd.read_csv(folder / "results" / "folds.csv")
    expected = {"baseline", *design.family_keys}
    assert set(folds["family"]) == expected, f"families {set(folds['family'])} instead of {expected}"
    assert folds[design.metric].notna().any(), f"no fold has a {design.metric}"
    return rows, files


def main():
    """0 when both runs work and agree."""
    design = small(read_design(ROOT / "data" / "design.json", ROOT / "notes" / "deviations.json"))
    with tempfile.TemporaryDirectory() as temporary:
        rows, first = smoke(Path(temporary) / "a", design)
        _, second = smoke(Path(temporary) / "b", design)
    differ = [name for name in first if first[name] != second.get(name)]
    assert not differ, "two runs with the same seed differ: " + ", ".join(differ)
    families = f"{len(design.family_keys)} families and the baseline"
    print(f"smoke test passed: {families} on {rows} rows, twice, with equal results")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
'''

README = """# The study's code

- `python code/run.py` (from the folder above) reads `data/design.json` and `data/train.csv` and
  writes `results/`.
- `python code/smoke_test.py` runs everything small and twice.
- `python code/holdout.py` opens the locked holdout; do this once.

Needs numpy, pandas and scikit-learn. Same data, same design: same bytes in `results/`, whatever `--jobs` is.

| file | what |
|---|---|
| `study/design.py` | the design as the code uses it |
| `study/data.py` | reading, and the preparation learnt inside each training fold |
| `study/folds.py` | partitions that keep classes balanced and related rows together |
| `study/families.py` | model families and their spaces of settings |
| `study/evaluate.py` | nested cross-validation of one family on one fold |
| `study/metrics.py` | scores |
| `study/permutation.py` | the test for any signal |
| `study/extras.py` | importance of columns, learning curves |
| `study/holdout.py` | the locked rows |
| `study/tables.py` | result files |
| `study/main.py` | the command line |
"""
