"""The page of the examples is true: each of its commands is run, and prints what stands there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.examples import commands
from tests.examples.commands import README, Command, is_as_said, sections, written

TEXT = README.read_text(encoding="utf-8")
BLOCKS = {f"{name}-{at}": block for name, blocks in sections(TEXT).items() for at, block in enumerate(blocks, 1)}


@pytest.mark.slow
@pytest.mark.parametrize("name", BLOCKS)
def test_commands_print_what_the_page_says(name: str, tmp_path: Path, update: bool) -> None:
    printed = []
    # One after the other, because the second of two commands with --data finds what the first one left.
    for command in BLOCKS[name]:
        code, lines = commands.finished(command.words(str(tmp_path / "data")))
        printed.append(Command(command.text, command.printed if is_as_said(command.printed, lines) else lines))
        if not update:
            assert is_as_said(command.printed, lines), _differ(command, lines)
            assert code == (1 if command.fails else 0), command.text
    if update:
        text = README.read_text(encoding="utf-8")
        README.write_text(text.replace(written(BLOCKS[name]), written(printed)), encoding="utf-8")


def _differ(command: Command, printed: list[str]) -> str:
    return "\n".join(
        ["$ " + command.text, "--- the page says:", *command.printed, "--- it prints (--update writes it):", *printed]
    )


def test_every_example_with_a_workflow_is_run() -> None:
    folder = README.parent
    runnable = {path.stem for path in folder.glob("*.rft") if "\nworkflow " in path.read_text(encoding="utf-8")}
    assert set(sections(TEXT)) == runnable
    assert all(blocks and all(blocks) for blocks in sections(TEXT).values())


def test_every_input_is_used() -> None:
    folder = README.parent / "inputs"
    assert [path.name for path in folder.iterdir() if f"examples/inputs/{path.name}" not in TEXT] == []


# --- reading the page -------------------------------------------------------------------------------------------


def test_a_block_is_read() -> None:
    text = "### a\n```console\n$ raftoral run x \\\n    -i '{\n}'\n1\n$ raftoral b\nraftoral run: no\n```\n"
    ((first, second),) = sections(text)["a"]
    assert first.words("d")[2:] == ["raftoral", "run", "x", "-i", "{\n}"]
    assert (first.printed, first.fails, second.fails) == (["1"], False, True)
    assert text == f"### a\n```console\n{written([first, second])}```\n"


def test_data_is_kept_elsewhere() -> None:
    assert Command("raftoral run x --data ./data", []).words("/tmp/d")[-2:] == ["--data", "/tmp/d"]


def test_what_is_new_each_time_is_left_open() -> None:
    assert is_as_said(["took …", "(1)"], ["took 3 ms", "(1)"])
    assert not is_as_said(["took …"], ["gave 3 ms"])
    assert not is_as_said(["took …"], ["took 3", "and more"])
