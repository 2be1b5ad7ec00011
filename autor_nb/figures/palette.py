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
    "#00705a": "#4ec9a8",
    "#6b7280": "#a3abb5",
    "#855500": "#e6b450",
    "#b3340e": "#ff9273",
    "#94307f": "#e39ad3",
    "#cfe6df": "#23463d",
    "#dcebf9": "#1d3346",
    "#eceef1": "#282d33",
}

# what became of an experiment → colour; its shape says the same
VERDICTS = {
    "keep": "#00705a",
    "advance": "#00705a",
    "discard": "#6b7280",
    "inconclusive": "#855500",
    "crash": "#b3340e",
    "tampered": "#94307f",
    "testing": ACCENT,
    "baseline": INK,
}
BAND, TESTED, FLOOR = "#cfe6df", "#dcebf9", "#eceef1"

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
