"""Where the plan has left the approved design: the changed keys, laid over design.json by the code and said
in the summary."""

from __future__ import annotations

from typing import Any

from autor_nb.plugins.agents.tabular.draft import counted
from autor_nb.plugins.agents.tabular.session import Session

PATH = "notes/deviations.json"
KEYS = (
    "families",
    "seeds",
    "outer_folds",
    "inner_folds",
    "settings_per_family",
    "columns",
    "dropped",
    "permutations",
    "comparisons",
    "extras",
    "secondary",
)


def record(session: Session) -> dict[str, Any]:
    """Write the deviations of the plan from data/design.json, or remove the file when there are none."""
    from autor_nb.plugins.agents.tabular.design import choose_columns, make_design

    approved = session.read_json("data/design.json")
    seen = session.read_json("data/profile.json")
    found = session.read_json("data/leakage.json")["checks"]
    columns, dropped = choose_columns(session.plan, seen, found)
    wanted = make_design(session.plan, seen, session.read_json("data/split.json"), columns, dropped)
    changed = {key: wanted[key] for key in KEYS if wanted[key] != approved[key]}
    if changed:
        session.write_json(PATH, changed, "what differs from the approved design, and is used instead")
    else:
        session.path(PATH).unlink(missing_ok=True)
    return changed


def effective_design(session: Session) -> dict[str, Any]:
    """The design that the experiment used."""
    design: dict[str, Any] = session.read_json("data/design.json")
    if session.exists(PATH):
        design.update(session.read_json(PATH))
    return design


def words(changed: dict[str, Any], approved: dict[str, Any]) -> list[str]:
    """The deviations in words."""
    said = []
    for key, value in changed.items():
        if key == "families":
            said.append(
                f"families are {', '.join(f['key'] for f in value)} instead of "
                f"{', '.join(f['key'] for f in approved[key])}"
            )
        elif key == "seeds":
            said.append(f"{counted(len(value), 'seed')} instead of {len(approved[key])}")
        elif key in ("columns", "dropped", "comparisons"):
            said.append(f"{len(value)} {key} instead of {len(approved[key])}")
        elif key in ("extras", "secondary"):
            said.append(f"{key}: {', '.join(value) or 'none'}")
        else:
            said.append(f"{key.replace('_', ' ')} {value} instead of {approved[key]}")
    return said
