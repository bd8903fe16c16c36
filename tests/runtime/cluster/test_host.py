"""Hosts: requests find leaders, runs survive their owners, states stay the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from raftoral import errors as e
from raftoral.errors import Unavailable
from raftoral.runtime.cluster.host import BRING, RETRY_S, Outcome, Pending
from raftoral.runtime.core import commands as c
from raftoral.runtime.proto import peer_pb2 as pb
from tests.runtime.cluster.hosts import Hosts
from tests.runtime.machines import Kit, forget

TEXT = """rft 1
module pay

activity charge(amount: int) -> str { timeout: 10s, retry: 2 times }
activity ring(bell: str) -> str { timeout: 10s, once: at_most }

workflow Pay version 1 (amount: int) -> str {
  signal paid(int)
  checkpoint stage = "new"
  let first = do charge(amount)
  stage = "charged"
  wait paid
  let second = do charge(amount)
  return first + second
}

workflow Ring version 1 (bell: str) -> str {
  try { return do ring(bell) } catch Interrupted { return "interrupted" }
}

workflow Nap version 1 () -> int {
  sleep 3d
  return 1
}
"""


@pytest.fixture(scope="module")
def kit() -> Iterator[Kit]:
    kit = Kit({"pay.rft": TEXT})
    yield kit
    forget([kit])


@pytest.fixture
def world(kit: Kit, tmp_path: Path) -> Iterator[Hosts]:
    world = Hosts(tmp_path, ["a", "b", "c"], kit.definitions)
    yield world
    world.close()


def start(run: str, workflow: str, args: bytes, owner: str) -> c.StartRun:
    return c.StartRun(run, f"{run}-run", workflow, 0, args, owner=owner)


def finish(world: Hosts, node: str, result: bytes) -> None:
    """The attempt that a node has is done."""
    [attempt] = world.until(lambda: world.nodes[node].attempts)
    world.nodes[node].attempts.clear()
    world.run(node, 1, c.Finished(attempt.id, attempt.run, attempt.op, result))


def ready(world: Hosts) -> str:
    """Waits until all nodes are known in group 1; gives its leader."""

    def known() -> bool:
        members = [node.host.replicas[1].machine.nodes for node in world.nodes.values() if node.host]
        return all(len(each) == len(world.nodes) and all(m.up for m in each.values()) for each in members)

    world.until(known)
    leader: str = world.until(lambda: world.leader(1))
    return leader


def test_a_run_goes_through_all_nodes(world: Hosts) -> None:
    leader = ready(world)
    other = next(name for name in world.nodes if name != leader)
    assert world.run(other, 1, start("r", "pay.Pay", b"[5]", other)) is None
    finish(world, other, b'"one"')
    assert world.run(other, 1, c.Signal("r", "paid", b"1"), key="k") is None
    finish(world, other, b'"two"')
    world.until(lambda: all(world.row(node.name, "r").status == "completed" for node in world.up()))
    assert {world.row(node.name, "r").result for node in world.up()} == {b'"onetwo"'}
    assert len({world.host(node.name).replicas[1].digest for node in world.up()}) == 1


def test_a_refusal_is_an_answer(world: Hosts) -> None:
    ready(world)
    answer = world.run("a", 1, c.Signal("nobody", "paid", b"1"))
    assert isinstance(answer, c.Refused) and answer.code == c.NOT_FOUND


def test_the_same_request_twice_is_done_once(world: Hosts) -> None:
    ready(world)
    assert world.run("a", 1, start("r", "pay.Pay", b"[5]", "a")) is None
    assert world.run("a", 1, c.Signal("r", "paid", b"1"), key="k") is None
    assert world.run("b", 1, c.Signal("r", "paid", b"1"), key="k") is None
    assert world.run("c", 1, c.Signal("r", "paid", b"2"), key="l") is None
    run = world.host("a").replicas[1].machine.runs["r"]
    assert [payload for _, payload in run.mail["paid"]] == [1, 2]


def test_requests_wait_quietly_while_nobody_leads(world: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    """A leader that was cut off does not look at all that waits many times a second; it goes when one is there."""
    cut = ready(world)
    world.cut.add(cut)
    host = world.host(cut)
    world.until(lambda: not host.leader(1))
    outcomes: list[Outcome] = []
    for number in range(20):
        host.submit(1, start(f"quiet-{number}", "pay.Nap", b"[]", cut), outcomes.append, key=f"quiet {number}")
        world.step()
    sent: list[object] = []
    send = host._send

    def counted(pending: Pending) -> None:
        sent.append(pending)
        send(pending)

    monkeypatch.setattr(host, "_send", counted)
    end = world.now + 3.0
    world.until(lambda: world.now >= end)
    assert len(sent) <= 20 * 3.0 / RETRY_S * 1.2
    world.cut.clear()
    world.until(lambda: len(outcomes) == 20, most=300)
    assert outcomes == [None] * 20


@pytest.mark.parametrize("dies", ["owner", "leader"])
def test_others_take_over_when_a_node_dies(world: Hosts, dies: str) -> None:
    leader = ready(world)
    owner = leader if dies == "leader" else next(name for name in world.nodes if name != leader)
    world.run(owner, 1, start("r", "pay.Pay", b"[5]", owner))
    [first] = world.until(lambda: world.nodes[owner].attempts)
    world.nodes[owner].stop()
    taker = world.until(lambda: next((node.name for node in world.up() if node.attempts), ""))
    [again] = world.nodes[taker].attempts
    assert (again.key, again.op) == (first.key, first.op)
    assert again.number == first.number + 1 and again.fence > first.fence
    finish(world, taker, b'"one"')
    world.nodes[owner].start()
    ready(world)
    assert world.run(owner, 1, c.Signal("r", "paid", b"1"), key="k") is None
    finish(world, taker, b'"two"')
    world.until(lambda: all(world.row(node.name, "r").status == "completed" for node in world.up()))


def test_an_owner_that_begins_a_new_life_calls_again_what_it_was_at(world: Hosts) -> None:
    ready(world)
    world.run("b", 1, start("r", "pay.Pay", b"[5]", "b"))
    world.run("b", 1, start("ring", "pay.Ring", b'["x"]', "b"))
    assert len(world.until(lambda: len(world.nodes["b"].attempts) == 2 and world.nodes["b"].attempts)) == 2
    world.nodes["b"].stop()
    world.nodes["b"].start()
    [again] = world.until(lambda: [each for each in world.nodes["b"].attempts if each.id == "r"])
    assert again.number == 2
    world.until(lambda: world.row("b", "ring").result == b'"interrupted"')


def test_nodes_that_can_do_it_take_what_others_cannot(world: Hosts) -> None:
    world.able = {"c": frozenset({"pay.charge"})}
    ready(world)
    world.run("a", 1, start("r", "pay.Pay", b"[5]", "a"))
    [attempt] = world.until(lambda: world.nodes["a"].attempts)
    world.run("a", 1, c.Stalled("r", attempt.op, "nobody here", attempt.run))
    [other] = world.until(lambda: world.nodes["c"].attempts)
    assert (other.op, other.number) == (attempt.op, attempt.number)


def test_a_run_that_nobody_can_go_on_with_stalls_until_somebody_comes(world: Hosts) -> None:
    ready(world)
    world.run("a", 1, start("r", "pay.Pay", b"[5]", "a"))
    [attempt] = world.until(lambda: world.nodes["a"].attempts)
    world.run("a", 1, c.Stalled("r", attempt.op, "nobody here", attempt.run))
    assert world.host("a").replicas[1].machine.runs["r"].status == "stalled"
    world.able = {"b": frozenset({"pay.charge"})}
    assert world.until(lambda: world.nodes["b"].attempts)[0].op == attempt.op
    world.until(lambda: world.host("a").replicas[1].machine.runs["r"].status == "running")


def test_timers_ring_by_the_clock_of_the_leader(world: Hosts) -> None:
    ready(world)
    world.run("a", 1, start("nap", "pay.Nap", b"[]", "a"))
    world.now += 3 * 24 * 3600
    world.until(lambda: world.row("b", "nap").status == "completed")


def test_a_node_that_was_away_for_long_gets_a_snapshot(world: Hosts) -> None:
    leader = ready(world)
    away = next(name for name in world.nodes if name != leader)
    world.nodes[away].stop()
    for number in range(60):
        world.run(leader, 1, start(f"r{number}", "pay.Nap", b"[]", leader))
    host = world.host(leader)
    world.until(lambda: host.logs[1].status().applied == host.replicas[1].kept)
    world.nodes[away].start()
    world.until(lambda: world.host(away).replicas[1].digest == world.host(leader).replicas[1].digest)
    assert len(world.host(away).replicas[1].machine.runs) == 60
    assert world.snapshots > 0
    ready(world)
    assert world.run(away, 1, c.Cancel("r7", "enough"), key="k") is None


def test_a_partitioned_owner_stops_what_went_to_another(world: Hosts) -> None:
    leader = ready(world)
    owner = next(name for name in world.nodes if name != leader)
    world.run(owner, 1, start("r", "pay.Pay", b"[5]", owner))
    [first] = world.until(lambda: world.nodes[owner].attempts)
    world.cut = {owner}
    world.until(lambda: any(node.attempts for node in world.up() if node.name != owner))
    world.cut = set()
    world.until(lambda: (first.run, first.op) in world.nodes[owner].halted)


def test_an_effect_that_was_cancelled_in_the_step_that_asked_for_it_is_not_begun(world: Hosts) -> None:
    """Whoever performs stops first and begins then: it would never hear that nobody wants it."""
    leader = ready(world)
    host = world.host(leader)
    host.submit(1, start("r", "pay.Pay", b"[5]", leader))
    host.submit(1, c.Cancel("r", "enough"))
    world.until(
        lambda: world.host(leader).replicas[1].storage.row("r") and world.row(leader, "r").status == "cancelled"
    )
    assert world.nodes[leader].attempts == []


def test_nobody_is_told_of_a_member_before_that_is_committed(world: Hosts) -> None:
    """The end of a leader's log is lost with it: who believed it would stop a node that still has a vote, or take one
    for a member that is none (found by the simulator: everything, seed 202)."""
    leader = ready(world)
    host = world.host(leader)
    world.cut = {leader}
    host.logs[1].add("d", b"h-add")
    outcomes: list[object] = []
    world.until(lambda: "d" in host.logs[1].status().members)
    host.request(1, BRING, node="d", done=outcomes.append, timeout=0.5)
    world.until(lambda: outcomes)
    assert isinstance(outcomes[0], Unavailable)


def decree(world: Hosts, node: str, **body: object) -> None:
    """A decree, in the log of group 0."""
    outcomes: list[object] = []
    data = pb.Decree(**body).SerializeToString()  # type: ignore[arg-type]
    world.host(node).request(0, pb.Request.PROPOSE, data, outcomes.append)
    world.until(lambda: outcomes)
    assert outcomes == [None]


def test_a_founder_that_was_away_while_its_group_began_gets_its_log(world: Hosts) -> None:
    leader = ready(world)
    founded = pb.Founded(cluster="c", node="a", address="a:1", secret=b"s", groups=[1])
    decree(world, leader, founded=founded)
    away = next(name for name in "cba" if name not in (leader, world.leader(0)))
    world.cut.add(away)
    decree(world, leader, group_made=pb.GroupMade(group=2, members=["a", "b", "c"]))
    world.until(lambda: world.host(leader).directory.said_at(2))  # type: ignore[union-attr]
    for n in range(60):  # so that the log of group 0 begins behind both
        decree(world, leader, admitted=pb.Admitted(node="a", address=f"a:{n}"))
    world.cut.discard(away)
    world.until(lambda: world.host(away).holds(2))
    world.run(away, 2, start("r", "pay.Quick", b"[4]", away))
    assert world.snapshots


def test_a_member_that_is_brought_back_does_not_forget_what_it_has(world: Hosts) -> None:
    """What the directory says of a place before its own log is of another time."""
    leader = ready(world)
    decree(world, leader, founded=pb.Founded(cluster="c", node="a", address="a:1", secret=b"s", groups=[1]))
    world.until(lambda: world.host(leader).directory.said_at(1))  # type: ignore[union-attr]
    name = next(each for each in "abc" if each != leader)
    host = world.host(name)
    others = sorted({*"abc"} - {name})
    decree(world, leader, group_now=pb.GroupNow(group=1, members=others, at=host.logs[1].status().last))
    assert host.holds(1), "its log goes on behind that, or ends there: it was there itself"
    decree(world, leader, group_now=pb.GroupNow(group=1, members=others, at=host.logs[1].status().last + 1000))
    world.until(lambda: 1 not in host.logs)
    assert world.host(name).states.open(1).meta() == {}, "and now it is gone"
    world.host(name).states.close(1)


def test_what_is_answered_at_once_is_answered(world: Hosts) -> None:
    leader = ready(world)
    outcomes: list[object] = []
    for kind, node in ((pb.Request.BRING, "a"), (pb.Request.REMOVE, "nobody")):
        world.host(leader).request(1, kind, done=outcomes.append, node=node)
    assert outcomes == [None, None], "it is so already"
    world.host(leader).broken[1] = "a fault"
    log = world.host(leader).logs.pop(1)
    world.host(leader).request(1, pb.Request.READ, done=outcomes.append, timeout=5.0)
    assert isinstance(outcomes[-1], e.Unavailable), "nobody waits for a group that stands still"
    world.host(leader).logs[1] = log
