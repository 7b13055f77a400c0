"""Every cap of the upper layer, checked before memory is taken; sizes in bytes, times in seconds."""

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB

MAX_PDU_BYTES = MIB  # of any kind, whatever was negotiated
DEFAULT_P_DATA_BYTES = 256 * KIB  # what we offer as maximum length (PS3.8 D.1)
MAX_COMMAND_SET_BYTES = 64 * KIB
MAX_PRESENTATION_CONTEXTS = 128  # odd identifiers 1 to 255 (PS3.8 9.3.2.2)
MAX_TRANSFER_SYNTAXES = 128  # in one proposed context
MAX_USER_ITEMS = 128
MIN_PEER_P_DATA_BYTES = 128  # a smaller maximum length leaves no room for an answer in sane pieces


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a peer may keep a thread waiting. Our own work is never counted, only waiting for the peer."""

    artim_s: float = (
        10.0  # from connect to a whole A-ASSOCIATE-RQ, and from our last PDU to the close
    )
    idle_s: float = 60.0  # without a single byte
    window_s: float = 30.0  # in each such window inside a message...
    min_bytes_per_s: float = float(KIB)  # ...the peer sends at least this
    send_s: float = 30.0  # for a peer that does not read our answers
