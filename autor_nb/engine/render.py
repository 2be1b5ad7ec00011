"""The stage notebook of an attempt: its template with parameters, executed by papermill, judged by what ran.

Executed in memory and put in place by a rename, so that a half notebook is never seen. A kernel that is
killed is replaced up to twice; then the notebook is kept as far as it got, and says so.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from autor_nb.domain.errors import AutorError
from autor_nb.domain.stage import StageSpec
from autor_nb.domain.state import AttemptState, RunState
from autor_nb.engine import comparison, execution
from autor_nb.engine.execution import Execution
from autor_nb.engine.kernels import SpareKernel
from autor_nb.store import templates
from autor_nb.store.atomic import write_text
from autor_nb.store.layout import RunFolder

KERNELS = 3
INJECTED = "injected-parameters"
NOTE = "incomplete"


@dataclass(frozen=True)
class Rendered:
    """What became of a notebook; `path` is relative to the run, `complete` only if every cell ran well."""

    path: str
    complete: bool
    cells_run: int
    cells: int
    duration_s: float
    detail: str


class NotebookRoom:
    """Where stage notebooks are executed; it owns the kernels."""

    def __init__(self) -> None:
        self._kernels = SpareKernel()

    def __enter__(self) -> NotebookRoom:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def warm(self) -> None:
        """Start a kernel in the background, while an agent works."""
        self._kernels.warm()

    def close(self) -> None:
        """End every kernel."""
        self._kernels.close()

    def render(self, run: RunFolder, spec: StageSpec, state: RunState, attempt: AttemptState, as_of: int) -> Rendered:
        """Execute the attempt's notebook into `stages/`; never raises for what happens to the notebook."""
        began = time.monotonic()
        path = run.notebook(spec.slug, attempt.attempt)
        parameters = _parameters(state.run_id or run.run_id, spec, attempt.attempt, as_of)
        cells_run = cells = 0
        detail = ""
        written = False
        try:
            result = self.execute(_template(spec), parameters, run)
            cells_run, cells = result.cells_run, result.cells
            detail = result.problem or ("" if result.complete else f"{cells - cells_run} of {cells} cells did not run")
            write_text(path, finished(result, run))
            written = True
        except AutorError as error:
            detail = error.message
        except Exception as error:  # a notebook is a view: what breaks it must not break the run
            detail = f"{type(error).__name__}: {error}"
        return Rendered(
            path=path.relative_to(run.path).as_posix() if written else "",
            complete=written and not detail,
            cells_run=cells_run,
            cells=cells,
            duration_s=time.monotonic() - began,
            detail=detail,
        )

    def reexecute(self, run: RunFolder, slug: str, attempt: int) -> list[str]:
        """Execute a kept notebook again, elsewhere, and say how its text differs; nothing is written.

        Only the template's code is run: a notebook that somebody edited is compared, not run.
        """
        import nbformat

        path = run.notebook(slug, attempt)
        name = path.name
        try:
            kept = nbformat.read(path, as_version=4)
            spec = next(spec for spec in templates.stages(run.path.parent.parent, intake=True) if spec.slug == slug)
            said = kept.metadata["papermill"]["parameters"]
            parameters = _parameters(str(said["run"]), spec, attempt, int(said["as_of"]))
            again = self.execute(_template(spec), parameters, run)
        except StopIteration:
            return [f"{name}: there is no template of stage {slug} any more"]
        except AutorError as error:
            return [f"{name}: {error.message}"]
        except Exception as error:  # whatever a damaged file raises, the answer is that it is damaged
            return [f"{name}: cannot be read: {type(error).__name__}: {error}".splitlines()[0]]
        finished(again, run)
        problem = [f"{name}: {again.problem}"] if again.problem else []
        return problem + [f"{name}: {found}" for found in comparison.differences(kept, again.notebook)]

    def execute(self, notebook: Any, parameters: dict[str, Any] | None, run: RunFolder) -> Execution:
        """Execute a notebook as it stands in `stages/`, on a fresh kernel when one is lost."""
        import copy

        result = Execution(cwd=run.stages, notebook=notebook)
        for _ in range(KERNELS):
            try:
                kernel = self._kernels.take()
            except Exception as error:  # no process, no sockets, no memory: said in the notebook
                result.problem, result.kernel_lost = f"no kernel could be started: {error}", True
                continue
            try:
                result = execution.execute(copy.deepcopy(notebook), parameters, kernel, run.stages)
                if not result.kernel_lost:
                    return result
                if words := kernel.last_words():
                    result.problem = f"{result.problem} ({words})"
            finally:
                kernel.end()
        result.problem = f"the kernel was lost {KERNELS} times: {result.problem}"
        return result


def _parameters(run_id: str, spec: StageSpec, attempt: int, as_of: int) -> dict[str, Any]:
    return {"run": run_id, "stage": spec.number, "attempt": attempt, "as_of": as_of}


def _template(spec: StageSpec) -> Any:
    import nbformat

    return nbformat.read(templates.notebook_template(spec), as_version=4)


def finished(result: Execution, run: RunFolder) -> str:
    """The notebook as it is kept: what differs from one execution to the next is taken out."""
    import nbformat

    notebook, complete = result.notebook, result.complete
    note = None if complete else _note(result, run)
    kept = notebook.metadata.get("papermill", {})
    notebook.metadata["papermill"] = {"parameters": kept.get("parameters", {})}
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        cell.metadata.pop(execution.RAN, None)
        if INJECTED in cell.metadata.get("tags", []):
            cell.id = INJECTED
            cell.metadata["jupyter"] = {"source_hidden": True}
    notebook.cells = [cell for cell in notebook.cells if cell.id != NOTE]
    if note is not None:
        notebook.cells.insert(0, note)
    nbformat.validate(notebook)
    return str(nbformat.writes(notebook)) + "\n"


def _note(result: Execution, run: RunFolder) -> Any:
    from nbformat.v4 import new_markdown_cell

    why = " ".join((result.problem or "not every cell ran").split())[:400]
    why = why.replace("\\", "\\\\").replace("`", "'").replace("<", "&lt;").replace("[", "\\[")
    cell = new_markdown_cell(
        f"▲ **This notebook is incomplete**: {result.cells_run} of {result.cells} cells ran. {why}\n\n"
        f"The attempt is not touched by this. Run all cells, or `autor verify {run.run_id}`, to mend it."
    )
    cell.id = NOTE
    return cell
