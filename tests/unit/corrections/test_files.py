"""A corrected file differs from the stored one in the corrected elements alone, and says what they were."""

import io
import struct
from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from tests.support.corrections import row
from tests.support.data_sets import element, identity, image_of, instance, text

from isocenter.corrections.documents import Edited, edited_of, seen
from isocenter.corrections.files import corrected_file
from isocenter.corrections.texts import Unwritable
from isocenter.dicom.header import scan
from isocenter.dicom.json_attributes import text_of
from isocenter.dicom.json_model import dumps, to_json
from isocenter.dicom.part10 import read_file_meta, write_file_meta
from isocenter.ports.index_rows import CorrectionRow

EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
BIG_ENDIAN, DEFLATED = "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"
CT = "1.2.840.10008.5.1.4.1.1.2"
PIXELS = bytes(range(250, 256)) * 4


def written(syntax: str) -> bytes:
    """A CT image with a sequence of undefined length, by pydicom."""
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = CT, "1.2.3"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = "1.2.1", "1.2.2"
    ds.PatientName, ds.PatientID, ds.StudyDate = "Doe^Jane", "4711", "20260101"
    code = Dataset()
    code.CodeValue = "1"
    ds.ProcedureCodeSequence = [code]
    ds["ProcedureCodeSequence"].is_undefined_length = True
    ds.Rows, ds.Columns, ds.BitsAllocated = 3, 4, 16
    ds.add_new(0x7FE00010, "OW", PIXELS)
    made = io.BytesIO()
    ds.save_as(made, **_encoding(syntax))
    body = made.getvalue()
    if syntax == DEFLATED:
        import zlib

        squeeze = zlib.compressobj(wbits=-15)
        body = squeeze.compress(body) + squeeze.flush()
        body += b"\0" * (len(body) % 2)
    return write_file_meta(CT, "1.2.3", syntax) + body


def _encoding(syntax: str) -> dict[str, Any]:
    return {"implicit_vr": syntax == IMPLICIT, "little_endian": syntax != BIG_ENDIAN}


def document(file: bytes) -> bytes:
    return dumps(read(file))


def read(file: bytes) -> dict[str, Any]:
    meta = read_file_meta(file)
    header = scan(file, meta.dataset_offset, meta.transfer_syntax_uid)
    return to_json(
        header.pieces,
        dataset_offset=meta.dataset_offset,
        transfer_syntax_uid=meta.transfer_syntax_uid,
        bulk_data_uri=lambda offset, length: f"{offset}/{length}",
    )


def edited(file: bytes, corrections: Sequence[CorrectionRow]) -> Edited:
    return edited_of(document(file), corrections)


def corrected(file: bytes, *corrections: CorrectionRow) -> bytes:
    pieces = corrected_file(memoryview(file), edited(file, corrections))
    return b"".join(bytes(piece) for piece in pieces)


TWO = (
    row(1, PatientName="Mueller^Anna", StudyDescription="thorax"),
    row(2, PatientName="Muller^Anna", StudyDate=""),
)


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG_ENDIAN, DEFLATED])
def test_file_and_document_say_the_same_in_every_encoding(syntax: str) -> None:
    file = written(syntax)
    made = corrected(file, *TWO)
    assert read(made) == seen(orjson.loads(document(file)), edited(file, TWO))
    back = dcmread(io.BytesIO(made))
    assert (back.PatientName, back.StudyDescription, back.StudyDate) == (
        "Muller^Anna",
        "thorax",
        "",
    )
    assert back.PixelData == PIXELS
    assert back.file_meta.TransferSyntaxUID == syntax


def test_every_other_byte_stays_as_it_was() -> None:
    file = write_file_meta(CT, "1.2.3", EXPLICIT) + instance(
        patient=text(0x00100010, "PN", "Doe^Jane") + text(0x00100020, "LO", "4711"),
        image=image_of(),
        late=text(0x00400244, "DA", "20260101") + element(0x7FE00010, "OW", PIXELS),
    )
    made = corrected(file, row(1, PatientName="Roe^Jane"))
    back = edited(file, [row(1, PatientName="Roe^Jane")])
    assert set(back.now) == {"00100010"}
    start = made.index(b"Roe^Jane")
    assert made[:start] == file[: file.index(b"Doe^Jane")]
    sequence = made.index(struct.pack("<HH2s", 0x0400, 0x0561, b"SQ"))
    assert made[start + 8 : sequence] == file[file.index(b"Doe^Jane") + 8 : -len(PIXELS) - 12]
    assert made[-len(PIXELS) - 12 :] == file[-len(PIXELS) - 12 :]


def test_without_a_correction_the_file_is_the_very_same_memory() -> None:
    file = memoryview(written(EXPLICIT))
    assert corrected_file(file, edited(bytes(file), [])) == [file]
    assert corrected_file(file, edited(bytes(file), [row(1, PatientName="Doe^Jane")])) == [file]


def test_previous_values_are_the_bytes_that_were_received() -> None:
    odd = element(0x00100010, "PN", b"M\xfcller^Anna ")
    file = write_file_meta(CT, "1.2.3", EXPLICIT) + instance(charset="ISO_IR 100", patient=odd)
    made = corrected(file, row(1, PatientName="Roe^Änna"))
    assert odd in made
    assert element(0x00100010, "PN", "Roe^Änna".encode("latin-1")) in made


def test_items_that_came_with_the_instance_stay_first() -> None:
    about = text(0x04000563, "LO", "ELSEWHERE")
    items = element(0xFFFEE000, "UN", b"")[:4] + struct.pack("<L", len(about)) + about
    before, after = identity()
    own = before + after + element(0x04000561, "SQ", items)
    file = write_file_meta(CT, "1.2.3", EXPLICIT) + own
    made = dcmread(io.BytesIO(corrected(file, row(1, StudyID="7"))))
    systems = [item.ModifyingSystem for item in made.OriginalAttributesSequence]
    assert systems == ["ELSEWHERE", "ISOCENTER"]


def test_a_length_of_a_group_that_is_written_follows() -> None:
    name = text(0x00100010, "PN", "Doe^Jane")
    length = element(0x00100000, "UL", struct.pack("<L", len(name)))
    file = write_file_meta(CT, "1.2.3", EXPLICIT) + instance(patient=length + name)
    made = corrected(file, row(1, PatientName="Roe^Jane^Annabella"))
    longer = len(text(0x00100010, "PN", "Roe^Jane^Annabella"))
    assert element(0x00100000, "UL", struct.pack("<L", longer)) in made


def test_texts_that_need_it_turn_a_plain_header_into_unicode() -> None:
    file = written(EXPLICIT)
    back = dcmread(io.BytesIO(corrected(file, row(1, PatientName="Yamada^Taro=山田^太郎"))))
    assert back.SpecificCharacterSet == "ISO_IR 192"
    assert str(back.PatientName) == "Yamada^Taro=山田^太郎"
    [item] = back.OriginalAttributesSequence
    [before] = item.ModifiedAttributesSequence
    assert [(e.keyword, e.value) for e in before] == [("PatientName", "Doe^Jane")]


@pytest.mark.parametrize(
    ("charset", "received", "name"),
    [
        ("\\\\ISO 2022 IR 87", b"Yamada=\x1b$B;3ED\x1b(B", "Suzuki^Ichiro=鈴木^一郎"),
        ("\\\\ISO 2022 IR 149", b"Hong=\x1b$)C\xfb\xf3", "Kim^Min=金^민수"),
        ("\\\\ISO 2022 IR 58", b"Wang=\x1b$)A\xcd\xf5", "Li^Ming=李^明"),
        ("GB18030", "王^小东".encode("gb18030"), "李^明"),
        ("ISO_IR 144", "Люкс".encode("iso8859_5"), "Иванов^Иван"),
        ("ISO_IR 192", "山田".encode(), "Müller^Änne"),
    ],
)
def test_texts_are_written_in_the_character_set_of_their_data_set(
    charset: str, received: bytes, name: str
) -> None:
    old = element(0x00100010, "PN", received + b" " * (len(received) % 2))
    file = write_file_meta(CT, "1.2.3", EXPLICIT) + instance(charset=charset, patient=old)
    made = corrected(file, row(1, PatientName=name))
    assert text_of(read(made)["00100010"]["Value"][0]) == name
    assert read(made)["00080005"] == read(file)["00080005"]
    if "58" not in charset:  # of which pydicom decodes the received name no better
        assert str(dcmread(io.BytesIO(made)).PatientName) == name


def test_a_text_that_cannot_be_written_is_refused_and_never_replaced() -> None:
    name = element(0x00100010, "PN", b"M\xfcller^Anna ")
    file = write_file_meta(CT, "1.2.3", EXPLICIT) + instance(charset="ISO_IR 100", patient=name)
    with pytest.raises(Unwritable):
        corrected(file, row(1, PatientName="山田"))
