"""Spans of OpenTelemetry: one trace of each run, over all its days and processes.

    async with raftoral.local(..., tracing=raftoral.tracing.Tracing()) as here:
        with tracer.start_as_current_span("POST /orders"):
            await ProcessOrder.start(here, order)

    POST /orders
      start shop.orders.ProcessOrder        the call of `start`
        reserve_stock                       an attempt: what the activity does itself is below it
        charge_card                         attempt 1, an error
        charge_card                         attempt 2, perhaps in another process
        run shop.orders.ProcessOrder        from the start to the end, written at the end

The context of the start travels in the tags of the run, as `traceparent` and `tracestate` of W3C: they are durable, and
whoever runs the next attempt finds them there. Runs that a run starts have no such tags, and take those of their
parent. A run without any (it was started without tracing) has an own trace for each attempt.

In: what a runtime tells its observers. Out: spans, to the given provider or to that of the process. An attempt that
waits in a queue has no span before it is called. Arguments and results are never in a span.

Needs the extra `otel`: pip install 'raftoral[otel]'.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

try:
    from opentelemetry import context as contexts, trace
    from opentelemetry.context import Context
    from opentelemetry.trace import SpanKind, Status, StatusCode
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
except ImportError as error:
    raise ImportError("raftoral.tracing needs opentelemetry-api: pip install 'raftoral[otel]'") from error

from raftoral import __version__
from raftoral.runtime.edge.observe import Inside, Observer, outcome_of
from raftoral.runtime.edge.telling import kind_of
from raftoral.runtime.ports import Attempt, Done, Failed, Row

_FORMAT = TraceContextTextMapPropagator()


class Tracing(Observer):
    """See the module. One may be given to several runtimes."""

    def __init__(self, provider: trace.TracerProvider | None = None) -> None:
        self._tracer = trace.get_tracer("raftoral", __version__, tracer_provider=provider)
        self._spans: dict[int, trace.Span] = {}  # of attempts, which live at least until they are reported

    @contextmanager
    def starting(self, workflow: str, version: int, id: str) -> Iterator[Mapping[str, str]]:
        attributes: dict[str, str | int] = {
            "raftoral.run_id": id,
            "raftoral.workflow": workflow,
            "raftoral.version": version,
        }
        name = f"start {workflow}"
        with self._tracer.start_as_current_span(name, kind=SpanKind.PRODUCER, attributes=attributes):
            carrier: dict[str, str] = {}
            _FORMAT.inject(carrier)
            yield carrier

    def attempt_begins(self, attempt: Attempt, inside: Inside) -> None:
        span = self._tracer.start_span(
            attempt.activity.name,
            context=_context_of(attempt.id, inside),
            kind=SpanKind.CONSUMER,
            attributes={
                "raftoral.run_id": attempt.id,
                "raftoral.run": attempt.run,
                "raftoral.workflow": attempt.workflow,
                "raftoral.version": attempt.version,
                "raftoral.slot": attempt.slot,
                "raftoral.activity": attempt.activity.full_name,
                "raftoral.attempt": attempt.number,
            },
        )
        self._spans[id(attempt)] = span
        contexts.attach(trace.set_span_in_context(span))  # for this attempt only: we are in a context of its own

    def attempt_ended(self, report: Done | Failed) -> None:
        span = self._spans.pop(id(report.attempt), None)
        if span is None:
            return  # it never was called
        span.set_attribute("raftoral.outcome", outcome_of(report))
        if isinstance(report, Failed) and report.kind != "Stopped":  # to be stopped is no error: it lost a race
            said = f"{report.kind}: {report.detail}" if report.detail else report.kind
            about = {"exception.type": report.kind, "exception.message": report.detail}
            if report.trace:
                about["exception.stacktrace"] = report.trace
            span.add_event("exception", about)
            span.set_status(Status(StatusCode.ERROR, said))
        span.end()

    def run_ended(self, row: Row, inside: Inside) -> None:
        attributes: dict[str, str | int] = {
            "raftoral.run_id": row.id,
            "raftoral.run": row.run,
            "raftoral.workflow": row.workflow,
            "raftoral.version": row.version,
            "raftoral.status": row.status,
        }
        if row.parent is not None:
            attributes["raftoral.parent"] = row.parent
        span = self._tracer.start_span(
            f"run {row.workflow}",
            context=_context_of(row, inside),
            attributes=attributes,
            start_time=row.created * 1000,
        )
        if row.status == "failed":
            span.set_status(Status(StatusCode.ERROR, kind_of(row)))
        span.end((row.ended or row.updated) * 1000)


def _context_of(run: Row | str, inside: Inside) -> Context:
    """The context in which a run, or else the one that started it, was started; an empty one, if nobody knows it."""
    return _FORMAT.extract(inside.tags(run, "traceparent"), context=Context())


__all__ = ["Tracing"]
