"""Things that are right in themselves and stand in the wrong place.

A statement at the top of the file, a declaration inside a workflow, a `checkpoint` below a statement, an expression
where a statement should be, the value of a `return` on the next line, a prefix in a pattern.
"""

from __future__ import annotations

from ...syntax import Token
from . import words
from .layout import lacks_opening

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .machine import Stack
    from .mender import Mender


def return_value(m: Mender) -> bool:
    """`return` at the end of a line, and its value on the next."""
    for back in (0, 1, 2, 3):
        token = m.before(back + 1)
        if token.type != "RETURN_END":
            continue
        stack = m.stack_before(back + 1)
        put = m.keyword("return", token)
        rest = m.out[len(m.out) - back :] if back else []
        if stack is None or m.survives([put, *rest], 0, 4, stack) < 2:
            return False
        value = rest[0] if rest else m.token
        m.back(back + 1)
        m.push(put)
        m.at += 1
        m.say(
            "RFT0103",
            "the value of `return` stands on another line",
            token,
            "a `return` that ends its line has no value",
            also=[(value, "this was probably meant to be returned")],
            helps=["put both on one line"],
            edits=[(token.hi, value.lo, " ")],
        )
        return True
    return False


def arm_without_brace(m: Mender) -> bool:
    """`after 3d =>` and statements below it, up to a `}`: the `{` is missing."""
    if not m.begins_line(m.at) or m.token.type not in ("NAME", "RETURN_END") or not lacks_opening(m):
        return False
    for back in range(1, 60):
        arrow = m.before(back + 1)
        if arrow.text != "=>":
            continue
        stack = m.stack_before(back)
        rest = m.out[len(m.out) - back :]
        if m.line_of(arrow) == m.line_of(rest[0]) or stack is None:
            return False
        if m.survives([m.made("{", arrow.hi), *rest], 0, 6, stack) < 6:
            return False
        m.back(back)
        _say_arm(m, arrow)
        return m.put("{")
    return False


def pattern(m: Mender) -> bool:
    """`-1 =>` and `Status.reserved =>`: what a pattern cannot be."""
    token = m.token
    if token.text == "-" and m.survives([], 1, 3) >= 2 and m.machine.takes(m.stack, "INT"):
        if not m.machine.takes(m.stack, "UNDERSCORE"):
            return False
        number = m.ahead()
        m.say(
            "RFT0103",
            "a pattern cannot be a negative number",
            Token("", "", token.lo, number.hi),
            "patterns are members, variants, literals without a sign, and `_`",
            helps=[f"compare in a guard: `_ if x == -{number.text} => ...`"],
        )
        m.skip()
        return True
    if token.type == "DOT" and m.before().type == "TNAME" and m.ahead().type == "NAME":
        stack = m.stack_before()
        if stack is None or not m.machine.takes(stack, "UNDERSCORE") or m.survives([], 1, 4, stack) < 2:
            return False
        enum, member = m.before(), m.ahead()
        m.say(
            "RFT0103",
            f"the member `{member.text}` stands alone in a pattern",
            Token("", "", enum.lo, member.hi),
            "what is matched already says which enum it is",
            notes=["in a pattern a lower-case name is a member, an upper-case one a variant"],
            edits=[(enum.lo, member.lo, "")],
        )
        m.back()
        m.skip(2)
        return True
    return False


def is_statement_place(m: Mender, stack: Stack | None = None) -> bool:
    return m.machine.takes(stack or m.stack, "LET") and m.machine.takes(stack or m.stack, "LOG")


def lone_value(m: Mender) -> bool:
    """An expression where a statement should begin: `total_of(items)`, `order.paid = true`, `x++`."""
    token = m.token
    if token.type not in (
        "NAME",
        "TNAME",
        "STRING",
        "LPAR",
        "LSQB",
        "INT",
        "DEC",
    ) or not is_statement_place(m):
        return False
    after = m.ahead()
    if token.type == "NAME":
        if after.text in ("+", "-") and m.ahead(2).text == after.text and m.ahead(2).lo == after.hi:
            return _increment(m, token, after)
        if after.text in ("*", "/", "//", "%") and m.ahead(2).text == "=" and m.ahead(2).lo == after.hi:
            return _other_assignment(m, token, after)
        if after.text == "==":
            return _comparison(m, token, after)
        if after.type in ("NAME", "TNAME", "STRING", "INT", "DEC", "DURATION", "COLON", "EQUAL"):
            return False
    if after.type in ("LPAR", "DOT", "LSQB", "BANG") or token.type not in ("NAME", "TNAME"):
        return _keep_value(m)
    if m.survives([m.made("let", 0), m.made("", 0), m.made("=", 0)], 0, 3) < 3:
        return False
    return _keep_value(m)


def _increment(m: Mender, token: Token, after: Token) -> bool:
    op = after.text
    if not m.push(token, m.made(op + "=", after.lo), m.made("1", after.lo)):
        return False
    m.say(
        "RFT0110",
        f"there is no `{op}{op}`",
        Token("", "", after.lo, after.hi + 1),
        f"write `{token.text} {op}= 1`",
        edits=[(after.lo, after.hi + 1, f" {op}= 1")],
    )
    m.at += 3
    return True


def _other_assignment(m: Mender, token: Token, after: Token) -> bool:
    name, op = token.text, after.text
    lo, hi = after.lo, m.ahead(2).hi
    m.say(
        "RFT0103",
        f"there is no `{op}=`",
        Token("", "", lo, hi),
        f"write `{name} = {name} {op} ...`",
        notes=["the assignments are `=`, `+=` and `-=`"],
        edits=[(lo, hi, f"= {name} {op}")],
    )
    m.push(token, m.made("=", lo))
    m.at += 3
    return True


def _comparison(m: Mender, token: Token, after: Token) -> bool:
    if m.survives([token, m.made("=", after.lo)], 2, 4) < 2:
        return False
    m.say(
        "RFT0103",
        f"expected `=` after `{token.text}`",
        after,
        "`==` compares; `=` assigns",
        edits=[(after.lo, after.hi, "=")],
    )
    m.push(token, m.made("=", after.lo))
    m.at += 2
    return True


def _keep_value(m: Mender) -> bool:
    """Reads the expression as the value of a `let` without a name; its names stay checked, its span does not."""
    first = m.token
    end = _end_of_expression(m, m.at)
    hole = [m.made("let", first.lo), m.made("", first.lo), m.made("=", first.lo)]
    assigned = m.tokens[end] if end < len(m.tokens) else first
    text = m.text[first.lo : m.tokens[end - 1].hi] if end > m.at else first.text
    text = words.shown(text)
    whole = Token("", "", first.lo, m.tokens[end - 1].hi)
    if assigned.text in ("=", "+=", "-=") and end > m.at:
        m.say(
            "RFT0111",
            "only a variable can be assigned to",
            whole,
            f"`{text}` is a part of a value, and values do not change",
            helps=["make a changed copy: `order = Order(..order, status: paid)`"],
        )
        stop = _end_of_statement(m, end)
        m.skip(stop - m.at)
        return True
    if end <= m.at:
        return False
    if m.accepts("checkpoint"):
        hole = []  # a `let` would end the place for members
    callee = first.text
    if _is_declared(m, callee, ("activity", "workflow")) and m.ahead().type == "LPAR":
        m.say(
            "RFT0111",
            "a statement cannot start with an expression",
            whole,
            f"`{callee}` is an effect: it is performed with `do`",
            edits=[(first.lo, first.lo, "do ")],
        )
        return m.push(m.made("do", first.lo))
    m.say(
        "RFT0111",
        "a statement cannot start with an expression",
        whole,
        "its value would be thrown away",
        helps=[
            f"keep it: `let value = {text}`",
            f"or perform it, if it is an activity: `do {text}`",
        ],
    )
    if not hole:
        m.skip(end - m.at)
        return True
    m.holes.append((first.lo, whole.hi))
    return m.push(*hole)


def _is_declared(m: Mender, name: str, kinds: tuple[str, ...]) -> bool:
    tokens = m.tokens
    return any(token.text == name and index and tokens[index - 1].text in kinds for index, token in enumerate(tokens))


def _end_of_expression(m: Mender, index: int) -> int:
    """The token after the longest expression that begins at `index`."""
    machine = m.machine
    stack = m.stack
    for made in (m.made("let", 0), m.made("", 0), m.made("=", 0)):
        moved = machine.advance(stack, made, 0, None)
        if moved is None:
            return index
        stack = moved
    start = index
    level = 0
    while index < len(m.tokens) - 1:
        token = m.tokens[index]
        moved = machine.advance(stack, token, 0, m.tokens[index + 1])
        if moved is None:
            break
        if level == 0 and index > start and machine.takes(stack, "LET") and not machine.takes(moved, "RPAR"):
            fresh = machine.symbol(moved)
            if fresh in ("NAME", "LBRACE", "RBRACE", "AT", *(w.upper() for w in words.STATEMENTS)):
                operand = m.tokens[index - 1]
                if operand.type not in ("DOT",) and token.type not in ("DOT", "LPAR"):
                    break
        level += token.type in ("LPAR", "LSQB", "LBRACE")
        level -= token.type in ("RPAR", "RSQB", "RBRACE")
        stack = moved
        index += 1
    return index


def _end_of_statement(m: Mender, index: int) -> int:
    """The next token that begins a line, or closes a brace, outside of brackets."""
    level = 0
    while index < len(m.tokens) - 1:
        token = m.tokens[index]
        if level == 0 and (m.begins_line(index) or token.type == "RBRACE"):
            break
        level += token.type in ("LPAR", "LSQB", "LBRACE")
        level -= token.type in ("RPAR", "RSQB", "RBRACE") and level > 0
        index += 1
    return index


# --- whole declarations and statements ------------------------------------------------------------------------


def closed_early(m: Mender) -> bool:
    """A `}` too many above: the rest of the workflow now stands outside of it."""
    if not m.machine.takes(m.stack, "RECORD") or m.machine.takes(m.stack, "RFT"):
        return False
    token = m.token
    if token.type != "RBRACE" and not m.indent(m.at):
        return False
    if m.is_top(m.at) or not m.once("early"):
        return False
    best: tuple[int, int] | None = None
    count = len(m.history)
    for back in range(1, min(count, 400) + 1):
        index = m.history[-back][1]
        if m.out[-back].type != "RBRACE" or m.out[-back].hi == m.out[-back].lo:
            continue
        stack = m.stack_before(back)
        assert stack is not None
        rest = m.out[len(m.out) - back + 1 :]
        most = 400
        score = m.machine.survives(stack, rest, m.tokens, m.at, most)
        if score < 1:
            continue
        if _is_odd_brace(m, index) and (best is None or score >= best[0]):
            best = (score, back)
    if best is None:
        return False
    return _open_arm(m, best[1]) or _drop_brace(m, best[1])


def _open_arm(m: Mender, back: int) -> bool:
    """The `}` that is too many ends an arm whose `{` is missing."""
    brace = m.history[-back][1]
    for further in range(back + 1, min(len(m.history), back + 80) + 1):
        arrow = m.before(further)
        index = m.history[-further][1]
        if arrow.text == "=>" and m.indent(index) == m.indent(brace) and m.ends_line(index):
            break
    else:
        return False
    rest = m.out[len(m.out) - further + 1 :]
    stack = m.stack_before(further - 1)
    if stack is None or m.survives([m.made("{", 0), *rest], 0, 1, stack) < 1:
        return False
    m.back(further - 1)
    _say_arm(m, arrow)
    return m.put("{")


def _say_arm(m: Mender, arrow: Token) -> None:
    m.say(
        "RFT0103",
        "expected `{` after `=>`",
        arrow,
        "an arm with several statements, or with a `}`, is a block",
        edits=[(arrow.hi, arrow.hi, " {")],
    )


def _is_odd_brace(m: Mender, index: int) -> bool:
    """Whether this `}` begins a line and is indented unlike the line of its `{`, or shares its line with another."""
    level = 0
    for other in range(index, -1, -1):
        kind = m.tokens[other].type
        level += (kind == "RBRACE") - (kind == "LBRACE")
        if level == 0:
            if m.begins_line(index):
                return m.indent(index) != m.indent(other)
            return m.line_of(m.tokens[other]) != m.line_of(m.tokens[index])
    return True


def _drop_brace(m: Mender, back: int) -> bool:
    brace = m.before(back)
    m.back(back)
    m.say(
        "RFT0103",
        "this `}` closes the wrong block",
        brace,
        "one closing brace more than were opened",
        edits=[(brace.lo, brace.hi, "")],
    )
    m.skip()
    return True


def top_statement(m: Mender) -> bool:
    """A statement outside of everything."""
    token = m.token
    if token.type != "NAME" or not m.machine.takes(m.stack, "RECORD"):
        return False
    is_assignment = m.ahead().text in ("=", "+=", "-=")
    if token.text not in words.STATEMENTS | words.MEMBERS and not is_assignment:
        return False
    end = m.at + 1
    while end < len(m.tokens) - 1 and not m.is_top(end):
        end += 1
    what = token.text if not is_assignment else f"{token.text} ="
    helps = []
    if token.text in ("let", "var") and m.ahead(2).text in ("=", ":"):
        helps.append("a value for the whole file is a constant: `const name = ...`")
    if token.text in words.MEMBERS:
        headline, label = (
            f"`{what}` belongs into a workflow",
            "this stands outside of every workflow",
        )
    else:
        headline = f"`{what}` does not fit here"
        label = "statements stand inside a workflow or a function"
    m.say("RFT0103", headline, token, label, helps=helps)
    m.skip(end - m.at)
    return True


def nested_declaration(m: Mender) -> bool:
    """A declaration between statements, or between the parts of another one."""
    token = m.token
    if token.type != "NAME" or token.text not in words.DECLARATIONS or m.machine.takes(m.stack, "RECORD"):
        return False
    top = _top(m)
    if top is None:
        return False
    end, stack = m.at, top
    while end < len(m.tokens) - 1:
        moved = m.machine.advance(stack, m.tokens[end], 0, m.tokens[end + 1])
        if moved is None:
            break
        stack = moved
        end += 1
    if end - m.at < 3 or not m.machine.takes(stack, "RECORD") or m.survives([], end - m.at, 2) < 1:
        return False
    name = m.ahead().text
    m.say(
        "RFT0103",
        f"`{token.text} {words.shown(name)}` does not fit here",
        token,
        "a declaration stands at the top of the file, not inside of another one",
        helps=["move it out of the braces"],
    )
    m.skip(end - m.at)
    return True


def _top(m: Mender) -> Stack | None:
    """The part of the stack on which the next declaration would stand."""
    stack: Stack | None = m.stack
    best = None
    while stack is not None:
        if m.machine.symbol(stack) in (
            "__start_star_0",
            "__start_star_1",
            "edition",
            "module_decl",
        ):
            best = stack
            break
        stack = stack[1]
    return best


def missing_word(m: Mender) -> bool:
    """A declaration without its first word: `charge(id: str) -> str { timeout: 5s }`."""
    token = m.token
    if token.type not in ("NAME", "TNAME") or token.text in words.DECLARATIONS or not m.begins_line(m.at):
        return False
    if m.indent(m.at) > 1 or not m.machine.takes(m.stack, "RECORD"):
        return False
    best, most = "", 5
    for word in ("record", "activity", "fn", "workflow", "enum", "union", "error", "const", "migrate"):
        fits = m.survives([m.made(word, token.lo)], 0, 60)
        if fits > most:
            best, most = word, fits
    if not best or m.token.text in words.HABITS:
        return False
    m.say(
        "RFT0103",
        f"expected `{best}` before `{token.text}`",
        token,
        "a declaration begins with the word for what it is",
        edits=[(token.lo, token.lo, best + " ")],
    )
    return m.push(m.made(best, token.lo))


def late_member(m: Mender) -> bool:
    """`checkpoint`, `signal` or `query` below the first statement."""
    token = m.token
    if token.type != "NAME" or token.text not in words.MEMBERS or not is_statement_place(m):
        return False
    word = token.text
    if m.ahead().type != "NAME":
        return False
    first = m.at  # what stands below one that is too low is too low for the same reason
    while first and not m.is_top(first):
        first -= 1
    m.quiet = not m.once("late", first)
    m.say(
        "RFT0103",
        f"`{word} {m.ahead().text}` stands below a statement",
        token,
        f"a {word} is declared at the top of the workflow, above its first statement",
        helps=["move it up"],
    )
    m.quiet = False
    if word == "checkpoint" and m.survives([m.made("var", token.lo)], 1, 3) >= 2:
        m.push(m.made("var", token.lo))
        m.at += 1
        return True
    end = _end_of_statement(m, m.at + 1)
    m.skip(end - m.at)
    return True


def missing_version(m: Mender) -> bool:
    """`workflow W (x: int)`."""
    name = m.before()
    if m.before(2).text != "workflow" or name.type != "TNAME" or m.token.text == "version":
        return False
    if m.ahead().type == "INT" and m.survives([m.made("version", 0)], 1, 3) >= 3:
        m.say(
            "RFT0103",
            f"expected `version` after `{name.text}`",
            m.token,
            f"here stands `{words.shown(m.token.text)}`",
            edits=[(m.token.lo, m.token.hi, "version")],
        )
        return m.replace("version")
    number = m.token.type == "INT"
    put = [m.made("version", name.hi)] if number else [m.made("version", name.hi), m.made("1", name.hi)]
    if m.survives(put, 0, 2) < 1:
        return False
    m.say(
        "RFT0103",
        f"the workflow `{name.text}` has no version",
        name,
        "its version stands behind its name",
        notes=["a released version never changes; the number is how stored instances find their code"],
        edits=[(name.hi, name.hi, " version" if number else " version 1")],
    )
    return m.push(*put)
