"""A comparison of model families by nested, repeated cross-validation; needs only numpy, pandas and scikit-
learn."""
