"""Bytes into the spool, through a buffer: bounded in size, hashed, and stopped in time when the disk fills up."""

from isocenter.errors import LimitExceeded
from isocenter.ingest.buffers import Buffers
from isocenter.ingest.digesting import BufferDigest, Digesters
from isocenter.ingest.watermark import Watermark
from isocenter.ports.objects import Spool

CHECK_BYTES = 16 << 20  # taken between two looks at the room left


class SpoolWriter:
    """Appends to one spool file; `size_bytes` is what was taken. `release` is called at the end."""

    __slots__ = (
        "_buffer", "_buffers", "_check_at", "_digest", "_filled", "_is_released", "_max_bytes", "_spool",
        "_watermark", "size_bytes",
    )  # fmt: skip

    def __init__(
        self, spool: Spool, buffers: Buffers, watermark: Watermark, max_bytes: int
    ) -> None:
        self.size_bytes = 0
        self._spool = spool
        self._buffers = buffers
        self._buffer = buffers.lend()
        self._filled = 0
        self._is_released = False
        self._digest: BufferDigest | None = None
        self._watermark = watermark
        self._max_bytes = max_bytes
        self._check_at = CHECK_BYTES

    def start_digest(self, digesters: Digesters, prefix: bytes) -> None:
        """From here on everything is hashed, after `prefix`; what was taken before is still in the buffer."""
        is_alone = self._buffers.lent == 1
        self._digest = BufferDigest(
            digesters, prefix, self._buffer, self._filled, is_alone=is_alone
        )

    def write(self, data: bytes | memoryview) -> None:
        """Take all of it. Raises LimitExceeded, OutOfSpace, StorageFailed; then the spool is to be discarded."""
        size = len(data)
        if self.size_bytes + size > self._check_at:
            self._check(self.size_bytes + size)
        end = self._filled + size
        if end > len(self._buffer):
            self._write_long(memoryview(data))
        else:
            self._buffer[self._filled : end] = data
            self._grew(end)
        self.size_bytes += size

    def end(self) -> None:
        """Hand what is left to the spool; what is still to be hashed is hashed beside."""
        if self._filled:
            self._spool.append(self._buffer, self._filled)

    def content(self) -> memoryview | None:
        """All of it, when it is still in memory; good until `release`."""
        return self._buffer[: self.size_bytes] if self._filled == self.size_bytes else None

    def digest(self) -> str:
        """Give the digest of all that was taken since `start_digest`, 64 hexadecimal digits; nothing follows."""
        if self._digest is None:
            return ""
        self._digest.settle()
        return self._digest.hexdigest()

    def release(self) -> None:
        """Give the buffer back, once however often it is called: a buffer that is lent twice would mix two patients."""
        if self._is_released:
            return
        self._is_released = True
        if self._digest is not None:
            self._digest.settle()
        self._buffers.take_back(self._buffer)

    def _write_long(self, rest: memoryview) -> None:
        while rest:
            taken = min(len(rest), len(self._buffer) - self._filled)
            end = self._filled + taken
            self._buffer[self._filled : end] = rest[:taken]
            self._grew(end)
            rest = rest[taken:]
            if rest:
                self._empty()

    def _grew(self, filled: int) -> None:
        self._filled = filled
        if self._digest is not None:
            self._digest.grew(filled)

    def _empty(self) -> None:
        self._spool.append(self._buffer, self._filled)
        if self._digest is not None:
            self._digest.settle()
        self._filled = 0

    def _check(self, end: int) -> None:
        if end > self._max_bytes:
            raise LimitExceeded("the data set is too large", code="instance_too_large")
        self._watermark.check()
        self._check_at = min(end + CHECK_BYTES, self._max_bytes)
