"""The engine is a certain version of pysyncobj, down to its bytes, since the guard works on its inside."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import inspect
import re

import pytest

from raftoral.runtime.consensus import core
from tests.house import laws

WHAT_TO_DO = f"""
The engine is not the one that was simulated. Do not just change the numbers here:
1. read the difference of syncobj.py between the two versions, whole;
2. for each private name in runtime/consensus/core.py: is it there, with the same meaning; is there a new one?
3. for each deviation in docs/pysyncobj.md: is it cured there now, does our cure still fit, is there a new one?
4. RAFTORAL_SEEDS=3000 ./dev test tests/runtime/consensus -n auto
5. then VERSION and FILES in core.py, `pysyncobj==` in pyproject.toml, and this file.
Otherwise: pip install --force-reinstall pysyncobj=={core.VERSION}
"""

# What is overridden: the engine must call it by this name, with these parameters.
OVERRIDDEN = {
    "_SyncObj__onSetCodeVersion": ["self", "newVersion"],
    "_SyncObj__onLeaderChanged": ["self"],
    "_SyncObj__tryLogCompaction": ["self"],
    "_SyncObj__parseChangeClusterRequest": ["self", "command"],
    "_SyncObj__doApplyCommand": ["self", "command"],
    "_checkCommandsToApply": ["self"],
    "_SyncObj__onBecomeLeader": ["self"],
    "_SyncObj__sendNextNodeIdx": ["self", "node", "reset", "nextNodeIdx", "success"],
}
CALLED = {
    "_onTick": ["self", "timeToWait"],
    "_SyncObj__sendAppendEntries": ["self"],
    "_SyncObj__onMessageReceived": ["self", "node", "message"],
    "_SyncObj__generateRaftTimeout": ["self"],
    "_SyncObj__setCurrentTerm": ["self", "term", "votedForNodeId"],
    "_SyncObj__setState": ["self", "newState"],
    "transferLeadership": ["self", "node", "callback"],
}
FIELDS = {
    *("__raftState", "__raftCurrentTerm", "__votedForNodeId", "__raftLeader", "__raftElectionDeadline"),
    *("__transferInProgress", "__raftLog", "__raftCommitIndex", "__raftLastApplied", "__raftNextIndex"),
    *("__lastResponseTime", "__raftMatchIndex", "__noopIDx", "__serializer", "__otherNodes", "__connectedNodes"),
    *("__needLoadDumpFile", "__newAppendEntriesTime"),
}


def test_the_version_is_pinned_everywhere():
    assert importlib.metadata.version("pysyncobj") == core.VERSION, WHAT_TO_DO
    assert f'"pysyncobj=={core.VERSION}"' in laws.read(f"{laws.ROOT}/pyproject.toml"), WHAT_TO_DO


@pytest.mark.parametrize("name", sorted(core.FILES))
def test_the_files_are_those_that_were_simulated(name):
    spec = importlib.util.find_spec(name)
    assert spec is not None and spec.origin is not None, WHAT_TO_DO
    with open(spec.origin, "rb") as file:
        assert hashlib.sha256(file.read()).hexdigest() == core.FILES[name], WHAT_TO_DO


def test_other_files_are_refused_when_the_engine_is_loaded(monkeypatch):
    monkeypatch.setitem(core.FILES, "pysyncobj.syncobj", "0" * 64)
    with pytest.raises(Exception, match=f"pysyncobj=={core.VERSION}"):
        core._load()


@pytest.mark.parametrize(("name", "parameters"), sorted({**OVERRIDDEN, **CALLED}.items()))
def test_the_methods_are_there(name, parameters):
    assert list(inspect.signature(getattr(core._engine.SyncObj, name)).parameters) == parameters, WHAT_TO_DO


def test_every_private_name_in_use_is_listed_here_and_is_there():
    """What `core` takes from the engine, and nothing else; and the engine sets each of these fields itself."""
    text = inspect.getsource(core)
    used = set(re.findall(r"_SyncObj(__\w{2,})", text))
    methods = {name.removeprefix("_SyncObj") for name in (*OVERRIDDEN, *CALLED) if name.startswith("_SyncObj")}
    assert used == FIELDS | methods
    engine = inspect.getsource(core._engine)
    missing = [name for name in FIELDS if f"self.{name} =" not in engine]
    assert missing == [], WHAT_TO_DO


def test_the_overridden_methods_are_ours():
    for name in OVERRIDDEN:
        assert name in vars(core._Raw), name


def test_the_engine_of_others_is_left_alone():
    """A program may use pysyncobj for itself: its module is another copy."""
    import pysyncobj.syncobj as theirs

    assert theirs is not core._engine
    assert theirs.monotonicTime.__module__ != core.__name__
    assert theirs.pickle.__name__ == "pysyncobj.pickle"


@pytest.mark.parametrize(("name", "number"), [("FOLLOWER", 0), ("CANDIDATE", 1), ("LEADER", 2)])
def test_roles_have_their_numbers(name, number):
    assert getattr(core._engine._RAFT_STATE, name) == getattr(core, name) == number, WHAT_TO_DO


def test_kinds_of_entries_have_their_numbers():
    from raftoral.runtime.consensus import entries

    kinds = core._engine._COMMAND_TYPE
    assert [ord(kind) for kind in (entries.BATCH, entries.NOTHING, entries.CHANGE)] == [
        kinds.REGULAR,
        kinds.NO_OP,
        kinds.MEMBERSHIP,
    ], WHAT_TO_DO
