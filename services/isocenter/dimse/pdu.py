"""Protocol data units: the six-byte header, the short PDUs, and P-DATA-TF on the way out (PS3.8 9.3)."""

import struct
from collections.abc import Iterable, Iterator
from enum import IntEnum

from isocenter.dimse.faults import ProtocolViolation, UnrecognizedPdu
from isocenter.dimse.limits import MAX_PDU_BYTES

HEADER = struct.Struct(">BxI")
PDV_HEADER = struct.Struct(">IBB")  # length of what follows the length, context identifier, control
PDV_LENGTH_BYTES = 4
COMMAND = 0x01  # message control header (PS3.8 E.2): bit 0, else a data set
LAST = 0x02  # bit 1: the last fragment


class PduType(IntEnum):
    """PS3.8 9.3.1."""

    ASSOCIATE_RQ = 1
    ASSOCIATE_AC = 2
    ASSOCIATE_RJ = 3
    P_DATA_TF = 4
    RELEASE_RQ = 5
    RELEASE_RP = 6
    ABORT = 7


class AbortSource(IntEnum):
    """PS3.8 9.3.8."""

    SERVICE_USER = 0
    SERVICE_PROVIDER = 2


_SHORT_PDU_BYTES = 4
_VARIABLE = frozenset({PduType.ASSOCIATE_RQ, PduType.ASSOCIATE_AC, PduType.P_DATA_TF})
RELEASE_RQ = HEADER.pack(PduType.RELEASE_RQ, _SHORT_PDU_BYTES) + bytes(_SHORT_PDU_BYTES)
RELEASE_RP = HEADER.pack(PduType.RELEASE_RP, _SHORT_PDU_BYTES) + bytes(_SHORT_PDU_BYTES)


def decode_header(header: memoryview, max_p_data_bytes: int) -> tuple[PduType, int]:
    """Give type and length of what follows, both within what the standard and our caps allow.

    Raises:
        UnrecognizedPdu: the type is none of PS3.8's.
        ProtocolViolation: the length is above the cap, or not the fixed one.
    """
    kind_number, length = HEADER.unpack(header)
    try:
        kind = PduType(kind_number)
    except ValueError:
        raise UnrecognizedPdu("unknown PDU type") from None
    if kind not in _VARIABLE and length != _SHORT_PDU_BYTES:
        raise ProtocolViolation("a PDU of fixed length has another")
    cap = min(max_p_data_bytes, MAX_PDU_BYTES) if kind is PduType.P_DATA_TF else MAX_PDU_BYTES
    if length > cap:
        raise ProtocolViolation("a PDU is longer than the cap")
    return kind, length


def encode_pdu(kind: PduType, content: bytes) -> bytes:
    """Put the header before the content."""
    return HEADER.pack(kind, len(content)) + content


def encode_abort(source: AbortSource, reason: int) -> bytes:
    """Encode A-ABORT; the reason means something only from the service-provider."""
    return encode_pdu(PduType.ABORT, bytes((0, 0, source, reason)))


def encode_p_data(
    context_id: int, content: bytes, *, is_command: bool, max_p_data_bytes: int
) -> Iterator[bytes]:
    """Cut a command set or data set into P-DATA-TF PDUs of one PDV each.

    `max_p_data_bytes` is the peer's maximum length; 0 means no limit (PS3.8 D.1), which we bound by our own cap.
    """
    kind = COMMAND if is_command else 0
    yield from _fragments(context_id, content, max_p_data_bytes, kind | LAST)


def encode_p_data_stream(
    context_id: int, chunks: Iterable[bytes | memoryview], max_p_data_bytes: int
) -> Iterator[bytes]:
    """As `encode_p_data` for a data set that comes piece by piece and need not fit in memory.

    Every fragment has an even length (PS3.8 E.1), whatever the pieces have; what is odd in all gets a zero behind.
    """
    waiting: bytes | memoryview = b""
    for chunk in filter(len, chunks):
        even = len(waiting) & ~1
        if even:
            yield from _fragments(context_id, waiting[:even], max_p_data_bytes, 0)
        waiting = b"".join((waiting[even:], chunk)) if len(waiting) % 2 else chunk
    if len(waiting) % 2:
        waiting = b"".join((waiting, b"\0"))
    yield from _fragments(context_id, waiting, max_p_data_bytes, LAST)


def _fragments(
    context_id: int, content: bytes | memoryview, max_p_data_bytes: int, last: int
) -> Iterator[bytes]:
    """PDUs of one PDV each; `last` is the control of the last of them, without LAST that of all the others."""
    room = min(max_p_data_bytes or MAX_PDU_BYTES, MAX_PDU_BYTES) - PDV_HEADER.size
    room -= room % 2
    for start in range(0, len(content) or 1, room):
        piece = content[start : start + room]
        control = last if start + room >= len(content) else last & ~LAST
        pdv = PDV_HEADER.pack(len(piece) + 2, context_id, control)
        yield b"".join((HEADER.pack(PduType.P_DATA_TF, len(pdv) + len(piece)), pdv, piece))
