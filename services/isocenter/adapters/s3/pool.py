"""Connections to a store: requests are repeated a bounded number of times, answers are taken in a bounded size."""

import io
import logging
import random
import ssl
import time
from dataclasses import dataclass
from typing import Any

from urllib3 import BaseHTTPResponse, HTTPResponse, PoolManager, Timeout
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, SSLError

MAX_CONNECTIONS = 64  # kept; more are opened when needed and closed again
MAX_ANSWER_BYTES = 8 << 20  # of an error or a list; objects are not taken whole here
_DONE = frozenset({200, 204, 206})
_AGAIN = frozenset({429, 500, 502, 503, 504})
_CERTAIN = frozenset({*_DONE, 304, 412, 416})
_WRITING = frozenset({"PUT", "POST", "DELETE"})

logging.getLogger("urllib3.connectionpool").disabled = True  # it writes down what was asked


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a store is waited for. Nothing is tried again once `budget_s` are over."""

    connect_s: float = 3.0
    read_s: float = 30.0  # without a byte
    attempts: int = 6
    budget_s: float = 30.0
    first_pause_s: float = 0.1
    longest_pause_s: float = 1.0


class NoAnswer(Exception):
    """The store gave none. `is_doubtful`: what was asked may have happened all the same."""

    def __init__(self, message: str, *, is_doubtful: bool) -> None:
        super().__init__(message)
        self.is_doubtful = is_doubtful


class StorePool(PoolManager):
    """Where `urllib3` would repeat silently, this one knows what it does not know.

    A repeated request may meet what an earlier one left although its answer was lost. So once an attempt has an
    unknown outcome, a later refusal is not reported as such: it would say that nothing was written.
    """

    def __init__(self, patience: Patience, ca_file: str) -> None:
        super().__init__(
            maxsize=MAX_CONNECTIONS,
            timeout=Timeout(connect=patience.connect_s, read=patience.read_s),
            retries=False,
            ca_certs=ca_file or None,
        )
        self._patience = patience

    def urlopen(  # type: ignore[override]  # urllib3 does the same
        self, method: str, url: str, redirect: bool = True, **kw: Any
    ) -> BaseHTTPResponse:
        """Ask until there is an answer; raises NoAnswer."""
        del redirect  # none is followed: signed requests are for one address
        is_streamed = not kw.pop("preload_content", True)
        asking = _Asking(self._patience, method)
        while True:
            try:
                answer = super().urlopen(method, url, redirect=False, preload_content=False, **kw)
                if not (is_streamed and answer.status in _DONE):
                    answer = _whole(answer, method)
            except HTTPError as error:
                asking.failed(error)
            else:
                if asking.is_final(answer):
                    return answer


class _Asking:
    """One request in all its attempts."""

    def __init__(self, patience: Patience, method: str) -> None:
        self._patience = patience
        self._is_writing = method in _WRITING
        self._give_up_s = time.monotonic() + patience.budget_s
        self._pause_s = patience.first_pause_s
        self._attempts_left = patience.attempts
        self._is_doubtful = False

    def failed(self, error: HTTPError) -> None:
        """Return when it is worth another attempt."""
        if _is_distrusted(error):
            raise NoAnswer(
                "its certificate is not trusted", is_doubtful=self._is_doubtful
            ) from None
        if not isinstance(error, NewConnectionError | ConnectTimeoutError):
            self._is_doubtful |= self._is_writing
        if not self._waited():
            raise NoAnswer("it does not answer", is_doubtful=self._is_doubtful) from None

    def is_final(self, answer: BaseHTTPResponse) -> bool:
        """Tell whether this is what the caller shall hear."""
        if answer.status in _AGAIN and self._waited():
            self._is_doubtful |= self._is_writing
            return False
        if self._is_doubtful and answer.status not in _CERTAIN:
            raise NoAnswer(f"it answers {answer.status}", is_doubtful=True)
        return True

    def _waited(self) -> bool:
        self._attempts_left -= 1
        pause_s = self._pause_s * random.uniform(0.5, 1)  # noqa: S311  (spreads those who wait)
        if self._attempts_left <= 0 or time.monotonic() + pause_s > self._give_up_s:
            return False
        time.sleep(pause_s)
        self._pause_s = min(2 * self._pause_s, self._patience.longest_pause_s)
        return True


def _is_distrusted(error: HTTPError) -> bool:
    return isinstance(error, SSLError) and any(
        isinstance(reason, ssl.SSLCertVerificationError) for reason in error.args
    )


def _whole(answer: BaseHTTPResponse, method: str) -> BaseHTTPResponse:
    content = answer.read(MAX_ANSWER_BYTES + 1, decode_content=False)
    if len(content) > MAX_ANSWER_BYTES:
        answer.close()
        raise NoAnswer("its answer is too long", is_doubtful=True)
    answer.release_conn()
    return HTTPResponse(
        body=io.BytesIO(content),
        headers=answer.headers,
        status=answer.status,
        reason=answer.reason,
        request_method=method,
    )
