"""What a verb answers with: one object that every face can show, in its own way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from autor_nb.verbs.blocks import Block


@dataclass(frozen=True)
class Result:
    """A verb's answer: `facts` for programs, `blocks` for people, `hints` what to do next.

    `document` is the text of a verb whose product is a document: printed raw unless JSON is asked for.
    `state` is what the faces may go on with (a RunFolder, a DataFrame's rows …); it is never printed.
    `panel` names the panel in which a notebook with a person shows it live, if there is one.
    `figures` are descriptions that a notebook draws below the card; elsewhere their text twins are among the blocks.
    """

    facts: dict[str, Any]
    blocks: tuple[Block, ...] = ()
    hints: tuple[str, ...] = ()
    exit_code: int = 0
    document: str | None = None
    state: Any = field(default=None, compare=False)
    panel: str = ""
    figures: tuple[Any, ...] = field(default=(), compare=False)

    def data(self) -> dict[str, Any]:
        """The `data` of the envelope: plain values only."""
        return self.facts

    def text(self, columns: int = 100) -> str:
        """For a terminal."""
        from autor_nb.verbs import draw

        return draw.as_text(self.blocks, columns)

    def html(self) -> str:
        """For a notebook."""
        from autor_nb.verbs import draw

        return draw.as_html(self.blocks)

    def markdown(self) -> str:
        """For a notebook without HTML."""
        from autor_nb.verbs import draw

        return draw.as_markdown(self.blocks)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from autor_nb.verbs import draw

        return {
            "text/html": self.html(),
            "text/markdown": self.markdown(),
            "text/plain": draw.in_notebook(draw.as_text(draw.for_notebook(self.blocks), 100)),
        }

    def __repr__(self) -> str:
        return self.text()


@dataclass
class Face:
    """Who asks, and how this face shows things while a verb works.

    `name`: cli · notebook · api. `interactive`: a person can answer here, through `ask` (question in, line
    out). `waits`: verbs that set the engine to work wait for it, because nobody could look again later.
    `body` is the cell's body or None. `say` shows one line of progress. `form`: json · text · "".
    """

    name: str
    interactive: bool = False
    waits: bool = False
    body: str | None = None
    form: str = ""
    runs_dir: str | None = None
    say: Callable[[str], None] = field(default=lambda line: None)
    ask: Callable[[str], str] | None = None
    stdin: Callable[[], str] | None = None
    keys: bool = False
