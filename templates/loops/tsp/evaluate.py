"""Draws 50 cities from the seed, asks solve.py for a tour, checks it and prints its length. Not to be changed."""

import math
import os
import random

import solve

CITIES = 50
PROPOSALS = 60_000


def cities(seed: int) -> list[tuple[float, float]]:
    """An instance: every seed is another map."""
    rng = random.Random(f"cities {seed}")
    return [(rng.random(), rng.random()) for _ in range(CITIES)]


def length(tour: list[int], distance: list[list[float]]) -> float:
    """The way round, back to where it began."""
    return sum(distance[a][b] for a, b in zip(tour, tour[1:] + tour[:1], strict=True))


def main() -> None:
    seed = int(os.environ.get("AUTOR_SEED") or 0)
    places = cities(seed)
    distance = [[math.dist(a, b) for b in places] for a in places]
    tour = solve.tour(places, [row[:] for row in distance], random.Random(f"search {seed}"), PROPOSALS)
    if sorted(tour) != list(range(CITIES)):
        raise SystemExit("The tour does not visit every city once.")
    print(f"tour_length: {length(tour, distance):.6f}")


if __name__ == "__main__":
    main()
