"""A journal writer that outlasts its stream: a store that was away for long ends streams, not processes."""

import threading
from collections.abc import Sequence

from isocenter.ports.journal import Entry, Journal, JournalWriter, Position, StreamEnded
from isocenter.runtime.log import logger

log = logger(__name__)


class LastingWriter:
    """`ports.journal.JournalWriter`; `stream` is the one that is written now.

    What failed stays failed: its outcome is unknown, and who asked for it decides. The next call has a new stream.
    """

    def __init__(self, journal: Journal, node: str) -> None:
        self._journal = journal
        self._node = node
        self._lock = threading.Lock()
        self._writer: JournalWriter = journal.writer(node)
        self.stream = self._writer.stream

    def append(self, entries: Sequence[Entry]) -> list[Position]:
        """Write in the present stream."""
        writer = self._writer
        try:
            return writer.append(entries)
        except StreamEnded:
            self._renew(writer)
            log.warning("journal_stream_ended", node=self._node)
            raise

    def close(self) -> None:
        """Close the present stream."""
        self._writer.close()

    def _renew(self, ended: JournalWriter) -> None:
        with self._lock:
            if self._writer is ended:
                self._writer = self._journal.writer(self._node)
                self.stream = self._writer.stream
