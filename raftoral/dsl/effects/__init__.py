"""What effects do over time: errors that escape, sagas, races, loops, policies, what lasts.

    check_effects(scope, facts, python) -> None      problems go to `scope.problems`

Needs the types; adds none. Rooms: `outline` (statements at a glance), `escapes`, `sagas`, `races`, `loops`,
`durability`, `activities`, `purity` (extern functions).
"""

from __future__ import annotations

from .. import syntax as s
from ..facts import Facts
from ..facts.symbols import Workflow
from ..scope import Scope
from .activities import check_activity
from .durability import (
    check_checkpoints,
    check_children,
    check_label_has_slot,
    check_labels,
    check_signals,
    check_waits,
)
from .escapes import Escapes
from .loops import check_clock, check_growing_text, check_loop, check_recursion
from .outline import outline
from .races import check_parallel, check_parallel_for, check_undo
from .sagas import check_sagas

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..source import Source
    from .outline import Index


def check_effects(scope: Scope, facts: Facts, python: Callable[[str], Source | None]) -> None:
    """All checks of a module that need to know what suspends, raises and runs side by side."""
    if facts.fn_calls:
        check_recursion(scope, facts)
    for decl in scope.parsed.module.decls:
        try:
            if isinstance(decl, s.Activity):
                check_activity(scope, decl)
            elif isinstance(decl, s.Fn) and isinstance(decl.body, s.Block):
                _check_fn(scope, facts, decl.body)
            elif isinstance(decl, s.Workflow):
                _check_workflow(scope, facts, decl)
        except RecursionError:
            pass  # said by `typecheck`, which goes deeper
    if any(decl.__class__ is s.Extern for decl in scope.parsed.module.decls):
        from .purity import check_externs

        check_externs(scope, python)


def _check_fn(scope: Scope, facts: Facts, body: s.Block) -> None:
    index = outline(body)
    for loop in index.get(s.While, ()):
        check_loop(scope, loop)
    _check_text(scope, facts, index)


def _check_workflow(scope: Scope, facts: Facts, decl: s.Workflow) -> None:
    index = outline(decl.body)
    for loop in index.get(s.While, ()):
        check_loop(scope, loop)
    _check_text(scope, facts, index)
    if "now()" in scope.problems.source.text:
        for block in index.get(s.Block, ()):
            check_clock(scope, facts, block)
    for kind in (s.Parallel, s.Dag):
        for node in index.get(kind, ()):
            check_parallel(scope, facts, node)
    for node in index.get(s.ParallelFor, ()):
        check_parallel_for(scope, facts, node)
    forks = [fork for kind in (s.Parallel, s.Dag, s.ParallelFor) for fork in index.get(kind, ())]
    for undo in index.get(s.Compensation, ()):
        check_undo(scope, facts, undo, forks)
    if s.Spawn in index or s.Do in index:
        check_children(scope, facts, decl, index)
    check_labels(scope, index)
    if "@" in scope.problems.source.text:
        check_label_has_slot(scope, index)
    check_waits(scope, facts, index)
    _check_errors(scope, facts, decl)
    check_sagas(scope, facts, decl.body, index)
    if not scope.parsed.damaged(decl):
        check_signals(scope, facts, decl, index)
        check_checkpoints(scope, facts, decl)


def _check_errors(scope: Scope, facts: Facts, decl: s.Workflow) -> None:
    meaning = scope.names.get(decl.name.text)
    if isinstance(meaning, Workflow):
        version = next((v for v in meaning.versions.values() if v.decl is decl), None)
        if version is not None:
            Escapes(scope, facts).workflow(decl, version)


def _check_text(scope: Scope, facts: Facts, index: Index) -> None:
    for kind in (s.For, s.While):
        for loop in index.get(kind, ()):
            check_growing_text(scope, facts, loop)
