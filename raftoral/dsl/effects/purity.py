"""Extern functions: does the Python behind them look pure (RFT0505)?

    check_externs(scope, python) -> None      `python` gives the text of a Python module by its dotted name

Reads source text, follows calls through the user's own files, and says what it found; functions that are marked
`trusted` are passed over. Never imports or runs Python, opens no file, and reads a bounded amount. The reading
itself is in the rooms of `python`, loaded only when there is a function to read.
"""

from __future__ import annotations

from .. import syntax as s
from ..diagnostics.spelling import closest
from ..scope import Scope

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ast
    from collections.abc import Callable

    from ..source import Source
    from .python.modules import Files, PyFile, Unread
    from .python.parts import Finding
    from .python.reach import Reach

SHOWN_MAX = 3
CODE_MAX = 60
WHY_PURE = "an extern function runs inside transitions, on every node and again after a crash"
WHY_READ = "the compiler reads the source of an extern function, to see that it is pure"


def check_externs(scope: Scope, python: Callable[[str], Source | None]) -> None:
    """Every function of every `extern` block that is not `trusted`."""
    blocks: list[tuple[s.Extern, list[s.ExternFn]]] = []
    for decl in scope.parsed.module.decls:
        if isinstance(decl, s.Extern) and not scope.parsed.damaged(decl):
            fns = [fn for fn in decl.fns if not fn.trusted]
            if fns:
                blocks.append((decl, fns))
    if not blocks:
        return
    from .python.modules import Files
    from .python.reach import Reach

    reach = Reach(Files(python))
    for decl, fns in blocks:
        _check_block(scope, reach, decl, fns)


def _check_block(scope: Scope, reach: Reach, decl: s.Extern, fns: list[s.ExternFn]) -> None:
    from .python.modules import PyFile

    path = decl.path.text[1:-1]
    if not all(part.isidentifier() and part.isascii() for part in path.split(".")):
        scope.problems.add(
            "RFT0505",
            f"`{path}` is not the path of a Python module",
            decl.path,
            "names with dots between them are expected here",
            helps=['a function in shop/tax.py is declared in `extern "shop.tax" { … }`'],
        )
        return
    file = reach.files.load(path)
    if file is None:
        _missing_module(scope, decl, path)
    elif isinstance(file, PyFile):
        for fn in fns:
            _check_fn(scope, reach, file, fn)
    else:
        _unread(scope, decl, path, file)


def _missing_module(scope: Scope, decl: s.Extern, path: str) -> None:
    from .python.allowed import REASONS, STANDARD

    stem = path.replace(".", "/")
    if path in STANDARD or path.partition(".")[0] in REASONS:
        helps = [f"`{path}` is not a file of yours: write a function that calls it in one, and declare that"]
    else:
        helps = [
            "a module that is installed elsewhere is not read: call it from a file of yours,\n"
            "or vouch for each function of it with `trusted`"
        ]
    scope.problems.add(
        "RFT0505",
        f"there is no Python module `{path}`",
        decl.path,
        f"no {stem}.py and no {stem}/__init__.py below the source root, or not UTF-8",
        notes=[WHY_READ],
        helps=helps,
    )


def _unread(scope: Scope, decl: s.Extern, path: str, file: Unread) -> None:
    from .python.parts import Finding

    scope.problems.add(
        "RFT0505",
        f"the Python module `{path}` cannot be read",
        decl.path,
        "these functions are declared pure",
        notes=[_rows([Finding(file.source, file.line, file.why)]), WHY_READ],
    )


def _check_fn(scope: Scope, reach: Reach, file: PyFile, fn: s.ExternFn) -> None:
    import ast

    name = fn.name.text
    if not name:
        return
    found = _locate(reach.files, file, name)
    if not found:
        _missing_function(scope, file, fn)
        return
    full = f"{file.module}.{name}"
    findings: list[Finding] = []
    for home, node in found:
        fault = _shape(reach, home, node)
        if fault is not None:
            _report_shape(scope, full, fn, fault)
            return
        assert isinstance(node, ast.FunctionDef)
        mismatch = _arity(node, len(fn.params))
        if mismatch:
            _report_arity(scope, full, fn, mismatch, home, node)
            return
        findings += reach.findings(home, node)
    if findings:
        _report(scope, full, fn, findings)


def _missing_function(scope: Scope, file: PyFile, fn: s.ExternFn) -> None:
    from .python.parts import Finding

    name = fn.name.text
    if name in file.names:  # an import from where nothing is read
        line = file.names[name][0].node.lineno
        fault = Finding(file.source, line, "comes from elsewhere")
        _report_shape(scope, f"{file.module}.{name}", fn, fault)
        return
    near = closest(name, sorted(file.names))
    scope.problems.add(
        "RFT0505",
        f"there is no function `{name}` in {file.source.path}",
        fn.name,
        "declared here",
        notes=[WHY_READ],
        helps=[f"there is `{near}`" if near else f"write `def {name}` at the top of that file"],
    )


def _locate(files: Files, file: PyFile, name: str) -> list[tuple[PyFile, ast.stmt]]:
    """What defines `name` at the top of `file`, also when it is imported from another file of the user's.

    What is no plain `def` is returned all the same: `_shape` has the words for it.
    """
    from .python.modules import OWN_NAME

    return [
        (found.file, binding.node)
        for found in files.look_up(file, name, [])
        if found.kind == OWN_NAME and not found.parts
        for binding in found.file.names[found.name]
        if not binding.module
    ]


def _shape(reach: Reach, file: PyFile, node: ast.stmt) -> Finding | None:
    """Why `node` is not a plain function that gives one value."""
    import ast

    from .python.allowed import CACHES
    from .python.parts import Finding
    from .python.values import Values

    if not isinstance(node, ast.FunctionDef):
        word = {"AsyncFunctionDef": "an `async def`", "ClassDef": "a class"}.get(type(node).__name__, "a value")
        return Finding(file.source, node.lineno, f"this is {word}")
    values = Values(reach.files, file)
    for each in node.decorator_list:
        if values.standard(each.func if isinstance(each, ast.Call) else each) not in CACHES:
            return Finding(file.source, each.lineno, "a decorator puts something else in its place")
    if reach.part(file, node).gives_many:
        return Finding(file.source, node.lineno, "it has a `yield`: it gives a generator, not a value")
    return None


def _arity(node: ast.FunctionDef, given: int) -> str:
    """`takes 1 argument` if `given` arguments do not fit."""
    positional = len(node.args.posonlyargs) + len(node.args.args)
    least = positional - len(node.args.defaults)
    named = [a.arg for a, d in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True) if d is None]
    if named:
        return f"wants `{named[0]}` by name"
    if least <= given and (given <= positional or node.args.vararg is not None):
        return ""
    most = "or more" if node.args.vararg is not None else f"to {positional}" if positional > least else ""
    return f"takes {least} {most} arguments".replace("  ", " ") if (least, most) != (1, "") else "takes 1 argument"


def _report_arity(scope: Scope, name: str, fn: s.ExternFn, mismatch: str, file: PyFile, node: ast.FunctionDef) -> None:
    from .python.parts import Finding

    count = len(fn.params)
    scope.problems.add(
        "RFT0505",
        f"`{name}` {mismatch}, not {count}" if mismatch.startswith("takes") else f"`{name}` {mismatch}",
        fn.name,
        f"declared with {count} parameter{'' if count == 1 else 's'}",
        notes=[
            _rows([Finding(file.source, node.lineno, "")]),
            "arguments of an extern function are passed by position",
        ],
    )


def _report_shape(scope: Scope, name: str, fn: s.ExternFn, fault: Finding) -> None:
    scope.problems.add(
        "RFT0505",
        f"`{name}` is not a plain function",
        fn.name,
        "declared as a function here",
        notes=[_rows([fault]), WHY_READ],
        helps=["write a plain `def` for it, without decorators; it may call others"],
    )


def _report(scope: Scope, name: str, fn: s.ExternFn, findings: list[Finding]) -> None:
    text = scope.problems.source.text
    brackets = "(…)" if fn.params else "()"
    params = ", ".join(_line(text[param.lo : param.hi]) for param in fn.params)
    result = _line(text[fn.result.lo : fn.result.hi])
    plain = fn.name.text
    scope.problems.add(
        "RFT0505",
        f"`{name}` does not look pure",
        fn.name,
        "declared pure here",
        notes=[_rows(findings), WHY_PURE],
        helps=[
            f"make it an activity if it talks to the world:\n"
            f"  activity {plain}({params}) -> {result} {{ timeout: 5s }}",
            f"or vouch for it: `fn {plain}{brackets} -> {result} trusted` (recorded in raftoral.lock)",
        ],
    )


def _line(text: str) -> str:
    """Source text of the declaration without comments, on one line."""
    return " ".join(" ".join(row.partition("#")[0] for row in text.split("\n")).split())


def _rows(findings: list[Finding]) -> str:
    """`shop/rates.py:3   import requests`, one row for each of the first lines; cut where a terminal ends."""
    shown = findings[:SHOWN_MAX]
    places = [f"{finding.source.path}:{finding.line}" for finding in shown]
    width = max(len(place) for place in places)
    rows: list[str] = []
    for place, finding in zip(places, shown, strict=True):
        code = finding.source.line(finding.line).strip()
        if len(code) > CODE_MAX:
            code = code[: CODE_MAX - 1].rstrip() + "…"
        rows.append("  ".join([place.ljust(width), f"{code}   {finding.why}".rstrip()]))
    left = len(findings) - len(shown)
    if left:
        rows.append(f"and {left} more line{'' if left == 1 else 's'}")
    return "\n".join(rows)
