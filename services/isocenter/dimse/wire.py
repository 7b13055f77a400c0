"""One connection as the upper layer reads and writes it: a fixed buffer, bounded waits, no copies on the way in."""

import contextlib
import select
import socket
import ssl
import struct
from collections.abc import Callable, Iterator
from time import monotonic

from isocenter.dimse.faults import Draining, PeerClosed, PeerIdle
from isocenter.dimse.limits import KIB, Patience
from isocenter.dimse.watch import Watch

TICK_S = 0.5  # how often a waiting thread looks up: whether to drain, whether a timer ran out
CHUNK_BYTES = 256 * KIB  # longest piece handed on; shorter when the PDV ends
_FIRST_BUFFER_BYTES = 8 * KIB  # until an association is accepted
_BUFFER_BYTES = CHUNK_BYTES + 4 * KIB  # some room to read the next headers along
_QUICKACK = getattr(socket, "TCP_QUICKACK", None)


def _wait_at_most(connection: socket.socket, wait_s: float) -> None:
    """Let each read and write wait that long. The kernel's own timeout saves a `poll` for every read; TLS has none."""
    if isinstance(connection, ssl.SSLSocket):
        connection.settimeout(wait_s)
        return
    connection.settimeout(None)
    seconds = int(wait_s)
    timeval = struct.pack("@ll", seconds, int((wait_s - seconds) * 1_000_000))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeval)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeval)


class Wire:
    """Blocking reads and writes for one thread. Views that it gives are good until the next call."""

    __slots__ = (
        "_broken",
        "_buffer",
        "_connection",
        "_draining",
        "_end",
        "_patience",
        "_start",
        "_watch",
        "between_messages",
        "received_bytes",
    )

    def __init__(
        self,
        connection: socket.socket,
        patience: Patience,
        draining: Callable[[], bool] = lambda: False,
    ) -> None:
        self._connection = connection
        self._patience = patience
        self._draining = draining
        self._watch = Watch(patience)
        self._buffer = memoryview(bytearray(_FIRST_BUFFER_BYTES))
        self._start = self._end = 0
        self._broken = False
        self.between_messages = True
        self.received_bytes = 0
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _wait_at_most(connection, min(TICK_S, patience.artim_s / 4, patience.idle_s / 4))

    def enlarge(self) -> None:
        """Take the full buffer, once the peer is worth it."""
        buffer = memoryview(bytearray(_BUFFER_BYTES))
        buffered = self._end - self._start
        buffer[:buffered] = self._buffer[self._start : self._end]
        self._buffer, self._start, self._end = buffer, 0, buffered

    def start_artim(self) -> None:
        """Let the reads that follow end with ArtimExpired when its time is over."""
        self._watch.start_artim()

    def stop_artim(self) -> None:
        """Let the reads that follow take their time."""
        self._watch.stop_artim()

    def has_input(self) -> bool:
        """Whether something can be read without waiting; also the end of the connection."""
        if self._end > self._start:
            return True
        if isinstance(self._connection, ssl.SSLSocket) and self._connection.pending():
            return True
        poll = select.poll()
        poll.register(self._connection, select.POLLIN)
        return bool(poll.poll(0))

    def take(self, count: int) -> memoryview:
        """Wait for `count` bytes, which are few: a header.

        Raises:
            PeerClosed, ArtimExpired, PeerIdle, PeerTooSlow: they did not come.
            Draining: there is nothing to wait for any more.
        """
        while self._end - self._start < count:
            self._receive(count)
        view = self._buffer[self._start : self._start + count]
        self._start += count
        return view

    def pieces(self, count: int) -> Iterator[memoryview]:
        """Give the next `count` bytes in pieces as large as the buffer allows; raises as `take` does."""
        longest = min(CHUNK_BYTES, len(self._buffer))
        while count:
            piece = self.take(min(count, longest))
            count -= len(piece)
            yield piece

    def collect(self, count: int) -> memoryview:
        """Copy the next `count` bytes; memory is taken as they come. Raises as `take` does."""
        collected = bytearray()
        for piece in self.pieces(count):
            collected += piece
        return memoryview(collected).toreadonly()

    def discard_until_closed(self) -> None:
        """Throw away whatever comes; always ends with PeerClosed or ArtimExpired."""
        while True:
            self._start = self._end = 0
            self._receive(1)

    def send(self, data: bytes) -> None:
        """Send all of it.

        Raises:
            PeerClosed: the connection is gone, or an earlier PDU is stuck in it half.
            PeerIdle: the peer does not read.
        """
        if self._broken:
            raise PeerClosed
        rest = memoryview(data)
        patience_s = self._patience.send_s
        while rest:
            started = monotonic()
            try:
                rest = rest[self._connection.send(rest) :]
            except (TimeoutError, BlockingIOError):
                patience_s -= monotonic() - started
                if patience_s <= 0:
                    self._broken = True
                    raise PeerIdle("the peer does not read") from None
            except OSError:
                raise PeerClosed from None

    def close(self) -> None:
        """Close the connection; harmless when it is closed already."""
        with contextlib.suppress(OSError):
            self._connection.close()

    def _receive(self, count: int) -> None:
        """Read once whatever is there, leaving room for `count` bytes in one piece."""
        if self._start == self._end:
            self._start = self._end = 0
        elif self._start + count > len(self._buffer):
            buffered = self._end - self._start
            self._buffer[:buffered] = self._buffer[self._start : self._end]
            self._start, self._end = 0, buffered
        if _QUICKACK is not None:
            # One-shot: without it a sender that leaves Nagle on waits 40 ms for a delayed ACK, per message.
            with contextlib.suppress(OSError):
                self._connection.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
        started = monotonic()
        received = self._receive_once()
        between = self.between_messages and self._start == self._end
        self._watch.waited(monotonic() - started, received, between_messages=between)
        if between and self._draining():
            raise Draining
        self._end += received
        self.received_bytes += received

    def _receive_once(self) -> int:
        try:
            received = self._connection.recv_into(self._buffer[self._end :])
        except (TimeoutError, BlockingIOError):
            return 0
        except OSError:
            raise PeerClosed from None
        if received == 0:
            raise PeerClosed
        return received
