"""Which edges lead back, in which rank a node stands, and the order of items in a layer."""

from __future__ import annotations

from .picture import FAILS, Edge, Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .channel import Channel
    from .layout import Item

SWEEPS = 8


def ways_back(nodes: list[Node], edges: list[Edge]) -> set[Edge]:
    """The edges that close a circle, as met by a walk in the order of `nodes` and `edges`."""
    leaving: dict[Node, list[Edge]] = {node: [] for node in nodes}
    for edge in edges:
        leaving[edge.source].append(edge)
    found: set[Edge] = set()
    state: dict[Node, int] = {}  # 1: on the way, 2: done
    for root in nodes:
        if root in state:
            continue
        state[root] = 1
        stack = [(root, iter(leaving[root]))]
        while stack:
            node, rest = stack[-1]
            for edge in rest:
                if edge.target not in state:
                    state[edge.target] = 1
                    stack.append((edge.target, iter(leaving[edge.target])))
                    break
                if state[edge.target] == 1:
                    found.add(edge)
            else:
                state[node] = 2
                stack.pop()
    return found


def walked(nodes: list[Node], edges: list[Edge]) -> list[Node]:
    """The nodes as met by a walk that tries failing ways last, so that what follows a failure stands on the right."""
    leaving: dict[Node, list[Edge]] = {node: [] for node in nodes}
    for edge in edges:
        leaving[edge.source].append(edge)
    order: list[Node] = []
    seen: set[Node] = set()
    stack = list(reversed(nodes))
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            order.append(node)
            following = sorted(leaving[node], key=lambda edge: edge.style == FAILS)
            stack += [edge.target for edge in reversed(following)]
    return order


def ranked(nodes: list[Node], edges: list[Edge]) -> dict[Node, int]:
    """The length of the longest way to each node; `edges` have no circle."""
    missing = dict.fromkeys(nodes, 0)
    leaving: dict[Node, list[Node]] = {node: [] for node in nodes}
    for edge in edges:
        missing[edge.target] += 1
        leaving[edge.source].append(edge.target)
    ranks = dict.fromkeys(nodes, 0)
    ready = [node for node in nodes if not missing[node]]
    while ready:
        node = ready.pop()
        for target in leaving[node]:
            ranks[target] = max(ranks[target], ranks[node] + 1)
            missing[target] -= 1
            if not missing[target]:
                ready.append(target)
    return ranks


class Neighbours:
    """Who is joined to whom across a channel; what runs beside the layers does not count."""

    def __init__(self, channels: dict[int, Channel]) -> None:
        self.above: dict[Item, list[Item]] = {}
        self.below: dict[Item, list[Item]] = {}
        for channel in channels.values():
            for bundle in channel.bundles.values():
                if bundle.net.side:
                    continue
                for source in bundle.sources:
                    self.below.setdefault(source, []).append(bundle.sink)
                    self.above.setdefault(bundle.sink, []).append(source)


def sort_layers(layers: list[list[Item]], neighbours: Neighbours) -> None:
    """Puts every layer in the order that the places of the neighbours suggest; keeps the best order seen."""
    for layer in layers:
        layer.sort(key=lambda item: (item.rank, item.side))
    best = [list(layer) for layer in layers]
    fewest = crossings(layers, neighbours)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        down = sweep % 2 == 0
        places: dict[Item, float] = {}
        for layer in layers if down else reversed(layers):
            _sort(layer, neighbours.above if down else neighbours.below, places)
        count = crossings(layers, neighbours)
        if count < fewest:
            fewest, best = count, [list(layer) for layer in layers]
    for layer, kept in zip(layers, best, strict=True):
        layer[:] = kept


def _sort(layer: list[Item], others: dict[Item, list[Item]], places: dict[Item, float]) -> None:
    wished = {}
    for at, item in enumerate(layer):
        near = [places[other] for other in others.get(item, ()) if other in places]
        wished[item] = sum(near) / len(near) if near else at / max(len(layer) - 1, 1)
    layer.sort(key=lambda item: (wished[item], item.side))
    for at, item in enumerate(layer):
        places[item] = (at + 0.5) / len(layer)


def crossings(layers: list[list[Item]], neighbours: Neighbours) -> int:
    """How many pairs of edges cross between the layers."""
    found = 0
    at = {item: number for layer in layers for number, item in enumerate(layer)}
    for layer in layers:
        ends = [(number, at[other]) for number, item in enumerate(layer) for other in neighbours.below.get(item, ())]
        for number, (left, first) in enumerate(ends):
            found += sum(left < right and second < first for right, second in ends[number + 1 :])
    return found
