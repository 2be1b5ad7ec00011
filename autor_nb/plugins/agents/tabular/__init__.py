"""The embedded agent: carries a supervised comparison on one tabular data set through every stage, without
a model."""
