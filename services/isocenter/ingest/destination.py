"""Another system that instances are sent to, and what it can take, as its entry of the AE list says."""

from dataclasses import dataclass, field

from isocenter.api.stream.v1.stream_service_pb2 import Taking
from isocenter.dimse.tls import Secured


@dataclass(frozen=True, slots=True)
class Receiver:
    """What it can take: whole objects and series by default, nothing that lost something, one at a time."""

    taking: Taking | None = None
    lossy_quality: int = 0  # 0: never with loss
    associations: int = 1


@dataclass(frozen=True, slots=True)
class Destination:
    """Where it listens."""

    ae_title: str
    host: str
    port: int
    secured: Secured | None = None  # None: without TLS
    receiver: Receiver = field(default_factory=Receiver)
