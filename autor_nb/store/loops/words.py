"""The words of a loop's log and inbox, as their files hold them."""

from __future__ import annotations

from typing import Any

import msgspec

from autor_nb.domain.loops.commands import LoopCommand
from autor_nb.domain.loops.events import LoopEvent
from autor_nb.store.eventlog import Vocabulary

EVENTS = Vocabulary(LoopEvent)
COMMANDS: msgspec.json.Decoder[Any] = msgspec.json.Decoder(LoopCommand)
