"""One line a problem, as compilers print: `path:line:col: error[RFT0103]: headline`. For grep and
for editors.
"""

from __future__ import annotations

from .cells import clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from .. import Problem


def render(problems: Iterable[Problem], *, ascii: bool = False) -> str:
    """The lines, each with its end; nothing for no problems."""
    return "".join(one(problem, ascii) + "\n" for problem in problems)


def one(problem: Problem, ascii: bool = False) -> str:
    """One problem on one line."""
    label = problem.primary
    line, column = label.source.position(label.lo)
    severity = "error" if problem.is_error else "warning"
    text = f"{label.source.path}:{line}:{column}: {severity}[{problem.code}]: {problem.headline}"
    return clean(text, ascii)
