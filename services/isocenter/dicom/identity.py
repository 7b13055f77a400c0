"""The UIDs without which an instance is nobody, read leniently and told apart strictly."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from isocenter.dicom.attributes import key_of
from isocenter.dicom.charset import charset_findings
from isocenter.dicom.limits import Finding
from isocenter.dicom.uids import is_valid_uid
from isocenter.dicom.walk import (
    SERIES_INSTANCE_UID,
    SOP_CLASS_UID,
    SOP_INSTANCE_UID,
    SPECIFIC_CHARACTER_SET,
    STUDY_INSTANCE_UID,
)
from isocenter.errors import InvalidInstance


@dataclass(frozen=True, slots=True)
class Identity:
    """UIDs without padding, all valid."""

    sop_class_uid: str
    sop_instance_uid: str
    study_instance_uid: str
    series_instance_uid: str
    findings: tuple[Finding, ...]


_NAMES = {
    SOP_CLASS_UID: "sop_class_uid",
    SOP_INSTANCE_UID: "sop_instance_uid",
    STUDY_INSTANCE_UID: "study_instance_uid",
    SERIES_INSTANCE_UID: "series_instance_uid",
}
_LEADING_ZERO = re.compile(r"(?:^|\.)0[0-9]")


def identify(values: Mapping[int, bytes], *, is_directory: bool) -> Identity:
    """Read the four UIDs from raw values by tag.

    Raises InvalidInstance: `media_directory`, or `no_<name>` or `invalid_<name>` of the first one that is not usable.
    """
    findings: list[Finding] = []
    if is_directory and SOP_INSTANCE_UID not in values:
        raise InvalidInstance(
            "a media directory (DICOMDIR), not an instance", code="media_directory"
        )
    uids = [_uid(values.get(tag, b""), tag, findings) for tag in _NAMES]
    findings += charset_findings(values.get(SPECIFIC_CHARACTER_SET, b""))
    sop_class, sop, study, series = uids
    return Identity(sop_class, sop, study, series, tuple(findings))


def _uid(raw: bytes, tag: int, findings: list[Finding]) -> str:
    text = clean_uid(raw)
    if not text:
        raise InvalidInstance(
            f"{_NAMES[tag]} is missing", code=f"no_{_NAMES[tag]}", tag=key_of(tag)
        )
    if not is_valid_uid(text):
        raise InvalidInstance(
            f"{_NAMES[tag]} is not a UID", code=f"invalid_{_NAMES[tag]}", tag=key_of(tag)
        )
    padding = len(raw) - len(text)
    if padding > 1 or (padding and raw[-1:] != b"\0"):
        findings.append(("uid_padding", key_of(tag), "padded with something else than one null"))
    if _LEADING_ZERO.search(text):
        findings.append(
            ("uid_leading_zero", key_of(tag), "a component starts with a zero (PS3.5 9.1)")
        )
    return text


def clean_uid(raw: bytes) -> str:
    """Decode without the padding of either side."""
    return raw.decode("latin_1").strip(" \0")
