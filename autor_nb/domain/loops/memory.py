"""The memory of failed ideas: whether a new one was tried before, exactly or nearly, told before compute is spent.

Two ideas that turn knobs are compared by the knobs' values and never by their words (`lr 0.1 → 0.2` reads like
`lr 0.1 → 0.3` and is another experiment). Where all values of both are known, the whole place counts: the same step
from another incumbent is new. Ideas in words are compared by their words, numbers and directions.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections import defaultdict
from collections.abc import Iterator
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any, Literal

import msgspec

from autor_nb.domain.loops.idea import Idea

FAILED = ("discard", "crash", "timeout")
# Two values this near (as a share of the larger) are one within any noise that such loops have.
NEAR_VALUE = 0.02
# Likeness of wordings (shared words of all words); see the corpus of repeats and non-repeats in the tests. A word
# more in seven is filler; one exchanged for another (cosine, linear) is another experiment, unless it is a spelling.
SAME_WORDS = 0.85
SAME_SPELLING = 0.87
SAME_ORDER = 0.75
MAX_WORDS = 80


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


WORD = re.compile(r"\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|[^\W\d_]+")
EMPTY = _set("a an and are as at be by for from gives give in into is it its of on or our so than that the then this "
             "to we will with which should would could may might can help helps improve improves better try let us use "
             "using value current one all far every also i their them each")
UP = _set("increase increasing raise raising higher larger bigger more longer deeper wider grow stronger up double "
          "enlarge boost faster")
DOWN = _set("decrease decreasing reduce reducing lower lowering smaller less fewer shorter shallower narrower shrink "
            "weaker down halve cut slower")
IN = _set("add adding enable enabling introduce include append insert addition")
OUT = _set("remove removing disable disabling drop without delete omit skip")
EARLY, LATE = _set("before earlier first prior"), _set("after later last")
DIRECTIONS = {"↑": UP, "↓": DOWN, "+": IN, "−": OUT, "◂": EARLY, "▸": LATE}
# With these words, what stands first and what second is the whole point.
ORDERED = _set("replace replacing swap switch substitute change exchange from before after then instead")


class Repeat(msgspec.Struct, frozen=True, kw_only=True):
    """What a new idea repeats: experiment `n`, how, and the reason to refuse it in words."""

    n: int
    kind: Literal["exact", "near"]
    reason: str


class Wording(msgspec.Struct, frozen=True, kw_only=True):
    """A hypothesis as it is compared: its words that say something, in order, and what must agree outright."""

    words: tuple[str, ...]
    bag: frozenset[str]
    marks: frozenset[str]
    ordered: bool


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A failed experiment as it is remembered."""

    n: int
    verdict: str
    hypothesis: str
    change: dict[str, Any]
    values: dict[str, Any]
    delta: float | None
    said: Wording


class Memory:
    """Grows with the log; a query of 10,000 remembered ideas takes milliseconds, as only likely ones are compared."""

    def __init__(self) -> None:
        self._failures: list[Failure] = []
        self._by_text: dict[str, Failure] = {}
        self._by_diff: dict[str, Failure] = {}
        self._by_place: dict[str, Failure] = {}
        self._by_knobs: dict[frozenset[str], list[Failure]] = defaultdict(list)
        self._by_word: dict[str, list[int]] = defaultdict(list)

    def __len__(self) -> int:
        return len(self._failures)

    def add(
        self, n: int, verdict: str, hypothesis: str, change: dict[str, Any] | None = None, *, diff: str = "",
        edit: str = "", values: dict[str, Any] | None = None, delta: float | None = None,
    ) -> None:
        """Remember experiment `n` if it failed. `values` are all knobs as they were in it, `diff` its unified diff.

        `edit` is the `diff_key` of a diff that is not at hand any more.
        """
        if verdict not in FAILED:
            return
        failure = Failure(
            n=n, verdict=verdict, hypothesis=hypothesis, change=change or {}, values=values or {}, delta=delta,
            said=wording(hypothesis))
        if key := edit or (diff_key(diff) if diff else ""):
            self._by_diff[key] = failure
        if failure.change:
            self._by_place[_place(failure.values or failure.change)] = failure
            self._by_knobs[frozenset(failure.values or failure.change)].append(failure)
        else:
            self._by_text[_folded(hypothesis)] = failure
            for word in failure.said.bag:
                self._by_word[word].append(len(self._failures))
        self._failures.append(failure)

    def repeats(self, idea: Idea, *, values: dict[str, Any] | None = None, diff: str = "") -> Repeat | None:
        """What the idea repeats. `values` are all knobs as they would be in it; `diff` its edit, once that is made."""
        if idea.change:
            return self._same_place(idea, values or {}) or (self._same_diff(diff) if not values else None)
        return self._same_diff(diff) or self._same_words(idea.hypothesis)

    def same_edit(self, diff: str) -> Repeat | None:
        """What a unified diff repeats, whatever was said of it."""
        return self._same_diff(diff)

    def _same_diff(self, diff: str) -> Repeat | None:
        failure = self._by_diff.get(diff_key(diff)) if diff else None
        if failure is None:
            return None
        return Repeat(n=failure.n, kind="exact", reason=f"The same edit was tried {_outcome(failure)}.")

    def _same_place(self, idea: Idea, values: dict[str, Any]) -> Repeat | None:
        """A failure at the same values, or within NEAR_VALUE of them."""
        for place in (values, idea.change) if values else (idea.change,):
            failure = self._by_place.get(_place(place))
            if failure is not None:
                reason = f"The same change ({_steps(idea)}) was tried {_outcome(failure)}."
                return Repeat(n=failure.n, kind="exact", reason=reason)
            # Knobs that the idea turns are the likeliest to differ: compared first, most failures are passed at once.
            order = sorted(place, key=lambda path: path not in idea.change)
            for failure in reversed(self._by_knobs.get(frozenset(place), ())):
                there = failure.values or failure.change
                if all(near(place[path], there[path]) for path in order):
                    then = ", ".join(f"{path} → {_shown(there[path])}" for path in [*idea.change][:4] if path in there)
                    return Repeat(n=failure.n, kind="near", reason=(
                        f"The change ({_steps(idea)}) is within {NEAR_VALUE:.0%} of {then}, "
                        f"tried {_outcome(failure)}."))
        return None

    def _same_words(self, hypothesis: str) -> Repeat | None:
        """A failure said in the same words, or in nearly the same."""
        failure = self._by_text.get(_folded(hypothesis))
        if failure is not None:
            return Repeat(n=failure.n, kind="exact", reason=f"The same hypothesis was tried {_outcome(failure)}.")
        said = wording(hypothesis)
        best: tuple[float, Failure] | None = None
        for failure in self._likely(said.bag):
            if (like := likeness(said, failure.said)) > (best[0] if best else 0.0):
                best = (like, failure)
        if best is None:
            return None
        return Repeat(n=best[1].n, kind="near", reason=(
            f"The hypothesis says nearly the same ({best[0]:.0%} alike) as {_quoted(best[1].hypothesis)}, "
            f"tried {_outcome(best[1])}."))

    def _likely(self, bag: frozenset[str]) -> Iterator[Failure]:
        """Those that share one of the idea's rarest words: with SAME_WORDS in common, at least one of these is.

        One word more is looked at than that asks for, because of spellings.
        """
        rarest = sorted(bag, key=lambda word: (len(self._by_word.get(word, ())), word))
        seen: set[int] = set()
        for word in rarest[: len(bag) - math.ceil(len(bag) * SAME_WORDS) + 2]:
            for index in self._by_word.get(word, ()):
                if index not in seen:
                    seen.add(index)
                    yield self._failures[index]


def near(left: Any, right: Any) -> bool:
    """Whether two values of a knob are one for all purposes: 0.99 and 0.999 are not, 0.0100 and 0.0101 are."""
    if isinstance(left, bool) or isinstance(right, bool) or not (
            isinstance(left, int | float) and isinstance(right, int | float)):
        return bool(left == right) and isinstance(left, bool) == isinstance(right, bool)
    if abs(left - right) > NEAR_VALUE * max(abs(left), abs(right)):
        return False
    if 0.5 < left < 1 and 0.5 < right < 1:
        return abs(left - right) <= NEAR_VALUE * max(1 - left, 1 - right) + 1e-12
    return True


def diff_key(diff: str) -> str:
    """A hash of what a unified diff takes out and puts in, whatever the line numbers, context and trailing blanks."""
    kept = [
        line.rstrip() for line in diff.replace("\r\n", "\n").split("\n")
        if line.startswith(("+", "-")) and not line.startswith("--- ") and line[1:].strip()
    ]
    return hashlib.sha256("\n".join(kept).encode("utf-8", "replace")).hexdigest() if kept else ""


# ----------------------------------------------------------------------------------------------- words


def _folded(text: str) -> str:
    return " ".join(text.casefold().split()).rstrip(" .!")


def wording(text: str) -> Wording:
    """A hypothesis taken apart; of very long ones only the beginning counts."""
    found = [match.group() for match in WORD.finditer(text.casefold()[:2000])][:MAX_WORDS]
    numbers = {f"{float(word):.6g}" for word in found if word[0].isdigit()}
    directions = {sign for sign, names in DIRECTIONS.items() if names.intersection(found)}
    told = EMPTY.union(*DIRECTIONS.values())
    words = tuple(_stem(word) for word in found if word not in told and not word[0].isdigit())
    return Wording(
        words=words, bag=frozenset(words), marks=frozenset(numbers | directions),
        ordered=not ORDERED.isdisjoint(found))


def _stem(word: str) -> str:
    """English endings off, roughly, and one spelling of two: layers, layer; clipping, clip; -ization, -ise."""
    word = "not" if word == "instead" else word.replace("z", "s")
    for ending in ("isations", "isation", "ations", "ation", "ings", "ing", "ers", "ies", "es", "ed", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            word = word[: -len(ending)] + ("is" if ending.startswith("isat") else "")
            break
    return word[:-1] if len(word) > 4 and word[-1] == word[-2] else word


def likeness(one: Wording, other: Wording) -> float:
    """Likeness of two wordings from 0 to 1, and 0 if they are not near enough to be one idea."""
    if one.marks != other.marks or not one.bag or not other.bag:
        return 0.0
    left, right = one.bag - other.bag, other.bag - one.bag
    spelled = _spellings(left, right) if left and right else 0
    if len(left) > spelled and len(right) > spelled:
        return 0.0
    common = len(one.bag) - len(left) + spelled
    like = common / (len(one.bag) + len(right) - spelled)
    if like < SAME_WORDS:
        return 0.0
    if one.ordered or other.ordered:
        order = SequenceMatcher(None, one.words, other.words, autojunk=False).ratio()
        return (like + order) / 2 if order >= SAME_ORDER else 0.0
    return like


def _spellings(left: frozenset[str], right: frozenset[str]) -> int:
    """How many of the words that differ are the same word in another spelling."""
    if len(left) + len(right) > 4:
        return 0
    found = 0
    for word in left:
        if len(word) > 5:
            for other in right:  # plain loops: a query of 10,000 failures comes here hundreds of times
                if _may_be(word, other) and SequenceMatcher(None, word, other, autojunk=False).ratio() >= SAME_SPELLING:
                    found += 1
                    break
    return found


def _may_be(word: str, other: str) -> bool:
    """Whether they can be as like as SAME_SPELLING asks: letters that only one of them has match nothing."""
    long, length = len(word), len(other)
    matched = SAME_SPELLING / 2 * (long + length) - 1e-9
    if long < matched or length < matched:
        return False
    ours, theirs = _letters(word), _letters(other)
    return long - (ours & ~theirs).bit_count() >= matched and length - (theirs & ~ours).bit_count() >= matched


@lru_cache(maxsize=50_000)
def _letters(word: str) -> int:
    """A bit for each letter that occurs; two far ones may share a bit, which only lets a pair be compared in full."""
    letters = 0
    for letter in word:
        letters |= 1 << (ord(letter) & 63)
    return letters


# ------------------------------------------------------------------------------------------- messages


def _place(values: dict[str, Any]) -> str:
    """Values as one key: 1 and 1.0 are the same place, the order of knobs does not matter."""
    plain = {
        path: float(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53 else value
        for path, value in values.items()
    }
    return json.dumps(plain, sort_keys=True, default=str)


def _outcome(failure: Failure) -> str:
    words = {"discard": "and discarded", "crash": "and crashed", "timeout": "and ran out of time"}[failure.verdict]
    delta = f" (delta {failure.delta:+.4g})" if failure.delta is not None and failure.verdict == "discard" else ""
    return f"as experiment {failure.n} {words}{delta}"


def _steps(idea: Idea) -> str:
    steps = [f"{path} → {_shown(value)}" for path, value in idea.change.items()]
    return ", ".join(steps[:4]) + (" …" if len(steps) > 4 else "")


def _shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)[:40]


def _quoted(text: str) -> str:
    line = "".join(char if char.isprintable() else " " for char in text[:100])
    return f"“{line}{'…' if len(text) > 100 else ''}”"
