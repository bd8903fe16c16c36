"""The documents that are played: see `stories`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.stories import Stage, Step, is_as_said, stage, story
from tests.examples.commands import ROOT

# README.md's section of three nodes has a test of its own.
PLAYED = {"README.md": "Three nodes", "docs/quick-start.md": "", "docs/generated-code.md": "", "docs/testing.md": ""}


@pytest.mark.slow
@pytest.mark.parametrize("name", PLAYED)
def test_a_story_goes_as_it_is_told(name: str, tmp_path: Path) -> None:
    steps = story((ROOT / name).read_text("utf-8"), PLAYED[name])
    assert steps
    with stage(tmp_path) as here:
        for step in steps:
            differs = here.play(step)
            assert not differs, f"{name}:\n{differs}"


# --- the test can fail ----------------------------------------------------------------------------


def test_a_story_is_read() -> None:
    text = "<!-- file: a/b.py -->\n\n```python\nx = 1\n```\n\n## Not\n```console\n$ no\n```\n"
    text += "## C\n```console\n$ ls \\\n  a\nb.py\n```\n"
    assert story(text, "Not") == [Step("a/b.py", "x = 1\n"), Step("", "ls \\\n  a", ["b.py"])]


def test_what_differs_is_said(tmp_path: Path) -> None:
    with stage(tmp_path) as here:
        assert here.play(Step("a/b.txt", "hello\n")) == ""
        assert here.play(Step("", "cat a/b.txt", ["hel…"])) == ""
        assert "--- it prints:\nhello" in here.play(Step("", "cat a/b.txt", ["goodbye"]))
        assert here.play(Step("", "cd a")) == ""
        assert here.play(Step("", "cd c")) == "there is no folder c"
        assert isinstance(here, Stage)


def test_lines_may_be_left_out() -> None:
    assert is_as_said(["a", "…", "z"], "a\nb\nc\nz\n")
    assert is_as_said(["…"], "")
    assert not is_as_said(["a", "z"], "a\nb\nz\n")
