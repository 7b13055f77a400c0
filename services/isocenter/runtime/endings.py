"""The three endings of a message: done, later, never. The only table of the message edge; used by `consume`."""

import random
from dataclasses import dataclass

from isocenter.errors import PermanentError, TransientError


@dataclass(frozen=True, slots=True)
class Done:
    """Effects are in place and what it caused is published: acknowledge."""


@dataclass(frozen=True, slots=True)
class Later:
    """Bring it again; `after_s` is the error's own advice."""

    after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Never:
    """Copy it to the dead letters."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that nobody foresaw: later, and never after too many deliveries."""

    error: str


Ending = Done | Later | Never | Unknown


def ending_of(error: Exception) -> Ending:
    """Sort an error of a handler."""
    if isinstance(error, TransientError):
        return Later(error.retry_after_s)
    if isinstance(error, PermanentError):
        return Never(error.reason)
    return Unknown(type(error).__name__)


def backoff_s(deliveries: int, first_s: float = 0.5, longest_s: float = 60.0) -> float:
    """Wait before the next delivery: doubling, with jitter of a half, so that consumers do not come back in step."""
    doublings = min(max(deliveries - 1, 0), 20)
    full = min(first_s * (1 << doublings), longest_s)
    return full * random.uniform(0.5, 1.0)  # noqa: S311  (no secret)
