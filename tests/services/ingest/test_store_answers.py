"""What a sender hears when a data set cannot be stored; the association lives on."""

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
from tests.support.receiving import MemoryReceiver, dicom_address

from isocenter.dimse.commands import NO_DATA_SET, CommandSet, Element
from isocenter.errors import Busy, InvalidInstance, LimitExceeded, OutOfSpace, StorageFailed
from isocenter.ingest.sinks import SopMismatch

REQUEST = request_for(CT_IMAGE_STORAGE, VERIFICATION)
DATA = bytes(100_000)


def answer(
    receiver: MemoryReceiver, command: CommandSet | None = None, context_id: int = 1
) -> CommandSet:
    """The response to one C-STORE, after which an echo still works."""
    with dicom_address(receiver) as running, RawPeer(running.port) as peer:
        peer.associate(REQUEST)
        asked = command or store_command()
        peer.send(command_pdus(asked, context_id))
        if asked[Element.COMMAND_DATA_SET_TYPE] != NO_DATA_SET:
            peer.send(data_pdus(DATA, context_id))
        response = peer.read_command()
        peer.send(command_pdus(echo_command(7), context_id=3))
        assert peer.read_command()[Element.MESSAGE_ID_BEING_RESPONDED_TO] == 7
    return response


def test_success_repeats_the_names() -> None:
    response = answer(MemoryReceiver())
    del response[Element.COMMAND_GROUP_LENGTH]
    assert response == {
        Element.AFFECTED_SOP_CLASS_UID: CT_IMAGE_STORAGE,
        Element.COMMAND_FIELD: 0x8001,
        Element.MESSAGE_ID_BEING_RESPONDED_TO: 1,
        Element.COMMAND_DATA_SET_TYPE: NO_DATA_SET,
        Element.STATUS: 0x0000,
        Element.AFFECTED_SOP_INSTANCE_UID: "1.2.3.4.5",
    }


@pytest.mark.parametrize("error", [Busy(), OutOfSpace(), StorageFailed()])
def test_refusal_at_the_command_drains_the_data_set(error: Exception) -> None:
    receiver = MemoryReceiver(begin_error=error)
    assert answer(receiver)[Element.STATUS] == 0xA700
    assert receiver.count == 0


@pytest.mark.parametrize(
    ("error", "status"),
    [(LimitExceeded(), 0xC010), (OutOfSpace(), 0xA700), (OSError(28, "secret path"), 0x0110)],
)
def test_failure_inside_the_data_set_drains_the_rest(error: Exception, status: int) -> None:
    receiver = MemoryReceiver(write_error=error, write_error_after=20_000)
    response = answer(receiver)
    assert response[Element.STATUS] == status
    assert "secret" not in str(response)
    assert (receiver.count, receiver.discarded) == (0, 1)


def test_failure_at_the_end_is_never_success() -> None:
    receiver = MemoryReceiver(finish_error=StorageFailed())
    assert answer(receiver)[Element.STATUS] == 0xA700


def test_quarantine_names_reason_and_element() -> None:
    reason = InvalidInstance("Study Instance UID is missing", tag="0020000D")
    response = answer(MemoryReceiver(quarantine=reason))
    assert response[Element.STATUS] == 0xC000
    assert response[Element.ERROR_COMMENT] == "Study Instance UID is missing"
    assert response[Element.OFFENDING_ELEMENT] == (0x0020000D,)


def test_mismatch_with_the_command_has_its_own_status() -> None:
    assert answer(MemoryReceiver(quarantine=SopMismatch()))[Element.STATUS] == 0xA900


def test_comment_is_cut_and_printable() -> None:
    response = answer(MemoryReceiver(quarantine=InvalidInstance("a\\b\u00e9" + "c" * 100)))
    assert response[Element.ERROR_COMMENT] == "a?b?" + "c" * 60


def test_store_on_the_verification_context_is_not_supported() -> None:
    assert answer(MemoryReceiver(), context_id=3)[Element.STATUS] == 0x0122


def test_store_without_a_data_set_is_not_understood() -> None:
    command = {**store_command(), Element.COMMAND_DATA_SET_TYPE: NO_DATA_SET}
    receiver = MemoryReceiver()
    assert answer(receiver, command)[Element.STATUS] == 0xC000
    assert receiver.begun == 0


def test_unknown_operation_is_unrecognized() -> None:
    command = {**store_command(), Element.COMMAND_FIELD: 0x0020}
    assert answer(MemoryReceiver(), command)[Element.STATUS] == 0x0211


@pytest.mark.parametrize("name", ["../../etc/passwd", "1." * 40, "1.2\x003"])
def test_hostile_name_comes_to_the_core_bounded_and_never_valid(name: str) -> None:
    receiver = MemoryReceiver()
    answer(receiver, store_command(sop_instance_uid=name))
    assert receiver.stored[0].sop_instance_uid == name[:65]


def test_cancel_of_nothing_is_not_answered() -> None:
    with dicom_address(MemoryReceiver()) as running, RawPeer(running.port) as peer:
        peer.associate(REQUEST)
        cancel: CommandSet = {
            Element.COMMAND_FIELD: 0x0FFF,
            Element.MESSAGE_ID_BEING_RESPONDED_TO: 1,
            Element.COMMAND_DATA_SET_TYPE: NO_DATA_SET,
        }
        peer.send(command_pdus(cancel) + command_pdus(echo_command(9), context_id=3))
        assert peer.read_command()[Element.MESSAGE_ID_BEING_RESPONDED_TO] == 9
