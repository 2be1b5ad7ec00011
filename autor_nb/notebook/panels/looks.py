"""What a page may ask to see: attempts, drafts, previews, more of the feed; read from disk when asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autor_nb.desk import attempt, compare, feed, previews
from autor_nb.domain.errors import UsageError
from autor_nb.notebook.panels.tail import RunTail

Asked = dict[str, Any]


def look(tail: RunTail, message: Asked) -> Any:
    """The document that was asked for; AutorError in words if there is none."""
    make = _LOOKS.get(str(message.get("what", "")))
    if make is None:
        raise UsageError(
            f"The panel asked to see {message.get('what')!r}, which this version does not know.", "Reload the page."
        )
    try:
        return make(tail, message)
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"The panel's question was not understood: {error}.", "Reload the page.") from error


def _where(tail: RunTail, asked: Asked) -> tuple[Any, Any, str, int]:
    snapshot = tail.snapshot
    assert snapshot is not None
    return tail.run, snapshot.state, str(asked["stage"]), int(asked["attempt"])


def _feed(tail: RunTail, asked: Asked) -> Any:
    before = asked.get("before")
    return feed.page_of(
        tail.run,
        str(asked["stage"]),
        int(asked["attempt"]),
        None if before is None else int(before),
        max(1, min(200, int(asked.get("count") or 100))),
        str(asked.get("search") or "")[:200],
        [str(kind) for kind in asked.get("kinds") or []],
    )


def _decisions(tail: RunTail, asked: Asked) -> Any:
    assert tail.snapshot is not None
    return {"decisions": tail.decisions.shown(tail.snapshot.state)}


def _compare(tail: RunTail, asked: Asked) -> Any:
    assert tail.snapshot is not None
    left, right = (
        compare.side_of(tail.run, str(side["stage"]), int(side["attempt"]), tail.snapshot.state)
        for side in (asked["left"], asked["right"])
    )
    return compare.compare_attempts(left, right, bool(asked.get("all")))


def _export(tail: RunTail, asked: Asked) -> Any:
    """A report of the run beside the runs; an earlier one of the same run is replaced."""
    from autor_nb.export import written

    made = written.export(tail.run, again=True, markdown=bool(asked.get("markdown")))
    return {"path": str(made.path), "text": f"One file to share ({made.words}):"}


_LOOKS: dict[str, Callable[[RunTail, Asked], Any]] = {
    "attempt": lambda tail, asked: attempt.attempt_view(*_where(tail, asked)),
    "draft": lambda tail, asked: attempt.draft_of(*_where(tail, asked)),
    "files": lambda tail, asked: {"files": attempt.files_of(*_where(tail, asked))},
    "preview": lambda tail, asked: previews.preview(*_where(tail, asked), str(asked["path"])),
    "feed": _feed,
    "decisions": _decisions,
    "compare": _compare,
    "export": _export,
}
