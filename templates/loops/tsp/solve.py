"""A tour through all cities by simulated annealing. This file is what the loop may change."""

import math
import random

PARAMS = {
    "start": "random",  # choices: random, nearest, sweep
    "move": "swap",  # choices: swap, shift, reverse
    "temperature": 0.5,  # range: 0.001 .. 1 log
    "cooling": 0.5,  # range: 0.001 .. 0.5 log
    "reach": 49,  # range: 3 .. 49
    "spent": 0.5,  # range: 0.1 .. 1
}


def tour(
    places: list[tuple[float, float]], distance: list[list[float]], rng: random.Random, proposals: int
) -> list[int]:
    """An order of the cities; at most `proposals` changes may be tried on the way."""
    order = _start(places, distance, rng)
    proposals = int(proposals * PARAMS["spent"])
    temperature = PARAMS["temperature"]
    fall = PARAMS["cooling"] ** (1 / proposals)
    move = {"swap": _swap, "shift": _shift, "reverse": _reverse}[PARAMS["move"]]
    n, reach = len(order), int(PARAMS["reach"])
    for _ in range(proposals):
        i = rng.randrange(n)
        j = (i + rng.randint(1, reach)) % n
        if i > j:
            i, j = j, i
        if i != j:
            move(order, i, j, distance, temperature, rng)
        temperature *= fall
    return order


def _start(places, distance, rng):
    order = list(range(len(places)))
    if PARAMS["start"] == "sweep":
        return sorted(order, key=lambda city: math.atan2(places[city][1] - 0.5, places[city][0] - 0.5))
    rng.shuffle(order)
    if PARAMS["start"] == "nearest":
        left, found = set(order[1:]), [order[0]]
        while left:
            found.append(min(left, key=distance[found[-1]].__getitem__))
            left.remove(found[-1])
        return found
    return order


def _accepted(change, temperature, rng):
    return change < 0 or rng.random() < math.exp(-change / temperature)


def _around(order, i, distance):
    row = distance[order[i]]
    return row[order[i - 1]] + row[order[(i + 1) % len(order)]]


def _swap(order, i, j, distance, temperature, rng):
    before = _around(order, i, distance) + _around(order, j, distance)
    order[i], order[j] = order[j], order[i]
    if not _accepted(_around(order, i, distance) + _around(order, j, distance) - before, temperature, rng):
        order[i], order[j] = order[j], order[i]


def _shift(order, i, j, distance, temperature, rng):
    city, n = order[i], len(order)
    before, after = order[i - 1], order[(i + 1) % n]
    left, right = order[j], order[(j + 1) % n]
    if city in (left, right):
        return
    change = (distance[before][after] - distance[before][city] - distance[city][after]
              + distance[left][city] + distance[city][right] - distance[left][right])
    if _accepted(change, temperature, rng):
        order.pop(i)
        order.insert(j, city)


def _reverse(order, i, j, distance, temperature, rng):
    n = len(order)
    a, b, c, d = order[i - 1], order[i], order[j], order[(j + 1) % n]
    if a == c:
        return
    if _accepted(distance[a][c] + distance[b][d] - distance[a][b] - distance[c][d], temperature, rng):
        order[i:j + 1] = order[i:j + 1][::-1]
