"""How the notebook shows what a verb gave: a card with its figures, or a person's mistake without a traceback."""

from __future__ import annotations

from autor_nb.domain.errors import AutorError
from autor_nb.verbs import clean
from autor_nb.verbs.result import Result


class AutorMessage(Exception):
    """Raised by the magics for whatever a person can mend; IPython renders it by `_render_traceback_`."""

    def __init__(self, error: AutorError) -> None:
        super().__init__(clean.plain(str(error), 4000))
        self.code, self.exit_code = error.code, error.exit_code
        self.message, self.suggestion = error.message, error.suggestion

    def _render_traceback_(self) -> list[str]:
        from autor_nb.verbs import draw

        lines = [self.message, self.suggestion]
        return [clean.plain(draw.in_notebook(line), 4000) for line in lines if line]


class RunEnded(AutorError):
    """Raised where nobody can interact and the work ended badly, so that the notebook ends there too."""

    code = "run"


class Pictured:
    """A card with its figures below it, each an output of its own: beside HTML a picture would be left out."""

    def __init__(self, result: Result) -> None:
        self.result = result

    def _ipython_display_(self) -> None:
        from IPython.display import display

        from autor_nb.figures import Drawn

        display(self.result)
        for figure in self.result.figures:
            display(Drawn(figure))

    def __repr__(self) -> str:
        return repr(self.result)
