"""Punctuation that is nearly right: two marks for one, one for another, a mark of another language (RFT0103, RFT0110).

    - >   ->        n => 3   n >= 3        a || b   a or b        list<int>   list[int]        n ** 2

Each function looks at the place where `m` is stuck, and either mends it and returns True, or changes nothing.
"""

from __future__ import annotations

from itertools import pairwise

from ...syntax import Node, Token
from . import numbers, words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .mender import Mender

# What is written -> (what was meant, the code, the label).
FOREIGN = {
    "||": ("or", "RFT0110", "the operators on bools are `and`, `or`, `not`"),
    "<>": ("!=", "RFT0110", "not equal is `!=`"),
    "===": ("==", "RFT0110", "there is one way to compare, and it compares values"),
    "!==": ("!=", "RFT0110", "there is one way to compare, and it compares values"),
    ":=": ("=", "RFT0103", "`=` gives a value, after `let` or to a variable"),
    "=>": (">=", "RFT0103", "greater or equal is `>=`"),
    "=<": ("<=", "RFT0103", "less or equal is `<=`"),
    "::": (".", "RFT0103", "a name in a module follows after `.`"),
    "...": ("..", "RFT0103", "a range is `1..3`, a copy starts with `..`"),
    "==": ("=", "RFT0103", "`==` compares; `=` gives a value"),
    "->": ("=>", "RFT0103", "an arm is written `pattern => ...`"),
}
CAPITAL_TYPES = {"List": "list", "Dict": "map", "Map": "map", "Array": "list", "Tuple": "", "Set": "list",
                 "Sequence": "list", "Handle": "handle", "Outcome": "outcome"}  # fmt: skip


def _width(m: Mender, count: int) -> Node | None:
    """The next `count` tokens, if nothing stands between them."""
    for index in range(count - 1):
        if m.ahead(index).hi != m.ahead(index + 1).lo:
            return None
    return Node(m.token.lo, m.ahead(count - 1).hi)


def split_mark(m: Mender) -> bool:
    """`- >`, `= =`, `? .`: one mark with a gap in it. The first half may have fitted."""
    for back in (0, 1):
        first = m.before() if back else m.token
        second = m.token if back else m.ahead()
        mark = first.text + second.text
        if (
            not first.text
            or not second.text
            or first.type in ("NAME", "TNAME")
            or mark not in m.machine.marks
            or first.hi == second.lo
        ):
            continue
        if m.text[first.hi : second.lo].strip(" \t"):
            continue
        stack = m.stack_before() if back else m.stack
        if stack is None or m.survives([m.made(mark, 0)], 2 - back, 3, stack) < 2:
            continue
        m.back(back)
        whole = Node(first.lo, second.hi)
        m.say("RFT0103", f"`{mark}` is written without a space", whole, f"read as `{mark}`",
              edits=[(first.hi, second.lo, "")])  # fmt: skip
        return m.replace(mark, 2)
    return False


def foreign_mark(m: Mender) -> bool:
    """Marks that other languages have, or that are easily swapped."""
    for back in (0, 1):
        if back and m.before().hi != m.token.lo:
            break
        stack = m.stack_before() if back else m.stack
        if stack is None:
            continue
        for count in (3, 2, 1):
            if back >= count:
                continue
            parts = [m.before()] if back else []
            parts += [m.ahead(index) for index in range(count - back)]
            if not all(part.text for part in parts):
                continue
            if any(a.hi != b.lo for a, b in pairwise(parts)):
                continue
            known = FOREIGN.get("".join(part.text for part in parts))
            if known is None or m.survives([m.made(known[0], 0)], count - back, 4, stack) < 2:
                continue
            written = "".join(part.text for part in parts)
            m.back(back)
            whole = Node(parts[0].lo, parts[-1].hi)
            m.say(known[1], f"`{written}` is written `{known[0]}` here", whole, known[2],
                  edits=[(whole.lo, whole.hi, known[0])])  # fmt: skip
            return m.replace(known[0], count)
    return False


def power(m: Mender) -> bool:
    """`n ** 2`."""
    if m.token.text != "*" or m.before().text != "*" or m.before().hi != m.token.lo:
        return False
    m.say("RFT0110", "there is no power operator", Node(m.before().lo, m.token.hi),
          "multiply, or write a `fn` with a loop")  # fmt: skip
    m.at += 1
    return True


def walrus(m: Mender) -> bool:
    """`big := 1` and `int big = 1`: a variable that is declared in another way."""
    token, after = m.token, m.ahead()
    if token.type not in ("NAME", "TNAME") or not m.machine.takes(m.stack, "LET"):
        return False
    if token.type == "NAME" and after.text == ":" and m.ahead(2).text == "=" and after.hi == m.ahead(2).lo:
        m.say("RFT0103", f"`{token.text}` is declared with `let`", token, "`:=` is not used here",
              edits=[(token.lo, m.ahead(2).hi, f"let {token.text} =")])  # fmt: skip
        m.push(m.made("let", token.lo), token, m.keyword("=", after))
        m.at += 3
        return True
    if token.type == "NAME" and after.text == ":" and m.survives([m.made("let", 0)], 0, 5) >= 5:
        m.say("RFT0103", f"`{token.text}` is declared with `let`", token, "a new variable begins with `let` or `var`",
              edits=[(token.lo, token.lo, "let ")])  # fmt: skip
        return m.push(m.made("let", token.lo))
    typed = token.text in words.PRIMITIVES or token.type == "TNAME"
    if (typed or token.text in ("const", "auto", "local", "set", "val", "final", "my")) and after.type == "NAME":
        if m.ahead(2).text not in ("=", ":"):
            return False
        edit = (token.lo, token.hi, "let")
        if typed:
            label = f"its type follows after its name: `let {after.text}: {token.text} = ...`"
        else:
            label = "a new variable begins with `let`, or with `var` if it changes"
        m.say("RFT0103", f"`{after.text}` is declared with `let`", token, label, edits=[edit])
        return m.replace("let")
    return False


def angle_brackets(m: Mender) -> bool:
    """`list<int>`, `List[int]`, `Optional[str]`."""
    token, before = m.token, m.before()
    if token.text in m.closers and m.closers[token.text] and m.accepts(m.closers[token.text][-1]):
        return m.replace(m.closers[token.text].pop())
    meant = CAPITAL_TYPES.get(before.text) if before.type == "TNAME" else None
    if token.text == "<" and (before.text in words.GENERICS or meant):
        name = meant or before.text
        stack = m.stack_before()
        if stack is None or not m.machine.accepts(stack, name, "["):
            return False
        m.back()
        m.say("RFT0103", f"`{before.text}<...>` is written `{name}[...]`", Node(before.lo, token.hi),
              "what is inside a type stands in square brackets")  # fmt: skip
        m.replace(name)
        m.replace("[")
        m.closers.setdefault(">", []).append("]")
        return True
    if token.text == "[" and meant:
        stack = m.stack_before()
        if stack is None or not m.machine.accepts(stack, meant, "["):
            return False
        m.back()
        m.say("RFT0110", f"`{before.text}` is written `{meant}`", before, f"here it is `{meant}[...]`",
              edits=[(before.lo, before.hi, meant)])  # fmt: skip
        m.replace(meant)
        return True
    if token.text == "[" and before.text == "Optional":
        m.back()
        m.say("RFT0110", "an optional type is written with `?`", before, "`Optional[str]` is `str?`")
        m.at += 2
        m.closers.setdefault("]", []).append("?")
        return True
    return False


def spaced_unit(m: Mender) -> bool:
    """`10 seconds`, `16 kb`."""
    token, number = m.token, m.before()
    if token.type not in ("NAME", "TNAME") or number.type not in ("INT", "DEC"):
        return False
    unit = token.text.lower()
    if unit not in numbers.UNITS and unit not in numbers.SIZES:
        return False
    kind, meant = numbers.meant(number.text + unit)
    stack = m.stack_before()
    put = Token(kind, meant, number.lo, token.hi)
    if not meant or stack is None or m.survives([put], 1, 3, stack) < 1:
        return False
    m.back()
    what = "size" if kind == "SIZE" else "duration"
    m.say("RFT0107", f"`{number.text} {token.text}` is not a {what}", put, f"did you mean `{meant}`?",
          notes=["units are ms, s, m, h, d, w and may be combined: `90s`, `1m30s`"] if what == "duration" else [],
          edits=[(put.lo, put.hi, meant)])  # fmt: skip
    m.push(put)
    m.at += 2
    return True


def equals_block(m: Mender) -> bool:
    """`fn f() -> int = { return 1 }`."""
    brace, equals = m.before(), m.before(2)
    if brace.type != "LBRACE" or equals.text != "=" or m.token.text not in words.STATEMENTS:
        return False
    stack = m.stack_before(2)
    if stack is None or m.survives([m.made("{", 0)], 0, 3, stack) < 2:
        return False
    m.back(2)
    m.say("RFT0103", "a body is either `= value` or a block", m.token, "no `=` stands before the `{`",
          edits=[(equals.lo, brace.lo, "")])  # fmt: skip
    m.at += 1
    m.take()
    return True
