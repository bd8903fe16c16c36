"""Reads one function, class or statement from end to end: what in it is not pure, and what it uses.

    read_part(files, file, node) -> Part

A `Part` has findings, the names whose definitions are to be read next (`uses`), and what a caller must know: which
parameters it changes or takes in order (`demands`), and what it hands to others (`hands`).
"""

from __future__ import annotations

import ast

from .allowed import AWAITS, POWER
from .calls import Calls
from .modules import NOT_ALLOWED, NOT_READ, Files, PyFile, imports
from .parts import Part
from .values import (
    NO_PARAMETER,
    SET,
    AnyDef,
    Local,
    Scope,
    bound_names,
    is_container,
    is_set_type,
    parameters,
    shared_state,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any


def read_part(files: Files, file: PyFile, node: ast.AST) -> Part:
    """Never raises: a definition that is nested too deep becomes a finding."""
    walk = Walk(files, file, node)
    try:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            walk.function(node)
        else:
            walk.visit(node)
    except RecursionError:
        walk.scopes.clear()
        walk.find(node, "is nested too deep to be read")
    return walk.part


class Walk(Calls):
    """The walk itself; one handler for each class of node that has something to say."""

    def visit(self, node: ast.AST) -> None:
        handler = HANDLERS.get(type(node))
        if handler is not None:
            handler(self, node)
        else:
            self.children(node)

    # --- statements -------------------------------------------------------------------------------------

    def assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        for target in node.targets:
            self.visit(target)
            self.infer(target, node.value)

    def annotated(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)
            self.infer(node.target, node.value)
        self.visit(node.target)
        local = self.local(node.target.id) if isinstance(node.target, ast.Name) else None
        if local is not None:
            local.annotation = node.annotation
            if is_set_type(node.annotation):
                local.traits |= {SET}

    def named(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        self.visit(node.target)
        self.infer(node.target, node.value)

    def infer(self, target: ast.expr, value: ast.expr) -> None:
        """Remembers what `value` is under the name `target`; of several branches, all."""
        if isinstance(target, ast.Tuple | ast.List):
            if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts):
                for one, other in zip(target.elts, value.elts, strict=True):
                    self.infer(one, other)
                return
            self.ordered(value)
            self.take_from(target, value)
            return
        local = self.local(target.id) if isinstance(target, ast.Name) else None
        if local is None:
            return
        traits, alias = self.traits(value), self._alias(value)
        branch = self.inner is not None and self.inner.depth > 0
        local.traits = local.traits | traits if branch else traits
        local.alias = alias or (local.alias if branch else "")
        if not branch:  # no longer the parameter that it may have been
            local.index, local.keeps, local.annotation = NO_PARAMETER, False, None

    def _alias(self, value: ast.expr) -> str:
        owner = self.global_of(value)
        return owner if owner and not isinstance(self.definition(value), tuple) else ""

    def take_from(self, target: ast.expr, value: ast.expr) -> None:
        """The names in `target` become parts of `value`."""
        alias = self._alias(self.items(value))
        for node in ast.walk(target):
            local = self.local(node.id) if isinstance(node, ast.Name) else None
            if local is not None:
                local.alias = alias

    def augmented(self, node: ast.AugAssign) -> None:
        if isinstance(node.op, ast.Pow) and not self.whole_number(node.value):
            self.find(node, POWER)
        self.visit(node.value)
        if isinstance(node.target, ast.Name):
            local = self.local(node.target.id)
            if local is not None and (local.alias or local.keeps) and is_container(node.value):
                self.change(node.target, node)
            if self.is_set(node.target) and isinstance(node.op, ast.Add):
                self.ordered(node.value)
        self.visit(node.target)

    def subscript(self, node: ast.Subscript) -> None:
        if not isinstance(node.ctx, ast.Load):
            self.change(node.value, node)
        self.children(node)

    def loop(self, node: ast.For) -> None:
        self.ordered(node.iter)
        self.visit(node.iter)
        self.visit(node.target)
        self.take_from(node.target, node.iter)
        self.branch([*node.body, *node.orelse])

    def branching(self, node: ast.AST) -> None:
        self.branch(ast.iter_child_nodes(node))

    def branch(self, nodes: Iterable[ast.AST]) -> None:
        inner = self.inner
        if inner is None:
            self.every(nodes)
            return
        inner.depth += 1
        self.every(nodes)
        inner.depth -= 1

    def with_block(self, node: ast.With) -> None:
        for item in node.items:
            if isinstance(item.context_expr, ast.Call):
                self.guarded.add(item.context_expr.func)
        self.children(node)

    def returned(self, node: ast.Return) -> None:
        inner = self.inner
        value = node.value
        if inner is not None:
            given = value.elts if isinstance(value, ast.Tuple | ast.List) else [value]
            inner.returned |= {each.id for each in given if isinstance(each, ast.Name)}
        self.children(node)

    def yielded(self, node: ast.Yield) -> None:
        self._gives_many()
        self.children(node)

    def delegated(self, node: ast.YieldFrom) -> None:
        self.ordered(node.value)
        self._gives_many()
        self.children(node)

    def _gives_many(self) -> None:
        if self.inner is not None and self.inner.function is self.start:
            self.part.gives_many = True

    def awaited(self, node: ast.AST) -> None:
        self.find(node, AWAITS)
        self.children(node)

    def nothing(self, node: ast.AST) -> None:
        """Types alone."""

    def local_import(self, node: ast.Import | ast.ImportFrom) -> None:
        """Inside a function it runs with each call; at the top only its uses count."""
        if self.at_top:
            return
        for _, binding in imports(node, self.file.module, self.file.is_package):
            for found in self.files.follow(self.file, binding, []):
                if found.kind in (NOT_ALLOWED, NOT_READ):
                    self.find(node, "")

    # --- definitions ------------------------------------------------------------------------------------

    def function(self, node: AnyDef | ast.Lambda) -> None:
        if isinstance(node, ast.AsyncFunctionDef):
            self.find(node, AWAITS)
        body: list[ast.AST] = [node.body] if isinstance(node, ast.Lambda) else list(node.body)
        if not isinstance(node, ast.Lambda):
            self.every(node.decorator_list)
            if node.name == "__del__":
                self.find(node, "runs when the garbage collector comes by")
        self.every([*node.args.defaults, *node.args.kw_defaults])
        scope = Scope(node)
        scope.names, scope.nonlocals = bound_names(body, self.file)
        scope.names |= parameters(node, node is self.start)
        self.scopes.append(scope)
        self.every(body)
        self.scopes.pop()
        self._leaks(scope)

    def _leaks(self, scope: Scope) -> None:
        """A function that is given out keeps what it changes of the function around it."""
        for name, where, changed in scope.leaks:
            if name in scope.returned:
                self.find(where, f"keeps its changes of `{changed}` for the next call")
        outer = self.inner
        if outer is None:
            return
        for where, changed in scope.changes:
            if self.is_outer(changed):
                outer.changes.append((where, changed))
            else:
                outer.leaks.append((getattr(scope.function, "name", ""), where, changed))

    def class_body(self, node: ast.ClassDef) -> None:
        self.every([*node.decorator_list, *node.bases, *node.keywords])
        kept = (self.owner, self.state)
        self.owner, self.state = node, shared_state(node)
        statements = [n for n in node.body if not isinstance(n, AnyDef)]
        scope = Scope()
        scope.names = bound_names(node.body, self.file)[0]
        self.scopes.append(scope)
        self.every(statements)
        self.scopes.pop()
        self.every(n for n in node.body if isinstance(n, AnyDef))
        self.owner, self.state = kept

    def comprehension(self, node: Any) -> None:
        scope = Scope()
        free = isinstance(node, ast.SetComp) or node in self.order_free
        for generator in node.generators:
            if generator.is_async:
                self.find(node, AWAITS)
            if not free:
                self.ordered(generator.iter)
            self.visit(generator.iter)
            targets = [n.id for n in ast.walk(generator.target) if isinstance(n, ast.Name)]
            scope.names |= {name: Local() for name in targets}
            if scope not in self.scopes:
                self.scopes.append(scope)
            self.visit(generator.target)
            self.take_from(generator.target, generator.iter)
            self.every(generator.ifs)
        self.every([node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt])
        self.scopes.pop()


HANDLERS: dict[type, Callable[[Walk, Any], None]] = {
    ast.AnnAssign: Walk.annotated,
    ast.Assign: Walk.assign,
    ast.AsyncFor: Walk.awaited,
    ast.AsyncFunctionDef: Walk.function,
    ast.AsyncWith: Walk.awaited,
    ast.Attribute: Walk.attribute,
    ast.AugAssign: Walk.augmented,
    ast.Await: Walk.awaited,
    ast.BinOp: Walk.binary,
    ast.Call: Walk.call,
    ast.ClassDef: Walk.class_body,
    ast.DictComp: Walk.comprehension,
    ast.For: Walk.loop,
    ast.FormattedValue: Walk.formatted_value,
    ast.FunctionDef: Walk.function,
    ast.GeneratorExp: Walk.comprehension,
    ast.If: Walk.branching,
    ast.Import: Walk.local_import,
    ast.ImportFrom: Walk.local_import,
    ast.Lambda: Walk.function,
    ast.ListComp: Walk.comprehension,
    ast.Match: Walk.branching,
    ast.Name: Walk.name,
    ast.NamedExpr: Walk.named,
    ast.Return: Walk.returned,
    ast.Set: Walk.set_literal,
    ast.SetComp: Walk.comprehension,
    ast.Starred: Walk.starred,
    ast.Subscript: Walk.subscript,
    ast.Try: Walk.branching,
    ast.TryStar: Walk.branching,
    ast.While: Walk.branching,
    ast.With: Walk.with_block,
    ast.Yield: Walk.yielded,
    ast.YieldFrom: Walk.delegated,
}
if hasattr(ast, "TypeAlias"):
    HANDLERS[ast.TypeAlias] = Walk.nothing
