"""Splits the diabetes data by the seed, lets train.py fit a model and prints its error. Not to be changed."""

import os

import numpy as np
import train
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split


def main() -> None:
    seed = int(os.environ.get("AUTOR_SEED") or 0)
    x, y = load_diabetes(return_X_y=True)
    x_fit, x_test, y_fit, y_test = train_test_split(x, y, test_size=0.3, random_state=seed % 2**32)
    found = np.asarray(train.fit(x_fit, y_fit, seed % 2**32).predict(x_test), dtype=float)
    if found.shape != y_test.shape or not np.isfinite(found).all():
        raise SystemExit("The model does not predict one finite number for each patient.")
    print(f"rmse: {np.sqrt(np.mean((found - y_test) ** 2)):.6f}")


if __name__ == "__main__":
    main()
