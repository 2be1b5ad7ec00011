"""How much slower a run of the unchanged code is while others run beside it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from autor_nb.domain.loops.forks import ContentionReport, ContentionRequest, ForkRun
from autor_nb.engine.loops.sides import SEED_SPACE, Outcome, Sides


def measure_contention(
    request: ContentionRequest, on_run: Callable[[ForkRun], None], stopped: Callable[[], bool] = lambda: False
) -> ContentionReport:
    """The same seeds alone and together, in as many clones; the first run warms up and is not counted."""
    report = ContentionReport(together=request.together)
    with tempfile.TemporaryDirectory(prefix="autor-contention-") as folder:
        # the metric is of no interest here: reading it would be timed by nobody, and may need the main thread
        sides = Sides(Path(request.project), request.config, Path(folder), stopped=stopped)
        names = [f"clone {number}" for number in range(1, request.together + 1)]
        for name in names:
            sides.add(name, request.commit)
        alone: list[float] = []
        beside: list[float] = []
        for at in range(request.rounds + 1):
            seed = (request.first_seed + max(0, at - 1)) % SEED_SPACE
            one = sides.run(names[0], seed)
            if (why := _told(on_run, names[:1], [one], at, seed, request)) is not None:
                return msgspec.structs.replace(report, reason=why)
            if at and one is not None:
                alone.append(one.duration_s)
        for at in range(1, request.rounds + 1):
            seed = (request.first_seed + at - 1) % SEED_SPACE
            with ThreadPoolExecutor(len(names)) as pool:
                ended = list(pool.map(sides.run, names, [seed] * len(names)))
            if (why := _told(on_run, names, ended, at, seed, request)) is not None:
                return msgspec.structs.replace(report, reason=why)
            beside += [one.duration_s for one in ended if one is not None]
    return msgspec.structs.replace(report, alone_s=tuple(alone), together_s=tuple(beside))


def _told(
    on_run: Callable[[ForkRun], None],
    names: list[str],
    ended: list[Outcome | None],
    at: int,
    seed: int,
    request: ContentionRequest,
) -> str | None:
    """Why it cannot go on, None if it can."""
    for name, one in zip(names, ended, strict=True):
        if one is None:
            return "it was interrupted"
        side = name if len(names) > 1 else "alone"
        on_run(
            ForkRun(side=side, at=at, of=request.rounds, seed=seed, value=one.metric, duration_s=one.duration_s,
                    reason=one.reason)
        )  # fmt: skip
        if one.score is None and one.metric is None:
            return f"the unchanged code gives no value: {one.reason}"
    return None
