"""The determinism digest: the same in every process, whatever the hash seed, the locale or the decimal context."""

from __future__ import annotations

import decimal
import os
import subprocess
import sys

import pytest

from raftoral.program import probes
from tests.house.laws import ROOT

# The same on every supported Python: CI runs this test on each. It changes when the meaning of the language does, and
# when a probe is added; never because of a Python.
DIGEST = "22a25d86268c82eab2fbd3a19a171cad2dcf54508ccefc4d7fd0a903e2c9f3d8"

CODE = "from raftoral.program.probes import determinism_digest; print(determinism_digest())"


def test_the_digest_is_the_one_that_all_pythons_have():
    assert probes.determinism_digest() == DIGEST


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["0", "1", "4711"])
def test_the_digest_does_not_depend_on_the_process(seed, tmp_path):
    surroundings = {"PYTHONHASHSEED": seed, "TZ": "Asia/Kathmandu", "LC_ALL": "C", "PYTHONPATH": ROOT}
    found = subprocess.run(
        [sys.executable, "-c", CODE], env={**os.environ, **surroundings}, cwd=tmp_path, capture_output=True, text=True
    )
    assert found.stderr == ""
    assert found.stdout.strip() == DIGEST


def test_the_digest_does_not_depend_on_the_decimal_context():
    with decimal.localcontext(decimal.Context(prec=2, rounding=decimal.ROUND_UP, capitals=0)):
        assert probes.determinism_digest.__wrapped__() == DIGEST


def test_there_are_enough_probes_and_each_has_an_answer_of_the_language():
    assert len(probes.PROBES) >= 60
    answers = {name: probes.answer(probe) for name, probe in probes.PROBES.items()}
    assert [name for name, answer in answers.items() if answer.startswith("crashed")] == []
    assert len(set(answers.values())) > 55


def test_another_answer_is_another_digest(monkeypatch):
    monkeypatch.setitem(probes.PROBES, "float sum", lambda: 0.9999999999999999)
    assert probes.determinism_digest.__wrapped__() != DIGEST
