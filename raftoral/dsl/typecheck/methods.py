"""Methods of values: `x.fixed(2)`, `xs.first()`, `m.keys()`, `t.date("UTC")`."""

from __future__ import annotations

from .. import syntax as s
from ..diagnostics import Fix
from ..diagnostics.spelling import closest
from ..facts.types import (
    DECIMAL,
    FLOAT,
    INT,
    POISON,
    STR,
    TIMESTAMP,
    ListType,
    MapType,
    OptionalType,
    Type,
    list_of,
    optional,
    tuple_of,
)
from ..syntax import Node
from .builtins import BUILTINS, arguments
from .context import Cx
from .members import fields_of
from .mismatch import a, described, report_optional

# What other languages call it -> what depends on Unicode tables there, and its ASCII twin here (RFT0510).
UNICODE_CASE = {
    "upper": "upper_ascii", "lower": "lower_ascii", "casefold": "lower_ascii", "title": "upper_ascii",
    "capitalize": "upper_ascii", "swapcase": "upper_ascii", "toUpperCase": "upper_ascii", "toLowerCase": "lower_ascii",
    "to_upper": "upper_ascii", "to_lower": "lower_ascii", "isalpha": "", "isalnum": "", "isdigit": "", "isdecimal": "",
    "isupper": "", "islower": "", "isspace": "",
}  # fmt: skip
# Methods of Python that are functions here, or have another name.
INSTEAD = {
    "strip": "trim({0})", "lstrip": "trim({0})", "rstrip": "trim({0})", "startswith": "starts_with({0}, ...)",
    "endswith": "ends_with({0}, ...)", "append": "{0} + [x]", "add": "{0} + [x]", "push": "{0} + [x]",
    "extend": "{0} + more", "format": '"... ${{x}} ..."', "length": "len({0})", "size": "len({0})", "count": "len({0})",
    "sort": "sorted({0})", "reverse": "reversed({0})", "put": "{0}.with_key(key, value)",
    "set": "{0}.with_key(key, value)", "remove": "{0}.without(key)", "pop": "{0}.without(key)",
    "delete": "{0}.without(key)", "has": "key in {0}", "has_key": "key in {0}", "unwrap": "{0}!",
    "or_else": "{0} ?? other", "map": "[f(x) for x in {0}]", "filter": "[x for x in {0} if ...]",
}  # fmt: skip

_LISTS = ("first", "last", "take", "drop", "chunks")
_MAPS = ("keys", "values", "items", "get", "with_key", "without")
_NUMBERS = ("fixed", "round")


def method_exists(type: Type, name: str) -> bool:
    return name in methods_of(type)


def methods_of(type: Type) -> tuple[str, ...]:
    """The methods that values of this type have."""
    if isinstance(type, ListType):
        return _LISTS
    if isinstance(type, MapType):
        return _MAPS
    if type is DECIMAL or type is FLOAT:
        return _NUMBERS
    return ("date",) if type is TIMESTAMP else ()


def call_method(cx: Cx, node: s.Call, callee: s.Attr, want: Type | None) -> Type:
    """`value.name(args)`."""
    got = cx.expr(callee.value)
    name = callee.name.text
    inner = got
    if isinstance(got, OptionalType):
        inner = got.inner
        if not callee.optional:
            report_optional(cx, callee.value, f"`.{name}()` needs a value", got)
            _look_at(cx, node)
            return POISON
    if got is POISON:
        _look_at(cx, node)
        return POISON
    if name not in methods_of(inner):
        _no_method(cx, node, callee, inner)
        _look_at(cx, node)
        return POISON
    if isinstance(inner, ListType):
        found = _list_method(cx, node, name, inner)
    elif isinstance(inner, MapType):
        found = _map_method(cx, node, name, inner)
    elif inner is TIMESTAMP:
        found = _date(cx, node, callee)
    else:
        found = _number_method(cx, node, name, inner)
    return optional(found) if inner is not got else found


def _look_at(cx: Cx, node: s.Call) -> None:
    for arg in node.args:
        cx.expr(arg.value)


def _list_method(cx: Cx, node: s.Call, name: str, type: ListType) -> Type:
    if name in ("first", "last"):
        arguments(cx, node, name, 0, 0)
        return optional(type.item)
    values = arguments(cx, node, name, 1, 1)
    if values:
        cx.expect(values[0], INT, f"`{name}` wants a number of items")
    return list_of(type) if name == "chunks" else type


def _map_method(cx: Cx, node: s.Call, name: str, type: MapType) -> Type:
    if name in ("keys", "values", "items"):
        arguments(cx, node, name, 0, 0)
        item = {"keys": type.key, "values": type.value, "items": tuple_of((type.key, type.value))}[name]
        return list_of(item)
    least, most = {"get": (1, 2), "with_key": (2, 2), "without": (1, 1)}[name]
    values = arguments(cx, node, name, least, most)
    if not values:
        return type
    cx.expect(values[0], type.key, f"the keys of this map are {type.key}")
    if len(values) == 2:
        cx.expect(values[1], type.value, f"the values of this map are {type.value}")
    if name == "get":
        return optional(type.value) if len(values) == 1 else type.value
    return type


def _number_method(cx: Cx, node: s.Call, name: str, type: Type) -> Type:
    values = arguments(cx, node, name, 1, 1)
    if values:
        cx.expect(values[0], INT, f"`{name}` wants a number of places")
    return STR if name == "fixed" else type


def _date(cx: Cx, node: s.Call, callee: s.Attr) -> Type:
    zone = node.args[0].value if len(node.args) == 1 else None
    if isinstance(zone, s.Text) and zone.parts == ["UTC"]:
        cx.expr(zone)
        return STR
    _look_at(cx, node)
    if not node.args:
        label, fix = "which zone?", Fix([(node.hi - 1, node.hi - 1, '"UTC"')])
    else:
        label, fix = 'only `"UTC"` is known here', None
    cx.problems.add(
        "RFT0508",
        "the date of a timestamp depends on a time zone",
        callee.name if fix else (zone or node),
        label,
        notes=["other zones change when a machine's tzdata does"],
        helps=[f'write `{described(cx, callee.value).strip("`")}.date("UTC")`, or ask an activity'],
        fix=fix,
    )
    return STR


def report_unicode_case(cx: Cx, node: Node, name: str, subject: str = "text") -> bool:
    """RFT0510 for `upper` and its like; False when `name` is none of them."""
    twin = UNICODE_CASE.get(name)
    if twin is None:
        return False
    helps = [f"`{twin}({subject})` is the same everywhere"] if twin else ["ask an activity, or use `matches`"]
    cx.problems.add(
        "RFT0510",
        f"`{name}` depends on the Unicode tables of the Python that runs it",
        node,
        "not the same on every node",
        notes=[r"Python 3.11 and 3.13 differ on 5,010 characters that match `\w`"],
        helps=helps,
    )
    return True


def _no_method(cx: Cx, node: s.Call, callee: s.Attr, inner: Type) -> None:
    name = callee.name.text
    subject = described(cx, callee.value).strip("`")
    if cx.scope.is_silent(name):
        return
    if inner is STR and report_unicode_case(cx, callee.name, name, subject):
        return
    known = methods_of(inner)
    near = closest(name, known)
    helps = []
    if name in INSTEAD:
        helps = [f"write `{INSTEAD[name].format(subject)}`"]
    elif name in BUILTINS:
        helps = [f"it is a function: `{name}({subject})`"]
    elif near:
        helps = [f"did you mean `{near}`?"]
    elif name in fields_of(inner):
        helps = [f"`{name}` is a field: leave out the parentheses"]
    notes = [f"{a(inner)} has the methods " + ", ".join(known)] if known else []
    cx.problems.add(
        "RFT0203",
        f"`{inner}` has no method `{name}`",
        callee.name,
        "not known",
        notes=notes,
        helps=helps,
    )
