"""The modules made from `.proto` files are those that the files say, and numbers of fields stay what they were."""

from __future__ import annotations

import importlib

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
    waits = "op kind name args due attempt asked failures stopping overrides details workflow version stalled"
    assert numbers["Op"] == {name: number for number, name in enumerate(waits.split(), 4)}
    strand = f"mode slot frame {waits} ops join undoing pending result failed"
    run = "steps op_count position undo_count forks fence parent_op link inbox code reason note owner trails"
    assert numbers["Strand"] == {
        **{name: number for number, name in enumerate(strand.split(), 1)},
        **{name: number for number, name in enumerate(run.split(), 30)},
    }


def test_names_of_files_are_ours_alone() -> None:
    """A process has one pool of them: an `api.proto` of a service that embeds us must find its place there."""
    for name in make.sources():
        module = importlib.import_module(f"raftoral.runtime.proto.{name.removesuffix('.proto')}_pb2")
        assert module.DESCRIPTOR.name == f"raftoral/runtime/proto/{name}"
