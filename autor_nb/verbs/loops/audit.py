"""`autor loop audit`: whether a loop's best is better than its baseline, on fresh pairs and in one sentence."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from autor_nb import loop_control
from autor_nb.domain.loops import commands as cmd
from autor_nb.domain.loops.state import LoopStatus
from autor_nb.record import loop_headline
from autor_nb.verbs.loops import loop_named
from autor_nb.verbs.loops.session import card, exit_code, seconds, until
from autor_nb.verbs.result import Face, Result
from autor_nb.verbs.tree import pass_face, verb


@verb(name="audit", examples=("autor loop audit", "autor loop audit tsp --json"))
@loop_named.loop_argument
@loop_named.loop_option
@click.option("--timeout", metavar="TIME", help="Wait no longer than that; the audit goes on.")
@pass_face
def audit(face: Face, name: str | None, name_too: str | None, timeout: str | None) -> Result:
    """Test what the loop has now against its baseline on fresh pairs, wait, and say what that shows.

    Asked again, it adds fresh pairs to all that were measured of the same state: one test, however often one looks.
    A state that is audited after another one is a test of its own, which has to pass a higher bar.
    """
    loop = loop_named.either(name, name_too)
    limit = seconds("--timeout", timeout)
    since = loop.events.stat().st_size
    loop_control.ask(loop, cmd.AuditLoop(**loop_control.fields(loop_control.actor(face.name))))
    snapshot = until(face, loop, since, lambda now: now.state.audit is None, limit)
    state = snapshot.state
    if state.audit is not None:
        stopped = snapshot.status is LoopStatus.FAILED
        said = state.failure if stopped else f"The audit is not done after {timeout}; it goes on."
        return card(loop, said, code=exit_code(snapshot) or 1, better=None, sentence=said)
    if not state.audits or snapshot.status is LoopStatus.FAILED:
        return card(loop, state.failure or "The audit was ended.", code=1, better=None, sentence="")
    row = state.audits[-1]
    sentence = loop_headline.headline(state).text
    facts: dict[str, Any] = {"better": row.better, "sentence": sentence, "audited": msgspec.to_builtins(row)}
    return card(loop, sentence, **facts)

