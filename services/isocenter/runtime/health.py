"""The states of a process, seen through the standard gRPC health service."""

from typing import Literal

from grpc.aio import Server
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio  # type: ignore[attr-defined]  # missing in the stubs only

from isocenter.runtime.log import logger
from isocenter.runtime.metrics import METRICS

State = Literal["starting", "serving", "draining", "stopped"]

LIVE = "live"

log = logger(__name__)


class Health:
    """`starting`, `serving`, `draining`, `stopped`; only `serving` is SERVING, and only while nothing blocks it.

    That is readiness, under the empty name and the service's. Liveness is the name `live`: SERVING as long as the
    event loop answers at all.
    """

    def __init__(self, service: str) -> None:
        self._names = ("", service)
        self._servicer = aio.HealthServicer()
        self._blocked: set[str] = set()
        self.state: State = "starting"

    def add_to(self, server: Server) -> None:
        """Register the health service."""
        health_pb2_grpc.add_HealthServicer_to_server(self._servicer, server)

    @property
    def ready(self) -> bool:
        """What a probe is told."""
        return self.state == "serving" and not self._blocked

    async def become(self, state: State) -> None:
        """Enter a state."""
        self.state = state
        log.info("state_changed", state=state)
        await self._say()

    async def block(self, reason: str) -> None:
        """Fail readiness, without ending the process, until `unblock` with the same reason."""
        if reason in self._blocked:
            return
        self._blocked.add(reason)
        log.error("not_ready", reason=reason)
        await self._say()

    async def unblock(self, reason: str) -> None:
        """It is over; readiness comes back when nothing else blocks it."""
        if reason in self._blocked:
            self._blocked.discard(reason)
            log.info("ready_again", reason=reason)
            await self._say()

    async def _say(self) -> None:
        METRICS.set("isocenter_serving", int(self.ready))
        statuses = health_pb2.HealthCheckResponse
        status = statuses.SERVING if self.ready else statuses.NOT_SERVING
        await self._servicer.set(LIVE, statuses.SERVING)
        for name in self._names:
            await self._servicer.set(name, status)
