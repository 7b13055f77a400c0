"""A web application on a real server and a free port of loopback."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from tests.support.wait import until

from isocenter.errors import (
    Busy,
    Denied,
    InvalidRequest,
    IsocenterError,
    LimitExceeded,
    NotFound,
    Unauthenticated,
)
from isocenter.runtime.audit import Auditor
from isocenter.runtime.caller import Caller, local_administrator
from isocenter.runtime.web import Route
from isocenter.runtime.web_app import Authenticate, WebApp
from isocenter.runtime.web_server import WebServer, open_socket

STATUSES: dict[type[IsocenterError], int] = {
    NotFound: 404,
    InvalidRequest: 400,
    LimitExceeded: 413,
    Unauthenticated: 401,
    Denied: 403,
    Busy: 503,
}


def problem(error: IsocenterError) -> tuple[int, list[tuple[str, str]], bytes]:
    body = json.dumps({"reason": error.reason, "detail": error.message}).encode()
    return STATUSES.get(type(error), 500), [("Content-Type", "application/problem+json")], body


async def administrator(headers: dict[str, str], method: str, peer: str) -> Caller:
    del headers, method
    return local_administrator(peer)


@asynccontextmanager
async def serving(
    routes: Iterable[Route],
    *,
    authenticate: Authenticate = administrator,
    auditor: Auditor | None = None,
) -> AsyncIterator[WebServer]:
    app = WebApp(routes, authenticate=authenticate, problem=problem, auditor=auditor)
    server = WebServer(app, open_socket("127.0.0.1", 0), grace_s=2)
    task = asyncio.ensure_future(server.serve())
    await until(lambda: server.started or task.done())
    try:
        yield server
    finally:
        server.stop()
        await task
