"""Where loops lie on disk: their folder, their clone of the project, their records."""
