"""The bounds of the server, by a peer that does what no client library would."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.support.web import serving

from isocenter.runtime import web_server
from isocenter.runtime.caller import Action
from isocenter.runtime.web import Request, Route
from isocenter.runtime.web_server import WebServer, open_socket


async def hello(request: Request) -> None:
    await request.body(1 << 20)
    await request.respond(200, b"hello")


ROUTES = [
    Route("GET", "/hello", Action.VERIFY, hello),
    Route("POST", "/hello", Action.VERIFY, hello),
]


@pytest_asyncio.fixture
async def server() -> AsyncIterator[WebServer]:
    async with serving(ROUTES) as server:
        yield server


async def talk(server: WebServer, *parts: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    async with asyncio.timeout(10):
        try:
            for part in parts:
                writer.write(part)
                await writer.drain()
            return await reader.read()
        except ConnectionResetError:
            return b"reset"
        finally:
            writer.close()


async def test_a_head_that_does_not_end_is_refused(server: WebServer) -> None:
    answer = await talk(
        server, b"GET /hello HTTP/1.1\r\n", *[b"X-A: " + b"a" * 4000 + b"\r\n"] * 64
    )
    assert answer.startswith((b"HTTP/1.1 431", b"reset"))


async def test_one_endless_header_is_refused(server: WebServer) -> None:
    answer = await talk(server, b"GET /hello HTTP/1.1\r\nX-A: ", *[b"a" * 16_000] * 64)
    assert answer.startswith((b"HTTP/1.1 431", b"reset"))


async def test_too_many_headers_are_refused(server: WebServer) -> None:
    head = b"GET /hello HTTP/1.1\r\nHost: x\r\n" + b"a: b\r\n" * 200 + b"\r\n"
    assert (await talk(server, head)).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize(
    "garbage", [b"\x00\x01\x02\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"]
)
async def test_what_is_not_http_is_refused(server: WebServer, garbage: bytes) -> None:
    assert (await talk(server, garbage)).startswith(b"HTTP/1.1 400")


async def test_a_slow_head_and_a_stalled_body_are_cut(
    server: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_server, "HEAD_TIMEOUT_S", 0.1)
    monkeypatch.setattr(web_server, "BODY_TIMEOUT_S", 0.1)
    assert await talk(server, b"GET /hel") == b""
    assert (
        await talk(server, b"POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhel")
        == b""
    )
    whole = b"GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert (await talk(server, whole)).endswith(b"hello")


async def test_two_servers_share_a_port() -> None:
    async with serving(ROUTES) as server:
        second = open_socket("127.0.0.1", server.port)
        second.close()


async def test_a_request_under_way_is_finished_before_the_end() -> None:
    entered, leave = asyncio.Event(), asyncio.Event()

    async def slow(request: Request) -> None:
        entered.set()
        await leave.wait()
        await request.respond(200, b"finished")

    async with serving([Route("GET", "/slow", Action.VERIFY, slow)]) as server:
        request = b"GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        answer = asyncio.ensure_future(talk(server, request))
        await entered.wait()
        server.stop()
        assert not answer.done()
        leave.set()
    assert (await answer).endswith(b"finished")
