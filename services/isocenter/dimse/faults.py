"""Why an association ends other than by release; each is caught by the acceptor and nowhere else."""

from typing import ClassVar

from isocenter.errors import PermanentError, TransientError


class ProtocolViolation(PermanentError):
    """The peer sent what PS3.8 or PS3.7 forbid, or more than a cap allows.

    `abort_reason` is the Reason/Diag. of the A-ABORT PDU from the service-provider (PS3.8 9.3.8).
    """

    reason: ClassVar[str] = "PROTOCOL_VIOLATION"
    abort_reason: ClassVar[int] = 6  # invalid PDU parameter value


class UnrecognizedPdu(ProtocolViolation):
    """The PDU type is none of PS3.8's."""

    abort_reason: ClassVar[int] = 1


class PeerClosed(TransientError):
    """The transport connection is gone."""

    reason: ClassVar[str] = "PEER_CLOSED"


class ArtimExpired(TransientError):
    """The ARTIM timer ran out (PS3.8 9.1.5)."""

    reason: ClassVar[str] = "ARTIM_EXPIRED"


class PeerIdle(TransientError):
    """Nothing came for too long."""

    reason: ClassVar[str] = "PEER_IDLE"


class PeerTooSlow(TransientError):
    """A message came, but too slowly to keep a place for it."""

    reason: ClassVar[str] = "PEER_TOO_SLOW"


class Draining(TransientError):
    """This process is going away; raised between messages only."""

    reason: ClassVar[str] = "DRAINING"
