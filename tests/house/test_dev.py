"""`./dev` itself: the commands that need no environment, and its manners."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests.house import laws


def dev(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, os.path.join(laws.ROOT, "dev"), *words], capture_output=True, text=True)


@pytest.mark.parametrize("words", [(), ("help",), ("--help",), ("-h",)])
def test_help_has_a_line_for_each_command(words):
    result = dev(*words)
    source = laws.read(os.path.join(laws.ROOT, "dev"))
    table = source[source.index("COMMANDS:") :]
    commands = re.findall(r'^    "([\w-]+)": ', table[: table.index("\n}")], flags=re.MULTILINE)
    assert len(commands) >= 10
    for command in commands:
        assert re.search(rf"^  {command} +\S", result.stdout, flags=re.MULTILINE), command
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["tset"], "Did you mean './dev test'?"),
        (["qqq"], "'./dev help' shows all commands."),
        (["lint", "raftoral"], "'./dev lint' does not understand 'raftoral'"),
        (["clean", "--everything"], "'./dev clean' does not understand '--everything'"),
    ],
)
def test_a_wrong_word_is_answered_with_help_and_exit_2(words, says):
    result = dev(*words)
    assert says in result.stderr
    assert (result.returncode, result.stdout) == (2, "")
