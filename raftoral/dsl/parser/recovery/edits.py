"""Small repairs by trial: put a token in, leave one out, or take it for another one.

Every candidate is tried on the stack; the one after which most of the text fits wins. The words of the message come
from the repair and from the construct around it, never from the list of what the grammar would accept.
"""

from __future__ import annotations

from ...syntax import Token
from . import words
from .layout import lacks_opening

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .mender import Mender

LOOK = 8  # tokens that should fit after a repair
ENOUGH = 3.0

# What may be put in or taken instead, with what it costs: the dearer, the more must fit afterwards.
SINGLE: dict[str, float] = {
    "=": 0.0, ":": 0.0, ",": 0.0, ")": 0.2, "{": 0.3, "}": 1.0, "]": 0.2, "->": 0.0, "=>": 0.0, "(": 1.4, "in": 0.0,
    "then": 0.0, "as": 0.6, "version": 0.3, "from": 0.6, "on": 0.6, "..": 1.2, ".": 1.2, "": 1.0, "T": 1.0, "1": 1.5,
    '""': 1.5, "else": 1.0, "times": 0.5, "do": 1.0,
}  # fmt: skip
# Put in only: several at once, and words that begin a statement.
OTHERS: dict[tuple[str, ...], float] = {
    (")", ")"): 1.0, (")", "}"): 1.4, (")", "{"): 1.0, ("=", ""): 1.5, (":", "T"): 1.5, ("->", "T"): 1.5,
    ("(", ")"): 0.8, ("{", "}"): 1.5, ("else", ""): 1.2, ("=>", ""): 1.6, ("", ")"): 1.5, ("]", ")"): 1.0,
    ("", "="): 1.5, ("", ":"): 1.5, ("", "("): 2.0, ("with",): 1.2, ("for",): 1.2, ("|",): 1.2, ("if",): 1.4,
    ("while",): 1.6, ("match",): 1.6, ("log",): 1.8, ("fail",): 1.8, ("return",): 1.8, ("catch",): 1.4,
    ("assert",): 1.6, ("sleep",): 1.8, ("let",): 1.2, ("signal",): 1.5, ("after",): 1.0,
}  # fmt: skip
CLOSER = {")": "(", "]": "[", "}": "{"}


class Choice:
    """A repair and how well it does: put `put` in, after leaving out `skip` tokens (and `back` that came out)."""

    __slots__ = ("back", "put", "score", "skip")

    def __init__(self, score: float, put: tuple[str, ...], skip: int, back: int = 0) -> None:
        self.score = score
        self.put = put
        self.skip = skip
        self.back = back


def small_repair(m: Mender) -> bool:
    """The best small repair, if one is good enough."""
    best = _best(m)
    if best is None or best.score < ENOUGH:
        return False
    _apply(m, best)
    return True


def _best(m: Mender) -> Choice | None:
    at = m.before().hi
    best: Choice | None = None
    for choice in _choices(m):
        put = [m.made(text, at) for text in choice.put]
        stack = m.stack if not choice.back else m.stack_before(choice.back)
        if stack is None:
            continue
        fits = m.survives(put, choice.skip, LOOK, stack)
        if fits < 0:
            continue
        choice.score += fits
        if best is None or choice.score > best.score:
            best = choice
    return best


def _choices(m: Mender) -> list[Choice]:
    token, before = m.token, m.before()
    newline = "\n" in m.text[before.hi : token.lo]
    lacking = newline and token.type in ("NAME", "RETURN_END") and lacks_opening(m)
    single = {text: cost for text, cost in SINGLE.items() if text != "in" or _in_loop(m)}
    choices = [
        Choice(-cost - _oddness(m, text) + 2 * (lacking and text == "{"), (text,), 0) for text, cost in single.items()
    ]
    choices += [Choice(-cost - _oddness(m, put[0]), put, 0) for put, cost in OTHERS.items()]
    if token.type != "$END":
        twice = token.text == before.text and token.type == before.type
        first = m.begins_line(m.at)
        choices.append(Choice(0.3 if twice else -0.9 if first else -0.6, (), 1))
        if before.hi > before.lo:
            choices.append(Choice(-0.8, (), 0, 1))
        if m.ahead().type != "$END":
            choices.append(Choice(-1.7, (), 2))
        extra = 0.7 if token.type in ("NAME", "TNAME", "STRING", "INT") else 0.4
        if token.text in words.STARTERS or token.text in words.DECLARATIONS:
            extra += 1.0 + m.begins_line(m.at)
        choices += [Choice(-cost - extra - 0.3, (text,), 1) for text, cost in single.items() if text != token.text]
        if before.hi > before.lo and before.type not in ("NAME", "TNAME", "STRING"):
            choices += [Choice(-cost - 1.3, (text,), 0, 1) for text, cost in single.items() if text != before.text]
    return choices


def _in_loop(m: Mender) -> bool:
    """Whether an `in` may be missing: as an operator it never is."""
    return any(token.text == "for" for token in m.out[-8:])


def twice(m: Mender) -> bool:
    """The same token twice, for no reason: here, or earlier on this line."""
    line = m.line_of(m.token)
    for back in range(1, 14):
        stack = m.stack_before(back)
        first = m.before(back)
        second = m.before(back - 1) if back > 1 else m.token
        if stack is None or m.line_of(second) != line:
            break
        if first.text != second.text or first.hi == first.lo or first.text in CLOSER:
            continue
        rest = m.out[len(m.out) - back + 1 :]
        word = second.text in words.STARTERS or second.text in words.DECLARATIONS
        least = 2 if word and back == 1 else 5
        if m.survives([second, *rest[1:]] if back > 1 else [first], 0 if back > 1 else 1, least, stack) < least:
            continue
        m.back(back - 1)
        _say_extra(m, m.token, Choice(0, (), 1))
        m.skip()
        return True
    return False


def _oddness(m: Mender, text: str) -> float:
    """How little the layout speaks for putting this in."""
    newline = "\n" in m.text[m.before().hi : m.token.lo]
    if text == "{":
        return 0.0 if newline or m.token.type in ("NAME", "RETURN_END") else 0.5
    if text in (")", "]") and not newline:
        return 0.3 if m.token.type not in ("LBRACE", "RBRACE") and not m.ends_line(m.at) else 0.0
    if newline and text in (",", "."):
        return 0.2
    return 0.0


def _apply(m: Mender, choice: Choice) -> None:
    if choice.back:
        left_out = m.before(choice.back)
        m.back(choice.back)
        _say(m, choice, left_out)
        m.skip(choice.back)
    else:
        _say(m, choice, m.token)
        if choice.skip:
            m.skip(choice.skip)
    at = m.before().hi
    m.push(*[m.made(text, at) for text in choice.put])


# --- words ----------------------------------------------------------------------------------------------------


def _say(m: Mender, choice: Choice, bad: Token) -> None:
    if choice.put and not (choice.skip or choice.back):
        _say_missing(m, choice.put)
    elif choice.put:
        _say_instead(m, choice.put, bad)
    else:
        _say_extra(m, bad, choice)


def _say_missing(m: Mender, put: tuple[str, ...]) -> None:
    before = m.before()
    after = words.shown(before.text) or "the start of the file"
    wanted = {"": "a name", "T": "a type", "1": "a number", '""': "a string"}.get(put[0])
    if wanted == "a name" and m.machine.takes(m.stack, "STRING"):
        wanted = "a value"
    if wanted is not None:
        m.say(
            "RFT0103",
            f"expected {wanted} after `{after}`",
            before,
            f"{wanted} is missing behind this",
        )
        return
    text = put[0] if put[-1] in ("", "T") or len(put) == 1 else " ".join(put)
    label, notes = _why(m, put[0], before)
    also = []
    if put[0] in CLOSER:
        opener = _opener(m, CLOSER[put[0]])
        if opener is not None:
            also = [(opener, "opened here")]
    shown = words.shown(text)
    m.say(
        "RFT0103",
        f"expected `{shown}` after `{after}`",
        before,
        label,
        also=also,
        notes=notes,
        edits=[(before.hi, before.hi, _spaced(text, put))],
        applicability="sketch" if put[-1] in ("", "T") else "likely",
    )


def _spaced(text: str, put: tuple[str, ...]) -> str:
    if text[0] in ":,)].(":
        return text + (" ..." if put[-1] in ("", "T") and len(put) > 1 else "")
    return " " + text + (" ..." if put[-1] in ("", "T") and len(put) > 1 else "")


def _why(m: Mender, text: str, before: Token) -> tuple[str, list[str]]:
    """The label and the note for a missing token."""
    word = m.before(2).text
    if text == ":":
        if before.text in words.POLICIES:
            return "this policy has no `:`", ["policies are written `name: value`, like record fields"]
        return f"`{before.text}` has no `:`", ["what has a name and a value is written `name: value`"]
    if text == "=":
        if word in ("let", "var", "checkpoint", "const"):
            return f"the value of `{before.text}` follows after `=`", []
        return "the value follows after `=`", []
    if text == ",":
        return "a comma is missing behind this", ["arguments and items are separated by commas"]
    if text == "{":
        return "the block opens behind this", ["blocks are written with braces"]
    if text == "->":
        return "the result type follows after `->`", []
    if text == "=>":
        return "what the arm does follows after `=>`", []
    if text == "in":
        return "a loop is written `for item in items`", []
    if text == "then":
        return "an `if` with a value is written `if c then a else b`", []
    if text in ")]":
        return f"a `{text}` is missing behind this", []
    return f"`{text}` is missing behind this", []


def _opener(m: Mender, text: str) -> Token | None:
    """The innermost open bracket."""
    kind = m.machine.marks[text]
    stack = m.stack
    while stack[1] is not None:
        if m.machine.symbol(stack) == kind:
            return m.out[stack[2]] if stack[2] < len(m.out) else None
        stack = stack[1]
    return None


def _say_instead(m: Mender, put: tuple[str, ...], bad: Token) -> None:
    before = m.before()
    after, text = words.shown(before.text), put[0]
    wanted = {"": "a name", "T": "a type", "1": "a number", '""': "a string"}.get(text)
    if wanted == "a name" and m.machine.takes(m.stack, "STRING"):
        wanted = "a value"
    shown = wanted or f"`{text}`"
    m.say(
        "RFT0103",
        f"expected {shown} after `{after}`" if after else f"expected {shown}",
        bad,
        f"here stands `{words.shown(bad.text)}`",
        notes=_why(m, text, before)[1] if wanted is None else [],
        edits=None if wanted else [(bad.lo, bad.hi, text)],
    )


def _say_extra(m: Mender, bad: Token, choice: Choice) -> None:
    before = m.before()
    text = words.shown(bad.text)
    edits = [(bad.lo, bad.hi, "")] if choice.skip + choice.back == 1 else None
    if bad.text in CLOSER:
        opener = CLOSER[bad.text]
        label = f"there is no `{opener}` for it"
        m.say("RFT0103", f"this `{text}` closes nothing", bad, label, edits=edits)
    elif bad.text == before.text or (choice.back and bad.text == m.ahead().text):
        m.say("RFT0103", f"`{text}` stands here twice", bad, "one of them is enough", edits=edits)
    elif bad.text in ("(", "[", "{"):
        m.say(
            "RFT0103",
            f"this `{text}` does not fit here",
            bad,
            "nothing can be opened here",
            edits=edits,
        )
    else:
        behind = words.shown(before.text)
        label = f"this cannot follow `{behind}`" if behind else "nothing like this begins a file"
        m.say("RFT0103", f"`{text}` does not fit here", bad, label, edits=edits)
