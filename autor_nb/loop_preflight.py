"""The faces' door to the checks before a start, and to one call of a critic or a coder: made in another process."""

from __future__ import annotations

from collections.abc import Callable

from autor_nb import loop_firstaid
from autor_nb.domain.loops.preflight import AskAnswer, AskRequest, CheckResult, PreflightAnswer, PreflightRequest


def checks(request: PreflightRequest, on_check: Callable[[CheckResult], None]) -> PreflightAnswer:
    """Make the checks; `on_check` is told each as it is made."""
    return loop_firstaid.ask("preflight", request, step=CheckResult, on_step=on_check, answer=PreflightAnswer)


def critic(request: AskRequest) -> AskAnswer:
    """Ask a critic for one idea."""
    return loop_firstaid.ask("critic", request, step=CheckResult, on_step=_nothing, answer=AskAnswer)


def coder(request: AskRequest) -> AskAnswer:
    """Have a coder make one change, in a copy that is thrown away."""
    return loop_firstaid.ask("coder", request, step=CheckResult, on_step=_nothing, answer=AskAnswer)


def _nothing(step: CheckResult) -> None:
    """These calls tell nothing on their way."""
