"""The modules made from `.proto` files are those that the files say, and numbers of fields stay what they were."""

from __future__ import annotations

import pytest

from raftoral.runtime.proto import make, state_pb2


def test_the_modules_are_up_to_date() -> None:
    pytest.importorskip("grpc_tools")
    assert make.outdated() == []


def test_numbers_of_stored_fields_never_change() -> None:
    """Files of users hold them: a new field takes a new number, and no number is ever used again."""
    numbers = {
        message.name: {field.name: field.number for field in message.fields}
        for message in state_pb2.DESCRIPTOR.message_types_by_name.values()
    }
    body = "steps ops position undos root fence code reason note parent_op forks inbox link"
    assert numbers["Body"] == {name: number for number, name in enumerate(body.split(), 1)}
    strand = "mode slot frame ops join undoing pending result failed"
    assert numbers["Strand"] == {name: number for number, name in enumerate(strand.split(), 1)}
