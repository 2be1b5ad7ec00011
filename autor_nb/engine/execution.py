"""Executing a notebook by papermill on a kernel of ours, and saying what really ran.

Papermill's own status lies after a kernel's death, a time-out or an interrupt, so nothing here reads it.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from queue import Empty
from typing import Any

from autor_nb.engine.kernels import Kernel

CELL_TIMEOUT_S = 120
RAN = "autor_ran"
START_TIMEOUT_S = 60.0


@dataclass
class Execution:
    """One execution: the notebook as far as it got, and what went wrong around it."""

    cwd: Path
    notebook: Any = None
    problem: str = ""
    kernel_lost: bool = False

    @property
    def cells(self) -> int:
        """How many code cells there are."""
        return sum(1 for _ in code_cells(self.notebook))

    @property
    def cells_run(self) -> int:
        """How many ran to their end without an error, by what is in them."""
        return sum(1 for cell in code_cells(self.notebook) if cell.metadata.get(RAN) and not failed(cell))

    @property
    def complete(self) -> bool:
        """Whether every cell ran and the kernel lived to the end."""
        return not self.kernel_lost and not self.problem and self.cells == self.cells_run > 0


def code_cells(notebook: Any) -> Any:
    """Cells that hold code."""
    return (cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip())


def failed(cell: Any) -> bool:
    """Whether a cell has no count, or an error among its outputs."""
    return cell.get("execution_count") is None or any(o.output_type == "error" for o in cell.outputs)


@cache
def warm_engine() -> Any:
    """The papermill engine class; made at first use, since importing papermill takes a while."""
    from papermill.engines import NBClientEngine

    client = _client_class()

    class WarmEngine(NBClientEngine):  # type: ignore[misc]
        """Papermill's engine on a kernel that runs already."""

        @classmethod
        def execute_managed_notebook(  # type: ignore[no-untyped-def]
            cls, nb_man, kernel_name, log_output=False, kernel=None, execution=None, **kwargs
        ) -> None:
            if kernel is None:
                NBClientEngine.execute_managed_notebook(nb_man, kernel_name, log_output, **kwargs)
                return
            made = client(
                nb_man,
                km=kernel.manager,
                kernel_name=kernel_name,
                timeout=CELL_TIMEOUT_S,
                record_timing=False,
            )
            made.execution = execution
            try:
                made.execute()
            finally:
                execution.notebook = nb_man.nb
                if made.kc is not None:
                    made.kc.stop_channels()

    return WarmEngine


@cache
def _client_class() -> Any:
    from jupyter_core.utils import run_sync
    from papermill.clientwrap import PapermillNotebookClient

    class WarmClient(PapermillNotebookClient):  # type: ignore[misc]
        """Shakes hands over iopub; the usual way waits 0.2 s to be sure that nothing more comes."""

        execution: Execution

        async def async_start_new_kernel_client(self) -> Any:
            self.kc = self.km.client()
            self.kc.start_channels()
            self.kc.allow_stdin = False
            await _until_answered(self.kc, self.km)
            await _run_silently(self.kc, f"import os as _o; _o.chdir({str(self.execution.cwd)!r}); del _o")
            return self.kc

        start_new_kernel_client = run_sync(async_start_new_kernel_client)

        async def async_execute_cell(self, cell: Any, cell_index: int, **kwargs: Any) -> Any:
            done = await super().async_execute_cell(cell, cell_index, **kwargs)
            cell.metadata[RAN] = True  # it has come back: it was not cut off
            return done

        execute_cell = run_sync(async_execute_cell)

    return WarmClient


async def _until_answered(client: Any, manager: Any) -> None:
    """Ask until our subscription is heard."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        client.kernel_info()
        with contextlib.suppress(Empty):
            await client.get_iopub_msg(timeout=0.1)
            return
        if not manager.is_alive():
            raise RuntimeError("the kernel died while it started")
    raise RuntimeError(f"the kernel did not answer within {START_TIMEOUT_S:.0f} s")


async def _run_silently(client: Any, code: str) -> None:
    """Run code and wait for its end, and with it for all that was said before."""
    asked = client.execute(code, silent=True, store_history=False)
    while True:
        message = await client.get_iopub_msg(timeout=START_TIMEOUT_S)
        if (
            message["parent_header"].get("msg_id") == asked
            and message["msg_type"] == "status"
            and message["content"]["execution_state"] == "idle"
        ):
            return


def execute(notebook: Any, parameters: dict[str, Any] | None, kernel: Kernel, cwd: Path) -> Execution:
    """Execute a notebook in memory; never raises for what happens to its cells or its kernel."""
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    result = Execution(cwd=cwd, notebook=notebook)
    with _quiet():
        try:
            papermill.execute_notebook(
                notebook,
                None,
                parameters=parameters,
                engine_name="autor",
                progress_bar=False,
                request_save_on_cell_execute=False,
                autosave_cell_every=0,
                kernel=kernel,
                execution=result,
            )
        except PapermillExecutionError as error:
            result.problem = f"{error.ename}: {error.evalue}"
        except (DeadKernelError, CellTimeoutError) as error:
            result.problem, result.kernel_lost = f"{type(error).__name__}: {error}".splitlines()[0], True
        except Exception as error:  # papermill and its kernel raise many kinds; each means: it was not executed
            result.problem, result.kernel_lost = (
                f"{type(error).__name__}: {error}".splitlines()[0],
                not kernel.alive,
            )
    if not result.kernel_lost and not kernel.alive:
        result.problem, result.kernel_lost = result.problem or "the kernel died", True
    return result


@contextlib.contextmanager
def _quiet() -> Any:
    """Papermill and nbclient log to stderr what the result says anyway."""
    import logging

    names = ("papermill", "papermill.translators", "traitlets")
    before = [(logging.getLogger(name), logging.getLogger(name).level) for name in names]
    for logger, _ in before:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in before:
            logger.setLevel(level)
