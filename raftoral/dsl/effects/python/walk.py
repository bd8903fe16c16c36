"""Reads one function, class or statement from end to end: what in it is not pure, and what it uses.

    read_part(files, file, node) -> Part

A `Part` has findings, the names whose definitions are to be read next (`uses`), and what a caller must know: which
parameters it changes or takes in order (`demands`), and what it hands to others (`hands`).
"""

from __future__ import annotations

import ast

from .allowed import (
    ADDRESS,
    ANY,
    AWAITS,
    BUILTINS,
    CACHES,
    CHANCE,
    CLOCK,
    CLOCK_METHODS,
    CONTEXT,
    FLOAT_SUM,
    HIDDEN,
    MUTATING_STANDARD,
    MUTATORS,
    ORDER_FREE,
    ORDERED,
    ORDERED_METHODS,
    ORDERED_STANDARD,
    PATTERNS,
    POWER,
    REASONS,
    REFUSED_ATTRIBUTES,
    REFUSED_BUILTINS,
    REFUSED_MEMBERS,
    SET_ORDER,
    SHOWS_TEXT,
    STANDARD,
    TIES,
    UNICODE,
    UNICODE_METHODS,
    WHY_NOT,
    ZONE,
)
from .formats import date_codes, number_format, pattern_fault
from .modules import NOT_ALLOWED, NOT_READ, NOT_THERE, OWN_NAME, STANDARD_NAME, Files, Found, PyFile, imports
from .values import (
    SET,
    AnyDef,
    Comprehension,
    Local,
    Scope,
    Values,
    bound_names,
    is_container,
    is_set_type,
    mentions,
    unroll,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from ...source import Source

CHANGED, ORDERED_BY = "changed", "taken in order"  # what a function may do with a parameter


class Finding:
    """A line, and why it is not pure. `plain` lines (imports) explain themselves."""

    __slots__ = ("line", "plain", "source", "why")

    def __init__(self, source: Source, line: int, why: str, plain: bool = False) -> None:
        self.source = source
        self.line = line
        self.why = why
        self.plain = plain


class Hand:
    """An argument whose fate the called function decides."""

    __slots__ = ("callee", "demand", "finding", "place")

    def __init__(self, callee: ast.AST, demand: str, place: int | str, finding: Finding) -> None:
        self.callee = callee
        self.demand = demand
        self.place = place  # position, or name of the parameter
        self.finding = finding


class Part:
    """What was read of one definition."""

    __slots__ = ("demands", "findings", "gives_many", "hands", "uses")

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.uses: list[tuple[PyFile, str]] = []
        self.demands: set[tuple[str, int | str]] = set()
        self.hands: list[Hand] = []
        self.gives_many = False  # a generator


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


class Walk(Values):
    """The walk itself; one handler for each class of node that has something to say."""

    def __init__(self, files: Files, file: PyFile, start: ast.AST) -> None:
        super().__init__(files, file)
        self.start = start
        self.part = Part()
        self.called: set[ast.AST] = set()  # expressions that stand before `(`
        self.guarded: set[ast.AST] = set()  # `localcontext()` after `with`
        self.order_free: set[ast.AST] = set()  # comprehensions whose order nobody sees
        self.state: set[str] = set()  # containers that all instances of the class share
        self.owner: ast.ClassDef | None = None

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

    def visit(self, node: ast.AST) -> None:
        handler = HANDLERS.get(type(node))
        if handler is not None:
            handler(self, node)
        else:
            self.children(node)

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
                if base.id in REFUSED_BUILTINS and not (base.id == "__file__" and self.at_top):
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

    # --- calls ----------------------------------------------------------------------------------------

    def call(self, node: ast.Call) -> None:
        function = node.func
        self.called.add(function)
        builtin = self.builtin(function)
        standard = self.standard(function)
        if builtin:
            self._call_builtin(node, builtin)
        elif standard:
            self._call_standard(node, standard)
        elif isinstance(function, ast.Attribute):
            self._call_method(node, function)
        if isinstance(function, ast.Attribute):
            self._call_date(node, function)
        if not builtin and not standard:
            self._call_own(node)
        self.children(node)

    def _call_builtin(self, node: ast.Call, name: str) -> None:
        keyed = any(key.arg == "key" for key in node.keywords)
        if name in ORDER_FREE:
            for argument in node.args:
                if keyed:
                    self.ordered(argument, TIES)
                elif isinstance(argument, Comprehension):
                    self.order_free.add(argument)
        elif name in ORDERED:
            for argument in node.args:
                self.ordered(argument)
                if name in SHOWS_TEXT:
                    self.shown(argument)
        if name == "sum" and any(self.has_floats(argument) for argument in node.args):
            self.find(node, FLOAT_SUM)
        elif name == "pow" and len(node.args) == 2 and not self.whole_number(node.args[1]):
            self.find(node, POWER)
        elif name == "next" and node.args:
            self.change(node.args[0], node)
        elif name == "format" and len(node.args) == 2:
            self.formatted(node.args[1])

    def _call_standard(self, node: ast.Call, name: str) -> None:
        module, _, rest = name.partition(".")
        if name in ORDERED_STANDARD or module == "itertools":
            for argument in node.args:
                self.ordered(argument)
        if name in MUTATING_STANDARD and node.args:
            self.change(node.args[0], node)
        if module == "re" and rest in PATTERNS:
            fault = pattern_fault(self, node, rest)
            if fault:
                self.find(node, fault)
        if name == "math.fsum":
            self.order_free |= {argument for argument in node.args if isinstance(argument, Comprehension)}
        elif name == "operator.attrgetter" and not all(isinstance(a, ast.Constant) for a in node.args):
            self.find(node, HIDDEN)

    def _call_method(self, node: ast.Call, function: ast.Attribute) -> None:
        name = function.attr
        receiver = function.value
        if name in ORDERED_METHODS:
            for argument in node.args:
                self.ordered(argument)
        if name == "pop" and not node.args and self.is_set(receiver):
            self.find(node, SET_ORDER)
        defined = self.definition(function) is not None
        if name in UNICODE_METHODS and not defined and not self.is_ascii(receiver) and not self._is_own(receiver):
            self.find(node, UNICODE)
        if name in MUTATORS and not defined and not self._has_method(receiver, name):
            self.change(receiver, node)
        elif not defined and not self.at_top and name in self._changing_methods():
            owner = self.global_of(receiver)
            if owner and self._is_value(owner):
                self.find(node, f"changes the global `{owner}`")

    def _call_date(self, node: ast.Call, function: ast.Attribute) -> None:
        name = function.attr
        if name in CLOCK_METHODS and not self.standard(function) and self.definition(function) is None:
            self.find(node, CLOCK)
        elif name == "fromtimestamp" and len(node.args) < 2 and not node.keywords:
            self.find(node, ZONE)
        elif name == "astimezone" and not node.args and not node.keywords:
            self.find(node, ZONE)
        elif name == "timestamp" and self.is_naive(function.value):
            self.find(node, ZONE)
        elif name in ("strftime", "strptime"):
            fault = date_codes(node.args[0 if name == "strftime" else 1 :])
            if fault:
                self.find(node, fault)

    def _call_own(self, node: ast.Call) -> None:
        """Arguments of the user's own functions: a global may be changed there, a set be read in order."""
        found = self.definition(node.func)
        if found is None or isinstance(found[1], ast.ClassDef):
            return
        places: list[tuple[int | str, ast.expr]] = []
        for position, argument in enumerate(node.args):
            if isinstance(argument, ast.Starred):
                break
            places.append((position, argument))
        places += [(key.arg, key.value) for key in node.keywords if key.arg]
        for place, argument in places:
            owner = "" if self.at_top else self.global_of(argument)
            if owner and self._is_value(owner):
                self._hand(found[1], CHANGED, place, node, f"lets `{found[1].name}` change the global `{owner}`")
            if self.is_set(argument):
                self._hand(found[1], ORDERED_BY, place, node, SET_ORDER)

    def _hand(self, callee: ast.AST, demand: str, place: int | str, node: ast.Call, why: str) -> None:
        self.part.hands.append(Hand(callee, demand, place, Finding(self.file.source, node.lineno, why)))

    def _is_own(self, node: ast.expr) -> bool:
        """Whether it is `self` or `cls`."""
        return isinstance(node, ast.Name) and node.id in ("self", "cls") and self.owner is not None

    def _is_value(self, name: str) -> bool:
        """Whether a global is a value, and no function, class or module."""
        for found in self.files.look_up(self.file, name, []):
            if found.kind == OWN_NAME:
                nodes = [b.node for b in found.file.names[found.name] if not b.module]
                return not any(isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) for n in nodes)
        return False

    def _has_method(self, receiver: ast.expr, name: str) -> bool:
        """`Money.add(a, b)`, where the class says what `add` is."""
        found = self.definition(receiver)
        if found is None or not isinstance(found[1], ast.ClassDef):
            return False
        return any(isinstance(each, AnyDef) and each.name == name for each in found[1].body)

    def _changing_methods(self) -> set[str]:
        return self.files.changing_methods()

    # --- order, change, text ----------------------------------------------------------------------------

    def ordered(self, node: ast.expr, why: str = SET_ORDER) -> None:
        """`node` is read in order."""
        if isinstance(node, ast.Starred):
            node = node.value
        if self.is_set(node):
            self.find(node, why)
        elif isinstance(node, ast.Name):
            self._demand(ORDERED_BY, node.id)

    def _demand(self, demand: str, name: str) -> None:
        local = self.local(name)
        if local is not None and local.index >= 0:
            self.part.demands |= {(demand, local.index), (demand, name)}
        elif local is not None and local.index == KEYWORD:
            self.part.demands.add((demand, name))

    def change(self, node: ast.expr, where: ast.AST) -> None:
        """A value that `node` names, or an element of it, is changed in place."""
        inner = self.inner
        if inner is None:
            return
        owner = self.global_of(node)
        root = self.root(node)
        if owner:
            self.find(where, f"changes the global `{owner}`")
        elif root is not None:
            local = self.local(root.id)
            if local is not None and local.keeps:
                self.find(where, f"keeps its changes of `{root.id}` for the next call")
            elif local is not None and root.id not in inner.names:
                inner.changes.append((getattr(inner.function, "name", ""), where, root.id))
            self._demand(CHANGED, root.id)
        base, parts = unroll(node)
        if isinstance(base, ast.Name) and base.id in ("self", "cls") and parts and parts[0] in self.state:
            shared = not (len(parts) == 1 and isinstance(where, ast.Attribute))
            if shared:
                self.find(where, f"changes `{parts[0]}`, which all instances share")

    def has_floats(self, node: ast.expr) -> bool:
        """Whether a float is written in it, made by `float(…)`, or is the type of the parameter that it names."""
        if isinstance(node, ast.Name):
            local = self.local(node.id)
            return local is not None and mentions(local.annotation, "float")
        for each in ast.walk(node):
            if isinstance(each, ast.Constant) and isinstance(each.value, float):
                return True
            if isinstance(each, ast.Call) and self.builtin(each.func) == "float":
                return True
        return False

    def shown(self, node: ast.expr) -> None:
        """`node` becomes text: a function or a plain object shows its address."""
        made = isinstance(node, ast.Call)
        found = self.definition(node.func if isinstance(node, ast.Call) else node)
        if found is None:
            if isinstance(node, ast.Lambda) or (isinstance(node, ast.Call) and self.builtin(node.func) == "object"):
                self.find(node, ADDRESS)
            return
        definition = found[1]
        if isinstance(definition, ast.ClassDef):
            plain = not definition.bases and not definition.keywords and not definition.decorator_list
            says = any(isinstance(n, AnyDef) and n.name in ("__str__", "__repr__") for n in definition.body)
            if made and plain and not says:
                self.find(node, ADDRESS)
        elif not made:
            self.find(node, ADDRESS)

    def formatted(self, spec: ast.expr | None) -> None:
        fault = number_format(spec)
        if spec is not None and fault:
            self.find(spec, fault)

    def formatted_value(self, node: ast.FormattedValue) -> None:
        self.ordered(node.value)
        self.shown(node.value)
        self.formatted(node.format_spec)
        self.children(node)

    def binary(self, node: ast.BinOp) -> None:
        if isinstance(node.op, ast.Pow) and not self.whole_number(node.right):
            self.find(node, POWER)
        elif isinstance(node.op, ast.Mod) and isinstance(node.left, ast.Constant) and isinstance(node.left.value, str):
            for value in node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]:
                self.ordered(value)
        self.children(node)

    def starred(self, node: ast.Starred) -> None:
        if isinstance(node.ctx, ast.Load):
            self.ordered(node.value)
        self.children(node)

    def set_literal(self, node: ast.Set) -> None:
        self.every(each.value if isinstance(each, ast.Starred) else each for each in node.elts)

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

    def returned(self, node: ast.Return | ast.Yield) -> None:
        inner = self.inner
        if isinstance(node, ast.Yield) and inner is not None and inner.function is self.start:
            self.part.gives_many = True
        if inner is not None and node.value is not None:
            inner.returned |= {n.id for n in ast.walk(node.value) if isinstance(n, ast.Name)}
        self.children(node)

    def delegated(self, node: ast.YieldFrom) -> None:
        self.ordered(node.value)
        if self.inner is not None and self.inner.function is self.start:
            self.part.gives_many = True
        self.children(node)

    def awaited(self, node: ast.AST) -> None:
        self.find(node, AWAITS)

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
        scope.names |= _parameters(node, node is self.start, self.has_cache(node))
        self.scopes.append(scope)
        self.every(body)
        self.scopes.pop()
        outer = self.inner
        if outer is not None:
            self._leaks(outer, scope)

    def has_cache(self, node: AnyDef | ast.Lambda) -> bool:
        decorators = [] if isinstance(node, ast.Lambda) else node.decorator_list
        return any(self.standard(d.func if isinstance(d, ast.Call) else d) in CACHES for d in decorators)

    def _leaks(self, outer: Scope, scope: Scope) -> None:
        """A function that is given out keeps what it changes of the function around it."""
        outer.changes += [change for change in scope.changes if change[2] not in outer.names]
        outer_changes = [change for change in scope.changes if change[2] in outer.names]
        if outer_changes:
            setattr_target = getattr(scope.function, "name", "")
            self.pending.setdefault(outer, []).append((setattr_target, outer_changes))

    def class_body(self, node: ast.ClassDef) -> None:
        self.every([*node.decorator_list, *node.bases, *node.keywords])
        kept = (self.owner, self.state)
        self.owner, self.state = node, _shared_state(node)
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
