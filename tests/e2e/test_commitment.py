"""Storage Commitment with a foreign sender: only what was read again and found sound is committed."""

from collections.abc import Iterator
from io import BytesIO
from queue import Queue

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom import AE, evt
from pynetdicom.sop_class import StorageCommitmentPushModel
from tests.support.commanded import Commanded, platform_that_knows
from tests.support.part10 import SECONDARY_CAPTURE, part10
from tests.support.senders import fresh_uid

COMMITMENT = StorageCommitmentPushModel
INSTANCE = "1.2.840.10008.1.20.1.1"
EXPLICIT = "1.2.840.10008.1.2.1"
Report = tuple[int, Dataset]
NO_SUCH_INSTANCE, PROCESSING_FAILURE, CLASS_CONFLICT = 0x0112, 0x0110, 0x0119


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[Commanded]:
    known = f"""
[[ae]]
title = "LISTED"
address = "127.0.0.1"
port = {port}
may_send = true

[[ae]]
title = "READER"
may_ask = true
"""
    with platform_that_knows(known, tmp_path_factory.mktemp("committing")) as running:
        yield running


def send(archive: Commanded, *sops: str) -> None:
    ae = AE("SENDER")
    ae.add_requested_context(SECONDARY_CAPTURE, EXPLICIT)
    association = ae.associate("127.0.0.1", archive.dicom_port)
    study, series = fresh_uid(), fresh_uid()
    for sop in sops:
        content = dcmread(BytesIO(part10(sop, study, series)))
        assert association.send_c_store(content).Status == 0
    association.release()


def request(*sops: str, sop_class: str = SECONDARY_CAPTURE) -> Dataset:
    asked = Dataset()
    asked.TransactionUID = generate_uid()
    asked.ReferencedSOPSequence = []
    for sop in sops:
        item = Dataset()
        item.ReferencedSOPClassUID = sop_class
        item.ReferencedSOPInstanceUID = sop
        asked.ReferencedSOPSequence.append(item)
    return asked


def commit(archive: Commanded, asked: Dataset, title: str = "SENDER") -> tuple[int, Report | None]:
    """Ask, and wait on the same association for the report."""
    reports: Queue[Report] = Queue()

    def heard(event: evt.Event) -> tuple[int, None]:
        reports.put((event.event_type, event.event_information))
        return 0, None

    ae = AE(title)
    ae.add_requested_context(COMMITMENT)
    handlers = [(evt.EVT_N_EVENT_REPORT, heard)]
    association = ae.associate("127.0.0.1", archive.dicom_port, evt_handlers=handlers)
    status, _ = association.send_n_action(asked, 1, COMMITMENT, INSTANCE)
    report = reports.get(timeout=60) if status.Status == 0 and title != "LISTED" else None
    association.release()
    return status.Status, report


def test_what_was_sent_this_moment_is_committed(archive: Commanded) -> None:
    sops = [fresh_uid() for _ in range(20)]
    send(archive, *sops)
    asked = request(*sops)
    status, report = commit(archive, asked)
    assert status == 0
    assert report is not None
    kind, content = report
    assert kind == 1
    assert content.TransactionUID == asked.TransactionUID
    assert [one.ReferencedSOPInstanceUID for one in content.ReferencedSOPSequence] == sops
    assert "FailedSOPSequence" not in content


def test_listed_sender_hears_it_on_an_association_of_ours(archive: Commanded, port: int) -> None:
    sop = fresh_uid()
    send(archive, sop)
    reports: Queue[Report] = Queue()

    def heard(event: evt.Event) -> tuple[int, None]:
        reports.put((event.event_type, event.event_information))
        return 0, None

    ae = AE("LISTED")
    ae.add_supported_context(COMMITMENT, scu_role=True, scp_role=True)
    server = ae.start_server(
        ("127.0.0.1", port), block=False, evt_handlers=[(evt.EVT_N_EVENT_REPORT, heard)]
    )
    assert server is not None
    try:
        status, _ = commit(archive, request(sop), "LISTED")
        assert status == 0
        kind, content = reports.get(timeout=60)
    finally:
        server.shutdown()
    assert kind == 1
    assert content.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == sop


def test_changed_byte_unknown_name_and_other_class_are_in_the_failed_list(
    archive: Commanded,
) -> None:
    good, harmed, of_other_class = (fresh_uid() for _ in range(3))
    send(archive, good, harmed, of_other_class)
    archive.until_settled()
    (path,) = (archive.data / "archive").rglob(f"{harmed}~*.dcm")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    missing = fresh_uid()
    asked = request(good, harmed, missing)
    asked.ReferencedSOPSequence += request(of_other_class, sop_class="1.2.3").ReferencedSOPSequence
    _, report = commit(archive, asked)
    assert report is not None
    kind, told = report
    assert kind == 2
    assert [one.ReferencedSOPInstanceUID for one in told.ReferencedSOPSequence] == [good]
    reasons = {one.ReferencedSOPInstanceUID: one.FailureReason for one in told.FailedSOPSequence}
    assert reasons == {
        harmed: PROCESSING_FAILURE,
        missing: NO_SUCH_INSTANCE,
        of_other_class: CLASS_CONFLICT,
    }


def test_sender_that_is_gone_before_the_report_does_no_harm(archive: Commanded) -> None:
    ae = AE("SENDER")
    ae.add_requested_context(COMMITMENT)
    association = ae.associate("127.0.0.1", archive.dicom_port)
    status, _ = association.send_n_action(request(fresh_uid()), 1, COMMITMENT, INSTANCE)
    assert status.Status == 0
    association.abort()
    send(archive, fresh_uid())


def test_caller_that_may_not_send_is_refused(archive: Commanded) -> None:
    assert commit(archive, request(fresh_uid()), "READER") == (0x0124, None)


@pytest.mark.parametrize("what", ["nothing", "no transaction"])
def test_request_that_asks_for_nothing_is_refused(archive: Commanded, what: str) -> None:
    asked = request() if what == "nothing" else request(fresh_uid())
    if what == "no transaction":
        del asked.TransactionUID
    assert commit(archive, asked) == (0x0115, None)
