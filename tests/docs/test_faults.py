"""The table of faults in `docs/reliability.md` names tests that there are."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_fault_has_the_tests_that_it_names() -> None:
    text = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    table = text.partition("## Faults that have a test")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ") and not line.startswith("| fault ")]
    assert len(rows) > 15
    for row in rows:
        cell = row.rstrip(" |").rpartition("|")[2]
        files = re.findall(r"`([\w/]+\.py)`", cell)
        assert files, f"no test: {row}"
        there = [path for name in files if (path := ROOT / "tests" / "runtime" / name).is_file()]
        assert len(there) == len(files), f"a file that is not there: {row}"
        written = "".join(path.read_text(encoding="utf-8") for path in there)
        for name in re.findall(r"`(test_\w+)`", cell):
            assert f"def {name}(" in written, name
