"""What a person may do about a metric that is one and the same on every seed: no test can tell luck from gain there."""

from __future__ import annotations

from autor_nb.domain.loops.state import LoopState

CAUSE = "seed"


def reason(state: LoopState) -> str:
    """Why such a loop rests, and the ways on."""
    said = f"{len(state.baseline_scores)} runs on different seeds gave one and the same metric"
    return f"{said}: a test cannot tell luck from gain. {mends(state)}"


def mends(state: LoopState) -> str:
    """Every way on, with its commands; a loop whose code was mended begins anew, from the commit that mends it."""
    variable = str(state.config.get("seed_env") or "AUTOR_SEED")
    return (
        f"Bit-identical is not noise-free: each edit still draws its own luck. Have the command draw from the seed "
        f"(read {variable} in the code, or write {{seed}} into its command); where nothing is random, let the seed "
        f"choose what it measures on: folds, or problems out of a fixed set. Commit that, and make a loop of it: "
        f"{anew(state)}. Only if the metric moves under none of these, say so: `{greedy(state)}` compares single "
        "runs, and labels what it keeps unconfirmed."
    )


def anew(state: LoopState) -> str:
    """How another loop is made of this one's configuration as its file has it."""
    other, made = f"{state.name}-2", first_command(state)
    if made != start(other):
        return f"`{made}`, then `{start(other)}`"
    return f"rename [loop.{state.name}] in autor.toml to [loop.{other}] (its tables too), then `{start(other)}`"


def first_command(state: LoopState) -> str:
    """The command that makes the other loop: a file of another tool is brought in again, a section is started."""
    origin, other = str(state.config.get("origin") or "autor.toml"), f"{state.name}-2"
    return f"autor loop init --from {origin} --name {other}" if origin != "autor.toml" else start(other)


def start(name: str) -> str:
    """The command that sets a loop to work."""
    return f"autor loop start {name} --iterations 20"


def greedy(state: LoopState) -> str:
    """The command that goes on without a test."""
    return f"{start(state.name)} --gate greedy"
