"""Our side of an association that we ask for: what arrives, and other sides that are not well."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest
from tests.support.associations import (
    CT_IMAGE_STORAGE,
    EXPLICIT,
    VERIFICATION,
    request_for,
    store_command,
)
from tests.support.poll import poll
from tests.support.receiving import MemoryReceiver, dicom_address

from isocenter.dimse.associate import (
    AnsweredContext,
    AssociateAccept,
    ContextResult,
    encode_associate_accept,
)
from isocenter.dimse.commands import Element
from isocenter.dimse.faults import PeerClosed, PeerIdle, ProtocolViolation
from isocenter.dimse.limits import Patience
from isocenter.dimse.pdu import PduType, encode_pdu
from isocenter.dimse.requestor import AssociationRejected, Requestor
from isocenter.dimse.user_information import UserInformation
from isocenter.errors import StorageFailed
from isocenter.ingest.ae_list import AeList

PATIENT = Patience()
HASTY = Patience(artim_s=0.2, idle_s=0.2, send_s=0.2)
REQUEST = request_for(CT_IMAGE_STORAGE, VERIFICATION, transfer_syntaxes=[EXPLICIT])


@contextmanager
def answering(answer: bytes) -> Iterator[tuple[str, int]]:
    """A server that says one thing, whatever it is asked, and then nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken: list[socket.socket] = []

        def serve() -> None:
            connection, _ = server.accept()
            taken.append(connection)
            connection.sendall(answer)

        thread = Thread(target=serve)
        thread.start()
        yield server.getsockname()[:2]
        thread.join()
        taken[0].close()


@pytest.mark.parametrize(
    "pieces",
    [[b"x" * 100], [b"a" * 70_000, b"b" * 1_000_001, b"", b"c"], [b"odd", b"and", b"o" * 300_001]],
)
def test_data_set_arrives_whole_however_it_is_given(pieces: list[bytes]) -> None:
    receiver = MemoryReceiver()
    with dicom_address(receiver) as running:
        association = Requestor(("127.0.0.1", running.port), REQUEST, PATIENT)
        assert {context.abstract_syntax for context in association.contexts.values()} == {
            CT_IMAGE_STORAGE,
            VERIFICATION,
        }
        for _ in range(2):
            response = association.send(1, store_command(), iter(pieces))
            assert response[Element.STATUS] == 0
        association.release()
        association.release()
    whole = b"".join(pieces)
    padded = whole + b"\0" * (len(whole) % 2)  # no fragment is odd
    assert [one.data_set for one in receiver.stored] == [padded] * 2


def test_data_set_that_breaks_off_is_never_taken_for_whole() -> None:
    def broken() -> Iterator[bytes]:
        yield b"x" * 300_000
        yield b"x" * 300_000
        raise StorageFailed

    receiver = MemoryReceiver()
    with dicom_address(receiver) as running:
        association = Requestor(("127.0.0.1", running.port), REQUEST, PATIENT)
        with pytest.raises(StorageFailed):
            association.send(1, store_command(), broken())
        association.abort()
        poll(lambda: receiver.discarded == 1)
    assert receiver.stored == []


def test_rejection_is_told(tmp_path: Path) -> None:
    path = tmp_path / "ae.toml"
    path.write_text('[[ae]]\ntitle = "TESTER"\naddress = "10.0.0.1"\nmay_send = true')
    with (
        dicom_address(MemoryReceiver(), ae_list=AeList(path)) as running,
        pytest.raises(AssociationRejected, match="result 1, source 1, 3"),
    ):
        Requestor(("127.0.0.1", running.port), REQUEST, PATIENT)


def test_nobody_there_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()[:2]
    with pytest.raises(OSError, match="refused"):
        Requestor(address, REQUEST, PATIENT)


def test_other_side_that_stops_reading_is_left_and_aborting_it_does_no_harm() -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield b"x" * 100_000

    accept = AssociateAccept(
        "STORE",
        "TESTER",
        (AnsweredContext(1, ContextResult.ACCEPTANCE, EXPLICIT),),
        UserInformation(16_384, "1.2.3"),
    )
    with answering(encode_pdu(PduType.ASSOCIATE_AC, encode_associate_accept(accept))) as address:
        association = Requestor(address, REQUEST, HASTY)
        with pytest.raises(PeerIdle):
            association.send(1, store_command(), endless())
        association.abort()
        association.release()


def test_silence_ends() -> None:
    with answering(b"") as address, pytest.raises(PeerIdle):
        Requestor(address, REQUEST, HASTY)


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (encode_pdu(PduType.ABORT, bytes(4)), PeerClosed),
        (encode_pdu(PduType.RELEASE_RQ, bytes(4)), PeerClosed),
        (encode_pdu(PduType.P_DATA_TF, b"\0\0\0\2\1\3"), ProtocolViolation),
        (encode_pdu(PduType.ASSOCIATE_AC, b"short"), ProtocolViolation),
        (b"HTTP/1.1 400 Bad Request\r\n", ProtocolViolation),
        (b"\2\0\xff\xff\xff\xff", ProtocolViolation),
    ],
)
def test_answers_that_are_none_end_it(answer: bytes, fault: type[Exception]) -> None:
    with answering(answer) as address, pytest.raises(fault):
        Requestor(address, REQUEST, HASTY)
