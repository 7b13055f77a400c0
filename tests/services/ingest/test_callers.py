"""Who may come in, and what each may do; every refusal has its code."""

from pathlib import Path

import pytest
from tests.support.associations import (
    CT_IMAGE_STORAGE,
    VERIFICATION,
    RawPeer,
    command_pdus,
    data_pdus,
    echo_command,
    request_for,
    store_command,
)
from tests.support.receiving import MemoryReceiver, Running, dicom_address

from isocenter.dimse.associate import AssociateRequest
from isocenter.dimse.commands import Element
from isocenter.dimse.pdu import RELEASE_RQ, PduType
from isocenter.ingest.ae_list import AeList

REQUEST = request_for(CT_IMAGE_STORAGE, VERIFICATION)
EVERYWHERE = "0.0.0.0"  # noqa: S104  (what `--listen` does)


def ae_list(folder: Path, content: str, *, accept_unknown: bool = False) -> AeList:
    path = folder / "ae.toml"
    path.write_text(content)
    return AeList(path, accept_unknown=accept_unknown)


def rejection(running: Running, request: AssociateRequest = REQUEST) -> tuple[int, int, int]:
    """Result, source and reason, or zeros when the association was accepted."""
    with RawPeer(running.port) as peer:
        kind, content = peer.associate(request)
        if kind == PduType.ASSOCIATE_AC:
            return (0, 0, 0)
        assert kind == PduType.ASSOCIATE_RJ
        return content[1], content[2], content[3]


def store_status(running: Running) -> int:
    with RawPeer(running.port) as peer:
        assert peer.associate(REQUEST)[0] == PduType.ASSOCIATE_AC
        peer.send(command_pdus(store_command()) + data_pdus(b"data"))
        status = peer.read_command()[Element.STATUS]
        assert isinstance(status, int)
        peer.send(command_pdus(echo_command(), context_id=3))
        assert peer.read_command()[Element.STATUS] == 0
        return status


def test_unknown_caller_may_send_on_loopback() -> None:
    with dicom_address(MemoryReceiver()) as running:
        assert store_status(running) == 0


def test_unknown_caller_is_rejected_off_loopback() -> None:
    with dicom_address(MemoryReceiver(), host=EVERYWHERE) as running:
        assert rejection(running) == (1, 1, 3)
        assert running.denied == ["TESTER store"]


def test_unknown_caller_may_send_off_loopback_when_it_was_said_so() -> None:
    unknown = AeList(None, accept_unknown=True)
    with dicom_address(MemoryReceiver(), host=EVERYWHERE, ae_list=unknown) as running:
        assert store_status(running) == 0


def test_listed_caller_may_send_off_loopback(tmp_path: Path) -> None:
    listed = ae_list(tmp_path, '[[ae]]\ntitle = "TESTER"\naddress = "127.0.0.1"\nmay_send = true')
    with dicom_address(MemoryReceiver(), host=EVERYWHERE, ae_list=listed) as running:
        assert store_status(running) == 0


def test_listed_caller_that_may_not_send_is_refused_per_message(tmp_path: Path) -> None:
    listed = ae_list(tmp_path, '[[ae]]\ntitle = "TESTER"\nmay_ask = true')
    receiver = MemoryReceiver()
    with dicom_address(receiver, ae_list=listed) as running:
        assert store_status(running) == 0x0124
        assert running.denied == ["TESTER store"]
    assert receiver.begun == 0


def test_listed_title_from_elsewhere_is_nobody_even_on_loopback(tmp_path: Path) -> None:
    listed = ae_list(tmp_path, '[[ae]]\ntitle = "TESTER"\naddress = "10.0.0.0/8"\nmay_send = true')
    with dicom_address(MemoryReceiver(), ae_list=listed) as running:
        assert rejection(running) == (1, 1, 3)


def test_ae_list_is_read_again_when_it_changes(tmp_path: Path) -> None:
    listed = ae_list(tmp_path, "")
    with dicom_address(MemoryReceiver(), host=EVERYWHERE, ae_list=listed) as running:
        assert rejection(running) == (1, 1, 3)
        (tmp_path / "ae.toml").write_text('[[ae]]\ntitle = "TESTER"\nmay_send = true')
        assert store_status(running) == 0


def test_other_called_title_is_rejected_only_when_strict() -> None:
    other = request_for(VERIFICATION, called="SOMEBODY")
    with dicom_address(MemoryReceiver()) as running:
        assert rejection(running, other) == (0, 0, 0)
    with dicom_address(MemoryReceiver(), strict_called_ae_title=True) as running:
        assert rejection(running, other) == (1, 1, 7)
        assert rejection(running) == (0, 0, 0)


def test_association_beyond_the_limit_is_rejected_as_transient() -> None:
    with (
        dicom_address(MemoryReceiver(), max_associations=1) as running,
        RawPeer(running.port) as first,
    ):
        assert first.associate(REQUEST)[0] == PduType.ASSOCIATE_AC
        assert rejection(running) == (2, 3, 2)
        first.send(RELEASE_RQ)
        assert first.read_pdu()[0] == PduType.RELEASE_RP


def test_place_comes_back_after_release() -> None:
    with dicom_address(MemoryReceiver(), max_associations=1) as running:
        for _ in range(5):
            with RawPeer(running.port) as peer:
                while peer.associate(REQUEST)[0] != PduType.ASSOCIATE_AC:
                    peer.socket.close()
                    peer.__init__(running.port)  # type: ignore[misc]  # the last one is still closing
                peer.send(RELEASE_RQ)
                assert peer.read_pdu()[0] == PduType.RELEASE_RP


def test_nobody_comes_in_below_the_watermark() -> None:
    with dicom_address(MemoryReceiver(), accepting=lambda: False) as running:
        assert rejection(running) == (2, 3, 1)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"protocol_version": 2}, (1, 2, 2)),
        ({"application_context": "1.2.3"}, (1, 1, 2)),
    ],
)
def test_other_protocol_is_rejected(
    changes: dict[str, object], expected: tuple[int, int, int]
) -> None:
    request = AssociateRequest(
        REQUEST.called_ae_title,
        REQUEST.calling_ae_title,
        REQUEST.contexts,
        REQUEST.user,
        **changes,  # type: ignore[arg-type]  # two fields of different types
    )
    with dicom_address(MemoryReceiver()) as running:
        assert rejection(running, request) == expected
