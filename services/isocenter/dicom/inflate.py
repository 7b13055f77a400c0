"""A bounded inflater for deflated data sets (PS3.5 A.5): a bomb costs its sender more than it costs us."""

import zlib
from collections.abc import Iterator

from isocenter.dicom.encoding import Buffer
from isocenter.dicom.fragments import forget
from isocenter.dicom.limits import DEFAULT_LIMITS, ScanLimits
from isocenter.errors import InvalidInstance, LimitExceeded

_INPUT_BYTES = 64 << 10
_OUTPUT_BYTES = 1 << 20
_FREE_BYTES = 1 << 20  # the ratio counts beyond these


class Inflater:
    """Inflate what a buffer holds from `start` on, a bounded piece at a time.

    Errors of every call: InvalidInstance (`bad_deflate`), LimitExceeded (`inflate_ratio`, `inflated_too_large`). A
    stream that ends too early is no error here: `truncated` tells.
    """

    def __init__(self, data: Buffer, start: int, limits: ScanLimits = DEFAULT_LIMITS) -> None:
        self._data = data
        self._next = self._forgotten = start
        self._limits = limits
        self._zlib = zlib.decompressobj(_window(bytes(data[start : start + 2])))
        self._held = b""
        self._fed = 0
        self.position = 0  # bytes given so far
        self.ended = False
        self.truncated = False

    def read(self, size: int) -> bytes:
        """Give `size` bytes, fewer only at the end of the stream."""
        parts: list[bytes] = []
        missing = size
        while missing > 0 and not self.ended:
            part = self._step(min(missing, _OUTPUT_BYTES))
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    def skip(self, size: int) -> int:
        """Inflate `size` bytes and keep none; returns how many there were."""
        missing = size
        while missing > 0 and not self.ended:
            missing -= len(self._step(min(missing, _OUTPUT_BYTES)))
        return size - missing

    def _step(self, most: int) -> bytes:
        chunk = self._held or self._feed()
        starved = not chunk
        try:
            part = self._zlib.decompress(chunk, most)
        except zlib.error:
            raise InvalidInstance(
                "the deflated data set cannot be inflated", code="bad_deflate"
            ) from None
        self._held = self._zlib.unconsumed_tail
        self.position += len(part)
        self.ended = self._zlib.eof or (starved and not part)
        self.truncated = self.ended and not self._zlib.eof
        self._check()
        return part

    def _feed(self) -> bytes:
        chunk = bytes(self._data[self._next : self._next + _INPUT_BYTES])
        self._next += len(chunk)
        self._fed += len(chunk)
        self._forgotten = (
            forget(self._data, self._forgotten, self._next) if chunk else self._forgotten
        )
        return chunk

    def _check(self) -> None:
        if self.position > self._limits.max_inflated_bytes:
            raise LimitExceeded("the inflated data set is too large", code="inflated_too_large")
        if self.position > _FREE_BYTES + self._fed * self._limits.max_inflate_ratio:
            raise LimitExceeded("the data set inflates beyond all measure", code="inflate_ratio")


def _window(start: bytes) -> int:
    # Some writers put the zlib header (RFC 1950) before the deflated bytes (RFC 1951) that the standard asks for.
    zlib_header = (
        len(start) == 2 and start[0] & 0x0F == 8 and int.from_bytes(start, "big") % 31 == 0
    )
    return zlib.MAX_WBITS if zlib_header else -zlib.MAX_WBITS


def inflated(
    data: Buffer, dataset_offset: int, limits: ScanLimits = DEFAULT_LIMITS
) -> Iterator[bytes]:
    """Give a deflated object's data set in pieces of at most 1 MiB, memory flat."""
    inflater = Inflater(data, dataset_offset, limits)
    while not inflater.ended:
        part = inflater.read(_OUTPUT_BYTES)
        if part:
            yield part


def inflated_range(
    data: Buffer, dataset_offset: int, start: int, end: int, limits: ScanLimits = DEFAULT_LIMITS
) -> bytes:
    """Give the half-open range `[start, end)`, as `Header` counts it, of a deflated object; clipped to its end."""
    inflater = Inflater(data, dataset_offset, limits)
    inflater.skip(start - dataset_offset)
    return inflater.read(end - start)
