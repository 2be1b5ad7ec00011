"""The holdout, asked by the engine about what is to be kept: the Ladder tells a new number only for a clear gain.

It informs and decides nothing: the verdict stands on the fresh pairs alone. The losses of single examples stay among
the engine's objects; what is told is the leader's mean.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from autor_nb.domain.errors import AutorError, RunError
from autor_nb.domain.loops import events as ev
from autor_nb.domain.loops.at_work import Current
from autor_nb.domain.loops.ladder import LadderState, submit
from autor_nb.domain.loops.seeds import seed_for
from autor_nb.engine.loops.clones import clone_of
from autor_nb.engine.loops.trial import TrialRequest, run_whole
from autor_nb.engine.orphans import marker_prefix
from autor_nb.store import objects

if TYPE_CHECKING:
    from autor_nb.engine.loops.engine import LoopEngine

HOLDOUT, LOSSES = "AUTOR_HOLDOUT", "AUTOR_HOLDOUT_LOSSES"
MOST_BYTES = 64 * 1024 * 1024


def is_due(engine: LoopEngine, current: Current) -> bool:
    """Whether it is to be asked: there is one, and a killed engine has not asked about this one already."""
    known = engine.state.holdout
    return bool(engine.config.holdout_command) and (known is None or known.last_n != current.n)


def asked(engine: LoopEngine, current: Current) -> ev.HoldoutAsked:
    """What the holdout tells; the baseline is its first leader."""
    protected = engine.config.sandbox
    try:
        ladder, leader = _leader(engine)
        release = submit(ladder, _losses(engine, current.n, current.commit))
    except AutorError as error:
        return ev.HoldoutAsked(n=current.n, failed=error.message[:1000], protected=protected)
    finally:
        clone_of(engine).checkout(engine.state.head)
    return ev.HoldoutAsked(
        n=current.n,
        released=release.released,
        leader=current.n if release.leads else leader,
        leads=release.leads,
        examples=len(release.state.losses),
        losses=objects.put(engine.loop, msgspec.json.encode(release.state)),
        protected=protected,
    )


def _leader(engine: LoopEngine) -> tuple[LadderState, int]:
    known = engine.state.holdout
    if known is not None and known.losses and known.leader is not None:
        return msgspec.json.decode(objects.get(engine.loop, known.losses), type=LadderState), known.leader
    first = engine.state.baseline_n
    return submit(LadderState(), _losses(engine, first, engine.state.base)).state, first


def _losses(engine: LoopEngine, n: int, commit: str) -> list[float]:
    """One loss an example, as the command writes them; RunError says what is wrong with them."""
    loop, config, clone = engine.loop, engine.config, clone_of(engine)
    clone.checkout(commit)
    folder = loop.engine / "holdout"
    folder.mkdir(exist_ok=True)
    told = folder / f"losses_{n}.json"
    told.unlink(missing_ok=True)
    end = run_whole(
        TrialRequest(
            command=config.holdout_command,
            cwd=clone.cwd,
            output=loop.logs / f"holdout_{n:06d}.log",
            marker=f"{marker_prefix(loop)}holdout{n}",
            timeout_s=config.trial_timeout_s,
            seed=seed_for(engine.state.seed, "holdout"),
            seed_env=config.seed_env,
            env={HOLDOUT: str(loop.project / config.holdout), LOSSES: str(told)},
            sandbox=config.sandbox,
            writable=(clone.path, folder),
            readable=(loop.project / config.holdout,),
        )
    )
    try:
        if end.ending != "finished":
            raise RunError(f"The holdout command failed: {end.detail}", f"See logs/holdout_{n:06d}.log.")
        return _read(told)
    finally:
        told.unlink(missing_ok=True)


def _read(told: Path) -> list[float]:
    mend = f"It writes one loss for each example of the holdout, [0.25, 1.5, …], to the file that ${LOSSES} names."
    try:
        content = told.read_bytes() if told.stat().st_size <= MOST_BYTES and not told.is_symlink() else b""
    except OSError as error:
        raise RunError("The holdout command wrote no losses.", mend) from error
    try:
        return msgspec.json.decode(content, type=list[float])
    except msgspec.DecodeError as error:
        raise RunError(f"The holdout command's losses are no list of numbers: {error}", mend) from error
