"""All that a function calls, and what is not pure in it.

    Reach(files).findings(file, function) -> [Finding]      in the order of the files and lines, one for each line

Each definition is read once, however many functions lead to it.
"""

from __future__ import annotations

import ast

from .modules import Files, PyFile
from .parts import Finding, Hand, Part
from .walk import read_part

PARTS_MAX = 500
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class Way:
    """How a definition was reached: by way of `parent`, which is nothing for the start itself."""

    __slots__ = ("file", "name", "node", "parent")

    def __init__(self, file: PyFile, node: ast.AST, name: str, parent: str) -> None:
        self.file = file
        self.node = node
        self.name = name
        self.parent = parent


class Reach:
    """Follows calls and names from definition to definition."""

    __slots__ = ("_changes", "files", "parts")

    def __init__(self, files: Files) -> None:
        self.files = files
        self.parts: dict[ast.AST, Part] = {}
        self._changes: dict[PyFile, dict[str, int]] = {}

    def findings(self, file: PyFile, function: ast.FunctionDef) -> list[Finding]:
        """What is not pure in `function` and in all that it uses."""
        start = function.name
        found: list[Finding] = []
        ways = self.ways(file, function)
        for way in ways:
            part = self.part(way.file, way.node)
            found += [_told(finding, way, start) for finding in part.findings]
            found += self._changed_elsewhere(way, start)
        if len(ways) > PARTS_MAX:
            found.append(Finding(file.source, function.lineno, "uses more definitions than are read"))
        for way in ways:
            part_read = self.parts.get(way.node)
            for hand in part_read.hands if part_read is not None else ():
                if self._is_demanded(hand):
                    found.append(_told(hand.finding, way, start))
        return _in_order(found, file)

    def ways(self, file: PyFile, function: ast.FunctionDef) -> list[Way]:
        """`function` and every definition that it uses, each once; a few more than `PARTS_MAX` at most."""
        ways: dict[ast.AST, Way] = {function: Way(file, function, function.name, "")}
        pending: list[ast.AST] = [function]
        for node in pending:  # it grows while it is walked
            if len(pending) > PARTS_MAX:
                break
            way = ways[node]
            for other, name in self.part(way.file, node).uses:
                for each in _definitions(other, name):
                    if each not in ways:
                        ways[each] = Way(other, each, name, way.name)
                        pending.append(each)
        return list(ways.values())

    def part(self, file: PyFile, node: ast.AST) -> Part:
        if node not in self.parts:
            self.parts[node] = read_part(self.files, file, node)
        return self.parts[node]

    def _changed_elsewhere(self, way: Way, start: str) -> list[Finding]:
        """A global is not constant if any function of its file changes it, called from here or not."""
        if isinstance(way.node, DEFINITIONS):
            return []
        if way.file not in self._changes:
            changes: dict[str, int] = {}
            self._changes[way.file] = changes
            for bindings in list(way.file.names.values()):
                for binding in bindings:
                    if isinstance(binding.node, DEFINITIONS):
                        for name, line in self.part(way.file, binding.node).changes:
                            changes.setdefault(name, line)
        line = self._changes[way.file].get(way.name, 0)
        why = f"writes the global `{way.name}`, which {start} reads"
        return [Finding(way.file.source, line, why, plain=True)] if line else []

    def _is_demanded(self, hand: Hand) -> bool:
        part = self.parts.get(hand.callee)
        return part is not None and (hand.demand, hand.place) in part.demands


def _definitions(file: PyFile, name: str) -> list[ast.AST]:
    """All that gives `name` its value: definitions, conditions around them, statements that change it later."""
    found: list[ast.AST] = []
    is_value = False
    for binding in file.names.get(name, ()):
        if not binding.module:
            found += [binding.node, *binding.tests]
            is_value = is_value or not isinstance(binding.node, DEFINITIONS)
    return [*found, *file.touching.get(name, ())] if is_value else found


def _told(finding: Finding, way: Way, start: str) -> Finding:
    """The finding, saying how `start` comes to it."""
    if finding.plain or not way.parent:
        return finding
    verb = "called by" if isinstance(way.node, ast.FunctionDef | ast.AsyncFunctionDef) else "used by"
    path = f"{verb} {start}" if way.parent == start else f"{verb} {start} through {way.parent}"
    return Finding(finding.source, finding.line, f"{finding.why}; {path}" if finding.why else path)


def _in_order(found: list[Finding], first: PyFile) -> list[Finding]:
    files = {first.source.path: 0}
    lines: dict[tuple[int, int], Finding] = {}
    for finding in found:
        file = files.setdefault(finding.source.path, len(files))
        known = lines.get((file, finding.line))
        if known is None or (not known.why and finding.why):
            lines[(file, finding.line)] = finding
    return [lines[place] for place in sorted(lines)]
