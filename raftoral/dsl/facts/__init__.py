"""What passes learn about a tree, beside the tree: the type model, symbols, and side tables by node.

Rooms: `types`, `symbols`; the tables are here.
"""

from __future__ import annotations

from .. import syntax as s
from .symbols import Activity, Function, Interface as Interface, Local, Meaning, Signal, Workflow
from .types import ErrorType, Field, Type

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..syntax import Parsed


class Facts:
    """The side tables of one module.

    types      expression -> its type, after literals found what they are
    widened    expression -> the type it is turned into where it stands: an int that becomes a decimal
    bindings   NameRef, Wait, OnSignal, Assign, ... -> what its name stands for
    targets    Token of a let, var, for, pattern, ... -> the local it makes
    calls      Call or Do or Spawn -> arguments in the order of the parameters
    callees    Do -> activity or workflow; Call -> function; Spawn -> workflow
    errors     TypeName in a `raises`, `catch` or `except` -> the error
    fn_calls   (caller, function, where) of every call in a function
    narrowed   NameRef or Attr -> optional whose value is known to be there
    """

    __slots__ = (
        "bindings", "callees", "calls", "dag_edges", "errors", "fn_calls", "gives", "interface", "narrowed", "parsed",
        "targets", "types", "widened",
    )  # fmt: skip

    def __init__(self, parsed: Parsed, interface: Interface) -> None:
        self.parsed = parsed
        self.interface = interface
        self.types: dict[s.Node, Type] = {}
        self.widened: dict[s.Node, Type] = {}
        self.bindings: dict[s.Node, Local | Signal | Meaning] = {}
        self.targets: dict[s.Token, Local] = {}
        self.calls: dict[s.Node, list[tuple[Field, s.Expr | None]]] = {}
        self.callees: dict[s.Node, Activity | Workflow | Function] = {}
        self.narrowed: set[s.Node] = set()
        self.dag_edges: dict[s.Dag, dict[str, list[str]]] = {}
        self.errors: dict[s.TypeName, ErrorType] = {}
        self.fn_calls: list[tuple[s.Fn, Function, s.Call]] = []
        self.gives: dict[s.Node, Type] = {}
