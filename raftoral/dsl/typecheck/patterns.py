"""The text patterns of `matches`: literal, and in a subset that means the same on every Python (RFT0509)."""

from __future__ import annotations

import re

from .. import syntax as s
from .context import Cx

# What is refused, with the reason in the label.
_REFUSED: tuple[tuple[str, str], ...] = (
    (r"\\[1-9]", "back-references take time that nobody can bound"),
    (r"\(\?P=", "back-references take time that nobody can bound"),
    (r"\(\?<?[=!]", "look-around is not in the subset"),
    (r"\(\?>", "atomic groups do not exist on every Python"),
    (r"\(\?[aiLmsux-]+[:)]", "flags inside a pattern differ between Pythons"),
    (r"\(\?\(", "conditional groups are not in the subset"),
    (r"[*+?}]\+", "possessive repeats do not exist on every Python"),
    (r"\\[pPXRNhHvVKGZzA]", "this escape is not in the subset"),
    (r"\([^()]*[*+][^()]*\)\s*[*+{]", "a repeat inside a repeat takes time that nobody can bound"),
)


def check_pattern_text(cx: Cx, node: s.Expr) -> None:
    """Says RFT0509 when the second argument of `matches` is not a literal of the subset."""
    if not isinstance(node, s.Text) or any(not isinstance(part, str) for part in node.parts):
        _bad(cx, node, "a pattern must be a literal", "only known when it runs")
        return
    text = "".join(part for part in node.parts if isinstance(part, str))
    bare = re.sub(r"\[\^?\]?[^\]]*\]", "x", re.sub(r"\\[\\\[\](){}*+?.^$|]", "x", text))
    for refused, why in _REFUSED:
        if re.search(refused, bare):
            _bad(cx, node, "this pattern is outside the subset", why)
            return
    try:
        re.compile(text, re.ASCII)
    except (re.error, OverflowError, RecursionError):
        _bad(cx, node, "this is not a pattern", "it cannot be compiled")


def _bad(cx: Cx, node: s.Expr, headline: str, label: str) -> None:
    cx.problems.add(
        "RFT0509",
        headline,
        node,
        label,
        notes=["it is compiled when you compile, in a subset that means the same on every Python"],
        helps=[r'literals, classes, `\d \w \s`, groups, `|` and simple repeats: `"[A-Z]{2}\\d+"`'],
    )
