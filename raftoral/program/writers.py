"""The writing half of the codec: functions from a value to its JSON text, one kind for each kind of type.

    record_writer(Item, [("price", "price", write_decimal), ("qty", "qty", write_int)])(item)  ->  {"price":"9.5","qty":2}

A writer checks what it writes. What does not fit raises a fault with the path to it, so that an activity that returns
nonsense is told where. The text is ours down to the last character, because equal values must have equal bytes.
"""

from __future__ import annotations

import json
import threading
from binascii import b2a_base64
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from json.encoder import encode_basestring
from typing import Any
from uuid import UUID

from .faults import Fault, Misfit, NotFinite, Overflow, TooLarge
from .scalars import DECIMAL_DIGITS_MAX, INT_MAX, INT_MIN, NESTING_MAX, checked_decimal, decimal_text, microseconds
from .scalars import timestamp_text
from .values import WorkflowError

Write = Callable[[Any], str]


def misfit(wanted: str, value: object) -> Misfit:
    return Misfit(f"{wanted} was expected, not {_called(value)}")


def _called(value: object) -> str:
    return "none" if value is None else f"a value of type {type(value).__name__}"


# --- plain values -----------------------------------------------------------------------------------------------


def write_none(value: object) -> str:
    if value is not None:
        raise misfit("none", value)
    return "null"


def write_bool(value: object) -> str:
    if value is True:
        return "true"
    if value is False:
        return "false"
    raise misfit("a bool", value)


def write_int(value: object) -> str:
    if value.__class__ is not int:
        raise misfit("an int", value)
    assert isinstance(value, int)
    if INT_MIN <= value <= INT_MAX:
        return int.__repr__(value)
    raise Overflow()
