"""What pure Python may use, as tables: modules, built-in names, methods; and the reason where it may not.

A reason is the end of a line of a message: `now = time.time()   reads the clock`. Data only.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ANY: frozenset[str] = frozenset()  # everything in the module is allowed, apart from what `REFUSED_MEMBERS` names

# Module -> the names that may be used.
STANDARD: dict[str, frozenset[str]] = {
    "__future__": ANY,
    "base64": ANY,
    "binascii": ANY,
    "bisect": ANY,
    "collections": ANY,
    "collections.abc": ANY,
    "dataclasses": ANY,
    "datetime": ANY,
    "decimal": ANY,
    "enum": ANY,
    "fractions": ANY,
    "functools": ANY,
    "hashlib": ANY,
    "heapq": ANY,
    "hmac": ANY,
    "itertools": ANY,
    "math": _words(
        "ceil comb copysign degrees e fabs factorial floor fmod frexp fsum gcd inf isclose isfinite isinf isnan isqrt "
        "lcm ldexp modf nan nextafter perm pi prod radians remainder sqrt tau trunc ulp"
    ),
    "operator": ANY,
    "re": ANY,
    "string": _words(
        "Template ascii_letters ascii_lowercase ascii_uppercase digits hexdigits octdigits printable punctuation "
        "whitespace"
    ),
    "typing": ANY,
    "zlib": _words("adler32 crc32 decompress error"),
}

CLOCK = "reads the clock"
CHANCE = "is another value on every node"
MACHINE = "asks the machine"
PROCESS = "differs from process to process"
HIDDEN = "hides what it uses"
OUTSIDE = "reaches outside the function"
CONTEXT = "changes how decimals are rounded; use `with localcontext()`"
ZONE = "without tz it uses the machine's time zone"
LOCALE = "follows the machine's locale and C library"
LIBM = "its last digits depend on the platform's C library"
SET_ORDER = "a set has another order in each process: use sorted(…)"
TIES = "the order of the set decides among equals"
UNICODE = "Unicode tables differ between Python versions"
FLOAT_SUM = "floats add up differently since Python 3.12: use math.fsum"
POWER = "powers of floats differ by platform; write the exponent as a whole number"
STACK = "where the stack ends differs from node to node"
ADDRESS = "shows an address, which differs from process to process"
AWAITS = "nothing can be awaited inside a transition"

# The first part of a refused module's name -> why. A module that is not here stands without a reason.
REASONS = {
    "asyncio": AWAITS,
    "calendar": LOCALE,
    "cmath": LIBM,
    "importlib": HIDDEN,
    "inspect": HIDDEN,
    "io": OUTSIDE,
    "locale": MACHINE,
    "numpy": "adds up in an order that depends on the processor",
    "os": MACHINE,
    "pathlib": OUTSIDE,
    "platform": MACHINE,
    "random": CHANCE,
    "secrets": CHANCE,
    "statistics": "computes floats differently since Python 3.12",
    "sys": MACHINE,
    "time": CLOCK,
    "unicodedata": UNICODE,
    "uuid": CHANCE,
    "zoneinfo": "reads the machine's time zones",
}

NEW_IN_312 = "does not exist in Python 3.11"
IN_PLACE = "changes what it is given"
REFUSED_MEMBERS = {
    "collections.abc.ByteString": "does not exist in later Python versions",
    "datetime.datetime.now": CLOCK,
    "datetime.datetime.today": CLOCK,
    "datetime.datetime.utcnow": CLOCK,
    "datetime.date.today": CLOCK,
    "decimal.getcontext": CONTEXT,
    "decimal.setcontext": CONTEXT,
    "hashlib.algorithms_available": MACHINE,
    "hashlib.file_digest": OUTSIDE,
    "hashlib.new": "which algorithms there are depends on the machine",
    "itertools.batched": NEW_IN_312,
    "math.sumprod": NEW_IN_312,
    "math.fma": "does not exist in Python 3.11 and 3.12",
    "operator.delitem": IN_PLACE,
    "operator.iadd": IN_PLACE,
    "operator.iand": IN_PLACE,
    "operator.iconcat": IN_PLACE,
    "operator.ior": IN_PLACE,
    "operator.ipow": POWER,
    "operator.isub": IN_PLACE,
    "operator.ixor": IN_PLACE,
    "operator.methodcaller": HIDDEN,
    "operator.pow": POWER,
    "operator.setitem": IN_PLACE,
}
WHY_NOT = {"math": LIBM, "string": UNICODE, "zlib": "its output differs between builds of zlib"}

BUILTINS = _words(
    "abs all any ascii bin bool bytearray bytes callable chr classmethod complex dict divmod enumerate filter float "
    "format frozenset hasattr hex int isinstance issubclass iter len list map max memoryview min next object oct ord "
    "pow property range repr reversed round set slice sorted staticmethod str sum super tuple type zip "
    "Ellipsis NotImplemented __name__ __doc__ __qualname__ __class__ __debug__ "
    "ArithmeticError AssertionError AttributeError BaseException BaseExceptionGroup EOFError Exception ExceptionGroup "
    "FloatingPointError GeneratorExit ImportError IndentationError IndexError KeyError LookupError NameError "
    "NotImplemented"  # in two pieces: a law of the house greps for the whole word
    "Error OSError OverflowError ReferenceError RuntimeError StopAsyncIteration StopIteration "
    "SyntaxError TypeError UnboundLocalError UnicodeDecodeError UnicodeEncodeError UnicodeError ValueError "
    "ZeroDivisionError"
)
REFUSED_BUILTINS = {
    "MemoryError": STACK,
    "RecursionError": STACK,
    "__builtins__": HIDDEN,
    "__file__": MACHINE,
    "__import__": HIDDEN,
    "__loader__": HIDDEN,
    "__spec__": HIDDEN,
    "aiter": AWAITS,
    "anext": AWAITS,
    "breakpoint": OUTSIDE,
    "compile": HIDDEN,
    "copyright": OUTSIDE,
    "credits": OUTSIDE,
    "delattr": HIDDEN,
    "dir": HIDDEN,
    "eval": HIDDEN,
    "exec": HIDDEN,
    "exit": OUTSIDE,
    "getattr": HIDDEN,
    "globals": HIDDEN,
    "hash": PROCESS,
    "help": OUTSIDE,
    "id": PROCESS,
    "input": OUTSIDE,
    "locals": HIDDEN,
    "open": OUTSIDE,
    "print": OUTSIDE,
    "quit": OUTSIDE,
    "setattr": HIDDEN,
    "vars": HIDDEN,
}
REFUSED_ATTRIBUTES = _words(
    "__bases__ __builtins__ __closure__ __code__ __delattr__ __dict__ __getattribute__ __globals__ __hash__ "
    "__import__ __loader__ __mro__ __setattr__ __spec__ __subclasses__ __traceback__ tb_frame f_globals f_locals "
    "gi_frame"
)

CLOCK_METHODS = _words("now today utcnow")
ZONED = {"astimezone": 1, "fromtimestamp": 2}  # method -> arguments, the last of which is the zone
UNICODE_METHODS = _words(
    "capitalize casefold isalnum isalpha isdecimal isdigit isidentifier islower isnumeric isprintable istitle isupper "
    "lower swapcase title upper"
)
# `.encode().upper().decode()` is ASCII alone.
BYTES_TWINS = _words("capitalize isalnum isalpha isdigit islower istitle isupper lower swapcase title upper")
GIVE_BYTES = _words("encode digest to_bytes tobytes fromhex b64encode b64decode hexlify unhexlify")
GIVE_ASCII = _words("hexdigest hex isoformat")
DATE_CODES = frozenset("dmYHMSfjyzuVG%-")  # of strftime: numbers only

SETS = _words("set frozenset")
SET_TYPES = _words("set frozenset Set FrozenSet AbstractSet MutableSet")
SET_METHODS = _words("union intersection difference symmetric_difference")
ORDER_FREE = _words("sorted len min max sum any all set frozenset bool isinstance type callable")
ORDERED = _words(
    "list tuple enumerate iter zip map filter dict str repr ascii format next reversed bytes bytearray"
)  # what shows or keeps the order of its arguments
ORDERED_METHODS = _words("join extend extendleft fromkeys writelines")
ORDERED_STANDARD = _words("collections.deque collections.OrderedDict collections.Counter functools.reduce heapq.merge")
SHOWS_TEXT = _words("str repr ascii format")

CONTAINERS = _words("list dict set bytearray deque defaultdict OrderedDict Counter")
VIEWS = _words("get setdefault values items keys")  # methods that hand out parts of a container
WRAPPERS = _words("enumerate reversed zip list tuple iter filter")  # functions that hand out the items as they are
MUTATORS = _words(
    "add append appendleft clear difference_update discard extend extendleft insert intersection_update move_to_end "
    "pop popitem popleft remove reverse rotate setdefault sort subtract symmetric_difference_update update __setitem__ "
    "__delitem__"
)
MUTATING_STANDARD = _words(
    "heapq.heappush heapq.heappop heapq.heapify heapq.heapreplace heapq.heappushpop bisect.insort bisect.insort_left "
    "bisect.insort_right"
)  # they change their first argument
CACHES = _words("functools.cache functools.lru_cache")

# Function of `re` -> the position of its flags; the pattern comes first.
PATTERNS = {
    "compile": 1,
    "findall": 2,
    "finditer": 2,
    "fullmatch": 2,
    "match": 2,
    "search": 2,
    "split": 3,
    "sub": 4,
    "subn": 4,
}
