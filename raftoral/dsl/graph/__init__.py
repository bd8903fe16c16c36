"""The control-flow graph of a workflow: blocks, slots, strands. What `lower` makes and `liveness` completes.

    strand (root)
      block 1   total = total_of(order.items)
                suspend 1 reserve_stock -> hold        then block 2, failed block 5
      block 2   compensate do release_stock(hold)
                if score > 0.9                         then block 3, else block 4

A *slot* is a numbered, named point where a run can rest; its *frame* is what must be kept there. A *strand* is one
thread of control: the body of the workflow is the root, each branch of `parallel`, step of `dag` and turn of
`parallel for` is a strand of its own, with frames of its own. Expressions stay syntax: they are pure.

Rooms: this one has the data, `verify` says whether a graph holds together, `text` prints it.
"""

from __future__ import annotations

from .. import syntax as s
from ..facts import Facts
from ..facts.symbols import Local, WorkflowVersion
from ..facts.types import Type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# What a run waits for at a slot.
ACTIVITY, CHILD, TIMER, SIGNAL, HANDLE = "activity", "child", "timer", "signal", "handle"
SELECT, JOIN, UNWINDING = "select", "join", "unwinding"


class Slot:
    """Where a run can rest. `frame` is filled by liveness; `number` comes from the lock, 0 until then."""

    __slots__ = ("frame", "key", "kind", "labelled", "node", "number", "result", "scopes", "strand")

    def __init__(self, key: str, kind: str, node: s.Node, result: Type, strand: Strand, labelled: bool) -> None:
        self.key = key
        self.kind = kind
        self.node = node
        self.result = result
        self.strand = strand
        self.labelled = labelled
        self.number = 0
        self.scopes: tuple[str, ...] = ()
        self.frame: list[Local] = []


class Strand:
    """One thread of control. `captured` is what it takes from around it when it starts; filled by liveness."""

    __slots__ = ("captured", "entry", "name", "params", "parent", "result", "turn")

    def __init__(self, name: str, parent: Strand | None, result: Type) -> None:
        self.name = name
        self.parent = parent
        self.result = result
        self.turn = False  # of a `parallel for`: its parameters are the parts of one item
        self.params: list[Local] = []  # what it is given: the arguments of the workflow, or the item of a turn
        self.captured: list[Local] = []
        self.entry: Block = Block()


class Block:
    """Operations, then one exit. Nothing after the exit, no exit before the end."""

    __slots__ = ("exit", "live", "ops")

    def __init__(self) -> None:
        self.ops: list[Op] = []
        self.exit: Exit | None = None
        self.live: frozenset[Local] = frozenset()  # what is needed on entry; filled by liveness


class Handler:
    """Where errors of a `try` go: they arrive in `problem`, and `block` goes on."""

    __slots__ = ("block", "problem")

    def __init__(self, problem: Local) -> None:
        self.block = Block()
        self.problem = problem


# --- operations ------------------------------------------------------------------------------------------------


class Plain:
    """A statement that neither suspends nor leaves: Python's own control flow can carry it."""

    __slots__ = ("stmt",)

    def __init__(self, stmt: s.Stmt) -> None:
        self.stmt = stmt


class Bind:
    """`targets = value`; more than one target takes a tuple apart."""

    __slots__ = ("node", "targets", "value")

    def __init__(self, targets: list[Local], value: s.Expr, node: s.Node) -> None:
        self.targets = targets
        self.value = value
        self.node = node


class Register:
    """Registers an undo with its `try`: a call whose arguments are taken now, or a strand."""

    __slots__ = ("node", "scope", "undo")

    def __init__(self, scope: str, undo: s.Do | Strand, node: s.Node) -> None:
        self.scope = scope
        self.undo = undo
        self.node = node


class Settle:
    """The `try` ended well: its undos are dropped."""

    __slots__ = ("node", "scope")

    def __init__(self, scope: str, node: s.Node) -> None:
        self.scope = scope
        self.node = node


class Begin:
    """Puts a cursor at the start of what a `for` walks over."""

    __slots__ = ("cursor", "node", "source")

    def __init__(self, cursor: Cursor, source: s.Iterable, node: s.Node) -> None:
        self.cursor = cursor
        self.source = source
        self.node = node


class Advance:
    """Moves a cursor on by one."""

    __slots__ = ("cursor", "node")

    def __init__(self, cursor: Cursor, node: s.Node) -> None:
        self.cursor = cursor
        self.node = node


Op = Plain | Bind | Register | Settle | Begin | Advance


class Cursor:
    """Where a loop stands: `at` in `items`, or up to `last` of a range. Hidden locals, part of the frame."""

    __slots__ = ("at", "items", "last", "targets")

    def __init__(self, at: Local, items: Local | None, last: Local | None, targets: list[Local]) -> None:
        self.at = at
        self.items = items
        self.last = last
        self.targets = targets


# --- exits -----------------------------------------------------------------------------------------------------


class Goto:
    __slots__ = ("to",)

    def __init__(self, to: Block) -> None:
        self.to = to


class If:
    __slots__ = ("condition", "node", "orelse", "then")

    def __init__(self, condition: s.Expr, then: Block, orelse: Block, node: s.Node) -> None:
        self.condition = condition
        self.then = then
        self.orelse = orelse
        self.node = node


class Match:
    """One way for each arm; the arms cover everything, so there is no other."""

    __slots__ = ("arms", "node", "ways")

    def __init__(self, node: s.MatchStmt, arms: list[s.MatchArm], ways: list[Block]) -> None:
        self.node = node
        self.arms = arms
        self.ways = ways


class Each:
    """The head of a `for`: binds the next item and goes to `body`, or goes to `after`."""

    __slots__ = ("after", "body", "cursor", "node")

    def __init__(self, cursor: Cursor, body: Block, after: Block, node: s.Node) -> None:
        self.cursor = cursor
        self.body = body
        self.after = after
        self.node = node


class Suspend:
    """Rests at `slot` until what `request` asks for arrives in `targets`; `failed` takes an error."""

    __slots__ = ("failed", "request", "slot", "targets", "then")

    def __init__(
        self, slot: Slot, request: Request, targets: list[Local], then: Block | None, failed: Handler | None
    ) -> None:
        self.slot = slot
        self.request = request
        self.targets = targets
        self.then = then  # None for a `select`, whose arms go on
        self.failed = failed


class Return:
    """The workflow ends with a value."""

    __slots__ = ("node", "value")

    def __init__(self, value: s.Expr | None, node: s.Node) -> None:
        self.value = value
        self.node = node


class Give:
    """A strand other than the root ends with a value."""

    __slots__ = ("node", "value")

    def __init__(self, value: s.Expr | None, node: s.Node) -> None:
        self.value = value
        self.node = node


class Raise:
    """An error: to the handler of the `try` around it, or out of the strand when `failed` is None."""

    __slots__ = ("error", "failed", "node")

    def __init__(self, error: s.Expr, failed: Handler | None, node: s.Node) -> None:
        self.error = error
        self.failed = failed
        self.node = node


class Dispatch:
    """After unwinding: which `catch` takes `problem`; `otherwise` goes on outwards (None: leaves the strand)."""

    __slots__ = ("clauses", "node", "otherwise", "problem", "ways")

    def __init__(
        self, problem: Local, clauses: list[s.Catch], ways: list[Block], otherwise: Block | None, node: s.Node
    ) -> None:
        self.problem = problem
        self.clauses = clauses
        self.ways = ways
        self.otherwise = otherwise
        self.node = node


class AsNew:
    """`continue as new(args)`."""

    __slots__ = ("args", "node")

    def __init__(self, args: list[s.Expr], node: s.Node) -> None:
        self.args = args
        self.node = node


Exit = Goto | If | Match | Each | Suspend | Return | Give | Raise | Dispatch | AsNew


# --- what a slot waits for ---------------------------------------------------------------------------------------


class Call:
    """An activity or a child workflow."""

    __slots__ = ("node",)

    def __init__(self, node: s.Do) -> None:
        self.node = node


class Await:
    """A signal, or the end of a child whose handle is `handle`."""

    __slots__ = ("handle", "node")

    def __init__(self, node: s.Wait, handle: Local | None) -> None:
        self.node = node
        self.handle = handle


class Pause:
    __slots__ = ("node",)

    def __init__(self, node: s.Sleep) -> None:
        self.node = node


class FirstOf:
    """`select`: `ways[i]` goes on when `arms[i]` is ready; what it brings arrives in `binds[i]`."""

    __slots__ = ("arms", "binds", "node", "ways")

    def __init__(self, node: s.Select, ways: list[Block], binds: list[Local | None]) -> None:
        self.node = node
        self.arms = node.arms
        self.ways = ways
        self.binds = binds


class Fork:
    """The branches of a `parallel`, the steps of a `dag` (then `after` holds the edges), or the turns of a loop."""

    __slots__ = ("after", "loop", "node", "settle", "strands")

    def __init__(
        self,
        node: s.Parallel | s.Dag | s.ParallelFor,
        strands: list[Strand],
        settle: bool,
        after: dict[str, list[str]] | None,
    ) -> None:
        self.node = node
        self.strands = strands
        self.settle = settle
        self.after = after
        self.loop = node if isinstance(node, s.ParallelFor) else None


class Unwind:
    """Runs the undos of a scope in reverse, then goes on with the problem kept in the frame."""

    __slots__ = ("node", "problem", "scope")

    def __init__(self, scope: str, problem: Local, node: s.Node) -> None:
        self.scope = scope
        self.problem = problem
        self.node = node


Request = Call | Await | Pause | FirstOf | Fork | Unwind


class Graph:
    """A workflow, lowered. `slots` are in source order, which is the order of keys and numbers."""

    __slots__ = ("decl", "digest", "facts", "name", "root", "slots", "version")

    def __init__(self, decl: s.Workflow, version: WorkflowVersion, facts: Facts, name: str, root: Strand) -> None:
        self.decl = decl
        self.version = version
        self.facts = facts
        self.name = name
        self.root = root
        self.slots: list[Slot] = []
        self.digest = ""  # of its meaning; given by `lock`

    def strands(self) -> Iterator[Strand]:
        """The root, then every strand that a block forks or registers, in the order in which they are met."""
        seen = {self.root}
        queue = [self.root]
        while queue:
            strand = queue.pop(0)
            yield strand
            for block in blocks_of(strand):
                for other in forked(block):
                    if other not in seen:
                        seen.add(other)
                        queue.append(other)


def forked(block: Block) -> list[Strand]:
    """The strands that a block starts."""
    found = [op.undo for op in block.ops if isinstance(op, Register) and isinstance(op.undo, Strand)]
    if isinstance(block.exit, Suspend) and isinstance(block.exit.request, Fork):
        found += block.exit.request.strands
    return found


def ways_on(block: Block) -> list[Block]:
    """Where control may go from a block, in a fixed order; failures last."""
    exit = block.exit
    if isinstance(exit, Goto):
        return [exit.to]
    if isinstance(exit, If):
        return [exit.then, exit.orelse]
    if isinstance(exit, Match):
        return list(exit.ways)
    if isinstance(exit, Each):
        return [exit.body, exit.after]
    if isinstance(exit, Dispatch):
        return [*exit.ways, *([exit.otherwise] if exit.otherwise is not None else [])]
    if isinstance(exit, Suspend):
        ways = list(exit.request.ways) if isinstance(exit.request, FirstOf) else []
        return [*ways, *_some(exit.then), *_some(exit.failed.block if exit.failed is not None else None)]
    if isinstance(exit, Raise) and exit.failed is not None:
        return [exit.failed.block]
    return []


def _some(block: Block | None) -> list[Block]:
    return [] if block is None else [block]


def blocks_of(strand: Strand) -> list[Block]:
    """The blocks of a strand that can be reached, entry first, in source order as far as there is one."""
    order: list[Block] = []
    seen = {strand.entry}
    stack = [strand.entry]
    while stack:
        block = stack.pop()
        order.append(block)
        for way in reversed(ways_on(block)):
            if way not in seen:
                seen.add(way)
                stack.append(way)
    return order
