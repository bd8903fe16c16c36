"""Which Python behind an `extern` is taken for pure (RFT0505), and what is said of the rest."""

from __future__ import annotations

import ast
import os

import pytest

from raftoral.dsl.diagnostics import Problems
from raftoral.dsl.diagnostics.render.human import one
from raftoral.dsl.effects.purity import check_externs
from raftoral.dsl.effects.python import allowed
from raftoral.dsl.facts import Interface
from raftoral.dsl.parser import parse
from raftoral.dsl.scope import Scope
from raftoral.dsl.source import Source
from tests.house.laws import ROOT, read

PURE = """rft 1
module shop.pricing

extern "shop.rates" {
  fn convert(amount: decimal, to: str) -> decimal
}
"""


def problems(text, files):
    """What `check_externs` says of the .rft `text` with these Python files."""
    source = Source("shop/pricing.rft", text)
    found = Problems(source)
    parsed = parse(source, found)

    def python(name):
        stem = name.replace(".", "/")
        for path in (f"{stem}.py", f"{stem}/__init__.py"):
            if path in files:
                return Source(path, files[path])
        return None

    check_externs(Scope(parsed, Interface("shop.pricing", source), found), python)
    assert {problem.code for problem in found.found} <= {"RFT0505"}
    return found.sorted()


def rows(rates, **others):
    """The first note, without the reasons: the lines that are not pure."""
    files = {"shop/rates.py": rates, **{k.replace("__", "/") + ".py": v for k, v in others.items()}}
    found = problems(PURE, files)
    assert len(found) <= 1
    return found[0].notes[0].split("\n") if found else []


# --- functions of one line or a few ---------------------------------------------------------------
# Each is the body of `def convert(amount, to)`, with what stands before it after a line `---`.

PURE_BODIES = [
    "return amount",
    "return amount * Decimal('0.2')\n---\nfrom decimal import Decimal",
    "return math.floor(amount) + math.fsum(to) + math.sqrt(2)\n---\nimport math",
    "return RATES.get(to, 0)\n---\nRATES = {'a': 1}",
    "return RATES[to][0]\n---\nRATES = {}\nfor each in 'ab':\n    RATES[each] = (1, 2)\nRATES.update(c=(3, 4))",
    "return round(amount, 2) ** 2 + 10 ** PLACES + pow(3, 4)\n---\nPLACES = 6",
    "return pow(amount, to, 97)",
    "return sorted(set(to)) + [len({1}), min({1, 2}), max(set(to)), sum(frozenset(to))]",
    "return to in {'a', 'b'} and all(x for x in {1, 2}) and sorted(x.strip() for x in set(to))",
    "return {x for x in set(to)} | {*set(to)} == set()",
    "seen = set()\nfor c in to:\n    if c in seen: return 1\n    seen.add(c)\nreturn 0",
    "items = set(to)\nitems = sorted(items)\nreturn [x for x in items]",
    "return sum(x for x in to)",
    "return sum(int(c) for c in to)",
    "out = []\nfor c in to:\n    out.append(c)\nout[0] = 1\nreturn out",
    "row = dict(ROWS[0])\nrow['a'] = 2\nrows = list(ROWS)\nrows.append(row)\nreturn rows\n---\nROWS = [{'a': 1}]",
    "out = []\ndef walk(x):\n    out.append(x)\nwalk(to)\nreturn out",
    "return to.encode('ascii').upper().decode()",
    "return hashlib.sha256(to.encode()).hexdigest().upper()\n---\nimport hashlib",
    "return to.strip().split(',')[0].replace('a', 'b').startswith('x')",
    "return re.sub(r'[^A-Z0-9]', '', to)\n---\nimport re",
    "return bool(re.fullmatch(r'\\d+\\w', to, re.ASCII | re.IGNORECASE))\n---\nimport re",
    "return PATTERN.match(to)\n---\nimport re\nPATTERN = re.compile(r'\\w+', flags=re.A)",
    "return re.match(PATTERN, to)\n---\nimport re\nPATTERN = re.compile(r'(?a)\\w+\\\\d')",
    "return re.match(f'{WORD}|{re.escape(to)}' + r'\\s', to)\n---\nimport re\nWORD = '[a-z]'",
    "return re.match(br'\\w', to)\n---\nimport re",
    "return (day + timedelta(days=30)).isoformat()\n---\nfrom datetime import date, timedelta\nday = date(2024, 1, 1)",
    "return datetime.fromtimestamp(amount, tz=UTC)\n---\nfrom datetime import UTC, datetime",
    "return amount.timestamp() + amount.today + amount.astimezone(to).day",
    "return f'{amount:.2f} {to!r:>10} {amount:%Y-%m-%d} {amount:.1%}' + to.strftime('%d.%m.%Y')",
    "with localcontext() as c:\n    c.prec = 4\n    return +amount\n---\nfrom decimal import localcontext",
    "try:\n    return int(to)\nexcept (ValueError, KeyError) as error:\n    raise LookupError(str(error)) from error",
    "return [x for g in ([1], [2]) for x in g if (y := x)][:y]",
    "return max(to, key=lambda c: c + 'a')",
    "return reduce(operator.add, map(itemgetter(0), to))\n---\nfrom functools import reduce\n"
    "import operator\nfrom operator import itemgetter",
    "return Money(amount).double().amount\n---\nfrom dataclasses import dataclass, field\n@dataclass(frozen=True)\n"
    "class Money:\n    amount: object\n    tags: list = field(default_factory=list)\n"
    "    def __post_init__(self):\n        object.__setattr__(self, 'amount', 1)\n"
    "    def double(self):\n        return Money(self.amount * 2)",
    "return Band.HIGH.value\n---\nfrom enum import Enum\nclass Band(str, Enum):\n    HIGH = 'high'",
    "return helper(to)\n---\ndef helper(n):\n    return 1 if n == 0 else convert(n - 1, n)",
    "return list(pairs(to))\n---\ndef pairs(xs):\n    yield from zip(xs, xs[1:])",
    "return slow(amount)\n---\nfrom functools import lru_cache\n@lru_cache(maxsize=9)\ndef slow(x):\n    return x + 1",
    "return cast('Decimal', amount)\n---\nfrom __future__ import annotations\nfrom typing import TYPE_CHECKING, cast\n"
    "if TYPE_CHECKING:\n    import requests",
    "return amount\n---\nimport requests\nimport time\ndef other():\n    return requests.get(time.time())",
    "return amount\n---\nif __name__ == '__main__':\n    print(convert(1, 2))",
    "value: requests.Response = amount\nreturn value\n---\nimport requests",
    "match to:\n    case {'a': x, **rest}:\n        return x, rest\n    case [first, *more]:\n"
    "        return first, more\n    case _ as other:\n        return other",
    "return collections.Counter(to).most_common(1), collections.abc.Sized\n---\nimport collections.abc",
    "return ' '.join(str(x) for x in sorted(to | {1})) + str(Plain)\n---\nfrom string import digits as Plain",
    "total = 0\ntotal += amount\nreturn total",
    "return Ledger.add(amount, to)\n---\nclass Ledger:\n    @staticmethod\n    def add(a, b):\n        return a + b",
    "x = STOCK[to]\nx = x + 1\nreturn x\n---\nSTOCK = {}",
    "return zlib.crc32(to.encode()), bisect.bisect([1, 2], amount), heapq.nsmallest(2, to)\n---\n"
    "import bisect, heapq, zlib",
    "return to\n---\nimport logging\nlog = logging.getLogger()",
    "return first({1, 2})\n---\ndef first(xs):\n    xs = sorted(xs)\n    return [x for x in xs]",
    "return ceil(amount)\n---\nfrom math import *",
]


def module(text):
    body, _, before = text.partition("\n---\n")
    indented = "".join(f"    {line}\n" for line in body.split("\n"))
    return f"{before}\ndef convert(amount, to):\n{indented}"


@pytest.mark.parametrize("text", PURE_BODIES)
def test_pure(text):
    assert rows(module(text)) == []


# (body, the reason of the last row)
IMPURE_BODIES = [
    ("return requests.get(to)\n---\nimport requests", ""),
    ("return get(to)\n---\nfrom requests import get", ""),
    ("import requests\nreturn requests.get(to)", ""),
    ("return time.time()\n---\nimport time", "reads the clock"),
    ("return now()\n---\nfrom time import time as now", "reads the clock"),
    ("return random.random()\n---\nimport random", "is another value on every node"),
    ("return path.exists(to)\n---\nimport os.path as path", "asks the machine"),
    ("return sleep\n---\nfrom time import sleep", "reads the clock"),
    ("return sorted(to, key=choice)\n---\nfrom random import choice", "is another value on every node"),
    ("return open(to).read()", "reaches outside the function"),
    ("print(to)", "reaches outside the function"),
    ("return eval(to)", "hides what it uses"),
    ("return getattr(amount, to)", "hides what it uses"),
    ("return hash(to)", "differs from process to process"),
    ("return id(to)", "differs from process to process"),
    ("return to.__class__.__subclasses__()", "hides what it uses"),
    ("return __file__", "asks the machine"),
    ("return nothing_of_the_kind(to)", "nothing here is called `nothing_of_the_kind`"),
    ("return math.exp(amount)\n---\nimport math", allowed.LIBM),
    ("return log(2)\n---\nfrom math import log", allowed.LIBM),
    ("return math.sumprod(to, to)\n---\nimport math", "does not exist in Python 3.11"),
    ("return list(itertools.batched(to, 2))\n---\nimport itertools", "does not exist in Python 3.11"),
    ("use = math\nreturn use.exp(1)\n---\nimport math", "hides what it uses"),
    ("return amount ** to", allowed.POWER),
    ("return amount ** 0.5", allowed.POWER),
    ("return amount ** -1", allowed.POWER),
    ("return pow(amount, to)", allowed.POWER),
    ("amount **= to", allowed.POWER),
    ("return sum([0.1] * 10)", allowed.FLOAT_SUM),
    ("return sum(float(x) for x in to)", allowed.FLOAT_SUM),
    ("return to.upper()", f"{allowed.UNICODE}; `.encode().upper()` is ASCII only"),
    ("return [c for c in to if c.isdecimal()]", allowed.UNICODE),
    ("return sorted(to, key=str.casefold)", allowed.UNICODE),
    ("return re.match(r'a\\\\\\w', to)\n---\nimport re", f"`\\w`: {allowed.UNICODE}; add re.ASCII"),
    ("return re.compile('[a-z]', re.I).match(to)\n---\nimport re", f"{allowed.UNICODE}: add re.ASCII"),
    ("return re.match(to, 'x')\n---\nimport re", "this pattern cannot be read from the source: add re.ASCII"),
    ("return map(re.match, to)\n---\nimport re", "hides what it uses"),
    ("return date.today()\n---\nfrom datetime import date", "reads the clock"),
    ("return datetime.datetime.now(datetime.UTC)\n---\nimport datetime", "reads the clock"),
    ("return amount.now()", "reads the clock"),
    ("return datetime.fromtimestamp(1)\n---\nfrom datetime import datetime", allowed.ZONE),
    ("return datetime(2024, 1, 1).timestamp()\n---\nfrom datetime import datetime", allowed.ZONE),
    ("t = datetime(2024, 1, 1)\nreturn t.timestamp()\n---\nfrom datetime import datetime", allowed.ZONE),
    ("return amount.astimezone()", "without tz it uses the machine's time zone"),
    ("return amount.strftime('%A')", "follows the machine's locale and C library"),
    ("return amount.strftime(to)", "follows the machine's locale and C library"),
    ("return f'{amount:n}'", "follows the machine's locale and C library"),
    ("return f'{amount:%d %B}'", "follows the machine's locale and C library"),
    ("return format(amount, 'n')", "follows the machine's locale and C library"),
    ("getcontext().prec = 6\n---\nfrom decimal import getcontext", allowed.CONTEXT),
    ("return localcontext()\n---\nfrom decimal import localcontext", allowed.CONTEXT),
    ("try:\n    return convert(1, 2)\nexcept RecursionError:\n    return 0", allowed.STACK),
    # sets
    ("for x in {1, 2}:\n    return x", allowed.SET_ORDER),
    ("return [x for x in set(to)]", allowed.SET_ORDER),
    ("return {x: 1 for x in set(to)}", allowed.SET_ORDER),
    ("return list(frozenset(to))", allowed.SET_ORDER),
    ("return ', '.join({'a', 'b'})", allowed.SET_ORDER),
    ("seen = set()\nseen |= {1}\nreturn tuple(seen)", allowed.SET_ORDER),
    ("a = set(to)\nb = a - {1}\nreturn next(iter(b))", allowed.SET_ORDER),
    ("first, *_ = set(to)\nreturn first", allowed.SET_ORDER),
    ("return [*set(to)]", allowed.SET_ORDER),
    ("return set(to).pop()", allowed.SET_ORDER),
    ("return str(set(to))", allowed.SET_ORDER),
    ("return f'{set(to)}'", allowed.SET_ORDER),
    ("return list(KNOWN)\n---\nKNOWN = {'a', 'b'}", allowed.SET_ORDER),
    ("return [x for x in amount.keys() & to.keys()]", allowed.SET_ORDER),
    ("return list(tags(to))\n---\ndef tags(x) -> set[str]:\n    return {x}", allowed.SET_ORDER),
    ("return sorted(set(to), key=len)", allowed.TIES),
    ("if to:\n    xs = set(to)\nelse:\n    xs = []\nreturn list(xs)", allowed.SET_ORDER),
    ("return first({'a', 'b'})\n---\ndef first(xs):\n    for x in xs:\n        return x", allowed.SET_ORDER),
    ("return itertools.chain(set(to))\n---\nimport itertools", allowed.SET_ORDER),
    ("yielded = (x for x in {1, 2})\nreturn yielded", allowed.SET_ORDER),
    # what outlives the call
    ("global total\ntotal = amount\n---\ntotal = 0", "writes the global `total`"),
    ("global total\ntotal += 1\n---\ntotal = 0", "writes the global `total`"),
    ("SEEN.append(to)\n---\nSEEN = []", "changes the global `SEEN`"),
    ("SEEN[to] = 1\n---\nSEEN = {}", "changes the global `SEEN`"),
    ("del SEEN[to]\n---\nSEEN = {}", "changes the global `SEEN`"),
    ("SEEN[to] += 1\n---\nSEEN = {}", "changes the global `SEEN`"),
    ("SEEN.setdefault(to, []).append(1)\n---\nSEEN = {}", "changes the global `SEEN`"),
    ("alias = SEEN\nalias[to] = 1\n---\nSEEN = {}", "changes the global `SEEN`"),
    ("for row in SEEN:\n    row.append(1)\n---\nSEEN = [[]]", "changes the global `SEEN`"),
    ("for _, row in enumerate(SEEN):\n    row['a'] = 1\n---\nSEEN = [{}]", "changes the global `SEEN`"),
    ("rows = SEEN\nrows += [1]\n---\nSEEN = []", "changes the global `SEEN`"),
    ("convert.calls = 1", "changes the global `convert`"),
    ("return next(NUMBERS)\n---\nimport itertools\nNUMBERS = itertools.count()", "changes the global `NUMBERS`"),
    ("heapq.heappush(SEEN, to)\n---\nimport heapq\nSEEN = []", "changes the global `SEEN`"),
    ("put(SEEN, to)\n---\nSEEN = {}\ndef put(d, x):\n    d[x] = 1", "lets `put` change the global `SEEN`"),
    ("decimal.DefaultContext.prec = 3\n---\nimport decimal", "changes the global `decimal`"),
    (
        "COUNTER.bump()\n---\nclass Counter:\n    n = 0\n    def bump(self):\n        self.n += 1\nCOUNTER = Counter()",
        "changes the global `COUNTER`",
    ),
    (
        "return Box().put(to)\n---\nclass Box:\n    seen = []\n    def put(self, x):\n        self.seen.append(x)",
        "changes `seen`, which all instances share; used by convert",
    ),
    (
        "return remember(to)\n---\ndef remember(x, seen=[]):\n    seen.append(x)\n    return seen",
        "keeps its changes of `seen` for the next call; called by convert",
    ),
    (
        "return count()\n---\ndef make():\n    n = [0]\n    def tick():\n        n[0] += 1\n        return n[0]\n"
        "    return tick\ncount = make()",
        "keeps its changes of `n` for the next call; called by convert through count",
    ),
    (
        "return RATE\n---\nRATE = 1\ndef set_rate(x):\n    global RATE\n    RATE = x",
        "writes the global `RATE`, which convert reads",
    ),
    (
        "return SEEN.get(to)\n---\nSEEN = {}\nclass Shop:\n    def put(self, x):\n        SEEN[x] = 1",
        "writes the global `SEEN`, which convert reads",
    ),
    ("n = 0\ndef tick():\n    nonlocal n\n    n += 1\ntick()\nreturn n", "writes `n` of the function around it"),
    ("return amount * RATE\n---\nimport os\nRATE = os.environ['RATE']", "asks the machine; used by convert"),
    (
        "return f()\n---\nimport sys\nif sys.platform == 'x':\n    def f(): pass\nelse:\n    def f(): pass",
        "asks the machine; used by convert",
    ),
    ("return str(helper)\n---\ndef helper():\n    pass", "shows an address, which differs from process to process"),
    ("return f'{Plain()}'\n---\nclass Plain:\n    pass", "shows an address, which differs from process to process"),
    ("async def inner():\n    await x\nreturn inner\n---\nx = 1", "nothing can be awaited inside a transition"),
    (
        "return A()\n---\nclass A:\n    def __del__(self):\n        pass",
        "runs when the garbage collector comes by; used by convert",
    ),
    (
        "return later(to)\n---\nimport time\ndef later(x):\n    return lambda: time.time()",
        "reads the clock; called by convert",
    ),
]


@pytest.mark.parametrize(("text", "why"), IMPURE_BODIES)
def test_not_pure(text, why):
    found = rows(module(text))
    assert found, "nothing was found"
    assert any(row.partition("   ")[2].strip() == why or (not why and "   " not in row) for row in found), found


# --- other files of the user's --------------------------------------------------------------------


def test_calls_are_followed_through_files():
    found = rows(
        "from shop.web import fetch\n\n\ndef convert(amount, to):\n    return fetch(to)\n",
        shop__web="from . import net\n\n\ndef fetch(to):\n    return net.ask(to)\n",
        shop__net="import socket\n\n\ndef ask(to):\n    return socket.socket(to)\n",
    )
    assert found == [
        "shop/net.py:1  import socket",
        "shop/net.py:5  return socket.socket(to)   called by convert through fetch",
    ]


@pytest.mark.parametrize(
    "first",
    [
        "from shop.money import half",
        "from .money import half",
        "from . import money\nhalf = money.half",
        "import shop.money\nhalf = shop.money.half",
        "import shop.money as m\nhalf = m.half",
        "from shop import money\n\n\ndef half(x): return money.half(x)",
        "from shop.money import *",
        "def half(x):\n    from .money import half as h\n    return h(x)",
    ],
)
def test_each_way_to_import(first):
    text = first + "\n\n\ndef convert(amount, to):\n    return half(amount)\n"
    assert rows(text, shop__money="def half(x):\n    return x / 2\n") == []
    (row,) = rows(text, shop__money="def half(x):\n    return id(x)\n")
    assert row.startswith("shop/money.py:2  return id(x)")


def test_a_package_and_its_modules():
    files = {
        "shop/rates/__init__.py": "from .inner import convert\n",
        "shop/rates/inner.py": "def convert(amount, to):\n    return input()\n",
    }
    (problem,) = problems(PURE, files)
    assert problem.notes[0] == "shop/rates/inner.py:2  return input()   reaches outside the function"


def test_circles_end():
    a = "import shop.other\n\n\ndef convert(amount, to):\n    return shop.other.back(amount)\n"
    b = "from shop.rates import convert\n\n\ndef back(x):\n    return convert(x, x)\n"
    assert rows(a, shop__other=b) == []
    assert rows("from shop.other import convert\n", shop__other="from shop.rates import convert\n") != []


def test_a_name_that_the_other_file_lacks():
    (row,) = rows("from shop.m import f\ndef convert(a, b):\n    return f(a)\n", shop__m="g = 1\n")
    assert row == "shop/rates.py:3  return f(a)   there is no `f` in shop/m.py"


def test_a_file_that_is_not_python_further_on():
    text = "from shop.m import f\ndef convert(a, b):\n    return f(a)\n"
    first, second = rows(text, shop__m="x = 1\ndef f(:\n")
    assert first.startswith("shop/rates.py:3  return f(a)")
    assert second.startswith("shop/m.py:2      def f(:   is not Python: ")


def test_three_lines_are_shown_and_the_rest_is_counted():
    found = rows("def convert(a, b):\n" + "    print(a)\n" * 6)
    assert [row[:15] for row in found] == ["shop/rates.py:2", "shop/rates.py:3", "shop/rates.py:4", "and 3 more line"]


def test_a_long_line_is_cut():
    (row,) = rows("def convert(a, b):\n    print(" + "a + " * 50 + "b)\n")
    assert "…   reaches outside" in row
    assert len(row) < 120


# --- the declaration against the function ---------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "headline"),
    [
        ("def convert(x, y)", ""),
        ("def convert(x, /, y, z=1)", ""),
        ("def convert(*xs)", ""),
        ("def convert(x, *xs, z=1)", ""),
        ("def convert()", "`shop.rates.convert` takes 0 arguments, not 2"),
        ("def convert(x)", "`shop.rates.convert` takes 1 argument, not 2"),
        ("def convert(x=1)", "`shop.rates.convert` takes 0 to 1 arguments, not 2"),
        ("def convert(x, y, z)", "`shop.rates.convert` takes 3 arguments, not 2"),
        ("def convert(x, y, z, *a)", "`shop.rates.convert` takes 3 or more arguments, not 2"),
        ("def convert(x, y, *, z)", "`shop.rates.convert` wants `z` by name"),
        ("async def convert(x, y)", "`shop.rates.convert` is not a plain function"),
        ("@wrap\ndef convert(x, y)", "`shop.rates.convert` is not a plain function"),
        ("import functools\n@functools.cache\ndef convert(x, y)", ""),
        ("from functools import lru_cache as c\n@c(maxsize=3)\ndef convert(x, y)", ""),
        ("class convert", "`shop.rates.convert` is not a plain function"),
        ("convert = 1\nif True", "`shop.rates.convert` is not a plain function"),
        ("from os import convert\nif True", "`shop.rates.convert` is not a plain function"),
        ("class A:\n  def convert(x, y): pass\nif True", "there is no function `convert` in shop/rates.py"),
        ("def converts(x, y)", "there is no function `convert` in shop/rates.py"),
    ],
)
def test_the_signature(head, headline):
    found = problems(PURE, {"shop/rates.py": head + ":\n    pass\n"})
    assert [problem.headline for problem in found] == ([headline] if headline else [])


def test_a_generator_gives_no_value():
    found = problems(PURE, {"shop/rates.py": "def convert(x, y):\n    yield x\n"})
    assert "it has a `yield`" in found[0].notes[0]


def test_a_near_name_is_offered():
    (problem,) = problems(PURE, {"shop/rates.py": "def converts(x, y): return 1\n"})
    assert problem.helps == ["there is `converts`"]


def test_trusted_functions_are_passed_over():
    text = PURE.replace("-> decimal\n", "-> decimal trusted\n")
    assert problems(text, {}) == []
    assert problems(text, {"shop/rates.py": "import (\n"}) == []


def test_a_module_that_is_missing_is_said_once():
    text = PURE.replace("}", "  fn back(x: int) -> int\n}")
    (problem,) = problems(text, {})
    assert problem.headline == "there is no Python module `shop.rates`"
    assert problem.primary.text.startswith("no shop/rates.py and no shop/rates/__init__.py below the source root")


@pytest.mark.parametrize("path", ["", "shop/rates", "..", "shop.", "a b", "/etc/passwd", "shop..rates"])
def test_a_path_that_no_module_has_is_not_looked_for(path):
    asked: list[str] = []
    source = Source("a.rft", PURE.replace("shop.rates", path))
    found = Problems(source)
    scope = Scope(parse(source, found), Interface("a", source), found)
    check_externs(scope, lambda name: asked.append(name))
    assert [problem.headline for problem in found.found] == [f"`{path}` is not the path of a Python module"]
    assert asked == []


# --- hostile files --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "import (\n",
        "x = '\0'\n",
        "\ufeffx = 1\n",
        "def convert(a, b):\n  return a\n return b\n",
        "(" * 5000,
        "x = " + "-" * 20000 + "1\n",
        "def convert(a, b):\n    return " + " + ".join(["a"] * 30000) + "\n",
        "def convert(a, b):\n    return a" + ".b" * 30000 + "\n",
        "def convert(a, b):\n    return a" + "()" * 3000 + "\n",
        "def convert(a, b):\n    return " + "[" * 150 + "]" * 150 + "\n",
        "def convert(a, b):\n" + "".join(f"{'  ' * n}if a:\n" for n in range(1, 90)) + "  " * 90 + "pass\n",
        "if a: pass\n" + "elif a: pass\n" * 3000,
        "x = '\\d'\n",
        "\n" * 100000 + "def convert(a, b): return print()\n",
        "# coding: latin-1\ndef convert(a, b): return 'é'\n",
    ],
    ids=range(15),
)
def test_no_text_breaks_it(text):
    for problem in problems(PURE, {"shop/rates.py": text}):
        assert one(problem)


def test_reading_is_bounded():
    chain = "".join(f"def f{n}(x):\n    return f{n + 1}(x)\n" for n in range(2000))
    (row,) = rows(f"{chain}\n\ndef convert(a, b):\n    return f0(a)\n")
    assert "uses more definitions than are read" in row

    asked: list[str] = []

    def python(name):
        asked.append(name)
        number = int(name.rpartition("m")[2] or 0) if name != "shop.rates" else 0
        text = f"from shop.m{number + 1} import convert as c\ndef convert(a, b):\n    return c(a, b)\n"
        return Source(f"{name}.py", text)

    source = Source("a.rft", PURE)
    found = Problems(source)
    check_externs(Scope(parse(source, found), Interface("a", source), found), python)
    assert "more Python than is read" in found.found[0].notes[0]
    assert len(asked) < 100


def test_nothing_is_run(capsys):
    assert rows("print('ran')\nraise SystemExit\n\n\ndef convert(a, b):\n    return a\n") == []
    assert capsys.readouterr().out == ""


# --- whole messages -------------------------------------------------------------------------------


def test_the_message():
    rates = (
        "from decimal import Decimal\n\nimport requests\n\n\ndef fetch(url):\n    return requests.get(url).json()\n\n\n"
        "def convert(amount, to):\n    return amount * Decimal(fetch(to))\n"
    )
    (problem,) = problems(PURE, {"shop/rates.py": rates})
    assert (
        one(problem)
        == """\
error[RFT0505]: `shop.rates.convert` does not look pure
  ┌─ shop/pricing.rft:5:6
  │
4 │ extern "shop.rates" {
5 │   fn convert(amount: decimal, to: str) -> decimal
  │      ^^^^^^^ declared pure here
6 │ }
  │
  = note: shop/rates.py:3  import requests
          shop/rates.py:7  return requests.get(url).json()   called by convert
  = note: an extern function runs inside transitions, on every node and again after a crash
  = help: make it an activity if it talks to the world:
            activity convert(amount: decimal, to: str) -> decimal { timeout: 5s }
  = help: or vouch for it: `fn convert(…) -> decimal trusted` (recorded in raftoral.lock)
"""
    )


def test_the_example_is_pure():
    fns = "fn rate(country: str, reduced: bool) -> decimal? fn number_ok(code: str) -> bool"
    text = f'rft 1\nextern "tax" {{ {fns} }}\n'
    assert problems(text, {"tax.py": read(os.path.join(ROOT, "examples", "tax.py"))}) == []


def test_the_tables_know_only_python():
    """A word in a table that no Python has is a slip of the pen."""
    assert not allowed.BUILTINS & set(allowed.REFUSED_BUILTINS)
    for module, names in allowed.STANDARD.items():
        have = ast.literal_eval(repr(sorted(dir(__import__(module, fromlist=["*"])))))
        assert names <= set(have), module
