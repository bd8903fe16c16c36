"""Words that are nearly right: misspelt keywords, names in the wrong case, types under a foreign name.

Each function looks at the place where `m` is stuck, and either mends it and returns True, or changes nothing.
"""

from __future__ import annotations

from ...diagnostics import Fix
from ...diagnostics.spelling import closest
from ...syntax import Token
from . import words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .machine import Stack
    from .mender import Mender

KINDS = {
    "record": "record", "enum": "enum", "union": "union", "error": "error", "workflow": "workflow",
    "migrate": "workflow", "spawn": "workflow", "raises": "error", "catch": "error", "except": "error",
    "activity": "activity", "fn": "function", "const": "constant", "checkpoint": "checkpoint", "signal": "signal",
    "query": "query", "let": "variable", "var": "variable",
}  # fmt: skip


def spell_keyword(m: Mender) -> bool:
    """`wokflow W` -> `workflow W`; `let hold = 1 compensat do x()`; `Let x = 1`."""
    for back in (0, 1, 2):
        token = m.token if back == 0 else m.before(back)
        stack = m.stack if back == 0 else m.stack_before(back)
        if stack is None or token.type not in ("NAME", "TNAME", "RETURN_END") or token.hi == token.lo:
            continue
        if back and m.line_of(token) != m.line_of(m.token):
            break
        if _spell(m, token, stack, back):
            return True
    return False


def _spell(m: Mender, token: Token, stack: Stack, back: int) -> bool:
    if token.text in m.machine.keywords and token.type == "NAME":
        return False  # spelled right; what is wrong is its place
    possible = [word for word in m.machine.keywords_at(stack) if word != token.text and len(word) > 1]
    word = _nearest(token.text, possible)
    if word is None:
        return False
    put = m.keyword(word, token)
    between = m.out[len(m.out) - back + 1 :] if back else []
    skip = 1 if back == 0 else 0
    least = 2 if len(word) > 3 else 3
    if m.survives([put, *between], skip, 6, stack) < least:
        return False
    if back == 0 and m.line_of(m.ahead()) != m.line_of(token) and m.survives([put], 1, 6) < 4:
        return False
    m.back(back)
    _say_keyword(m, token, word)
    m.push(put)
    m.at += 1
    return True


def _nearest(text: str, possible: list[str]) -> str | None:
    lower = text.lower()
    if lower in possible:
        return lower
    if len(text) < 3:
        near = [word for word in possible if sorted(word) == sorted(lower) and len(word) > 1]
        return near[0] if len(near) == 1 else None
    return closest(text, possible)


def _say_keyword(m: Mender, token: Token, word: str) -> None:
    if token.text.lower() == word:
        headline, label = (
            f"`{token.text}` is written `{word}`",
            "words of the language are lower case",
        )
    else:
        headline, label = f"`{token.text}` is not a word of the language", f"did you mean `{word}`?"
    m.say("RFT0103", headline, token, label, edits=[(token.lo, token.hi, word)])


# --- case -----------------------------------------------------------------------------------------------------


def mend_case(m: Mender) -> bool:
    """`record order`, `workflow process_order`, `let Total = 1`: reads on as if the case were right."""
    for back in (0, 1):
        token = m.token if back == 0 else m.before(back)
        stack = m.stack if back == 0 else m.stack_before(back)
        if stack is None or token.type not in ("NAME", "TNAME") or not token.text:
            continue
        if back and m.line_of(token) != m.line_of(m.token):
            break
        kind = "TNAME" if token.type == "NAME" else "NAME"
        put = Token(kind, token.text, token.lo, token.hi)
        if m.survives([put], 1 if back == 0 else 0, 4, stack) < 2 or _is_bad_trade(m, token, stack):
            continue
        m.back(back)
        _say_case(m, token, kind)
        m.push(put)
        m.at += 1
        return True
    return False


def _is_bad_trade(m: Mender, token: Token, stack: Stack) -> bool:
    """Whether another case of the word is not what is wrong here."""
    if token.type == "NAME":
        if token.text in words.STARTERS or token.text in words.DECLARATIONS:
            return True
        return m.machine.takes(stack, "STRING")  # an expression: it takes both
    return m.machine.takes(stack, "LET")  # a type's name where a statement should begin


def _say_case(m: Mender, token: Token, kind: str) -> None:
    text = token.text
    if m.recased.get(text) == kind:
        return
    word = m.before().text
    what = KINDS.get(word)
    if what is None and kind == "TNAME" and m.machine.accepts(m.stack, "str"):
        _say_type(m, token)
        return
    m.recased[text] = kind
    if kind == "TNAME":
        wanted, style = words.camel(text), "UpperCamelCase"
        group = f"{what or 'type'} names"
        why = "the case of a name tells the parser, and the reader, that it is a type, an error or a workflow"
    else:
        wanted, style = words.snake(text), "lower_snake_case"
        group = f"{what} names" if what else "names of values"
        why = "the case of a name tells the parser, and the reader, that it is not a type"
    m.poisoned.update((text, wanted))
    m.say(
        "RFT0106",
        f"{group} are written in {style}",
        token,
        f"rename it `{wanted}`",
        notes=[why],
        edits=[(token.lo, token.hi, wanted)],
    )


def _say_type(m: Mender, token: Token) -> None:
    """A lower-case name where a type should stand."""
    text = token.text
    m.recased[text] = "TNAME"
    m.poisoned.add(text)
    known = words.TYPE_HABITS.get(text.lower()) or closest(text, sorted(words.PRIMITIVES | words.GENERICS))
    wanted = words.camel(text)
    if known is None or any(t.type == "TNAME" and t.text == wanted for t in m.tokens):
        m.say(
            "RFT0106",
            "type names are written in UpperCamelCase",
            token,
            f"rename it `{wanted}`",
            notes=["the case of a name tells the parser, and the reader, that it is a type, an error or a workflow"],
            edits=[(token.lo, token.hi, wanted)],
        )
        return
    m.say(
        "RFT0202",
        f"there is no type called `{text}`",
        token,
        f"here it is called `{known}`" if text.lower() in words.TYPE_HABITS else f"did you mean `{known}`?",
        notes=["the built-in types are str int float decimal bool bytes duration timestamp uuid unit"],
        edits=[(token.lo, token.hi, known)],
    )


# --- words that cannot be names ---------------------------------------------------------------------------------

BINDERS = frozenset(("let", "var", "for", "as", "checkpoint", "const"))


def reserved_word(m: Mender) -> bool:
    """A variable called `match`: nothing is wrong where it is declared, and nothing fits where it is used."""
    for back in range(4):
        token = m.token if back == 0 else m.before(back)
        if token.type == "NAME" and token.text in words.RESERVED and m.once("reserved " + token.text, 0):
            index = _declared_as(m, token.text)
            if index is not None and m.back_to(index):
                _rename(m, token.text, index)
                return True
    return False


def _declared_as(m: Mender, word: str) -> int | None:
    """Where a variable of this name is declared, above."""
    for index in range(m.at, 0, -1):
        token, before = m.tokens[index], m.tokens[index - 1]
        if token.text != word or token.type != "NAME":
            continue
        after = m.tokens[index + 1].text if index + 1 < len(m.tokens) else ""
        if before.text in BINDERS and after in ("=", ":", "in", "{"):
            return index
        if before.text in ("(", ",") and after == ":" and m.tokens[index + 2].type in ("NAME", "TNAME"):
            return index
        if m.is_top(index):
            break
    return None


def _rename(m: Mender, word: str, index: int) -> None:
    """Reads every use of the variable as `word_`, up to the end of the declaration."""
    first = m.tokens[index]
    edits = []
    for place in range(index, len(m.tokens) - 1):
        token, after = m.tokens[place], m.tokens[place + 1]
        if place > index and m.is_top(place):
            break
        begins = m.begins_line(place) and after.type in ("NAME", "TNAME", "STRING", "INT", "LPAR")
        if token.text != word or token.type == "STRING" or m.tokens[place - 1].type == "DOT" or begins:
            continue
        m.tokens[place] = Token("NAME", word + "_", token.lo, token.hi)
        edits.append((token.lo, token.hi, word + "_"))
    m.poisoned.add(word)
    m.problems.add(
        "RFT0105",
        f"`{word}` is a word of the language and cannot be a name",
        first,
        "a reserved word",
        helps=[f"try `{word}_`, or a name that says what it holds"],
        fix=Fix(edits),
    )
