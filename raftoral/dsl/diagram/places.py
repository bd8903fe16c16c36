"""How far right each item stands: near the middle of its neighbours, long ways straight, nothing on top of another."""

from __future__ import annotations

from itertools import pairwise

from .isotonic import spread
from .order import Neighbours

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .layout import Item, Net

GAP, PASS_GAP, SIDE_GAP = 30, 14, 22
ROUNDS = 14
HANG = 16  # how far from the corner of a box an edge may come in
FAR = 1_000_000


def place(layers: list[list[Item]], neighbours: Neighbours) -> None:
    """Sets `x` of every item of the layers."""
    at: dict[Item, float] = {}
    for layer in layers:
        gaps = _gaps(layer)
        places = spread([0.0] * len(layer), gaps, [1.0] * len(layer))
        at.update(zip(layer, places, strict=True))
    for turn in range(ROUNDS):
        both = turn >= ROUNDS - 4
        down = turn % 2 == 0
        for layer in layers if down else reversed(layers):
            if not layer:
                continue
            wished, weights = [], []
            for item in layer:
                near = neighbours.above.get(item, []) if down or both else []
                near = near + (neighbours.below.get(item, []) if not down or both else [])
                wish, weight = _wish(item, near, at)
                wished.append(wish)
                weights.append(weight)
            at.update(zip(layer, spread(wished, _gaps(layer), weights), strict=True))
    for layer in layers:
        _settle(layer, at)
    _straighten(layers)
    for layer in layers:
        _hang(layer, neighbours)


def _settle(layer: list[Item], at: dict[Item, float]) -> None:
    """Whole numbers; rounding must not bring two too close."""
    last: Item | None = None
    for item in layer:
        item.x = round(at[item])
        if last is not None:
            item.x = max(item.x, last.x + _gap(last, item))
        last = item


def _straighten(layers: list[list[Item]]) -> None:
    """A way past several layers turns as seldom as what stands beside it allows."""
    ways: dict[Net, list[Item]] = {}
    beside: dict[Item, tuple[Item | None, Item | None]] = {}
    for layer in layers:
        for item, left, right in zip(layer, [None, *layer], [*layer[1:], None], strict=False):
            beside[item] = (left, right)
            if item.net is not None:
                ways.setdefault(item.net, []).append(item)
    for way in ways.values():
        run: list[Item] = []
        low, high = -FAR, FAR
        for part in way:
            left, right = beside[part]
            lower = left.x + _gap(left, part) if left is not None else -FAR
            upper = right.x - _gap(part, right) if right is not None else FAR
            if max(low, lower) > min(high, upper):
                _line_up(run, low, high)
                run, low, high = [], -FAR, FAR
            run.append(part)
            low, high = max(low, lower), min(high, upper)
        _line_up(run, low, high)


def _hang(layer: list[Item], neighbours: Neighbours) -> None:
    """Labels move straight above where they lead, as far as there is room."""
    for item, left, right in zip(layer, [None, *layer], [*layer[1:], None], strict=False):
        below = neighbours.below.get(item, [])
        if not item.labels or len(below) != 1:
            continue
        box = below[0].box
        low = high = below[0].x
        if box is not None:
            low, high = low - below[0].left + HANG, low - below[0].left + box.w - HANG
        x = min(max(item.x, low), high)
        lower = left.x + _gap(left, item) if left is not None else -FAR
        upper = right.x - _gap(item, right) if right is not None else FAR
        item.x = min(max(x, lower), upper)


def _line_up(run: list[Item], low: int, high: int) -> None:
    middle = round(sum(item.x for item in run) / len(run))
    for item in run:
        item.x = min(max(middle, low), high)


def _wish(item: Item, near: list[Item], at: dict[Item, float]) -> tuple[float, float]:
    """Where an item wants to be, and how much."""
    if not near:
        return at[item], 0.1
    pull = [(at[other], _weight(*sorted((item, other), key=lambda each: each.layer))) for other in near]
    total = sum(weight for _, weight in pull)
    return sum(x * weight for x, weight in pull) / total, total


def _weight(upper: Item, lower: Item) -> float:
    """How straight a way wants to be: past layers very, below a label rather."""
    if upper.net is not None and lower.net is not None:
        return 8.0
    return 4.0 if upper.labels else 0.6 if lower.labels else 1.0


def _gap(left: Item, right: Item) -> int:
    passing = left.net is not None or right.net is not None
    return left.right + right.left + (PASS_GAP if passing else GAP)


def _gaps(layer: list[Item]) -> list[float]:
    return [float(_gap(left, right)) for left, right in pairwise(layer)]


def place_beside(layers: list[list[Item]], nets: list[Net]) -> None:
    """Nets that run beside the layers: straight, the shorter ones nearer."""
    lowest = [min((item.x - item.left for item in layer), default=0) for layer in layers]
    highest = [max((item.x + item.right for item in layer), default=0) for layer in layers]
    for net in sorted(nets, key=lambda net: (len(net.passes), min(net.passes), net.number)):
        edges = lowest if net.side < 0 else highest
        inner = min if net.side < 0 else max
        x = inner(edges[layer] for layer in _reach(net, len(layers))) + net.side * SIDE_GAP
        for layer in _reach(net, len(layers)):
            edges[layer] = x
        for item in net.passes.values():
            item.x = x


def _reach(net: Net, layers: int) -> list[int]:
    return [layer for layer in range(min(net.passes), max(net.passes) + 1) if layer < layers]
