"""The glance at a broken header: never an error, always within its bounds."""

from hypothesis import given
from hypothesis import strategies as st

from isocenter.dicom.part10 import write_file_meta
from isocenter.ingest.preview import MAX_ELEMENTS, preview

EXPLICIT = "1.2.840.10008.1.2.1"
PATIENT_NAME = b"\x10\x00\x10\x00PN\x08\x00Doe^Jane"


def in_file(dataset: bytes, syntax: str = EXPLICIT) -> bytes:
    return write_file_meta("1.2.3", "1.2.3.4", syntax) + dataset


def test_what_stands_before_the_damage_is_shown() -> None:
    shown = preview(in_file(PATIENT_NAME + b"\x10\x00\x20\x00LO"))
    assert shown["elements"] == [
        {"tag": "00100010", "keyword": "PatientName", "vr": "PN", "length": 8, "value": "Doe^Jane"}
    ]
    assert shown["stopped"] == "the bytes end within an element"


def test_what_is_no_dicom_at_all_is_said_to_be_so() -> None:
    assert preview(b"%PDF-1.7 " * 40)["begins_with"] == b"%PDF-1.7 %PDF-1.".hex()
    assert preview(b"")["stopped"]


def test_endless_elements_are_cut_off() -> None:
    elements = preview(in_file(PATIENT_NAME * 5000))["elements"]
    assert isinstance(elements, list)
    assert len(elements) == MAX_ELEMENTS


@given(
    st.binary(max_size=300), st.sampled_from(["1.2.840.10008.1.2", EXPLICIT, "1.2.840.10008.1.2.2"])
)
def test_no_bytes_make_it_fail(noise: bytes, syntax: str) -> None:
    preview(noise)
    preview(in_file(noise, syntax))
    preview(in_file(PATIENT_NAME + noise, syntax))
