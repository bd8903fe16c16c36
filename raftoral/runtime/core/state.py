"""A run in memory, at rest: its strands, what each waits for, mail, undos. Data only; `execution` moves it, `stored`
writes it.

    Run  root Strand ── Rest [Op charge_card]             a run that waits for one effect
    Run  root Strand ── Join ── Strand 0 ── Rest          a run in a `parallel`
                            └── Strand 1 ── Rest

Everything that a new owner has to do is here: there is no queue of pending work beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any

from raftoral.program.steps import Activity, Branch, Definition, Part, Slot
from raftoral.program.values import WorkflowError

from .programs import Program


class Kind(IntEnum):
    """What is waited for. The numbers are stored."""

    EFFECT = 0
    TIMER = 1
    SIGNAL = 2
    CHILD = 3
    RUN = 4


class Mode(IntEnum):
    """How a strand goes on when something that it waits for is there. The numbers are stored."""

    PLAIN = 0
    WITHIN = 1
    SELECT = 2
    JOIN = 3
    UNDOING = 4
    OVER = 5


class Op:
    """One thing that is waited for. `number` is unique in its run; `name` is an activity, a signal, or a run's id."""

    __slots__ = (
        *("activity", "args", "asked", "attempt", "details", "due", "failures", "kind", "name", "number", "overrides"),
        *("stalled", "step", "stopping", "undo", "workflow"),
    )

    def __init__(self, kind: Kind, name: str, args: tuple[Any, ...] = ()) -> None:
        self.kind = kind
        self.name = name
        self.args = args
        self.number = 0
        self.activity: Activity[Any] | None = None
        self.workflow: Definition | None = None
        self.overrides: Mapping[str, Any] | None = None
        self.due = 0  # of a timer; of the next attempt while a pause lasts
        self.attempt = 1
        self.failures = 0  # attempts that failed; a crash of ours is none
        self.step = ""  # what people call it: the key of its slot
        self.asked = 0
        self.stopping = False  # told to stop, and waited for, because its undo may be needed
        self.stalled = False  # nobody could perform it
        self.details: bytes | None = None
        self.undo = False

    @property
    def never_ran(self) -> bool:
        """It is stalled, and no attempt of it can have done anything: those before, if any, have failed."""
        return self.stalled and self.attempt == self.failures + 1

    def __repr__(self) -> str:
        return f"<op {self.number} {self.kind.name.lower()} {self.name}>"


class Rest:
    """Waits for the first of `ops`."""

    __slots__ = ("mode", "ops")

    def __init__(self, mode: Mode, ops: list[Op]) -> None:
        self.mode = mode
        self.ops = ops


class Join:
    """Waits for all parts. `items` are of a `parallel for`, whose one branch starts for each."""

    __slots__ = (
        *("branches", "busy", "cancelled", "failure", "items", "limit", "live", "needs", "next", "number", "results"),
        *("settle", "started", "stored"),
    )

    def __init__(self, branches: tuple[Branch, ...], items: list[Any] | None, limit: int, settle: bool) -> None:
        self.branches = branches
        self.items = items
        self.limit = limit
        self.settle = settle
        self.number = 0
        self.failure: WorkflowError | None = None
        self.cancelled: WorkflowError | None = None
        self.live: list[Strand] = []
        self.results: dict[int, Any] = {}
        self.started: set[int] = set()
        self.next = 0  # every part below it was started
        self.busy = False
        self.stored = b""  # the strand that waits, when it is the root, as it was written last
        self.needs: list[frozenset[int]] | None = None
        if items is None and any(branch.after for branch in branches):
            places = {branch.part.name: place for place, branch in enumerate(branches)}
            self.needs = [frozenset(places[name] for name in branch.after) for branch in branches]

    @property
    def count(self) -> int:
        return len(self.branches) if self.items is None else len(self.items)

    def part(self, place: int) -> Part[Any, Any]:
        return self.branches[0 if self.items is not None else place].part


class Undoing:
    """Runs undos, last registered first: those of a scope, or all of the strand before it fails with `error`."""

    __slots__ = ("busy", "error", "op", "scope", "strand", "stuck")

    def __init__(self, scope: str | None, error: WorkflowError | None = None) -> None:
        self.scope = scope
        self.error = error
        self.op: Op | None = None
        self.strand: Strand | None = None
        self.stuck: WorkflowError | None = None
        self.busy = False

    @property
    def rests(self) -> bool:
        return self.strand is not None or self.stuck is not None


class Strand:
    """One thread of control. `path` is "" for the root, "1-0" for the first part of its first fork, "1-0.3-2" for the
    third part of a fork in that, "1-0.u" for an undo of it. No path is used twice in a run, because forks have
    numbers. All that stands below a `u` is part of an undo."""

    __slots__ = ("frame", "parent", "path", "pending", "place", "slot", "undo", "wait")

    def __init__(self, path: str, parent: Strand | None, place: int) -> None:
        self.path = path
        self.parent = parent
        self.place = place  # among its siblings; -1: it is an undo
        self.undo = "u" in path
        self.slot: Slot[Any, Any, Any] | None = None
        self.frame: Any = None
        self.wait: Rest | Join | Undoing | None = None
        self.pending: WorkflowError | None = None

    def __repr__(self) -> str:
        return f"<strand {self.path or 'root'} at {self.slot.key if self.slot else 'start'}>"

    def is_around(self, path: str) -> bool:
        return not self.path or path == self.path or path.startswith(self.path + ".")

    def below(self, fork: int, place: int) -> str:
        """The path of a part of a fork of this strand."""
        return f"{self.path}.{fork}-{place}" if self.path else f"{fork}-{place}"

    @property
    def undo_path(self) -> str:
        return f"{self.path}.u" if self.path else "u"


class Undo:
    """A registered compensation: a call with its arguments, or a part with what it captured."""

    __slots__ = ("activity", "args", "branch", "inner", "number", "path", "scope")

    def __init__(self, number: int, scope: str, path: str) -> None:
        self.number = number
        self.scope = scope
        self.path = path
        self.inner = "u" in path  # registered by an undo: none of the business of what is undone
        self.activity: Activity[Any] | None = None
        self.args: tuple[Any, ...] = ()
        self.branch: Branch | None = None


class Child:
    """A run that was spawned; what it ended with, once it has."""

    __slots__ = ("definition", "ended", "error", "position", "value")

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.ended = False
        self.position = 0
        self.value: Any = None
        self.error: WorkflowError | None = None


class Run:
    """One execution of a workflow. `id` is the user's name for it; `run` is new with every `continue as new`."""

    __slots__ = (
        *(
            "args",
            "children",
            "code",
            "fence",
            "forks",
            "id",
            "link",
            "mail",
            "note",
            "ops",
            "owner",
            "parent",
            "parent_op",
            "position",
        ),
        *("arrived", "behind", "body", "checkpoints", "created", "inbox", "near", "pieces", "seq", "tags", "trails"),
        *("updated",),
        *("program", "reason", "root", "run", "state", "status", "steps", "undo_count", "undos", "waiting"),
    )

    def __init__(self, id: str, run: str, program: Program, args: Any) -> None:
        self.id = id
        self.run = run
        self.program = program
        self.args = args
        self.status = "running"
        self.state: Any = None
        self.root = Strand("", None, 0)
        self.waiting: dict[int, tuple[Strand, Op]] = {}  # what is waited for, by its number, and by whom
        self.mail: dict[str, list[tuple[int, Any]]] = {}  # signal -> (position, payload), oldest first
        self.children: dict[str, Child] = {}
        self.undos: list[Undo] = []
        self.undo_count = 0
        self.steps = 0
        self.ops = 0
        self.forks = 0
        self.position = 0
        self.fence = 0
        self.owner = ""  # the node that performs its effects
        self.link = 0
        self.parent: str | None = None
        self.parent_op = 0
        self.code = ""  # why it stands still, when it does
        self.reason = ""
        self.note = ""
        self.inbox = 0  # the number that the last kept event got
        self.arrived: set[int] = set()  # ops of which the end lies in the inbox
        # What was written last: what a fault goes back to.
        self.body = b""
        self.checkpoints = b"{}"
        self.pieces: dict[str, bytes] = {}
        self.trails: dict[str, Any] = {}  # by step; `trails` writes them
        self.near: dict[str, bytes] = {}  # those that lie behind the body
        self.behind: bytes | None = b""  # None: to be made anew
        self.seq = 0
        self.created = 0
        self.updated = 0
        self.tags = "{}"

    def op(self, number: int) -> Op | None:
        """The op of that number, if somebody waits for it."""
        found = self.waiting.get(number)
        return None if found is None else found[1]
