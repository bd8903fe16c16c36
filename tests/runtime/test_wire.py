"""Commands as bytes: every command comes back as it went, and what is no command says so."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given, settings, strategies as st

from raftoral.runtime.core import commands as c
from raftoral.runtime.core.wire import Unreadable, command_bytes, command_from

TEXTS = st.text(max_size=20)
NUMBERS = st.integers(0, 2**31 - 1)
VALUES = {
    "str": TEXTS,
    "int": NUMBERS,
    "bool": st.booleans(),
    "bytes": st.binary(max_size=30),
    "bytes | None": st.none() | st.binary(max_size=30),
    "float": st.floats(allow_nan=False),
    "frozenset[str]": st.frozensets(TEXTS, max_size=4),
}
COMMANDS = get_args(c.Command)


def drawn(kind: type) -> st.SearchStrategy[c.Command]:
    return st.builds(kind, **{name: VALUES[type_.__forward_arg__] for name, type_ in kind.__annotations__.items()})


@given(st.one_of(*map(drawn, COMMANDS)))
@settings(max_examples=300)
def test_a_command_comes_back(command: c.Command) -> None:
    assert command_from(command_bytes(command)) == command


@pytest.mark.parametrize("kind", COMMANDS)
@given(data=st.data())
@settings(max_examples=5)
def test_each_kind_comes_back(kind: type, data: st.DataObject) -> None:
    command = data.draw(drawn(kind))
    assert command_from(command_bytes(command)) == command


@pytest.mark.parametrize("data", [b"", b"\xff\xff", b"\xfa\x7f\x00"])
def test_what_is_no_command_says_so(data: bytes) -> None:
    with pytest.raises(Unreadable):
        command_from(data)
