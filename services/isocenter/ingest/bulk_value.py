"""A value that came as a body part of its own: kept in a private file until the data set around it is written."""

import mmap
from collections.abc import Iterator

from isocenter.ingest.spooling import SpoolWriter
from isocenter.ports.objects import Spool

CHUNK_BYTES = 1 << 20


class BulkValue:
    """`dicom.json_writing.Bulk`, filled once and read as often as instances name it."""

    def __init__(self, spool: Spool, writer: SpoolWriter) -> None:
        self._spool = spool
        self._writer = writer
        self.size_bytes = 0

    def write(self, data: memoryview) -> None:
        """Take the next bytes. Raises LimitExceeded, OutOfSpace, StorageFailed."""
        self._writer.write(data)

    def end(self) -> None:
        """That was all of it."""
        self._writer.end()
        self.size_bytes = self._writer.size_bytes
        self._writer.release()

    def chunks(self) -> Iterator[bytes]:
        """The bytes."""
        if not self.size_bytes:
            return
        with mmap.mmap(self._spool.fileno(), self.size_bytes, access=mmap.ACCESS_READ) as mapping:
            for start in range(0, self.size_bytes, CHUNK_BYTES):
                yield mapping[start : start + CHUNK_BYTES]

    def discard(self) -> None:
        """Forget it; harmless twice."""
        self._writer.release()
        self._spool.discard()
