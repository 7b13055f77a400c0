"""C-GET and C-MOVE with foreign clients over all real files: what arrives is what was stored, whoever takes it."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom import AE, build_role, evt
from tests.support import foreign
from tests.support.commanded import Commanded, platform_that_knows
from tests.support.data_sets import text
from tests.support.dicom_files import real_files
from tests.support.part10 import part10
from tests.support.receivers import storescp as receiver
from tests.support.senders import fresh_uid

STUDY_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
STUDY_GET = "1.2.840.10008.5.1.4.1.2.2.3"
PATIENT_GET = "1.2.840.10008.5.1.4.1.2.1.3"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
KNOWN_TO_DCMTK = {EXPLICIT, IMPLICIT, *foreign.PROPOSED}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[Commanded]:
    """All real files, and one workstation that they may be moved to."""
    known = f"""
[[ae]]
title = "WS1"
address = "127.0.0.1"
port = {port}
may_ask = true

[[ae]]
title = "GONE"
address = "127.0.0.1"
port = 1

[[ae]]
title = "NARROW"
may_ask = true
moves_to = ["GONE"]

[[ae]]
title = "CT1"
may_send = true
"""
    folders = sorted({file.path.parent for file in real_files()})
    with platform_that_knows(known, tmp_path_factory.mktemp("archive")) as running:
        running.cli("import", *folders, code=1)  # some are broken
        running.until_settled()
        yield running


def studies(archive: Commanded) -> list[str]:
    found = archive.get("/dicom-web/studies", params={"limit": 1000}).json()
    return [one["0020000D"]["Value"][0] for one in found]


def instances(archive: Commanded, **asked: str) -> list[dict[str, Any]]:
    answer = archive.get("/dicom-web/instances", params={"limit": "5000", **asked})
    found: list[dict[str, Any]] = answer.json()
    return found


def original(archive: Commanded, one: dict[str, Any]) -> tuple[str, bytes]:
    """Transfer syntax and data set as they are stored."""
    study, series, sop = (one[tag]["Value"][0] for tag in ("0020000D", "0020000E", "00080018"))
    path = f"/dicom-web/studies/{study}/series/{series}/instances/{sop}"
    answer = archive.get(path, headers={"Accept": "application/dicom; transfer-syntax=*"})
    assert answer.status_code == 200
    syntax = answer.headers["Content-Type"].partition("transfer-syntax=")[2]
    return syntax, data_set(answer.content)


def explicit_study(archive: Commanded) -> list[dict[str, Any]]:
    """The instances of a CT study that is stored without compression."""
    for one in instances(archive, Modality="CT"):
        of_study = instances(archive, StudyInstanceUID=one["0020000D"]["Value"][0])
        if {original(archive, each)[0] for each in of_study} == {EXPLICIT}:
            return of_study
    raise AssertionError("no such study")


def data_set(file: bytes) -> bytes:
    """What lies behind preamble and File Meta."""
    return file[144 + int.from_bytes(file[140:144], "little") :]


def samples_of(archive: Commanded, one: Dataset) -> Any:
    """The pixels as they are stored, decoded by pydicom."""
    path = (
        f"/dicom-web/studies/{one.StudyInstanceUID}/series/{one.SeriesInstanceUID}"
        f"/instances/{one.SOPInstanceUID}"
    )
    answer = archive.get(path, headers={"Accept": "application/dicom; transfer-syntax=*"})
    return dcmread(BytesIO(answer.content)).pixel_array


def move(archive: Commanded, destination: str, *keys: str) -> str:
    command = ["movescu", "-v", "-S", "-aet", "WS1", "-aem", destination]
    for key in keys:
        command += ["-k", key]
    done = foreign.run(*command, "127.0.0.1", str(archive.dicom_port))
    return done.stdout + done.stderr


def keys(level: str, **values: Any) -> Dataset:
    found = Dataset()
    found.QueryRetrieveLevel = level
    for keyword, value in values.items():
        setattr(found, keyword, value)
    return found


def test_every_study_moves_bit_by_bit(archive: Commanded, port: int, tmp_path: Path) -> None:
    wanted = [original(archive, one) for one in instances(archive)]
    with receiver(tmp_path / "ws1", port, "+xa", "--promiscuous"):
        for study in studies(archive):
            told = move(archive, "WS1", "QueryRetrieveLevel=STUDY", f"StudyInstanceUID={study}")
            assert "Final Move Response" in told
    arrived = {data_set(path.read_bytes()) for path in (tmp_path / "ws1").iterdir()}
    taken = [
        content + b"\0" * (len(content) % 2)  # DIMSE has no odd fragments (PS3.8 E.1)
        for syntax, content in wanted
        if syntax in KNOWN_TO_DCMTK
    ]
    # what storescp has no transfer syntax for it gets without compression
    assert set(taken) <= arrived
    assert len(taken) < len(wanted) == len(arrived)


@contextmanager
def taking_only(syntax: str, port: int, classes: set[str]) -> Iterator[list[Dataset]]:
    """A receiver of one transfer syntax; what it got."""
    taken: list[Dataset] = []

    def take(event: evt.Event) -> int:
        event.dataset.file_meta = event.file_meta
        taken.append(event.dataset)
        return 0

    ae = AE("WS1")
    for sop_class in classes:
        ae.add_supported_context(sop_class, syntax)
    handlers = [(evt.EVT_C_STORE, take)]
    server = ae.start_server(("127.0.0.1", port), block=False, evt_handlers=handlers)
    assert server is not None
    try:
        yield taken
    finally:
        server.shutdown()


@pytest.mark.parametrize(
    "syntax",
    [
        IMPLICIT,
        EXPLICIT,
        "1.2.840.10008.1.2.4.70",
        "1.2.840.10008.1.2.4.80",
        "1.2.840.10008.1.2.4.90",
        "1.2.840.10008.1.2.5",
    ],
)
def test_receiver_that_takes_one_syntax_gets_it_with_equal_pixels(
    archive: Commanded, port: int, syntax: str
) -> None:
    found = [one for one in instances(archive, Modality="MR")][:6]
    classes = {one["00080016"]["Value"][0] for one in found}
    with taking_only(syntax, port, classes) as taken:
        for one in found:
            told = move(
                archive,
                "WS1",
                "QueryRetrieveLevel=IMAGE",
                f"StudyInstanceUID={one['0020000D']['Value'][0]}",
                f"SeriesInstanceUID={one['0020000E']['Value'][0]}",
                f"SOPInstanceUID={one['00080018']['Value'][0]}",
            )
            assert "Final Move Response (Success)" in told
    assert len(taken) == len(found)
    for arrived in taken:
        assert arrived.file_meta.TransferSyntaxUID == syntax
        assert np.array_equal(arrived.pixel_array, samples_of(archive, arrived))


def test_destination_that_is_not_listed_is_unknown(archive: Commanded) -> None:
    told = move(archive, "NOBODY", "QueryRetrieveLevel=STUDY", "StudyInstanceUID=1.2.3")
    assert "MoveDestinationUnknown" in told


def test_destination_that_does_not_answer_fails_all_of_it(archive: Commanded) -> None:
    told = move(
        archive, "GONE", "QueryRetrieveLevel=STUDY", f"StudyInstanceUID={studies(archive)[0]}"
    )
    assert "Final Move Response (Refused: OutOfResourcesSubOperations)" in told


def test_nothing_wanted_is_success(archive: Commanded) -> None:
    told = move(archive, "GONE", "QueryRetrieveLevel=STUDY", "StudyInstanceUID=1.2.3")
    assert "Final Move Response (Success)" in told


def get(
    archive: Commanded,
    asked: Dataset,
    root: str,
    classes: dict[str, list[str]],
    *,
    status: int = 0,
    title: str = "WS1",
) -> tuple[list[Any], list[Dataset], list[bytes]]:
    """What came of a C-GET: all statuses, the last data set, and the data sets that arrived."""
    taken: list[bytes] = []

    def take(event: evt.Event) -> int:
        taken.append(event.request.DataSet.getvalue())
        return status

    ae = AE(title)
    ae.add_requested_context(root)
    roles = []
    for sop_class, syntaxes in classes.items():
        ae.add_requested_context(sop_class, syntaxes)
        roles.append(build_role(sop_class, scp_role=True))
    association = ae.associate(
        "127.0.0.1",
        archive.dicom_port,
        ae_title="ISOCENTER",
        ext_neg=roles,
        evt_handlers=[(evt.EVT_C_STORE, take)],
    )
    assert association.is_established
    try:
        told = list(association.send_c_get(asked, root))
    finally:
        association.release()
    return [one for one, _ in told], [one for _, one in told], taken


def classes_of(found: list[dict[str, Any]]) -> dict[str, list[str]]:
    return {one["00080016"]["Value"][0]: [EXPLICIT] for one in found}


def test_study_is_got_on_the_same_association(archive: Commanded, tmp_path: Path) -> None:
    of_study = explicit_study(archive)
    study = of_study[0]["0020000D"]["Value"][0]
    done = foreign.run(
        "getscu", "-v", "-S", "+B", "-od", str(tmp_path), "-k", "QueryRetrieveLevel=STUDY",
        "-k", f"StudyInstanceUID={study}", "127.0.0.1", str(archive.dicom_port),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(list(tmp_path.iterdir())) == len(of_study)


def test_receivers_answers_are_counted_and_failures_named(archive: Commanded) -> None:
    of_study = explicit_study(archive)
    study = of_study[0]["0020000D"]["Value"][0]
    statuses, data_sets, taken = get(
        archive,
        keys("STUDY", StudyInstanceUID=study),
        STUDY_GET,
        classes_of(of_study),
        status=0xA700,
    )
    assert len(taken) == len(of_study)
    last = statuses[-1]
    assert (last.Status, last.NumberOfFailedSuboperations) == (0xA702, len(of_study))
    failed = data_sets[-1].FailedSOPInstanceUIDList
    names = [failed] if isinstance(failed, UID | str) else list(failed)
    assert sorted(names) == sorted(one["00080018"]["Value"][0] for one in of_study)


def test_class_the_peer_does_not_take_is_failed_and_the_rest_goes_on(archive: Commanded) -> None:
    statuses, _, taken = get(
        archive,
        keys("STUDY", StudyInstanceUID=studies(archive)),
        STUDY_GET,
        {SECONDARY_CAPTURE: [EXPLICIT]},
    )
    last = statuses[-1]
    captures = instances(archive, SOPClassUID=SECONDARY_CAPTURE)
    assert last.NumberOfCompletedSuboperations == len(taken) <= len(captures)
    assert last.NumberOfCompletedSuboperations + last.NumberOfFailedSuboperations == len(
        instances(archive)
    )
    assert last.Status == 0xB000 if taken else 0xA702


def test_caller_that_may_only_send_gets_nothing(archive: Commanded) -> None:
    asked = keys("STUDY", StudyInstanceUID=studies(archive)[0])
    (status,), _, taken = get(
        archive, asked, STUDY_GET, {SECONDARY_CAPTURE: [EXPLICIT]}, title="CT1"
    )
    assert (status.Status, taken) == (0x0124, [])


def test_caller_may_be_kept_to_its_own_destinations(archive: Commanded) -> None:
    done = foreign.run(
        "movescu", "-v", "-S", "-aet", "NARROW", "-aem", "WS1", "-k", "QueryRetrieveLevel=STUDY",
        "-k", "StudyInstanceUID=1.2.3", "127.0.0.1", str(archive.dicom_port),
    )  # fmt: skip
    assert "MoveDestinationUnknown" in done.stdout + done.stderr


def test_patient_id_of_two_people_names_nobody(archive: Commanded, tmp_path: Path) -> None:
    folder = tmp_path / "two"
    folder.mkdir()
    for issuer in ("NORTH", "SOUTH"):
        content = part10(fresh_uid(), fresh_uid(), fresh_uid(), name=f"{issuer}^Doe")
        content = content.replace(
            text(0x00100020, "LO", "4711"),
            text(0x00100020, "LO", "TWO") + text(0x00100021, "LO", issuer),
        )
        (folder / issuer).write_bytes(content)
    archive.json("import", folder)
    archive.until_settled()
    asked = keys("PATIENT", PatientID="TWO")
    (status,), _, taken = get(archive, asked, PATIENT_GET, {SECONDARY_CAPTURE: [EXPLICIT]})
    assert (status.Status, taken) == (0xA900, [])
    assert "issuer" in status.ErrorComment
    asked.IssuerOfPatientID = "SOUTH"
    statuses, _, taken = get(archive, asked, PATIENT_GET, {SECONDARY_CAPTURE: [EXPLICIT]})
    assert statuses[-1].Status == 0
    (content,) = taken
    assert b"SOUTH^Doe" in content


@pytest.mark.parametrize("level", ["SERIES", "IMAGE"])
def test_unique_keys_above_the_level_are_needed(archive: Commanded, level: str) -> None:
    asked = keys(level, StudyInstanceUID="1.2.3", SOPInstanceUID="1.2.4")
    (status,), _, _ = get(archive, asked, STUDY_GET, {SECONDARY_CAPTURE: [EXPLICIT]})
    assert status.Status == 0xA900


def test_cancelled_retrieval_stops(archive: Commanded, tmp_path: Path) -> None:
    study, series, folder = fresh_uid(), fresh_uid(), tmp_path / "many"
    folder.mkdir()
    for number in range(60):
        (folder / str(number)).write_bytes(part10(fresh_uid(), study, series))
    archive.json("import", folder)
    archive.until_settled()
    taken = 0

    def take(event: evt.Event) -> int:
        nonlocal taken
        taken += 1
        if taken == 3:
            event.assoc.send_c_cancel(1, query_model=STUDY_GET)
        return 0

    ae = AE("WS1")
    ae.add_requested_context(STUDY_GET)
    ae.add_requested_context(SECONDARY_CAPTURE, [EXPLICIT])
    association = ae.associate(
        "127.0.0.1",
        archive.dicom_port,
        ext_neg=[build_role(SECONDARY_CAPTURE, scp_role=True)],
        evt_handlers=[(evt.EVT_C_STORE, take)],
    )
    asked = keys("STUDY", StudyInstanceUID=study)
    told = [status for status, _ in association.send_c_get(asked, STUDY_GET, msg_id=1)]
    association.release()
    assert told[-1].Status == 0xFE00
    assert taken < 60
    assert told[-1].NumberOfRemainingSuboperations == 60 - told[-1].NumberOfCompletedSuboperations
