"""Programs spoiled by chance: a corpus and a source of chance in, bytes out.

Half of the changes are made to bytes, half to words, so that some results get far into the
compiler before they are wrong. Never runs anything.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable

BYTES_MAX = 20_000
WORD = re.compile(r"\s+|#[^\n]*|\"(?:[^\"\\\n]|\\.)*\"?|\w+|[-=]>|\?[?.]|[-+=!<>]=|//|\.\.|.", re.DOTALL)
WORDS = """
rft module import record error enum union const fn extern activity raises workflow version
checkpoint signal query migrate from slot let var do with compensate wait within spawn id send
sleep until log debug info warn assert if else match for in while try catch as finally parallel
settle limit dag after select on return fail give break continue new str int float decimal bool
bytes duration timestamp uuid unit list map handle outcome max then not and or is none true
false some timeout deadline heartbeat grace key queue once retry never times forever backoff
factor step except restart trusted workflow.id now() len sum
"""
KEYWORDS = WORDS.split()
ODD = [
    "\0", "\x1b[31m", "\r", "\r\n", "\t", "\x0b", "\ufeff", "\u2028", "\u202e", "é", "тотал", "😀",
    "\U0010ffff", "\ud7ff", "\u00a0", "\u200b", "ﬁ", "１", "“", "”", "…", "`", "'", "\\", "$", "${",
    "}", "{", "${}", '"', '"""', "##", "# rft: allow", "# rft: retired", ";", "&&", "||", "~", "^",
]  # fmt: skip
NUMBERS = [
    "0", "00", "9223372036854775807", "9223372036854775808", "1" * 400, "1_000_", "1e999", "1e-999",
    "0.0000000000000000000000000000000000001", "1" * 5000, "1.5e", "90sec", "1h30", "99999999999w",
    "16kb", "0s", "1_", "1..2", "0x10", "1.", ".5", "1ms2h", "123456789012345678901234567890.5",
]  # fmt: skip
# What is put around, or before, a place many times over.
NESTS = [
    ("(", ")"), ("[", "]"), ("{1: ", "}"), ("some(", ")"), ("f(", ")"), ("not ", ""), ("-", ""),
    ("1 + ", ""), ("a.", ""), ("if true then ", " else 1"), ("if a { ", " }"), ("if a { } else ", ""),
    ("list[", "]"), ("map[str, ", "]"), ("match x { _ => ", " }"), ("try { ", " }"), ("@a ", ""),
    ("parallel { a: { ", " } }"), ("dag { a: { ", " } }"), ('"${', '}"'), ("[x for x in ", "]"),
    ("x ?? ", ""), ("A | ", ""), ("while a { ", " }"), ("", "!"), ("", "?"), ("", ".a"), ("", "[0]"),
    ("", "()"), ("# ", ""), ("\n", ""), ("{", ""), ("", "}"), ("(", ""), ('"', ""),
]  # fmt: skip

Change = Callable[[random.Random, list[str], list[str]], list[str]]


class Mutator:
    """Makes inputs out of `texts`, the same ones for the same seed."""

    def __init__(self, texts: list[str], seed: int) -> None:
        self.random = random.Random(seed)
        self.texts = texts
        self.words = [WORD.findall(text) for text in texts]

    def next(self) -> bytes:
        """A text with one to four changes."""
        chance = self.random
        words = list(chance.choice(self.words))
        for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 4))):
            words = chance.choice(CHANGES)(chance, words, chance.choice(self.words))
        raw = "".join(words).encode("utf-8", "replace")
        while chance.random() < 0.25:
            raw = _bytes_changed(chance, raw)
        return raw[:BYTES_MAX]


def _spot(chance: random.Random, words: list[str]) -> tuple[int, int]:
    """A short stretch of words."""
    at = chance.randrange(len(words) + 1)
    length = min(len(words) - at, int(chance.paretovariate(0.9)))
    return at, at + length


def _delete(chance: random.Random, words: list[str], other: list[str]) -> list[str]:
    lo, hi = _spot(chance, words)
    return words[:lo] + words[hi:]


def _double(chance: random.Random, words: list[str], other: list[str]) -> list[str]:
    lo, hi = _spot(chance, words)
    return words[:hi] + words[lo:hi] * chance.choice((1, 1, 1, 2, 20)) + words[hi:]


def _swap(chance: random.Random, words: list[str], other: list[str]) -> list[str]:
    (a, b), (c, d) = sorted((_spot(chance, words), _spot(chance, words)))
    b = min(b, c)
    return words[:a] + words[c:d] + words[b:c] + words[a:b] + words[d:]


def _move(chance: random.Random, words: list[str], other: list[str]) -> list[str]:
    lo, hi = _spot(chance, words)
    rest = words[:lo] + words[hi:]
    at = chance.randrange(len(rest) + 1)
    return rest[:at] + words[lo:hi] + rest[at:]


def _splice(chance: random.Random, words: list[str], other: list[str]) -> list[str]:
    """The beginning of one file, the end of another; or a piece of it put in."""
    lo, hi = _spot(chance, words)
    first, last = _spot(chance, other)
    if chance.random() < 0.3:
        return words[:lo] + other[first:]
    return [*words[:lo], " ", *other[first:last], " ", *words[hi:]]


def _insert(chance: random.Random, words: list[str], other: list[str]) -> list[str]:
    at = chance.randrange(len(words) + 1)
    pool = chance.choice((KEYWORDS, KEYWORDS, ODD, NUMBERS, other or KEYWORDS))
    return [*words[:at], " ", chance.choice(pool), " ", *words[at:]]


def _replace(chance: random.Random, words: list[str], other: list[str]) -> list[str]:
    """One word by one of another kind, of the same file, or of nothing that fits."""
    if not words:
        return words
    at = chance.randrange(len(words))
    pool = chance.choice((KEYWORDS, words, words, ODD, NUMBERS, other or KEYWORDS))
    return [*words[:at], chance.choice(pool), *words[at + 1 :]]


def _rename(chance: random.Random, words: list[str], other: list[str]) -> list[str]:
    """Every use of a name becomes another one."""
    names = sorted({word for word in words if word.isidentifier()})
    if not names:
        return words
    old, new = chance.choice(names), chance.choice([*names, *KEYWORDS, "a" * 3000])
    return [new if word == old else word for word in words]


def _truncate(chance: random.Random, words: list[str], other: list[str]) -> list[str]:
    at = chance.randrange(len(words) + 1)
    return words[:at] if chance.random() < 0.7 else words[at:]


def _nest(chance: random.Random, words: list[str], other: list[str]) -> list[str]:
    """Brackets, blocks, operators, to a depth that no person writes."""
    lo, hi = _spot(chance, words)
    before, after = chance.choice(NESTS)
    depth = chance.choice((1, 2, 5, 30, 150, 250, 600, 2000))
    return [*words[:lo], before * depth, *words[lo:hi], after * depth, *words[hi:]]


def _squeeze(chance: random.Random, words: list[str], other: list[str]) -> list[str]:
    """White space elsewhere: lines joined, or broken everywhere."""
    blank = chance.choice((" ", "\n", "\t", "\n\n\n", " \n  "))
    share = chance.choice((0.1, 1.0))
    return [blank if word.isspace() and chance.random() < share else word for word in words]


CHANGES: list[Change] = [
    _delete, _delete, _double, _swap, _move, _splice, _insert, _insert, _replace, _replace, _replace,
    _rename, _truncate, _nest, _squeeze,
]  # fmt: skip


def _bytes_changed(chance: random.Random, raw: bytes) -> bytes:
    """A few bytes deleted, put in, doubled or turned round."""
    at = chance.randrange(len(raw) + 1)
    length = int(chance.paretovariate(1.0))
    kind = chance.randrange(5)
    if kind == 0:
        return raw[:at] + raw[at + length :]
    if kind == 1:
        return raw[:at] + chance.randbytes(min(length, 50)) + raw[at:]
    if kind == 2:
        return raw[: at + length] + raw[at:]
    if kind == 3 and raw:
        at = min(at, len(raw) - 1)
        return raw[:at] + bytes([raw[at] ^ (1 << chance.randrange(8))]) + raw[at + 1 :]
    return raw[:at] + bytes(chance.choices(b" \n\t\"'{}()[]#$\\:,.=-+*/%<>?!@|&^~`;0123", k=3)) + raw[at:]
