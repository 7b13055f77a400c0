"""The asking side of gRPC between our processes. Every call needs a `timeout`; see `rpc_errors.translated`."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, cast

import grpc

from isocenter.runtime.rpc import OPTIONS, TRACEPARENT, socket_path
from isocenter.runtime.rpc_tls import NAME, read_certificates
from isocenter.runtime.run_folder import rpc_token
from isocenter.runtime.settings import ServiceSettings
from isocenter.runtime.tracing import span, traceparent

# several addresses of one name take turns, and a name is asked again soon after one of them is gone
REMOTE = [
    *OPTIONS,
    ("grpc.ssl_target_name_override", NAME),
    ("grpc.lb_policy_name", "round_robin"),
    ("grpc.dns_min_time_between_resolutions_ms", 1000),
    ("grpc.max_reconnect_backoff_ms", 2000),
]


class Carrying(grpc.aio.UnaryUnaryClientInterceptor):  # type: ignore[type-arg]  # not generic when it runs
    """Makes a call part of the trace under way, and tells the other side; without one there is nothing to tell."""

    async def intercept_unary_unary(
        self,
        continuation: Callable[[grpc.aio.ClientCallDetails, Any], Awaitable[Any]],
        client_call_details: Any,  # a named tuple; the stubs do not know
        request: Any,
    ) -> Any:
        """Add a span, and the header that names it."""
        if not traceparent():
            return await continuation(client_call_details, request)
        method = client_call_details.method
        with span("call", "client", method=method if isinstance(method, str) else method.decode()):
            metadata = grpc.aio.Metadata(*(client_call_details.metadata or ()))
            metadata.add(TRACEPARENT, traceparent())
            call = await continuation(client_call_details._replace(metadata=metadata), request)
            await _ended(call)
        return call


async def _ended(call: Any) -> None:
    """Wait for the end of a call, whatever it is: the span lasts as long. Who gives up waiting gives up the call."""
    try:
        await call.code()
    except asyncio.CancelledError:
        call.cancel()
        raise


def channel(run_folder: Path, node: str, token: str) -> grpc.aio.Channel:
    """Open a channel to a process of this machine."""
    target = f"unix:{socket_path(run_folder, node)}"
    local = grpc.local_channel_credentials(grpc.LocalConnectionType.UDS)
    return _open(target, local, token, OPTIONS)


def channels(
    settings: ServiceSettings, service: str, nodes: Sequence[str]
) -> list[grpc.aio.Channel]:
    """Open one to each process of a service: `rpc_targets` names addresses, else `nodes` are of this machine.

    Raises InvalidRequest when an address is named and the certificates to show there are missing.
    """
    token = rpc_token(settings.run_folder, settings.rpc_token.get_secret_value())
    targets = settings.rpc_targets.get(service, "")
    if not targets:
        return [channel(settings.run_folder, node, token) for node in nodes]
    certificates = read_certificates(settings.config_folder)
    return [
        _open(target.strip(), certificates.client(), token, REMOTE) for target in targets.split(",")
    ]


def blocking_channel(run_folder: Path, node: str, token: str) -> grpc.Channel:
    """Open a channel to a process of this machine for code without an event loop."""
    target = f"unix:{socket_path(run_folder, node)}"
    local = grpc.local_channel_credentials(grpc.LocalConnectionType.UDS)
    return grpc.secure_channel(target, _with_token(local, token), options=OPTIONS)


def blocking_channels(
    settings: ServiceSettings, service: str, nodes: Sequence[str]
) -> list[grpc.Channel]:
    """As `channels`, for code in threads of its own."""
    token = rpc_token(settings.run_folder, settings.rpc_token.get_secret_value())
    targets = settings.rpc_targets.get(service, "")
    if not targets:
        return [blocking_channel(settings.run_folder, node, token) for node in nodes]
    credentials = _with_token(read_certificates(settings.config_folder).client(), token)
    return [
        grpc.secure_channel(target.strip(), credentials, options=REMOTE)
        for target in targets.split(",")
    ]


def _with_token(credentials: grpc.ChannelCredentials, token: str) -> grpc.ChannelCredentials:
    return grpc.composite_channel_credentials(
        credentials, grpc.access_token_call_credentials(token)
    )


def _open(
    target: str, credentials: grpc.ChannelCredentials, token: str, options: list[tuple[str, Any]]
) -> grpc.aio.Channel:
    return grpc.aio.secure_channel(
        target,
        _with_token(credentials, token),
        options=options,
        interceptors=cast(Any, [Carrying()]),
    )
