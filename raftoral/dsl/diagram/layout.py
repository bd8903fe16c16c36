"""Where everything in a plane goes: a layered layout, top down, with edges that run at right angles.

    ranks      every node stands below those that lead to it; ways back (loops) do not count
    layers     nodes in the even ones, labels of edges in the odd ones, and in each layer that an edge only passes a
               place for it to pass
    order      left to right, by where the neighbours are, so that few edges cross
    places     as straight as the neighbours let it be; long failing ways run down the right side, loops up the left
    channels   between two layers edges run sideways, each on a track of its own

Edges of one style to one node flow together: they share their passing places. Undos stand right of their effect. The
same plane gives the same layout in every run. Planes inside nodes are laid out first and then count as boxes.
"""

from __future__ import annotations

import math

from .channel import Channel, Wire
from .order import Neighbours, ranked, sort_layers, walked, ways_back
from .picture import FAILS, UNDOES, Edge, Node, Plane
from .places import place, place_beside
from .sizes import header_size, pill_rows, pill_size

UNDO_GAP, UNDO_STEP = 34, 8
INNER_PAD = 14
NODE, PILL, PASS = "node", "pill", "pass"


class Box:
    """A node with its place in the plane; `inner` is laid out with its corner at (inner_x, inner_y)."""

    __slots__ = ("h", "inner", "inner_x", "inner_y", "node", "w", "x", "y")

    def __init__(self, node: Node) -> None:
        self.node = node
        self.x = self.y = 0
        self.w, self.h = header_size(node)
        self.inner: Layout | None = None
        self.inner_x = self.inner_y = 0
        if node.inner is not None and node.inner.nodes:
            self.inner = lay_out(node.inner)
            self.inner_y = self.h
            self.w = max(self.w, self.inner.w + 2 * INNER_PAD)
            self.h += self.inner.h + INNER_PAD
            self.inner_x = (self.w - self.inner.w) // 2


class Net:
    """Edges of one style to one node, or from a node to a label. They flow together."""

    __slots__ = ("back", "number", "passes", "side", "style", "target")

    def __init__(self, number: int, target: Item, style: str, back: bool) -> None:
        self.number = number
        self.target = target
        self.style = style
        self.back = back
        self.side = 0  # -1: runs left of everything, 1: right of it
        self.passes: dict[int, Item] = {}


class Item:
    """Something in a layer: a box with its undos, a label, or a place where edges pass. `x` is its axis."""

    __slots__ = (
        "box", "h", "kind", "labels", "layer", "leads_to", "left", "net", "rank", "right", "style", "undos", "x", "y",
    )  # fmt: skip

    def __init__(self, kind: str, layer: int, width: int, height: int) -> None:
        self.kind = kind
        self.layer = layer
        self.left = width // 2
        self.right = width - width // 2
        self.h = height
        self.x = 0
        self.y = 0
        self.rank = 0
        self.box: Box | None = None
        self.undos: list[Box] = []
        self.labels: list[str] = []
        self.style = ""
        self.net: Net | None = None
        self.leads_to: Net | None = None  # of a label: where its edge goes on

    @property
    def side(self) -> int:
        """To which side a label tends: the one where its edge goes on."""
        return self.leads_to.side if self.leads_to is not None else 0


class Layout:
    """A plane laid out: boxes, labels and wires from (0, 0) to (w, h)."""

    __slots__ = ("boxes", "h", "pills", "undoes", "w", "wires")

    def __init__(self) -> None:
        self.w = self.h = 0
        self.boxes: list[Box] = []
        self.pills: list[Item] = []
        self.wires: list[Wire] = []
        self.undoes: list[tuple[int, int, int, int]] = []


def lay_out(plane: Plane) -> Layout:
    """The layout of a plane and of all planes in it."""
    return _Plane(plane).lay_out()


BETWEEN_WAYS = 14


class _Plane:
    def __init__(self, plane: Plane) -> None:
        self.plane = plane
        self.items: dict[Node, Item] = {}
        self.layers: list[list[Item]] = []
        self.nets: list[Net] = []
        self.channels: dict[int, Channel] = {}

    def lay_out(self) -> Layout:
        self.make_items()
        self.make_edges()
        neighbours = Neighbours(self.channels)
        sort_layers(self.layers, neighbours)
        place(self.layers, neighbours)
        place_beside(self.layers, [net for net in self.nets if net.side])
        return self.drawn()

    # --- boxes -----------------------------------------------------------------------------------------------

    def make_items(self) -> None:
        undos = [edge for edge in self.plane.edges if edge.style == UNDOES]
        owned = {edge.target for edge in undos}
        nodes = [node for node in self.plane.nodes if node not in owned]
        edges = [edge for edge in self.plane.edges if edge.style != UNDOES]
        self.back = ways_back(nodes, edges)
        ranks = ranked(nodes, [edge for edge in edges if edge not in self.back])
        self.layers = [[] for _ in range(2 * max(ranks.values(), default=0) + 2)]
        for number, node in enumerate(walked(nodes, edges)):
            box = Box(node)
            ways = max(sum(edge.target is node for edge in edges), sum(edge.source is node for edge in edges))
            box.w = max(box.w, BETWEEN_WAYS * (ways + 2))  # every way in and out has a place of its own
            item = self.items[node] = Item(NODE, 2 * ranks[node], box.w, box.h)
            item.box = box
            item.rank = number
            item.undos = [Box(edge.target) for edge in undos if edge.source is node]
            if item.undos:
                item.right += UNDO_GAP + max(undo.w for undo in item.undos)
                item.h = max(item.h, sum(undo.h + UNDO_STEP for undo in item.undos) - UNDO_STEP)
            self.layers[item.layer].append(item)

    # --- edges -----------------------------------------------------------------------------------------------

    def make_edges(self) -> None:
        known: dict[tuple[Node, str, bool], Net] = {}
        for edge in self.plane.edges:
            if edge.style == UNDOES:
                continue
            back = edge in self.back
            key = (edge.target, edge.style, back)
            if key not in known:
                known[key] = self.net(self.items[edge.target], edge.style, back)
            tail = self.items[edge.source]
            if edge.labels:
                tail = self.pill(tail, edge)
            tail.leads_to = known[key] if edge.labels else None
            if back:
                self.up(tail, known[key])
            else:
                self.down(tail, known[key])
        for net in known.values():
            if net.back:
                net.side = -1
            elif net.style == FAILS and len(net.passes) > 1:
                net.side = 1
        for layer in self.layers:
            layer[:] = [item for item in layer if item.net is None or not item.net.side]

    def net(self, target: Item, style: str, back: bool) -> Net:
        net = Net(len(self.nets), target, style, back)
        self.nets.append(net)
        return net

    def pill(self, tail: Item, edge: Edge) -> Item:
        """The label of an edge, in the layer below where the edge begins."""
        width, height = pill_size(rows := pill_rows(edge.labels))
        pill = Item(PILL, tail.layer + 1, width, height)
        pill.labels = rows
        pill.style = edge.style
        pill.rank = self.items[edge.target].rank
        self.layers[pill.layer].append(pill)
        net = self.net(pill, edge.style, False)
        self.channel(tail.layer).join(net, tail, pill)
        return pill

    def channel(self, above: int) -> Channel:
        """The channel below layer `above`."""
        if above not in self.channels:
            self.channels[above] = Channel(above)
        return self.channels[above]

    def passing(self, net: Net, layer: int) -> Item:
        if layer not in net.passes:
            item = net.passes[layer] = Item(PASS, layer, 12, 0)
            item.net = net
            item.rank = net.target.rank
            self.layers[layer].append(item)
        return net.passes[layer]

    def down(self, tail: Item, net: Net) -> None:
        for layer in range(tail.layer, net.target.layer):
            last = layer + 1 == net.target.layer
            below = net.target if last else self.passing(net, layer + 1)
            self.channel(layer).join(net, tail, below)
            tail = below

    def up(self, tail: Item, net: Net) -> None:
        """Below the tail round to the side, up past all layers, and round to the target from above."""
        turn = self.passing(net, tail.layer)
        self.channel(tail.layer).join(net, tail, turn)
        for layer in range(tail.layer, net.target.layer, -1):
            higher = self.passing(net, layer - 1)
            self.channel(layer - 1).join(net, self.passing(net, layer), higher)
        self.channel(net.target.layer - 1).join(net, self.passing(net, net.target.layer), net.target)

    # --- the result ------------------------------------------------------------------------------------------

    def drawn(self) -> Layout:
        everything = [item for layer in self.layers for item in layer]
        everything += [item for net in self.nets if net.side for item in net.passes.values()]
        shift = -min((item.x - item.left for item in everything), default=0)
        for item in everything:
            item.x += shift
        made = Layout()
        made.w = max((item.x + item.right for item in everything), default=0)
        tops = self.stack(made)
        for item in everything:
            item.y = tops[item.layer]
        for layer in self.layers:
            for item in layer:
                self.put(item, made)
        for net in self.nets:
            for item in net.passes.values():
                made.wires.append(Wire(net, [(item.x, item.y), (item.x, item.y + item.h)], False))
        for number, channel in self.channels.items():
            top = tops[number + 1] - channel.height if number + 1 < len(tops) else made.h - channel.height
            made.wires += channel.wires(top)
        made.w = max([made.w, *(math.ceil(x) for wire in made.wires for x, _ in wire.points)])
        return made

    def stack(self, made: Layout) -> list[int]:
        """The top of each layer; sets the height of the whole, and of places where edges pass."""
        y = 0
        tops = []
        for number in range(-1, len(self.layers)):
            if number >= 0:
                height = max((item.h for item in self.layers[number]), default=0)
                tops.append(y)
                y += height
                for net in self.nets:
                    if number in net.passes:
                        net.passes[number].h = height
            channel = self.channels.get(number)
            if channel is not None:
                channel.set_ports()
                channel.set_tracks()
                y += channel.height
        made.h = y
        return tops

    def put(self, item: Item, made: Layout) -> None:
        if item.kind == PILL:
            made.pills.append(item)
        if item.box is None:
            return
        box = item.box
        box.x, box.y = item.x - item.left, item.y
        made.boxes.append(box)
        top = item.y
        for undo in item.undos:
            undo.x, undo.y = box.x + box.w + UNDO_GAP, top
            made.boxes.append(undo)
            made.undoes.append((box.x + box.w, min(top + undo.h // 2, box.y + box.h - 8), undo.x, top + undo.h // 2))
            top += undo.h + UNDO_STEP
