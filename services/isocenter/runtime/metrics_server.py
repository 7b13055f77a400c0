"""Shows a process's metrics: always on a unix socket in the run folder, on a TCP port of its own where one is set.

Not a route of the web server: most processes have none, and where several share one port a scrape would meet any of
them. Whoever asks over TCP has to be allowed to observe: a program on this machine, or one with the metrics token.
"""

import asyncio
import hmac
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from isocenter.errors import InvalidRequest
from isocenter.runtime.caller import NOBODY, Action, Caller, allowed, local_administrator
from isocenter.runtime.exposition import CONTENT_TYPE, render
from isocenter.runtime.metrics import METRICS
from isocenter.runtime.origin import is_cross_site, is_local
from isocenter.runtime.process_metrics import process_families
from isocenter.runtime.settings import ServiceSettings

SOCKET_SUFFIX = ".metrics"
MAX_HEAD_BYTES = 8_192
MAX_CONNECTIONS = 16
PATIENCE_S = 5.0
REASONS = {200: "OK", 401: "Unauthorized", 404: "Not Found", 405: "Method Not Allowed"}


@dataclass(frozen=True, slots=True)
class _Asked:
    method: str
    path: str
    headers: dict[str, str]


class MetricsServer:
    """Answers `GET /metrics` and nothing else, one request to a connection."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._settings = settings
        self._token = settings.metrics_token.get_secret_value()
        self._socket = settings.run_folder / f"{settings.node}{SOCKET_SUFFIX}"
        self._servers: list[asyncio.Server] = []
        self._open = 0

    async def start(self) -> None:
        """Listen; a socket left by a dead process is replaced. Raises OSError."""
        self._socket.unlink(missing_ok=True)
        unix = await asyncio.start_unix_server(self._serve, self._socket, limit=MAX_HEAD_BYTES)
        self._socket.chmod(0o600)
        self._servers.append(unix)
        if self._settings.metrics_port is not None:
            tcp = await asyncio.start_server(
                self._serve,
                self._settings.metrics_listen,
                self._settings.metrics_port,
                limit=MAX_HEAD_BYTES,
            )
            self._servers.append(tcp)

    @property
    def port(self) -> int:
        """The TCP port; raises IndexError without one."""
        return int(self._servers[1].sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Take no more."""
        for server in self._servers:
            server.close()
        self._socket.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            if self._open <= MAX_CONNECTIONS:
                async with asyncio.timeout(PATIENCE_S):
                    await self._answer(reader, writer)
        except (OSError, TimeoutError, InvalidRequest, asyncio.IncompleteReadError):
            pass  # whoever asks so gets nothing
        except asyncio.LimitOverrunError:
            pass
        finally:
            self._open -= 1
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = _parse(await reader.readuntil(b"\r\n\r\n"))
        peer = writer.get_extra_info("peername")
        caller = self._caller(asked, peer[0]) if peer else local_administrator("")
        status = _status(asked, caller)
        body = self._text().encode() if status == 200 else REASONS[status].lower().encode() + b"\n"
        kind = CONTENT_TYPE if status == 200 else "text/plain"
        more = 'WWW-Authenticate: Bearer realm="isocenter metrics"\r\n' if status == 401 else ""
        writer.write(
            f"HTTP/1.1 {status} {REASONS[status]}\r\nContent-Type: {kind}\r\n{more}"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
        )
        writer.write(body)
        await writer.drain()

    def _caller(self, asked: _Asked, peer: str) -> Caller:
        """Find out who asks over TCP; a proof that is given is always checked."""
        given = asked.headers.get("authorization", "")
        if given:
            expected = f"Bearer {self._token}"
            known = bool(self._token) and hmac.compare_digest(given.encode(), expected.encode())
            return (
                Caller("metrics", "token", peer, frozenset({Action.OBSERVE})) if known else NOBODY
            )
        local = self._settings.trust_loopback and is_local(asked.headers, peer)
        if local and not is_cross_site(asked.headers, asked.method):
            return local_administrator(peer)
        return NOBODY

    def _text(self) -> str:
        families = [*METRICS.families(), *process_families(self._settings.data_folder)]
        return render(families, node=self._settings.node)


def _status(asked: _Asked, caller: Caller) -> int:
    if not allowed(caller, Action.OBSERVE):
        return 401
    if asked.path != "/metrics":
        return 404
    return 200 if asked.method == "GET" else 405


def _parse(head: bytes) -> _Asked:
    """Read a request's head; raises InvalidRequest."""
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise InvalidRequest("not a request")
    pairs = (line.partition(":") for line in lines if line)
    headers: dict[str, str] = {}
    for name, _, value in pairs:
        key = name.lower()
        headers[key] = f"{headers[key]}, {value.strip()}" if key in headers else value.strip()
    return _Asked(words[0], words[1].partition("?")[0], headers)


def sockets(run_folder: Path) -> list[Path]:
    """Where the processes of this machine show theirs."""
    return sorted(run_folder.glob(f"*{SOCKET_SUFFIX}"))
