"""Seeds that nobody can foresee without the loop's own, and that a killed engine draws again."""

from __future__ import annotations

import hashlib


def seed_for(loop_seed: int, *words: object) -> int:
    """A seed of 31 bits for what the words name (experiment, role, pair): the same words give the same seed."""
    said = "\x1f".join(str(word) for word in (loop_seed, *words)).encode()
    return int.from_bytes(hashlib.blake2b(said, digest_size=8).digest(), "big") & 0x7FFFFFFF
