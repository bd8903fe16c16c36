"""Plain statements -> lines of Python, with the `.rft` line above each.

A local that is assigned in a nested place first gets a variable of its own: `n = f.n`.
"""

from __future__ import annotations

from .. import syntax as s
from ..facts.symbols import CHECKPOINT, VAR, Function, Local
from ..facts.types import DECIMAL, STR, ListType, MapType, OptionalType, Type
from .expressions import NOT, TERM, Expressions, is_path, quoted
from .names import Spelling, safe
from .patterns import guarded, tests_of
from .types import varies

INDENT = "    "


class Statements:
    """Writes lines; `out` spells the expressions, `spell` names locals."""

    def __init__(self, out: Expressions) -> None:
        self.out = out
        self.facts = out.facts
        self.source = out.facts.parsed.source
        self.lines: list[str] = []
        self.depth = 1
        self.said = -1
        self.returns: Type | None = None
        self.spelling = Spelling(out.named)
        self.noted: set[str] = set()  # names whose types the function that is being written has said

    # --- lines ---------------------------------------------------------------------------------------------

    def line(self, text: str) -> None:
        for path in self.out.unsure:  # the checker knows from a function before this one
            self.lines.append(f"{INDENT * self.depth}assert {path} is not None")
        self.out.unsure = []
        self.lines.append(INDENT * self.depth + text if text else "")

    def mark(self, node: s.Node) -> None:
        """The source line that what follows was made from; said once."""
        number = self.source.line_of(node.lo)
        if number != self.said:
            self.said = number
            self.line(f"# {number} | {self.source.line(number).strip()}")

    def spelled(self, local: Local) -> str:
        """The variable of a local in this function; from here on it stands for itself."""
        name = self.name_of(local)
        self.out.env[local] = name
        if isinstance(local.type, OptionalType):
            self.out.env[name] = name
        return name

    def name_of(self, local: Local) -> str:
        return self.spelling.of(local)

    def own(self, local: Local) -> None:
        """Gives `local` a variable of its own, with the value that it has now."""
        name = self.name_of(local)
        now = self.out.local(local)
        if now != name:
            self.line(f"{name} = {now}")
            self.out.env[local] = name
            if now in self.out.env:
                self.out.env[name] = name

    # --- statements ----------------------------------------------------------------------------------------

    def statement(self, node: s.Stmt) -> None:
        self.mark(node)
        if isinstance(node, s.Let | s.Var):
            self._variable(node)
        elif isinstance(node, s.Assign):
            self._assign(node)
        elif isinstance(node, s.Log):
            self.line(f"cx.log({quoted(node.level)}, {self.message(node.message)})")
        elif isinstance(node, s.Assert):
            self._assert(node)
        elif isinstance(node, s.SpawnStmt):
            self.line(self.out.text(node.spawn))  # type: ignore[arg-type]
        elif isinstance(node, s.Send):
            self._send(node)
        elif isinstance(node, s.Return):
            value = "" if node.value is None else f" {self.out.value(node.value, self.returns)}"  # type: ignore[arg-type]
            self.line(f"return{value}")
        else:
            self._nested(node)

    def message(self, node: s.Expr) -> str:
        text = self.out.stored(node)
        return text if self.facts.types.get(node) is STR else f"rt.text({text})"

    def _assert(self, node: s.Assert) -> None:
        """`rt.check(condition, message)`; a message that may fail itself is made when it is needed."""
        before = dict(self.out.env)
        if node.message is None or _is_plain(node.message):
            message = f", {self.out.stored(node.message)}" if node.message is not None else ""
            self.line(f"rt.check({self.out.text(node.condition)}{message})")
        else:
            self.line(f"if not {self.out.part(node.condition, NOT)}:")
            self.depth += 1
            self.line(f"rt.check(False, {self.out.stored(node.message)})")
            self.depth -= 1
        self.out.env = before  # type checkers learn nothing from it

    def _variable(self, node: s.Let | s.Var) -> None:
        target = node.target if isinstance(node, s.Let) else node.name
        names = [target] if isinstance(target, s.Token) else target.names
        locals = [self.facts.targets[name] for name in names]
        want = locals[0].type if len(locals) == 1 else None
        value = self.out.value(node.value, want)  # type: ignore[arg-type]
        spelled = ", ".join(self.spelled(local) for local in locals)
        said = value in ("[]", "{}", "None") or node.type is not None
        differs = said or self.differs(node.value, locals[0].type, isinstance(node, s.Var))  # type: ignore[arg-type]
        note = self.note(spelled, locals[0].type, differs) if len(locals) == 1 else ""
        self.line(f"{spelled}{note} = {value}")

    def note(self, name: str, type: Type, needed: bool = True) -> str:
        """The annotation of a variable, if it is needed where the function assigns to it first."""
        if name in self.noted or not needed:
            self.noted.add(name)
            return ""
        self.noted.add(name)
        return f": {self.out.types.text(type)}"

    def differs(self, value: s.Expr, type: Type, again: bool) -> bool:
        """Whether type checkers would find another type in `value` than the variable has, and mind it.

        `again`: other values are assigned to it elsewhere, so that `Circle(2)` alone does not say enough.
        """
        if isinstance(value, s.Call) and isinstance(self.facts.callees.get(value), Function):
            return again and self.facts.types.get(value) is not type
        if isinstance(value, s.NameRef | s.Attr) and isinstance(type, ListType | MapType):
            return False
        return varies(type, again)

    def _assign(self, node: s.Assign) -> None:
        local = self.facts.bindings[node]
        assert isinstance(local, Local)
        value = self.out.value(node.value, local.type)  # type: ignore[arg-type]
        if node.op != "=":
            now = self.out.local(local)
            if isinstance(local.type, OptionalType) and now not in self.out.env:
                self.out.unsure.append(now)
            self._augment(node, local, now)
            return
        name = f"s.{safe(local.name)}" if local.kind == CHECKPOINT else self.spelled(local)
        if isinstance(local.type, OptionalType):
            self.out.env[name] = name
        self.line(f"{name} = {value}")

    def _augment(self, node: s.Assign, local: Local, now: str) -> None:
        """`x += 1`, or `x = rt.int64(x + n)` where the result could leave its type."""
        assert isinstance(node.value, s.Expr)
        type = local.type.inner if isinstance(local.type, OptionalType) else local.type
        name = f"s.{safe(local.name)}" if local.kind == CHECKPOINT else self.spelled(local)
        if type is DECIMAL:
            value, check = self.out.part(node.value, TERM), ""
        else:
            text, strength = self.out.open(node.value)
            value = text if strength >= TERM else f"({text})"
            check = self.out.check_of_step(local, node.op, node.value, type)
        if check:
            self.line(f"{name} = rt.{check}({now} {node.op[0]} {value})")
        elif now == name:
            self.line(f"{name} {node.op} {value}")
        else:
            self.line(f"{name} = {now} {node.op[0]} {value}")

    def _send(self, node: s.Send) -> None:
        assert isinstance(node.call, s.Call) and isinstance(node.call.callee, s.Attr)
        handle = self.out.text(node.call.callee.value)
        payload = "".join(f", {self.out.value(arg.value)}" for arg in node.call.args)
        self.line(f"cx.send({handle}, {quoted(node.call.callee.name.text)}{payload})")

    def function_body(self, body: s.Block, result: Type) -> None:
        """The body of a `fn`: the only place where a plain statement returns."""
        self.returns = result
        for stmt in body.stmts:
            self.statement(stmt)

    # --- nested control flow --------------------------------------------------------------------------------

    def _nested(self, node: s.Stmt) -> None:
        for part in s.walk(node):
            local = self.facts.bindings.get(part)
            if (
                isinstance(part, s.Assign)
                and isinstance(local, Local)
                and local.kind != CHECKPOINT
                and local in self.out.env
            ):
                self.own(local)
        if isinstance(node, s.If):
            self._if(node, "if")
        elif isinstance(node, s.For):
            self._for(node)
        elif isinstance(node, s.While):
            self.line(f"while {self.out.text(node.condition)}:")
            self.block(node.body)
        elif isinstance(node, s.MatchStmt):
            self._match(node)
        elif isinstance(node, s.Break):
            self.line("break")
        elif isinstance(node, s.Continue):
            self.line("continue")

    def block(self, node: s.Block | s.Stmt) -> None:
        before = dict(self.out.env)
        self.depth += 1
        start = len(self.lines)
        for stmt in node.stmts if isinstance(node, s.Block) else [node]:
            self.statement(stmt)
        if not any(not line.strip().startswith("#") for line in self.lines[start:]):
            self.line("pass")
        self.depth -= 1
        self.out.env = {local: text for local, text in self.out.env.items() if local in before}

    def _if(self, node: s.If, word: str) -> None:
        depth = self.depth
        test = self.out.text(node.condition)
        self._test(word, test)
        self.block(node.then)
        if isinstance(node.orelse, s.If):
            self._if(node.orelse, "elif")
        elif node.orelse is not None:
            self.line("else:")
            self.block(node.orelse)
        self.depth = depth

    def _test(self, word: str, test: str) -> None:
        """`elif test:`, or the same below `else:` when something has to be asserted first."""
        if word == "elif" and self.out.unsure:
            self.lines.append(f"{INDENT * self.depth}else:")
            self.depth += 1
            word = "if"
        self.line(f"{word} {test}:")

    def _for(self, node: s.For) -> None:
        source = self.out.iterable(node.source)
        before = dict(self.out.env)
        names = [node.target] if isinstance(node.target, s.Token) else node.target.names
        locals = [self.facts.targets.get(name) for name in names]
        target = ", ".join(
            safe(name.text) if local is None else self.spelled(local) for name, local in zip(names, locals, strict=True)
        )
        self.line(f"for {target} in {source}:")
        self.block(node.body)
        self.out.env = before

    def _match(self, node: s.MatchStmt) -> None:
        subject = self.subject(node.subject)
        type = self.facts.types[node.subject]
        word, depth = "if", self.depth
        for arm in node.arms:
            for test, binds in tests_of(self.out, arm, type, subject):
                before = dict(self.out.env)
                self.out.env.update(binds)
                if arm.guard is not None:
                    test = guarded(test, self.out.part(arm.guard, NOT))
                if test == "True" and word == "elif":
                    self.line("else:")
                else:
                    self._test(word, test)
                self.block(arm.body)
                self.out.env = before
                word = "elif"
        self.depth = depth

    def stays(self, node: s.Expr, text: str) -> bool:
        """Whether a path goes on meaning the same value: it starts at something that nothing assigns to."""
        if text[:2] in ("a.", "c.", "f."):
            return True
        while isinstance(node, s.Attr):
            node = node.value
        local = self.facts.bindings.get(node)
        return isinstance(local, Local) and local.kind not in (VAR, CHECKPOINT)

    def subject(self, node: s.Expr) -> str:
        """What a match looks at, as something that can be read again."""
        text = self.out.text(node)
        if is_path(text) and self.stays(node, text):
            return text
        self.out.env.pop(text, None)
        name = self.out.temporary()
        self.line(f"{name} = {text}")
        return name


def _is_plain(node: s.Expr) -> bool:
    """A path of names, or a text with such in it: looking at it cannot fail."""
    if isinstance(node, s.Text):
        return all(isinstance(part, str) or _is_plain(part) for part in node.parts)
    return isinstance(node, s.NameRef) or (isinstance(node, s.Attr) and _is_plain(node.value))
