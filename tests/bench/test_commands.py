"""Each command of the benchmarks, small: that it works and says what it shall, never how fast anything is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.house import laws


def run(script: str, *words: str, fails: bool = False) -> str:
    """What a script of benchmarks/ says."""
    path = os.path.join(laws.ROOT, "benchmarks", script)
    done = subprocess.run([sys.executable, path, *words], capture_output=True, text=True, timeout=300)
    assert (done.returncode != 0) == fails, done.stdout + done.stderr
    return done.stderr if fails else done.stdout


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def by_name(records: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in records}


def test_an_unknown_name_is_refused() -> None:
    assert "what is W0, speed?" in run("run.py", "W0", "speed", fails=True)


def test_workloads_are_json_lines() -> None:
    figures = by_name(lines(run("run.py", "W9", "W4", "--quick")))
    resume = figures["W4 kill -9 after 1,000 effects, to the result"]
    assert (resume["plot"], resume["line"], resume["x"]) == ("resume", "raftoral", 1_000)
    assert "0 effects were called again" in resume["note"]
    assert all(figure["loaded"] == (figure["load"] > 0.15) for figure in figures.values())
    assert figures["W9 commits for a run of ten effects"]["value"] == 11


@pytest.mark.slow
def test_workloads_on_three_nodes() -> None:
    figures = by_name(lines(run("run.py", "W9", "W4", "W5", "--nodes", "3", "--quick")))
    assert figures["W9 log entries for a run of ten effects, 3 nodes"]["value"] == pytest.approx(11, abs=1)
    assert figures["W4 kill -9 of the owner after 100 effects, to the result, 3 nodes"]["line"] == "raftoral, 3 nodes"
    assert figures["W5 signal to result, p50, 3 nodes"]["unit"] == "ms"


@pytest.mark.slow
def test_scaling(tmp_path: Path) -> None:
    """All of it, with two points on each line."""
    out = tmp_path / "lines.jsonl"
    run("run.py", "scaling", "--quick", "--out", str(out))
    records = lines(out.read_text())
    assert {each["suite"] for each in records} == {"scaling"}
    drawn: dict[tuple[str, str], int] = {}
    for each in records:
        if "plot" in each:
            drawn[each["plot"], each["line"]] = drawn.get((each["plot"], each["line"]), 0) + 1
    assert set(drawn.values()) == {2}, drawn
    assert ("flight: p99", "three nodes") in drawn and ("frame: steps", "three nodes") in drawn
    assert {plot for plot, _ in drawn} >= {"groups: steps", "nodes: steps", "finished: memory", "live"}
    figures = by_name(records)
    assert figures["syncs for an effect, 1 in flight"]["value"] == pytest.approx(1.1)


@pytest.mark.slow
def test_many_nodes() -> None:
    """Counts follow from how many there are: a link each way between two, a beat a second at each of its ends."""
    figures = by_name(lines(run("run.py", "many-nodes", "--quick", "--json")))
    for nodes in (3, 7):
        links = nodes * (nodes - 1)
        assert figures[f"{nodes} nodes: connections between them"]["value"] == links
        beats = int(figures[f"{nodes} nodes: frames a second, idle, one group"]["note"].split()[0])
        assert links <= beats <= 4 * links
        assert figures[f"{nodes} nodes: syncs and entries a second, idle, one group"]["value"] < 5
    assert "7 nodes: p50 of a run of ten steps, at a node without the group" in figures


@pytest.mark.parametrize("nodes", [0, pytest.param(3, marks=pytest.mark.slow)])
def test_stress_checks_every_result(tmp_path: Path, nodes: int) -> None:
    out = tmp_path / "stress.jsonl"
    words = ["--minutes", "0.03", "--in-flight", "12", "--payload", "5000", "--nodes", str(nodes), "--out", str(out)]
    said = run("stress.py", *words)
    assert "0 failures, 0 wrong results" in said
    whole = lines(out.read_text())[-1]
    assert whole["stress"] == "whole" and whole["nodes"] == nodes and whole["runs"] >= 12
    assert whole["effects"] == whole["runs"] * 19
    assert whole["memory_mib"] > 1 and 0 < whole["p50_ms"] <= whole["p99_ms"] <= whole["max_ms"]


def test_stress_finds_wrong_results(tmp_path: Path) -> None:
    """With effects that lie now and then: an oracle that never says no would be none."""
    lying = tmp_path / "lying.py"
    lying.write_text(
        "import asyncio, sys\n"
        f"sys.path[:0] = [{laws.ROOT!r}]\n"
        "from benchmarks import driving, stress_work\n"
        "async def step(i: int) -> int:\n"
        "    return i + 1\n"
        "driving.ACTIVITIES['step'] = step\n"
        "asyncio.run(stress_work.main(sys.argv[1], '-', ['0.2', '2', '100', '1']))\n"
    )
    done = subprocess.run([sys.executable, lying, tmp_path / "data"], input="\n\n", capture_output=True, text=True)
    whole = lines(done.stdout)[-1]
    assert whole["wrong"] == whole["runs"] >= 2 and "instead of '56 " in whole["examples"][0], done.stderr


@pytest.mark.slow
def test_profile_says_where_the_cpu_goes() -> None:
    said = run("cpu_table.py", "--seconds", "1", "--in-flight", "8")
    one, _, three = said.partition("Three nodes, the engine of ")
    assert "One process: " in one and "Its service's loop: " in three
    assert "| core/execution |" in one and "| asyncio |" in three


def test_peers_want_to_be_told_where_they_are() -> None:
    without = {name: value for name, value in os.environ.items() if not name.startswith(("RAFTORAL_", "PEERS_"))}
    words = [sys.executable, os.path.join(laws.ROOT, "benchmarks", "run.py"), "peers"]
    done = subprocess.run(words, capture_output=True, text=True, env=without)
    assert done.returncode == 1 and "RAFTORAL_PEERS=DIR PEERS_HOME=DIR" in done.stderr
