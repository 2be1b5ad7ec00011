"""A loop as a panel shows it: state, course and files become plain documents; no widgets, no HTML."""
