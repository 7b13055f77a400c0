"""C-FIND at the DICOM address, with answers made up here: what is refused, what is said of errors, how it ends."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from tests.support.associations import RawPeer, command_pdus, data_pdus, request_for
from tests.support.receiving import MemoryReceiver, dicom_address

from isocenter.dimse.commands import A_DATA_SET, NO_DATA_SET, CommandField, CommandSet, Element
from isocenter.dimse.pdu import PduType
from isocenter.dimse.sop_classes import PATIENT_ROOT_FIND, STUDY_ROOT_FIND
from isocenter.errors import InvalidRequest, IsocenterError, Unavailable
from isocenter.ingest.ae_list import AeList
from isocenter.ingest.asking_streaming import Answers
from isocenter.ingest.identifier import MAX_IDENTIFIER_BYTES

SUCCESS, PENDING, IGNORED, CANCELLED = 0x0000, 0xFF00, 0xFF01, 0xFE00
NOT_AUTHORIZED, OUT_OF_RESOURCES, DOES_NOT_MATCH, UNABLE = 0x0124, 0xA700, 0xA900, 0xC001


class MadeUp:
    """Gives as many answers as it was told to, and remembers what was asked and whether it was heard out."""

    def __init__(
        self, count: int = 0, error: IsocenterError | None = None, *, keys_ignored: bool = False
    ) -> None:
        self.count = count
        self.error = error
        self.keys_ignored = keys_ignored
        self.asked: list[tuple[str, dict[str, object]]] = []
        self.given = 0

    def find(self, level: str, identifier: bytes, *, is_fuzzy: bool = False) -> Iterator[Answers]:
        assert not is_fuzzy  # nobody here negotiated it
        self.asked.append((level, json.loads(identifier)))
        if self.error is not None:
            raise self.error
        for number in range(self.count):
            self.given = number + 1
            answer = json.dumps({"00100020": {"vr": "LO", "Value": [f"P{number}"]}})
            yield Answers([answer.encode()], self.keys_ignored)


def identifier(level: str = "STUDY", **keys: str) -> bytes:
    data_set = Dataset()
    data_set.QueryRetrieveLevel = level
    for keyword, value in keys.items():
        setattr(data_set, keyword, value)
    file = DicomBytesIO()
    file.is_little_endian, file.is_implicit_VR = True, False
    write_dataset(file, data_set)
    return bytes(file.getvalue())


def find_command(sop_class_uid: str = STUDY_ROOT_FIND) -> CommandSet:
    return {
        Element.AFFECTED_SOP_CLASS_UID: sop_class_uid,
        Element.COMMAND_FIELD: CommandField.C_FIND_RQ,
        Element.MESSAGE_ID: 7,
        Element.PRIORITY: 0,
        Element.COMMAND_DATA_SET_TYPE: A_DATA_SET,
    }


def cancel_command(message_id: int = 7) -> CommandSet:
    return {
        Element.COMMAND_FIELD: CommandField.C_CANCEL_RQ,
        Element.MESSAGE_ID_BEING_RESPONDED_TO: message_id,
        Element.COMMAND_DATA_SET_TYPE: NO_DATA_SET,
    }


def answers(peer: RawPeer) -> list[int]:
    """Statuses of all answers to one question, the last that of its end; data sets are read and left."""
    found: list[int] = []
    while True:
        command = peer.read_command()
        status = command[Element.STATUS]
        assert isinstance(status, int)
        found.append(status)
        if status not in (PENDING, IGNORED):
            assert command[Element.COMMAND_DATA_SET_TYPE] == NO_DATA_SET
            return found
        assert peer.read_pdu()[0] == PduType.P_DATA_TF


def ask(
    questions: MadeUp,
    content: bytes | None = None,
    *,
    sop_class_uid: str = STUDY_ROOT_FIND,
    ae_list: AeList | None = None,
) -> list[int]:
    with (
        dicom_address(MemoryReceiver(), questions=questions, ae_list=ae_list) as running,
        RawPeer(running.port) as peer,
    ):
        assert peer.associate(request_for(sop_class_uid))[0] == PduType.ASSOCIATE_AC
        peer.send(command_pdus(find_command(sop_class_uid)))
        peer.send(data_pdus(identifier() if content is None else content))
        return answers(peer)


def test_every_match_is_pending_and_the_end_is_success() -> None:
    questions = MadeUp(3)
    assert ask(questions, identifier(PatientName="A*")) == [PENDING] * 3 + [SUCCESS]
    ((level, keys),) = questions.asked
    assert (level, keys["00100010"]) == ("STUDY", {"vr": "PN", "Value": [{"Alphabetic": "A*"}]})


def test_no_match_is_success_alone() -> None:
    assert ask(MadeUp()) == [SUCCESS]


def test_keys_that_were_not_matched_are_told() -> None:
    assert ask(MadeUp(1, keys_ignored=True)) == [IGNORED, SUCCESS]


@pytest.mark.parametrize(
    ("sop_class_uid", "level", "status"),
    [
        (PATIENT_ROOT_FIND, "PATIENT", SUCCESS),
        (STUDY_ROOT_FIND, "PATIENT", DOES_NOT_MATCH),
        (STUDY_ROOT_FIND, "FRAME", DOES_NOT_MATCH),
        (STUDY_ROOT_FIND, "", DOES_NOT_MATCH),
    ],
)
def test_level_is_one_of_the_information_model(sop_class_uid: str, level: str, status: int) -> None:
    assert ask(MadeUp(), identifier(level), sop_class_uid=sop_class_uid) == [status]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InvalidRequest("00080020: expected YYYYMMDD"), DOES_NOT_MATCH),
        (Unavailable("nobody"), OUT_OF_RESOURCES),
        (IsocenterError(), UNABLE),
    ],
)
def test_every_error_has_its_status(error: IsocenterError, status: int) -> None:
    assert ask(MadeUp(error=error)) == [status]


@pytest.mark.parametrize("content", [b"\xff" * 40, b"\x08\x00\x52\x00CS\xff\x7fSTUDY "])
def test_identifier_that_is_no_data_set_is_refused(content: bytes) -> None:
    assert ask(MadeUp(), content) == [DOES_NOT_MATCH]


def test_identifier_beyond_the_cap_is_drained_and_refused() -> None:
    questions = MadeUp()
    content = identifier(PatientComments="x") + b"\0" * MAX_IDENTIFIER_BYTES
    assert ask(questions, content) == [OUT_OF_RESOURCES]
    assert not questions.asked


def test_caller_that_may_only_send_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ae.toml"
    path.write_text('[[ae]]\ntitle = "TESTER"\nmay_send = true')
    questions = MadeUp(3)
    assert ask(questions, ae_list=AeList(path)) == [NOT_AUTHORIZED]
    assert not questions.asked


def test_cancelled_question_ends_as_cancelled_and_the_association_goes_on() -> None:
    questions = MadeUp(1_000_000)
    with (
        dicom_address(MemoryReceiver(), questions=questions) as running,
        RawPeer(running.port) as peer,
    ):
        assert peer.associate(request_for(STUDY_ROOT_FIND))[0] == PduType.ASSOCIATE_AC
        peer.send(command_pdus(find_command()) + data_pdus(identifier()))
        assert peer.read_command()[Element.STATUS] == PENDING
        assert peer.read_pdu()[0] == PduType.P_DATA_TF
        peer.send(command_pdus(cancel_command(message_id=8)))  # of another message: not heard
        peer.send(command_pdus(cancel_command()))
        assert answers(peer)[-1] == CANCELLED
        assert questions.given < questions.count
        questions.count = 1
        peer.send(command_pdus(find_command()) + data_pdus(identifier()))
        assert answers(peer) == [PENDING, SUCCESS]


def test_peer_that_leaves_in_the_middle_ends_the_question() -> None:
    questions = MadeUp(1_000_000)
    with (
        dicom_address(MemoryReceiver(), questions=questions) as running,
        RawPeer(running.port) as peer,
    ):
        assert peer.associate(request_for(STUDY_ROOT_FIND))[0] == PduType.ASSOCIATE_AC
        peer.send(command_pdus(find_command()) + data_pdus(identifier()))
        assert peer.read_command()[Element.STATUS] == PENDING
    assert questions.given < questions.count


def test_another_request_while_one_is_served_aborts() -> None:
    questions = MadeUp(1_000_000)
    with (
        dicom_address(MemoryReceiver(), questions=questions) as running,
        RawPeer(running.port) as peer,
    ):
        assert peer.associate(request_for(STUDY_ROOT_FIND))[0] == PduType.ASSOCIATE_AC
        peer.send(command_pdus(find_command()) + data_pdus(identifier()))
        assert peer.read_command()[Element.STATUS] == PENDING
        assert peer.read_pdu()[0] == PduType.P_DATA_TF
        peer.send(command_pdus(find_command()))
        kind = PduType.P_DATA_TF
        while kind == PduType.P_DATA_TF:
            kind = PduType(peer.read_pdu()[0])
        assert kind == PduType.ABORT
