"""Structured logs: constant event names, fields from a list of allowed ones, so that no patient's data slips out."""

import contextlib
import hashlib
import io
import logging
import re
import secrets
import sys
import traceback
from collections.abc import Callable
from typing import Any, TextIO, cast

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger

from isocenter.runtime import tracing

ALLOWED_FIELDS = frozenset({
    # every line
    "event", "level", "timestamp", "logger_name", "service", "node", "site", "trace_id",
    # what happened, where
    "action", "error", "outcome", "reason", "signal", "stack", "state", "task", "where",
    # how many, how long
    "batch", "count", "deliveries", "failed", "grace_s", "limit", "quarantined", "refused", "sequence", "size_bytes",
    "stored", "took_ms", "total", "unfinished", "wait_s",
    # names that are ours or the standard's
    "ae_title", "deletion_id", "event_id", "fact", "peer", "sop_class_uid", "transfer_syntax_uid",
    # hashed unless log_uids is set
    "study_instance_uid", "series_instance_uid", "sop_instance_uid",
})  # fmt: skip
HASHED_FIELDS = frozenset({"study_instance_uid", "series_instance_uid", "sop_instance_uid"})
PLAIN_UID_FIELDS = frozenset({"transfer_syntax_uid", "sop_class_uid"})
MAX_VALUE = 256  # characters
# five components and more, so that no IPv4 address is taken for one
_UID = re.compile(r"\b\d+(?:\.\d+){4,}\b")
_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def logger(name: str) -> FilteringBoundLogger:
    """Logger of a module; events are snake-case constants."""
    made: FilteringBoundLogger = structlog.get_logger(logger_name=name)
    return made


class Lossy(io.TextIOBase):
    """A stream that a full disk or a reader who left does not break: a line is lost, and its process lives on."""

    def __init__(self, out: TextIO) -> None:
        super().__init__()
        self._out = out

    def write(self, text: str) -> int:
        """Write it, or not."""
        with contextlib.suppress(OSError):
            self._out.write(text)
        return len(text)

    def flush(self) -> None:
        """Hand it on, or not."""
        with contextlib.suppress(OSError):
            self._out.flush()


def configure(
    service: str,
    *,
    level: str = "info",
    log_uids: bool = False,
    key: bytes = b"",
    stream: TextIO | None = None,
    **bound: str,
) -> None:
    """Set up logging of this process: JSON lines on stderr, or readable lines when that is a terminal.

    Processes given the same `key` hash a UID alike; without one it is random.
    """
    out = stream or sys.stderr
    render: Any = (
        structlog.dev.ConsoleRenderer()
        if out.isatty()
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.reset_defaults()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _bind({"service": service, **bound}),
            _with_trace,
            _exception_without_message,
            keep_allowed(None if log_uids else uid_hasher(key or secrets.token_bytes(16))),
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, Lossy(out))),
        cache_logger_on_first_use=False,
    )
    _tame_libraries()


def uid_hasher(key: bytes) -> Callable[[str], str]:
    """Give the short keyed hash that stands for a UID."""

    def hashed(uid: str) -> str:
        return "uid:" + hashlib.blake2b(uid.encode(), key=key[:64], digest_size=6).hexdigest()

    return hashed


def keep_allowed(hashed: Callable[[str], str] | None) -> structlog.typing.Processor:
    """Give the processor that drops what is not on the list, bounds what is, and hashes UIDs wherever they stand."""

    def process(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        kept = {
            name: _value(name, value, hashed)
            for name, value in event.items()
            if name in ALLOWED_FIELDS and isinstance(value, str | int | float | bool | None)
        }
        dropped = len(event) - len(kept)
        if dropped:
            kept["fields_dropped"] = dropped
        return kept

    return process


def _value(name: str, value: Any, hashed: Callable[[str], str] | None) -> Any:
    if not isinstance(value, str):
        return value
    limit = MAX_VALUE if name != "stack" else 4096
    text = value[:limit]
    if hashed is None or name in PLAIN_UID_FIELDS:
        return text
    if name in HASHED_FIELDS:
        return hashed(value) if value else ""
    return _UID.sub(lambda found: hashed(found.group()), text)


def _bind(fields: dict[str, str]) -> structlog.typing.Processor:
    def process(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        return {**fields, **event}

    return process


def _with_trace(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Say of which trace a line is part."""
    trace = tracing.trace_id()
    return {**event, "trace_id": trace} if trace else event


def _exception_without_message(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Keep where an exception came from and its type; its text may hold a patient's data."""
    wanted = event.pop("exc_info", None)
    if not wanted:
        return event
    error = wanted if isinstance(wanted, BaseException) else sys.exc_info()[1]
    if error is not None:
        frames = traceback.extract_tb(error.__traceback__)[-8:]
        event["stack"] = " < ".join(
            f"{frame.name}:{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}"
            for frame in reversed(frames)
        )
        event.setdefault("error", type(error).__name__)
    return event


class _LibraryHandler(logging.Handler):
    """Says that a library warned and where, never its words: they may hold anything."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else ""
        logger(record.name).warning(
            "library_warning", where=f"{record.module}:{record.lineno}", error=error
        )


def _tame_libraries() -> None:
    root = logging.getLogger()
    root.handlers[:] = [_LibraryHandler(logging.WARNING)]
    root.setLevel(logging.WARNING)
