"""Expressions -> Python text. Pure, so nothing but text comes out; the types decide about conversions.

`text(node)` gives a whole expression, `part(node, strength)` one that may stand beside an operator of that strength.
"""

from __future__ import annotations

import re

from .. import syntax as s
from ..facts import Facts
from ..facts.symbols import CHECKPOINT, Activity, Const, Function, HandleType, Local
from ..facts.types import (
    BOOL,
    DECIMAL,
    DURATION,
    FLOAT,
    INT,
    STR,
    TIMESTAMP,
    UNIT,
    UUID,
    EnumType,
    ErrorType,
    ListType,
    MapType,
    OptionalType,
    OutcomeType,
    RecordType,
    Type,
    Variant as VariantOf,
    optional,
)
from ..syntax.literals import number_value
from .names import authors_names, field, imported_names, safe
from .ranges import Ranges, fits
from .types import Types

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# How tightly an expression of Python binds.
LOOSE, CHOICE, OR, AND, NOT, COMPARE, SUM, TERM, UNARY, ATOM = range(10)
_ARITHMETIC = ("+", "-", "*", "/", "//", "%")
_SHORT = (INT, FLOAT, DECIMAL, BOOL, DURATION, TIMESTAMP, UUID, UNIT)
_OPPOSITE = {"==": "!=", "!=": "==", "in": "not in", "not in": "in"}
_STRENGTH = {"or": OR, "and": AND, "+": SUM, "-": SUM, "*": TERM, "/": TERM, "//": TERM, "%": TERM}


class Expressions:
    """Spells the expressions of one module.

    `env` says what holds at a place of a function: where a local is to be found (`f.order`, `total`), and, under its
    own text, that an optional was looked at. One that the checker knows to be there, and that the function has not
    looked at yet, is `unsure`: type checkers of Python have to be told.
    """

    def __init__(self, facts: Facts, types: Types) -> None:
        self.facts = facts
        self.types = types
        self.env: dict[Local | str, str] = {}
        self.unsure: list[str] = []
        self.ranges = Ranges(facts)
        self.sealed = False  # where `:=` may not stand: what a comprehension walks over, defaults of fields
        self.temporaries = 0
        self.named = authors_names(facts) | set(imported_names(facts).values())

    # --- entry points --------------------------------------------------------------------------------------

    def text(self, node: s.Expr) -> str:
        return self._of(node)[0]

    def part(self, node: s.Expr, strength: int) -> str:
        return _beside(self._of(node), strength)

    def value(self, node: s.Expr, want: Type | None = None) -> str:
        """An expression where a value of type `want` is needed: an int becomes a decimal."""
        return self._value(node, want)[0]

    def _value(self, node: s.Expr, want: Type | None = None) -> tuple[str, int]:
        want = want or self.facts.widened.get(node)
        got = self.facts.types.get(node)
        inner = want.inner if isinstance(want, OptionalType) else want
        if got is INT and inner is DECIMAL:
            return f"{self.decimal()}({self.text(node)})", ATOM
        return self._taken(node) if isinstance(want, OptionalType) else self._of(node)

    def _taken(self, node: s.Expr) -> tuple[str, int]:
        """An expression where `None` may stand as well."""
        sure = list(self.unsure)
        text, strength = self._of(node)
        if node in self.facts.narrowed and self.unsure != sure and self.unsure[-1] == text:
            self.unsure = sure
            del self.env[text]
        return text, strength

    def look(self, node: s.Expr, text: str) -> str:
        """Notes that an optional is read, which may be `unsure`."""
        known = node in self.facts.narrowed
        if (known or isinstance(self._type(node), OptionalType)) and text not in self.env and is_path(text):
            self.env[text] = text
            if known:
                self.unsure.append(text)
        return text

    def decimal(self) -> str:
        return self.types.imports.name("decimal", "Decimal")

    def decimal_of(self, text: str) -> str:
        """`Decimal("0.95")`, `Decimal(20)`."""
        text = text.replace("_", "")
        return f"{self.decimal()}({int(text) if text.isdigit() else quoted(text)})"

    def local(self, local: Local) -> str:
        if local.kind == CHECKPOINT:
            return f"s.{safe(local.name)}"
        return self.env.get(local) or safe(local.name)

    def _of(self, node: s.Expr) -> tuple[str, int]:
        handler = _HANDLERS[node.__class__]
        return handler(self, node)

    def _type(self, node: s.Node) -> Type | None:
        return self.facts.types.get(node)

    # --- what has to fit -----------------------------------------------------------------------------------

    def fitting(self, node: s.Expr, written: tuple[str, int]) -> tuple[str, int]:
        """The value of an arithmetic expression: it is checked where it could leave its type."""
        check = self.check_of(node, self._type(node))
        return (f"rt.{check}({written[0]})", ATOM) if check else written

    def check_of(self, node: s.Expr, type: Type | None) -> str:
        """The function that lets only those results of `node` pass that are a `type`; empty when all are."""
        if type is INT or type is DURATION:
            return "" if fits(self.ranges.of(node)) else "int64" if type is INT else "span"
        if type is FLOAT:
            inner = node.operand if isinstance(node, s.Unary) else node
            return "" if inner is not node and self.open(inner) == self._of(inner) else "finite"
        return "bounded" if type is STR or isinstance(type, ListType) else ""

    def check_of_step(self, local: Local, op: str, value: s.Expr, type: Type) -> str:
        """The same for `local += value`."""
        if type is INT or type is DURATION:
            return "" if fits(self.ranges.of_step(local, op, value)) else "int64" if type is INT else "span"
        return self.check_of(value, type)

    def open(self, node: s.Expr) -> tuple[str, int]:
        """An operand, or a text that is checked as a part of something larger: only what that gives has to fit."""
        if isinstance(node, s.Binary) and node.op in _ARITHMETIC:
            return self.operation(node, node.op)
        if isinstance(node, s.Unary) and node.op == "-":
            return self.negative(node)
        return self.template(node) if isinstance(node, s.Text) else self._of(node)

    def operand(self, node: s.Expr, among: s.Expr) -> tuple[str, int]:
        """An operand of arithmetic or of a comparison. Ints and durations are exact there, and a float that is none
        stays none; only a divisor hides it. An int that becomes a decimal is a value like another."""
        type = self._type(node)
        if node in self.facts.widened or not isinstance(among, s.Binary):
            return self._of(node)
        if type is INT or type is DURATION:
            return self.open(node)
        whole = self._type(among)
        same = (type is FLOAT and whole is FLOAT) or (type is STR and whole is STR) or isinstance(whole, ListType)
        divisor = among.op == "/" and node is among.right
        return self.open(node) if same and among.op in _ARITHMETIC and not divisor else self._of(node)

    # --- literals and names --------------------------------------------------------------------------------

    def number(self, node: s.Number) -> tuple[str, int]:
        text = node.token.text
        type = self._type(node)
        if node.token.type == "DURATION":
            return self.duration(int(number_value(node) or 0)), ATOM
        if type is DECIMAL:
            return self.decimal_of(text), ATOM
        if type is FLOAT and node.token.type == "INT":
            return f"{text}.0", ATOM
        return text, ATOM

    def duration(self, ms: int) -> str:
        """`timedelta(hours=1, minutes=30)`."""
        parts = []
        for name, size in (
            ("weeks", 0),
            ("days", 86_400_000),
            ("hours", 3_600_000),
            ("minutes", 60_000),
            ("seconds", 1000),
        ):
            if size and ms >= size:
                parts.append(f"{name}={ms // size}")
                ms %= size
        if ms or not parts:
            parts.append(f"milliseconds={ms}")
        return f"{self.types.imports.name('datetime', 'timedelta')}({', '.join(parts)})"

    def string(self, node: s.Text) -> tuple[str, int]:
        text, strength = self.template(node)
        small = all(isinstance(part, str) or self.is_short(part) for part in node.parts)
        return (text, strength) if small else (f"rt.bounded({text})", ATOM)

    def is_short(self, node: s.Expr) -> bool:
        """Whether what is printed is short, whatever it is."""
        type = self._type(node)
        inner = type.inner if isinstance(type, OptionalType) else type
        return inner in _SHORT or isinstance(inner, EnumType | HandleType) or self.is_of_run(node)

    def is_of_run(self, node: s.Expr) -> bool:
        """`workflow.id` and its like."""
        return isinstance(node, s.Attr) and isinstance(node.value, s.NameRef) and node.value not in self.facts.bindings

    def template(self, node: s.Text) -> tuple[str, int]:
        if all(isinstance(part, str) for part in node.parts):
            return quoted("".join(part for part in node.parts if isinstance(part, str))), ATOM
        pieces = []
        for part in node.parts:
            if isinstance(part, str):
                pieces.append(quoted(part)[1:-1].replace("{", "{{").replace("}", "}}"))
                continue
            text = self.printed(part)
            if "\\" in text or '"' in text or "{" in text:
                return self.joined(node), ATOM  # Python 3.11 reads no quotes or escapes inside `{...}`
            pieces.append("{" + text + "}")
        return 'f"' + "".join(pieces) + '"', ATOM

    def printed(self, node: s.Expr) -> str:
        """An expression inside `${...}`: text and ints print themselves, all else through `rt.text`."""
        opened = isinstance(node, s.Text | s.Binary) and self._type(node) is STR
        text = self.open(node)[0] if opened else self._taken(node)[0]
        return text if self._type(node) in (STR, INT) else f"rt.text({text})"

    def joined(self, node: s.Text) -> str:
        parts = [quoted(part) if isinstance(part, str) else self._taken(part)[0] for part in node.parts]
        return f"rt.joined({', '.join(parts)})"

    def boolean(self, node: s.Boolean) -> tuple[str, int]:
        return ("True" if node.value else "False"), ATOM

    def none(self, node: s.NoneLiteral) -> tuple[str, int]:
        return "None", ATOM

    def name(self, node: s.NameRef) -> tuple[str, int]:
        meaning = self.facts.bindings.get(node)
        if isinstance(meaning, Local):
            return self.look(node, self.local(meaning)), ATOM
        if isinstance(meaning, Const):
            return self.const(meaning), ATOM
        return safe(node.name.text), ATOM

    def const(self, meaning: Const) -> str:
        name = meaning.name.upper()
        return self.types.imports.name(meaning.module, name) if meaning.module != self.types.module else name

    def type_ref(self, node: s.TypeRef | s.TypeAttr) -> tuple[str, int]:
        variant = self.facts.bindings.get(node)
        if isinstance(variant, VariantOf):
            return f"{self.variant(variant)}()", ATOM
        meaning = self._type(node)
        if isinstance(meaning, ErrorType):
            return f"{self.types.text(meaning)}()", ATOM
        return node.name.text, ATOM

    def variant(self, variant: VariantOf) -> str:
        union = variant.union
        if isinstance(union, OutcomeType):
            return f"rt.{variant.name}"
        module = getattr(union, "module", self.types.module)
        if module != self.types.module:
            return self.types.imports.name(module, variant.name)
        return variant.name

    # --- operators -----------------------------------------------------------------------------------------

    def binary(self, node: s.Binary) -> tuple[str, int]:
        written = self.operation(node, node.op)
        return self.fitting(node, written) if node.op in _ARITHMETIC else written

    def operation(self, node: s.Binary, op: str) -> tuple[str, int]:
        if op == "??":
            return self.coalesce(node)
        if op in ("in", "not in"):
            return f"{self.part(node.left, SUM)} {op} {self.part(node.right, SUM)}", COMPARE
        if op in ("==", "!=") and self._is_none(node.right):
            return f"{self.part(node.left, SUM)} is{' not' if op == '!=' else ''} None", COMPARE
        if op in ("==", "!=") and self._is_none(node.left):
            return f"{self.part(node.right, SUM)} is{' not' if op == '!=' else ''} None", COMPARE
        strength = _STRENGTH.get(op, COMPARE)
        left, right = self.operand(node.left, node), self.operand(node.right, node)
        if isinstance(self._type(node), ListType):
            left, right = self._same_items(node.left, left, node), self._same_items(node.right, right, node)
        if op == "or":  # `(a and b) or c`, for readers
            left, right = [(f"({text})", ATOM) if own == AND else (text, own) for text, own in (left, right)]
        least = (SUM, SUM) if strength == COMPARE else (strength, strength + 1)
        return f"{_beside(left, least[0])} {op} {_beside(right, least[1])}", strength

    def _same_items(self, side: s.Expr, written: tuple[str, int], whole: s.Expr) -> tuple[str, int]:
        """`[1] + [2.5]`: the ints become decimals."""
        has, wants = self._type(side), self._type(whole)
        if isinstance(has, ListType) and isinstance(wants, ListType) and has.item is INT and wants.item is DECIMAL:
            return f"[{self.decimal()}(n) for n in {written[0]}]", ATOM
        return written

    def _is_none(self, node: s.Expr) -> bool:
        return isinstance(node, s.NoneLiteral)

    def coalesce(self, node: s.Binary) -> tuple[str, int]:
        got, want = self._type(node.left), self._type(node)
        if not isinstance(got, OptionalType):
            return self._of(node.left)
        wide = got.inner is INT and want in (DECIMAL, optional(DECIMAL))
        if isinstance(node.left, s.Index) and not wide and _is_simple(node.right):
            map = self._type(node.left.value)
            if isinstance(map, MapType) and not isinstance(map.value, OptionalType):
                key, other = self.text(node.left.key), self.value(node.right)
                return f"{self.part(node.left.value, ATOM)}.get({key}, {other})", ATOM
        left, right = self.text(node.left), self.value(node.right)
        return self.if_there(left, lambda it: f"{self.decimal()}({it})" if wide else it, right)

    def if_there(self, value: str, shown: Callable[[str], str], orelse: str) -> tuple[str, int]:
        """`shown(value)` where `value`, which is evaluated once, is there; else `orelse`."""
        if is_path(value):
            return f"{shown(value)} if {value} is not None else {orelse}", CHOICE
        kept = self.temporary()
        if self.sealed:
            return f"(lambda {kept}: {shown(kept)} if {kept} is not None else {orelse})({value})", ATOM
        return f"{shown(kept)} if ({kept} := {value}) is not None else {orelse}", CHOICE

    def fixed(self, node: s.Expr, want: Type) -> str:
        """A value that stands outside of functions: a constant or a default."""
        self.sealed, self.temporaries = True, 0
        text = self.value(node, want)
        self.sealed = False
        return f"rt.constant(lambda: {text})" if any(self._is_computed(part) for part in s.walk(node)) else text

    def _is_computed(self, node: s.Node) -> bool:
        """Whether it depends on how decimals are computed: outside of transitions, a thread has its own way."""
        if isinstance(node, s.Binary) and node.op in _ARITHMETIC:
            return self._type(node) is DECIMAL
        return isinstance(node, s.Call) and isinstance(self.facts.callees.get(node), Function)

    def temporary(self) -> str:
        while True:
            self.temporaries += 1
            name = f"found_{self.temporaries}" if self.temporaries > 1 else "found"
            if name not in self.named:
                return name

    def unary(self, node: s.Unary) -> tuple[str, int]:
        operand = node.operand
        if node.op == "not":
            if isinstance(operand, s.Binary) and operand.op in _OPPOSITE:
                return self.operation(operand, _OPPOSITE[operand.op])
            if isinstance(operand, s.Is):
                return self.is_(operand, not operand.negated)
            return f"not {self.part(operand, NOT)}", NOT
        if node.op == "+":
            return self._of(operand)
        return self.fitting(node, self.negative(node))

    def negative(self, node: s.Unary) -> tuple[str, int]:
        type = self._type(node.operand)
        operand = self.open(node.operand) if type in (INT, DURATION, FLOAT) else self._of(node.operand)
        return f"-{_beside(operand, UNARY)}", UNARY

    def is_(self, node: s.Is, negated: bool | None = None) -> tuple[str, int]:
        negated = node.negated if negated is None else negated
        value = self._of(node.value)
        if node.what is None:
            return f"{_beside(value, SUM)} is{' not' if negated else ''} None", COMPARE
        type = self._type(node.value)
        inner = type.inner if isinstance(type, OptionalType) else type
        name = self.named_variant(inner, node.what.name.text, self.facts.bindings.get(node.what))
        test = f"isinstance({value[0]}, {name})"
        return (f"not {test}", NOT) if negated else (test, ATOM)

    def named_variant(self, type: Type | None, name: str, meaning: object) -> str:
        """The Python class of a variant, error or record called `name` of `type`."""
        if isinstance(type, OutcomeType):
            return f"rt.{name}"
        if isinstance(meaning, ErrorType | RecordType):
            return self.types.text(meaning)
        if isinstance(meaning, VariantOf):
            return self.variant(meaning)
        variants = getattr(type, "variants", None)
        if variants and name in variants:
            return self.variant(variants[name])
        return name

    def if_(self, node: s.IfExpr) -> tuple[str, int]:
        test = self.part(node.condition, OR)
        then = _beside(self._value(node.then, self._type(node)), OR)
        orelse = self.value(node.orelse, self._type(node))
        return f"{then} if {test} else {orelse}", CHOICE

    def match(self, node: s.MatchExpr) -> tuple[str, int]:
        """A chain of `a if test else b`; the subject is looked at by path, or kept once."""
        from .patterns import guarded, tests_of

        subject, strength = self._of(node.subject)
        kept = ""
        if not is_path(subject):
            kept, subject = subject, self.temporary()
        type = self._type(node.subject)
        assert type is not None
        chain: list[tuple[str, str]] = []
        guards: set[str] = set()
        for arm in node.arms:
            for test, binds in tests_of(self, arm, type, subject):
                before = dict(self.env)
                self.env.update(binds)
                if arm.guard is not None:
                    test = guarded(test, self.part(arm.guard, NOT))
                    guards.add(test)
                value = self.value(arm.value, self._type(node))
                chain.append((test, f"({value})" if " if " in value or ":=" in value else value))
                self.env = before
        _, last = chain.pop()
        while chain and chain[-1][1] == last and chain[-1][0] not in guards:
            chain.pop()  # both arms say the same
        if not kept:
            return _choice(chain, last), CHOICE if chain else ATOM
        return self._kept_choice(chain, last, subject, kept, strength)

    def _kept_choice(
        self, chain: list[tuple[str, str]], last: str, subject: str, kept: str, strength: int
    ) -> tuple[str, int]:
        """The same where the subject is no path: what is evaluated first keeps it for the others."""
        text = _choice(chain, last)
        word = re.compile(rf"\b{subject}\b")
        uses = len(word.findall(text))
        if chain and word.search(chain[0][0]):
            plain = kept if strength >= ATOM else f"({kept})"
            put = f"({subject} := {kept})" if uses > 1 else plain
            test, value = chain[0]
            if not self.sealed or uses == 1:
                return _choice([(word.sub(lambda _: put, test, count=1), value), *chain[1:]], last), CHOICE
        if self.sealed:
            return f"(lambda {subject}: {text})({kept})", ATOM
        return f"({f'{subject} := ' if uses else ''}{kept}, {text})[1]", ATOM

    # --- members, calls, collections -----------------------------------------------------------------------

    def attr(self, node: s.Attr) -> tuple[str, int]:
        value = node.value
        type = self._type(node)
        if isinstance(type, EnumType) and isinstance(value, s.TypeRef | s.TypeAttr):
            return f"{self.types.text(type)}.{node.name.text.upper()}", ATOM
        if isinstance(value, s.NameRef) and value not in self.facts.types:
            return self._of_module_or_run(node, value)
        name = safe_field(node.name.text)
        if not node.optional or not isinstance(self._type(value), OptionalType):
            return self.look(node, f"{self.part(value, ATOM)}.{name}"), ATOM
        return self.if_there(self.text(value), lambda it: f"{it}.{name}", "None")

    def _of_module_or_run(self, node: s.Attr, value: s.NameRef) -> tuple[str, int]:
        meaning = self.facts.bindings.get(node)
        if isinstance(meaning, Const):
            return self.const(meaning), ATOM
        return f"cx.{node.name.text}", ATOM  # workflow.id and its like

    def index(self, node: s.Index) -> tuple[str, int]:
        value = self._of(node.value)
        if isinstance(self._type(node.value), MapType):
            return f"{_beside(value, ATOM)}.get({self.text(node.key)})", ATOM
        return f"rt.at({value[0]}, {self.text(node.key)})", ATOM

    def force(self, node: s.Force) -> tuple[str, int]:
        if not isinstance(self._type(node.value), OptionalType):
            return self._of(node.value)
        return f"rt.there({self.text(node.value)})", ATOM

    def some(self, node: s.SomeOf) -> tuple[str, int]:
        return self._value(node.value)

    def list_(self, node: s.ListLiteral) -> tuple[str, int]:
        return "[" + ", ".join(self.value(item) for item in node.items) + "]", ATOM

    def map_(self, node: s.MapLiteral) -> tuple[str, int]:
        pairs = [f"{self.value(pair.key)}: {self.value(pair.value)}" for pair in node.pairs]
        return ("rt.ordered({" + ", ".join(pairs) + "})" if len(pairs) > 1 else "{" + "".join(pairs) + "}"), ATOM

    def tuple_(self, node: s.TupleLiteral) -> tuple[str, int]:
        return "(" + ", ".join(self.value(item) for item in node.items) + ")", ATOM

    def comprehension(self, node: s.Comprehension) -> tuple[str, int]:
        before, sealed = dict(self.env), self.sealed
        self.sealed = True
        source = self.iterable(node.source)
        self.sealed = sealed
        target = self.target(node.target)
        guard = f" if {self.part(node.guard, OR)}" if node.guard is not None else ""
        text = f"[{self.value(node.item)} for {target} in {source}{guard}]"
        self.env = before
        return text, ATOM

    def iterable(self, node: s.Iterable) -> str:
        if isinstance(node, s.Range):
            return f"rt.turns({self.text(node.first)}, {self.text(node.last)})"
        return self.part(node, OR)

    def target(self, target: s.Target) -> str:
        """The names that a loop or comprehension binds; from here on they stand for themselves."""
        names = [target] if isinstance(target, s.Token) else target.names
        spelled = []
        for name in names:
            local = self.facts.targets.get(name)
            text = safe(name.text)
            if local is not None:
                self.env[local] = text
            spelled.append(text)
        return ", ".join(spelled)

    def call(self, node: s.Call) -> tuple[str, int]:
        from .calls import call_text

        return call_text(self, node), ATOM

    def spawn(self, node: s.Spawn) -> tuple[str, int]:
        from .calls import spawn_text

        return spawn_text(self, node), ATOM

    def stored(self, node: s.Expr, want: Type | None = None) -> str:
        """A value for someone who looks himself how long a text is: the log, an error, an activity that is called."""
        return self.open(node)[0] if self._type(node) is STR else self.value(node, want)

    def arguments(self, node: s.Node) -> list[str]:
        """The arguments of a call in the order of the parameters; what was left out takes its default."""
        out: list[str] = []
        skipped = False
        for param, value in self.facts.calls.get(node, ()):
            if value is None:
                skipped = True
                continue
            text = self.value(value, param.type)
            out.append(f"{safe(param.name)}={text}" if skipped else text)
        return out

    def tuple_of(self, node: s.Node, defaults: str, by_name: bool = False) -> str:
        """The arguments of a call as a tuple. Defaults at the end are left to the machine; one that stands before
        a given argument is read from `defaults`, a tuple of those of the last parameters, or `by_name` from a map."""
        given = self.facts.calls.get(node, ())
        write = self.stored if isinstance(self.facts.callees.get(node), Activity) else self.value
        optional = sum(param.default is not None for param, _ in given)
        last = max((place for place, (_, value) in enumerate(given) if value is not None), default=-1)
        items = [
            write(value, param.type)
            if value is not None
            else f"{defaults}[{quoted(field(safe(param.name))) if by_name else place - len(given) + optional}]"
            for place, (param, value) in enumerate(given[: last + 1])
        ]
        return f"({items[0]},)" if len(items) == 1 else f"({', '.join(items)})"


def _choice(chain: list[tuple[str, str]], last: str) -> str:
    """`a if test else b`."""
    return "".join(f"{value} if {test} else " for test, value in chain) + last


def _beside(written: tuple[str, int], strength: int) -> str:
    """An expression beside an operator of that strength."""
    text, own = written
    return text if own >= strength else f"({text})"


def _is_simple(node: s.Expr) -> bool:
    """Whether it costs nothing to have the value, and nothing can go wrong."""
    if isinstance(node, s.ListLiteral):
        return all(_is_simple(item) for item in node.items)
    if isinstance(node, s.Text):
        return all(isinstance(part, str) for part in node.parts)
    return isinstance(node, s.Number | s.Boolean | s.NameRef)


def quoted(text: str) -> str:
    """A Python string literal as black writes it: double quotes unless that needs more escapes."""
    body = repr(text)[1:-1]
    if repr(text)[0] == "'":
        body = body.replace("\\'", "'").replace('"', '\\"')
    return f'"{body}"'


def is_path(text: str) -> bool:
    """`f.order.card`: reading it twice is as good as once."""
    return all(part.isidentifier() for part in text.split("."))


def safe_field(name: str) -> str:
    return name


_HANDLERS: dict[type, Callable[..., tuple[str, int]]] = {
    s.Number: Expressions.number, s.Text: Expressions.string, s.Boolean: Expressions.boolean,
    s.NoneLiteral: Expressions.none, s.NameRef: Expressions.name, s.TypeRef: Expressions.type_ref,
    s.TypeAttr: Expressions.type_ref, s.Binary: Expressions.binary, s.Unary: Expressions.unary,
    s.Is: Expressions.is_, s.IfExpr: Expressions.if_, s.MatchExpr: Expressions.match, s.Attr: Expressions.attr,
    s.Index: Expressions.index, s.Force: Expressions.force, s.SomeOf: Expressions.some,
    s.ListLiteral: Expressions.list_, s.MapLiteral: Expressions.map_, s.TupleLiteral: Expressions.tuple_,
    s.Comprehension: Expressions.comprehension, s.Call: Expressions.call, s.Spawn: Expressions.spawn,
}  # fmt: skip
