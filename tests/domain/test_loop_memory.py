"""The memory of failed ideas: repeats are told, new ideas are let through, and ten thousand are no burden."""

from __future__ import annotations

import random
import statistics
import time

import pytest

from autor_nb.domain.loops.idea import person_idea
from autor_nb.domain.loops.memory import Memory, diff_key, likeness, wording

# Two wordings of one experiment.
REPEATS = [
    ("Increase the learning rate to 0.01", "Raise learning rate to 0.01."),
    ("Add dropout of 0.2 after the second layer", "Adding dropout 0.2 after second layer should help"),
    ("Use cosine learning-rate decay with warmup", "Cosine decay of the learning rate, with warmup"),
    ("Replace ReLU with GELU in the feed-forward layers", "Replace ReLU by GELU in all feed forward layers"),
    ("Use Or-opt moves in addition to 2-opt", "In addition to 2-opt, use or-opt moves"),
    ("Remove batch normalization from the encoder", "Without batch normalisation in the encoder"),
    ("Standardise the features before fitting", "Standardize features before fitting"),
    ("Reduce the weight decay", "Lower weight decay"),
    ("Start from a nearest-neighbour tour instead of a random one", "Start with a nearest neighbour tour, not a random tour"),
    ("Larger batch size gives smoother gradients", "Bigger batch size should give smoother gradients"),
    ("Restart annealing from the best tour every 1000 steps", "Restart the annealing from best tour so far every 1000 steps"),
    ("Clip gradients at norm 1.0", "Gradient clipping with norm 1"),
    ("Halve the cooling rate.", "halve the cooling rate"),
    ("Tie the input and output embeddings", "Tie the output and the input embeddings"),
    ("Encode categories by their target mean", "Encoding the categories by target mean"),
    ("Early stopping on validation loss with patience 20", "Use early stopping with patience 20 on the validation loss"),
]
# Experiments of which one may fail and the other not.
DIFFERENT = [
    ("Increase the learning rate to 0.01", "Increase the learning rate to 0.02"),
    ("Increase dropout", "Decrease dropout"),
    ("Add dropout of 0.2 after the second layer", "Remove dropout after the second layer"),
    ("Use cosine learning-rate decay", "Use linear learning-rate decay"),
    ("Use cosine learning rate decay", "Use cosine learning rate decay with warmup"),
    ("Use Or-opt moves", "Use 3-opt moves"),
    ("Replace ReLU with GELU", "Replace ReLU with SwiGLU"),
    ("Replace ReLU with GELU", "Replace GELU with ReLU"),
    ("Raise the number of trees", "Raise the depth of trees"),
    ("Larger batch size", "Larger hidden size"),
    ("Do not shuffle the data", "Shuffle the data"),
    ("Standardise the features before fitting", "Drop correlated features before fitting"),
    ("Start from a nearest-neighbour tour", "Start from a greedy-edge tour"),
    ("Use Adam optimizer with betas 0.9 and 0.999", "Use Adam optimizer with betas 0.9 and 0.95"),
    ("Weight decay 0.1 on all matrices", "Weight decay 0.1 on embeddings only"),
    ("Cool the temperature faster", "Cool the temperature slower"),
    ("Swap the encoder and the decoder", "Share the encoder and the decoder weights"),
    ("Use label smoothing in the encoder loss", "Use label smoothing in the decoder loss"),
    ("Move layer norm before attention", "Move layer norm after attention"),
    ("Warm up over 100 steps and decay over 1000", "Warm up over 1000 steps and decay over 5000"),
    ("Use the median of five runs", "Use the mean of five runs"),
    ("Sample negatives uniformly", "Sample negatives by popularity"),
    ("Enable mixed precision", "Disable mixed precision"),
    ("Cache the distance matrix", "Cache the neighbour lists"),
]


@pytest.mark.parametrize(("first", "second"), REPEATS)
def test_a_repeat_in_other_words_is_told(first: str, second: str) -> None:
    """In either order, with the number of the experiment that failed and how."""
    for old, new in ((first, second), (second, first)):
        memory = Memory()
        memory.add(12, "discard", old, delta=0.03)
        repeat = memory.repeats(person_idea(new))
        assert repeat is not None and 12 == repeat.n
        assert "experiment 12" in repeat.reason and "discarded (delta +0.03)" in repeat.reason


@pytest.mark.parametrize(("first", "second"), DIFFERENT)
def test_another_experiment_in_like_words_is_let_through(first: str, second: str) -> None:
    """Another number, direction, order or subject is another experiment."""
    for old, new in ((first, second), (second, first)):
        memory = Memory()
        memory.add(12, "discard", old)
        assert memory.repeats(person_idea(new)) is None
        assert 0.0 == likeness(wording(old), wording(new))


def test_the_two_corpora_are_apart_among_all_pairs() -> None:
    """Of all pairs over both corpora only the wordings of one experiment are near."""
    texts = [text for pair in REPEATS for text in pair]
    near = {frozenset((a, b)) for a in texts for b in texts if a != b and likeness(wording(a), wording(b))}
    assert {frozenset(pair) for pair in REPEATS if pair[0] != pair[1]} == near


@pytest.mark.parametrize(("verdict", "told"), [
    ("discard", True), ("crash", True), ("timeout", True),
    ("keep", False), ("advance", False), ("inconclusive", False), ("untested", False), ("tampered", False),
])
def test_only_failures_are_remembered(verdict: str, told: bool) -> None:
    """What was kept or never decided may be tried again."""
    memory = Memory()
    memory.add(3, verdict, "x", {"LR": 0.1})
    memory.add(4, verdict, "Some words.")
    assert [told, told] == [memory.repeats(idea) is not None for idea in (person_idea("y", {"LR": 0.1}), person_idea("some words"))]


@pytest.mark.parametrize(("old", "new", "kind"), [
    ({"LR": 0.01}, {"LR": 0.01}, "exact"),
    ({"N": 4}, {"N": 4.0}, "exact"),
    ({"LR": 0.0100}, {"LR": 0.0101}, "near"),
    ({"LR": 0.01, "N": 3}, {"N": 3, "LR": 0.01}, "exact"),
    ({"LR": 0.01}, {"LR": 0.02}, None),
    ({"BETA": 0.99}, {"BETA": 0.999}, None),
    ({"BETA": 0.99}, {"BETA": 0.9901}, "near"),
    ({"N": 4}, {"N": 5}, None),
    ({"N": 1000}, {"N": 1010}, "near"),
    ({"LR": 0.01}, {"LR": -0.01}, None),
    ({"LR": 0}, {"LR": 1e-9}, None),
    ({"FLAG": True}, {"FLAG": 1}, None),
    ({"OPT": "adam"}, {"OPT": "adamw"}, None),
    ({"LR": 0.01}, {"LR": 0.01, "N": 3}, None),
])
def test_knobs_are_compared_by_their_values(old: dict, new: dict, kind: str | None) -> None:
    """The words of the two are the same all along, and decide nothing."""
    memory = Memory()
    memory.add(5, "crash", "Turn the knob.", old)
    repeat = memory.repeats(person_idea("Turn the knob.", new))
    assert kind == (repeat and repeat.kind)
    assert repeat is None or "experiment 5 and crashed" in repeat.reason


def test_the_same_step_from_another_incumbent_is_new() -> None:
    """Where all values are known the whole place counts, and another way to the same place is a repeat."""
    memory = Memory()
    memory.add(5, "discard", "x", {"LR": 0.1}, values={"LR": 0.1, "DEPTH": 3, "WIDTH": 8})
    step, way = person_idea("y", {"LR": 0.1}), person_idea("y", {"DEPTH": 3})
    assert memory.repeats(step, values={"LR": 0.1, "DEPTH": 6, "WIDTH": 8}) is None
    assert "exact" == memory.repeats(step, values={"LR": 0.1, "DEPTH": 3, "WIDTH": 8}).kind
    assert "near" == memory.repeats(way, values={"LR": 0.101, "DEPTH": 3, "WIDTH": 8}).kind


DIFF = "diff --git a/t.py b/t.py\nindex 1..2 100644\n--- a/t.py\n+++ b/t.py\n@@ -3,2 +3,2 @@ def f():\n x = 1\n-y = 2\n+y = 3\n"


def test_the_same_edit_is_told_wherever_its_lines_are_now() -> None:
    """Hashes, line numbers, context, blank lines and line ends of a diff do not count; file and edit do."""
    moved = DIFF.replace("1..2", "7..9").replace("-3,2 +3,2", "-30,2 +31,2").replace(" x = 1", " z = 9").replace("\n", "\r\n")
    memory = Memory()
    memory.add(8, "timeout", "Something about y.", diff=DIFF)
    repeat = memory.repeats(person_idea("Quite other words."), diff=moved)
    assert repeat is not None and (8, "exact") == (repeat.n, repeat.kind) and "ran out of time" in repeat.reason
    assert memory.repeats(person_idea("Quite other words."), diff=DIFF.replace("y = 3", "y = 4")) is None
    assert diff_key(DIFF) != diff_key(DIFF.replace("t.py", "u.py"))
    assert "" == diff_key("") == diff_key("no diff at all")


def test_hostile_words_in_a_reason_are_tame() -> None:
    """A reason is one printable line, whatever an agent called its experiment."""
    memory = Memory()
    memory.add(1, "discard", "Clip\x1b[2J gradients\r\nat \u202enorm " + "very long " * 44)
    repeat = memory.repeats(person_idea("Clip\x1b[2J gradients at norm " + "very long " * 42))
    assert repeat is not None and repeat.reason.isprintable() and len(repeat.reason) < 300


def test_ten_thousand_failures_are_asked_in_milliseconds() -> None:
    """The median query over 10,000 remembered ideas, in words and in knobs, takes at most 20 ms."""
    rng = random.Random(5)
    often = [f"w{chr(97 + n % 26)}{chr(97 + n // 26)}rd" for n in range(40)]
    rare = [f"r{chr(97 + n % 26)}{chr(97 + n // 26)}re" for n in range(300)]
    base = {f"PARAMS.k{n}": 0.5 + n for n in range(30)}

    def said() -> str:
        return " ".join(rng.choices(often if rng.random() < 0.5 else rare, k=rng.randint(4, 14)))

    def turned() -> dict[str, float]:
        return {f"PARAMS.k{rng.randrange(30)}": rng.uniform(0, 50)}

    memory = Memory()
    for n in range(5_000):
        memory.add(2 * n, "discard", said())
        change = turned()
        memory.add(2 * n + 1, "discard", "x", change, values={**base, **change})
    taken = []
    for _ in range(20):
        change = turned()
        for idea, values in ((person_idea(said()), {}), (person_idea("x", change), {**base, **change})):
            began = time.perf_counter()
            memory.repeats(idea, values=values)
            taken.append(time.perf_counter() - began)
    assert 10_000 == len(memory)
    assert statistics.median(taken) <= 0.020
