"""Bytes into the spool, as they come: bounded in size, and stopped in time when the disk fills up."""

import errno
import os

from isocenter.errors import LimitExceeded, OutOfSpace, StorageFailed
from isocenter.ingest.watermark import Watermark
from isocenter.ports.objects import Spool

CHECK_BYTES = 16 << 20  # written between two looks at the room left
_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})


class SpoolWriter:
    """Appends to one spool file; `size_bytes` is what it holds."""

    __slots__ = ("_check_at", "_fd", "_max_bytes", "_watermark", "size_bytes")

    def __init__(self, spool: Spool, watermark: Watermark, max_bytes: int) -> None:
        self.size_bytes = 0
        self._fd = spool.fileno()
        self._watermark = watermark
        self._max_bytes = max_bytes
        self._check_at = CHECK_BYTES

    def write(self, content: bytes | memoryview) -> None:
        """Write all of it. Raises LimitExceeded, OutOfSpace, StorageFailed; then the spool is to be discarded."""
        end = self.size_bytes + len(content)
        if end > self._check_at:
            self._check(end)
        try:
            done = os.write(self._fd, content)
            while done < len(content):
                done += os.write(self._fd, memoryview(content)[done:])
        except OSError as error:
            raise _translated(error) from error
        self.size_bytes = end

    def _check(self, end: int) -> None:
        if end > self._max_bytes:
            raise LimitExceeded("the data set is too large", code="instance_too_large")
        self._watermark.check()
        self._check_at = min(end + CHECK_BYTES, self._max_bytes)


def _translated(error: OSError) -> OutOfSpace | StorageFailed:
    name = errno.errorcode.get(error.errno or 0, "unknown")
    if error.errno in _NO_SPACE:
        return OutOfSpace("no space left for the spool", errno=name)
    return StorageFailed("the spool could not be written", errno=name)
