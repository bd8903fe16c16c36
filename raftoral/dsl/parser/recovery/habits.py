"""What is right in Python, or in C, and written differently here (RFT0110).

    if id == None:          if id == none {
        fail Empty              fail Empty
                            }

Each function looks at the place where `m` is stuck, and either mends it and returns True, or changes nothing.
"""

from __future__ import annotations

from ...syntax import Token
from . import words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .mender import Mender

AS_NAMES = frozenset(("await", "lambda", "yield", "async"))
VALUES = {"None": "none", "True": "true", "False": "false"}


def colon_block(m: Mender) -> bool:
    """A line that ends with `:`, and a block made by indentation."""
    token = m.token
    if token.type != "COLON" or not m.accepts("{"):
        return False
    if m.ahead().type == "LBRACE":
        m.say(
            "RFT0110",
            "blocks are written with braces",
            token,
            "no `:` stands before the `{`",
            edits=[(token.lo, token.hi, "")],
        )
        m.skip()
        return True
    if not m.ends_line(m.at) and m.ahead().text not in words.STATEMENTS:
        return False
    end = _dedent(m)
    header = m.line_of(token)
    edits = [(token.lo, token.hi, " {")]
    closes = m.tokens[end].type == "RBRACE" and m.indent(end) == m.indent(m.at) and not _needs_brace(m, end)
    if not closes:
        at = m.tokens[end - 1].hi
        edits.append(
            (
                at,
                at,
                " }" if m.line_of(m.tokens[end - 1]) == header else "\n" + " " * m.indent(m.at) + "}",
            )
        )
    also = _python_values(m, header, edits)
    m.say(
        "RFT0110",
        "blocks are written with braces",
        token,
        "Python ends this line with `:`; here the block opens with `{`",
        also=also,
        helps=["`raftoral fmt` keeps the layout for you"],
        edits=edits,
    )
    m.push(Token("LBRACE", "{", token.lo, token.hi))
    m.at += 1
    if not closes:
        at = m.tokens[end - 1].hi
        m.planned.setdefault(end, []).insert(0, Token("RBRACE", "}", at, at))
    return True


def _dedent(m: Mender) -> int:
    """The first token after the block that the `:` opens: it begins a line no deeper than the header."""
    indent = m.indent(m.at)
    index = m.at + 1
    while index < len(m.tokens) - 1 and not (m.begins_line(index) and m.indent(index) <= indent):
        index += 1
    return index


def _needs_brace(m: Mender, end: int) -> bool:
    """Whether the `}` at `end` closes something that was opened before the `:`."""
    level = 0
    stack = m.stack
    while stack[1] is not None:
        level += m.machine.symbol(stack) == "LBRACE"
        stack = stack[1]
    index = end
    while index < len(m.tokens) - 1 and not m.is_top(index):
        kind = m.tokens[index].type
        level -= kind == "RBRACE"
        level += kind == "LBRACE"
        index += 1
    return level >= 0


def _python_values(m: Mender, line: int, edits: list[tuple[int, int, str]]) -> list[tuple[Token, str]]:
    """Labels for `None`, `True` and `False` on a line that is reported anyway; they are not reported again."""
    also: list[tuple[Token, str]] = []
    for token in reversed(m.out[-60:]):
        if token.hi > token.lo and m.line_of(token) != line:
            break
        if token.text in VALUES and token.type == "TNAME":
            also.append((token, f"and `{token.text}` is spelled `{VALUES[token.text]}`"))
            edits.append((token.lo, token.hi, VALUES[token.text]))
            m.poisoned.add(token.text)
            m.holes.append((token.lo, token.hi))
    edits.sort()
    return also[::-1]


def comment(m: Mender) -> bool:
    """`// text` on a line of its own; `/* text */`."""
    index = m.at
    while index > 0 and not m.begins_line(index):
        index -= 1
    first = m.tokens[index]
    stop = index
    if first.text == "//":
        line = m.line_of(first)
        while m.tokens[stop].type != "$END" and m.line_of(m.tokens[stop]) == line:
            stop += 1
        label = "a comment starts with `#`"
    elif m.token.text == "/" and m.ahead().text == "*" and m.ahead().lo == m.token.hi:
        index = stop = m.at
        close = m.text.find("*/", m.token.lo)
        close = len(m.text) if close < 0 else close + 2
        while m.tokens[stop].type != "$END" and m.tokens[stop].lo < close:
            stop += 1
        label = "a comment starts with `#` and ends with its line"
    else:
        return False
    first = m.tokens[index]
    if not m.back_to(index):
        return False
    m.say("RFT0110", "comments are written with `#`", first, label, edits=[(first.lo, first.hi, "#")])
    m.at = stop
    return True


def negation(m: Mender) -> bool:
    """`!paid`."""
    token = m.token
    if token.text != "!" or not m.machine.takes(m.stack, "NOT"):
        return False
    m.say("RFT0110", "`!` is written `not`", token, "here `!` only follows an optional: `x!`",
          edits=[(token.lo, token.hi, "not ")])  # fmt: skip
    m.push(m.keyword("not", token))
    m.at += 1
    return True


def prefixed_string(m: Mender) -> bool:
    """`f"..."`, `b"..."`, `r"..."`."""
    before, token = m.before(), m.token
    if token.type == "STRING" and before.hi == token.lo and before.text.lower() in ("f", "b", "r", "rb", "br", "u"):
        m.back()
        before = m.token
    elif (
        m.token.text.lower() in ("f", "b", "r", "rb", "br", "u")
        and m.ahead().type == "STRING"
        and m.ahead().lo == m.token.hi
    ):
        before = m.token
    else:
        return False
    label = (
        "every string may hold `${...}`, without a letter before it"
        if before.text in "fF"
        else "a string has no letter before it"
    )
    m.say("RFT0110", f"strings are written without `{before.text}`", before, label,
          edits=[(before.lo, before.hi, "")])  # fmt: skip
    m.at += 1
    return True


def doc_string(m: Mender) -> bool:
    """A text between three quotes, on one line: to the lexer that is three strings."""
    if m.token.text == '""' and m.ahead().type == "STRING" and m.ahead().lo == m.token.hi:
        back = 0
    elif m.before().text == '""' and m.token.type == "STRING" and m.before().hi == m.token.lo:
        back = 1
    else:
        return False
    m.back(back)
    first, text = m.token, m.ahead()
    alone = m.begins_line(m.at)
    if alone:
        m.say("RFT0110", "documentation is written in comments with `##`", first,
              "a text by itself is no statement", helps=["put `## ...` above the declaration"])  # fmt: skip
    else:
        m.say("RFT0110", "strings are written with one quote on each side", first, "`\"...\"` is enough",
              edits=[(first.lo, text.lo, "")])  # fmt: skip
    m.at += 1
    if alone:
        m.at += 1
    else:
        m.take()
    if m.token.text == '""' and m.token.lo == text.hi:
        m.at += 1
    return True


def foreign_word(m: Mender) -> bool:
    """`def`, `elif`, `raise`, `class`, `pass`, `await` and their like, at the place where the right word would fit."""
    before = m.before()
    if before.type == "NAME" and before.text in AS_NAMES and m.line_of(before) == m.line_of(m.token):
        m.back()  # it was read as a name
        if foreign_word(m):
            return True
        m.take()
        return False
    token = m.token
    if token.type != "NAME":
        return False
    special = _SPECIAL.get(token.text)
    if special is not None and special(m):
        return True
    word = words.HABITS.get(token.text)
    if word is None:
        return False
    put = m.keyword(word, token)
    if m.survives([put], 1, 4) < 1:
        return False
    if word == "log" and m.ahead().type != "LPAR":
        return False
    note = words.HABIT_NOTES.get(word)
    m.say(
        "RFT0110",
        f"`{token.text}` is written `{word}` here",
        token,
        note or f"the word is `{word}`",
        edits=[(token.lo, token.hi, word)],
    )
    m.push(put)
    m.at += 1
    return True


def _elif(m: Mender) -> bool:
    token = m.token
    if not m.accepts("else", "if"):
        return False
    m.say("RFT0110", f"`{token.text}` is written `else if`", token, "two words here",
          edits=[(token.lo, token.hi, "else if")])  # fmt: skip
    m.push(m.made("else", token.lo), m.keyword("if", token))
    m.at += 1
    return True


def _case(m: Mender) -> bool:
    """`case low:` and `default:` of a `switch`."""
    token = m.token
    if token.text == "case" and m.accepts("on"):
        m.say("RFT0110", "`case` is written `on` here", token, "an arm of a `select`: `on signal => ...`",
              edits=[(token.lo, token.hi, "on")])  # fmt: skip
        return m.replace("on")
    if not m.machine.takes(m.stack, "UNDERSCORE"):
        return False
    if token.text == "case":
        m.say("RFT0110", "an arm begins with its pattern", token, "`match` needs no `case`",
              edits=[(token.lo, m.ahead().lo, "")])  # fmt: skip
        m.at += 1
        return True
    m.say("RFT0110", f"`{token.text}` is written `_` here", token, "`_ => ...` takes what no other arm takes",
          edits=[(token.lo, token.hi, "_")])  # fmt: skip
    return m.replace("_")


def _pass(m: Mender) -> bool:
    token = m.token
    if not m.machine.takes(m.stack, "LET"):
        return False
    m.say("RFT0110", "an empty block needs no `pass`", token, "`{ }` may be empty",
          edits=[(token.lo, token.hi, "")])  # fmt: skip
    m.at += 1
    return True


def _async(m: Mender) -> bool:
    token = m.token
    word = words.HABITS.get(m.ahead().text, m.ahead().text)
    if not m.accepts(word):
        return False
    m.say(
        "RFT0110",
        "there is no `async`",
        token,
        "activities and workflows wait by themselves; functions never do",
        notes=[f"`{m.ahead().text}` is written `{word}`"] if word != m.ahead().text else [],
        edits=[(token.lo, m.ahead().hi, word)],
    )
    m.push(m.keyword(word, m.ahead()))
    m.at += 2
    return True


def _from(m: Mender) -> bool:
    """`from x.y import A, b` -> `import x.y { A, b }`."""
    if not m.accepts("import"):
        return False
    index = m.at + 1
    path: list[Token] = []
    while m.tokens[index].type in ("NAME", "DOT") and m.tokens[index].text != "import":
        path.append(m.tokens[index])
        index += 1
    if m.tokens[index].text != "import" or not path:
        return False
    index += 1
    names: list[Token] = []
    line = m.line_of(m.token)
    while m.tokens[index].type in ("NAME", "TNAME", "COMMA") and m.line_of(m.tokens[index]) == line:
        names.append(m.tokens[index])
        index += 1
    first, last = m.token, m.tokens[index - 1]
    if not names:
        return False
    text = f"import {''.join(t.text for t in path)} {{ {m.text[names[0].lo : last.hi]} }}"
    lo, hi = m.made("{", path[-1].hi), m.made("}", last.hi)
    if not m.push(m.keyword("import", first), *path, lo, *names, hi):
        return False
    m.say(
        "RFT0110",
        "an import names its module first",
        Token("", "", first.lo, last.hi),
        f"write `{text}`",
        edits=[(first.lo, last.hi, text)],
    )
    m.at = index
    return True


def _lambda(m: Mender) -> bool:
    token = m.token
    if not m.machine.takes(m.stack, "STRING"):
        return False
    index, level = m.at, 0
    line = m.line_of(token)
    while m.tokens[index].type != "$END":
        kind = m.tokens[index].type
        if level == 0 and (kind in ("COMMA", "RPAR", "RSQB", "RBRACE") or m.line_of(m.tokens[index]) != line):
            break
        level += kind in ("LPAR", "LSQB", "LBRACE")
        level -= kind in ("RPAR", "RSQB", "RBRACE")
        index += 1
    m.say(
        "RFT0110",
        "there is no `lambda`: a function is not a value",
        Token("", "", token.lo, m.tokens[index - 1].hi),
        "values are data, so that they can be stored",
        helps=["write a `fn` with a name, or a comprehension: `[x + 1 for x in xs if x > 0]`"],
    )
    m.skip(index - m.at)
    m.put("")
    return True


_SPECIAL = {
    "elif": _elif,
    "elseif": _elif,
    "elsif": _elif,
    "case": _case,
    "default": _case,
    "otherwise": _case,
    "else": _case,
    "pass": _pass,
    "async": _async,
    "from": _from,
    "lambda": _lambda,
}
