"""The receipt of an instance: what the journal keeps of it, enough to index it without reading the object."""

from collections.abc import Iterable

from isocenter.api.journal.v1 import entries_pb2 as pb
from isocenter.dicom.header import Header
from isocenter.dicom.keys import InstanceKey
from isocenter.dicom.pixel_location import PixelLocation
from isocenter.ingest.outcome import Finding


def build_receipt(
    header: Header,
    digest: str,
    transfer_syntax_uid: str,
    sender: pb.Sender,
    findings: Iterable[Finding],
) -> pb.Receipt:
    """Everything but `size_bytes` and `dataset_offset`."""
    receipt = pb.Receipt(
        study_instance_uid=header.study_instance_uid,
        series_instance_uid=header.series_instance_uid,
        sop_instance_uid=header.sop_instance_uid,
        sop_class_uid=header.sop_class_uid,
        transfer_syntax_uid=transfer_syntax_uid,
        digest=digest,
        deflated=header.deflated,
        sender=sender,
        object_key=instance_key(header, digest).object_key,
    )
    for offset, content in header.pieces:
        receipt.head.add(offset=offset, content=content)
    for finding in findings:
        receipt.findings.add(code=finding.code, tag=finding.tag, message=finding.message)
    if header.pixel_data is not None:
        _set_pixel_data(receipt.pixel_data, header.pixel_data)
    return receipt


def instance_key(header: Header, digest: str) -> InstanceKey:
    """Name the instance; raises InvalidInstance for a UID that may not become part of a key."""
    return InstanceKey(
        header.study_instance_uid, header.series_instance_uid, header.sop_instance_uid, digest
    )


def move_dataset(receipt: pb.Receipt, dataset_offset: int) -> None:
    """Shift every offset: the object that stands has another File Meta before the same data set."""
    delta = dataset_offset - receipt.dataset_offset
    receipt.dataset_offset += delta
    receipt.size_bytes += delta
    for piece in receipt.head:
        piece.offset += delta
    if receipt.HasField("pixel_data"):
        receipt.pixel_data.offset += delta


def _set_pixel_data(target: pb.PixelData, location: PixelLocation) -> None:
    target.tag = location.tag
    target.offset = location.offset
    target.length = location.length
    target.encapsulated = location.encapsulated
    target.fragment_lengths.extend(location.fragment_lengths)
    target.frame_first_fragments.extend(location.frame_first_fragments)
