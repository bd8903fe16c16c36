"""`raftoral sim`, and what it does with a seed that finds something."""

from __future__ import annotations

from pathlib import Path

import pytest

from raftoral.__main__ import main
from raftoral.errors import UsageError
from raftoral.sim.modes import MODES
from raftoral.sim.seeds import kept_in, shorter
from raftoral.sim.world import World
from tests.sim.mutations import DEFECTS

TEXT = """rft 1
module sim_own

activity count(n: int) -> int { timeout: 10s }

workflow Twice version 1 (n: int) -> int {
  checkpoint at = 0
  let first = do count(n)
  at = first
  let second = do count(first)
  return first + second
}
"""


def test_seeds_without_findings(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sim", "--mode", "calm", "--seeds", "2", "--start", "5", "--seconds", "2"]) == 0
    said = capsys.readouterr()
    assert said.out == "" and "2 worlds, 0 with findings" in said.err


def test_a_finding_is_one_line_that_repeats_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    DEFECTS["time of the node"].apply(monkeypatch)
    assert main(["sim", "--mode", "calm", "--seed", "1"]) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("calm 1: DIGEST at ")
    assert line.endswith("(raftoral sim --mode calm --seed 1 --trace)")


def test_a_trace_tells_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sim", "--mode", "crashes", "--seed", "3", "--trace", "--seconds", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(" start n0 1" in line for line in lines) and any(" send n0 n1 " in line for line in lines)


def test_programs_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sim_own.rft").write_text(TEXT)
    assert main(["sim", "--mode", "everything", "--seeds", "3", "sim_own.rft"]) == 0


def test_kept_seeds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = tmp_path / "kept.txt"
    kept.write_text("# why\ncalm 3  once\n\ndisk 4\n")
    assert main(["sim", "--kept", str(kept)]) == 0
    assert "2 worlds" in capsys.readouterr().err
    with pytest.raises(UsageError, match="line 2"):
        kept_in("calm 3\nclam 4\n")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--mode", "clam"], "did you mean calm?"),
        (["--trace"], "name it with --mode and --seed"),
        (["shop.py"], "is no .rft file"),
        (["nowhere.rft"], "No such file"),
        (["--kept", "nowhere"], "No such file"),
    ],
)
def test_wrong_usage(words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sim", *words]) == 2
    assert says in capsys.readouterr().err


def test_a_plan_gets_shorter(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left still finds it, and is a part of what there was."""
    defect = DEFECTS["frames that forget"]
    defect.apply(monkeypatch)
    mode = MODES[defect.mode]
    world = next(world for seed in defect.seeds if (world := World(seed, mode).run()).found)
    plan = shorter(world, lambda items: World(world.seed, mode, plan=items), tries=25)
    assert len(plan) < len(world.plan) / 2 and set(plan) <= set(world.plan)
    assert next(iter(world.found)) in World(world.seed, mode, plan=plan).run().found
