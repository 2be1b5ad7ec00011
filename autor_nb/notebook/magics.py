"""`%autor` and `%%autor`: the verbs in a notebook; they return at once and show rich results."""

from __future__ import annotations

import contextlib
import sys
from typing import Any

from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand

from autor_nb.domain.errors import AutorError, BugError


def can_interact(shell: Any) -> bool:
    """Whether a person can answer here: not under papermill, nbconvert or nbval, which refuse input."""
    kernel = getattr(shell, "kernel", None)
    if kernel is not None:
        return bool(getattr(kernel, "_allow_stdin", False))
    with contextlib.suppress(AttributeError, ValueError):
        return bool(sys.stdin.isatty())
    return False


@magics_class
class AutorMagics(Magics):
    """The notebook face."""

    @no_var_expand
    @line_cell_magic
    def autor(self, line: str, cell: str | None = None) -> Any:
        """autor: from a question to a paper, approved stage by stage.

        %autor                      what waits for you, what runs, the next command
        %autor new --goal "…"       start a run        (or the goal as the body of a cell under %%autor new)
        %autor status               how it stands      %autor watch   as it happens
        %autor approve              go on              %autor refine 2, %autor refine your own words
        %autor --help               every verb         %autor VERB --help   its options, with examples
        """
        from autor_nb.notebook.line import arguments
        from autor_nb.notebook.shown import AutorMessage, RunEnded
        from autor_nb.verbs.tree import invoke

        try:
            face = self._face(cell)
            result = invoke(arguments(line), face)
        except KeyboardInterrupt:
            raise AutorMessage(AutorError("Interrupted; runs go on. `autor status` shows them.")) from None
        except BugError:
            raise
        except AutorError as error:
            raise AutorMessage(error) from None
        except OSError as error:
            said = AutorError(f"{error.strerror or error}: {error.filename or 'a file'}.", "Mend it, then try again.")
            raise AutorMessage(said) from None
        if result is None:
            return None
        if face.form == "json":
            print(_envelope(result))
            return None
        if result.exit_code and face.waits:
            from IPython.display import display

            display(result)
            raise AutorMessage(RunEnded("It did not come to where it was to come; the card above says why."))
        if result.panel and face.interactive:
            from autor_nb.notebook.panels.show import Shown

            return Shown(result)
        if result.figures:
            from autor_nb.notebook.shown import Pictured

            return Pictured(result)
        return result

    def _face(self, cell: str | None) -> Any:
        from autor_nb.verbs.result import Face

        interactive = can_interact(self.shell)
        return Face(
            "notebook",
            interactive=interactive,
            waits=not interactive,
            body=_body(cell),
            say=_say,
            ask=_ask if interactive else None,
        )


def _body(cell: str | None) -> str | None:
    if cell is None:
        return None
    text = cell.rstrip("\n")
    return text if text.strip() else ""


def _say(line: str) -> None:
    print(line, flush=True)


def _ask(question: str) -> str:
    return input(question)


def _envelope(result: Any) -> str:
    import json

    return json.dumps({"status": "success", "data": result.data(), "hints": list(result.hints)}, indent=2, default=str)


def load(shell: Any) -> None:
    """Register the magics, their completion, and say what has been working since."""
    from autor_nb.notebook import complete, greeting

    shell.register_magics(AutorMagics)
    complete.register(shell)
    said = greeting.line()
    if said:
        print(said)


def unload(shell: Any) -> None:
    """Take back what `load` registered."""
    from autor_nb.notebook import complete

    complete.unregister(shell)
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop("autor", None)
