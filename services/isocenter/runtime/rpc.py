"""The answering side of gRPC between our processes: always on a unix socket, on a port too where others call.

Who may call shows the shared token; over a port both sides show certificates too (`rpc_tls`).
"""

import hmac
import inspect
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

import grpc

from isocenter.errors import Conflict, InvalidRequest, IsocenterError, Unauthenticated
from isocenter.runtime.log import logger
from isocenter.runtime.metrics import METRICS
from isocenter.runtime.rpc_errors import code_of, trailers_of
from isocenter.runtime.rpc_tls import read_certificates
from isocenter.runtime.settings import ServiceSettings
from isocenter.runtime.tracing import span

MAX_MESSAGE_BYTES = 16 << 20
MAX_CALLS = 256
HEALTH = "/grpc.health.v1.Health/"  # probes carry no token
TOKEN = "authorization"  # noqa: S105  (the name of a header)
TRACEPARENT = "traceparent"
OPTIONS = [
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
]
ALONE = ("grpc.so_reuseport", 0)  # else a second process would take half of the calls

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"

log = logger(__name__)


def socket_path(run_folder: Path, node: str) -> Path:
    """Where a process listens; raises InvalidRequest when the kernel cannot hold the path."""
    path = run_folder / f"{node}.sock"
    if len(os.fsencode(path)) > 107:
        raise InvalidRequest("the path of the run folder is too long for a socket")
    return path


class Edge(grpc.aio.ServerInterceptor):  # type: ignore[type-arg]  # not generic when it runs
    """Refuses calls without token or deadline, and turns our errors into codes; nothing else reaches a client."""

    def __init__(self, token: str) -> None:
        self._expected = f"Bearer {token}"

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        """Wrap the handler of a call."""
        handler: Any = await continuation(handler_call_details)
        if handler is None or handler_call_details.method.startswith(HEALTH):
            return handler  # type: ignore[no-any-return]
        metadata = dict(handler_call_details.invocation_metadata)
        given = metadata.get(TOKEN, "")
        known = hmac.compare_digest(str(given).encode(), self._expected.encode())
        kind = ("stream" if handler.request_streaming else "unary") + (
            "_stream" if handler.response_streaming else "_unary"
        )
        make = getattr(grpc, f"{kind}_rpc_method_handler")
        answering = _answering_stream if handler.response_streaming else _answering_once
        behavior = getattr(handler, kind)
        if not handler.response_streaming:
            parent = str(metadata.get(TRACEPARENT, ""))
            behavior = _traced(behavior, parent, handler_call_details.method)
        wrapped: Handler = make(
            answering(behavior, known),
            handler.request_deserializer,
            handler.response_serializer,
        )
        return wrapped


def _traced(
    behavior: Callable[..., Awaitable[Any]], parent: str, method: str
) -> Callable[..., Awaitable[Any]]:
    """Answer within a span whose parent is the caller's."""

    async def call(request: Any, context: Context) -> Any:
        with span("call", "server", parent=parent, method=method):
            return await behavior(request, context)

    return call


def _check(context: Context, known: bool) -> None:
    if not known:
        raise Unauthenticated("the call carries no valid token")
    if context.time_remaining() is None:
        raise InvalidRequest("the call has no deadline")


def _answering_once(behavior: Callable[..., Awaitable[Any]], known: bool) -> Callable[..., Any]:
    async def call(request: Any, context: Context) -> Any:
        try:
            _check(context, known)
            answer = await behavior(request, context)
        except grpc.aio.AbortError:
            raise
        except Exception as error:
            await _abort(context, error)
        METRICS.count("isocenter_rpc_calls_total", code="OK")
        return answer

    return call


def _answering_stream(behavior: Callable[..., Any], known: bool) -> Callable[..., Any]:
    async def call(request: Any, context: Context) -> AsyncIterator[Any]:
        try:
            _check(context, known)
            answers = behavior(request, context)
            if inspect.isawaitable(answers):
                await answers  # it writes by itself
            else:
                async for answer in answers:
                    yield answer
        except grpc.aio.AbortError:
            raise
        except Exception as error:
            await _abort(context, error)
        METRICS.count("isocenter_rpc_calls_total", code="OK")

    return call


async def _abort(context: Context, error: Exception) -> NoReturn:
    if not isinstance(error, IsocenterError):
        log.exception("call_failed", error=type(error).__name__)
        error = IsocenterError()
    code = code_of(error)
    METRICS.count("isocenter_rpc_calls_total", code=code.name)
    await context.abort(code, error.message, trailers_of(error))


def make_server(path: Path, token: str) -> grpc.aio.Server:
    """Make a server bound to the socket, owner only; a socket left by a dead process is replaced."""
    if not token:
        raise InvalidRequest("an RPC server needs a token")
    server = grpc.aio.server(
        interceptors=[Edge(token)],
        options=[*OPTIONS, ALONE],
        maximum_concurrent_rpcs=MAX_CALLS,
    )
    path.unlink(missing_ok=True)
    credentials = grpc.local_server_credentials(grpc.LocalConnectionType.UDS)
    server.add_secure_port(f"unix:{path}", credentials)
    return server


def address(host: str, port: int) -> str:
    """Write host and port as gRPC has them."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def open_port(server: grpc.aio.Server, settings: ServiceSettings) -> int:
    """Let a server answer other machines too, where `rpc_port` says; gives the port, 0 without one.

    Raises InvalidRequest without certificates, Conflict when the port is taken.
    """
    if settings.rpc_port is None:
        return 0
    certificates = read_certificates(settings.config_folder)
    try:
        return server.add_secure_port(
            address(settings.listen, settings.rpc_port), certificates.server()
        )
    except RuntimeError as error:
        raise Conflict(f"the RPC port {settings.rpc_port} is taken") from error
