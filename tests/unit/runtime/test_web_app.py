from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from tests.support.web import serving

from isocenter.adapters.journal.files import FileJournal
from isocenter.api.journal.v1.entries_pb2 import Audit
from isocenter.errors import NotFound
from isocenter.runtime.audit import Auditor
from isocenter.runtime.caller import NOBODY, Action, Caller
from isocenter.runtime.clock import HybridClock
from isocenter.runtime.exposition import render
from isocenter.runtime.metrics import METRICS
from isocenter.runtime.web import Request, Route

READER = Caller("ada", "token", "192.0.2.7", frozenset({Action.QUERY, Action.VERIFY}))


async def echo(request: Request) -> None:
    body = await request.body(1_000)
    text = f"{request.method} {request.params} {request.query} {request.caller.name} {body!r}"
    await request.respond(200, text.encode(), [("Content-Type", "text/plain"), ("X-Own", "yes")])


async def broken(request: Request) -> None:
    raise ValueError("DOE^JANE was in this message")


async def missing(request: Request) -> None:
    raise NotFound("no such study")


async def breaks_off(request: Request) -> None:
    await request.start(200, [("Content-Length", "1000")])
    await request.write(b"x" * 100)
    raise ValueError


async def streams(request: Request) -> None:
    await request.start(200, [("Content-Type", "text/plain")])
    for part in (b"head,", memoryview(b"bytes,"), b"tail"):
        await request.write(part)
    await request.write(b"", more=False)


ROUTES = [
    Route("GET", "/studies", Action.QUERY, echo),
    Route("POST", "/studies/{study}", Action.STORE, echo),
    Route("GET", "/studies/{study}", Action.RETRIEVE, echo),
    Route("GET", "/broken", Action.VERIFY, broken),
    Route("GET", "/missing", Action.VERIFY, missing),
    Route("GET", "/breaks-off", Action.VERIFY, breaks_off),
    Route("GET", "/streams", Action.VERIFY, streams),
]


@pytest_asyncio.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with (
        serving(ROUTES) as server,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}") as client,
    ):
        yield client


async def test_a_handler_gets_parameters_query_caller_and_body(client: httpx.AsyncClient) -> None:
    answer = await client.post("/studies/1.2?a=1&a=&b=%C3%A4", content=b"body")
    assert answer.status_code == 200
    assert answer.text == (
        "POST {'study': '1.2'} [('a', '1'), ('a', ''), ('b', 'ä')] local b'body'"
    )
    assert answer.headers["x-own"] == "yes"


async def test_head_answers_as_get_without_a_body(client: httpx.AsyncClient) -> None:
    got, head = await client.get("/studies"), await client.head("/studies")
    assert head.status_code == 200
    assert head.content == b""
    assert int(head.headers["content-length"]) == len(got.content) + 1  # HEAD is one letter longer


async def test_a_wrong_method_is_405_with_those_allowed_and_a_wrong_path_404(
    client: httpx.AsyncClient,
) -> None:
    wrong = await client.put("/studies/1.2")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, HEAD, POST")
    preflight = await client.options("/studies", headers={"Origin": "http://evil.example"})
    assert preflight.status_code == 405
    assert not [name for name in preflight.headers if name.startswith("access-control")]
    assert (await client.get("/nothing")).status_code == 404


async def test_an_error_is_told_by_the_table(client: httpx.AsyncClient) -> None:
    answer = await client.get("/missing")
    assert (answer.status_code, answer.json()["reason"]) == (404, "NOT_FOUND")


async def test_an_unforeseen_error_tells_nothing(client: httpx.AsyncClient) -> None:
    answer = await client.get("/broken")
    assert (answer.status_code, answer.json()["reason"]) == (500, "INTERNAL")
    assert "DOE" not in answer.text


async def test_an_answer_that_breaks_off_is_not_taken_for_whole(client: httpx.AsyncClient) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        await client.get("/breaks-off")


async def test_pieces_and_memoryviews_are_streamed(client: httpx.AsyncClient) -> None:
    assert (await client.get("/streams")).text == "head,bytes,tail"


async def test_a_body_beyond_the_routes_limit_is_413(client: httpx.AsyncClient) -> None:
    assert (await client.post("/studies/1", content=b"x" * 1_001)).status_code == 413


@pytest.mark.parametrize(
    "query", ["a=%ff", "&".join("a=1" for _ in range(600)), "a=" + "b" * 20_000]
)
async def test_a_query_that_cannot_be_read_is_400(client: httpx.AsyncClient, query: str) -> None:
    assert (await client.get(f"/studies?{query}")).status_code == 400


async def test_outcomes_are_counted(client: httpx.AsyncClient) -> None:
    def counted() -> float:
        return METRICS.value("isocenter_http_requests_total", action="verify", status="404")

    before = counted()
    await client.get("/missing")
    assert counted() == before + 1
    text = render(METRICS.families())
    assert 'isocenter_http_request_seconds_count{action="verify"}' in text


async def test_denials_and_decisions_about_patients_are_in_the_journal(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path, HybridClock())
    writer = journal.writer("web-0")
    auditor = Auditor(writer, HybridClock())

    async def who(headers: dict[str, str], method: str, peer: str) -> Caller:
        return READER if "authorization" in headers else NOBODY

    async with (
        serving(ROUTES, authenticate=who, auditor=auditor) as server,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}") as client,
    ):
        nobody = await client.get("/studies")
        assert nobody.status_code == 401
        assert nobody.headers["www-authenticate"].startswith("Basic")
        proof = {"authorization": "Bearer x"}
        assert (await client.get("/studies?PatientID=7", headers=proof)).status_code == 200
        for _ in range(3):
            assert (await client.get("/studies/1.2", headers=proof)).status_code == 403
        assert (await client.get("/missing", headers=proof)).status_code == 404
    auditor.close(5)
    entries = [
        Audit.FromString(record.entry.payload)
        for stream in journal.ends()
        for record in journal.read(stream)
    ]
    assert [
        (entry.caller, entry.action, entry.study_instance_uid, entry.outcome) for entry in entries
    ] == [
        ("", "query", "", "denied"),
        ("ada", "query", "", "allowed"),
        ("ada", "retrieve", "1.2", "denied"),  # once a minute
    ]
    assert entries[1].detail == "/studies?PatientID=7"
