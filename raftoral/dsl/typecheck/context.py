"""What a walk over one declaration carries along: the names in scope, what is known of them, where values go.

`Cx` knows no construct; it dispatches to the rooms by the class of the node. Expression handlers return a type,
statement handlers return whether control can go on after the statement.
"""

from __future__ import annotations

from .. import syntax as s
from ..diagnostics import Problems
from ..facts import Facts
from ..facts.symbols import Interface, Local, Signal
from ..facts.types import BOOL, NEVER, POISON, Type, fits, join
from ..scope import Scope
from ..syntax import Node, Token
from ..syntax.parsed import Parsed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Known = dict[str, Type]

# Where code stands decides what it may do.
FUNCTION, WORKFLOW, QUERY, KEY, CONSTANT = "function", "workflow", "query", "key", "constant"

EXPRESSIONS: dict[type, Callable[[Cx, Any, Type | None], Type]] = {}
STATEMENTS: dict[type, Callable[[Cx, Any], bool]] = {}


class Target:
    """Where `give` goes: the `try`, `select`, branch or body whose value it is."""

    __slots__ = ("gave", "node", "type", "want")

    def __init__(self, node: Node, want: Type | None) -> None:
        self.node = node
        self.want = want
        self.type: Type = NEVER
        self.gave: s.Give | None = None


class Loop:
    """A `for` or `while` around the code; `broken` when a `break` leaves it."""

    __slots__ = ("broken",)

    def __init__(self) -> None:
        self.broken = False


class Cx:
    """The state of the walk over one module; `enter` starts a declaration afresh."""

    __slots__ = (
        "bindings", "branch", "branch_name", "ended", "facts", "in_compensation", "in_final", "kind", "known",
        "lazy", "locals", "loops", "opened", "owner", "problems", "result", "result_node", "scope", "siblings",
        "signals", "spoiled", "targets", "types", "unknown", "unread",
    )  # fmt: skip

    def __init__(self, scope: Scope, facts: Facts) -> None:
        self.scope = scope
        self.problems: Problems = scope.problems
        self.facts = facts
        self.types = facts.types
        self.bindings = facts.bindings
        self.enter(CONSTANT, None, None, None)

    def enter(self, kind: str, owner: Node | None, result: Type | None, result_node: Node | None) -> None:
        """Forgets all locals: a new declaration begins."""
        self.kind = kind
        self.owner = owner
        self.result = result
        self.result_node = result_node
        self.locals: dict[str, Local] = {}
        self.opened: list[str] = []
        self.ended: dict[str, Local] = {}
        self.known: Known = {}
        self.signals: dict[str, Signal] = {}
        self.targets: list[Target] = []
        self.loops: list[Loop] = []
        self.siblings: dict[str, Token] = {}
        self.branch: str | None = None  # what kind of branch we are in: "branch", "step", "turn"
        self.branch_name = ""
        self.in_compensation = False
        self.in_final = False
        self.lazy: str | None = None  # why the expression around may not be reached
        self.unread: list[Local] = []
        self.unknown: set[str] = set()
        self.spoiled: set[str] = set()  # names that something was said about already

    @property
    def parsed(self) -> Parsed:
        return self.scope.parsed

    @property
    def interface(self) -> Interface:
        return self.scope.interface

    # --- expressions ---------------------------------------------------------------------------------------

    def expr(self, node: s.Value, want: Type | None = None) -> Type:
        """The type of `node`; `want` lets literals and empty lists become what is expected."""
        found = self.types[node] = EXPRESSIONS[node.__class__](self, node, want)
        return found

    def expect(self, node: s.Value, want: Type, why: str, also: list[tuple[Node, str]] | None = None) -> Type:
        """Like `expr`, and says so when the value does not fit. `why` reads: "`amount` wants a decimal"."""
        got = self.types[node] = EXPRESSIONS[node.__class__](self, node, want)
        if got is not want:
            if fits(got, want):
                self.facts.widened[node] = want
            else:
                from .mismatch import report_mismatch

                report_mismatch(self, node, got, want, why, also)
        return got

    def maybe(self, why: str, node: s.Expr, want: Type | None = None) -> Type:
        """The type of an expression that is evaluated only sometimes: no `?? fail` may stand in it (RFT0412)."""
        before, self.lazy = self.lazy, why
        found = self.expr(node, want)
        self.lazy = before
        return found

    def condition(self, node: s.Expr) -> None:
        """A condition is a bool."""
        self.expect(node, BOOL, "a condition is a bool")

    # --- locals --------------------------------------------------------------------------------------------

    def declare(self, token: Token, kind: str, type: Type) -> Local:
        """Brings a local into scope; says RFT0105, 0106 and 0207."""
        name = token.text
        local = Local(name, kind, type, token)
        if (
            name in self.locals
            or name in self.scope.names
            or name in RESERVED
            or name in TAKEN
            or name in self.signals
            or not name.islower()
        ):
            from .names import check_new_name

            check_new_name(self, token, kind)
        self.facts.targets[token] = local
        if name not in self.locals:
            self.locals[name] = local
            self.opened.append(name)
        else:
            self.locals[name].type = POISON  # which of the two is meant below is anybody's guess
        return local

    def leave(self, mark: int) -> None:
        """Ends the scope that began when `opened` had `mark` names."""
        opened = self.opened
        while len(opened) > mark:
            name = opened.pop()
            local = self.locals.pop(name)
            self.ended[name] = local
            if self.known:
                self.forget(name)
            if not local.reads and local.kind in ("let", "var") and name[:1] not in ("_", ""):
                self.unread.append(local)

    def finish(self) -> None:
        """Ends a declaration: says which locals nobody read, but for names that were wrong in another way."""
        if self.unread and not self.parsed.holes:
            from .names import report_unused_local

            for local in self.unread:
                if local.name not in self.spoiled:
                    report_unused_local(self, local)

    # --- what is known of optionals ------------------------------------------------------------------------

    def forget(self, name: str) -> None:
        """Drops what is known of `name` and its fields: it was assigned, or is gone."""
        if self.known:
            start = name + "."
            self.known = {k: t for k, t in self.known.items() if k != name and not k.startswith(start)}

    def forget_assigned(self, node: object) -> None:
        """Drops what `node` may change: it is a loop or a body that may be left half-way."""
        if self.known:
            for inner in s.walk(node):
                if inner.__class__ is s.Assign:
                    self.forget(inner.name.text)

    # --- blocks and values ---------------------------------------------------------------------------------

    def block(self, node: s.Block) -> bool:
        """Checks a block in a scope of its own; whether control can go on after it."""
        mark = len(self.opened)
        goes_on = self.stmts(node.stmts)
        if len(self.opened) > mark:
            self.leave(mark)
        return goes_on

    def stmts(self, stmts: list[s.Stmt]) -> bool:
        goes_on = True
        stopped: s.Stmt | None = None
        for stmt in stmts:
            if stopped is not None and goes_on is False:
                self._unreachable(stmt, stopped)
                goes_on = None  # type: ignore[assignment]  # said once
            after = STATEMENTS[stmt.__class__](self, stmt)
            if stopped is None and not after:
                stopped, goes_on = stmt, False
        return stopped is None

    def _unreachable(self, stmt: s.Stmt, stopped: s.Stmt) -> None:
        word = self.problems.source.text[stopped.lo :].split(None, 1)[0].strip("{}()") or "this"
        self.problems.add(
            "RFT0404",
            f"nothing after this `{word}` can run",
            stmt,
            "never reached",
            also=[(stopped, "control does not come back from here")],
            helps=["remove it, or move it before"],
        )

    def body(self, node: s.Block | s.Stmt) -> bool:
        """The body of an arm: a block, or one statement in a scope of its own."""
        if node.__class__ is s.Block:
            return self.block(node)
        mark = len(self.opened)
        goes_on = STATEMENTS[node.__class__](self, node)
        self.leave(mark)
        return goes_on

    def give(self, target: Target, got: Type, node: s.Give) -> None:
        """Takes in a given value; the value of the whole is what holds all of them."""
        target.gave = target.gave or node
        if target.want is not None:
            target.type = target.want
            return
        both = join(target.type, got)
        if both is None:
            first = target.gave
            self.problems.add(
                "RFT0301",
                f"this gives a {got}, and an earlier `give` a {target.type}",
                node.value,
                f"a {got}",
                also=[(first.value, f"a {target.type}")] if first is not node else [],
                helps=["both ways must give the same type"],
            )
            both = POISON
        target.type = both

    def poison(self) -> Type:
        return POISON


# Words that a local cannot have as its name: they begin a statement or an expression, or join two parts of one.
RESERVED = frozenset(
    [
        "after",
        "and",
        "as",
        "assert",
        "break",
        "checkpoint",
        "compensate",
        "continue",
        "dag",
        "do",
        "else",
        "fail",
        "false",
        "finally",
        "for",
        "give",
        "if",
        "in",
        "is",
        "let",
        "limit",
        "log",
        "match",
        "none",
        "not",
        "on",
        "or",
        "parallel",
        "query",
        "return",
        "select",
        "send",
        "settle",
        "signal",
        "sleep",
        "some",
        "spawn",
        "then",
        "true",
        "try",
        "until",
        "var",
        "wait",
        "while",
        "with",
        "within",
        "workflow",
        "catch",
    ]
)
TAKEN: set[str] = set()  # the names of built-in functions; `builtins` fills it
