"""Declarations: what stands at the top of a file."""

from __future__ import annotations

from .expressions import Expr
from .node import Node, Token
from .statements import Block, Policy, Pure
from .types import TypeExpr, TypeName


class Module(Node):
    """A whole file. `docs` maps the offset of a declaration, member or field to its `##` text."""

    __slots__ = ("edition", "name", "imports", "decls")

    def __init__(
        self,
        lo: int,
        hi: int,
        edition: Token | None,
        name: Dotted | None,
        imports: list[Import],
        decls: list[Decl],
    ) -> None:
        self.lo = lo
        self.hi = hi
        self.edition = edition
        self.name = name
        self.imports = imports
        self.decls = decls


class Dotted(Node):
    """`shop.orders`."""

    __slots__ = ("parts", "text")

    def __init__(self, lo: int, hi: int, parts: list[Token], text: str) -> None:
        self.lo = lo
        self.hi = hi
        self.parts = parts
        self.text = text


class Import(Node):
    """`import shop.catalog { Item }`, or `import shop.money as money`."""

    __slots__ = ("path", "names", "alias")

    def __init__(self, lo: int, hi: int, path: Dotted, names: list[ImportName] | None, alias: Token | None) -> None:
        self.lo = lo
        self.hi = hi
        self.path = path
        self.names = names
        self.alias = alias


class ImportName(Node):
    """`Item`, or `Price as UnitPrice`."""

    __slots__ = ("name", "alias")

    def __init__(self, lo: int, hi: int, name: Token, alias: Token | None) -> None:
        self.lo = lo
        self.hi = hi
        self.name = name
        self.alias = alias


class Record(Node):
    """`record Order { ... }`."""

    __slots__ = ("name", "fields")

    def __init__(self, lo: int, hi: int, name: Token, fields: list[Field]) -> None:
        self.lo = lo
        self.hi = hi
        self.name = name
        self.fields = fields


class Field(Node):
    """`qty: int as "n" = 1`; `stored` is the name it has in stored values."""

    __slots__ = ("name", "type", "stored", "default")

    def __init__(
        self,
        lo: int,
        hi: int,
        name: Token,
        type: TypeExpr,
        stored: Token | None,
        default: Expr | None,
    ) -> None:
        self.lo = lo
        self.hi = hi
        self.name = name
        self.type = type
        self.stored = stored
        self.default = default


class Enum(Node):
    """`enum Status { ... }`."""

    __slots__ = ("name", "members")

    def __init__(self, lo: int, hi: int, name: Token, members: list[Token]) -> None:
        self.lo = lo
        self.hi = hi
        self.name = name
        self.members = members


class Union(Node):
    """`union Payment { ... }`."""

    __slots__ = ("name", "variants")

    def __init__(self, lo: int, hi: int, name: Token, variants: list[Variant]) -> None:
        self.lo = lo
        self.hi = hi
        self.name = name
        self.variants = variants


class Variant(Node):
    """`Card(last4: str)`."""

    __slots__ = ("name", "params")

    def __init__(self, lo: int, hi: int, name: Token, params: list[Param]) -> None:
        self.lo = lo
        self.hi = hi
        self.name = name
        self.params = params


class Error(Node):
    """`error CardDeclined { code: str }`."""

    __slots__ = ("name", "fields")

    def __init__(self, lo: int, hi: int, name: Token, fields: list[Field]) -> None:
        self.lo = lo
        self.hi = hi
        self.name = name
        self.fields = fields


class Const(Node):
    """`const vat = 0.20`."""

    __slots__ = ("name", "type", "value")

    def __init__(self, lo: int, hi: int, name: Token, type: TypeExpr | None, value: Expr) -> None:
        self.lo = lo
        self.hi = hi
        self.name = name
        self.type = type
        self.value = value


class Fn(Node):
    """`fn gross(net: decimal) -> decimal = ...`: pure."""

    __slots__ = ("name", "params", "result", "body")

    def __init__(
        self,
        lo: int,
        hi: int,
        name: Token,
        params: list[Param],
        result: TypeExpr,
        body: Block | Pure,
    ) -> None:
        self.lo = lo
        self.hi = hi
        self.name = name
        self.params = params
        self.result = result
        self.body = body


class Extern(Node):
    """`extern "shop.tax" { ... }`: pure functions written in Python."""

    __slots__ = ("path", "fns")

    def __init__(self, lo: int, hi: int, path: Token, fns: list[ExternFn]) -> None:
        self.lo = lo
        self.hi = hi
        self.path = path
        self.fns = fns


class ExternFn(Node):
    """One function of an `extern`."""

    __slots__ = ("name", "params", "result", "trusted")

    def __init__(self, lo: int, hi: int, name: Token, params: list[Param], result: TypeExpr, trusted: bool) -> None:
        self.lo = lo
        self.hi = hi
        self.name = name
        self.params = params
        self.result = result
        self.trusted = trusted


class Param(Node):
    """`currency: str = "EUR"`."""

    __slots__ = ("name", "type", "default")

    def __init__(self, lo: int, hi: int, name: Token, type: TypeExpr, default: Expr | None) -> None:
        self.lo = lo
        self.hi = hi
        self.name = name
        self.type = type
        self.default = default


class Activity(Node):
    """`activity charge(...) -> str raises E { timeout: 5s }`."""

    __slots__ = ("name", "params", "result", "raises", "policies")

    def __init__(
        self,
        lo: int,
        hi: int,
        name: Token,
        params: list[Param],
        result: TypeExpr | None,
        raises: list[TypeName],
        policies: list[Policy],
    ) -> None:
        self.lo = lo
        self.hi = hi
        self.name = name
        self.params = params
        self.result = result
        self.raises = raises
        self.policies = policies


class Workflow(Node):
    """`workflow W version 1 (...) -> T raises E { ... }`."""

    __slots__ = ("name", "version", "params", "result", "raises", "members", "body")

    def __init__(
        self,
        lo: int,
        hi: int,
        name: Token,
        version: Token,
        params: list[Param],
        result: TypeExpr | None,
        raises: list[TypeName],
        members: list[Member],
        body: Block,
    ) -> None:
        self.lo = lo
        self.hi = hi
        self.name = name
        self.version = version
        self.params = params
        self.result = result
        self.raises = raises
        self.members = members
        self.body = body


class Checkpoint(Node):
    """`checkpoint n: int = 0`."""

    __slots__ = ("name", "type", "value")

    def __init__(self, lo: int, hi: int, name: Token, type: TypeExpr | None, value: Expr) -> None:
        self.lo = lo
        self.hi = hi
        self.name = name
        self.type = type
        self.value = value


class Signal(Node):
    """`signal decide(Decision)`."""

    __slots__ = ("name", "payload")

    def __init__(self, lo: int, hi: int, name: Token, payload: TypeExpr | None) -> None:
        self.lo = lo
        self.hi = hi
        self.name = name
        self.payload = payload


class Query(Node):
    """`query progress(x: int) -> int = n`. `value` is a Block when it tries to write (RFT0803)."""

    __slots__ = ("name", "params", "result", "value")

    def __init__(
        self,
        lo: int,
        hi: int,
        name: Token,
        params: list[Param],
        result: TypeExpr,
        value: Expr | QueryWrite,
    ) -> None:
        self.lo = lo
        self.hi = hi
        self.name = name
        self.params = params
        self.result = result
        self.value = value


class QueryWrite(Node):
    """`{ n += 1 }` as a query's body, which is refused."""

    __slots__ = ("name",)

    def __init__(self, lo: int, hi: int, name: Token) -> None:
        self.lo = lo
        self.hi = hi
        self.name = name


class Migrate(Node):
    """`migrate W from 1 { ... }`."""

    __slots__ = ("name", "version", "rules")

    def __init__(self, lo: int, hi: int, name: Token, version: Token, rules: list[MigrateSlot | MigrateLet]) -> None:
        self.lo = lo
        self.hi = hi
        self.name = name
        self.version = version
        self.rules = rules


class MigrateSlot(Node):
    """`slot old -> new`, `-> restart` or `-> fail`."""

    __slots__ = ("old", "new")

    def __init__(self, lo: int, hi: int, old: SlotRef, new: SlotRef | Token) -> None:
        self.lo = lo
        self.hi = hi
        self.old = old
        self.new = new


class MigrateLet(Node):
    """`let coupon = best_coupon(order)`."""

    __slots__ = ("name", "value")

    def __init__(self, lo: int, hi: int, name: Token, value: Expr) -> None:
        self.lo = lo
        self.hi = hi
        self.name = name
        self.value = value


class SlotRef(Node):
    """`loaded.transform.2`."""

    __slots__ = ("parts", "text")

    def __init__(self, lo: int, hi: int, parts: list[Token], text: str) -> None:
        self.lo = lo
        self.hi = hi
        self.parts = parts
        self.text = text


Member = Checkpoint | Signal | Query
Decl = Record | Enum | Union | Error | Const | Fn | Extern | Activity | Workflow | Migrate
