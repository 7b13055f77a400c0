"""Nobody gets anywhere: every route of the composed HTTP worker, asked by somebody without proof."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from isocenter.embedded.http_worker import HttpSettings, compose
from isocenter.runtime import users
from isocenter.runtime.caller import NOBODY, Action, allowed
from isocenter.runtime.lifecycle import Process
from isocenter.runtime.users import Role, users_path
from isocenter.runtime.web import Route

PROVIDER = {  # that nobody can reach: what it vouches for is tested with real ones
    "ISSUER": "https://127.0.0.1:1",
    "AUDIENCE": "archive",
    "CLIENT_ID": "page",
    "CLIENT_SECRET": "a-secret-of-the-tests",
    "PUBLIC_URL": "https://archive.example",
}
READERS_MAY = users.RIGHTS[Role.READER]


@dataclass
class Worker:
    """The real composition in this process, without its tasks; tokens of one user for each role."""

    process: Process
    client: httpx.AsyncClient
    tokens: dict[Role, str]

    @property
    def routes(self) -> tuple[Route, ...]:
        return tuple(self.process.service.routes)

    async def ask(self, route: Route, **headers: str) -> int:
        path = route.path
        for name in ("study", "series", "instance", "sop"):
            path = path.replace(f"{{{name}}}", "1.2.3")
        path = path.replace("{path:path}", "x").replace("{", "").replace("}", "")
        answer = await self.client.request(route.method, path, headers=headers)
        return answer.status_code


WITH_PROVIDER = "an identity provider too"
both = pytest.mark.parametrize("worker", ["users of its own", WITH_PROVIDER], indirect=True)


@pytest.fixture
async def worker(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Worker]:
    if getattr(request, "param", "") == WITH_PROVIDER:
        for name, value in PROVIDER.items():
            monkeypatch.setenv(f"ISOCENTER_OIDC_{name}", value)
    monkeypatch.setenv("ISOCENTER_DATA_FOLDER", str(tmp_path))
    for folder in ("archive", "index", "config", "run"):
        (tmp_path / folder).mkdir(mode=0o700)
    tokens = {
        role: users.add_user(users_path(tmp_path / "config"), role.value, (role,), token=True)
        for role in Role
    }
    async with AsyncExitStack() as stack:
        process = await compose(HttpSettings(http_port=0), stack)
        assert process.web is not None
        # 192.0.2.7 is another machine (RFC 5737): loopback has the local administrator
        transport = httpx.ASGITransport(app=process.web.app, client=("192.0.2.7", 40000))
        client = await stack.enter_async_context(
            httpx.AsyncClient(transport=transport, base_url="http://archive.example")
        )
        yield Worker(process, client, tokens)


@both
async def test_nobody_gets_nothing_on_any_route(worker: Worker) -> None:
    assert len(worker.routes) > 40
    answers = {f"{r.method} {r.path}": await worker.ask(r) for r in worker.routes}
    assert {name: code for name, code in answers.items() if code != 401} == {}


@both
async def test_wrong_proof_gets_nothing_on_any_route(worker: Worker) -> None:
    # few enough that attempts are not yet slowed down
    for route in worker.routes[::12]:
        assert await worker.ask(route, authorization="Bearer isoc_wrong") == 401
        assert await worker.ask(route, cookie="__Host-isocenter-session=AAAA") == 401


@pytest.mark.parametrize("role", [Role.READER, Role.SENDER, Role.RELEASER, Role.RE_IDENTIFIER])
async def test_role_is_denied_what_it_may_not_on_every_route(worker: Worker, role: Role) -> None:
    proof = {"authorization": f"Bearer {worker.tokens[role]}"}
    denied = [route for route in worker.routes if route.action not in users.RIGHTS[role]]
    assert len(denied) > 5
    for route in denied:
        assert await worker.ask(route, **proof) == 403, route.path


async def test_every_change_needs_a_right_that_readers_lack(worker: Worker) -> None:
    for route in worker.routes:
        if route.method not in ("GET", "HEAD", "OPTIONS"):
            assert route.action not in READERS_MAY, route.path


async def test_only_the_program_itself_needs_no_more_than_to_be_known(worker: Worker) -> None:
    for route in worker.routes:
        if route.action is Action.VERIFY:
            pages = ("/", "/header", "/api/about", "/dicom-web")
            is_page = route.path.endswith((".css", ".js")) or route.path in pages
            assert is_page or route.path.startswith(("/viewer", "/quick")), route.path
            assert route.method in ("GET", "OPTIONS")


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "rebound.example:8080"},
        {"host": "127.0.0.1:8080", "origin": "http://evil.example"},
        {"host": "127.0.0.1:8080", "sec-fetch-site": "cross-site"},
        {"host": "127.0.0.1:8080", "sec-fetch-site": "same-site"},
        {"host": "127.0.0.1:8080", "x-forwarded-for": "198.51.100.4"},
        {"host": "127.0.0.1:8080", "forwarded": "for=198.51.100.4"},
        {"host": "localhost.evil.example"},
        {"host": ""},
    ],
    ids=lambda headers: " ".join(f"{name}={value}" for name, value in headers.items()),
)
async def test_loopback_is_no_proof_for_pages_of_others(
    worker: Worker, headers: dict[str, str]
) -> None:
    assert worker.process.web is not None
    transport = httpx.ASGITransport(app=worker.process.web.app, client=("127.0.0.1", 40000))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
        local = Worker(worker.process, client, {})
        for route in worker.routes:
            assert await local.ask(route, **headers) == 401, route.path
        mine = await client.get("/")
        assert mine.status_code == 200


async def test_what_is_open_to_everybody_is_the_sign_in_and_nothing_else(worker: Worker) -> None:
    assert {action for action in Action if allowed(NOBODY, action)} == {Action.SIGN_IN}
    assert all(route.action is not Action.SIGN_IN for route in worker.routes)
