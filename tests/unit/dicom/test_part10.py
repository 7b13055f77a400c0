import io

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.data_sets import EXPLICIT, SECONDARY_CAPTURE, element, implicit, instance, text

from isocenter.dicom.header import scan
from isocenter.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from isocenter.dicom.part10 import FileMeta, read_file_meta, write_file_meta
from isocenter.errors import InvalidInstance, IsocenterError, LimitExceeded

JPEG_LS = "1.2.840.10008.1.2.4.80"


def codes(meta: FileMeta) -> list[str]:
    return [code for code, _, _ in meta.findings]


def test_what_is_written_is_read_back_by_us_and_by_pydicom() -> None:
    written = write_file_meta(SECONDARY_CAPTURE, "1.2.3", JPEG_LS)
    meta = read_file_meta(written + instance())
    assert meta.dataset_offset == len(written)
    assert meta.transfer_syntax_uid == JPEG_LS
    assert (meta.media_storage_sop_class_uid, meta.media_storage_sop_instance_uid) == (
        SECONDARY_CAPTURE,
        "1.2.3",
    )
    assert meta.implementation_version_name == IMPLEMENTATION_VERSION_NAME
    assert not meta.foreign_preamble and not meta.findings
    theirs = pydicom.dcmread(io.BytesIO(written + instance())).file_meta
    assert theirs.TransferSyntaxUID == JPEG_LS
    assert theirs.ImplementationClassUID == IMPLEMENTATION_CLASS_UID
    assert theirs.FileMetaInformationGroupLength == len(written) - 144


def test_a_preamble_that_is_not_zero_is_told() -> None:
    file = write_file_meta(SECONDARY_CAPTURE, "1.2.3", EXPLICIT)
    assert read_file_meta(b"MZ" + file[2:]).foreign_preamble


def test_a_wrong_group_length_does_not_matter() -> None:
    file = bytearray(write_file_meta(SECONDARY_CAPTURE, "1.2.3", EXPLICIT) + instance())
    file[140:144] = b"\xff\0\0\0"
    assert scan(file, read_file_meta(file).dataset_offset, EXPLICIT).sop_instance_uid == "1.2.3"


@pytest.mark.parametrize("cut", [128, 132])
def test_a_file_without_preamble_or_prefix_is_read(cut: int) -> None:
    file = write_file_meta(SECONDARY_CAPTURE, "1.2.3", JPEG_LS)[cut:] + instance()
    meta = read_file_meta(file)
    assert meta.transfer_syntax_uid == JPEG_LS
    assert codes(meta) == ["no_preamble"]


def test_without_file_meta_the_encoding_is_told_from_the_data_set() -> None:
    little = instance()
    big = element(0x00080016, "UI", b"1.2\0", big=True)
    plain = implicit(0x00080016, b"1.2\0")
    for data_set, expected in (
        (little, "1.2.840.10008.1.2.1"),
        (big, "1.2.840.10008.1.2.2"),
        (plain, "1.2.840.10008.1.2"),
    ):
        meta = read_file_meta(data_set)
        assert (meta.transfer_syntax_uid, meta.dataset_offset) == (expected, 0)
        assert codes(meta) == ["no_preamble", "no_file_meta"]


def test_file_meta_without_a_transfer_syntax_lets_the_data_set_tell() -> None:
    meta = read_file_meta(b"\0" * 128 + b"DICM" + text(0x00020003, "UI", "1.2.3") + instance())
    assert meta.transfer_syntax_uid == EXPLICIT
    assert codes(meta) == ["no_transfer_syntax"]


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (b"", "empty"),
        (b"\x1f\x8b\x08\x08" * 100, "not_dicom"),
        (b"\0" * 128 + b"DICM", "not_dicom"),
        (b"\0" * 128 + b"DICM" + text(0x00020010, "UI", "../../etc"), "invalid_transfer_syntax"),
        (b"\0" * 128 + b"DICM" + element(0x00020010, "UI", b"1.2", 400), "truncated_file_meta"),
    ],
)
def test_what_is_no_dicom_file_is_refused_with_a_reason(file: bytes, code: str) -> None:
    with pytest.raises(InvalidInstance) as caught:
        read_file_meta(file)
    assert caught.value.fields["code"] == code


def test_file_meta_that_claims_to_be_huge_is_refused() -> None:
    with pytest.raises(LimitExceeded):
        read_file_meta(b"\0" * 128 + b"DICM" + element(0x00020102, "OB", b"", 0xFFFFFFFE))


@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"DICM", b"\0" * 128 + b"DICM", b"\0" * 128 + b"DICM\x02\0"]),
)
def test_any_bytes_give_file_meta_or_one_of_our_errors(noise: bytes, start: bytes) -> None:
    try:
        meta = read_file_meta(start + noise)
    except IsocenterError as refused:
        assert refused.fields["code"]
    else:
        assert 0 <= meta.dataset_offset <= len(start + noise)
