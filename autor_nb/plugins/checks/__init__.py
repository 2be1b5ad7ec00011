"""Checkers: the rules by which an attempt is judged, by content."""
