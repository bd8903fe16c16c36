"""Policies -> Python: the activities' table, their docstrings, and `with { ... }` of one call."""

from __future__ import annotations

from .. import syntax as s
from ..facts.symbols import Activity
from ..facts.types import ErrorType
from .calls import as_tuple
from .expressions import Expressions, quoted
from .names import constant, safe


def overrides_text(out: Expressions, policies: list[s.Policy]) -> str:
    """`{"timeout": timedelta(seconds=5)}`."""
    pairs = []
    for policy in policies:
        value = policy.value
        if isinstance(value, s.Retry):
            pairs.append(f'"retry": {retry_text(out, value)}')
        elif not isinstance(value, s.Token):
            pairs.append(f"{quoted(policy.name.text)}: {out.stored(value)}")
    return "{" + ", ".join(pairs) + "}"


def retry_text(out: Expressions, node: s.Retry) -> str:
    """`rt.Retry(5, timedelta(seconds=1), ...)`."""
    if node.never:
        return "rt.Retry(1)"
    parts = ["None" if node.count is None else node.count.text.replace("_", "")]
    if node.first is not None:
        parts.append(f"first={out.text(node.first)}")
        parts.append(f"most={out.text(node.most if node.most is not None else node.first)}")
    if node.factor is not None:
        parts.append(f"factor={out.decimal_of(out.facts.parsed.source.text[node.factor.lo : node.factor.hi])}")
    if node.step is not None:
        parts.append(f"step={out.text(node.step)}")
    if node.excepts:
        errors = [error_text(out, name) for name in node.excepts]
        parts.append(f"never_on={as_tuple(errors)}")
    return f"rt.Retry({', '.join(parts)})"


def error_text(out: Expressions, name: s.TypeName) -> str:
    meaning = out.facts.errors.get(name)
    return out.types.text(meaning) if isinstance(meaning, ErrorType) else f"rt.{name.name.text}"


def activity_text(out: Expressions, activity: Activity) -> str:
    """`rt.Activity("charge_card", result=str, timeout=..., ...)`."""
    parts = [quoted(f"{activity.module}.{activity.name}")]
    params = [out.types.text(field.type) for field in activity.params.values()]
    parts.append(f"result={out.types.text(activity.result)}")
    if params:
        parts.append(f"params={as_tuple(params)}")
    defaults = [out.fixed(f.default, f.type) for f in activity.params.values() if f.default is not None]
    if defaults:
        parts.append(f"defaults={as_tuple(defaults)}")
    by_name = {policy.name.text: policy.value for policy in activity.decl.policies}
    for name in ("timeout", "deadline", "heartbeat", "grace", "queue"):
        value = by_name.get(name)
        if value is not None and not isinstance(value, s.Retry | s.Token):
            parts.append(f"{name}={out.text(value)}")
    retry = by_name.get("retry")
    if isinstance(retry, s.Retry):
        parts.append(f"retry={retry_text(out, retry)}")
    if activity.raises:
        parts.append(f"raises={as_tuple([out.types.text(error) for error in activity.raises])}")
    key = by_name.get("key")
    if key is not None and not isinstance(key, s.Retry | s.Token):
        params_text = ", ".join(["cx", *(safe(name) for name in activity.params)])
        parts.append(f"key=lambda {params_text}: {out.stored(key)}")
    if activity.at_most_once:
        parts.append("at_most_once=True")
    return f"rt.Activity({', '.join(parts)})"


def activity_line(out: Expressions, activity: Activity) -> str:
    """The definition of an activity in the generated module."""
    note = f"rt.Activity[{out.types.text(activity.result)}]"
    final = out.types.imports.name("typing", "Final")
    return f"{constant(activity.name)}: {final}[{note}] = {activity_text(out, activity)}"


def policy_words(activity: Activity, text: str) -> str:
    """The policies in words, for the docstring that the implementer reads."""
    words = ["Raises " + ", ".join(error.name for error in activity.raises) + "."] if activity.raises else []
    shown = []
    key = ""
    for policy in activity.decl.policies:
        written = " ".join(text[policy.value.lo : policy.value.hi].split())
        if policy.name.text == "key":
            key = f" Key: {written}."
        else:
            shown.append(f"{policy.name.text} {written}")
    return " ".join([*words, f"Policy: {', '.join(shown)}.{key}"])
