"""Names of parts → where they are; a part is imported only when it is named, and a broken one breaks only itself."""

from __future__ import annotations

import difflib
import importlib
from importlib.metadata import entry_points
from typing import Any

from autor_nb.domain.errors import PluginError, UsageError

TABLE: dict[str, dict[str, str]] = {
    "agents": {
        "tabular": "autor_nb.plugins.agents.tabular.agent:TabularAgent",
        "scripted": "autor_nb.testing.scripted:ScriptedAgent",
    },
    "checkers": {
        "ending": "autor_nb.plugins.checks.ending:EndingChecker",
        "summary": "autor_nb.plugins.checks.summary:SummaryChecker",
        "files_produced": "autor_nb.plugins.checks.files_produced:FilesProducedChecker",
        "literature": "autor_nb.plugins.checks.literature:LiteratureChecker",
        "hypotheses": "autor_nb.plugins.checks.hypotheses:HypothesesChecker",
        "data": "autor_nb.plugins.checks.data:DataChecker",
        "schemas": "autor_nb.plugins.checks.schemas:SchemasChecker",
        "code": "autor_nb.plugins.checks.code:CodeChecker",
        "results": "autor_nb.plugins.checks.results:ResultsChecker",
        "figures": "autor_nb.plugins.checks.figures:FiguresChecker",
        "paper": "autor_nb.plugins.checks.paper:PaperChecker",
        "numbers": "autor_nb.plugins.checks.numbers:NumbersChecker",
        "citations": "autor_nb.plugins.checks.citations:CitationsChecker",
        "self_review": "autor_nb.plugins.checks.self_review:SelfReviewChecker",
        "readiness": "autor_nb.plugins.checks.readiness:ReadinessChecker",
    },
    "renderers": {
        "latex": "autor_nb.plugins.renderers.latex:LatexRenderer",
        "typst": "autor_nb.plugins.renderers.typst:TypstRenderer",
    },
    "critics": {
        "optimiser": "autor_nb.plugins.critics.optimiser:OptimiserCritic",
        "scripted": "autor_nb.plugins.critics.scripted:ScriptedCritic",
        "none": "autor_nb.plugins.critics.none:NoCritic",
    },
    "coders": {
        "params": "autor_nb.plugins.coders.params:ParamsCoder",
        "external": "autor_nb.plugins.coders.external:ExternalCoder",
        "scripted": "autor_nb.plugins.coders.scripted:ScriptedCoder",
    },
    "gates": {
        "eprocess": "autor_nb.plugins.gates.eprocess:EProcessGate",
        "shared": "autor_nb.plugins.gates.shared:SharedGate",
        "fixed": "autor_nb.plugins.gates.fixed:FixedGate",
        "greedy": "autor_nb.plugins.gates.greedy:GreedyGate",
    },
    "scalarizers": {
        "weighted_sum": "autor_nb.plugins.scalarizers.weighted_sum:WeightedSum",
        "weighted_chebyshev": "autor_nb.plugins.scalarizers.weighted_chebyshev:WeightedChebyshev",
        "lexicographic": "autor_nb.plugins.scalarizers.lexicographic:Lexicographic",
        "constrained": "autor_nb.plugins.scalarizers.constrained:Constrained",
    },
}


def names(kind: str) -> list[str]:
    """Every name of a kind, ours and those that other packages bring, sorted."""
    return sorted({*TABLE[kind], *(point.name for point in entry_points(group=f"autor_nb.{kind}"))})


def load(kind: str, name: str) -> Any:
    """The part's class or object; UsageError for an unknown name, PluginError for a broken part."""
    reference = TABLE[kind].get(name)
    try:
        if reference is not None:
            module, _, attribute = reference.partition(":")
            return getattr(importlib.import_module(module), attribute)
        for point in entry_points(group=f"autor_nb.{kind}"):
            if point.name == name:
                return point.load()
    except Exception as error:
        raise PluginError(
            f"The {kind[:-1]} {name!r} ({reference or 'an entry point'}) cannot be loaded: "
            f"{type(error).__name__}: {error}",
            "Reinstall the package that brings it, or choose another name.",
        ) from error
    known = names(kind)
    near = difflib.get_close_matches(name, known, n=1)
    raise UsageError(
        f"There is no {kind[:-1]} named {name!r}.",
        (f"Did you mean {near[0]!r}? " if near else "") + f"Known: {', '.join(known)}.",
    )


def create(kind: str, name: str) -> Any:
    """A fresh part of that name."""
    return load(kind, name)()
