"""Policies: `timeout: 30s`, `retry: 5 times backoff 1s..1m`, `key: "..."` of an activity or of one call."""

from __future__ import annotations

from .. import syntax as s
from ..facts.symbols import Activity, Local
from ..facts.types import (
    DURATION,
    FLOAT,
    NUMBERS,
    POISON,
    STR,
    TIMESTAMP,
    UUID,
    ListType,
    OptionalType,
    Type,
)
from ..scope.type_names import errors_of
from ..syntax import Token
from ..syntax.literals import number_value, policy_ms
from .context import KEY, Cx
from .mismatch import a, described

DURATIONS = ("timeout", "deadline", "heartbeat", "grace")


def check_overrides(cx: Cx, policies: list[s.Policy], activity: Activity | None) -> None:
    """`with { timeout: 5s }` of one call: the same words; `key` and `once` belong to the activity."""
    check_policies(cx, policies, activity)
    for policy in policies:
        if policy.name.text == "once":
            cx.problems.add(
                "RFT0303",
                "`once` belongs to the activity, not to one call",
                policy,
                "not here",
                helps=["declare it with the activity: every call of it is then made at most once"],
            )


def check_policies(cx: Cx, policies: list[s.Policy], activity: Activity | None) -> None:
    """Each policy has a value of its type and stands once (RFT0714)."""
    seen: dict[str, s.Policy] = {}
    for policy in policies:
        name = policy.name.text
        if name in seen:
            cx.problems.add(
                "RFT0714",
                f"`{name}` is given twice",
                policy.name,
                "again",
                also=[(seen[name].name, "first given here")],
            )
            continue
        seen[name] = policy
        _check_one(cx, policy, name, activity)
    _check_together(cx, seen)


def _check_one(cx: Cx, policy: s.Policy, name: str, activity: Activity | None) -> None:
    value = policy.value
    if isinstance(value, s.Retry):
        _retry(cx, value, activity)
    elif isinstance(value, Token):
        if value.text != "at_most" and not cx.scope.is_silent(value.text):
            cx.problems.add(
                "RFT0201",
                f"`once: {value.text}` is not known",
                value,
                "not a way to call",
                helps=["`once: at_most`: after a crash in the call it raises `Interrupted` instead of calling again"],
            )
    elif name in DURATIONS:
        _duration(cx, name, value)
        if cx.kind == KEY:
            _is_fixed(cx, name, value)
    elif name == "queue":
        cx.expect(value, STR, "a queue has a name")
    elif name == "key":
        got = cx.expect(value, STR, "an idempotency key is text")
        if got is STR:
            _key_parts(cx, value, activity)


def _is_fixed(cx: Cx, name: str, value: s.Expr) -> None:
    """The policies of an activity are the same for every call; only its `key` looks at the arguments."""
    used = next((part for part in s.walk(value) if isinstance(cx.bindings.get(part), Local)), None)
    if used is not None:
        cx.problems.add(
            "RFT0301",
            f"`{name}` cannot depend on an argument",
            used,
            "an argument of one call",
            helps=[f"say it at the call: `do ... with {{ {name}: ... }}`"],
        )


def _duration(cx: Cx, name: str, value: s.Expr) -> None:
    if isinstance(value, s.Number) and value.token.type == "INT":
        cx.types[value] = POISON
        cx.problems.add(
            "RFT0107",
            f"`{value.token.text}` has no unit",
            value,
            f"`{name}` is a duration",
            helps=[f"`{value.token.text}s` for seconds; units are ms, s, m, h, d, w"],
        )
        return
    cx.expect(value, DURATION, f"`{name}` is a duration")
    amount = number_value(value)
    if amount is not None and amount <= 0:
        cx.problems.add("RFT0107", f"`{name}` must be longer than nothing", value, "no time at all")


def _retry(cx: Cx, node: s.Retry, activity: Activity | None) -> None:
    for what, value in (("first pause", node.first), ("longest pause", node.most), ("step", node.step)):
        if value is not None:
            cx.expect(value, DURATION, f"the {what} is a duration")
    growth = node.factor or node.step
    if growth is not None and node.most is None:
        word = "factor" if node.factor is not None else "step"
        cx.problems.add(
            "RFT0103",
            f"`{word}` needs a longest pause",
            growth,
            "pauses that grow must end somewhere",
            helps=[f"`backoff 1s..1m {word} ...`"],
        )
    if node.factor is not None:
        got = cx.expr(node.factor)
        if got not in NUMBERS and got is not POISON:
            cx.problems.add("RFT0301", f"a factor is a number, and this is {a(got)}", node.factor, a(got))
    if node.count is not None and node.count.text.strip("_0") == "":
        cx.problems.add(
            "RFT0103",
            "`0 times` would never call it",
            node.count,
            "not even once",
            helps=["`retry: never` makes one attempt"],
        )
    raised = activity.raises if activity is not None else []
    for name in node.excepts:
        for error in errors_of(cx.scope, [name]):
            if activity is not None and error not in raised and not error.builtin:
                raises = ", ".join(e.name for e in raised)
                cx.problems.add(
                    "RFT0706",
                    f"`{activity.name}` never raises `{error.name}`",
                    name,
                    "not among its errors",
                    notes=[f"it raises {raises}" if raises else "it declares no errors"],
                )


def _key_parts(cx: Cx, value: s.Expr, activity: Activity | None) -> None:
    """RFT0507: what a key is made of must print the same everywhere. RFT0712: and differ from call to call."""
    if not isinstance(value, s.Text):
        return
    varies = False
    for part in value.parts:
        if isinstance(part, str):
            continue
        varies = True
        got = cx.types.get(part, POISON)
        if _holds_float(got):
            cx.problems.add(
                "RFT0507",
                "an idempotency key should not contain a float",
                part,
                "a float",
                notes=["two computations of the same amount may differ in the last digit"],
                helps=[f"print it with a fixed number of places: `${{{described(cx, part).strip('`')}.fixed(2)}}`"],
            )
        elif not _prints_plainly(got):
            cx.problems.add("RFT0301", f"{a(got)} is no part of a key", part, "use its id, or a field that names it")
    if not varies and activity is not None:
        cx.problems.add(
            "RFT0712",
            f"every call of `{activity.name}` would have the same idempotency key",
            value,
            "nothing in it varies",
            helps=[
                "use the run: " + cx.problems.source.text[value.lo : value.hi - 1] + '-${workflow.id}"',
                "or an argument",
            ],
        )


def _holds_float(type: Type) -> bool:
    if isinstance(type, OptionalType):
        return _holds_float(type.inner)
    return type is FLOAT or (isinstance(type, ListType) and _holds_float(type.item))


def _prints_plainly(type: Type) -> bool:
    from ..facts.types import BOOL, DECIMAL, INT, EnumType

    inner = type.inner if isinstance(type, OptionalType) else type
    plain = (STR, INT, DECIMAL, BOOL, UUID, TIMESTAMP, DURATION, POISON)
    return inner in plain or isinstance(inner, EnumType)


def _check_together(cx: Cx, seen: dict[str, s.Policy]) -> None:
    """RFT0702: the heartbeat is shorter than the timeout."""
    timeout, heartbeat = policy_ms(seen, "timeout"), policy_ms(seen, "heartbeat")
    if timeout is None or heartbeat is None or heartbeat < timeout:
        return
    text = cx.problems.source.text
    shown = {name: text[seen[name].value.lo : seen[name].value.hi] for name in ("heartbeat", "timeout")}
    cx.problems.add(
        "RFT0702",
        f"the heartbeat ({shown['heartbeat']}) is not shorter than the timeout ({shown['timeout']})",
        seen["heartbeat"],
        "never due",
        also=[(seen["timeout"], "by then the attempt is over")],
        notes=["an attempt would time out before its first heartbeat is due"],
    )
