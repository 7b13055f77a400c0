"""PDU headers within the caps, and P-DATA-TF cut to what the peer can take."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynetdicom.pdu import A_ABORT_RQ, A_ASSOCIATE_RJ, A_RELEASE_RP

from isocenter.dimse.associate import Rejection, encode_associate_reject
from isocenter.dimse.faults import ProtocolViolation, UnrecognizedPdu
from isocenter.dimse.limits import MAX_PDU_BYTES
from isocenter.dimse.pdu import (
    COMMAND,
    LAST,
    RELEASE_RP,
    AbortSource,
    PduType,
    decode_header,
    encode_abort,
    encode_p_data,
    encode_p_data_stream,
    encode_pdu,
)


def header(kind: int, length: int) -> memoryview:
    return memoryview(struct.pack(">BxI", kind, length))


@pytest.mark.parametrize("kind", [0, 8, 22, 255])
def test_unknown_type_is_unrecognized(kind: int) -> None:
    with pytest.raises(UnrecognizedPdu):
        decode_header(header(kind, 4), 16384)


@pytest.mark.parametrize(
    ("kind", "length"),
    [
        (PduType.P_DATA_TF, 16385),
        (PduType.P_DATA_TF, 0xFFFFFFFF),
        (PduType.ASSOCIATE_RQ, MAX_PDU_BYTES + 1),
        (PduType.ASSOCIATE_RQ, 0xFFFFFFFF),
        (PduType.RELEASE_RQ, 5),
        (PduType.ABORT, 0),
        (PduType.RELEASE_RP, 0xFFFFFFFF),
    ],
)
def test_length_beyond_the_cap_is_a_violation(kind: PduType, length: int) -> None:
    with pytest.raises(ProtocolViolation):
        decode_header(header(kind, length), 16384)


def test_p_data_may_be_as_long_as_negotiated() -> None:
    assert decode_header(header(4, 16384), 16384) == (PduType.P_DATA_TF, 16384)


@given(
    content=st.binary(max_size=5000),
    max_p_data_bytes=st.integers(128, 2000) | st.just(0),
    is_command=st.booleans(),
)
def test_fragments_fit_and_join_to_the_content(
    content: bytes, max_p_data_bytes: int, is_command: bool
) -> None:
    joined, controls = b"", []
    for pdu in encode_p_data(3, content, is_command=is_command, max_p_data_bytes=max_p_data_bytes):
        kind, length, pdv_length, context_id, control = struct.unpack_from(">BxIIBB", pdu)
        assert (kind, context_id, pdv_length + 4) == (PduType.P_DATA_TF, 3, length)
        assert length == len(pdu) - 6 <= (max_p_data_bytes or MAX_PDU_BYTES)
        joined += pdu[12:]
        controls.append(control)
    assert joined == content
    kind_bit = COMMAND if is_command else 0
    assert controls == [kind_bit] * (len(controls) - 1) + [kind_bit | LAST]


def test_short_pdus_are_read_alike_by_the_oracle() -> None:
    rejection = A_ASSOCIATE_RJ()
    rejection.decode(
        encode_pdu(PduType.ASSOCIATE_RJ, encode_associate_reject(Rejection.LOCAL_LIMIT_EXCEEDED))
    )
    assert (rejection.result, rejection.source, rejection.reason_diagnostic) == (2, 3, 2)
    abort = A_ABORT_RQ()
    abort.decode(encode_abort(AbortSource.SERVICE_PROVIDER, 6))
    assert (abort.source, abort.reason_diagnostic) == (2, 6)
    A_RELEASE_RP().decode(RELEASE_RP)


@given(st.lists(st.binary(max_size=40), max_size=8), st.integers(16, 60))
def test_stream_is_cut_into_even_fragments_of_which_one_is_the_last(
    pieces: list[bytes], room: int
) -> None:
    pdus = list(encode_p_data_stream(1, pieces, room))
    contents = [pdu[12:] for pdu in pdus]
    whole = b"".join(pieces)
    assert b"".join(contents) == whole + b"\0" * (len(whole) % 2)
    assert all(len(content) % 2 == 0 for content in contents)
    assert [bool(pdu[11] & LAST) for pdu in pdus] == [False] * (len(pdus) - 1) + [True]
    assert all(len(pdu) - 6 <= room for pdu in pdus)
