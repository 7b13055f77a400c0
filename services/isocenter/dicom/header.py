"""The header scan: everything of an instance but its pixels, from the stored bytes, within fixed bounds."""

import struct
from dataclasses import dataclass

from isocenter.dicom.careful_walk import CarefulWalk
from isocenter.dicom.deflated_walk import walk_deflated
from isocenter.dicom.encoding import Buffer, Encoding
from isocenter.dicom.identity import Identity, identify
from isocenter.dicom.limits import DEFAULT_LIMITS, Finding, ScanLimits
from isocenter.dicom.pieces import Piece, cut_pieces
from isocenter.dicom.pixel_location import PixelLocation
from isocenter.dicom.pixel_scan import locate_pixels
from isocenter.dicom.quick_walk import QUICK_BYTES, Odd, QuickWalk
from isocenter.dicom.transfer_syntaxes import TransferSyntax, transfer_syntax
from isocenter.dicom.walk import Segment, Walk
from isocenter.errors import InvalidInstance


@dataclass(frozen=True, slots=True)
class Header:
    """What the scan found.

    `pieces` are runs (offset in the object, bytes) of all but the value of Pixel Data at the top level and values
    above 4 KiB at any depth, in order; what lies between two pieces is such a value. Bytes after the last element are
    in none. For a deflated data set offsets count as if the object held it inflated. `findings` say what was odd:
    (code, tag or empty, message without values).
    """

    sop_class_uid: str
    sop_instance_uid: str
    study_instance_uid: str
    series_instance_uid: str
    pieces: tuple[Piece, ...]
    deflated: bool
    pixel_data: PixelLocation | None
    findings: tuple[Finding, ...]


def scan(
    data: Buffer, dataset_offset: int, transfer_syntax_uid: str, limits: ScanLimits = DEFAULT_LIMITS
) -> Header:
    """Scan the data set that starts at `dataset_offset` of the object `data` and goes to its end.

    `data` may be a read-only mapping of a file: pixel values are not touched, and pages passed over are given back.

    Raises:
        InvalidInstance: not usable; `fields["code"]` says why: `empty`, `truncated`, `malformed_sequence`,
            `fragment_not_an_item`, `bad_deflate`, `media_directory`, or `no_` or `invalid_` and one of
            `sop_class_uid`, `sop_instance_uid`, `study_instance_uid`, `series_instance_uid`.
        LimitExceeded: `fields["code"]` is `nesting`, `too_many_elements`, `too_many_fragments`, `header_too_large`,
            `inflate_ratio` or `inflated_too_large`.
    """
    if len(data) <= dataset_offset:
        raise InvalidInstance("there is no data set", code="empty")
    syntax = transfer_syntax(transfer_syntax_uid)
    if syntax.deflated:
        walk, pieces = walk_deflated(data, dataset_offset, limits)
    else:
        segment = Segment(data, dataset_offset, len(data))
        walk = _walk(segment, syntax, limits)
        pieces = cut_pieces(segment, walk.end, walk.holes, limits)
    identity = identify(walk.values, is_directory=_is_directory(pieces))
    pixel_data, pixel_findings = locate_pixels(data, walk, syntax)
    return _header(
        identity, pieces, syntax, pixel_data, (*walk.findings, *identity.findings, *pixel_findings)
    )


def _header(
    identity: Identity,
    pieces: list[Piece],
    syntax: TransferSyntax,
    pixel_data: PixelLocation | None,
    findings: tuple[Finding, ...],
) -> Header:
    return Header(
        identity.sop_class_uid,
        identity.sop_instance_uid,
        identity.study_instance_uid,
        identity.series_instance_uid,
        tuple(pieces),
        syntax.deflated,
        pixel_data,
        findings,
    )


def _walk(segment: Segment, syntax: TransferSyntax, limits: ScanLimits) -> Walk:
    if not syntax.big_endian and limits.max_header_bytes >= QUICK_BYTES:
        try:
            return QuickWalk(segment.data, segment.end, limits, explicit=not syntax.implicit).run(
                segment.start
            )
        except (Odd, struct.error):
            pass
    careful = CarefulWalk(Encoding(not syntax.implicit, syntax.big_endian), limits)
    careful.run(segment)
    return careful.walk


def _is_directory(pieces: list[Piece]) -> bool:
    return bool(pieces) and pieces[0][1][:2] in (b"\x04\0", b"\0\x04")
