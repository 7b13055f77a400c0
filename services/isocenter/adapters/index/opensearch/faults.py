"""What OpenSearch's errors mean to the platform. None of its texts go on: they quote what was asked."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from opensearchpy.exceptions import ConnectionError as NoConnection
from opensearchpy.exceptions import OpenSearchException, TransportError

from isocenter.errors import (
    InvalidRequest,
    IsocenterError,
    LimitExceeded,
    OutOfSpace,
    Unavailable,
)

_TOO_MUCH = {"too_complex_to_determinize_exception", "too_many_clauses", "too_many_nested_clauses"}
_GONE = {"index_not_found_exception", "search_context_missing_exception"}
# while an index is being dropped its shards are gone already and its name is not
_GOING = {"search_phase_execution_exception", "no_shard_available_action_exception"}


class Gone(Unavailable):
    """The indices of a generation are not there, or not any more; another may serve."""


class Pressed(Unavailable):
    """The server has too much to do at this moment."""


def meaning_of(status: int, types: set[str]) -> IsocenterError:
    """The platform's error for an answer's HTTP status and the types of exceptions it names."""
    told = f"{status} {' '.join(sorted(types))}".strip()
    if types & _GONE or (types & _GOING and status == 503):
        return Gone(f"the index is not there ({told})")
    if "cluster_block_exception" in types and status in {403, 429}:
        return OutOfSpace(f"the index takes no writes ({told})")
    if status == 429:
        return Pressed(f"the index has too much to do ({told})", retry_after_s=1.0)
    if types & _TOO_MUCH or status == 413:
        return LimitExceeded(f"a search this large or wild is not possible ({told})")
    if status == 400:
        return InvalidRequest(f"the index refuses this ({told})")
    if status in {401, 403}:
        return Unavailable(f"the index refuses these credentials ({told})")
    return Unavailable(f"the index does not answer ({told})", retry_after_s=1.0)


def types_in(answer: object, depth: int = 6) -> set[str]:
    """Types of all exceptions in an error's description, which has them at several places."""
    found: set[str] = set()
    if depth == 0:
        return found
    if isinstance(answer, Mapping):
        kind = answer.get("type")
        if isinstance(kind, str):
            found.add(kind[:80])
        for name in ("error", "caused_by", "reason", "root_cause", "failed_shards", "failures"):
            found |= types_in(answer.get(name), depth - 1)
    elif isinstance(answer, list):
        for one in answer[:8]:
            found |= types_in(one, depth - 1)
    return found


@contextmanager
def translated() -> Iterator[None]:
    """Raise the platform's errors for the client's."""
    try:
        yield
    except NoConnection as error:
        raise Unavailable("the index cannot be reached", retry_after_s=1.0) from _quiet(error)
    except TransportError as error:
        status: Any = error.status_code
        answer: Any = error.info
        raise meaning_of(status if isinstance(status, int) else 0, types_in(answer)) from None
    except (OpenSearchException, AttributeError, ValueError):  # the last two: a proxy's answer
        raise Unavailable("the index answers what cannot be read") from None


def _quiet(error: NoConnection) -> BaseException | None:
    """The socket's own error, without the address and body of the request."""
    cause: Any = error.info
    return cause if isinstance(cause, OSError) else None
