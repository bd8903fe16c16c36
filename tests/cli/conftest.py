"""A folder to work in, the doors of the compiler faked, and `raftoral` as a function."""

from __future__ import annotations

import os
import sys
import types

import pytest

from raftoral.__main__ import main
from tests.cli import doors


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder, which is the current one; a function that writes files into it."""
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "TERM", "RAFTORAL_NO_CACHE", "RAFTORAL_DEBUG"):
        monkeypatch.delenv(name, raising=False)

    def write(**files: str | bytes):
        for name, content in files.items():
            path = tmp_path / name.replace("__", "/").replace("_rft", ".rft").replace("_py", ".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return tmp_path

    return write


@pytest.fixture
def door(monkeypatch):
    """The fake compiler."""
    made = doors.Door()
    fake = types.ModuleType("raftoral.dsl.compile")
    fake.check = made.check  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "raftoral.dsl.compile", fake)
    layout = types.ModuleType("raftoral.dsl.format")
    layout.format_source = doors.format_source  # type: ignore[attr-defined]
    layout.apply_fixes = doors.apply_fixes  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "raftoral.dsl.format", layout)
    return made


@pytest.fixture
def raftoral(capsys):
    """Runs a command line; returns (exit code, standard output, standard error)."""

    def run(*words: str) -> tuple[int, str, str]:
        code = main(list(words))
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0
