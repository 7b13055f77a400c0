"""The reading end: whatever generation serves, looked for anew a few times a second."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from isocenter.adapters.index.opensearch.faults import Gone
from isocenter.adapters.index.opensearch.generation import Generation, serving
from isocenter.adapters.index.opensearch.names import checked_prefix
from isocenter.adapters.index.opensearch.reads import OpenSearchReads
from isocenter.adapters.index.opensearch.server import Access, Server
from isocenter.errors import Unavailable

CHECK_EVERY_S = 0.2
PAUSES_S = (0.02, 0.1, 0.3)

T = TypeVar("T")


class OpenSearchReader(OpenSearchReads):
    """IndexReader on a server; safe to call from many threads. Raises Unavailable while there is no index."""

    def __init__(self, access: Access, prefix: str) -> None:
        self._server = Server(access)
        self._prefix = checked_prefix(prefix)
        self._lock = threading.Lock()
        self._found: Generation | None = None
        self._looked = 0.0
        self._closed = False

    def _in_generation(self, work: Callable[[Generation], T]) -> T:
        """Read from one generation; again from the next when it is dropped meanwhile."""
        for pause_s in PAUSES_S:
            try:
                return work(self._generation())
            except Gone:
                self._found = None
                time.sleep(pause_s)
        return work(self._generation())

    def _generation(self) -> Generation:
        if self._closed:
            raise Unavailable("the index reader is closed")
        with self._lock:
            now = time.monotonic()
            if self._found is None or now - self._looked > CHECK_EVERY_S:
                self._found = serving(self._server, self._prefix)
                self._looked = now
            found = self._found
        if found is None:
            raise Unavailable("there is no index yet", retry_after_s=1.0)
        return found

    def close(self) -> None:
        """Close all connections; safe to call twice."""
        if not self._closed:
            self._closed = True
            self._server.close()
