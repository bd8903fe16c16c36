"""The door to pysyncobj: the one file that knows its private names, and the only one without types behind it.

In: typed calls of the guard (`append`, `vote`, `tick`, ...). Out: typed calls to the guard's `Hooks`. The engine keeps
the election timer, the vote rule, commit counting, the send loop and the indexes; everything around is replaced here
or in the guard: as shipped it loses what it acknowledged (`docs/pysyncobj.md` lists its deviations, by number).

    core.append("b", Append(...))   ->   hooks.core_acks("b", reset=False, next_index=8, success=True)

Never: opens a file or a socket, reads a clock, pickles, logs, or runs any other version of the package than the one
that the simulator has proved. The engine runs in a *private copy of its module*, so that what is replaced in it
(clock, chance, serializer, pickle) stays as it was for a program that uses pysyncobj for itself.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Iterable
from contextvars import ContextVar, Token
from typing import Any, NamedTuple, NoReturn, Protocol
from zlib import crc32

from pysyncobj.node import Node

from ..faults import BrokenInvariant, check
from .messages import Append, Appended, Message, TimeoutNow, Vote, VoteRequest
from .tail import Tail

VERSION = "0.3.17"
# SHA-256 of the files whose code runs. `tests/runtime/consensus/test_pinned.py` says what to do when they change.
FILES = {
    "pysyncobj.syncobj": "e8bdf06797085d734df86e24ab4802fe87893dff77268565ec036f7ad4a1cfe4",
    "pysyncobj.config": "fbbc7ff9f18e4d15a7fd563376e42f5bd192956879d4b810b056d5248b955698",
    "pysyncobj.node": "e4a3f027cd8291f558334bb9c977e952f6b6989e7e1fa1588d3005ef0b990e2c",
    "pysyncobj.fast_queue": "8477fe5fdf36d9766df933310d3d66ee953d1afc195b1e6482b3a1498fc517bd",
}

FOLLOWER, CANDIDATE, LEADER = 0, 1, 2
ALREADY = float("-inf")  # a time that is over, whatever the clock says

# An append with one entry of at least this size would be cut into pickled parts. Entries are a third of it at most
# (`entries.ENTRY_BYTES_MAX`), so that this path is never taken.
APPEND_BYTES_MAX = 4 * 1024 * 1024


class Timing(NamedTuple):
    """Seconds. Elections begin after a chance time between `election_min` and `election_max` without a leader."""

    heartbeat: float = 0.1
    election_min: float = 0.5
    election_max: float = 1.2


class Hooks(Protocol):
    """What the engine asks of the guard while a call into it lasts."""

    now: float
    log: Tail

    def chance(self) -> float:
        """A number from 0 up to 1, for election timeouts."""

    def core_sends(self, peer: str, message: Message) -> None:
        """An append, a vote, a request for votes, or a request to stand at once."""

    def core_acks(self, peer: str, reset: bool, next_index: int | None, success: bool) -> None:
        """The answer to the append that is being handled."""

    def core_applies(self, index: int) -> None:
        """This index is committed. Called once for each, in order."""

    def core_asks(self) -> None:
        """The moment of a tick in which a leader puts proposals into its log."""

    def core_wins(self) -> None:
        """This node is about to lead its term: nothing has been sent in it yet."""

    def core_lacks(self, peer: str) -> None:
        """What this peer needs next is no longer in the log: it needs a snapshot."""


class Peer(Node):  # type: ignore[misc]
    """A node as the engine knows it. Its hash comes from its name alone: sets of peers are walked in the same order in
    every process, so that a simulated run repeats under another PYTHONHASHSEED."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name
        self.number = crc32(name.encode())

    def __hash__(self) -> int:
        return self.number

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Peer) and self.name == other.name)


_peers: dict[str, Peer] = {}


def peer_of(name: str) -> Peer:
    """One object for a name: comparing is then mostly a comparison of addresses."""
    peer = _peers.get(name)
    if peer is None:
        peer = _peers[name] = Peer(name)
    return peer


# --- the engine's module, with our world around it ----------------------------------------------------------------

_at_work: ContextVar[Hooks] = ContextVar("at_work")  # whose call into the engine this thread is in


class _Refused:
    """Stands where a module stood that must never be used: pickle, and the log for what went wrong."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __getattr__(self, attribute: str) -> Any:
        if attribute in ("debug", "info"):
            return lambda *words: None
        return self._refuse

    def _refuse(self, *words: object, **named: object) -> NoReturn:
        # The engine logs and goes on where it should stop ("truncating already-applied entries"): here it stops.
        raise BrokenInvariant(f"the engine reached for its {self.name}: {words[:3]!r:.200}")


class _Chance:
    """Stands where the module `random` stood."""

    @staticmethod
    def random() -> float:
        return _at_work.get().chance()


class _Nothing:
    """Stands where the poller and the resolver of names stood. There is nothing to poll and no name to resolve."""

    def __getattr__(self, attribute: str) -> Any:
        return lambda *words, **named: None


def _load() -> Any:
    """A private copy of the engine's module. Refuses other code than that which was simulated."""
    for name, digest in FILES.items():
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise BrokenInvariant(f"{name} is not installed; raftoral needs pysyncobj=={VERSION}")
        loader: Any = spec.loader
        if hashlib.sha256(loader.get_data(spec.origin)).hexdigest() != digest:
            raise BrokenInvariant(
                f"{spec.origin} is not that of pysyncobj {VERSION}. Raftoral works on the inside of that version and "
                f"runs with no other: pip install --force-reinstall pysyncobj=={VERSION}"
            )
    spec = importlib.util.find_spec("pysyncobj.syncobj")
    assert spec is not None and spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    check(module.VERSION == VERSION, f"pysyncobj says that it is {module.VERSION}")
    module.monotonicTime = lambda: _at_work.get().now
    module.random = _Chance
    module.pickle = _Refused("pickle")
    module.logger = _Refused("log")
    module.createPoller = lambda kind: _Nothing()
    module.globalDnsResolver = _Nothing
    module.Serializer = lambda *words: _Snapshots()
    module.createJournal = lambda name: _at_work.get().log
    return module


class _Snapshots:
    """Stands where the engine's serializer stood: it forked, pickled, and cut the log without a look at the disk.

    Snapshots go another way (`snapshots`); all that is left here is to say when one is needed.
    """

    raw: Any = None

    def checkSerializing(self) -> tuple[int, None]:  # noqa: N802 - the engine's name
        return 0, None

    def getTransmissionData(self, node: Peer) -> None:  # noqa: N802 - the engine's name
        raw = self.raw
        # "Nothing to send yet" makes the engine's loop spin for a whole heartbeat, with a message in each round. Beyond
        # the end of the log its loop is over; what the follower answers to the heartbeat brings the index back.
        raw._SyncObj__raftNextIndex[node] = raw._SyncObj__raftLog[-1][1] + 1
        raw.hooks.core_lacks(node.name)

    def cancelTransmisstion(self, node: Peer) -> None:  # noqa: N802 - the engine's name
        """There is none."""


_engine = _load()


class _Wire:
    """Stands where the transport stood."""

    ready = True

    def __init__(self, hooks: Hooks) -> None:
        self.hooks = hooks
        self.raw: Any = None

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("setOn"):  # the engine's callbacks: it is called by name here
            return lambda *words: None
        raise AttributeError(attribute)

    def send(self, node: Peer, message: dict[str, Any]) -> None:
        self.hooks.core_sends(node.name, _typed(message, self.raw._SyncObj__raftLog))


def _typed(message: dict[str, Any], log: Any) -> Message:
    """One of the engine's messages, as one of ours."""
    kind = message["type"]
    if kind == "append_entries":
        check("transmission" not in message, "no entry is sent in parts")
        if "serialized" in message:  # a snapshot is needed: say that we lead, at the end of our log
            return Append(message["term"], log[-1][1], log[-1][2], message["commit_index"], 0, ())
        check(message["prevLogIdx"] is not None, "an append follows an entry of our log")
        entries = tuple(message["entries"])
        return Append(
            message["term"], message["prevLogIdx"], message["prevLogTerm"], message["commit_index"], 0, entries
        )
    if kind == "request_vote":
        return VoteRequest(message["term"], message["last_log_index"], message["last_log_term"], False)
    if kind == "response_vote":
        return Vote(message["term"])
    if kind == "timeout_now":
        return TimeoutNow(message["term"])
    raise BrokenInvariant(f"the engine must not send {kind}")


class _Raw(_engine.SyncObj):  # type: ignore[misc, name-defined]
    """The engine with our methods in place of its own. `self.__x` in a class `SyncObj` is `_SyncObj__x` for everybody,
    so a subclass that has that name overrides it."""

    def __init__(self, hooks: Hooks, own: str, peers: Iterable[str], conf: Any, wire: _Wire) -> None:
        self.hooks = hooks
        wire.raw = self
        super().__init__(peer_of(own), [peer_of(name) for name in peers], conf, transport=wire, nodeClass=peer_of)
        self._SyncObj__serializer.raw = self
        self._SyncObj__needLoadDumpFile = False

    def _SyncObj__onSetCodeVersion(self, version: int) -> None:  # noqa: N802
        """No method is replicated: there are no versions of them."""

    def _SyncObj__onLeaderChanged(self) -> None:  # noqa: N802
        """Nothing was forwarded, so nothing waits."""

    def _SyncObj__tryLogCompaction(self) -> None:  # noqa: N802
        """The log is cut when the state that holds its effects is durable, and that is not for the engine to know."""

    def _SyncObj__parseChangeClusterRequest(self, command: bytes) -> None:  # noqa: N802
        """Members follow from the log (`members`), not from a command that is done and undone."""

    def _SyncObj__doApplyCommand(self, command: bytes) -> None:  # noqa: N802
        self.hooks.core_applies(self._SyncObj__raftLastApplied + 1)

    def _checkCommandsToApply(self) -> None:  # noqa: N802
        self.hooks.core_asks()

    def _SyncObj__onBecomeLeader(self) -> None:  # noqa: N802
        self.hooks.core_wins()
        super()._SyncObj__onBecomeLeader()

    def _SyncObj__sendNextNodeIdx(  # noqa: N802
        self,
        node: Peer,
        reset: bool = False,
        nextNodeIdx: int | None = None,  # noqa: N803
        success: bool = False,
    ) -> None:
        self.hooks.core_acks(node.name, reset, nextNodeIdx, success)


class _Work:
    """While a call into the engine lasts, the engine's world is that of one guard. A hook may call into it again."""

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks
        self._tokens: list[Token[Hooks]] = []

    def __enter__(self) -> None:
        self._tokens.append(_at_work.set(self._hooks))

    def __exit__(self, *fault: object) -> None:
        _at_work.reset(self._tokens.pop())


# --- the typed face ------------------------------------------------------------------------------------------------


class Core:
    """The engine of one group. It takes `hooks.log` for its journal."""

    def __init__(self, hooks: Hooks, own: str, peers: Iterable[str], timing: Timing) -> None:
        self._hooks = hooks
        self._timing = timing
        conf = _engine.SyncObjConf(
            autoTick=False,
            appendEntriesUseBatch=True,
            appendEntriesPeriod=timing.heartbeat,
            raftMinTimeout=timing.election_min,
            raftMaxTimeout=timing.election_max,
            # Check-quorum: a leader that a majority has not answered for this long stops being one.
            leaderFallbackTimeout=timing.election_max,
            connectionTimeout=timing.election_max * 4,
            appendEntriesBatchSizeBytes=APPEND_BYTES_MAX,
            commandsQueueSize=0,
            useFork=False,
            dynamicMembershipChange=False,
        )
        wire = _Wire(hooks)
        self._work = _Work(hooks)
        with self._work:
            self._raw: Any = _Raw(hooks, own, sorted(peers), conf, wire)

    # What it knows.
    @property
    def term(self) -> int:
        term: int = self._raw._SyncObj__raftCurrentTerm
        return term

    @property
    def vote(self) -> str | None:
        vote: str | None = self._raw._SyncObj__votedForNodeId
        return vote

    @property
    def role(self) -> int:
        role: int = self._raw._SyncObj__raftState
        return role

    @property
    def leader(self) -> str | None:
        node = self._raw._SyncObj__raftLeader
        if node is None:
            return None
        name: str = node.name
        return name

    @property
    def commit(self) -> int:
        commit: int = self._raw._SyncObj__raftCommitIndex
        return commit

    @property
    def applied(self) -> int:
        applied: int = self._raw._SyncObj__raftLastApplied
        return applied

    @property
    def noop(self) -> int:
        """Index of the entry with which this node's leadership began."""
        return int(self._raw._SyncObj__noopIDx)

    @property
    def transferring(self) -> bool:
        """The leader asked this node to stand at once."""
        return bool(self._raw._SyncObj__transferInProgress)

    # When it acts next.
    @property
    def election_at(self) -> float:
        return float(self._raw._SyncObj__raftElectionDeadline)

    @election_at.setter
    def election_at(self, at: float) -> None:
        self._raw._SyncObj__raftElectionDeadline = at

    def due(self) -> tuple[bool, float]:
        """Whether it leads, and when a tick of it does something: at once, at the next heartbeat of a leader, or when
        an election begins. Asked for every group in every step, hence in one piece."""
        raw = self._raw
        leads = raw._SyncObj__raftState == LEADER
        if raw._SyncObj__raftCommitIndex > raw._SyncObj__raftLastApplied:
            return leads, ALREADY
        return leads, raw._SyncObj__newAppendEntriesTime if leads else raw._SyncObj__raftElectionDeadline

    def standing(self) -> tuple[str, int]:
        """Who leads in which term, as far as it knows; an empty name: nobody."""
        raw = self._raw
        node = raw._SyncObj__raftLeader
        return "" if node is None else node.name, raw._SyncObj__raftCurrentTerm

    def hurry(self) -> None:
        """The next tick sends appends, whatever the time."""
        self._raw._SyncObj__newAppendEntriesTime = 0

    def postpone_election(self) -> None:
        with self._work:
            self.election_at = self._hooks.now + self._raw._SyncObj__generateRaftTimeout()

    # What it does.
    def tick(self) -> None:
        with self._work:
            self._raw._onTick(0.0)

    def send_appends(self) -> None:
        with self._work:
            self._raw._SyncObj__sendAppendEntries()

    def append(self, peer: str, message: Append) -> None:
        """An append of the leader `peer`, as `follower` made it: harmless in each of its parts."""
        self._deliver(
            peer,
            type="append_entries",
            term=message.term,
            commit_index=message.commit,
            prevLogIdx=message.previous_index,
            prevLogTerm=message.previous_term,
            entries=message.entries,
        )

    def appended(self, peer: str, message: Appended) -> None:
        self._deliver(
            peer,
            type="next_node_idx",
            next_node_idx=message.next_index,
            reset=message.reset,
            success=message.success,
        )

    def vote_request(self, peer: str, message: VoteRequest) -> None:
        self._deliver(
            peer,
            type="request_vote",
            term=message.term,
            last_log_index=message.last_index,
            last_log_term=message.last_term,
        )

    def voted(self, peer: str, message: Vote) -> None:
        self._deliver(peer, type="response_vote", term=message.term)

    def timeout_now(self, peer: str, message: TimeoutNow) -> None:
        self._deliver(peer, type="timeout_now", term=message.term)

    def _deliver(self, peer: str, **message: Any) -> None:
        with self._work:
            self._raw._SyncObj__onMessageReceived(peer_of(peer), message)

    def transfer(self, peer: str) -> None:
        """Asks a peer to stand at once. The caller has seen to it that it has the whole log."""
        with self._work:
            self._raw.transferLeadership(peer_of(peer))

    def adopt(self, term: int) -> None:
        """There is a later term: this node votes in it, and does not lead."""
        check(term > self.term, "terms only grow")
        with self._work:
            self._raw._SyncObj__setCurrentTerm(term, None)
            self._raw._SyncObj__setState(FOLLOWER)
            self._raw._SyncObj__raftLeader = None

    # What the guard sets right.
    def set_peers(self, peers: Iterable[str]) -> None:
        """The other members: those of the latest change in the log, committed or not."""
        raw = self._raw
        wanted = {peer_of(name) for name in sorted(peers)}
        for node in sorted(raw._SyncObj__otherNodes - wanted, key=str):
            for table in (raw._SyncObj__raftNextIndex, raw._SyncObj__raftMatchIndex, raw._SyncObj__lastResponseTime):
                table.pop(node, None)
        for node in sorted(wanted - raw._SyncObj__otherNodes, key=str):
            raw._SyncObj__raftNextIndex[node] = raw._SyncObj__raftLog[-1][1] + 1
            raw._SyncObj__raftMatchIndex[node] = 0
            raw._SyncObj__lastResponseTime[node] = self._hooks.now
        raw._SyncObj__otherNodes = wanted

    def connect(self, peer: str) -> None:
        self._raw._SyncObj__connectedNodes.add(peer_of(peer))

    def disconnect(self, peer: str) -> None:
        self._raw._SyncObj__connectedNodes.discard(peer_of(peer))

    def next_index(self, peer: str) -> int:
        return int(self._raw._SyncObj__raftNextIndex[peer_of(peer)])

    def set_next_index(self, peer: str, index: int) -> None:
        self._raw._SyncObj__raftNextIndex[peer_of(peer)] = index

    def match_index(self, peer: str) -> int:
        return int(self._raw._SyncObj__raftMatchIndex.get(peer_of(peer), 0))

    def stand_at(self, applied: int, commit: int) -> None:
        """After opening, and after a snapshot was installed: up to where the state machine has it all."""
        self._raw._SyncObj__raftLastApplied = applied
        self._raw._SyncObj__raftCommitIndex = commit
