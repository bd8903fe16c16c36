"""The hash of an extern function: its Python, and all Python of the user's that it reaches.

    hash_of(files, "shop.tax", "vat") -> "sha256:1f0c..."     None when there is nothing to read

It is taken over the parsed text, so comments, layout and docstrings do not count, and it is the same on every Python:
what only some versions of `ast` know is left out. Reads through `Files`, imports and runs nothing.
"""

from __future__ import annotations

import ast
import hashlib

from ..effects.python.modules import OWN_NAME, Files, PyFile
from ..effects.python.reach import Reach

# Fields that are always empty in what may be an extern function, or that not every Python has.
SKIPPED = frozenset(["ctx", "kind", "type_comment", "type_params", "type_ignores"])


def hash_of(files: Files, module: str, name: str) -> str | None:
    """The hash of one function, as the lock has it."""
    file = files.load(module)
    if not isinstance(file, PyFile):
        return None
    starts = [
        (found.file, binding.node)
        for found in files.look_up(file, name, [])
        if found.kind == OWN_NAME and not found.parts
        for binding in found.file.names[found.name]
        if not binding.module and isinstance(binding.node, ast.FunctionDef)
    ]
    if not starts:
        return None
    reach = Reach(files)
    parts: set[str] = set()
    for home, node in starts:
        assert isinstance(node, ast.FunctionDef)
        for way in reach.ways(home, node):
            parts.add(f"{way.file.module} {way.name} {_spelled(way.node)}")
    return "sha256:" + hashlib.sha256("\n".join(sorted(parts)).encode("utf-8", "surrogatepass")).hexdigest()


def _spelled(root: ast.AST) -> str:
    """The tree as text, on which all versions of Python agree."""
    words: list[str] = []
    pending: list[object] = [root]
    while pending:  # own stack: an expression of Python's may be deeper than ours are
        node = pending.pop()
        if isinstance(node, ast.AST):
            words.append(type(node).__name__)
            fields = [(name, getattr(node, name, None)) for name in node._fields if name not in SKIPPED]
            pending.append(")")
            for field, value in reversed(fields):
                if value is not None and value != []:
                    pending += [_without_docstring(node, field, value), field]
            pending.append("(")
        elif isinstance(node, list):
            pending += ["]", *reversed(node), "["]
        elif isinstance(node, str):
            words.append(node)
        elif isinstance(node, _Value):
            words.append(node.text)
        else:
            words.append(ascii(node))
    return " ".join(words)


class _Value:
    """A constant, spelled: text is told from the names of fields by its quotes."""

    __slots__ = ("text",)

    def __init__(self, value: object) -> None:
        self.text = f"{type(value).__name__}:{value!a}"


def _without_docstring(node: ast.AST, field: str, value: object) -> object:
    if isinstance(node, ast.Constant) and field == "value":
        return _Value(value)
    if field == "body" and isinstance(value, list) and isinstance(node, ast.FunctionDef | ast.ClassDef) and value:
        first = value[0]
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
            return value[1:]
    return value
