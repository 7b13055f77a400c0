"""Spans: what a process does, for whom, how long. Made only once `use` was told where to send them.

A span is opened where its work is awaited; work in another thread gets its parent by `traceparent()`. Attributes are
words of ours or of the standard and numbers, each from a list: never a UID, a name or an address.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Literal, Protocol

SpanName = Literal[
    "association", "receipt", "request", "call", "publish", "handle", "index", "journal commit"
]
SpanKind = Literal["internal", "server", "client", "producer", "consumer"]
ATTRIBUTES = frozenset({"action", "count", "fact", "method", "outcome", "service", "status"})
MAX_LINKS = 32
Attributes = dict[str, str | int]


class Span(Protocol):
    """A span under way."""

    def set(self, name: str, value: str | int) -> None:
        """Say more about it."""
        ...


class Backend(Protocol):
    """Where spans go; see `otlp`."""

    def span(
        self, name: str, kind: SpanKind, parent: str, links: Sequence[str], attributes: Attributes
    ) -> AbstractContextManager[Span]:
        """Open a span, current in the block."""
        ...

    def traceparent(self) -> str:
        """The current span as W3C Trace Context; empty without one."""
        ...

    def close(self, grace_s: float) -> None:
        """Send what waits; blocks, at most that long."""
        ...


class _Nothing:
    """The span of a process that sends none."""

    def set(self, name: str, value: str | int) -> None:
        """Forget it."""


_NOTHING: AbstractContextManager[Span] = nullcontext(_Nothing())
_backend: Backend | None = None


def use(backend: Backend) -> None:
    """Send this process's spans there from now on."""
    global _backend  # noqa: PLW0603  (one for each process, as its log is)
    _backend = backend


def stop(grace_s: float) -> None:
    """Send what waits, and make no more; blocks, at most that long."""
    global _backend
    backend, _backend = _backend, None
    if backend is not None:
        backend.close(grace_s)


def span(
    name: SpanName,
    kind: SpanKind = "internal",
    *,
    parent: str = "",
    links: Sequence[str] = (),
    **attributes: str | int,
) -> AbstractContextManager[Span]:
    """Open a span around a block; its parent is the one named (a traceparent), else the one under way here."""
    if _backend is None:
        return _NOTHING
    return _backend.span(name, kind, parent, links[:MAX_LINKS], attributes)


def span_within(name: SpanName) -> AbstractContextManager[Span]:
    """Open a span as part of the one under way; without one, none: what is done now and then tells nobody anything."""
    return span(name) if traceparent() else _NOTHING


def traceparent() -> str:
    """The span under way here, to be a parent elsewhere; empty without one."""
    return "" if _backend is None else _backend.traceparent()


def trace_id() -> str:
    """The trace under way here, 32 hexadecimal digits; empty without one."""
    return traceparent()[3:35]
