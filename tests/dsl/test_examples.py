"""The examples are the shop window: no errors, no warnings, laid out as `raftoral fmt` does it.

Input: `examples/`, which is a source root: `examples/orders.rft` is `module orders`.
"""

from __future__ import annotations

import difflib
import re
from pathlib import Path

import pytest

from raftoral.dsl.compile import check
from raftoral.dsl.diagnostics.render import human
from raftoral.dsl.format import format_source
from raftoral.dsl.source import Source
from tests.dsl.test_explain import World

FOLDER = Path(__file__).parents[2] / "examples"
FILES = {p.name: p.read_text(encoding="utf-8") for p in FOLDER.iterdir() if p.suffix in (".rft", ".py")}
EXAMPLES = sorted(name for name in FILES if name.endswith(".rft"))
LINE_MAX = 100
SEEDS = [
    "aggregate", "approval", "counter", "nightly", "orders", "parent", "payment", "ping_pong",
    "saga_trip", "subscription",
]  # fmt: skip


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_has_no_problems(name: str) -> None:
    (checked,) = check([Source(name, FILES[name])], World(FILES))
    assert not checked.problems, "\n" + human.render(checked.problems)


def test_all_examples_together_have_no_problems() -> None:
    found = check([Source(name, FILES[name]) for name in EXAMPLES], World(FILES))
    assert not [p for checked in found for p in checked.problems]


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_is_formatted(name: str) -> None:
    text = format_source(Source(name, FILES[name])).text
    diff = difflib.unified_diff(FILES[name].splitlines(), text.splitlines(), name, "formatted", lineterm="")
    assert text == FILES[name], "\n" + "\n".join(diff)


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_is_readable(name: str) -> None:
    text = FILES[name]
    assert text.startswith(f"rft 1\nmodule {name.removesuffix('.rft')}\n")
    assert max(len(line) for line in text.splitlines()) <= LINE_MAX
    for start in re.finditer(r"^workflow (\w+)", text, re.MULTILINE):
        above = text[: start.start()].rstrip("\n").rpartition("\n")[2]
        assert above.startswith("## "), f"{start[1]} does not say what it does"


def test_the_scenarios_of_the_seeds_are_there() -> None:
    assert {f"{name}.rft" for name in SEEDS} <= set(EXAMPLES)


def test_the_readme_has_one_line_for_each_example() -> None:
    rows = re.findall(r"^\| \[`(\w+\.rft)`\]\((\w+\.rft)\) \|", (FOLDER / "README.md").read_text("utf-8"), re.M)
    assert sorted(shown for shown, _ in rows) == EXAMPLES
    assert all(shown == linked for shown, linked in rows)
