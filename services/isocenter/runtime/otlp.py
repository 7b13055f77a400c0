"""Spans by OpenTelemetry to a collector, over OTLP and HTTP: the only home of that library.

Sent from a thread of its own, in batches; what does not fit the queue or is not taken is lost, and nobody waits for it.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from isocenter.runtime.settings import ServiceSettings
from isocenter.runtime.tracing import ATTRIBUTES, SpanKind

MAX_WAITING = 4_096  # spans
MAX_BATCH = 512
EVERY_MS = 1_000
PATIENCE_S = 5.0
CLOSE_S = 1.0
MAX_VALUE = 128  # characters
_PROPAGATOR = TraceContextTextMapPropagator()
_KINDS = {
    "internal": trace.SpanKind.INTERNAL,
    "server": trace.SpanKind.SERVER,
    "client": trace.SpanKind.CLIENT,
    "producer": trace.SpanKind.PRODUCER,
    "consumer": trace.SpanKind.CONSUMER,
}


class _OtlpSpan:
    """Drops attributes that are not on the list."""

    __slots__ = ("_span",)

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def set(self, name: str, value: str | int) -> None:
        """Say more about the span."""
        if name in ATTRIBUTES:
            bounded = value[:MAX_VALUE] if isinstance(value, str) else value
            self._span.set_attribute(f"isocenter.{name}", bounded)


class OtlpBackend:
    """`tracing.Backend`."""

    def __init__(self, settings: ServiceSettings) -> None:
        resource = Resource(
            {
                "service.name": f"isocenter-{settings.service or settings.node}",
                "service.namespace": settings.site,
                "service.instance.id": settings.node,
            }
        )
        self._provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(settings.otlp_share)),
            resource=resource,
            shutdown_on_exit=False,
        )
        self._exporter = OTLPSpanExporter(
            endpoint=f"{settings.otlp_url.rstrip('/')}/v1/traces",
            headers={"Authorization": f"Bearer {token}"} if (token := _token(settings)) else {},
            timeout=PATIENCE_S,
        )
        self._provider.add_span_processor(
            BatchSpanProcessor(
                self._exporter,
                max_queue_size=MAX_WAITING,
                max_export_batch_size=MAX_BATCH,
                schedule_delay_millis=EVERY_MS,
            )
        )
        self._tracer = self._provider.get_tracer("isocenter")
        logging.getLogger("opentelemetry").setLevel(logging.ERROR)  # it warns of each attempt

    @contextmanager
    def span(
        self,
        name: str,
        kind: SpanKind,
        parent: str,
        links: Sequence[str],
        attributes: dict[str, str | int],
    ) -> Iterator[_OtlpSpan]:
        """Open a span; an error that leaves it is named by its class alone, for its text may hold anything."""
        with self._tracer.start_as_current_span(
            name,
            context=_context(parent) if parent else None,
            kind=_KINDS[kind],
            links=[
                trace.Link(trace.get_current_span(_context(link)).get_span_context())
                for link in links
            ],
            record_exception=False,
            set_status_on_exception=False,
        ) as opened:
            made = _OtlpSpan(opened)
            for attribute, value in attributes.items():
                made.set(attribute, value)
            try:
                yield made
            except Exception as error:
                opened.set_attribute("error.type", type(error).__name__)
                opened.set_status(trace.StatusCode.ERROR)
                raise

    def traceparent(self) -> str:
        """The current span as W3C Trace Context; empty without one."""
        carrier: dict[str, str] = {}
        _PROPAGATOR.inject(carrier)
        return carrier.get("traceparent", "")

    def close(self, grace_s: float) -> None:
        """Send what waits. The library's own way out would try every batch again and again when nobody takes them."""
        _within(grace_s, self._provider.force_flush)
        # from now on every attempt fails at once
        self._exporter.shutdown()  # type: ignore[no-untyped-call]  # the library's gap
        _within(CLOSE_S, self._provider.shutdown)


def _within(timeout_s: float, call: Callable[[], object]) -> None:
    """Wait for a call at most so long; one that takes longer does not keep the process alive."""
    thread = threading.Thread(target=call, name="spans", daemon=True)
    thread.start()
    thread.join(timeout_s)


def _context(traceparent: str) -> Context:
    """Read a parent; one that is malformed is none."""
    return _PROPAGATOR.extract({"traceparent": traceparent}, Context())


def _token(settings: ServiceSettings) -> str:
    return settings.otlp_token.get_secret_value()
