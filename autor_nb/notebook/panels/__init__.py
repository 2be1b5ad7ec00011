"""Panels: one anywidget each; they show documents of the desk and hand a person's decisions to the engine."""
