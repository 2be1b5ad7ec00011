"""The hypothesis manifest: its form, its links, that it stayed frozen, and that every H was tested."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from autor_nb.domain.check import Check, Severity, failed, passed
from autor_nb.domain.hypothesis import freeze_hash, manifest_items
from autor_nb.domain.ports import AttemptView
from autor_nb.plugins.checks.content import Unreadable, items_of, judged, read_json

MANIFEST, TESTS = "notes/hypothesis_manifest.json", "results/hypothesis_tests.json"
KEYS = ("id", "type", "statement", "derived_from", "depends_on", "verification_needed", "status")
FROZEN_FROM, TESTED_FROM = "05", "06"
_ID = re.compile(r"[THC][1-9]\d{0,5}", re.ASCII)
_FORM_TITLE = "The hypothesis manifest has its form"
_FORM = (
    f"Write {MANIFEST} as a list of objects with {', '.join(KEYS)}; ids are T, H or C and a number, and "
    "at least one is an H."
)


class HypothesesChecker:
    """Judges notes/hypothesis_manifest.json from stage 02 on."""

    name = "hypotheses"

    def check(self, view: AttemptView) -> Iterable[Check]:
        """Form and links; from stage 05 the frozen hash; from 06 the tests."""
        try:
            document = read_json(view, MANIFEST)
            items = manifest_items(document)
            if not items:
                raise Unreadable(f"{MANIFEST} holds no list of objects")
        except Unreadable as error:
            yield failed("hypotheses.form", _FORM_TITLE, _FORM, subject=MANIFEST, detail=str(error))
            return
        yield judged(
            "hypotheses.form",
            _FORM_TITLE,
            _form_problems(items),
            _FORM,
            subject=MANIFEST,
            good=f"{len(items)} items.",
        )
        yield judged(
            "hypotheses.links",
            "What a hypothesis rests on is known",
            _link_problems(items),
            f"In {MANIFEST}, let depends_on and derived_from name ids that are there, without circles.",
            subject=MANIFEST,
        )
        yield judged(
            "hypotheses.origin",
            "What a hypothesis is derived from can be looked up",
            _unknown_origins(view, items),
            f"In {MANIFEST}, derive from ids of claims, sources or hypotheses, from files, or in words.",
            subject=MANIFEST,
            severity=Severity.WARNING,
        )
        if view.stage.number >= FROZEN_FROM:
            yield _frozen(view, items)
        if view.stage.number >= TESTED_FROM:
            yield _tested(view, items)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _id(item: dict[str, Any]) -> str:
    return item["id"] if isinstance(item.get("id"), str) else ""


def _form_problems(items: list[dict[str, Any]]) -> Iterable[str]:
    for number, item in enumerate(items, 1):
        id = _id(item)
        name = id[:40] or f"item {number}"
        missing = [key for key in KEYS if key not in item]
        if missing:
            yield f"{name} lacks {', '.join(missing)}"
        if not _ID.fullmatch(id):
            yield f"{name}: its id is not T, H or C and a number"
        for key in ("type", "statement", "status"):
            if key in item and not (isinstance(item[key], str) and item[key].strip()):
                yield f"{name}: {key} is not text"
        for key in ("derived_from", "depends_on"):
            if key in item and not _texts(item[key]):
                yield f"{name}: {key} is not a list of texts"
    for id, times in Counter(map(_id, items)).items():
        if id and times > 1:
            yield f"{id[:40]} stands {times} times"
    if not any(_id(item).startswith("H") for item in items):
        yield "there is no H: nothing is to be tested"


def _link_problems(items: list[dict[str, Any]]) -> Iterable[str]:
    known = {_id(item) for item in items}
    needs: dict[str, list[str]] = {}
    for item in items:
        depends = item.get("depends_on") if _texts(item.get("depends_on")) else []
        derived = item.get("derived_from") if _texts(item.get("derived_from")) else []
        unknown = [one for one in depends or () if one not in known]
        # Only what looks like an id of this manifest must be one: hypotheses come from claims and words too.
        unknown += [one for one in derived or () if _ID.fullmatch(one) and one not in known]
        if unknown:
            yield f"{_id(item)[:40]} names {', '.join(one[:60] for one in unknown[:5])}, not in the manifest"
        needs.setdefault(_id(item), []).extend(one for one in depends or () if one in known)
    circle = _in_a_circle(needs)
    if circle:
        yield f"{circle[:40]} depends on itself, directly or by way of others"


def _in_a_circle(needs: dict[str, list[str]]) -> str:
    """One id that depends on itself in the end; an empty string if there is none."""
    open_needs = {id: set(others) for id, others in needs.items()}
    while free := [id for id, others in open_needs.items() if not others]:
        for id in free:
            del open_needs[id]
        for others in open_needs.values():
            others.difference_update(free)
    return min(open_needs, default="")


def _unknown_origins(view: AttemptView, items: list[dict[str, Any]]) -> list[str]:
    known = {_id(item) for item in items}
    for path, key in (("literature/claims.json", "claims"), ("literature/sources.json", "sources")):
        try:
            listed = items_of(read_json(view, path), key) or []
        except Unreadable:
            continue
        for one in listed:
            if isinstance(one, dict):
                known |= {str(value) for value in one.values() if isinstance(value, str | int)}
    unknown = []
    for item in items:
        derived = item.get("derived_from")
        for origin in derived if derived and _texts(derived) else ():
            single = origin and not any(character.isspace() for character in origin) and not _ID.fullmatch(origin)
            if single and origin not in known and origin not in view.files and origin.lower() not in ("goal", "intake"):
                unknown.append(f"{_id(item)[:40]}: {origin[:80]}")
    return unknown


def _frozen(view: AttemptView, items: list[dict[str, Any]]) -> Check:
    id, title = "hypotheses.frozen", "The hypotheses are those of before the experiments"
    now = freeze_hash(items)
    if now == view.frozen_hypotheses:
        return passed(id, title, subject=MANIFEST, detail=f"Frozen as {now[:12]}; only status may change.")
    frozen = view.frozen_hypotheses[:12]
    return failed(
        id,
        title,
        f"Put {MANIFEST} back as it was (all but status); new hypotheses need stage 02 again: autor redo 02."
        if frozen
        else "Go back to stage 02 so that the hypotheses are fixed before experiments: autor redo 02.",
        subject=MANIFEST,
        detail=f"Frozen as {frozen}, now {now[:12]}." if frozen else "They were never frozen before the experiments.",
    )


def _tested(view: AttemptView, items: list[dict[str, Any]]) -> Check:
    id, title = "hypotheses.tested", "Every hypothesis has its outcome"
    remedy = f"Write {TESTS} as a list of objects with id and outcome, one for each H of {MANIFEST}."
    try:
        tests = items_of(read_json(view, TESTS), "tests", "hypotheses", "items")
        if tests is None:
            raise Unreadable(f"{TESTS} holds no list")
    except Unreadable as error:
        return failed(id, title, remedy, subject=TESTS, detail=str(error))
    named = {_id(test) for test in tests if isinstance(test, dict)}
    wanted = [_id(item) for item in items if _id(item).startswith("H")]
    return judged(
        id,
        title,
        [f"{one[:40]} has no outcome" for one in wanted if one not in named],
        remedy,
        subject=TESTS,
        good=f"{len(wanted)} hypotheses.",
    )
