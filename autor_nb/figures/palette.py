"""Colours of every figure and status: told apart without colour vision, never without glyph and word."""

from __future__ import annotations

INK = "#16202b"
TEXT = "#37414d"
MUTED = "#5b6673"
GRID = "#e4e7eb"
PANEL = "#f4f5f7"
PAPER = "#ffffff"
ACCENT = "#2f7fd0"

# the same colours where the page is dark: live figures only, kept pictures have white paper
DARK = {
    INK: "#f0f3f6",
    TEXT: "#cdd3da",
    MUTED: "#9aa5b1",
    GRID: "#33393f",
    PANEL: "#1f2327",
    ACCENT: "#4f9ae6",
    "#8a6bb8": "#a98bd6",
    "#3c9aa8": "#4fb3c1",
    "#6b7c8f": "#8494a6",
    "#d1512d": "#ee7450",
    "#b7791f": "#d9a03f",
    "#1f8a70": "#35b391",
    "#c3cad2": "#5b6673",
    "#fffffe": "#0d1116",
}

KINDS = {
    "work": ACCENT,
    "write": "#8a6bb8",
    "test": "#3c9aa8",
    "other": "#6b7c8f",
    "failed": "#d1512d",
    "wait": "#b7791f",
    "on": "#fffffe",
}

# status → (colour, glyph in text, plotly symbol, matplotlib marker, word)
STATUS: dict[str, tuple[str, str, str, str, str]] = {
    "pass": ("#1f8a70", "●", "circle", "o", "pass"),
    "waived": ("#2f7fd0", "◆", "diamond", "D", "waived"),
    "warning": ("#b7791f", "▲", "triangle-up", "^", "warning"),
    "fail": ("#d1512d", "✕", "x", "X", "fails, blocking"),
    "none": ("#c3cad2", "–", "line-ew-open", "_", "not answered"),
}
