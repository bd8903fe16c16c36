"""Statements and effects: what a workflow does, line by line."""

from __future__ import annotations

from .expressions import Arg, Expr, Iterable, Pattern, Target
from .node import Node, Token
from .types import TypeExpr, TypeName


class Block(Node):
    """`{ ... }`."""

    __slots__ = ("stmts",)

    def __init__(self, lo: int, hi: int, stmts: list[Stmt]) -> None:
        self.lo = lo
        self.hi = hi
        self.stmts = stmts


class Let(Node):
    """`let x = ...`: given once. `value` may be an effect."""

    __slots__ = ("label", "target", "type", "value", "compensate")

    def __init__(
        self,
        lo: int,
        hi: int,
        label: Token | None,
        target: Target,
        type: TypeExpr | None,
        value: Value,
        compensate: Compensation | None,
    ) -> None:
        self.lo = lo
        self.hi = hi
        self.label = label
        self.target = target
        self.type = type
        self.value = value
        self.compensate = compensate


class Var(Node):
    """`var x = ...`: a local that may change."""

    __slots__ = ("label", "name", "type", "value", "compensate")

    def __init__(
        self,
        lo: int,
        hi: int,
        label: Token | None,
        name: Token,
        type: TypeExpr | None,
        value: Value,
        compensate: Compensation | None,
    ) -> None:
        self.lo = lo
        self.hi = hi
        self.label = label
        self.name = name
        self.type = type
        self.value = value
        self.compensate = compensate


class Assign(Node):
    """`x = ...`, `x += ...` or `x -= ...`; x is a `var` or a `checkpoint`."""

    __slots__ = ("label", "name", "op", "value")

    def __init__(self, lo: int, hi: int, label: Token | None, name: Token, op: str, value: Value) -> None:
        self.lo = lo
        self.hi = hi
        self.label = label
        self.name = name
        self.op = op
        self.value = value


class DoStmt(Node):
    """`do activity(...)` for its effect alone."""

    __slots__ = ("label", "call", "compensate")

    def __init__(self, lo: int, hi: int, label: Token | None, call: Do, compensate: Compensation | None) -> None:
        self.lo = lo
        self.hi = hi
        self.label = label
        self.call = call
        self.compensate = compensate


class Do(Node):
    """`do callee(...)`: calls an activity, or runs a child workflow when the name is upper-case."""

    __slots__ = ("callee", "args", "overrides")

    def __init__(self, lo: int, hi: int, callee: Callee, args: list[Arg], overrides: list[Policy] | None) -> None:
        self.lo = lo
        self.hi = hi
        self.callee = callee
        self.args = args
        self.overrides = overrides


class Callee(Node):
    """What `do` names: `charge`, `bank.charge`, `Ship` or `shop.Ship`."""

    __slots__ = ("module", "name", "is_workflow")

    def __init__(self, lo: int, hi: int, module: Token | None, name: Token, is_workflow: bool) -> None:
        self.lo = lo
        self.hi = hi
        self.module = module
        self.name = name
        self.is_workflow = is_workflow


class Policy(Node):
    """`timeout: 5s` and its like, of an activity or of one call. `name` is None for a hole."""

    __slots__ = ("name", "value")

    def __init__(self, lo: int, hi: int, name: Token, value: Expr | Retry | Token) -> None:
        self.lo = lo
        self.hi = hi
        self.name = name
        self.value = value


class Retry(Node):
    """`never`, or `count` times (None: forever) with pauses from `first` to `most`."""

    __slots__ = ("never", "count", "first", "most", "factor", "step", "excepts")

    def __init__(
        self,
        lo: int,
        hi: int,
        never: bool,
        count: Token | None,
        first: Expr | None,
        most: Expr | None,
        factor: Expr | None,
        step: Expr | None,
        excepts: list[TypeName],
    ) -> None:
        self.lo = lo
        self.hi = hi
        self.never = never
        self.count = count
        self.first = first
        self.most = most
        self.factor = factor
        self.step = step
        self.excepts = excepts


class WaitStmt(Node):
    """`wait go` for its coming alone."""

    __slots__ = ("label", "wait")

    def __init__(self, lo: int, hi: int, label: Token | None, wait: Wait) -> None:
        self.lo = lo
        self.hi = hi
        self.label = label
        self.wait = wait


class Wait(Node):
    """`wait signal [within d]`, or a child's handle."""

    __slots__ = ("name", "within")

    def __init__(self, lo: int, hi: int, name: Token, within: Expr | None) -> None:
        self.lo = lo
        self.hi = hi
        self.name = name
        self.within = within


class Spawn(Node):
    """`spawn W(...) [id "..."]`: starts a child and goes on."""

    __slots__ = ("workflow", "args", "id")

    def __init__(self, lo: int, hi: int, workflow: TypeName, args: list[Arg], id: Expr | None) -> None:
        self.lo = lo
        self.hi = hi
        self.workflow = workflow
        self.args = args
        self.id = id


class SpawnStmt(Node):
    """`spawn W(...)` whose handle is dropped."""

    __slots__ = ("label", "spawn")

    def __init__(self, lo: int, hi: int, label: Token | None, spawn: Spawn) -> None:
        self.lo = lo
        self.hi = hi
        self.label = label
        self.spawn = spawn


class Send(Node):
    """`send handle.signal(payload)`; `call` is the written call, checked later."""

    __slots__ = ("call",)

    def __init__(self, lo: int, hi: int, call: Expr) -> None:
        self.lo = lo
        self.hi = hi
        self.call = call


class Sleep(Node):
    """`sleep d`, or `sleep until t`."""

    __slots__ = ("label", "until", "value")

    def __init__(self, lo: int, hi: int, label: Token | None, until: bool, value: Expr) -> None:
        self.lo = lo
        self.hi = hi
        self.label = label
        self.until = until
        self.value = value


class Log(Node):
    """`log [level] "..."`; without a level it is `info`."""

    __slots__ = ("level", "message")

    def __init__(self, lo: int, hi: int, level: str, message: Expr) -> None:
        self.lo = lo
        self.hi = hi
        self.level = level
        self.message = message


class Assert(Node):
    """`assert condition[, message]`: a fault when it is false."""

    __slots__ = ("condition", "message")

    def __init__(self, lo: int, hi: int, condition: Expr, message: Expr | None) -> None:
        self.lo = lo
        self.hi = hi
        self.condition = condition
        self.message = message


class If(Node):
    """`if c { } else { }`; `orelse` is an `If` for `else if`."""

    __slots__ = ("condition", "then", "orelse")

    def __init__(self, lo: int, hi: int, condition: Expr, then: Block, orelse: Block | If | None) -> None:
        self.lo = lo
        self.hi = hi
        self.condition = condition
        self.then = then
        self.orelse = orelse


class MatchStmt(Node):
    """`match subject { pattern => statement ... }`."""

    __slots__ = ("subject", "arms")

    def __init__(self, lo: int, hi: int, subject: Expr, arms: list[MatchArm]) -> None:
        self.lo = lo
        self.hi = hi
        self.subject = subject
        self.arms = arms


class MatchArm(Node):
    """One arm; `body` is a block or a single statement."""

    __slots__ = ("patterns", "guard", "body")

    def __init__(self, lo: int, hi: int, patterns: list[Pattern], guard: Expr | None, body: Block | Stmt) -> None:
        self.lo = lo
        self.hi = hi
        self.patterns = patterns
        self.guard = guard
        self.body = body


class For(Node):
    """`for x in xs { }`."""

    __slots__ = ("target", "source", "body")

    def __init__(self, lo: int, hi: int, target: Target, source: Iterable, body: Block) -> None:
        self.lo = lo
        self.hi = hi
        self.target = target
        self.source = source
        self.body = body


class While(Node):
    """`while c { }`: suspends on every way round."""

    __slots__ = ("condition", "body")

    def __init__(self, lo: int, hi: int, condition: Expr, body: Block) -> None:
        self.lo = lo
        self.hi = hi
        self.condition = condition
        self.body = body


class Try(Node):
    """`try { } catch E as e { } finally { }`, as a statement or as a value."""

    __slots__ = ("body", "catches", "final")

    def __init__(self, lo: int, hi: int, body: Block, catches: list[Catch], final: Block | None) -> None:
        self.lo = lo
        self.hi = hi
        self.body = body
        self.catches = catches
        self.final = final


class Catch(Node):
    """`catch E | F as name { }`."""

    __slots__ = ("errors", "name", "body")

    def __init__(self, lo: int, hi: int, errors: list[TypeName], name: Token | None, body: Block) -> None:
        self.lo = lo
        self.hi = hi
        self.errors = errors
        self.name = name
        self.body = body


class Compensation(Node):
    """`compensate do undo(...)`, or a block of effects."""

    __slots__ = ("body",)

    def __init__(self, lo: int, hi: int, body: Do | Block) -> None:
        self.lo = lo
        self.hi = hi
        self.body = body


class Parallel(Node):
    """`parallel [settle] { name: ... }`."""

    __slots__ = ("label", "settle", "branches")

    def __init__(self, lo: int, hi: int, label: Token | None, settle: bool, branches: list[Branch]) -> None:
        self.lo = lo
        self.hi = hi
        self.label = label
        self.settle = settle
        self.branches = branches


class Branch(Node):
    """A named branch of `parallel`."""

    __slots__ = ("name", "body", "compensate")

    def __init__(self, lo: int, hi: int, name: Token, body: Effect | Block, compensate: Compensation | None) -> None:
        self.lo = lo
        self.hi = hi
        self.name = name
        self.body = body
        self.compensate = compensate


class Dag(Node):
    """`dag { step after other: ... }`: what a step mentions is what it waits for."""

    __slots__ = ("label", "steps")

    def __init__(self, lo: int, hi: int, label: Token | None, steps: list[Step]) -> None:
        self.lo = lo
        self.hi = hi
        self.label = label
        self.steps = steps


class Step(Node):
    """A named step of a `dag`; `body` is an `Expr` after `name: =`."""

    __slots__ = ("name", "after", "body", "compensate")

    def __init__(
        self,
        lo: int,
        hi: int,
        name: Token,
        after: list[Token],
        body: Effect | Block | Pure,
        compensate: Compensation | None,
    ) -> None:
        self.lo = lo
        self.hi = hi
        self.name = name
        self.after = after
        self.body = body
        self.compensate = compensate


class Pure(Node):
    """`= expression` as the body of a function or a step."""

    __slots__ = ("value",)

    def __init__(self, lo: int, hi: int, value: Expr) -> None:
        self.lo = lo
        self.hi = hi
        self.value = value


class ParallelFor(Node):
    """`parallel for x in xs limit n [settle] { }`. `limit` is None when it was left out (RFT0606)."""

    __slots__ = ("target", "source", "limit", "settle", "body")

    def __init__(
        self,
        lo: int,
        hi: int,
        target: Target,
        source: Iterable,
        limit: Expr | None,
        settle: bool,
        body: Block,
    ) -> None:
        self.lo = lo
        self.hi = hi
        self.target = target
        self.source = source
        self.limit = limit
        self.settle = settle
        self.body = body


class ParallelForStmt(Node):
    """A `parallel for` whose results are not kept."""

    __slots__ = ("label", "loop")

    def __init__(self, lo: int, hi: int, label: Token | None, loop: ParallelFor) -> None:
        self.lo = lo
        self.hi = hi
        self.label = label
        self.loop = loop


class Select(Node):
    """`select { on ... after ... do ... }`: the first arm that is ready."""

    __slots__ = ("arms",)

    def __init__(self, lo: int, hi: int, arms: list[SelectArm]) -> None:
        self.lo = lo
        self.hi = hi
        self.arms = arms


class SelectStmt(Node):
    """A `select` as a statement."""

    __slots__ = ("label", "select")

    def __init__(self, lo: int, hi: int, label: Token | None, select: Select) -> None:
        self.lo = lo
        self.hi = hi
        self.label = label
        self.select = select


class OnSignal(Node):
    """`on signal [as x] => ...`; a child's handle too."""

    __slots__ = ("name", "bind", "body")

    def __init__(self, lo: int, hi: int, name: Token, bind: Token | None, body: Block | Stmt) -> None:
        self.lo = lo
        self.hi = hi
        self.name = name
        self.bind = bind
        self.body = body


class OnTimer(Node):
    """`after d => ...`."""

    __slots__ = ("delay", "body")

    def __init__(self, lo: int, hi: int, delay: Expr, body: Block | Stmt) -> None:
        self.lo = lo
        self.hi = hi
        self.delay = delay
        self.body = body


class OnDone(Node):
    """`do activity(...) [as x] => ...`."""

    __slots__ = ("call", "bind", "body")

    def __init__(self, lo: int, hi: int, call: Do, bind: Token | None, body: Block | Stmt) -> None:
        self.lo = lo
        self.hi = hi
        self.call = call
        self.bind = bind
        self.body = body


class Return(Node):
    """`return [value]`."""

    __slots__ = ("value",)

    def __init__(self, lo: int, hi: int, value: Value | None) -> None:
        self.lo = lo
        self.hi = hi
        self.value = value


class Fail(Node):
    """`fail E(...)`, or `fail caught`."""

    __slots__ = ("error",)

    def __init__(self, lo: int, hi: int, error: Expr) -> None:
        self.lo = lo
        self.hi = hi
        self.error = error


class Give(Node):
    """`give value`: hands a value out of `try`, `select`, a branch or a `parallel for`."""

    __slots__ = ("value",)

    def __init__(self, lo: int, hi: int, value: Value) -> None:
        self.lo = lo
        self.hi = hi
        self.value = value


class Break(Node):
    """`break`."""

    __slots__ = ()


class Continue(Node):
    """`continue`."""

    __slots__ = ()


class ContinueAsNew(Node):
    """`continue as new(...)`."""

    __slots__ = ("args",)

    def __init__(self, lo: int, hi: int, args: list[Arg]) -> None:
        self.lo = lo
        self.hi = hi
        self.args = args


class Damaged(Node):
    """A statement that could not be read; the names in it are poisoned."""

    __slots__ = ()


Effect = Do | Wait | ParallelFor | Spawn | Try | Select
Value = Expr | Effect
SelectArm = OnSignal | OnTimer | OnDone
Stmt = (
    Let
    | Var
    | Assign
    | DoStmt
    | WaitStmt
    | SpawnStmt
    | Send
    | Sleep
    | Log
    | Assert
    | If
    | MatchStmt
    | For
    | While
    | Try
    | Parallel
    | Dag
    | ParallelForStmt
    | SelectStmt
    | Return
    | Fail
    | Give
    | Break
    | Continue
    | ContinueAsNew
    | Damaged
)
