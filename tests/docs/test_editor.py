"""What editors and pre-commit are given: made of the language's own tables, and true to them."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from raftoral.dsl.typecheck.context import RESERVED
from tests.docs.test_blocks import command_is_understood
from tests.docs.test_docs import ROOT, raftoral

FOLDER = ROOT / "editors" / "vscode"


@pytest.fixture(scope="module")
def editor() -> ModuleType:
    spec = importlib.util.spec_from_file_location("editor", ROOT / "scripts" / "editor.py")
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.fixture(scope="module")
def grammar() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / "syntaxes" / "rft.tmLanguage.json").read_text("utf-8"))
    return found


def scope_of(grammar: dict[str, Any], line: str, word: str) -> str:
    """Which pattern takes a word of a line, as an editor reads it: the first of those that match leftmost."""
    at, end = line.index(word), 0
    while end <= at:
        found = [
            (match.start(), number, match, pattern)
            for number, pattern in enumerate(grammar["patterns"])
            if "match" in pattern and (match := re.compile(pattern["match"]).search(line, end))
        ]
        if not found:
            return ""
        _, _, match, pattern = min(found, key=lambda each: each[:2])
        if match.start() <= at < match.end():
            for number, capture in pattern.get("captures", {}).items():
                if match.start(int(number)) == at:
                    return str(capture["name"])
            return str(pattern.get("name", ""))
        end = max(match.end(), end + 1)
    return ""


def test_the_grammar_is_up_to_date(editor: ModuleType, grammar: dict[str, Any]) -> None:
    assert editor.strangers() == set()
    assert json.loads(editor.syntax()) == grammar
    assert RESERVED - {"workflow"} <= editor.grammar_words() | {"some"}


@pytest.mark.parametrize(
    ("line", "word", "scope"),
    [
        ("workflow Sell version 1 (order: Order) -> str {", "workflow", "storage.type.rft"),
        ("workflow Sell version 1 (order: Order) -> str {", "Sell", "entity.name.type.rft"),
        ("workflow Sell version 1 (order: Order) -> str {", "version", "keyword.other.rft"),
        ("workflow Sell version 1 (order: Order) -> str {", "str", "support.type.rft"),
        ("  retry: 5 times backoff 1s..30s except Gone", "retry", "support.type.property-name.rft"),
        ("  retry: 5 times backoff 1s..30s except Gone", "1s", "constant.numeric.duration.rft"),
        ("  retry: 5 times backoff 1s..30s except Gone", "backoff", "keyword.other.rft"),
        ("  let hold = do reserve(items) # wait", "let", "keyword.control.rft"),
        ("  let hold = do reserve(items) # wait", "do", "keyword.control.rft"),
        ("  let hold = do reserve(items) # wait", "wait", "comment.line.number-sign.rft"),
        ("  @late let n = len(order.wait)", "@late", "entity.name.label.rft"),
        ("  @late let n = len(order.wait)", "len", "support.function.rft"),
        ("  let n = order.wait", "wait", ""),  # a field, whatever its name
        ("  if a is not none and workflow.attempt > 12.50 {", "none", "constant.language.rft"),
        ("  if a is not none and workflow.attempt > 12.50 {", "workflow", "variable.language.rft"),
        ("  if a is not none and workflow.attempt > 12.50 {", "12.50", "constant.numeric.rft"),
        ("## Takes an order.", "Takes", "comment.line.documentation.rft"),
        ("# rft: allow waits-for-ever", "allow", "keyword.control.directive.rft"),
    ],
)
def test_words_have_their_colour(grammar: dict[str, Any], line: str, word: str, scope: str) -> None:
    assert scope_of(grammar, line, word) == scope


def test_a_text_may_have_holes(grammar: dict[str, Any]) -> None:
    string = grammar["repository"]["string"]
    (hole,) = [each for each in string["patterns"] if "begin" in each]
    assert re.match(hole["begin"], "${order.id}")
    assert hole["patterns"] == [{"include": "$self"}]


def test_the_problem_matcher_reads_what_check_prints(tmp_path: Path) -> None:
    facts = json.loads((FOLDER / "package.json").read_text("utf-8"))
    (matcher,) = facts["contributes"]["problemMatchers"]
    (tmp_path / "bad.rft").write_text("rft 1\nrecord a {}\n", encoding="utf-8")
    (line,) = raftoral("check", "--format", "short", "bad.rft", folder=tmp_path).stdout.splitlines()
    found = re.match(matcher["pattern"]["regexp"], line)
    assert found is not None, line
    assert found.groups()[:5] == ("bad.rft", "2", "8", "error", "RFT0106")


def test_the_package_is_whole(editor: ModuleType, tmp_path: Path) -> None:
    with zipfile.ZipFile(editor.package(str(tmp_path))) as made:
        names = set(made.namelist())
        facts = json.loads(made.read("extension/package.json"))
    assert {"extension.vsixmanifest", "[Content_Types].xml", "extension/README.md"} <= names
    (language,), (grammar,) = facts["contributes"]["languages"], facts["contributes"]["grammars"]
    for path in (language["configuration"], grammar["path"]):
        assert "extension/" + path.removeprefix("./") in names
    assert language["extensions"] == [".rft"]


def test_the_script_says_when_it_is_up_to_date() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "editor.py"), "--check"]
    assert subprocess.run(command, env={"PYTHONPATH": str(ROOT)}, capture_output=True).returncode == 0


def test_hooks_of_pre_commit_are_commands() -> None:
    yaml = pytest.importorskip("yaml", reason="PyYAML is one of the development dependencies")
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    assert [hook["id"] for hook in hooks] == ["raftoral-check", "raftoral-fmt", "raftoral-compile"]
    for hook in hooks:
        assert re.search(hook["files"], "shop/orders.rft")
        command_is_understood(shlex.split(hook["entry"]))
