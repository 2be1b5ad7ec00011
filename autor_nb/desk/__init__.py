"""A run as a panel shows it: state and disk as plain JSON documents, without widgets and without an engine."""
