"""Ideas: seven fields, strictly read from whatever a model writes around them."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autor_nb.domain.errors import UsageError
from autor_nb.domain.loops.idea import (
    FIELDS,
    MAX_TEXT_CHARS,
    IdeaError,
    parse_idea,
    person_idea,
    read_idea,
    write_idea,
)

GOOD = {
    "thought_process": "The loss still falls at the end.",
    "alternatives_considered": ["a larger model", "longer warm-up"],
    "hypothesis": "A higher learning rate gives a lower loss.",
    "expected_delta": -0.02,
    "justification": "The curve is smooth.",
    "code_pseudocode": "lr = 0.02\nprint(lr)",
    "risk_level": "low",
    "change": {"PARAMS.lr": 0.02},
}
TEXT = json.dumps(GOOD)


@pytest.mark.parametrize("answer", [
    TEXT,
    f"```json\n{TEXT}\n```",
    f"Sure! Here is my idea {{so far}}:\n\n```\n{TEXT}\n```\nGood luck {{you}}.",
    f'<think>Perhaps {{"lr": 1}} or {{"hypothesis": "x"}}?</think>\n{TEXT}',
    f'{TEXT}\nAn example of a change: {{"PARAMS.lr": 0.5}}',
    f"\ufeff  {TEXT}",
    json.dumps({**GOOD, "extra": {"confidence": 1}}),
    TEXT.replace("-0.02", "-2e-2"),
])
def test_the_object_is_found_whatever_stands_around_it(answer: str) -> None:
    """Fences, prose, braces in prose, thinking with smaller objects and unknown keys do not hide the idea."""
    idea = parse_idea(answer)
    assert (GOOD["hypothesis"], -0.02, {"PARAMS.lr": 0.02}) == (idea.hypothesis, idea.expected_delta, idea.change)


def test_of_two_whole_ideas_the_last_counts() -> None:
    """A model that corrects itself means its correction."""
    assert "Second." == parse_idea(TEXT + "\nNo, rather:\n" + json.dumps({**GOOD, "hypothesis": "Second."})).hypothesis


def test_what_is_written_reads_back() -> None:
    """`next_idea.json` holds the idea whole, and the seven fields under their names."""
    idea = read_idea(GOOD)
    assert idea == parse_idea(write_idea(idea)) == parse_idea(write_idea(idea).encode())
    assert [*FIELDS, "change"] == list(json.loads(write_idea(idea)))


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("wrong", [None, 7.5, True, [], [1], {}, "", "nan", "inf", "1e999", "yes"])
def test_a_wrong_field_is_named(field: str, wrong: object) -> None:
    """Every field with every kind of value that it cannot have."""
    fits = {
        "alternatives_considered": lambda value: value == [],
        "expected_delta": lambda value: value == 7.5,
    }.get(field, lambda value: field != "risk_level" and isinstance(value, str) and value != "")
    if fits(wrong):
        assert read_idea({**GOOD, field: wrong})
        return
    with pytest.raises(IdeaError) as raised:
        read_idea({**GOOD, field: wrong})
    assert raised.value.field == field and field in str(raised.value) and raised.value.suggestion
    assert isinstance(raised.value, UsageError)


@pytest.mark.parametrize("field", FIELDS)
def test_a_missing_field_is_named(field: str) -> None:
    """None of the seven may be left out."""
    with pytest.raises(IdeaError) as raised:
        read_idea({name: value for name, value in GOOD.items() if name != field})
    assert field == raised.value.field


@pytest.mark.parametrize(("text", "field"), [
    (TEXT.replace("-0.02", "NaN"), "expected_delta"),
    (TEXT.replace("-0.02", "-Infinity"), "expected_delta"),
    (TEXT.replace("-0.02", "1" + "0" * 400), "expected_delta"),
    (json.dumps({**GOOD, "hypothesis": "one\ntwo"}), "hypothesis"),
    (json.dumps({**GOOD, "hypothesis": "one\u2028two"}), "hypothesis"),
    (json.dumps({**GOOD, "hypothesis": "x" * 501}), "hypothesis"),
    (json.dumps({**GOOD, "justification": "x" * 40_000}), "justification"),
    (json.dumps({**GOOD, "risk_level": "medium"}), "risk_level"),
    (json.dumps({**GOOD, "change": ["lr"]}), "change"),
    (json.dumps({**GOOD, "change": {"": 1}}), "change"),
    (json.dumps({**GOOD, "change": {"a\nb": 1}}), "change"),
    (json.dumps({**GOOD, "change": {"a": 2**70}}), "change"),
    (json.dumps({**GOOD, "change": {"a": "\ud800"}}), "change"),
    ('{"change": {"a": ' + "[" * 60 + "]" * 60 + "}, " + TEXT[1:].replace(', "change": {"PARAMS.lr": 0.02}', ""), "change"),
    ("", ""),
    ("I would raise the learning rate.", ""),
    ("[1, 2]", ""),
    ("x" * (MAX_TEXT_CHARS + 1), ""),
])
def test_hostile_and_broken_answers_are_refused_in_words(text: str, field: str) -> None:
    """Numbers that are none, lines in the one-line field, floods, deep nesting, half a character, no JSON at all."""
    with pytest.raises(IdeaError) as raised:
        parse_idea(text)
    assert field == raised.value.field
    assert len(str(raised.value)) < 600 and str(raised.value).replace("\n", "").isprintable()


@pytest.mark.parametrize("text", [
    "{" * 300_000, '{"a":' * 60_000, '{"a":[' * 40_000, "{}" * 150_000, '{"' * 100_000, "[" * 200_000 + "{",
    '{"a": "' + "\\" * 300_000,
])
def test_a_flood_is_read_in_bounded_time(text: str) -> None:
    """Nothing in an answer makes reading it quadratic."""
    began = time.monotonic()
    with pytest.raises(IdeaError):
        parse_idea(text)
    assert time.monotonic() - began < 2.0


def test_control_characters_and_half_characters_do_not_get_in() -> None:
    """An escape sequence, a NUL and a lone surrogate are left out of every text; line ends become one kind."""
    idea = read_idea({**GOOD, "hypothesis": "\x1b[31mRed\x00 \ud800now\x7f ", "justification": "a\r\nb\rc\x07"})
    assert ("[31mRed now", "a\nb\nc") == (idea.hypothesis, idea.justification)
    assert write_idea(idea).encode("utf-8")


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_an_idea_or_an_error_of_ours(text: str) -> None:
    """Nothing else comes out, and an idea can be written."""
    try:
        idea = parse_idea(json.dumps({**GOOD, "hypothesis": text, "justification": text + "."}) + text)
    except IdeaError:
        return
    assert idea == parse_idea(write_idea(idea))


def test_a_person_pins_a_sentence_or_a_whole_idea() -> None:
    """A sentence becomes the hypothesis and nothing is made up; JSON is read as strictly as a model's."""
    pinned = person_idea("  Try a\nsmaller batch. ", {"BATCH": 16})
    assert ("Try a smaller batch.", 0.0, {"BATCH": 16}) == (pinned.hypothesis, pinned.expected_delta, pinned.change)
    assert read_idea(GOOD) == person_idea(TEXT)
    with pytest.raises(IdeaError):
        person_idea("   ")
