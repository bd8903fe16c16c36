"""Graph -> picture: blocks between two slots become one edge, with the conditions on the way as its label.

    block 2   if score > 0.9  then 3, else 4          score_fraud --score > 0.9, fail FraudSuspected--> catch
    block 3   raise FraudSuspected, failed 6     =>   score_fraud --else--> charge_card
    block 4   rest at charge_card

A decision that is met from one place only becomes labels; one that is met from several (a loop, a meeting of ways)
is a node of its own. Strands become planes inside the node of their join.
"""

from __future__ import annotations

from .. import syntax as s
from ..graph import (
    UNWINDING,
    AsNew,
    Block,
    Dispatch,
    Each,
    FirstOf,
    Fork,
    Give,
    Goto,
    Graph,
    If,
    Match,
    Raise,
    Register,
    Return,
    Strand,
    Suspend,
    blocks_of,
    ways_on,
)
from ..source import Source
from .held import undos_held
from .picture import (
    AGAIN,
    BRANCH,
    CHOICE,
    FAIL,
    FAILS,
    FLOW,
    GIVE,
    LOOP,
    NEEDS,
    RETURN,
    START,
    UNDO,
    UNDOES,
    Edge,
    Node,
    Picture,
    Plane,
    shown,
)
from .words import ELSE, FAIL_WORD, Words, cut

TYPE_CHECKING = False
if TYPE_CHECKING:
    Way = tuple[Block, list[str], str]  # where to, the conditions so far, the style of the edge


def picture_of(graph: Graph, source: Source) -> Picture:
    """The picture of a graph, frames included."""
    plane = _Tracer(graph, source, graph.root).plane()
    return Picture(graph, plane)


class _Tracer:
    """Makes the plane of one strand."""

    def __init__(self, graph: Graph, source: Source, strand: Strand) -> None:
        self.shown = graph
        self.source = source
        self.words = Words(source)
        self.strand = strand
        self.made = Plane()
        self.nodes: dict[object, Node] = {}
        self.blocks = blocks_of(strand)
        self.arrivals = _arrivals(strand, self.blocks)
        self.held = undos_held(strand)
        self.waiting: list[tuple[Node, Way]] = []

    def plane(self) -> Plane:
        start = self.node(START, "start", self.shown.decl.name.lo)
        given = ", ".join(local.name for local in self.strand.params)
        start.details = [cut(given)] if given else []
        self.waiting.append((start, (self.strand.entry, [], FLOW)))
        while self.waiting:
            source, way = self.waiting.pop()
            self.follow(source, way)
        for block in self.blocks:
            for op in block.ops:
                if isinstance(op, Register):
                    self.undo(op, start)
        if self.strand.parent is not None:
            self._tidy(start)
        return self.made

    def node(self, kind: str, title: str, offset: int) -> Node:
        node = Node(kind, title, self.source.line_of(offset))
        self.made.nodes.append(node)
        return node

    # --- edges -----------------------------------------------------------------------------------------------

    def follow(self, source: Node, way: Way) -> None:
        """Goes on from `source` until something is met that has a node; decisions on the way fan out."""
        fan = [way]
        while fan:
            block, labels, style = fan.pop()
            exit = block.exit
            if isinstance(exit, Goto):
                fan.append((exit.to, labels, style))
            elif isinstance(exit, Raise) and exit.failed is not None:
                said = self.words.error(exit)
                fan.append((exit.failed.block, [*labels, said] if said else labels, FAILS))
            elif isinstance(exit, If | Match | Each | Dispatch) and not self.is_node(block):
                texts = self.words.ways(exit)
                ways = [(to, _joined(labels, text), style) for to, text in zip(ways_on(block), texts, strict=True)]
                fan.extend(reversed(ways if len(ways) > 1 else [(ways[0][0], labels, style)]))
            elif isinstance(exit, Raise) and labels[-1:] and labels[-1].startswith(FAIL_WORD):
                self.connect(source, self.met(block, labels[-1]), style, labels[:-1])  # thrown on by a `finally`
            elif labels or not self.goes_without_saying(source, block):
                self.connect(source, self.met(block), style, labels)

    def goes_without_saying(self, source: Node, block: Block) -> bool:
        """An error of an effect that no clause takes leaves the strand: that is so everywhere."""
        exit = block.exit
        rests = source.slot is not None and source.kind != UNWINDING
        return rests and isinstance(exit, Raise) and exit.failed is None and not self.words.error(exit)

    def is_node(self, block: Block) -> bool:
        """Whether a decision has a node: a loop, or one that several ways lead to."""
        exit = block.exit
        loops = isinstance(exit, Each) or (isinstance(exit, If) and isinstance(exit.node, s.While))
        return loops or (self.arrivals[block] > 1 and len(ways_on(block)) > 1)

    def connect(self, source: Node, target: Node, style: str, labels: list[str]) -> None:
        label = ", ".join(labels)
        if target.kind == FAIL:
            style = FAILS
        for edge in self.made.edges:
            same = edge.source is source and edge.target is target and edge.style == style
            if same and bool(edge.labels) == bool(label):
                edge.labels += [label] if label and label not in edge.labels else []
                return
        self.made.edges.append(Edge(source, target, style, [label] if label else []))

    # --- nodes -----------------------------------------------------------------------------------------------

    def met(self, block: Block, thrown: str = "") -> Node:
        """The node that stands for the exit of a block; its own ways are followed later."""
        exit = block.exit
        key: object = exit.slot if isinstance(exit, Suspend) else block
        if isinstance(exit, Return | Raise | Give | AsNew):
            key = (type(exit), exit.node, thrown)
        if key not in self.nodes:
            self.nodes[key] = (
                self.node(FAIL, thrown, exit.node.lo) if thrown and isinstance(exit, Raise) else self.make(block)
            )
        return self.nodes[key]

    def make(self, block: Block) -> Node:
        exit = block.exit
        if isinstance(exit, Suspend):
            return self.slot(exit)
        if isinstance(exit, If | Match | Each | Dispatch):
            return self.decision(block, exit)
        if isinstance(exit, Return):
            return self.node(RETURN, self.words.result(exit), exit.node.lo)
        if isinstance(exit, AsNew):
            return self.node(AGAIN, self.words.text(exit.node, 44), exit.node.lo)
        if isinstance(exit, Raise):
            return self.node(FAIL, self.words.error(exit) or "fails", exit.node.lo)
        assert isinstance(exit, Give)
        return self.node(GIVE, "give", exit.node.lo)

    def decision(self, block: Block, exit: If | Match | Each | Dispatch) -> Node:
        loops = isinstance(exit, Each) or isinstance(exit.node, s.While)
        node = self.node(LOOP if loops else CHOICE, self.words.decision(exit), exit.node.lo)
        ways = zip(ways_on(block), self.words.own_ways(exit), strict=True)
        self.waiting += reversed([(node, (to, [text], FLOW)) for to, text in ways])
        return node

    def slot(self, exit: Suspend) -> Node:
        slot, request = exit.slot, exit.request
        node = self.node(slot.kind, slot.key, slot.node.lo)
        node.slot = slot
        node.details = self.words.details(slot, exit)
        node.frame = [shown(local) for local in slot.frame]
        if self.held[slot] & frozenset(slot.scopes):
            node.frame.append("undo")
        ways: list[Way] = []
        if isinstance(request, FirstOf):
            ways += [(to, [text], FLOW) for to, text in zip(request.ways, self.words.arms(request), strict=True)]
        if exit.then is not None:
            ways.append((exit.then, [], FLOW))
        if exit.failed is not None:
            ways.append((exit.failed.block, [], FAILS))
        self.waiting += reversed([(node, way) for way in ways])
        if isinstance(request, Fork):
            node.inner = self.branches(request)
        return node

    # --- planes inside ---------------------------------------------------------------------------------------

    def branches(self, request: Fork) -> Plane:
        if request.loop is not None:
            return _Tracer(self.shown, self.source, request.strands[0]).plane()
        assert isinstance(request.node, s.Parallel | s.Dag)
        parts: list[s.Branch | s.Step] = []
        parts += request.node.branches if isinstance(request.node, s.Parallel) else request.node.steps
        plane = Plane()
        by_name: dict[str, Node] = {}
        for part, strand in zip(parts, request.strands, strict=True):
            node = by_name[part.name.text] = self.branch(part, strand)
            plane.nodes.append(node)
        for name, needed in (request.after or {}).items():
            plane.edges += [Edge(by_name[other], by_name[name], NEEDS, []) for other in needed]
        return plane

    def branch(self, part: s.Branch | s.Step, strand: Strand) -> Node:
        """One slot needs no box around it; a step without one shows what it computes."""
        inner = _Tracer(self.shown, self.source, strand).plane()
        if len(inner.nodes) == 1 and inner.nodes[0].slot is not None and not inner.edges:
            only = inner.nodes[0]
            if not only.title.startswith(strand.name + "."):
                only.details.insert(0, f"{part.name.text}:")
            return only
        node = Node(BRANCH, part.name.text, self.source.line_of(part.lo))
        if any(each.slot is not None for each, _ in inner.all_nodes()):
            node.inner = inner
        else:
            node.details = [self.words.text(part.body)]
        return node

    def undo(self, op: Register, start: Node) -> None:
        """A node for the undo, beside the effect that registers it."""
        before = [
            node
            for node in self.made.nodes
            if node.slot is not None and node.slot.node.hi <= op.node.lo and node.inner is None
        ]
        owner = max(before, key=lambda node: node.slot.node.lo if node.slot is not None else 0, default=start)
        if isinstance(op.undo, Strand):
            node = self.node(UNDO, "undo", op.node.lo)
            node.inner = _Tracer(self.shown, self.source, op.undo).plane()
        else:
            node = self.node(UNDO, self.words.call(op.undo), op.node.lo)
        self.made.edges.append(Edge(owner, node, UNDOES, ["undo"]))

    def _tidy(self, start: Node) -> None:
        """In a branch, where control comes in and goes out goes without saying."""
        for node in [each for each in self.made.nodes if each.kind == GIVE]:
            entering = self.made.entering(node)
            alone = all(len(_flows(self.made, edge.source)) == 1 and not edge.labels for edge in entering)
            if alone and all(edge.source is not start for edge in entering):
                self.made.drop(node)
        leaving = self.made.leaving(start)
        if len(leaving) == 1 and not leaving[0].labels:
            self.made.drop(start)
        start.details = []


def _flows(plane: Plane, node: Node) -> list[Edge]:
    return [edge for edge in plane.leaving(node) if edge.style == FLOW]


def _joined(labels: list[str], text: str) -> list[str]:
    """`else` before another condition goes without saying."""
    kept = [label for label in labels if label != ELSE]
    return [*kept, text]


def _arrivals(strand: Strand, blocks: list[Block]) -> dict[Block, int]:
    """How many edges of the picture would end in a block, if it had a node."""
    before: dict[Block, list[Block]] = {block: [] for block in blocks}
    for block in blocks:
        for way in ways_on(block):
            before[way].append(block)
    found: dict[Block, int] = {}
    stack = list(reversed(blocks))
    while stack:
        block = stack[-1]
        passing = [each for each in before[block] if isinstance(each.exit, Goto | Raise)]
        missing = [each for each in passing if each not in found]
        if block in found or not missing:
            stack.pop()
            others = len(before[block]) - len(passing)
            found[block] = others + sum(found[each] for each in passing) + (block is strand.entry)
        else:
            stack += missing
    return found
