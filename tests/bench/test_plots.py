"""Pictures: from lines to files, the same bytes for the same lines, and whose figures are shown."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house import laws

pytest.importorskip("matplotlib")

SVG, PNG = b"<?xml", b"\x89PNG"


def line(plot: str, name: str, x: float, value: float, loaded: bool = False) -> str:
    place = {"plot": plot, "line": name, "x": x}
    return json.dumps({"name": "n", "value": value, "unit": "", "loaded": loaded, "version": "0", "date": "d", **place})


def plots(tmp_path: Path, to: str, *text: str, code: int = 0) -> dict[str, bytes]:
    file = tmp_path / "lines.jsonl"
    file.write_text("\n".join([*text, json.dumps({"name": "no place in a picture", "value": 1}), ""]))
    words = [sys.executable, os.path.join(laws.ROOT, "benchmarks", "plots.py"), str(file), "--to", str(tmp_path / to)]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    return {path.name: path.read_bytes() for path in (tmp_path / to).iterdir()}


def test_pictures_are_drawn_twice_and_always_alike(tmp_path: Path) -> None:
    lines = [line("resume", "raftoral", x, 300, loaded=x == 10) for x in (10, 1_000, 100_000)]
    lines += [line("flight: steps", "one process", x, 1_000 * x) for x in (1, 64)]
    lines += [
        line(f"beside: {what}", system, at, 1 + at) for what in "ab" for at, system in enumerate(["raftoral", "x"])
    ]
    first = plots(tmp_path, "first", *lines)
    assert set(first) == {f"{name}.{kind}" for name in ("resume", "throughput", "beside") for kind in ("svg", "png")}
    assert all(content.startswith(SVG if name.endswith("svg") else PNG) for name, content in first.items())
    assert plots(tmp_path, "second", *lines) == first


def test_without_figures_nothing_is_drawn(tmp_path: Path) -> None:
    assert plots(tmp_path, "none", code=1) == {}


def test_what_was_measured_beside_ours_takes_the_place_of_what_was_kept() -> None:
    code = (
        f"import sys; sys.path[:0] = [{laws.ROOT!r}]\n"
        "from benchmarks import plots\n"
        "lines = plots.gathered([*plots.read([]), dict(plot='resume', line='restate', x=900, value=600, kept=False)])\n"
        "print([tuple(mark) for mark in lines['resume']['restate']])\n"
        "print(sorted(lines['resume']))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    first, names = done.stdout.splitlines()
    assert first == "[(900, 600, False, False)]"
    assert names == "['dbos-pg', 'dbos-sqlite', 'restate', 'temporal (dev server)']"
