"""What an expression is, as far as its text shows: a set, bytes, part of a global, a pattern, a number.

Guesses in the direction of silence: what cannot be seen is taken to be harmless. Says nothing to the author itself.
"""

from __future__ import annotations

import ast

from .allowed import (
    BYTES_TWINS,
    CONTAINERS,
    GIVE_ASCII,
    GIVE_BYTES,
    MUTATORS,
    SET_METHODS,
    SET_TYPES,
    SETS,
    STANDARD,
    VIEWS,
    WRAPPERS,
)
from .modules import OWN_NAME, Binding, Files, PyFile, imports

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

AnyDef = ast.FunctionDef | ast.AsyncFunctionDef
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp

SET, BYTES, NAIVE = "set", "bytes", "naive"  # traits; NAIVE is a datetime without a zone
DEPTH_MAX = 60
NO_PARAMETER, KEYWORD = -1, -2  # instead of a position


class Local:
    """A name inside a function: what is known of its value."""

    __slots__ = ("alias", "annotation", "binding", "index", "keeps", "traits")

    def __init__(self) -> None:
        self.index = NO_PARAMETER  # the position of a parameter of the function that is read
        self.annotation: ast.expr | None = None
        self.keeps = False  # a parameter whose default can change
        self.binding: Binding | None = None  # an import inside the function
        self.traits: frozenset[str] = frozenset()
        self.alias = ""  # the global that this may be a part of


class Scope:
    """Names of a function, a lambda, a comprehension or a class body."""

    __slots__ = ("changes", "depth", "function", "leaks", "names", "nonlocals", "returned")

    def __init__(self, function: ast.AST | None = None) -> None:
        self.function = function
        self.names: dict[str, Local] = {}
        self.nonlocals: set[str] = set()
        self.depth = 0  # how many ifs and loops are open
        self.returned: set[str] = set()
        self.changes: list[tuple[ast.AST, str]] = []  # (where, name of a function around that it changes)
        self.leaks: list[tuple[str, ast.AST, str]] = []  # the same of a function inside, with that one's name


class Values:
    """Looks at expressions of one file with the scopes around them."""

    def __init__(self, files: Files, file: PyFile) -> None:
        self.files = files
        self.file = file
        self.scopes: list[Scope] = []

    def local(self, name: str) -> Local | None:
        for scope in reversed(self.scopes):
            if name in scope.names:
                return scope.names[name]
        return None

    def is_outer(self, name: str) -> bool:
        """Whether `name` is a local of a function around the innermost one."""
        passed = False
        for scope in reversed(self.scopes):
            if name in scope.names:
                return passed
            passed = passed or scope.function is not None
        return False

    def builtin(self, node: ast.expr) -> str:
        """The name of the built-in function that `node` is, or nothing."""
        if isinstance(node, ast.Name) and self.local(node.id) is None and node.id not in self.file.names:
            return node.id
        return ""

    def standard(self, node: ast.expr) -> str:
        """`decimal.localcontext` for whatever the file calls it, or nothing."""
        base, parts = unroll(node)
        if not isinstance(base, ast.Name):
            return ""
        local = self.local(base.id)
        if local is not None:
            bindings = [local.binding] if local.binding else []
        else:
            bindings = [b for b in self.file.names.get(base.id, ()) if b.module]
        for binding in bindings:
            path = ".".join([binding.module, *([binding.member] if binding.member else []), *parts])
            if binding.module in STANDARD:
                return path
        return ""

    def definition(self, node: ast.expr) -> tuple[PyFile, AnyDef | ast.ClassDef] | None:
        """The function or class of the user's that `node` names."""
        base, parts = unroll(node)
        if not isinstance(base, ast.Name):
            return None
        local = self.local(base.id)
        if local is not None:
            found = self.files.follow(self.file, local.binding, parts) if local.binding else []
        else:
            found = self.files.look_up(self.file, base.id, parts)
        for each in found:
            if each.kind == OWN_NAME and not each.parts:
                for binding in each.file.names[each.name]:
                    if isinstance(binding.node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                        return each.file, binding.node
        return None

    def constant(self, name: str) -> ast.expr | None:
        """The value of a name that is assigned once, at the top of this file or of one that it imports from."""
        found = [f for f in self.files.look_up(self.file, name, []) if f.kind == OWN_NAME]
        if self.local(name) is not None or len(found) != 1:
            return None
        bindings = found[0].file.names[found[0].name]
        node = bindings[0].node
        if len(bindings) != 1 or not isinstance(node, ast.Assign | ast.AnnAssign):
            return None
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return node.value if len(targets) == 1 and isinstance(targets[0], ast.Name) else None

    # --- traits -------------------------------------------------------------------------------------

    def is_set(self, node: ast.expr, depth: int = 0) -> bool:
        if depth > DEPTH_MAX:
            return False
        if isinstance(node, ast.Set | ast.SetComp):
            return True
        if isinstance(node, ast.Name):
            local = self.local(node.id)
            if local is not None:
                return SET in local.traits
            value = self.constant(node.id)
            return value is not None and self.is_set(value, depth + 10)
        if isinstance(node, ast.Call):
            return self._gives_set(node, depth)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr | ast.BitAnd | ast.BitXor | ast.Sub):
            sides = (node.left, node.right)
            return any(self.is_set(side, depth + 1) or _is_view(side) for side in sides)
        if isinstance(node, ast.IfExp):
            return self.is_set(node.body, depth + 1) or self.is_set(node.orelse, depth + 1)
        return isinstance(node, ast.NamedExpr) and self.is_set(node.value, depth + 1)

    def _gives_set(self, node: ast.Call, depth: int) -> bool:
        if self.builtin(node.func) in SETS:
            return True
        if isinstance(node.func, ast.Attribute) and node.func.attr in (SET_METHODS | {"copy"}):
            value = node.func.value
            return self.is_set(value, depth + 1) or (self.builtin(value) in SETS and node.func.attr != "copy")
        found = self.definition(node.func)
        return found is not None and isinstance(found[1], ast.FunctionDef) and is_set_type(found[1].returns)

    def is_ascii(self, node: ast.expr) -> bool:
        """Bytes, or text that can only be ASCII: letter case and digits are the same in every Python."""
        if isinstance(node, ast.Constant):
            return isinstance(node.value, bytes) or (isinstance(node.value, str) and node.value.isascii())
        if isinstance(node, ast.Name):
            local = self.local(node.id)
            return local is not None and BYTES in local.traits
        if not isinstance(node, ast.Call):
            return False
        if isinstance(node.func, ast.Attribute):
            attribute = node.func.attr
            if attribute in BYTES_TWINS or attribute in ("strip", "replace"):
                return self.is_ascii(node.func.value)
            return attribute in GIVE_BYTES or attribute in GIVE_ASCII
        return self.builtin(node.func) in ("bytes", "bytearray", "hex", "oct", "bin", "ascii")

    def is_naive(self, node: ast.expr) -> bool:
        """A datetime made without a zone."""
        if isinstance(node, ast.Name):
            local = self.local(node.id)
            return local is not None and NAIVE in local.traits
        if not isinstance(node, ast.Call) or self.standard(node.func) != "datetime.datetime":
            return False
        return len(node.args) < 8 and not any(key.arg in (None, "tzinfo") for key in node.keywords)

    def traits(self, node: ast.expr) -> frozenset[str]:
        tests = ((SET, self.is_set), (BYTES, self.is_ascii), (NAIVE, self.is_naive))
        if isinstance(node, ast.Constant) and not isinstance(node.value, bytes):
            return frozenset()  # a text that starts as a constant may become another one
        return frozenset(trait for trait, test in tests if test(node))

    def whole_number(self, node: ast.expr) -> bool:
        """A number ≥ 0 that is written in the file."""
        if isinstance(node, ast.Name):
            value = self.constant(node.id)
            return value is not None and isinstance(value, ast.Constant) and type(value.value) is int
        return isinstance(node, ast.Constant) and type(node.value) is int

    def text(self, node: ast.expr, depth: int = 0) -> str | bytes | None:
        """The text of a literal, or of literals put together; `re.escape(…)` in it counts as nothing."""
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, str | bytes) else None
        if depth > DEPTH_MAX:
            return None
        if isinstance(node, ast.Name):
            value = self.constant(node.id)
            return None if value is None else self.text(value, depth + 10)
        if isinstance(node, ast.Call) and self.standard(node.func) == "re.escape":
            return ""
        if isinstance(node, ast.FormattedValue):
            return self.text(node.value, depth + 1)
        parts = node.values if isinstance(node, ast.JoinedStr) else []
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            parts = [node.left, node.right]
        texts = [self.text(part, depth + 1) for part in parts]
        known = [text for text in texts if isinstance(text, str)]
        return "".join(known) if parts and len(known) == len(texts) else None

    # --- what belongs to a global ---------------------------------------------------------------------

    def root(self, node: ast.expr) -> ast.Name | None:
        """The name that `node` is a part of: `TABLE` of `TABLE["a"].get("b")`."""
        for _ in range(DEPTH_MAX):
            if isinstance(node, ast.Name):
                return node
            if isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
                node = node.value
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in VIEWS:
                node = node.func.value
            else:
                return None
        return None

    def items(self, node: ast.expr) -> ast.expr:
        """What a loop over `node` takes its items from: `xs` of `enumerate(reversed(xs))`."""
        while isinstance(node, ast.Call) and node.args and self.builtin(node.func) in WRAPPERS:
            node = node.args[0]
        return node

    def global_of(self, node: ast.expr) -> str:
        """The global that a change of `node` would change, or nothing."""
        root = self.root(node)
        if root is None:
            return ""
        local = self.local(root.id)
        if local is not None:
            return local.binding.module if local.binding else local.alias
        return root.id if root.id in self.file.names else ""


def _is_view(node: ast.expr) -> bool:
    """`d.keys()`: with `|`, `&` and `-` it becomes a set."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("keys", "items")


def unroll(node: ast.expr) -> tuple[ast.expr, list[str]]:
    """`a.b.c` as `a` and `["b", "c"]`."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return node, parts[::-1]


def is_container(node: ast.expr | None) -> bool:
    """A list, dict or set made on the spot."""
    if isinstance(node, ast.Call):
        name = unroll(node.func)[1][-1:] or [node.func.id if isinstance(node.func, ast.Name) else ""]
        return name[0] in CONTAINERS
    return isinstance(node, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp)


def is_set_type(node: ast.expr | None) -> bool:
    """Whether an annotation says `set[...]`, also `set[str] | None`."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value.partition("[")[0].strip() in SET_TYPES
    if isinstance(node, ast.BinOp):
        return is_set_type(node.left) or is_set_type(node.right)
    if isinstance(node, ast.Subscript):
        return is_set_type(node.value)
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return name in SET_TYPES


def mentions(node: ast.AST | None, name: str) -> bool:
    return node is not None and any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(node))


def bound_names(body: Iterable[ast.AST], file: PyFile) -> tuple[dict[str, Local], set[str]]:
    """What a function's body binds, and what it declares nonlocal. Inner functions and comprehensions bind for
    themselves, but for `:=`."""
    names: dict[str, Local] = {}
    outside: set[str] = set()
    nonlocals: set[str] = set()
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.setdefault(node.name, Local())
        elif isinstance(node, Comprehension):
            walrus = [n.target.id for n in ast.walk(node) if isinstance(n, ast.NamedExpr)]
            names |= {name: Local() for name in walrus if name not in names}
        elif isinstance(node, ast.Global | ast.Nonlocal):
            outside |= set(node.names)
            nonlocals |= set(node.names) if isinstance(node, ast.Nonlocal) else set()
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for name, binding in imports(node, file.module, file.is_package):
                names.setdefault(name, Local()).binding = binding
        elif not isinstance(node, ast.Lambda):
            for name in _names_of(node):
                names.setdefault(name, Local())
            waiting.extend(ast.iter_child_nodes(node))
    return {name: local for name, local in names.items() if name not in outside}, nonlocals


def _names_of(node: ast.AST) -> Iterator[str]:
    """The names that the node binds by itself."""
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
        yield node.name
    elif isinstance(node, ast.MatchMapping) and node.rest:
        yield node.rest


def parameters(node: AnyDef | ast.Lambda, counted: bool) -> dict[str, Local]:
    """The parameters as locals; with their positions if `counted`."""
    names: dict[str, Local] = {}
    positional = [*node.args.posonlyargs, *node.args.args]
    rest = [each for each in (node.args.vararg, node.args.kwarg) if each is not None]
    for position, each in enumerate([*positional, *node.args.kwonlyargs, *rest]):
        local = names[each.arg] = Local()
        if counted and each not in rest:
            local.index = position if position < len(positional) else KEYWORD
        if each not in rest:
            local.annotation = each.annotation
            local.traits = _annotated_traits(each.annotation)
    defaults = list(zip(reversed(positional), reversed(node.args.defaults), strict=False))
    defaults += [(a, d) for a, d in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True) if d is not None]
    for each, default in defaults:
        names[each.arg].keeps = is_container(default)
    return names


def _annotated_traits(annotation: ast.expr | None) -> frozenset[str]:
    if is_set_type(annotation):
        return frozenset([SET])
    is_bytes = isinstance(annotation, ast.Name) and annotation.id in ("bytes", "bytearray")
    return frozenset([BYTES]) if is_bytes else frozenset()


def shared_state(node: ast.ClassDef) -> set[str]:
    """Containers in a class body that no method replaces by one of its own."""
    state: set[str] = set()
    for each in node.body:
        if isinstance(each, ast.Assign | ast.AnnAssign) and is_container(each.value):
            targets = each.targets if isinstance(each, ast.Assign) else [each.target]
            state |= {target.id for target in targets if isinstance(target, ast.Name)}
    return state - {name for name, link in _own_attributes(node) if isinstance(link.ctx, ast.Store)} if state else state


def _own_attributes(node: ast.AST) -> Iterator[tuple[str, ast.Attribute]]:
    for each in ast.walk(node):
        if isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name) and each.value.id == "self":
            yield each.attr, each


def changes_itself(node: ast.ClassDef, method: str) -> bool:
    """Whether the method assigns to `self.x`, an element of it, or calls something like `self.x.append`."""
    for each in node.body:
        if not isinstance(each, ast.FunctionDef) or each.name != method:
            continue
        for inner in ast.walk(each):
            target: ast.expr | None = None
            if isinstance(inner, ast.Attribute | ast.Subscript) and not isinstance(inner.ctx, ast.Load):
                target = inner
            elif isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute) and inner.func.attr in MUTATORS:
                target = inner.func.value
            while isinstance(target, ast.Attribute | ast.Subscript):
                target = target.value
            if isinstance(target, ast.Name) and target.id == "self":
                return True
    return False
