"""JSON on a command line: as it stands, `@FILE`, or `-` for standard input.

In: a text. Out: what `json` makes of it, or `UsageError` with the place that it does not understand.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from raftoral.errors import UsageError


def json_given(text: str, what: str, default: Any) -> Any:
    """The value; `default` for an empty text. `what` is the option, for the message."""
    where = what
    if text == "-":
        text = sys.stdin.read()
    elif text.startswith("@"):
        where = text[1:]
        try:
            with open(text[1:], encoding="utf-8") as file:
                text = file.read()
        except UnicodeDecodeError:
            raise UsageError(f"{what}: {where} is not UTF-8 text") from None
        except OSError as error:
            raise UsageError(f"{what}: {where} cannot be read: {error.strerror}") from None
    try:
        return json.loads(text) if text.strip() else default
    except json.JSONDecodeError as error:
        raise UsageError(f"{where} is not JSON: {error}") from None


def pair_given(text: str, what: str) -> tuple[str, str]:
    """NAME=VALUE; without `=`, the value is empty."""
    name, _, value = text.partition("=")
    if not name.strip():
        raise UsageError(f"{what} takes NAME=VALUE, not {text!r}")
    return name.strip(), value
