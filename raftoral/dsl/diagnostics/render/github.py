"""Problems -> workflow commands of GitHub Actions, which show as annotations of the changed lines.

    ::error file=shop/orders.rft,line=39,endLine=39,col=12,endColumn=18,title=RFT0601 race::...

In a property `%`, line ends, `:` and `,` are escaped; in the message `%` and line ends are.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from .. import Problem


def render(problems: Iterable[Problem]) -> str:
    """One command a line; nothing for no problems."""
    return "".join(_command(problem) + "\n" for problem in problems)


def _command(problem: Problem) -> str:
    label = problem.primary
    line, column = label.source.position(label.lo)
    end_line, end_column = label.source.position(label.hi)
    place = [("file", label.source.path), ("line", str(line)), ("endLine", str(end_line))]
    if line == end_line:  # GitHub takes columns only for a place on one line
        place += [("col", str(column)), ("endColumn", str(end_column))]
    place.append(("title", f"{problem.code} {problem.slug}"))
    said = [problem.headline, label.text]
    said += [f"note: {text}" for text in problem.notes]
    said += [f"help: {text}" for text in problem.helps]
    message = "\n".join(text for text in said if text)
    properties = ",".join(f"{name}={_property(value)}" for name, value in place)
    severity = "error" if problem.is_error else "warning"
    return f"::{severity} {properties}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
