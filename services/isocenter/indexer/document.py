"""A receipt becomes a row: its header as DICOM JSON, and what the index needs to know beside it."""

from collections.abc import Callable

from isocenter.api.journal.v1 import entries_pb2 as entries
from isocenter.dicom.json_attributes import first
from isocenter.dicom.json_model import dumps, to_json
from isocenter.dicom.json_values import JsonObject
from isocenter.dicom.keys import DIGEST_IN_KEY
from isocenter.dicom.limits import Finding
from isocenter.errors import InvalidInstance, LimitExceeded
from isocenter.indexer.patients import patient_of
from isocenter.indexer.summary import ISSUER, PATIENT_ID
from isocenter.ports.index_rows import InstanceRow

BASE = "@base@"  # the study's server; whoever answers puts the URL of its DICOMweb root here
INSTANCE_NUMBER, NUMBER_OF_FRAMES = "00200013", "00280008"
MAX_NUMBER = 2**31 - 1  # IS, PS3.5 table 6.2-1


def row_of(receipt: entries.Receipt, version: int, node: str, default_issuer: str) -> InstanceRow:
    """Make the row of a first receipt, not yet shown.

    A header that cannot be read, though it could when it was received, gives a row with its UIDs alone and a finding:
    the instance is found and retrieved all the same.
    """
    findings = [(found.code, found.tag, found.message) for found in receipt.findings]
    document = _document(receipt, findings)
    return InstanceRow(
        study_instance_uid=receipt.study_instance_uid,
        series_instance_uid=receipt.series_instance_uid,
        sop_instance_uid=receipt.sop_instance_uid,
        digest=receipt.digest,
        version=version,
        node=node,
        first_version=version,
        sop_class_uid=receipt.sop_class_uid,
        transfer_syntax_uid=receipt.transfer_syntax_uid,
        object_key=receipt.object_key,
        size_bytes=receipt.size_bytes,
        dataset_offset=receipt.dataset_offset,
        deflated=receipt.deflated,
        pixel_data=receipt.pixel_data.SerializeToString()
        if receipt.HasField("pixel_data")
        else b"",
        document=dumps(document),
        patient=patient_of(first(document, ISSUER), first(document, PATIENT_ID), default_issuer),
        instance_number=_number(document, INSTANCE_NUMBER),
        number_of_frames=max(1, _number(document, NUMBER_OF_FRAMES) or 1),
        findings=tuple(findings),
        current=False,
        held=False,
        deleted=False,
        receipts=((version, node),),
    )


def _document(receipt: entries.Receipt, findings: list[Finding]) -> JsonObject:
    try:
        return to_json(
            [(piece.offset, piece.content) for piece in receipt.head],
            dataset_offset=receipt.dataset_offset,
            transfer_syntax_uid=receipt.transfer_syntax_uid,
            bulk_data_uri=_bulk_data_uri(receipt),
            findings=findings,
        )
    except (InvalidInstance, LimitExceeded):
        findings.append(("header_unreadable", "", "The header could not be read when indexing."))
        return _bare(receipt)


def _bulk_data_uri(receipt: entries.Receipt) -> Callable[[int, int], str]:
    """The digest is in the address, so an offset is never applied to other bytes."""
    prefix = (
        f"{BASE}/studies/{receipt.study_instance_uid}/series/{receipt.series_instance_uid}"
        f"/instances/{receipt.sop_instance_uid}/bulkdata/{receipt.digest[:DIGEST_IN_KEY]}"
    )
    return lambda offset, length: f"{prefix}/{offset}/{length}"


def _bare(receipt: entries.Receipt) -> JsonObject:
    return {
        "00080016": {"vr": "UI", "Value": [receipt.sop_class_uid]},
        "00080018": {"vr": "UI", "Value": [receipt.sop_instance_uid]},
        "0020000D": {"vr": "UI", "Value": [receipt.study_instance_uid]},
        "0020000E": {"vr": "UI", "Value": [receipt.series_instance_uid]},
    }


def _number(document: JsonObject, tag: str) -> int | None:
    try:
        number = int(first(document, tag))
    except ValueError:
        return None
    return number if abs(number) <= MAX_NUMBER else None
