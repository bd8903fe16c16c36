"""`docs/api.md` says what the table of operations, the errors and the rights say."""

from __future__ import annotations

import re
from pathlib import Path

from raftoral import errors
from raftoral.runtime.links.problems import STATUSES
from raftoral.runtime.links.table import OPERATIONS

API = (Path(__file__).parents[2] / "docs" / "api.md").read_text("utf-8")


def rows(pattern: str) -> list[tuple[str, ...]]:
    return re.findall(pattern, API, re.MULTILINE)


def test_operations():
    said = rows(r"^\| `([\w-]+)` \| `([A-Z]+) (/\S+)` \|$")
    assert said == [(each.name, each.method, each.path) for each in OPERATIONS.values()]


def test_errors():
    said = rows(r"^\| `([\w-]+)` \| (\d+) \| `(\w+)` \|$")
    assert {code: (int(status), name) for code, status, name in said} == STATUSES
    kinds = [
        each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, errors.RaftoralError)
    ]
    assert {kind.code for kind in kinds if not issubclass(kind, errors.RunFailed)} == set(STATUSES)


def test_rights():
    said = {right: set(re.findall(r"`([\w-]+)`", names)) for right, names in rows(r"^\| `?(\w+)`? \| (`\w.*`) \|$")}
    for right in ("none", "write", "admin"):
        assert said[right] == {each.name for each in OPERATIONS.values() if (each.right or "none") == right}
