"""The functions of the language: `len`, `sum`, `now`, ... All pure, or fixed by the log entry that woke the step.

Each handler checks its arguments and gives the result's type. What they compute is specified in the edition and
implemented once, in `raftoral.program`.
"""

from __future__ import annotations

from .. import syntax as s
from ..facts.types import (
    BOOL,
    BYTES,
    DECIMAL,
    DURATION,
    FLOAT,
    INT,
    NUMBERS,
    ORDERED,
    POISON,
    SCALARS,
    STR,
    TIMESTAMP,
    UUID,
    EnumType,
    ListType,
    MapType,
    OptionalType,
    Type,
    fits,
    list_of,
    optional,
    tuple_of,
)
from .context import CONSTANT, FUNCTION, KEY, QUERY, Cx
from .mismatch import a, described, report_optional

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Builtin = Callable[[Cx, s.Call, Type | None], Type]


def arguments(cx: Cx, node: s.Call, name: str, least: int, most: int) -> list[s.Expr] | None:
    """The plain arguments of a built-in; None (and a problem) when their number is wrong."""
    for arg in node.args:
        if arg.name is not None or arg.spread:
            cx.problems.add("RFT0303", f"the arguments of `{name}` have no names", arg, "give the value alone")
            _look_at(cx, node)
            return None
    count = len(node.args)
    if least <= count <= most:
        return [arg.value for arg in node.args]
    wanted = str(least) if least == most else f"{least} to {most}" if most < 100 else f"{least} or more"
    code = "RFT0302" if count < least else "RFT0303"
    cx.problems.add(
        code,
        f"`{name}` takes {wanted} argument{'s' if wanted != '1' else ''}, and {count} are given",
        node,
        "see its use",
    )
    _look_at(cx, node)
    return None


def _look_at(cx: Cx, node: s.Call) -> None:
    for arg in node.args:
        cx.expr(arg.value)


def _simple(name: str, wants: tuple[Type, ...], result: Type) -> Builtin:
    """A built-in with fixed types."""

    def check(cx: Cx, node: s.Call, want: Type | None) -> Type:
        values = arguments(cx, node, name, len(wants), len(wants))
        if values is not None:
            for value, wanted in zip(values, wants, strict=True):
                cx.expect(value, wanted, f"`{name}` wants {a(wanted)}")
        return result

    return check


def list_argument(cx: Cx, node: s.Expr, name: str, want: Type | None = None) -> Type:
    """The item type of an argument that must be a list."""
    got = cx.expr(node, want)
    if isinstance(got, ListType):
        return got.item
    if isinstance(got, OptionalType) and isinstance(got.inner, ListType):
        report_optional(cx, node, f"`{name}` wants a list", got)
    elif got is not POISON:
        helps = ["a map has `.keys()`, `.values()` and `.items()`"] if isinstance(got, MapType) else []
        cx.problems.add(
            "RFT0301",
            f"{described(cx, node)} is {a(got)}, but `{name}` wants a list",
            node,
            a(got),
            helps=helps,
        )
    return POISON


def _len(cx: Cx, node: s.Call, want: Type | None) -> Type:
    values = arguments(cx, node, "len", 1, 1)
    if values:
        got = cx.expr(values[0])
        if isinstance(got, OptionalType):
            report_optional(cx, values[0], "`len` counts what is there", got)
        elif not isinstance(got, ListType | MapType) and got not in (STR, BYTES, POISON):
            cx.problems.add(
                "RFT0301",
                f"{described(cx, values[0])} is {a(got)}, which has no length",
                values[0],
                a(got),
            )
    return INT


def _sum(cx: Cx, node: s.Call, want: Type | None) -> Type:
    values = arguments(cx, node, "sum", 1, 1)
    if not values:
        return POISON
    item = list_argument(cx, values[0], "sum", list_of(want) if want in NUMBERS else None)
    if item in NUMBERS or item is DURATION or item is POISON:
        return item
    if isinstance(item, OptionalType):
        report_optional(cx, values[0], "`sum` adds values", item)
    else:
        cx.problems.add(
            "RFT0301",
            f"`sum` adds numbers, and these are of type `{item}`",
            values[0],
            f"a list of {item}",
        )
    return POISON


def _extreme(name: str) -> Builtin:
    def check(cx: Cx, node: s.Call, want: Type | None) -> Type:
        values = arguments(cx, node, name, 1, 1000)
        if not values:
            return POISON
        if len(values) == 1:
            item = list_argument(cx, values[0], name)
            _must_be_ordered(cx, values[0], item, name)
            return optional(item)
        first = cx.expr(values[0], want if want in NUMBERS else None)
        for value in values[1:]:
            got = cx.expr(value, first)
            if first is INT and got is DECIMAL:
                cx.facts.widened[values[0]] = first = DECIMAL
            elif not fits(got, first):
                from .mismatch import report_mismatch

                report_mismatch(
                    cx,
                    value,
                    got,
                    first,
                    f"`{name}` compares it with {a(first)}",
                    [(values[0], a(first))],
                )
            elif got is not first:
                cx.facts.widened[value] = first
        _must_be_ordered(cx, values[0], first, name)
        return first

    return check


def _must_be_ordered(cx: Cx, node: s.Expr, item: Type, name: str) -> None:
    if item not in ORDERED and item is not POISON:
        cx.problems.add(
            "RFT0308", f"values of type `{item}` have no order", node, f"`{name}` compares them",
            helps=["ints, decimals, floats, text, durations and timestamps are ordered"],
        )  # fmt: skip


def _abs(cx: Cx, node: s.Call, want: Type | None) -> Type:
    values = arguments(cx, node, "abs", 1, 1)
    if not values:
        return POISON
    got = cx.expr(values[0], want)
    if got in NUMBERS or got is DURATION or got is POISON:
        return got
    if isinstance(got, OptionalType):
        report_optional(cx, values[0], "`abs` wants a number", got)
    else:
        cx.problems.add(
            "RFT0301",
            f"{described(cx, values[0])} is {a(got)}, but `abs` wants a number",
            values[0],
            a(got),
        )
    return POISON


def _same_list(name: str, ordered: bool) -> Builtin:
    def check(cx: Cx, node: s.Call, want: Type | None) -> Type:
        values = arguments(cx, node, name, 1, 1)
        if not values:
            return POISON
        item = list_argument(cx, values[0], name, want)
        if ordered:
            _must_be_ordered(cx, values[0], item, name)
        return list_of(item)

    return check


def _shuffle(cx: Cx, node: s.Call, want: Type | None) -> Type:
    from_the_log(cx, node, "shuffle")
    return _same_list("shuffle", False)(cx, node, want)


def _zip(cx: Cx, node: s.Call, want: Type | None) -> Type:
    values = arguments(cx, node, "zip", 2, 2)
    if not values:
        return POISON
    return list_of(tuple_of((list_argument(cx, values[0], "zip"), list_argument(cx, values[1], "zip"))))


def _range(cx: Cx, node: s.Call, want: Type | None) -> Type:
    for value in arguments(cx, node, "range", 1, 2) or ():
        cx.expect(value, INT, "`range` wants an int")
    return list_of(INT)


def _enumerate(cx: Cx, node: s.Call, want: Type | None) -> Type:
    values = arguments(cx, node, "enumerate", 1, 1)
    return list_of(tuple_of((INT, list_argument(cx, values[0], "enumerate")))) if values else POISON


def _contains(cx: Cx, node: s.Call, want: Type | None) -> Type:
    values = arguments(cx, node, "contains", 2, 2)
    if values:
        got = cx.expr(values[0])
        if isinstance(got, ListType):
            cx.expect(values[1], got.item, f"the list holds {got.item}")
        elif isinstance(got, MapType):
            cx.expect(values[1], got.key, f"the keys of the map are {got.key}")
        else:
            if got is not STR and got is not POISON:
                cx.problems.add(
                    "RFT0301",
                    f"`contains` looks into text, a list or a map, and this is {a(got)}",
                    values[0],
                    a(got),
                )
            cx.expect(values[1], STR, "a piece of text is looked for")
    return BOOL


def _matches(cx: Cx, node: s.Call, want: Type | None) -> Type:
    values = arguments(cx, node, "matches", 2, 2)
    if values:
        cx.expect(values[0], STR, "`matches` looks at text")
        cx.expect(values[1], STR, "a pattern is text")
        from .patterns import check_pattern_text

        check_pattern_text(cx, values[1])
    return BOOL


def _convert(name: str, result: Type, sources: tuple[Type, ...]) -> Builtin:
    def check(cx: Cx, node: s.Call, want: Type | None) -> Type:
        values = arguments(cx, node, name, 1, 1)
        if not values:
            return result
        got = cx.expr(values[0], FLOAT if result is FLOAT else None)
        if isinstance(got, OptionalType):
            report_optional(cx, values[0], f"`{name}` converts what is there", got)
        elif got is STR and name != "str":
            _text_to_number(cx, values[0], name)
        elif got not in sources and got is not POISON and not (name == "str" and isinstance(got, EnumType)):
            cx.problems.add("RFT0301", f"{a(got)} is not converted to {a(result)}", values[0], a(got))
        return result

    return check


def _text_to_number(cx: Cx, node: s.Expr, name: str) -> None:
    if name == "float":
        cx.problems.add("RFT0301", "text is not read as a float", node, "a str")
        return
    cx.problems.add(
        "RFT0301",
        f"text is read with `parse_{name}`",
        node,
        "a str",
        helps=[f"`parse_{name}(text)` gives `{name}?`: the text may not be a number"],
    )


def _digest(name: str, result: Type) -> Builtin:
    def check(cx: Cx, node: s.Call, want: Type | None) -> Type:
        values = arguments(cx, node, name, 1, 1)
        if values:
            got = cx.expr(values[0])
            if got not in (STR, BYTES, POISON) and not (name == "hex" and got is INT):
                cx.problems.add(
                    "RFT0301",
                    f"`{name}` works on bytes and text, and this is {a(got)}",
                    values[0],
                    a(got),
                )
        return result

    return check


def from_the_log(cx: Cx, node: s.Node, name: str) -> None:
    """`now()` and its like belong to the step of a run: RFT0501 in functions, 0511 in queries."""
    if cx.kind == FUNCTION:
        cx.problems.add(
            "RFT0501",
            f"a function cannot use `{name}()`",
            node,
            "functions are pure: same arguments, same answer, on every node",
            helps=["call it in the workflow and pass the value in"],
        )
    elif cx.kind == QUERY:
        why = "the clock of which step?" if name == "now" else "it would draw from the stream of the workflow"
        cx.problems.add(
            "RFT0511",
            "a query may only read",
            node,
            f"`{name}()` would change what the workflow does next" if name != "now" else why,
            notes=["a query is answered by any replica, at any time, outside the log"],
            helps=["keep the value in a checkpoint, and read that"],
        )
    elif cx.kind in (KEY, CONSTANT):
        what = "an idempotency key" if cx.kind == KEY else "a constant or default"
        cx.problems.add(
            "RFT0501",
            f"{what} cannot use `{name}()`",
            node,
            "it must be the same at every attempt and on every node",
        )


def _of_the_step(name: str, wants: tuple[Type, ...], result: Type) -> Builtin:
    inner = _simple(name, wants, result)

    def check(cx: Cx, node: s.Call, want: Type | None) -> Type:
        from_the_log(cx, node, name)
        return inner(cx, node, want)

    return check


BUILTINS: dict[str, Builtin] = {
    "len": _len,
    "sum": _sum,
    "min": _extreme("min"),
    "max": _extreme("max"),
    "abs": _abs,
    "sorted": _same_list("sorted", True),
    "reversed": _same_list("reversed", False),
    "unique": _same_list("unique", False),
    "zip": _zip,
    "range": _range,
    "enumerate": _enumerate,
    "join": _simple("join", (STR, list_of(STR)), STR),
    "split": _simple("split", (STR, STR), list_of(STR)),
    "trim": _simple("trim", (STR,), STR),
    "starts_with": _simple("starts_with", (STR, STR), BOOL),
    "ends_with": _simple("ends_with", (STR, STR), BOOL),
    "contains": _contains,
    "replace": _simple("replace", (STR, STR, STR), STR),
    "matches": _matches,
    "upper_ascii": _simple("upper_ascii", (STR,), STR),
    "lower_ascii": _simple("lower_ascii", (STR,), STR),
    "hex": _digest("hex", STR),
    "base64": _digest("base64", STR),
    "sha256": _digest("sha256", STR),
    "decimal": _convert("decimal", DECIMAL, (INT, DECIMAL, FLOAT)),
    "int": _convert("int", INT, (INT, DECIMAL, FLOAT)),
    "float": _convert("float", FLOAT, (INT, DECIMAL, FLOAT)),
    "str": _convert("str", STR, tuple(SCALARS.values())),
    "parse_int": _simple("parse_int", (STR,), optional(INT)),
    "parse_decimal": _simple("parse_decimal", (STR,), optional(DECIMAL)),
    "parse_timestamp": _simple("parse_timestamp", (STR,), optional(TIMESTAMP)),
    "now": _of_the_step("now", (), TIMESTAMP),
    "new_uuid": _of_the_step("new_uuid", (), UUID),
    "random": _of_the_step("random", (), FLOAT),
    "random_int": _of_the_step("random_int", (INT, INT), INT),
    "shuffle": _shuffle,
}
