"""What every panel shares: the page's module, documents out, words in, and work that never blocks the kernel."""

from __future__ import annotations

import threading
from importlib import resources
from typing import Any

import anywidget
import traitlets

from autor_nb.domain.errors import AutorError, UsageError
from autor_nb.notebook.panels.presence import HEARING, Presence

_PAGE = resources.files("autor_nb.notebook.panels") / "page"


class Panel(anywidget.AnyWidget):
    """One anywidget that renders `view`; pages send words, and whatever they ask for is done in a thread."""

    _esm = (_PAGE / "panel.js").read_text(encoding="utf-8")
    _css = (_PAGE / "panel.css").read_text(encoding="utf-8")
    kind = traitlets.Unicode("").tag(sync=True)
    view = traitlets.Dict().tag(sync=True)
    attempt = traitlets.Dict().tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self.presence = Presence()
        HEARING.listen()
        self.on_msg(lambda widget, message, buffers: self.take(message))

    @property
    def watched(self) -> bool:
        """Whether somebody may be looking."""
        return self.presence.watched

    def show(self, view: dict[str, Any], attempt: dict[str, Any] | None) -> None:
        """Replace what is shown."""
        if attempt is not None and attempt != self.attempt:
            self.attempt = attempt
        self.view = view

    def tell(self, message: dict[str, Any]) -> None:
        """Send something that is not state."""
        self.send(message)

    def take(self, message: Any) -> None:
        """A page said something; answered at once, done elsewhere."""
        self.presence.heard()
        if not isinstance(message, dict):
            return
        match message.get("do"):
            case "hello":
                self.hello()
            case "ask":
                self.send({"got": message.get("id")})
                threading.Thread(target=self._asked, args=(message,), name="autor-ask", daemon=True).start()
            case "look":
                threading.Thread(target=self._looked, args=(message,), name="autor-look", daemon=True).start()

    def _asked(self, message: dict[str, Any]) -> None:
        try:
            self.ask(message)
        except AutorError as error:
            self.send({"done": message.get("id"), "ok": False, "reason": error.message, "suggestion": error.suggestion})
        except Exception as error:  # ours: a thread of a panel must not print
            reason = f"A fault of autor_nb itself: {type(error).__name__}: {error}"
            self.send({"done": message.get("id"), "ok": False, "reason": reason, "suggestion": "`autor doctor`"})
        else:
            self.send({"done": message.get("id"), "ok": True})

    def _looked(self, message: dict[str, Any]) -> None:
        try:
            self.send({"look": message.get("id"), "data": self.look(message)})
        except AutorError as error:
            said = {"message": error.message, "suggestion": error.suggestion}
            self.send({"look": message.get("id"), "error": said})
        except Exception as error:  # ours, as above
            said = {"message": f"A fault of autor_nb itself: {type(error).__name__}: {error}", "suggestion": ""}
            self.send({"look": message.get("id"), "error": said})

    # ------------------------------------------------------------------------- what a panel answers

    def hello(self) -> None:
        """A page has been drawn."""

    def ask(self, message: dict[str, Any]) -> None:
        """Do what was asked; AutorError if it cannot be done. A panel that decides nothing says so."""
        raise UsageError("This panel is for reading.", "`%autor panel` has the buttons.")

    def look(self, message: dict[str, Any]) -> Any:
        """The document that was asked for. A panel that is all there is says so."""
        raise UsageError("This panel shows nothing more.", "`%autor panel` shows the whole run.")
