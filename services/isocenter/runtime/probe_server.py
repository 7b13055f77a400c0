"""gRPC health on a port of its own: what Kubernetes' probes ask, without token or certificate."""

import grpc

from isocenter.errors import Conflict
from isocenter.runtime.rpc import ALONE, address
from isocenter.runtime.settings import ServiceSettings

MAX_CALLS = 16


class ProbeServer:
    """Serves where `health_port` says; nowhere without one. Only the health service is to be added to it."""

    def __init__(self, settings: ServiceSettings) -> None:
        self.server = grpc.aio.server(options=[ALONE], maximum_concurrent_rpcs=MAX_CALLS)
        self._is_open = settings.health_port is not None
        self.port = 0
        if settings.health_port is not None:
            where = address(settings.listen, settings.health_port)
            try:
                self.port = self.server.add_insecure_port(where)
            except RuntimeError as error:
                raise Conflict(f"the health port {settings.health_port} is taken") from error

    async def start(self) -> None:
        """Answer from now on."""
        if self._is_open:
            await self.server.start()

    async def stop(self) -> None:
        """Answer no more."""
        if self._is_open:
            await self.server.stop(None)
