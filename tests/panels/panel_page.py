"""A page's end of a panel, without a browser."""

from __future__ import annotations

import queue
from collections.abc import Callable
from typing import Any


class Page:
    """A page's end of a panel: everything that the kernel sends is kept, and can be waited for."""

    def __init__(self, panel: Any) -> None:
        self.panel, self.got = panel, queue.Queue()
        self.all: list[dict[str, Any]] = []
        panel.send = lambda content, buffers=None: self.got.put(content)
        self._ids = 0
        self.say(do="hello")

    def say(self, **message: Any) -> str:
        """Send one message; answers with its id."""
        self._ids += 1
        message["id"] = f"page00000000-{self._ids}"
        self.panel.take(message)
        return message["id"]

    def until(self, fits: Callable[[dict[str, Any]], bool], timeout_s: float = 60.0) -> dict[str, Any]:
        """The first message that fits, waiting for it."""
        for message in self.all:
            if fits(message):
                return message
        while True:
            message = self.got.get(timeout=timeout_s)
            self.all.append(message)
            if fits(message):
                return message

    def ask(self, command: str, **args: Any) -> dict[str, Any]:
        """Click, and wait for the engine's answer."""
        sent = self.say(do="ask", command=command, args=args)
        self.until(lambda message: message.get("got") == sent)
        return self.until(lambda message: message.get("done") == sent)

    def look(self, what: str, **args: Any) -> dict[str, Any]:
        """Ask to see something; the whole answer."""
        sent = self.say(do="look", what=what, **args)
        return self.until(lambda message: message.get("look") == sent)

    def shows(self, fits: Callable[[dict[str, Any]], bool], timeout_s: float = 60.0) -> dict[str, Any]:
        """The view, once it fits."""
        changed: queue.Queue[dict[str, Any]] = queue.Queue()
        self.panel.observe(lambda change: changed.put(change["new"]), names="view")
        view = self.panel.view
        while not fits(view):
            view = changed.get(timeout=timeout_s)
        return view
