"""Peers that break the rules: they are aborted, their places come back, nobody else notices."""

import contextlib
import resource
import socket
import struct
import time

import pytest
from tests.support.associations import (
    CT_IMAGE_STORAGE,
    VERIFICATION,
    RawPeer,
    command_pdus,
    data_pdus,
    echo_command,
    p_data_pdu,
    request_for,
    request_pdu,
    store_command,
)
from tests.support.poll import poll
from tests.support.receiving import MemoryReceiver, Running, dicom_address

from isocenter.dimse.commands import Element, encode_command_set
from isocenter.dimse.limits import Patience
from isocenter.dimse.pdu import COMMAND, LAST, RELEASE_RQ, PduType, encode_pdu

REQUEST = request_for(CT_IMAGE_STORAGE, VERIFICATION)
STORE = encode_command_set(store_command())


def stores(running: Running, receiver: MemoryReceiver) -> bool:
    """Whether a well-behaved peer is still served."""
    before = receiver.count
    with RawPeer(running.port) as peer:
        assert peer.associate(REQUEST)[0] == PduType.ASSOCIATE_AC
        peer.send(command_pdus(store_command()) + data_pdus(b"data"))
        assert peer.read_command()[Element.STATUS] == 0
        peer.send(RELEASE_RQ)
        assert peer.read_pdu()[0] == PduType.RELEASE_RP
    return receiver.count == before + 1


VIOLATIONS: dict[str, bytes] = {
    "huge P-DATA": struct.pack(">BxI", 4, 0xFFFFFFFF) + bytes(64),
    "P-DATA above negotiated": struct.pack(">BxI", 4, 256 * 1024 + 1),
    "empty P-DATA": struct.pack(">BxI", 4, 0),
    "PDV overruns its PDU": struct.pack(">BxIIBB", 4, 20, 100, 1, COMMAND) + bytes(14),
    "huge PDV": struct.pack(">BxIIBB", 4, 20, 0xFFFFFFFF, 1, COMMAND) + bytes(14),
    "PDV of length one": struct.pack(">BxIIBB", 4, 6, 1, 1, COMMAND),
    "PDV header cut": struct.pack(">BxI", 4, 3) + bytes(3),
    "command set too large": p_data_pdu((1, COMMAND, bytes(60_000)), (1, COMMAND, bytes(6_000))),
    "command set of garbage": p_data_pdu((1, COMMAND | LAST, b"\xff" * 40)),
    "data before command": p_data_pdu((1, LAST, b"data")),
    "unaccepted context": p_data_pdu((77, COMMAND | LAST, STORE)),
    "data on another context": p_data_pdu((1, COMMAND | LAST, STORE), (3, LAST, b"data")),
    "second association request": request_pdu(REQUEST),
    "association accept": encode_pdu(PduType.ASSOCIATE_AC, bytes(68)),
    "release response": encode_pdu(PduType.RELEASE_RP, bytes(4)),
    "unknown PDU": encode_pdu(PduType.ABORT, bytes(4)).replace(b"\x07", b"\x42", 1),
    "response to nothing": command_pdus({**store_command(), Element.COMMAND_FIELD: 0x8001}),
    "command without message id": command_pdus(
        {Element.COMMAND_FIELD: 0x0030, Element.COMMAND_DATA_SET_TYPE: 0x0101}
    ),
}


@pytest.mark.parametrize("violation", VIOLATIONS.values(), ids=VIOLATIONS.keys())
def test_violation_is_aborted_and_leaves_nothing(violation: bytes) -> None:
    receiver = MemoryReceiver()
    with dicom_address(receiver) as running:
        with RawPeer(running.port) as peer:
            peer.associate(REQUEST)
            peer.send(violation)
            kind, content = peer.read_pdu()
            assert (kind, content[2]) == (PduType.ABORT, 2)
        assert stores(running, receiver)
    assert receiver.begun == 1 + receiver.discarded


@pytest.mark.parametrize("length", [0xFFFFFFFF, 1024 * 1024 + 1])
def test_huge_association_request_is_refused_before_memory_is_taken(length: int) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with dicom_address(MemoryReceiver()) as running, RawPeer(running.port) as peer:
        peer.send(struct.pack(">BxI", 1, length))
        assert peer.read_pdu()[0] == PduType.ABORT
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 16 * 1024


def test_abort_and_disconnect_inside_a_data_set_discard_it() -> None:
    receiver = MemoryReceiver()
    with dicom_address(receiver) as running:
        for ending in (encode_pdu(PduType.ABORT, bytes(4)), RELEASE_RQ, b""):
            with RawPeer(running.port) as peer:
                peer.associate(REQUEST)
                peer.send(command_pdus(store_command()) + p_data_pdu((1, 0, b"half")) + ending)
                if ending == RELEASE_RQ:
                    assert peer.read_pdu()[0] == PduType.RELEASE_RP
        poll(lambda: receiver.discarded == 3)
    assert receiver.count == 0


def test_half_open_connections_end_with_artim() -> None:
    with dicom_address(MemoryReceiver(), patience=Patience(artim_s=0.3)) as running:
        peers = [RawPeer(running.port) for _ in range(20)]
        started = time.monotonic()
        assert [peer.read_pdu()[0] for peer in peers] == [0] * 20
        assert time.monotonic() - started < 3
        for peer in peers:
            peer.socket.close()


def test_trickled_association_request_ends_with_artim() -> None:
    with (
        dicom_address(MemoryReceiver(), patience=Patience(artim_s=0.4)) as running,
        RawPeer(running.port) as peer,
    ):
        assert trickle(peer, request_pdu(REQUEST), every_s=0.02) < 1.5


def test_trickled_data_set_is_too_slow() -> None:
    receiver = MemoryReceiver()
    patience = Patience(window_s=0.4, min_bytes_per_s=1024)
    with dicom_address(receiver, patience=patience) as running, RawPeer(running.port) as peer:
        peer.associate(REQUEST)
        peer.send(command_pdus(store_command()))
        assert trickle(peer, data_pdus(bytes(5000)), every_s=0.02) < 2
        poll(lambda: receiver.discarded == 1)


def test_silent_association_is_aborted() -> None:
    patience = Patience(idle_s=0.3)
    with (
        dicom_address(MemoryReceiver(), patience=patience) as running,
        RawPeer(running.port) as peer,
    ):
        peer.associate(REQUEST)
        assert peer.read_pdu()[0] == PduType.ABORT


def test_peer_that_never_reads_loses_its_association() -> None:
    patience = Patience(send_s=0.4)
    with (
        dicom_address(MemoryReceiver(), patience=patience) as running,
        RawPeer(running.port) as peer,
    ):
        peer.associate(REQUEST)
        peer.socket.settimeout(0.05)
        pings = command_pdus(echo_command(), context_id=3) * 200

        def ping_until_free() -> bool:
            with contextlib.suppress(OSError):
                peer.send(pings)
            return running.address.places.taken == 0

        poll(ping_until_free)


def test_two_hundred_connections_of_one_address_leave_room_for_others() -> None:
    receiver = MemoryReceiver()
    with dicom_address(receiver, max_connections_per_address=16) as running:
        flood = [socket.create_connection(("127.0.0.1", running.port)) for _ in range(200)]
        other = socket.create_connection(
            ("127.0.0.1", running.port), timeout=10, source_address=("127.0.0.2", 0)
        )
        peer = RawPeer.__new__(RawPeer)
        peer.socket = other
        with peer:
            assert peer.associate(REQUEST)[0] == PduType.ASSOCIATE_AC
            peer.send(command_pdus(store_command()) + data_pdus(b"data"))
            assert peer.read_command()[Element.STATUS] == 0
        for connection in flood:
            connection.close()
        poll(lambda: stores(running, receiver))


def trickle(peer: RawPeer, data: bytes, every_s: float) -> float:
    """Send byte by byte until the other side hangs up; seconds it took."""
    started = time.monotonic()
    peer.socket.settimeout(every_s)
    for at in range(len(data)):
        try:
            peer.send(data[at : at + 1])
            if not peer.socket.recv(100):
                break
        except TimeoutError:
            continue
        except OSError:
            break
    else:
        raise AssertionError("all of it was taken")
    return time.monotonic() - started
