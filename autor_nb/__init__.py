"""autor_nb: the research notebook that makes JupyterLab the control desk of AI-driven research."""

from __future__ import annotations

__version__ = "0.1.0"
