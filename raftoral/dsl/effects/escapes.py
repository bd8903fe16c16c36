"""Which errors leave a body: undeclared ones (RFT0704), catches in vain (0705), nothing to try (0716).

`ActivityFailed`, `Cancelled` and `Interrupted` may leave any effect and are never declared.
"""

from __future__ import annotations

from .. import syntax as s
from ..diagnostics import Fix, Problems
from ..facts import Facts
from ..facts.symbols import Activity, HandleType, Local, Workflow, WorkflowVersion
from ..facts.types import POISON, ErrorType, errors_in
from ..scope import ACTIVITY_FAILED, CANCELLED, INTERRUPTED, Scope
from ..syntax import Node
from .outline import SUSPENDING, effect_of, inner

TYPE_CHECKING = False
if TYPE_CHECKING:
    Raised = dict[ErrorType, Node]


class Escapes:
    """Walks a workflow; `unknown` is set where something could not be resolved, and then nothing is said."""

    __slots__ = ("has_or_fail", "facts", "problems", "scope", "unknown")

    def __init__(self, scope: Scope, facts: Facts) -> None:
        self.scope = scope
        self.facts = facts
        self.problems: Problems = scope.problems
        self.unknown = False
        self.has_or_fail = "??" in scope.problems.source.text

    def workflow(self, decl: s.Workflow, version: WorkflowVersion) -> None:
        raised = self.of(decl.body)
        for error, node in raised.items():
            if not error.builtin and error not in version.raises:
                self._undeclared(decl, error, node)

    def of(self, node: Node) -> Raised:
        """The errors that may leave `node`, each with the place where it comes from."""
        kind = node.__class__
        if kind is s.Try:
            return self._try(node)  # type: ignore[arg-type]
        raised: Raised = {}
        if kind is s.Do:
            self._do(node, raised)  # type: ignore[arg-type]
        elif kind is s.Fail:
            self._fail(node.error, node, raised)  # type: ignore[attr-defined]
        elif kind is s.Wait or kind is s.OnSignal:
            self._wait(node, raised)
        if kind in SUSPENDING:
            raised.setdefault(CANCELLED, node)
        if self.has_or_fail:
            self._or_fails(node, raised)
        if kind is s.Compensation:
            return raised  # an undo that fails stops the run for an operator; its errors go nowhere
        if kind is s.Select:
            for arm in node.arms:  # type: ignore[attr-defined]
                if arm.__class__ is s.OnSignal:
                    self._wait(arm, raised)
        settles = getattr(node, "settle", False)
        for part in inner(node):
            for error, place in self.of(part).items():
                if not settles or error is CANCELLED:
                    raised.setdefault(error, place)
        return raised

    def _do(self, node: s.Do, raised: Raised) -> None:
        callee = self.facts.callees.get(node)
        raised[ACTIVITY_FAILED] = node
        if isinstance(callee, Activity):
            for error in callee.raises:
                raised.setdefault(error, node)
            if callee.at_most_once:
                raised.setdefault(INTERRUPTED, node)
        elif isinstance(callee, Workflow):
            for error in callee.newest.raises:
                raised.setdefault(error, node)
        else:
            self.unknown = True

    def _wait(self, node: Node, raised: Raised) -> None:
        meaning = self.facts.bindings.get(node)
        if isinstance(meaning, Local) and isinstance(meaning.type, HandleType):
            raised.setdefault(ACTIVITY_FAILED, node)
            for error in meaning.type.workflow.newest.raises:
                raised.setdefault(error, node)

    def _fail(self, error: s.Expr, node: Node, raised: Raised) -> None:
        type = self.facts.types.get(error, POISON)
        found = errors_in(type)
        self.unknown = self.unknown or not found
        for one in found:
            raised.setdefault(one, node)

    def _or_fails(self, node: Node, raised: Raised) -> None:
        for value in _expressions(node):
            for part in s.walk(value):
                if part.__class__ is s.OrFail:
                    self._fail(part.error, part, raised)

    def _try(self, node: s.Try) -> Raised:
        outer, self.unknown = self.unknown, False
        inside = self.of(node.body)
        known = not self.unknown
        raised: Raised = {}
        caught: set[ErrorType] = set()
        for clause in node.catches:
            for name in clause.errors:
                error = self.scope.names.get(name.name.text) if name.module is None else None
                if name.module is not None:
                    _, error = self.scope.find_in(name.module, name.name)
                if isinstance(error, ErrorType):
                    if known and inside and error not in inside and error not in caught:
                        self._in_vain(node, name, error, inside)
                    caught.add(error)
        if known and not inside and not self.scope.parsed.damaged(node):
            self._nothing_to_try(node)
        for error, place in inside.items():
            if error not in caught:
                raised.setdefault(error, place)
        for clause in node.catches:
            for error, place in self.of(clause.body).items():
                raised.setdefault(error, place)
        if node.final is not None:
            for error, place in self.of(node.final).items():
                raised.setdefault(error, place)
        self.unknown = self.unknown or outer
        return raised

    # --- words ---------------------------------------------------------------------------------------------

    def _undeclared(self, decl: s.Workflow, error: ErrorType, node: Node) -> None:
        name = error.name
        if isinstance(node, s.Do):
            callee = self.facts.callees.get(node)
            who = callee.name if callee is not None else node.callee.name.text
            label = f"`{who}` raises {name}, and nothing here catches it"
        else:
            label = "raised here, and nothing catches it"
        result = decl.result or decl.name
        end = decl.raises[-1] if decl.raises else None
        declared = "declares no errors" if end is None else "declares " + ", ".join(n.name.text for n in decl.raises)
        self.problems.add(
            "RFT0704",
            f"`{name}` can leave this workflow undeclared",
            node,
            label,
            also=[(end or result, f"the workflow {declared}")],
            helps=["declare it, so that callers must deal with it, or catch it"],
            fix=_declare_fix(self.problems.source.text, decl, name),
        )

    def _in_vain(self, node: s.Try, name: s.TypeName, error: ErrorType, inside: Raised) -> None:
        declared = sorted(e.name for e in inside if not e.builtin)
        notes = [f"it raises {', '.join(declared)}"] if declared else ["no effect in it declares an error"]
        helps = [] if error.builtin else ["an activity that gives up raises `ActivityFailed`"]
        self.problems.add(
            "RFT0705",
            f"nothing in this `try` raises `{error.name}`",
            name,
            "never comes",
            notes=notes,
            helps=helps,
        )

    def _nothing_to_try(self, node: s.Try) -> None:
        self.problems.at(
            "RFT0716",
            "nothing in this `try` can fail",
            node.lo,
            node.lo + 3,
            "no effect and no `fail` in its body",
            helps=["leave out the `try`"],
        )


def _expressions(node: Node) -> list[Node]:
    """The expressions that belong to a statement itself, not to statements inside it."""
    found: list[Node] = []
    for name in ("value", "condition", "subject", "message", "source", "limit", "within", "delay", "error", "call"):
        part = getattr(node, name, None)
        if isinstance(part, Node) and (effect_of(part) is None or part.__class__ in (s.OrFail, s.Binary)):
            found.append(part)
    found += [arg.value for arg in getattr(node, "args", None) or () if isinstance(arg, s.Arg)]
    if node.__class__ is s.Select:
        found += [arm.delay for arm in node.arms if isinstance(arm, s.OnTimer)]
    return found


def _declare_fix(text: str, decl: s.Workflow, name: str) -> Fix:

    if decl.raises:
        at, new = decl.raises[-1].hi, f", {name}"
    else:
        last = decl.params[-1] if decl.params else decl.version
        at = decl.result.hi if decl.result is not None else text.find(")", last.hi) + 1
        new = f" raises {name}"
    return Fix([(at, at, new)])
