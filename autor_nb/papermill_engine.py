"""The papermill engine `autor`. Papermill imports this at its own import: nothing heavy is imported here."""

from __future__ import annotations

from typing import Any


class AutorEngine:
    """Executes on a warmed kernel when given one (`kernel=`), else as papermill's own engine does."""

    @classmethod
    def execute_notebook(cls, nb: Any, kernel_name: str, output_path: Any = None, **kwargs: Any) -> Any:
        """Execute the notebook; papermill calls this."""
        from autor_nb.engine.execution import warm_engine

        return warm_engine().execute_notebook(nb, kernel_name, output_path=output_path, **kwargs)

    @classmethod
    def nb_kernel_name(cls, nb: Any, name: str | None = None) -> Any:
        """The kernel that the notebook asks for."""
        from papermill.utils import nb_kernel_name

        return nb_kernel_name(nb, name)

    @classmethod
    def nb_language(cls, nb: Any, language: str | None = None) -> Any:
        """The language that the notebook is in."""
        from papermill.utils import nb_language

        return nb_language(nb, language)
