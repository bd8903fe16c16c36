"""Names that the generated Python could not have: keywords, and what its base classes already use (RFT0212)."""

from __future__ import annotations

from ..diagnostics import Problems
from ..syntax import Token

KEYWORDS = frozenset(
    [
        "False",
        "None",
        "True",
        "and",
        "as",
        "assert",
        "async",
        "await",
        "break",
        "class",
        "continue",
        "def",
        "del",
        "elif",
        "else",
        "except",
        "finally",
        "for",
        "from",
        "global",
        "if",
        "import",
        "in",
        "is",
        "lambda",
        "nonlocal",
        "not",
        "or",
        "pass",
        "raise",
        "return",
        "try",
        "while",
        "with",
        "yield",
    ]
)
# What pydantic's BaseModel and Python's exceptions use themselves.
OF_RECORDS = frozenset(
    [
        "construct",
        "copy",
        "dict",
        "from_orm",
        "json",
        "parse_file",
        "parse_obj",
        "parse_raw",
        "schema",
        "schema_json",
        "update_forward_refs",
        "validate",
    ]
)
OF_ERRORS = frozenset(["add_note", "args", "with_traceback"])


def check_attribute(problems: Problems, name: Token, kind: str) -> None:
    """Says RFT0212 when `name` cannot be an attribute, parameter or method in the generated code."""
    text = name.text
    clash = (
        text in KEYWORDS
        or (kind in ("record", "variant") and (text in OF_RECORDS or text.startswith("model_")))
        or (kind == "variant" and text == "kind")  # says which variant a stored value is
        or (kind == "error" and text in OF_ERRORS)
        or (kind == "activity" and text == "self")
        or text.startswith("__")
    )
    if not clash:
        return
    better = "kind" if text == "class" else text.removeprefix("model_") if text.startswith("model_") else f"{text}_"
    if kind in ("record", "error", "variant"):
        headline = f"`{text}` cannot be an attribute of the generated Python class"
        helps = [f'rename the field and keep its stored name: `{better}: T as "{text}"`']
        if kind == "variant":
            helps = [f"rename the field, for example `{better}`"]
        notes = ["Python's keywords are taken, and so are the names of pydantic's own methods and `model_...`"]
    else:
        headline = f"`{text}` cannot be a name in the generated Python"
        helps = [f"rename it, for example `{better}`"]
        notes = ["Python has a meaning of its own for it"]
    problems.add("RFT0212", headline, name, "Python uses this name itself", notes=notes, helps=helps)
