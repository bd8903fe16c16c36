"""The words for a value that does not fit: RFT0301, 0304 and 0305."""

from __future__ import annotations

from .. import syntax as s
from ..diagnostics import Fix
from ..facts.types import DECIMAL, DURATION, FLOAT, NONE, UNIT, OptionalType, Type, fits
from ..syntax import Node
from .context import Cx


def a(type: Type) -> str:
    """The type with its article: "an int", "a str"."""
    text = str(type)
    return f"an {text}" if text[:1].lower() in "aeiou" and not text.startswith(("uu", "un")) else f"a {text}"


def report_mismatch(
    cx: Cx,
    node: s.Value,
    got: Type,
    want: Type,
    why: str,
    also: list[tuple[Node, str]] | None = None,
) -> None:
    """Says that `node` has type `got` where `want` is needed. `why` is a clause: "`amount` wants a decimal"."""
    if isinstance(got, OptionalType) and fits(got.inner, want):
        report_optional(cx, node, why, got, also)
    elif {got, want} == {DECIMAL, FLOAT}:
        report_mixed(cx, node, f"{a(got)}, and {why}", also)
    elif got is NONE:
        cx.problems.add(
            "RFT0301",
            f"`none` stands where {a(want)} is needed",
            node,
            why,
            also=also,
            helps=[f"if it may be missing, the type is `{want}?`"],
        )
    elif got is UNIT:
        cx.problems.add("RFT0301", f"{described(cx, node)} gives no value", node, why, also=also)
    else:
        cx.problems.add(
            "RFT0301",
            f"{described(cx, node)} is {a(got)}, but {why}",
            node,
            f"this is {a(got)}",
            also=also,
            helps=_unit_missing(node, want) or _conversions(got, want),
        )


def _unit_missing(node: s.Value, want: Type) -> list[str]:
    if want is DURATION and isinstance(node, s.Number) and node.token.type == "INT":
        return [f"a duration has a unit: `{node.token.text}s` for seconds; there are ms, s, m, h, d, w"]
    return []


def _conversions(got: Type, want: Type) -> list[str]:
    pair = (str(got), str(want))
    known = {
        ("int", "str"): 'put it in a string: `"${n}"`',
        ("decimal", "str"): 'put it in a string: `"${x}"`, or `x.fixed(2)`',
        ("str", "int"): "`parse_int(text)` gives an `int?`",
        ("str", "decimal"): "`parse_decimal(text)` gives a `decimal?`",
        ("str", "timestamp"): "`parse_timestamp(text)` gives a `timestamp?`",
        ("decimal", "int"): "`int(x)` drops what follows the point",
        ("float", "int"): "`int(x)` drops what follows the point",
        ("int", "float"): "`float(n)` converts it",
        ("int", "duration"): "multiply by a unit: `n * 1s`",
        ("duration", "int"): "divide by a unit: `d // 1s`",
        ("str", "bytes"): "bytes come from activities; a `str` is text",
    }
    return [known[pair]] if pair in known else []


def report_optional(
    cx: Cx, node: s.Value, why: str, got: OptionalType, also: list[tuple[Node, str]] | None = None
) -> None:
    """RFT0304: an optional where a value is needed."""
    text = cx.problems.source.text[node.lo : node.hi]
    short = text if "\n" not in text and len(text) <= 40 else "this"
    name = f"`{short}`" if short != "this" else "this"
    labels = list(also or ())
    origin = cx.bindings.get(node)
    declared = getattr(origin, "node", None)
    if isinstance(node, s.NameRef) and isinstance(declared, Node) and declared.lo != node.lo:
        labels.append((declared, f"optional: it is `{got}`"))
    default = {"str": '""', "int": "0", "decimal": "0.0", "bool": "false", "duration": "0s"}.get(str(got.inner), "...")
    helps = [f"give it a default:      {short} ?? {default}"] if short != "this" else ["give it a default with `??`"]
    if isinstance(node, s.NameRef):
        helps.append(f"or leave early:         if {short} is none {{ ... }}")
    cx.problems.add(
        "RFT0304",
        f"{name} may be none here",
        node,
        f"{why}, and this is `{got}`",
        also=labels,
        helps=helps,
    )


def report_mixed(cx: Cx, node: Node, label: str, also: list[tuple[Node, str]] | None = None) -> None:
    """RFT0305: decimal and float together."""
    fix = None
    helps = ["convert the one or the other: `decimal(x)` or `float(x)`"]
    if isinstance(node, s.Number) and node.token.type == "FLOAT":
        plain = _as_decimal(node.token.text)
        helps = ["write it as a decimal literal"]
        fix = Fix([(node.lo, node.hi, plain)]) if plain else None
    cx.problems.add(
        "RFT0305",
        "decimal and float do not mix",
        node,
        label,
        also=also,
        notes=["money that passes through a float comes back changed: 0.1 + 0.2 is 0.30000000000000004"],
        helps=helps,
        fix=fix,
    )


def _as_decimal(text: str) -> str:
    """`1.2e0` -> `1.2`; nothing when it is not as simple as that."""
    digits, _, exponent = text.lower().replace("_", "").partition("e")
    if exponent.lstrip("+-0"):
        return ""
    return digits if "." in digits else f"{digits}.0"


def described(cx: Cx, node: Node) -> str:
    """How a message names an expression: its text when it is short."""
    text = cx.problems.source.text[node.lo : node.hi]
    return f"`{text}`" if "\n" not in text and "`" not in text and len(text) <= 32 else "this value"
