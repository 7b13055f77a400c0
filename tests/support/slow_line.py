"""A slow line before a server: a proxy that forwards bytes at a rate all connections share, and later.

The rate holds towards the client. A round trip takes `round_trip_s`, half of it each way, and a new connection has one
before its first byte. There is no slow start: at 250 kB/s and 40 ms the line holds 10 kB, less than a connection's
first window of ten segments (RFC 6928).
"""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

CHUNK_BYTES = 2048  # 8 ms at 250 kB/s: connections take turns
AHEAD_CHUNKS = 64
LATE_S = 0.02  # who takes a turn so little after the last one was kept from it by this machine: the line was busy
RECEIVE_BYTES = 16 << 10  # what waits before the line waits in the server


@dataclass(slots=True)
class _Line:
    """What all connections share: when the line has sent what it was given."""

    bytes_per_s: float
    free_at: float = 0.0

    async def send(self, size: int) -> float:
        """Take its turn; returns when the last byte left."""
        now = time.monotonic()
        began = self.free_at if now - self.free_at < LATE_S else now
        left = began + size / self.bytes_per_s
        self.free_at = left
        await asyncio.sleep(max(0.0, left - time.monotonic()))
        return left


class _Proxy:
    def __init__(self, port: int, bytes_per_s: float, round_trip_s: float) -> None:
        self._port = port
        self._line = _Line(bytes_per_s)
        self._way_s = round_trip_s / 2

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        began = time.monotonic()
        sock = socket.socket()
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", self._port))
        up_reader, up_writer = await asyncio.open_connection(sock=sock)
        opened = began + 2 * self._way_s  # the handshake
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._forward(reader, up_writer, opened, None))
                group.create_task(self._forward(up_reader, writer, opened, self._line))
        except* OSError:  # one of both has gone
            pass
        finally:
            for one in (writer, up_writer):
                one.close()

    async def _forward(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        not_before: float,
        line: _Line | None,
    ) -> None:
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(AHEAD_CHUNKS)

        async def deliver() -> None:
            while True:
                due, chunk = await under_way.get()
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                if not chunk:
                    break
                writer.write(chunk)
                await writer.drain()
            with contextlib.suppress(OSError):
                writer.write_eof()

        async with asyncio.TaskGroup() as group:
            group.create_task(deliver())
            while True:
                chunk = await reader.read(CHUNK_BYTES)
                left = time.monotonic() if line is None else await line.send(len(chunk))
                await under_way.put((max(left, not_before) + self._way_s, chunk))
                if not chunk:
                    return


@contextlib.contextmanager
def slow_line(port: int, *, bytes_per_s: float, round_trip_s: float) -> Iterator[str]:
    """Lend the address of a line to what listens on this port of this machine."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> asyncio.Server:
        proxy = _Proxy(port, bytes_per_s, round_trip_s)
        return await asyncio.start_server(proxy.serve, "127.0.0.1", 0, limit=RECEIVE_BYTES)

    server = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
