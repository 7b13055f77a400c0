"""HTTP as the services see it: a table of routes over raw ASGI, each naming the action it needs."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass
from typing import Any

from isocenter.errors import LimitExceeded
from isocenter.runtime.caller import Action, Caller

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Body = bytes | memoryview
Headers = Iterable[tuple[str, str]]


@dataclass(slots=True)
class Request:
    """One request, with its caller already allowed to do the route's action."""

    method: str
    path: str
    params: dict[str, str]  # of the route's pattern
    query: list[tuple[str, str]]  # decoded, in order, repeats kept
    headers: dict[str, str]  # names in lower case; repeats joined by ", "
    caller: Caller
    receive: Receive
    send: Send
    port: int = 0  # it came in on; 0 where the server does not say

    async def stream(self) -> AsyncIterator[bytes]:
        """The body as it comes."""
        more = True
        while more:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise ConnectionResetError
            more = message.get("more_body", False)
            if message.get("body"):
                yield message["body"]

    async def body(self, max_bytes: int) -> bytes:
        """The whole body; raises LimitExceeded before more than `max_bytes` are kept."""
        parts: list[bytes] = []
        size = 0
        async for chunk in self.stream():
            size += len(chunk)
            if size > max_bytes:
                raise LimitExceeded("the body is too large", max_bytes=max_bytes)
            parts.append(chunk)
        return b"".join(parts)

    async def start(self, status: int, headers: Headers) -> None:
        """Send status and headers."""
        encoded = [
            (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers
        ]
        await self.send({"type": "http.response.start", "status": status, "headers": encoded})

    async def write(self, body: Body, *, more: bool = True) -> None:
        """Send a piece of the body; memoryviews go out without a copy."""
        await self.send({"type": "http.response.body", "body": body, "more_body": more})

    async def respond(self, status: int, body: Body = b"", headers: Headers = ()) -> None:
        """Send a whole answer with its Content-Length."""
        await self.start(status, [*headers, ("Content-Length", str(len(body)))])
        await self.write(body, more=False)


Handler = Callable[[Request], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Route:
    """`path` has `{name}` for one segment; a last `{name:path}` takes the rest."""

    method: str
    path: str
    action: Action
    handle: Handler
