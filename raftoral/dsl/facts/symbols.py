"""What names stand for: constants, functions, activities, workflows, module aliases, locals.

Types are in `types`. A symbol knows where it was declared, so that a message may point there from another file.
"""

from __future__ import annotations

from .. import syntax as s
from ..source import Source
from ..syntax import Token
from .types import Declared, ErrorType, Field, Type, Variant


class Symbol:
    """Something with a name at the top of a module."""

    __slots__ = ("doc", "module", "name", "node", "source")

    def __init__(self, name: str, module: str, source: Source, node: Token, doc: str) -> None:
        self.name = name
        self.module = module
        self.source = source
        self.node = node
        self.doc = doc


class Const(Symbol):
    __slots__ = ("decl", "type")

    decl: s.Const
    type: Type


class Function(Symbol):
    """A `fn`, or one function of an `extern` block (`extern` is then the Python module's path)."""

    __slots__ = ("decl", "extern", "params", "result")

    decl: s.Fn | s.ExternFn
    extern: str | None
    params: dict[str, Field]
    result: Type


class Activity(Symbol):
    __slots__ = ("at_most_once", "decl", "params", "raises", "result")

    decl: s.Activity
    params: dict[str, Field]
    result: Type
    raises: list[ErrorType]
    at_most_once: bool


class Signal:
    """A typed mailbox of a workflow; `payload` is None when it carries nothing."""

    __slots__ = ("name", "node", "payload")

    def __init__(self, name: str, node: Token, payload: Type | None) -> None:
        self.name = name
        self.node = node
        self.payload = payload


class WorkflowVersion:
    """One `workflow W version n`."""

    __slots__ = ("decl", "doc", "number", "params", "raises", "result", "signals")

    def __init__(self, decl: s.Workflow, number: int, doc: str) -> None:
        self.decl = decl
        self.number = number
        self.doc = doc
        self.params: dict[str, Field] = {}
        self.result: Type
        self.raises: list[ErrorType] = []
        self.signals: dict[str, Signal] = {}


class Workflow(Symbol):
    """All versions of a workflow in one module. `do W(...)` and `spawn W(...)` mean the newest."""

    __slots__ = ("handle", "versions")

    versions: dict[int, WorkflowVersion]
    handle: HandleType | None

    @property
    def newest(self) -> WorkflowVersion:
        return self.versions[max(self.versions)]


class HandleType(Type):
    """`handle[W]`: stands here because it knows its workflow."""

    __slots__ = ("workflow",)

    def __init__(self, workflow: Workflow) -> None:
        self.name = f"handle[{workflow.name}]"
        self.workflow = workflow

    @staticmethod
    def of(workflow: Workflow) -> HandleType:
        """The one handle type of `workflow`."""
        if workflow.handle is None:
            workflow.handle = HandleType(workflow)
        return workflow.handle


class ModuleAlias:
    """`import shop.money as money`."""

    __slots__ = ("interface", "name", "node", "used")

    def __init__(self, name: str, node: Token, interface: Interface | None) -> None:
        self.name = name
        self.node = node
        self.interface = interface
        self.used = False


Meaning = Declared | Const | Function | Activity | Workflow | Variant | ModuleAlias


class Interface:
    """What a module offers to others: its path and its names. `broken` when it could not be read whole."""

    __slots__ = ("broken", "module", "names", "poisoned", "source")

    def __init__(self, module: str, source: Source) -> None:
        self.module = module
        self.source = source
        self.names: dict[str, Meaning] = {}
        self.broken = False
        self.poisoned: set[str] = set()


# What a local is. It decides who may assign to it and how messages call it.
LET, VAR, CHECKPOINT, PARAMETER, BOUND, BRANCH = (
    "let",
    "var",
    "checkpoint",
    "parameter",
    "bound name",
    "branch",
)


class Local:
    """A name inside a function or workflow. There is one place for it in a frame, hence no shadowing."""

    __slots__ = ("kind", "name", "node", "parallel_for", "reads", "type", "writes")

    def __init__(self, name: str, kind: str, type: Type, node: Token) -> None:
        self.name = name
        self.kind = kind
        self.type = type
        self.node = node
        self.reads = 0
        self.writes = 0
        self.parallel_for = False  # bound to the results of a `parallel for` (RFT0610)
