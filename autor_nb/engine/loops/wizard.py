"""The wizard: the same checks one by one, with what was found kept in the loop's folder until it no longer fits."""

from __future__ import annotations

import hashlib

import msgspec

from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.preflight import CANARY, CANARY_TITLE, IDS, TITLES, CheckResult
from autor_nb.engine.loops.preflight import Preflight, check
from autor_nb.store.atomic import write_bytes
from autor_nb.store.eventlog import utc_now


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step: what was found when, or nothing yet."""

    id: str
    title: str
    result: CheckResult | None = None
    at: str = ""

    @property
    def done(self) -> bool:
        """Whether it lets one go on."""
        return self.result is not None and self.result.state != "blocking"


class _Kept(msgspec.Struct, kw_only=True):
    """What the file holds; `fits` is the configuration that it was found for."""

    fits: str = ""
    results: dict[str, CheckResult] = {}
    at: dict[str, str] = {}


class Wizard:
    """The steps of one loop; `with_canary` makes it the last of them."""

    def __init__(self, context: Preflight, *, with_canary: bool = False) -> None:
        self.context = context
        self.ids = (*IDS, CANARY) if with_canary else IDS
        self.path = context.folder.engine / "wizard.json"
        self._kept = self._read()

    def status(self) -> list[Step]:
        """Every step as it stands."""
        kept = self._kept
        return [
            Step(id=id, title=TITLES.get(id, CANARY_TITLE), result=kept.results.get(id), at=kept.at.get(id, ""))
            for id in self.ids
        ]

    @property
    def done(self) -> bool:
        """Whether every step lets one go on."""
        return all(step.done for step in self.status())

    def next(self) -> Step | None:
        """Make the first step that is not done; None when all are."""
        waiting = next((step for step in self.status() if not step.done), None)
        return None if waiting is None else self.step(waiting.id)

    def step(self, id: str) -> Step:
        """Make this step, again if need be."""
        if id not in self.ids:
            raise UsageError(f"There is no step {id!r}.", f"Known: {', '.join(self.ids)}.")
        self._kept.results[id] = check(self.context, id)
        self._kept.at[id] = utc_now()
        write_bytes(self.path, msgspec.json.format(msgspec.json.encode(self._kept), indent=2) + b"\n", durable=False)
        return next(step for step in self.status() if step.id == id)

    def reset(self) -> None:
        """Forget what was found."""
        self._kept = _Kept(fits=self._fits())
        self.path.unlink(missing_ok=True)

    def _fits(self) -> str:
        config = self.context.config
        said = msgspec.json.encode(config) if config is not None else str(self.context.refusal).encode()
        return hashlib.sha256(said).hexdigest()[:16]

    def _read(self) -> _Kept:
        """What was kept; nothing if it is unreadable or was found for another configuration."""
        try:
            kept = msgspec.json.decode(self.path.read_bytes(), type=_Kept)
        except (OSError, msgspec.DecodeError):
            kept = _Kept()
        return kept if kept.fits == self._fits() else _Kept(fits=self._fits())
