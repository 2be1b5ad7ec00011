"""Renderers: paper sources from a document model, and a PDF from sources."""
