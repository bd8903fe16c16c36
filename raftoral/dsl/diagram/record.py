"""Pictures as JSON, for tools: schema 1. Slots and strands come from the graph, nodes and edges from the picture.

A field may be added; one that is there keeps its name and meaning as long as the schema is 1.
"""

from __future__ import annotations

from ..facts.symbols import Local
from ..graph import Slot, Strand
from ..source import Source
from .picture import Picture

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SCHEMA = 1


def render(pictures: list[Picture], source: Source) -> str:
    """All pictures of a file in one document."""
    import json

    made = {"schema": SCHEMA, "path": source.path, "workflows": [_one(each, source) for each in pictures]}
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


def _one(picture: Picture, source: Source) -> dict[str, Any]:
    graph = picture.graph
    strands = {strand: number for number, strand in enumerate(graph.strands())}
    return {
        "workflow": picture.name,
        "version": picture.version,
        "line": source.line_of(graph.decl.name.lo),
        "doc": picture.doc,
        "slots": [_slot(slot, strands, source) for slot in graph.slots if slot.strand in strands],
        "strands": [_strand(strand, strands) for strand in strands],
        "nodes": [
            {
                "id": node.id,
                "kind": node.kind,
                "in": around.id if around is not None else None,
                "slot": node.slot.key if node.slot is not None else None,
                "line": node.line,
                "title": node.title,
                "details": node.details,
            }
            for node, around in picture.plane.all_nodes()
        ],
        "edges": [
            {"from": edge.source.id, "to": edge.target.id, "kind": edge.style, "labels": edge.labels}
            for edge in picture.plane.all_edges()
        ],
    }


def _slot(slot: Slot, strands: dict[Strand, int], source: Source) -> dict[str, Any]:
    return {
        "key": slot.key,
        "kind": slot.kind,
        "number": slot.number or None,
        "line": source.line_of(slot.node.lo),
        "result": slot.result.name,
        "frame": _locals(slot.frame),
        "tries": list(slot.scopes),
        "strand": strands[slot.strand],
    }


def _strand(strand: Strand, strands: dict[Strand, int]) -> dict[str, Any]:
    return {
        "number": strands[strand],
        "name": strand.name,
        "parent": strands[strand.parent] if strand.parent is not None else None,
        "given": _locals(strand.params),
        "takes": _locals(strand.captured),
        "result": strand.result.name,
    }


def _locals(locals: list[Local]) -> list[dict[str, str]]:
    return [{"name": local.name, "type": local.type.name} for local in locals]
