"""Snapshots of a host: who lacks one, who is brought into a group, what is on its way.

    carriage.bring(log, "d", request_id)    a snapshot goes to "d"; when it has it, "d" becomes a member, with a vote
    carriage.lacks(1, "b")                  what "b" needs is gone from the log: it gets a snapshot

A node that is brought has the state before it has a vote: so a group never counts on one that is empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..consensus.log import Busy, NotLeader, ReplicatedLog
from ..consensus.snapshots import Header, Receiver, Sender
from ..faults import PeerError
from ..proto import peer_pb2 as pb
from .states import Snapshot

if TYPE_CHECKING:
    from .host import Host

OFFER_AGAIN_S = 1.0
ADD_AGAIN_S = 2.0


class Carriage:
    def __init__(self, host: Host) -> None:
        self.chunks: dict[str, list[pb.Chunk]] = {}
        self._host = host
        self._wanted: dict[int, set[str]] = {}  # group -> who waits for a snapshot that is being made
        self._senders: dict[tuple[int, str], Sender] = {}
        self._offered: dict[tuple[int, str], float] = {}
        self._receivers: dict[int, Receiver] = {}
        self._brought: dict[tuple[int, str], bytes] = {}  # who becomes a member then, and who asked for it
        self._added: dict[tuple[int, str], float] = {}  # who has it, and was proposed as a member, and when

    def bring(self, log: ReplicatedLog, node: str, request_id: bytes) -> None:
        """A node that waits with an empty log is to become a member."""
        status = log.status()
        if node in status.members:
            self._host.answered(status.group, request_id, self._host.settled(log, node))
            return
        key = status.group, node
        if self._added.get(key, float("-inf")) + ADD_AGAIN_S > self._host.now:
            # It has the state, and its membership is on the way.
            self._host.answered(status.group, request_id, Busy("it is about to be a member"))
            return
        before = self._brought.get(key, request_id)
        self._brought[key] = request_id
        if before != request_id:
            self._host.answered(status.group, before, Busy("it was asked for again"))
        if key not in self._senders:
            self.lacks(status.group, node)

    def lacks(self, group: int, peer: str) -> None:
        """A node needs a snapshot of a group. Said again and again until it has one."""
        sender = self._senders.get((group, peer))
        log = self._host.logs.get(group)
        if log is None:
            return
        if sender is not None and not sender.done and sender.header.point.index >= log.status().base:
            self._offer(group, peer, sender)
            return
        if group not in self._wanted:
            self._host.jobs.append(("save", group))
        self._wanted.setdefault(group, set()).add(peer)

    def saved(self, group: int, snapshot: Snapshot | None) -> None:
        """The snapshot was made that some wait for; None: it could not be."""
        for peer in sorted(self._wanted.pop(group, ())):
            if snapshot is not None:
                sender = self._senders[group, peer] = Sender(snapshot.header, snapshot.read)
                self._offer(group, peer, sender)

    def _offer(self, group: int, peer: str, sender: Sender) -> None:
        self._offered[group, peer] = self._host.now
        self._send(peer, group, True, sender.offer())

    def _send(self, peer: str, group: int, to_receiver: bool, data: bytes) -> None:
        chunk = pb.Chunk(group=group, to_receiver=to_receiver, data=data)
        self.chunks.setdefault(peer, []).append(chunk)

    def offer_again(self) -> None:
        """To those who are brought: members who lack one are named by the log."""
        for group, peer in sorted(self._brought):
            sender = self._senders.get((group, peer))
            late = self._offered.get((group, peer), 0.0) + OFFER_AGAIN_S <= self._host.now
            if late and sender is not None and not sender.done:
                self._offer(group, peer, sender)

    def linked(self, peer: str) -> None:
        """A link stands: what was offered before may have been lost."""
        for (group, name), sender in sorted(self._senders.items(), key=lambda each: each[0]):
            if name == peer and not sender.done:
                self._offer(group, peer, sender)

    def forget(self, group: int) -> None:
        """Another node leads: it has to send what is still wanted. Whoever asked asks there again."""
        for key in [key for key in self._senders if key[0] == group]:
            del self._senders[key]
        for key in [key for key in self._added if key[0] == group]:
            del self._added[key]
        self._wanted.pop(group, None)
        for key in [key for key in self._brought if key[0] == group]:
            self._host.answered(group, self._brought.pop(key), NotLeader(""))

    def received(self, peer: str, group: int, to_receiver: bool, data: bytes) -> None:
        """A part of a snapshot, or the answer to one."""
        log = self._host.logs.get(group)
        if log is None and to_receiver and group not in self._host.broken:
            self._host.wait_for(group)  # a leader brings it here: there is a place for it from now on
            log = self._host.logs.get(group)
        if log is None:
            return
        if not to_receiver:
            self._answered(peer, group, log, data)
            return
        receiver = self._receivers.get(group)
        if receiver is None:
            receiver = self._receivers[group] = Receiver(group, self._host.states.sink(group))
        answer = receiver.received(data)
        if receiver.whole is not None:
            self._install(group, log, receiver.whole)
            receiver.clear()
        if answer is not None:
            self._send(peer, group, False, answer)

    def _answered(self, peer: str, group: int, log: ReplicatedLog, data: bytes) -> None:
        sender = self._senders.get((group, peer))
        if sender is None:
            return
        part = sender.received(data)
        if part is not None:
            self._send(peer, group, True, part)
        if sender.done:
            del self._senders[group, peer]
            request_id = self._brought.pop((group, peer), None)
            if request_id is not None:
                self._added[group, peer] = self._host.now
                log.add(peer, request_id)

    def _install(self, group: int, log: ReplicatedLog, header: Header) -> None:
        if header.group != group:
            raise PeerError(f"a snapshot of group {header.group} came for group {group}")
        log.install(header.point, lambda: self._host.swap(group, header.point))
