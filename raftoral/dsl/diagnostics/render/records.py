"""Problems -> JSON for programs. The only text that is an API: it carries `schema`, raised when a
field changes meaning.

    {"schema": 1,
     "problems": [
       {"code": "RFT0103", "slug": "missing-token", "severity": "error",
        "headline": "expected `:` after `timeout`", "path": "shop/orders.rft",
        "labels": [{"primary": true, "path": "shop/orders.rft", "span": SPAN,
                    "text": "this policy has no `:`"}],
        "notes": ["..."], "helps": [],
        "fix": {"applicability": "safe", "path": "shop/orders.rft",
                "edits": [{"span": SPAN, "text": ":"}]}}],
     "summary": {"errors": 1, "warnings": 0, "files": 3}}

SPAN is `{"start": PLACE, "end": PLACE}` (the end is one past), PLACE is `{"byte", "offset", "line",
"column"}`: `byte` and `offset` (code points) count from 0, `line` and `column` (code points) from
1; `byte` counts UTF-8 without a byte order mark and with line feeds only. `labels[0]` is the
primary one. `applicability` is `safe` (`raftoral fmt --fix` applies it), `likely` (an editor offers
it) or `sketch` (it has a placeholder). `fix` is null when there is none. `summary.files` is how
many were checked; `summary` counts all problems, also those that `--max-problems` leaves out. Keys
keep the order shown; new keys may be added within a schema.
"""

from __future__ import annotations

from .spans import Rulers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .. import Label, Problem

SCHEMA = 1


def render(problems: Sequence[Problem], files: int, counted: Sequence[Problem] | None = None) -> str:
    """The document, with a line end. `counted` are all problems, if only some are listed."""
    import json

    rulers = Rulers()
    counted = problems if counted is None else counted
    errors = sum(problem.is_error for problem in counted)
    document = {
        "schema": SCHEMA,
        "problems": [_problem(problem, rulers) for problem in problems],
        "summary": {"errors": errors, "warnings": len(counted) - errors, "files": files},
    }
    return json.dumps(document, indent=2) + "\n"


def _problem(problem: Problem, rulers: Rulers) -> dict[str, object]:
    return {
        "code": problem.code,
        "slug": problem.slug,
        "severity": "error" if problem.is_error else "warning",
        "headline": problem.headline,
        "path": problem.primary.source.path,
        "labels": [_label(label, label is problem.primary, rulers) for label in problem.labels],
        "notes": problem.notes,
        "helps": problem.helps,
        "fix": _fix(problem, rulers),
    }


def _label(label: Label, primary: bool, rulers: Rulers) -> dict[str, object]:
    return {
        "primary": primary,
        "path": label.source.path,
        "span": rulers.of(label.source).span(label.lo, label.hi),
        "text": label.text,
    }


def _fix(problem: Problem, rulers: Rulers) -> dict[str, object] | None:
    if problem.fix is None:
        return None
    source = problem.primary.source
    ruler = rulers.of(source)
    return {
        "applicability": problem.fix.applicability,
        "path": source.path,
        "edits": [{"span": ruler.span(lo, hi), "text": new} for lo, hi, new in sorted(problem.fix.edits)],
    }
