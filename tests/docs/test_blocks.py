"""The other blocks of the documents: what they say could be done.

    ```python      compiles; names of `raftoral`, and arguments of what it offers, exist
    ```sh          commands of `raftoral` exist, and take these options
    ```json  ```toml  ```yaml      can be read
    <!-- generated from: FILE -->  above a block: what the compiler makes of that file of the document; … leaves out
    <!-- messages -->              above a table: what stands in code marks in its first column is said by the code

Programs of `.rft` are checked by `test_docs`, consoles are played by `test_stories` and `test_three_nodes`.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
import json
import re
import shlex
import textwrap
import tomllib
from pathlib import Path

import pytest

import raftoral
from raftoral.__main__ import _room, main
from raftoral.cli import COMMANDS
from raftoral.cli.options import read
from raftoral.errors import UsageError
from tests.docs.test_docs import DOCUMENTS, ROOT, names

FENCE = re.compile(r"((?:^<!-- [^\n]* -->\n+)?)^( *)```(\w+)[^\n]*\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
ALL = [
    (names(path), text.count("\n", 0, found.start()) + 1, found[1].strip(), found[3], found[4], len(found[2]))
    for path in DOCUMENTS
    for text in [path.read_text("utf-8")]
    for found in FENCE.finditer(text)
]


# What hands its options on, and to whom.
TAKES = {
    "raftoral.local": raftoral.Local,
    "raftoral.sync.local": raftoral.Local,
    "raftoral.sync.connect": raftoral.connect,
    "raftoral.sync.node": raftoral.Node,
}


def blocks(*languages: str, marked: str = "") -> list[object]:
    """(text, place) of the blocks of these languages."""
    return [
        pytest.param("\n".join(line[indent:] for line in text.split("\n")), id=f"{name}:{line}")
        for name, line, mark, language, text, indent in ALL
        if language in languages and (marked in mark if marked else "generated from" not in mark)
    ]


# --- Python ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", blocks("python"))
def test_python_can_be_read_and_names_what_is_there(text: str) -> None:
    tree = compile(textwrap.dedent(text), "block", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    assert isinstance(tree, ast.Module)
    assert python_faults(tree) == []


def python_faults(tree: ast.Module) -> list[str]:
    faults = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and not _found(_path(node)):
            faults.append(f"there is no {_path(node)}")
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "raftoral":
            faults += [f"no {node.module}.{a.name}" for a in node.names if not _found(f"{node.module}.{a.name}")]
        if isinstance(node, ast.Call) and _path(node.func).startswith("raftoral."):
            what = TAKES.get(_path(node.func)) or _found(_path(node.func))
            known = inspect.signature(what).parameters if callable(what) else {}
            open_ = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in known.values())
            faults += [
                f"{_path(node.func)} takes no {keyword.arg}"
                for keyword in node.keywords
                if keyword.arg and keyword.arg not in known and not open_
            ]
    return faults


def _path(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        above = _path(node.value)
        return f"{above}.{node.attr}" if above else ""
    return node.id if isinstance(node, ast.Name) else ""


def _found(path: str) -> object:
    """What stands at a path that begins with `raftoral`; True for other paths."""
    first, *rest = path.split(".")
    if first != "raftoral":
        return True
    value: object = raftoral
    for at, name in enumerate(rest):
        if inspect.ismodule(value):
            with contextlib.suppress(ImportError):
                __import__(".".join(["raftoral", *rest[: at + 1]]))
        value = getattr(value, name, None)
        if value is None:
            return None
    return value


@pytest.mark.parametrize(
    "text",
    [
        "raftoral.lokal()",
        "raftoral.local(program=[])",
        "from raftoral.testing import wrold",
        "raftoral.sync.conect('a')",
    ],
)
def test_a_planted_name_is_found(text: str) -> None:
    assert len(python_faults(ast.parse(text))) == 1


# --- generated modules ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "file", "text"),
    [
        pytest.param(name, found[1], text, id=f"{name}:{line}")
        for name, line, mark, _, text, _ in ALL
        if (found := re.search(r"generated from: (\S+)", mark))
    ],
)
def test_generated_code_is_what_the_compiler_makes(name: str, file: str, text: str, tmp_path: Path) -> None:
    document = (ROOT / name).read_text("utf-8")
    (source,) = re.findall(
        rf"^<!-- file: {re.escape(file)} -->\n+```rft\n(.*?)^```$", document, re.MULTILINE | re.DOTALL
    )
    made = generated(tmp_path, file, source)
    for part in re.split(r"^…\n", text, flags=re.MULTILINE):
        assert part.strip("\n") in made, f"{name}: the compiler makes something else of {file}:\n{made}"


def generated(folder: Path, path: str, text: str) -> str:
    place = folder / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, encoding="utf-8")
    assert main(["compile", str(folder), "--out", str(folder), "--quiet", "--no-cache"]) == 0
    return place.with_suffix(".py").read_text("utf-8")


# --- commands -------------------------------------------------------------------------------------


def commands(text: str) -> list[list[str]]:
    lines = text.replace("\\\n", " ").splitlines()
    words = [shlex.split(line.removeprefix("$ "), comments=True) for line in lines if "raftoral" in line]
    return [each[each.index("raftoral") :] for each in words if "raftoral" in each[:3]]


@pytest.mark.parametrize("text", [each for each in blocks("sh", "bash") if "raftoral " in each.values[0]])  # type: ignore[attr-defined]
def test_commands_are_understood(text: str) -> None:
    for words in commands(text):
        command_is_understood(words)


def command_is_understood(words: list[str]) -> None:
    words = words[: next((at for at, word in enumerate(words) if word in ("&&", "|", ">", "&", ";")), len(words))]
    if words[1].startswith("-"):
        return
    assert words[1] in COMMANDS, words
    read(words[2:], _room(words[1]).COMMAND)


def test_a_planted_option_is_found() -> None:
    with pytest.raises(UsageError):
        command_is_understood(["raftoral", "serve", "--bootstrapp"])
    with pytest.raises(AssertionError):
        command_is_understood(["raftoral", "sreve"])


# --- data -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", blocks("json", "toml", "yaml"))
def test_data_can_be_read(text: str) -> None:
    yaml = pytest.importorskip("yaml", reason="PyYAML is one of the development dependencies")
    for read_as in (json.loads, tomllib.loads):
        with contextlib.suppress(ValueError):
            assert read_as(text)
            return
    assert list(yaml.safe_load_all(text))


# --- messages -------------------------------------------------------------------------------------


def said_by_the_code() -> str:
    """All texts of the package: pieces that follow each other are one, and what is put in is `…`."""
    found = []
    for path in sorted((ROOT / "raftoral").rglob("*.py")):
        if path.name.endswith(("_pb2.py", "_pb2_grpc.py")):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(re.sub(r"%\.?\d*[a-z]", "…", node.value))
            elif isinstance(node, ast.JoinedStr):
                parts = [str(each.value) if isinstance(each, ast.Constant) else "…" for each in node.values]
                found.append("".join(parts))
    return "\n".join(found)


MESSAGES = [
    pytest.param(message, id=f"{path.name}: {message[:50]}")
    for path in DOCUMENTS
    for table in re.findall(r"<!-- messages -->\n\n(.*?)\n\n", path.read_text("utf-8") + "\n\n", re.DOTALL)
    for row in table.splitlines()[2:]
    for message in re.findall(r"`([^`]+)`", row.split(" | ")[0])
]


@pytest.fixture(scope="module")
def said() -> str:
    return said_by_the_code()


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_is_said_by_the_code(message: str, said: str) -> None:
    assert message in said


def test_documents_are_looked_at() -> None:
    assert Path(ROOT / "docs" / "language.md") in DOCUMENTS
    assert "no node that is up implements the activity …" in said_by_the_code()
