"""The raw ASGI application made of routes: find the route, find out who asks, decide, record, answer."""

import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any
from urllib.parse import parse_qsl

from isocenter.errors import Denied, InvalidRequest, IsocenterError, Unauthenticated
from isocenter.runtime.audit import Auditor
from isocenter.runtime.caller import Action, Caller, allowed
from isocenter.runtime.log import logger
from isocenter.runtime.metrics import METRICS
from isocenter.runtime.tracing import span
from isocenter.runtime.web import Receive, Request, Route, Scope, Send
from isocenter.runtime.web_router import Matched, Missed, Router

Problem = Callable[[IsocenterError], tuple[int, list[tuple[str, str]], bytes]]
"""Status, headers and body of an error; the only table of the HTTP edge."""
Authenticate = Callable[[dict[str, str], str, str], Awaitable[Caller]]
"""(headers, method, peer address) -> who asks; `NOBODY` without proof, raises Unauthenticated for a wrong one."""
SignIn = Callable[[dict[str, str], str, str], str]
"""(headers, method, path and query) -> where somebody without proof is sent to sign in; empty: 401."""

MAX_QUERY_FIELDS = 512
MAX_QUERY_BYTES = 16_384
UNRECORDED = frozenset(
    {Action.VERIFY, Action.OBSERVE, Action.SIGN_IN}
)  # when allowed: nothing about a patient
STUDY_PARAMETERS = ("study", "study_instance_uid")

log = logger(__name__)


class _AnswerBroken(Exception):
    """Something failed after the status was sent: raised for the server to cut the connection."""


class WebApp:
    """ASGI application. A route's study is its parameter `study` or `study_instance_uid`."""

    def __init__(
        self,
        routes: Iterable[Route],
        *,
        authenticate: Authenticate,
        problem: Problem,
        auditor: Auditor | None = None,
        sign_in: SignIn | None = None,
    ) -> None:
        self._router = Router(routes)
        self._authenticate = authenticate
        self._problem = problem
        self._auditor = auditor
        self._sign_in = sign_in

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        answer = _Answer(send, head=scope["method"] == "HEAD")
        action = "none"
        started_s = time.monotonic()
        try:
            found = self._router.find(
                scope["method"], scope.get("raw_path") or scope["path"].encode()
            )
            if isinstance(found, Missed):
                await self._missed(found, answer)
            else:
                action = found.route.action.value
                await self._handle(found, scope, receive, answer)
        except IsocenterError as error:
            await self._fail(error, answer)
        except ConnectionResetError:
            answer.status = answer.status or 499  # the client left
        except Exception as error:
            log.exception("request_failed", action=action, error=type(error).__name__)
            await self._fail(IsocenterError(), answer)
        finally:
            METRICS.count("isocenter_http_requests_total", action=action, status=str(answer.status))
            took_s = time.monotonic() - started_s
            METRICS.observe("isocenter_http_request_seconds", took_s, action=action)

    async def _handle(
        self, found: Matched, scope: Scope, receive: Receive, answer: "_Answer"
    ) -> None:
        headers = _headers(scope["headers"])
        client = scope.get("client")
        peer = client[0] if client else ""
        caller = await self._authenticate(headers, scope["method"], peer)
        try:
            self._decide(caller, found, scope)
        except Unauthenticated:
            location = self._sign_in_location(headers, scope)
            if not location:
                raise
            sent = [("Location", location), ("Cache-Control", "no-store"), ("Content-Length", "0")]
            await answer.whole(303, sent, b"")
            return
        request = Request(
            method=scope["method"],
            path=scope["path"],
            params=found.params,
            query=_query(scope["query_string"]),
            headers=headers,
            caller=caller,
            receive=receive,
            send=answer,
            port=_port(scope),
        )
        if found.route.action in UNRECORDED:
            await found.route.handle(request)
            return
        action, parent = found.route.action.value, headers.get("traceparent", "")
        with span("request", "server", parent=parent, action=action) as traced:
            await found.route.handle(request)
            traced.set("status", answer.status)

    def _decide(self, caller: Caller, found: Matched, scope: Scope) -> None:
        """Ask `allowed` and record what it said, before anything is done."""
        action = found.route.action
        study = next((found.params[name] for name in STUDY_PARAMETERS if name in found.params), "")
        yes = allowed(caller, action, study)
        if self._auditor is not None and not (yes and action in UNRECORDED):
            detail = scope["path"]
            if action is Action.QUERY and scope["query_string"]:
                detail = f"{detail}?{scope['query_string'].decode('latin-1')}"
            self._auditor.record(caller, action, study, "allowed" if yes else "denied", detail)
        if yes:
            return
        if caller.method == "none":
            raise Unauthenticated("sign in first")
        raise Denied(f"{action.value} is not allowed to this caller")

    def _sign_in_location(self, headers: dict[str, str], scope: Scope) -> str:
        if self._sign_in is None:
            return ""
        query = scope["query_string"].decode("latin-1")
        target = scope["path"] + (f"?{query}" if query else "")
        return self._sign_in(headers, scope["method"], target)

    async def _missed(self, missed: Missed, answer: "_Answer") -> None:
        """405 with the methods there are, or 404: the router's own two answers."""
        status, text = (405, b"method not allowed\n") if missed.allow else (404, b"not found\n")
        headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(text)))]
        if missed.allow:
            headers.append(("Allow", ", ".join(missed.allow)))
        await answer.whole(status, headers, text)

    async def _fail(self, error: IsocenterError, answer: "_Answer") -> None:
        if answer.status:
            raise _AnswerBroken from error  # the length promised is not kept: cut the connection
        status, headers, body = self._problem(error)
        names = {name.lower() for name, _ in headers}
        if status == 401 and self._sign_in is not None:
            # a page's request whose session ended is not to make the browser ask for a password
            headers = [field for field in headers if field[0].lower() != "www-authenticate"]
            headers.append(("WWW-Authenticate", 'Bearer realm="isocenter"'))
        elif status == 401 and "www-authenticate" not in names:
            headers = [*headers, ("WWW-Authenticate", 'Basic realm="isocenter", charset="UTF-8"')]
        if "content-length" not in names:
            headers = [*headers, ("Content-Length", str(len(body)))]
        await answer.whole(status, headers, body)


class _Answer:
    """ASGI send that remembers the status and keeps the body of an answer to HEAD back."""

    __slots__ = ("_ended", "_head", "_send", "status")

    def __init__(self, send: Send, *, head: bool) -> None:
        self._send = send
        self._head = head
        self._ended = False
        self.status = 0

    async def __call__(self, message: Any) -> None:
        """Pass a message on."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif self._head:
            if self._ended:
                return
            self._ended = True
            message = {"type": "http.response.body", "body": b"", "more_body": False}
        await self._send(message)

    async def whole(self, status: int, headers: Sequence[tuple[str, str]], body: bytes) -> None:
        """Send a whole answer."""
        encoded = [
            (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers
        ]
        await self({"type": "http.response.start", "status": status, "headers": encoded})
        await self({"type": "http.response.body", "body": body, "more_body": False})


def _port(scope: Scope) -> int:
    server = scope.get("server")
    return int(server[1] or 0) if server else 0


def _headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by name in lower case, repeats joined by a comma (RFC 9110 5.3)."""
    headers: dict[str, str] = {}
    for name, value in raw:
        key = name.decode("latin-1")
        text = value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


def _query(raw: bytes) -> list[tuple[str, str]]:
    if not raw:
        return []
    if len(raw) > MAX_QUERY_BYTES:
        raise InvalidRequest("the query is too long")
    try:
        return parse_qsl(
            raw.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_QUERY_FIELDS,
        )
    except ValueError as error:  # UnicodeDecodeError is one
        raise InvalidRequest("the query cannot be read") from error
