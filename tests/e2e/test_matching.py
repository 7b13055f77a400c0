"""The vectors of the index suite over the whole platform: files in, the same answers from QIDO-RS and C-FIND."""

from collections.abc import Iterator

import httpx
import pytest
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pynetdicom import AE
from pynetdicom.association import Association
from pynetdicom.pdu_primitives import SOPClassExtendedNegotiation
from tests.contract.vectors.book import CHAPTERS
from tests.contract.vectors.chapter import Chapter, Vector
from tests.support.commanded import Commanded
from tests.support.commanded import platform as commanded
from tests.support.vector_files import written

from isocenter.dicom.attributes import tag_of, vr_of

STUDY_ROOT = "1.2.840.10008.5.1.4.1.2.2.1"
IMPLICIT_LITTLE = "1.2.840.10008.1.2"
PATHS = {"study": "studies", "series": "series", "instance": "instances"}
LEVELS = {"study": "STUDY", "series": "SERIES", "instance": "IMAGE"}
UIDS = {"study": "0020000D", "series": "0020000E", "instance": "00080018"}
named = pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.name)


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commanded]:
    """A platform with the studies of all chapters."""
    files = tmp_path_factory.mktemp("files")
    written(CHAPTERS, files)
    with commanded(tmp_path_factory.mktemp("book")) as running:
        running.cli("import", files)
        running.until_settled()
        yield running


@named
def test_every_vector_is_answered_over_the_web(book: Commanded, chapter: Chapter) -> None:
    with httpx.Client(base_url=f"{book.url}/dicom-web", timeout=60) as client:
        got = []
        for vector in chapter.vectors:
            asked = httpx.QueryParams([*vector.keys, *vector.flags, ("limit", "5000")])
            answer = client.get(f"/{PATHS[vector.level]}", params=asked)
            assert answer.status_code == 200, (vector, answer.text)
            assert "warning" not in answer.headers
            uids = [one[UIDS[vector.level]]["Value"][0] for one in answer.json()]
            got.append((vector, chapter.of(uids)))
    assert got == [(vector, vector.found) for vector in chapter.vectors]


@named
def test_every_vector_that_c_find_can_ask_is_answered_alike(
    book: Commanded, chapter: Chapter
) -> None:
    vectors = [vector for vector in chapter.vectors if is_askable(vector)]
    peers = {is_fuzzy: associated(book, is_fuzzy=is_fuzzy) for is_fuzzy in (False, True)}
    got = []
    for vector in vectors:
        peer = peers[vector.fuzzy]
        told = list(peer.send_c_find(identifier(vector), STUDY_ROOT))
        assert told[-1][0].Status == 0, (vector, hex(told[-1][0].Status))
        assert {status.Status for status, _ in told[:-1]} <= {0xFF00}, vector
        uids = [str(answer[UIDS[vector.level]].value) for _, answer in told[:-1]]
        got.append((vector, chapter.of(uids)))
    for peer in peers.values():
        peer.release()
    assert got == [(vector, vector.found) for vector in vectors]


def associated(book: Commanded, *, is_fuzzy: bool) -> Association:
    """An association, with or without fuzzy matching of names (PS3.4 C.5.1.1)."""
    wish = SOPClassExtendedNegotiation()
    wish.sop_class_uid = STUDY_ROOT
    wish.service_class_application_information = b"\1\1\1"
    ae = AE("TESTER")
    ae.add_requested_context(STUDY_ROOT, IMPLICIT_LITTLE)
    peer = ae.associate(
        "127.0.0.1",
        book.dicom_port,
        ae_title="ISOCENTER",
        ext_neg=[wish] if is_fuzzy else [],
    )
    assert peer.is_established
    agreed = peer.acceptor.sop_class_extended
    assert agreed == ({STUDY_ROOT: b"\1\1\1"} if is_fuzzy else {})
    return peer


def is_askable(vector: Vector) -> bool:
    """What names no attribute is of the web, and where no text can be there is no room for two quotation marks."""
    return all(
        tag_of(name.split(".")[0]) is not None
        and not (value == '""' and vr_of(tags(name)[-1]) in {"US", "SQ"})
        for name, value in vector.keys
    )


def tags(name: str) -> list[int]:
    found = [tag_of(part) for part in name.split(".")]
    return [tag for tag in found if tag is not None]


def identifier(vector: Vector) -> Dataset:
    """Keys as texts, which an implicit data set takes for whatever they are."""
    asked = Dataset()
    asked.SpecificCharacterSet = "ISO_IR 192"
    asked.QueryRetrieveLevel = LEVELS[vector.level]
    asked.add(DataElement(int(UIDS[vector.level], 16), "LO", ""))
    for name, value in vector.keys:
        *sequences, tag = tags(name)
        item = asked
        for sequence in sequences:
            if sequence not in item:
                item.add(DataElement(sequence, "SQ", Sequence([Dataset()])))
            item = item[sequence].value[0]
        item.add(element(tag, value))
    return asked


def element(tag: int, value: str) -> DataElement:
    vr = vr_of(tag)
    if vr == "US":
        return DataElement(tag, vr, int(value))
    return DataElement(tag, "PN" if vr == "PN" else "LO", value.split("\\"))
