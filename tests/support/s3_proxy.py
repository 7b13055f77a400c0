"""A reverse proxy in front of a real S3 store that does as it is told: lies, fails, dawdles, hangs up."""

import contextlib
import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

Headers = list[tuple[str, str]]


@dataclass(frozen=True)
class Asked:
    method: str
    target: str
    headers: Headers
    body: bytes

    @property
    def key(self) -> str:
        """Empty when the bucket is asked."""
        return urlsplit(self.target).path.lstrip("/").partition("/")[2]

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)

    @property
    def is_object(self) -> bool:
        """An object as such, no part of an upload and no list."""
        return bool(self.key) and not self.query

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


@dataclass(frozen=True)
class Told:
    status: int
    headers: Headers
    body: bytes = b""
    cut_after: int | None = None  # bytes of the body; then the line goes dead

    def replaced(self, body: bytes) -> "Told":
        kept = [(name, value) for name, value in self.headers if name.lower() != "content-length"]
        return Told(self.status, [*kept, ("Content-Length", str(len(body)))], body)

    def length(self, size: int) -> "Told":
        """The same with another length in its header, as HEAD has it."""
        return Told(self.status, self.replaced(bytes(size)).headers)


OK = Told(200, [("Content-Length", "0"), ("ETag", '"0123456789abcdef0123456789abcdef"')])
Forward = Callable[[Asked], Told]
Rule = Callable[[Asked, Forward], Told | None]  # None: hang up without an answer


def honest(asked: Asked, forward: Forward) -> Told | None:
    return forward(asked)


def failing(status: int, code: str) -> Told:
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>no</Message></Error>".encode()
    return Told(status, [("Content-Type", "application/xml")]).replaced(body)


class Proxy:
    """`rule` may be replaced at any time; `asked` remembers."""

    def __init__(self, upstream: Callable[[], str]) -> None:
        self._upstream = upstream
        self.rule: Rule = honest
        self.asked: list[Asked] = []
        self.server = _Server(self)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"

    def forward(self, asked: Asked) -> Told:
        connection = http.client.HTTPConnection(urlsplit(self._upstream()).netloc, timeout=30)
        try:
            connection.putrequest(
                asked.method, asked.target, skip_host=True, skip_accept_encoding=True
            )
            for name, value in asked.headers:
                connection.putheader(name, value)
            connection.endheaders(asked.body or None)
            answer = connection.getresponse()
            hop = {"connection", "transfer-encoding"}
            headers = [(n, v) for n, v in answer.getheaders() if n.lower() not in hop]
            body = answer.read()
            told = Told(answer.status, headers, body)
            return told if asked.method == "HEAD" else told.replaced(body)
        finally:
            connection.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, proxy: Proxy) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.proxy = proxy


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):  # the client gave up
            super().handle()

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = Asked(self.command, self.path, list(self.headers.items()), body)
        proxy = self.server.proxy
        proxy.asked.append(asked)
        self._answer(proxy.rule(asked, proxy.forward))

    def _answer(self, told: Told | None) -> None:
        if told is None:
            self.close_connection = True
            return
        self.send_response_only(told.status)
        for name, value in told.headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(told.body[: told.cut_after])
        if told.cut_after is not None:
            self.close_connection = True


@contextmanager
def proxied(upstream: str | Callable[[], str]) -> Iterator[Proxy]:
    proxy = Proxy(upstream if callable(upstream) else lambda: upstream)
    thread = threading.Thread(target=proxy.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.server.shutdown()
        proxy.server.server_close()
