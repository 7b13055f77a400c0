"""A process's own metrics over its socket and its port, and all processes' through one web server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from isocenter.runtime import metrics_route, metrics_server
from isocenter.runtime.metrics_route import gather
from isocenter.runtime.metrics_server import MetricsServer
from isocenter.runtime.settings import ServiceSettings

TOKEN = "0123456789abcdef"


def settings(tmp_path: Path, node: str = "indexer", **given: object) -> ServiceSettings:
    return ServiceSettings(
        data_folder=tmp_path,
        run_folder=tmp_path,
        node=node,
        **given,  # type: ignore[arg-type]  # checked by pydantic
    )


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[MetricsServer]:
    made = MetricsServer(settings(tmp_path, metrics_port=0, metrics_token=TOKEN))
    await made.start()
    yield made
    await made.stop()


async def ask(server: MetricsServer, path: str = "/metrics", **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.get(f"http://127.0.0.1:{server.port}{path}", headers=headers)


async def test_a_program_on_this_machine_is_shown_the_metrics(server: MetricsServer) -> None:
    answer = await ask(server)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 'isocenter_sign_in_failures_total{node="indexer"}' in answer.text
    assert 'process_resident_memory_bytes{node="indexer"}' in answer.text
    assert 'isocenter_disk_free_bytes{node="indexer"}' in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer wrong"},
        {"authorization": f"Basic {TOKEN}"},
        {"authorization": "Bearer"},
        {"host": "rebound.example:9464"},
        {"x-forwarded-for": "198.51.100.4"},
        {"origin": "http://evil.example"},
        {"sec-fetch-site": "cross-site"},
    ],
)
async def test_who_may_not_observe_is_shown_nothing(
    server: MetricsServer, headers: dict[str, str]
) -> None:
    answer = await ask(server, **headers)
    assert (answer.status_code, answer.text) == (401, "unauthorized\n")


async def test_a_proxy_on_this_machine_is_no_proof_where_loopback_is_not_trusted(
    tmp_path: Path,
) -> None:
    strict = MetricsServer(settings(tmp_path, metrics_port=0, trust_loopback=False))
    await strict.start()
    assert (await ask(strict)).status_code == 401
    assert (await ask(strict, authorization="Bearer")).status_code == 401
    await strict.stop()


async def test_the_token_opens_it_from_anywhere(server: MetricsServer) -> None:
    proof = {"authorization": f"Bearer {TOKEN}", "host": "10.0.0.7:9464"}
    assert (await ask(server, **proof)).status_code == 200


async def test_nothing_else_is_there(server: MetricsServer) -> None:
    assert (await ask(server, "/")).status_code == 404
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(f"http://127.0.0.1:{server.port}/metrics", content=b"x")
    assert answer.status_code == 405


@pytest.mark.parametrize(
    "sent", [b"x" * 100_000, b"\r\n\r\n", b"GET /metrics\r\n\r\n", b"GET / HTTP/1.1\r\n"]
)
async def test_what_is_no_request_is_hung_up_on(
    server: MetricsServer, sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics_server, "PATIENCE_S", 0.2)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(sent)
    with suppress(ConnectionResetError):  # it hung up while we were still sending
        assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()
    assert (await ask(server)).status_code == 200


async def test_idle_connections_take_no_more_than_their_places(
    server: MetricsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics_server, "MAX_CONNECTIONS", 2)
    idle = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(4)]
    for reader, _ in idle[2:]:
        assert await asyncio.wait_for(reader.read(), 5) == b""
    for _, writer in idle:
        writer.close()


async def test_one_answer_has_the_metrics_of_all_processes_of_the_machine(
    server: MetricsServer, tmp_path: Path
) -> None:
    other = MetricsServer(settings(tmp_path, "http-1"))
    await other.start()
    text = await gather(tmp_path)
    await other.stop()
    for node in ("http-1", "indexer"):
        assert f'isocenter_process_up{{node="{node}"}} 1' in text
        assert f'isocenter_sign_in_failures_total{{node="{node}"}}' in text
    assert text.count("# TYPE isocenter_sign_in_failures_total ") == 1
    assert "http-1" not in await gather(tmp_path)  # it ended orderly


async def test_a_process_that_hangs_or_died_shows_as_down(
    server: MetricsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics_route, "PATIENCE_S", 0.1)
    hung = asyncio.Event()

    async def hang(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        await hung.wait()

    silent = await asyncio.start_unix_server(hang, tmp_path / "hung.metrics")
    dead = await asyncio.start_unix_server(lambda reader, writer: None, tmp_path / "dead.metrics")
    dead.close()
    text = await gather(tmp_path)
    hung.set()
    silent.close()
    assert 'isocenter_process_up{node="indexer"} 1' in text
    assert 'isocenter_process_up{node="hung"} 0' in text
    assert 'isocenter_process_up{node="dead"} 0' in text


async def test_the_socket_is_its_owners_only_and_replaces_one_left_behind(
    server: MetricsServer, tmp_path: Path
) -> None:
    path = tmp_path / "indexer.metrics"
    assert path.stat().st_mode & 0o777 == 0o600
    again = MetricsServer(settings(tmp_path))
    await again.start()
    assert "isocenter_process_up" in await gather(tmp_path)
    await again.stop()
    assert not path.exists()
