"""Metrics for Prometheus: counters of what happens, and gauges that are read when somebody scrapes them.

    metrics = raftoral.metrics.Metrics()
    async with raftoral.local(programs=[shop.orders], activities=[Activities()], metrics=metrics) as here: ...

In: what a runtime tells its observers. Out: samples of a registry of `prometheus_client`; serving them is the business
of the service (`prometheus_client.start_http_server`, `make_asgi_app`). `docs/operations.md` has the table of names.
Labels are names of the program and words of ours, never an id: there are as many series as there is code.

Needs the extra `metrics`: pip install 'raftoral[metrics]'.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

try:
    from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
    from prometheus_client.registry import Collector
except ImportError as error:
    raise ImportError("raftoral.metrics needs prometheus-client: pip install 'raftoral[metrics]'") from error

from raftoral.errors import UsageError
from raftoral.runtime.edge.observe import Inside, Member, Observer, outcome_of
from raftoral.runtime.edge.telling import seconds_of
from raftoral.runtime.ports import Done, Failed, Row

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0

RUN_SECONDS = (0.01, 0.1, 1.0, 10.0, MINUTE, 10 * MINUTE, HOUR, 6 * HOUR, DAY, 7 * DAY, 30 * DAY)
ATTEMPT_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, MINUTE, 5 * MINUTE, HOUR)
COMMIT_SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
COMMIT_COMMANDS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


class Metrics(Observer):
    """All runtimes that it is given to, in one registry: that of the process, if none is named."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        into = REGISTRY if registry is None else registry
        self._registry = into
        self._insides: set[Inside] = set()
        try:
            self._started = Counter("raftoral_runs_started", "Runs that began.", ["workflow", "version"], registry=into)
        except ValueError:
            raise UsageError(
                "this registry has metrics of raftoral already: make one Metrics, and give it to every runtime"
            ) from None
        self._ended = Counter(
            "raftoral_runs_ended", "Runs that ended.", ["workflow", "version", "status"], registry=into
        )
        self._run_seconds = Histogram(
            "raftoral_run_duration_seconds",
            "From the start of a run to its end.",
            ["workflow", "status"],
            buckets=RUN_SECONDS,
            registry=into,
        )
        self._attempt_seconds = Histogram(
            "raftoral_attempt_duration_seconds",
            "Attempts of activities, from the call to the report.",
            ["activity", "outcome"],
            buckets=ATTEMPT_SECONDS,
            registry=into,
        )
        self._commit_seconds = Histogram(
            "raftoral_commit_duration_seconds", "Writing a commit.", buckets=COMMIT_SECONDS, registry=into
        )
        self._commit_commands = Histogram(
            "raftoral_commit_commands", "Commands that shared a commit.", buckets=COMMIT_COMMANDS, registry=into
        )
        errors = Counter("raftoral_storage_errors", "Operations that the store refused.", ["operation"], registry=into)
        self._storage_errors = {each: errors.labels(each) for each in ("read", "write")}
        into.register(_Gauges(self._insides))

    def text(self) -> str:
        """All of the registry, as Prometheus reads it: for a service that has a page for it."""
        return generate_latest(self._registry).decode()

    def opened(self, inside: Inside) -> None:
        self._insides.add(inside)

    def closed(self, inside: Inside) -> None:
        self._insides.discard(inside)

    def run_started(self, row: Row, inside: Inside) -> None:
        self._started.labels(row.workflow, row.version).inc()

    def run_ended(self, row: Row, inside: Inside) -> None:
        self._ended.labels(row.workflow, row.version, row.status).inc()
        self._run_seconds.labels(row.workflow, row.status).observe(seconds_of(row))

    def attempt_ended(self, report: Done | Failed) -> None:
        labels = (report.attempt.activity.full_name, outcome_of(report))
        self._attempt_seconds.labels(*labels).observe(report.seconds)

    def committed(self, commands: int, seconds: float) -> None:
        self._commit_seconds.observe(seconds)
        self._commit_commands.observe(commands)

    def storage_failed(self, operation: str) -> None:
        self._storage_errors[operation].inc()


class _Gauges(Collector):
    """What is so at this moment, over all open runtimes. Called by the thread that serves a scrape."""

    def __init__(self, insides: set[Inside]) -> None:
        self._insides = insides

    def collect(self) -> Iterable[Metric]:
        insides = list(self._insides)
        runs = _sum(inside.runs() for inside in insides)
        yield _family("raftoral_runs", "Runs that have not ended.", ["workflow", "status"], runs)
        attempts = _sum({(state,): count for state, count in inside.attempts().items()} for inside in insides)
        yield _family("raftoral_attempts", "Attempts that have not ended.", ["state"], attempts)
        waiting = sum(inside.commands_waiting() for inside in insides)
        yield _family("raftoral_commands_waiting", "Commands that are in no commit yet.", [], {(): waiting})
        timers = sum(inside.timers() for inside in insides)
        yield _family("raftoral_timers", "What waits for a time.", [], {(): timers})
        yield from _of_groups([member for inside in insides for member in inside.members()])
        yield from _of_links(_sum(inside.links() for inside in insides))
        stopped = sum(inside.stopped() for inside in insides)
        yield _family("raftoral_stopped", "Runtimes that a bug of raftoral has stopped.", [], {(): stopped})


def _of_groups(members: Sequence[Member]) -> Iterable[Metric]:
    """What a node is in its groups. A runtime without a cluster has none of these."""
    if not members:
        return
    for name, says, value in (
        ("term", "The term of Raft.", lambda each: each.term),
        ("leads", "Whether this node leads the group: the sum over all nodes is 1.", lambda each: int(each.leads)),
        ("members", "Nodes with a vote.", lambda each: each.members),
        ("commit_index", "The last entry of the log that is committed.", lambda each: each.commit),
        ("applied_index", "The last entry of the log that is in this node's state.", lambda each: each.applied),
        ("requests_waiting", "What waits for this node as the leader.", lambda each: each.waiting),
    ):
        samples = {(each.node, str(each.group)): value(each) for each in members}
        yield _family(f"raftoral_group_{name}", says, ["node", "group"], samples)


def _of_links(lost: Mapping[str, int]) -> Iterable[Metric]:
    """A runtime without a cluster has none of these either."""
    if lost:
        family = CounterMetricFamily("raftoral_links_lost", "Links between nodes that ended, by why.", labels=["why"])
        for why, count in sorted(lost.items()):
            family.add_metric([why], count)
        yield family


def _sum(each: Iterable[Mapping[Any, int]]) -> Mapping[Any, int]:
    total: Tally[Any] = Tally()
    for counts in each:
        total.update(counts)
    return total


def _family(name: str, says: str, labels: list[str], samples: Mapping[Any, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, says, labels=labels)
    for values, count in sorted(samples.items()):
        family.add_metric(list(values), count)
    return family


__all__ = ["Metrics"]
