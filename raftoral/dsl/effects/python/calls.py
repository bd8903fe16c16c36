"""Calls, order and change: who looks at the order of a set, and who changes what outlives the call."""

from __future__ import annotations

import ast

from .allowed import (
    ADDRESS,
    BYTES_TWINS,
    CLOCK,
    CLOCK_METHODS,
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
    SET_ORDER,
    SHOWS_TEXT,
    TIES,
    UNICODE,
    UNICODE_METHODS,
    ZONE,
    ZONED,
)
from .formats import date_codes, number_format, pattern_fault
from .modules import OWN_NAME, Files, PyFile
from .names import Names
from .parts import CHANGED, ORDERED_BY, Finding, Hand
from .values import KEYWORD, AnyDef, Comprehension, changes_itself, mentions, unroll


class Calls(Names):
    """What the walk does with a call, a set and a change."""

    def __init__(self, files: Files, file: PyFile, start: ast.AST) -> None:
        super().__init__(files, file, start)
        self.order_free: set[ast.AST] = set()  # comprehensions whose order nobody sees
        self.state: set[str] = set()  # containers that all instances of the class share
        self.owner: ast.ClassDef | None = None

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
            self.find(node, f"{UNICODE}; `.encode().{name}()` is ASCII only" if name in BYTES_TWINS else UNICODE)
        if name in MUTATORS and not defined and not self._has_method(receiver, name):
            self.change(receiver, node)
        elif not defined and not self.at_top:
            owner = self.global_of(receiver)
            if owner and self._has_changing(owner, name):
                self._changed(owner, node)

    def _call_date(self, node: ast.Call, function: ast.Attribute) -> None:
        name = function.attr
        if name in CLOCK_METHODS and not self.standard(function) and self.definition(function) is None:
            self.find(node, CLOCK)
        elif (ZONED.get(name, 0) > len(node.args) and not node.keywords) or (
            name == "timestamp" and self.is_naive(function.value)
        ):
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

    def _has_changing(self, owner: str, method: str) -> bool:
        """Whether a global holds an object whose `method` changes it."""
        value = self.constant(owner)
        for node in ast.walk(value) if value is not None else ():
            found = self.definition(node.func) if isinstance(node, ast.Call) else None
            if found is not None and isinstance(found[1], ast.ClassDef) and changes_itself(found[1], method):
                return True
        return False

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
            self._changed(owner, where)
        elif root is not None:
            local = self.local(root.id)
            if local is not None and local.keeps:
                self.find(where, f"keeps its changes of `{root.id}` for the next call")
            elif self.is_outer(root.id):
                inner.changes.append((where, root.id))
            self._demand(CHANGED, root.id)
        base, parts = unroll(node)
        if isinstance(base, ast.Name) and base.id in ("self", "cls") and parts and parts[0] in self.state:
            self.find(where, f"changes `{parts[0]}`, which all instances share")

    def _changed(self, owner: str, where: ast.AST) -> None:
        self.find(where, f"changes the global `{owner}`")
        self.part.changes.append((owner, getattr(where, "lineno", 1)))

    def has_floats(self, node: ast.expr) -> bool:
        """Whether a float is written in it, made by `float(…)`, or is the type of the parameter that it names."""
        items = [node]
        if isinstance(node, ast.GeneratorExp | ast.ListComp) and isinstance(node.elt, ast.Name):
            items += [generator.iter for generator in node.generators]
        for item in items:
            root = self.root(item)
            local = self.local(root.id) if root is not None else None
            if local is not None and mentions(local.annotation, "float"):
                return True
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
