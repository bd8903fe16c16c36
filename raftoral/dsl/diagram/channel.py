"""The room between two layers: where edges touch their nodes, and on which track each runs sideways.

    ports    edges touch a box as straight above the other end as the box allows, some way apart from each other
    tracks   edges whose sideways parts would cover each other get different tracks, in the order that crosses least

Input: items with their axes. Output: the height of each channel, and wires: points from a node to the next turn.
"""

from __future__ import annotations

from .isotonic import spread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .layout import Item, Net

PORT_GAP, PORT_MARGIN = 18, 14
TRACK = 11
PAD_ABOVE, PAD_BELOW, PAD_PASSING = 9, 15, 5
CORNER = 6  # the radius where a line turns
NEAR = 9  # two lines closer than this look like one


class Wire:
    """A line through `points`, part of a net; with an arrow at its end, or not."""

    __slots__ = ("arrow", "net", "points", "style")

    def __init__(self, net: Net, points: list[tuple[int, int]], arrow: bool) -> None:
        self.net = net
        self.style = net.style
        self.points = points
        self.arrow = arrow


class Bundle:
    """The part of a net in one channel: everything in `sources` goes to `sink`."""

    __slots__ = ("net", "ports", "sink", "sources", "track")

    def __init__(self, net: Net, sink: Item) -> None:
        self.net = net
        self.sink = sink
        self.sources: list[Item] = []
        self.ports: dict[Item, int] = {}
        self.track = -1  # -1: straight, needs none

    @property
    def ends(self) -> list[Item]:
        return [*self.sources, self.sink]

    def span(self) -> tuple[int, int]:
        at = self.ports.values()
        return min(at), max(at)


class Channel:
    """The channel below layer `above` (-1: above the first)."""

    __slots__ = ("above", "bundles", "height", "pad")

    def __init__(self, above: int) -> None:
        self.above = above
        self.bundles: dict[Net, Bundle] = {}
        self.height = 0
        self.pad = 0  # above the first track

    def join(self, net: Net, source: Item, sink: Item) -> None:
        """An edge of `net` comes from `source` and goes to `sink`, both at this channel."""
        bundle = self.bundles.setdefault(net, Bundle(net, sink))
        if source not in bundle.sources:
            bundle.sources.append(source)

    def hangs(self, item: Item) -> bool:
        """Whether the item is above the channel."""
        return item.layer == self.above

    # --- ports -----------------------------------------------------------------------------------------------

    def set_ports(self) -> None:
        """Boxes above first: those below then try to stand straight under them."""
        for bundle in self.bundles.values():
            for item in bundle.ends:
                bundle.ports[item] = item.x
        for hanging in (True, False):
            at: dict[Item, list[Bundle]] = {}
            for bundle in self.bundles.values():
                for item in bundle.ends:
                    if item.box is not None and self.hangs(item) is hanging:
                        at.setdefault(item, []).append(bundle)
            for item, bundles in at.items():
                self.set_ports_of(item, bundles)

    def set_ports_of(self, item: Item, bundles: list[Bundle]) -> None:
        assert item.box is not None
        low, high = item.x - item.left + PORT_MARGIN, item.x - item.left + item.box.w - PORT_MARGIN
        beside = {bundle.net.side for bundle in bundles}
        roomy = len(beside) > 1 and high - low > 4 * PORT_GAP
        if roomy:  # the outermost ports are for what runs beside the layers
            low, high = low + PORT_GAP * (-1 in beside), high - PORT_GAP * (1 in beside)
        wished = []
        for bundle in bundles:
            others = [bundle.ports[end] for end in bundle.ends if end is not item]
            wish = sum(others) / len(others) if len(others) > 1 else others[0] if others else item.x
            side = bundle.net.side if roomy else 0
            wished.append((min(max(wish, low), high) + side * PORT_GAP, wish, bundle.net.number, bundle))
        wished.sort(key=lambda each: each[1:3])
        gap = min(PORT_GAP, (high - low) / len(bundles))
        places = spread([each[0] for each in wished], [gap] * (len(bundles) - 1), [1.0] * len(bundles))
        if roomy:
            low, high = low - PORT_GAP * (-1 in beside), high + PORT_GAP * (1 in beside)
        over = max(0.0, places[-1] - high) - max(0.0, low - places[0])
        for place, (_, _, _, bundle) in zip(places, wished, strict=True):
            bundle.ports[item] = round(place - over)

    # --- tracks ----------------------------------------------------------------------------------------------

    def set_tracks(self) -> None:
        """Gives every bundle that runs sideways a track; sets the height."""
        sideways = [each for each in self.bundles.values() if not self.is_straight(each)]
        sideways.sort(key=lambda bundle: (bundle.span(), bundle.net.number))
        self.sort(sideways)
        tracks = 0
        for at, bundle in enumerate(sideways):
            low, high = bundle.span()
            taken = [
                other.track for other in sideways[:at] if other.span()[0] - NEAR < high and low < other.span()[1] + NEAR
            ]
            bundle.track = max(taken, default=-1) + 1
            tracks = max(tracks, bundle.track + 1)
        if self.bundles:
            self.pad = PAD_ABOVE if any(s.box is not None or s.labels for s in self.ends(True)) else PAD_PASSING
            below = PAD_BELOW if any(s.box is not None for s in self.ends(False)) else PAD_PASSING
            self.height = self.pad + below + max(0, tracks - 1) * TRACK

    def ends(self, hanging: bool) -> list[Item]:
        return [end for each in self.bundles.values() for end in each.ends if self.hangs(end) is hanging]

    def is_straight(self, bundle: Bundle) -> bool:
        low, high = bundle.span()
        return low == high and {self.hangs(item) for item in bundle.ends} == {True, False}

    def sort(self, bundles: list[Bundle]) -> None:
        """From the highest track to the lowest, swapping neighbours while that saves crossings."""
        for _ in range(min(len(bundles), 40)):
            swapped = False
            for at in range(len(bundles) - 1):
                first, second = bundles[at], bundles[at + 1]
                if self.cost(first, second) > self.cost(second, first):
                    bundles[at], bundles[at + 1] = second, first
                    swapped = True
            if not swapped:
                return

    def cost(self, high: Bundle, low: Bundle) -> int:
        """What it costs when `high` has the higher track: its lower ends cross `low`, and the other way round."""
        found = 0
        for upper, other, hanging in ((high, low, False), (low, high, True)):
            left, right = other.span()
            for item, at in upper.ports.items():
                if self.hangs(item) is hanging:
                    found += left - NEAR < at < right + NEAR
                    found += 50 * any(
                        abs(at - port) < NEAR for end, port in other.ports.items() if self.hangs(end) is not hanging
                    )
        return found

    # --- wires -----------------------------------------------------------------------------------------------

    def wires(self, top: int) -> list[Wire]:
        """The wires of the channel, which begins at `top`. What flows together is drawn once."""
        made = []
        for bundle in self.bundles.values():
            y = top + self.pad + bundle.track * TRACK
            to, sink = bundle.ports[bundle.sink], bundle.sink
            stem = (to, self.edge_of(sink))
            sources = sorted(bundle.sources, key=lambda item: abs(bundle.ports[item] - to))
            ends = {-1: to, 1: to}  # how far the track is drawn, on each side of the sink
            for at, source in enumerate(sources):
                x = bundle.ports[source]
                side = -1 if x < to else 1
                first = at == 0
                points = [(x, self.edge_of(source))]
                if bundle.track >= 0:
                    points += [(x, y), (ends[side], y)]
                if first or ends[side] == to:
                    points.append(stem if first else (to, y + (CORNER if stem[1] > y else -CORNER)))
                ends[side] = x
                made.append(Wire(bundle.net, points, first and sink.box is not None))
        return made

    def edge_of(self, item: Item) -> int:
        """Where wires touch the item."""
        if not self.hangs(item):
            return item.y
        return item.y + (item.box.h if item.box is not None else item.h)
