"""An HTTP server in a process's event loop: uvicorn with httptools, N processes on one port, everything bounded."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from isocenter.runtime.web_app import WebApp

MAX_HEAD_BYTES = 65_536
MAX_HEADERS = 100
HEAD_TIMEOUT_S = 10.0  # from the first byte of a request to the end of its headers
BODY_TIMEOUT_S = 60.0  # without a byte, while we are willing to read
KEEP_ALIVE_S = 75
SWEEP_S = 2.0
BACKLOG = 1024


def open_socket(host: str, port: int) -> socket.socket:
    """Bind a listening socket other workers may bind too (SO_REUSEPORT); raises OSError."""
    family, kind, proto, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    made = socket.socket(family, kind, proto)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if host == "::" else 1)
        made.bind(address)
        made.listen(BACKLOG)
        made.setblocking(False)
    except OSError:
        made.close()
        raise
    return made


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol with the bounds it lacks: size of a head, number of headers, and patience with a slow peer."""

    _head_bytes = 0
    _in_head = True
    _last_data_s = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock of the first head."""
        super().connection_made(transport)
        self._last_data_s = self.loop.time()

    def data_received(self, data: bytes) -> None:
        """Feed the parser; give up on a head that does not end."""
        was_in_head = self._in_head
        if not was_in_head:
            self._last_data_s = self.loop.time()
        super().data_received(data)
        if was_in_head and self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refuse()

    def on_message_begin(self) -> None:
        """Count anew for each request of the connection."""
        super().on_message_begin()
        self._in_head = True
        self._head_bytes = 0
        self._last_data_s = self.loop.time()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header while there are not too many."""
        if len(self.headers) >= MAX_HEADERS or len(name) + len(value) > MAX_HEAD_BYTES:
            raise httptools.HttpParserError("too many headers")  # answered with 400
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._in_head = False
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """Between two requests only the keep-alive time runs."""
        super().on_response_complete()
        self._head_bytes = 0

    def sweep(self, now_s: float) -> None:
        """Close when the peer lets us wait too long."""
        if self.transport.is_closing():
            return
        idle_s = now_s - self._last_data_s
        if self._in_head:
            late = idle_s > HEAD_TIMEOUT_S
        else:
            waiting = self.cycle is not None and self.cycle.more_body and not self.flow.read_paused
            late = waiting and not self.cycle.response_complete and idle_s > BODY_TIMEOUT_S
        if late:
            self.transport.close()

    def _refuse(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(
                b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
                b"content-length: 0\r\nconnection: close\r\n\r\n"
            )
            self.transport.close()


class _Embedded(uvicorn.Server):
    """A server that leaves signals to `runtime.lifecycle`."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take none."""
        yield


class WebServer:
    """Serves an application on a socket until told to stop."""

    def __init__(
        self, app: WebApp, sock: socket.socket, *, max_connections: int = 1000, grace_s: float = 10
    ) -> None:
        self.app = app
        self.host, self.port = sock.getsockname()[:2]
        self._sock = sock
        config = uvicorn.Config(
            _as_asgi(app),
            loop="none",
            http=BoundedProtocol,
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=max_connections,
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=max(1, int(grace_s)),
        )
        self._server = _Embedded(config)

    async def serve(self) -> None:
        """Serve until `stop`; requests under way are finished within the grace time, then cut."""
        async with asyncio.TaskGroup() as group:
            sweeper = group.create_task(self._sweep(), name="http sweep")
            await self._server.serve(sockets=[self._sock])
            sweeper.cancel()

    def stop(self) -> None:
        """Accept nothing more and let `serve` return."""
        self._server.should_exit = True

    @property
    def started(self) -> bool:
        """The port answers."""
        return self._server.started

    async def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(SWEEP_S)
            for connection in list(self._server.server_state.connections):
                if isinstance(connection, BoundedProtocol):
                    connection.sweep(loop.time())


def _as_asgi(app: WebApp) -> Any:
    """uvicorn's own ASGI types are narrower than ours."""
    return app
