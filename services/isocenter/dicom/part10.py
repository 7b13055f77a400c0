"""DICOM files (PS3.10 section 7): read what stands before the data set, in all the ways it is written; write ours."""

import struct
from dataclasses import dataclass

from isocenter.dicom.encoding import FORMS, IMPLICIT, Buffer, Encoding, is_explicit, read_element
from isocenter.dicom.identity import clean_uid
from isocenter.dicom.implementation import (
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
)
from isocenter.dicom.limits import Finding
from isocenter.dicom.transfer_syntaxes import (
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)
from isocenter.dicom.uids import is_valid_uid
from isocenter.errors import InvalidInstance, LimitExceeded

PREAMBLE_BYTES = 128
MAX_FILE_META_BYTES = 1 << 20
_PREFIX = b"DICM"
_META_GROUP = 0x0002
_MAX_ELEMENTS = 64
_MEDIA_STORAGE_SOP_CLASS_UID = 0x00020002
_MEDIA_STORAGE_SOP_INSTANCE_UID = 0x00020003
_TRANSFER_SYNTAX_UID = 0x00020010
_IMPLEMENTATION_CLASS_UID = 0x00020012
_IMPLEMENTATION_VERSION_NAME = 0x00020013
_SOURCE_APPLICATION_ENTITY_TITLE = 0x00020016
_KEPT = frozenset(
    {
        _MEDIA_STORAGE_SOP_CLASS_UID,
        _MEDIA_STORAGE_SOP_INSTANCE_UID,
        _TRANSFER_SYNTAX_UID,
        _IMPLEMENTATION_CLASS_UID,
        _IMPLEMENTATION_VERSION_NAME,
        _SOURCE_APPLICATION_ENTITY_TITLE,
    }
)
_MAX_VALUE_BYTES = 256


@dataclass(frozen=True, slots=True)
class FileMeta:
    """What a file says of itself before its data set; texts are empty where it says nothing.

    `transfer_syntax_uid` is told from the data set where the file does not say it. `foreign_preamble`: the preamble
    holds something else than zeros.
    """

    transfer_syntax_uid: str
    media_storage_sop_class_uid: str
    media_storage_sop_instance_uid: str
    implementation_class_uid: str
    implementation_version_name: str
    source_application_entity_title: str
    foreign_preamble: bool
    dataset_offset: int
    findings: tuple[Finding, ...]


def read_file_meta(data: Buffer) -> FileMeta:
    """Read preamble, prefix and File Meta from the start of a file (the first 1 MiB is always enough).

    Files without preamble, without File Meta, or without a transfer syntax are read too, with findings.

    Raises:
        InvalidInstance: `fields["code"]` is `empty`, `not_dicom`, `truncated_file_meta` or `invalid_transfer_syntax`.
        LimitExceeded: File Meta longer than 1 MiB (`file_meta_too_large`).
    """
    if len(data) == 0:
        raise InvalidInstance("the file is empty", code="empty")
    findings: list[Finding] = []
    start = _start(data, findings)
    values, dataset_offset = _read_elements(data, start)
    if dataset_offset == start:
        findings.append(
            ("no_file_meta", "", "no File Meta; the transfer syntax is told from the data set")
        )
    texts = {tag: clean_uid(value) for tag, value in values.items()}
    syntax = texts.get(_TRANSFER_SYNTAX_UID, "")
    if syntax and not is_valid_uid(syntax):
        raise InvalidInstance("the transfer syntax is not a UID", code="invalid_transfer_syntax")
    if not syntax:
        syntax = sniff_transfer_syntax(data, dataset_offset)
        if dataset_offset != start:
            findings.append(("no_transfer_syntax", "00020010", "told from the data set"))
    return FileMeta(
        transfer_syntax_uid=syntax,
        media_storage_sop_class_uid=texts.get(_MEDIA_STORAGE_SOP_CLASS_UID, ""),
        media_storage_sop_instance_uid=texts.get(_MEDIA_STORAGE_SOP_INSTANCE_UID, ""),
        implementation_class_uid=texts.get(_IMPLEMENTATION_CLASS_UID, ""),
        implementation_version_name=texts.get(_IMPLEMENTATION_VERSION_NAME, ""),
        source_application_entity_title=texts.get(_SOURCE_APPLICATION_ENTITY_TITLE, ""),
        foreign_preamble=start > PREAMBLE_BYTES and any(data[0:PREAMBLE_BYTES]),
        dataset_offset=dataset_offset,
        findings=tuple(findings),
    )


def _start(data: Buffer, findings: list[Finding]) -> int:
    if bytes(data[PREAMBLE_BYTES : PREAMBLE_BYTES + 4]) == _PREFIX:
        return PREAMBLE_BYTES + 4
    findings.append(("no_preamble", "", "no preamble before the File Meta or data set"))
    return 4 if bytes(data[0:4]) == _PREFIX else 0


def _read_elements(data: Buffer, start: int) -> tuple[dict[int, bytes], int]:
    """Read elements of group 2 up to the first of another group; the written group length is often wrong."""
    values: dict[int, bytes] = {}
    at = start
    for _ in range(_MAX_ELEMENTS):
        if bytes(data[at : at + 2]) != b"\x02\0" or len(data) < at + 8:
            break
        explicit = bytes(data[at + 4 : at + 6]) in FORMS
        try:
            element = read_element(data, at, Encoding(explicit, big_endian=False))
        except struct.error:
            raise InvalidInstance("File Meta is cut off", code="truncated_file_meta") from None
        at = element.value + element.length
        if at - start > MAX_FILE_META_BYTES:
            raise LimitExceeded("File Meta is too large", code="file_meta_too_large")
        if at > len(data):
            raise InvalidInstance("File Meta is cut off", code="truncated_file_meta")
        if element.tag in _KEPT:
            values[element.tag] = bytes(
                data[element.value : min(at, element.value + _MAX_VALUE_BYTES)]
            )
    return values, at


def sniff_transfer_syntax(data: Buffer, at: int) -> str:
    """Tell from the first element of a data set how it is written; never compressed, which only File Meta tells.

    Raises InvalidInstance (`not_dicom`) when no data set starts there.
    """
    group = bytes(data[at : at + 2])
    if len(data) >= at + 8:
        if group in (b"\x08\0", b"\x04\0") and is_explicit(data, at):
            return EXPLICIT_VR_LITTLE_ENDIAN
        if group in (b"\0\x08", b"\0\x04") and is_explicit(data, at):
            return EXPLICIT_VR_BIG_ENDIAN
        element = read_element(data, at, IMPLICIT)
        if group in (b"\x08\0", b"\x04\0") and element.value + element.length <= len(data):
            return IMPLICIT_VR_LITTLE_ENDIAN
    raise InvalidInstance("neither File Meta nor a data set is here", code="not_dicom")


def write_file_meta(sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str) -> bytes:
    """Write a zero preamble, the prefix and our File Meta (PS3.10 7.1), ready to be followed by the data set."""
    elements = b"".join(
        (
            struct.pack("<HH2sHL", _META_GROUP, 0x0001, b"OB", 0, 2) + b"\0\1",
            _ui(0x0002, sop_class_uid),
            _ui(0x0003, sop_instance_uid),
            _ui(0x0010, transfer_syntax_uid),
            _ui(0x0012, IMPLEMENTATION_CLASS_UID),
            _short(0x0013, b"SH", IMPLEMENTATION_VERSION_NAME.encode("ascii"), b" "),
        )
    )
    length = struct.pack("<HH2sHL", _META_GROUP, 0x0000, b"UL", 4, len(elements))
    return b"\0" * PREAMBLE_BYTES + _PREFIX + length + elements


def _ui(element: int, uid: str) -> bytes:
    return _short(element, b"UI", uid.encode("ascii"), b"\0")


def _short(element: int, vr: bytes, value: bytes, padding: bytes) -> bytes:
    value += padding * (len(value) % 2)
    return struct.pack("<HH2sH", _META_GROUP, element, vr, len(value)) + value
