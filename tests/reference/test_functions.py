"""Random pure functions: the generated module gives what the specification gives, and faults where it does.

Arguments lie at the bounds of their types, and a text or list may have no more than some thousand items here, so that
every check is needed by some function.
"""

from __future__ import annotations

import random
import re
import sys
import types
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest

from raftoral.cli import templates
from raftoral.dsl.compile.modules import compile_modules
from raftoral.program import values as product_values, writers
from raftoral.program.faults import Fault as ProductFault, fault_of
from raftoral.program.scalars import transition_context
from raftoral.program.std import lists as product_lists, texts as product_texts
from raftoral.program.values import Record, Variant, fields_of
from tests.dsl.test_emit import VERSION, checked
from tests.dsl.well_typed import Writer
from tests.dsl.well_typed_values import PRELUDE, Var
from tests.reference import std
from tests.reference.interpreter import Program, load
from tests.reference.values import Fault, Member, Rec

SIZE_MAX = 20_000  # more than any two numbers have digits
FUNCTIONS = 12  # of one module
CALLS = 8  # of one function
INTS = [0, 1, -1, 2, 7, 2**62, -(2**62), 2**63 - 1, -(2**63)]
DAYS_MAX = 106_751_990  # of a duration
POINT = Rec("P", {"x": 2**63 - 1, "y": Decimal("9e6144"), "note": "n", "tint": Member("Color", "blue")})
PARAMS: dict[str, tuple[str, list[Any]]] = {
    "n": ("int", INTS),
    "at": ("int", INTS),
    "s": ("str", ["", "a", "ab7", "a" * SIZE_MAX]),
    "last": ("str?", [None, "b"]),
    "xs": ("list[int]", [[], [3, 1], INTS, [5] * SIZE_MAX]),
    "seen": ("list[int]", [[], [1]]),
    "opt": ("int?", [None, *INTS]),
    "p": ("P?", [None, POINT]),
    "d": ("decimal", [Decimal(0), Decimal("-2.5"), Decimal("9" * 34), Decimal("9e6144"), Decimal("1e-6143")]),
    "x": ("float", [0.0, -2.5, 1e308, -1e308, 5e-324]),
    "e": ("duration", [timedelta(0), timedelta(seconds=-1), timedelta(days=DAYS_MAX), timedelta(days=-DAYS_MAX)]),
    "t": ("timestamp", [datetime(year, 1, 1, tzinfo=UTC) for year in (1, 2026, 9999)]),
}  # fmt: skip
RESULTS = ["int", "int", "int", "str", "bool", "decimal", "P", "list[int]", "Shape", "int?", "P?", "map[str, int]",
           "duration", "list[P]", "float", "float", "timestamp"]  # fmt: skip
DECLARATIONS = PRELUDE.partition("workflow Kid")[0]


class FunctionWriter(Writer):
    """Writes functions: statements that do nothing but compute."""

    def __init__(self, source: random.Random) -> None:
        super().__init__(source, 6, False)
        self.pure = True
        self.vars = [Var(name, type, "let", 0) for name, (type, _) in PARAMS.items()]

    def leaves(self, type: str) -> list[str]:
        options = ["t"] if type == "timestamp" else super().leaves(type)
        return [option for option in options if "workflow" not in option] + self.named(type)

    def _int(self, type: str, depth: int, a: str) -> list[str]:
        sub = self.expr
        return [*super()._int(type, depth, a), f"({sub('int', depth)} // {sub('int', 0)})",
                f"({sub('int', depth)} % n)", f"({sub('duration', depth)} // {sub('duration', 0)})",
                f"-({sub('int', depth)})"]  # fmt: skip

    def _duration(self, type: str, depth: int, a: str) -> list[str]:
        sub = self.expr
        return [*super()._duration(type, depth, a), f"({sub('duration', depth)} * {sub('int', 0)})",
                f"-({sub('duration', depth)})", f"({sub('duration', depth)} - {sub('duration', depth)})"]  # fmt: skip

    def _float(self, type: str, depth: int, a: str) -> list[str]:
        sub = self.expr
        return [*super()._float(type, depth, a), f"({sub('float', depth)} / {sub('float', depth)})",
                f"({sub('float', depth)} - {sub('float', depth)})", f"-({sub('float', depth)})"]  # fmt: skip

    def _str(self, type: str, depth: int, a: str) -> list[str]:
        sub = self.expr
        return [*super()._str(type, depth, a), f"({sub('str', depth)} + {sub('str', depth)})",
                f"\"${{{sub('str', 0)}}}, ${{{sub('str', 0)}}}\"", f"hex({sub('str', depth)})"]  # fmt: skip

    def statement(self) -> tuple[list[str], bool]:
        ways = [
            self.s_let,
            self.s_var,
            self.s_assign,
            self.s_assign,
            self.s_if,
            self.s_match,
            self.s_for,
            self.s_assert,
        ]
        return self.pick(ways)()  # type: ignore[no-any-return]

    def s_log(self) -> tuple[list[str], bool]:
        return self.s_let()

    def function(self, name: str, result: str) -> str:
        params = ", ".join(f"{name}: {type}" for name, (type, _) in PARAMS.items())
        if self.chance(0.6):
            return f"fn {name}({params}) -> {result} = {self.expr(result, 3)}"
        lines, _ = self.block(4, top=True)
        body = "\n".join([*lines, f"  return {self.expr(result)}"])
        body = re.sub(r"=> log info .*", "=> {}", body).replace('log debug "nothing"', "assert true")
        return f"fn {name}({params}) -> {result} {{\n{body}\n}}"


def functions(seed: int) -> tuple[str, dict[str, str]]:
    """A module of functions, and what they give."""
    source = random.Random(seed)
    results = {f"f{number}": source.choice(RESULTS) for number in range(FUNCTIONS)}
    made = [FunctionWriter(source).function(name, result) for name, result in results.items()]
    return DECLARATIONS + "\n".join(made) + "\n", results


def imported(text: str) -> types.ModuleType:
    module = types.ModuleType("m")
    sys.modules["m"] = module
    made = compile_modules(checked({"m.rft": text}), VERSION, templates.read, lay_out=str)
    exec(compile(made["m.py"], "m.py", "exec"), module.__dict__)
    return module


def shown(value: Any) -> Any:
    """A value of either side, down to the type of each number."""
    if isinstance(value, Rec):
        return value.name, {name: shown(field) for name, field in value.fields.items()}
    if isinstance(value, Record | Variant):
        return type(value).__name__, {name: shown(field) for name, field in fields_of(value).items()}
    if isinstance(value, Member | Enum):
        return value.name.lower()
    if isinstance(value, list | tuple):
        return [shown(item) for item in value]
    if isinstance(value, dict):
        return {shown(key): shown(item) for key, item in value.items()}
    if isinstance(value, float):
        value += 0.0  # the other zero prints and compares like this one
    return type(value).__name__, std.text(value)


def of_specification(program: Program, name: str, args: tuple[Any, ...]) -> Any:
    try:
        return shown(program.call(program.modules["m"].interface.names[name], args))  # type: ignore[arg-type]
    except Fault:
        return "fault"


def of_product(module: types.ModuleType, name: str, args: tuple[Any, ...]) -> Any:
    made = [module.P(**{**arg.fields, "tint": module.Color.BLUE}) if isinstance(arg, Rec) else arg for arg in args]
    try:
        with transition_context():
            return shown(getattr(module, name)(*made))
    except ProductFault:
        return "fault"
    except Exception as error:
        assert fault_of(error).code != "crashed", (name, args, error)
        return "fault"


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Texts and lists are soon too long."""
    for room in (std, product_texts, product_lists, product_values, writers):
        monkeypatch.setattr(room, "SIZE_MAX", SIZE_MAX)
    yield
    sys.modules.pop("m", None)


def compare(seed: int) -> tuple[int, int]:
    """How many calls of a module gave a value, and how many a fault; both sides the same."""
    text, results = functions(seed)
    program, module = load({"m.rft": text}), imported(text)
    source, found = random.Random(seed), []
    for name in results:
        for _ in range(CALLS):
            args = tuple(source.choice(values) for _, values in PARAMS.values())
            wanted = of_specification(program, name, args)
            given = of_product(module, name, args)
            assert given == wanted, (seed, name, args, text)
            found.append(wanted == "fault")
    return found.count(False), found.count(True)


@pytest.mark.slow
@pytest.mark.parametrize("start", range(0, 40, 10))
def test_functions_do_what_the_specification_says(start: int) -> None:
    well, faults = 0, 0
    for seed in range(start, start + 10):
        some, others = compare(seed)
        well, faults = well + some, faults + others
    assert well > 400 and faults > 20
