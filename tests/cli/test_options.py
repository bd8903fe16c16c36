"""The words of a command line."""

from __future__ import annotations

import pytest

from raftoral.cli.options import Command, Option, help_text, read, read_front
from raftoral.errors import UsageError

COMMAND = Command(
    "paint",
    "Paints things.",
    words="[THING]...",
    words_max=3,
    options=(
        Option("shade", "which shade", letter="s", choices=("light", "dark")),
        Option("coats", "how many", value="N"),
        Option("wet", "leave it wet", letter="w"),
    ),
    example="raftoral paint --shade dark wall",
)


def test_all_the_forms():
    found = read(["-w", "--shade=dark", "wall", "--coats", "2", "-", "--", "--wet"], COMMAND)
    assert found.on("wet")
    assert found.text("shade") == "dark"
    assert found.number("coats", 1) == 2
    assert found.words == ["wall", "-", "--wet"]


@pytest.mark.parametrize("words", [["-sdark"], ["-s", "dark"], ["-s=dark"], ["--shade", "dark"]])
def test_a_letter_and_its_value(words):
    assert read(words, COMMAND).text("shade") == "dark"


def test_letters_together():
    found = read(["-wvvsdark"], COMMAND)
    assert (found.on("wet"), found.times("verbose"), found.text("shade")) == (True, 2, "dark")


def test_of_two_values_the_last_counts():
    assert read(["--shade", "dark", "--shade", "light"], COMMAND).text("shade") == "light"


def test_what_was_not_given():
    found = read([], COMMAND)
    assert (found.on("wet"), found.times("wet"), found.text("shade", "x")) == (False, 0, "x")
    assert found.number("coats", 7) == 7
    assert found.words == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--shad", "dark"], "unknown option --shad; did you mean --shade?"),
        (["--wett=1"], "unknown option --wett; did you mean --wet?"),
        (["--xyzzy"], "unknown option --xyzzy"),
        (["-x"], "unknown option -x"),
        (["-wx"], "unknown option -wx"),
        (["--wet=yes"], "--wet takes no value"),
        (["--shade"], "--shade needs a value: --shade light|dark"),
        (["--shade", "--wet"], "--shade needs a value: --shade light|dark"),
        (["-s"], "--shade needs a value: --shade light|dark"),
        (
            ["--shade", "drak"],
            "--shade does not know 'drak'; did you mean dark? (it knows light, dark)",
        ),
        (["a", "b", "c", "d"], "'d' is one word too many"),
    ],
)
def test_what_is_wrong(words, said):
    with pytest.raises(UsageError) as caught:
        read(words, COMMAND)
    assert str(caught.value) == said


@pytest.mark.parametrize("given", ["two", "-1", "1.5", "²", "1" * 30, ""])
def test_a_number_that_is_none(given):
    found = read([f"--coats={given}"], COMMAND)
    with pytest.raises(UsageError, match="--coats takes a whole number"):
        found.number("coats", 1)


def test_options_before_the_command():
    found, rest = read_front(["-v", "--color=never", "check", "-v", "x"], Command("", ""))
    assert found.on("verbose")
    assert rest == ["check", "-v", "x"]
    later = read(rest[1:], COMMAND)
    later.merge(found)
    assert later.times("verbose") == 2
    assert later.text("color") == "never"


def test_what_stands_after_the_command_wins():
    front, _ = read_front(["--color=never"], Command("", ""))
    later = read(["--color", "always"], COMMAND)
    later.merge(front)
    assert later.text("color") == "always"


def test_help():
    assert (
        help_text(COMMAND)
        == """\
usage: raftoral paint [options] [THING]...

Paints things.

options:
  -s, --shade light|dark         which shade
      --coats N                  how many
  -w, --wet                      leave it wet
      --color auto|always|never  when to use colour (default: auto)
  -q, --quiet                    say less: only results, no summary
  -v, --verbose                  say more: what was done, and how long it took
  -h, --help                     this text

example:
  raftoral paint --shade dark wall
"""
    )
