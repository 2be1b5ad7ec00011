"""Several metrics into one score, or into routes for the gate: one file a way."""
