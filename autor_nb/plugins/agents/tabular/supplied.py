"""Literature that the person supplied: entries of .bib files, and text files as they are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec

from autor_nb.plugins.agents.tabular.session import Session
from autor_nb.store.bibliography import BibEntry, read_bibliography

TEXTS = (".md", ".txt", ".rst", ".org", ".pdf")


class Supplied(msgspec.Struct, kw_only=True):
    """What the resources hold: `sources` for sources.json, `claims`, BibTeX text per key, and what could
    not be read."""

    sources: list[dict[str, Any]] = []
    claims: list[dict[str, Any]] = []
    bibtex: list[str] = []
    problems: list[str] = []


def read_supplied(session: Session) -> Supplied:
    """Every .bib and text resource, in the order given."""
    found = Supplied()
    for resource in session.task.resources:
        path = session.workspace.parent / resource.dest_relative
        relative = Path(resource.dest_relative).as_posix().removeprefix("workspace/")
        if not path.is_file():
            continue
        if path.suffix.lower() in (".bib", ".bibtex"):
            _bib(path, relative, found)
        elif path.suffix.lower() in TEXTS:
            _text(path, relative, found)
    return found


def _bib(path: Path, relative: str, found: Supplied) -> None:
    library = read_bibliography(path.read_bytes())
    found.problems += [f"{relative}: {problem}" for problem in library.problems]
    if not library.entries:
        found.problems.append(f"{relative} holds no entry that could be read")
    taken = {source["key"] for source in found.sources}
    for entry in library.entries:
        key = re.sub(r"[^A-Za-z0-9:_.+-]", "", entry.key) or f"entry{len(found.sources) + 1}"
        while key in taken:
            key += "b"
        taken.add(key)
        fields = {name: _clean(value) for name, value in entry.fields.items()}
        where = next(({name: fields[name]} for name in ("doi", "url") if fields.get(name)), {"file": relative})
        found.sources.append(
            {
                "source_id": f"S{len(found.sources) + 1}",
                "title": fields.get("title") or "(untitled)",
                "authors": fields.get("author", ""),
                "year": fields.get("year", ""),
                "venue": fields.get("journal", fields.get("booktitle", "")),
                **where,
                "key": key,
                "kind": "supplied",
                "why": f"supplied in {relative}",
            }
        )
        _claim(found, _first_sentence(fields.get("abstract", "")))
        found.bibtex.append(_entry(entry, key))


def _entry(entry: BibEntry, key: str) -> str:
    """The entry again as BibTeX, with names and braces that cannot break out of it."""
    lines = [
        f"  {name} = {{{_balanced(value)}}}"
        for name, value in sorted(entry.fields.items())
        if re.fullmatch(r"[a-z][a-z0-9_-]*", name)
    ]
    kind = re.sub(r"[^a-z]", "", entry.kind) or "misc"
    return f"@{kind}{{{key},\n" + ",\n".join(lines) + "\n}\n"


def _text(path: Path, relative: str, found: Supplied) -> None:
    sentence = ""
    title = path.stem
    if path.suffix.lower() != ".pdf":
        text = path.read_text(encoding="utf-8", errors="replace")[:20_000]
        lines = [line.strip("#=-* \t") for line in text.splitlines() if line.strip("#=-* \t")]
        title = _clean(lines[0])[:200] if lines else title
        sentence = _first_sentence(_clean(" ".join(lines[1:])))
    key = "file" + re.sub(r"[^A-Za-z0-9]", "", path.stem)[:30] + str(len(found.sources) + 1)
    found.sources.append(
        {
            "source_id": f"S{len(found.sources) + 1}",
            "title": title,
            "authors": "",
            "year": "",
            "venue": "",
            "file": relative,
            "key": key,
            "kind": "supplied",
            "why": f"supplied as {relative}",
        }
    )
    _claim(found, sentence)
    safe = re.sub(r"[{}\\%#&$^_~]", " ", title)
    found.bibtex.append(f"@misc{{{key},\n  title = {{{safe}}},\n  note = {{supplied by the person as a file}}\n}}\n")


def _claim(found: Supplied, sentence: str) -> None:
    """A claim is quoted from the source itself, never inferred; without text to quote there is none."""
    if sentence:
        found.claims.append(
            {
                "claim_id": f"C{len(found.claims) + 1}",
                "statement": f"The source says: “{sentence}”",
                "source_ids": [found.sources[-1]["source_id"]],
                "kind": "supplied",
            }
        )


def _first_sentence(text: str) -> str:
    match = re.match(r".{20,400}?[.!?](?=\s|$)", text)
    return match[0] if match else text[:300]


def _clean(text: str) -> str:
    return " ".join(re.sub(r"[{}\x00-\x1f\x7f]", " ", str(text)).split())


def _balanced(text: str) -> str:
    """A value whose braces close in order; one whose do not loses them all."""
    depth = 0
    for mark in re.findall(r"[{}]", text):
        depth += 1 if mark == "{" else -1
        if depth < 0:
            break
    return text if depth == 0 and not text.endswith("\\") else re.sub(r"[{}\\]", " ", text)
