"""The reference interpreter does what the language reference says: `programs` has the cases."""

from __future__ import annotations

import pytest

from tests.reference.programs import CASES, Case, ended, line, play


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_program(case: Case) -> None:
    run = play(case)
    assert [line(entry) for entry in run.trace] == case.trace
    assert ended(run) == case.ends
