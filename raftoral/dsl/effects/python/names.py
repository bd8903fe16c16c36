"""Names and attributes: what they stand for, and whether that may be used."""

from __future__ import annotations

import ast

from .allowed import (
    ANY,
    BUILTINS,
    CONTEXT,
    HIDDEN,
    PATTERNS,
    REASONS,
    REFUSED_ATTRIBUTES,
    REFUSED_BUILTINS,
    REFUSED_MEMBERS,
    STANDARD,
    UNICODE,
    UNICODE_METHODS,
    WHY_NOT,
)
from .modules import NOT_ALLOWED, NOT_READ, NOT_THERE, OWN_NAME, STANDARD_NAME, WHOLE_MODULE, Files, Found, PyFile
from .parts import Finding, Part
from .values import Scope, Values, unroll

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class Names(Values):
    """The state of the walk, and what it does with a name."""

    def __init__(self, files: Files, file: PyFile, start: ast.AST) -> None:
        super().__init__(files, file)
        self.start = start
        self.part = Part()
        self.called: set[ast.AST] = set()  # expressions that stand before `(`
        self.guarded: set[ast.AST] = set()  # `localcontext()` after `with`

    def visit(self, node: ast.AST) -> None:
        """Reads `node`; `Walk` knows more."""
        self.children(node)

    # --- reporting ----------------------------------------------------------------------------------

    def find(self, node: ast.AST, why: str) -> None:
        self.part.findings.append(Finding(self.file.source, getattr(node, "lineno", 1), why))

    @property
    def at_top(self) -> bool:
        """Whether the code runs once, at import."""
        return not any(scope.function is not None for scope in self.scopes)

    @property
    def inner(self) -> Scope | None:
        """The scope of the innermost function."""
        return next((scope for scope in reversed(self.scopes) if scope.function is not None), None)

    # --- names ----------------------------------------------------------------------------------------

    def change(self, node: ast.expr, where: ast.AST) -> None:
        """A value that `node` names is changed; `Calls` knows what that means."""

    def children(self, node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            self.visit(child)

    def every(self, nodes: Iterable[ast.AST | None]) -> None:
        for node in nodes:
            if node is not None:
                self.visit(node)

    def name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self.use(node, [], node)
            return
        inner = self.inner
        if inner is None:
            return
        if node.id in inner.nonlocals:
            self.find(node, f"writes `{node.id}` of the function around it")
        elif self.local(node.id) is None:
            self.find(node, f"writes the global `{node.id}`")
            self.part.changes.append((node.id, node.lineno))

    def attribute(self, node: ast.Attribute) -> None:
        if not isinstance(node.ctx, ast.Load):
            self.change(node, node)
        base, parts = unroll(node)
        if isinstance(base, ast.Name):
            if self.use(base, parts, node):
                return
        else:
            self.visit(base)
        link: ast.expr = node
        while isinstance(link, ast.Attribute):
            self._attribute_name(link)
            link = link.value

    def _attribute_name(self, node: ast.Attribute) -> None:
        name = node.attr
        if name in REFUSED_ATTRIBUTES and not self._sets_itself(node):
            self.find(node, HIDDEN)
        elif name in UNICODE_METHODS and node not in self.called and self.builtin(node.value) == "str":
            self.find(node, UNICODE)

    def _sets_itself(self, node: ast.Attribute) -> bool:
        """`object.__setattr__(self, …)` while a frozen object is made."""
        inner = self.inner.function if self.inner else None
        made = isinstance(inner, ast.FunctionDef) and inner.name in ("__init__", "__post_init__", "__new__")
        return made and node.attr == "__setattr__" and self.builtin(node.value) == "object"

    def use(self, base: ast.Name, parts: list[str], node: ast.expr) -> bool:
        """Looks up `base.parts`; True if that is a definition in a file of the user's."""
        local = self.local(base.id)
        if local is not None:
            found = self.files.follow(self.file, local.binding, parts) if local.binding else []
            return self._found(found, node)
        if base.id not in self.file.names:
            if base.id in BUILTINS or base.id in REFUSED_BUILTINS:
                if base.id in REFUSED_BUILTINS:
                    self.find(node, REFUSED_BUILTINS[base.id])
                return False
            found = self.files.look_up(self.file, base.id, parts)
            if not found and not any(star.module in STANDARD for star in self.file.stars):
                self.find(node, f"nothing here is called `{base.id}`")
            return self._found(found, node)
        return self._found(self.files.look_up(self.file, base.id, parts), node)

    def _found(self, found: list[Found], node: ast.expr) -> bool:
        ours = False
        for each in found:
            if each.kind == OWN_NAME:
                self.part.uses.append((each.file, each.name))
                ours = ours or each.file is not self.file
            elif each.kind == STANDARD_NAME:
                self._standard_name(each, node)
            elif each.kind == NOT_ALLOWED and each.binding is not None:
                reason = REASONS.get(each.name.partition(".")[0], "")
                line = each.binding.node.lineno
                self.part.findings.append(Finding(each.file.source, line, "", plain=True))
                self.find(node, reason)
            elif each.kind == NOT_READ and each.unread is not None:
                self.part.findings.append(Finding(each.unread.source, each.unread.line, each.unread.why, plain=True))
                self.find(node, "")
            elif each.kind == WHOLE_MODULE:
                self.find(node, HIDDEN)
            elif each.kind == NOT_THERE:
                self.find(node, f"there is no `{each.name}` in {each.file.source.path}")
        return ours

    def _standard_name(self, found: Found, node: ast.expr) -> None:
        module, parts = found.name, found.parts
        if not parts:
            self.find(node, HIDDEN)  # `use(math)`: what is taken from it cannot be seen
            return
        allowed = STANDARD[module]
        if allowed is not ANY and parts[0] not in allowed:
            why = REFUSED_MEMBERS.get(f"{module}.{parts[0]}", WHY_NOT.get(module, ""))
            self.find(node, why)
            return
        for end in range(1, min(len(parts), 3) + 1):
            path = ".".join([module, *parts[:end]])
            if path in REFUSED_MEMBERS:
                self.find(node, REFUSED_MEMBERS[path])
                return
        if module == "re" and parts[0] in PATTERNS and node not in self.called:
            self.find(node, HIDDEN)
        if module == "decimal" and parts[0] == "localcontext" and node not in self.guarded:
            self.find(node, CONTEXT)
