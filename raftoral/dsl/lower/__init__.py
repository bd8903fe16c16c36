"""Checked tree -> graph: the door of the pass.

    lower(facts) -> [Graph]      one for each version of each workflow of a module without errors

Rooms: `lowering` (statements), `effects` (what suspends), `trying` (`try`, `fail`, `finally`, `compensate`), `keys`
(names of slots), `plain` (what needs no graph), `rebuild` (`?? fail`).
"""

from __future__ import annotations

from .. import syntax as s
from ..facts import Facts
from ..facts.symbols import Workflow
from ..graph import Graph
from .effects import Effects


def lower(facts: Facts) -> list[Graph]:
    """The graphs of a module, in source order. Only for a module in which no error was found."""
    graphs: list[Graph] = []
    for decl in facts.parsed.module.decls:
        meaning = facts.interface.names.get(decl.name.text) if isinstance(decl, s.Workflow) else None
        if isinstance(decl, s.Workflow) and isinstance(meaning, Workflow):
            version = next(v for v in meaning.versions.values() if v.decl is decl)
            graphs.append(Effects(facts, decl, version).graph_of_body())
    return graphs
