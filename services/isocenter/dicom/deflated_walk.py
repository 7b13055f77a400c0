"""The careful walk over a deflated data set: header in memory, pixels inflated and let go."""

from copy import deepcopy

from isocenter.dicom.careful_walk import CarefulWalk, NeedMore
from isocenter.dicom.encoding import Buffer, Encoding
from isocenter.dicom.inflate import Inflater
from isocenter.dicom.limits import ScanLimits
from isocenter.dicom.pieces import Piece, cut_pieces
from isocenter.dicom.walk import Segment, Walk
from isocenter.errors import InvalidInstance, LimitExceeded

_FIRST_BYTES = 1 << 20


def walk_deflated(
    data: Buffer, dataset_offset: int, limits: ScanLimits
) -> tuple[Walk, list[Piece]]:
    """Walk and cut; offsets are those of the object as if it held the data set inflated.

    Errors: those of CarefulWalk and Inflater.
    """
    inflater = Inflater(data, dataset_offset, limits)
    careful = CarefulWalk(Encoding(explicit=True, big_endian=False), limits)
    pieces: list[Piece] = []
    while True:
        shift = dataset_offset + inflater.position
        holes_before = len(careful.walk.holes)
        careful, segment, at = _walk_next(careful, inflater, shift, limits)
        walk = careful.walk
        pieces += cut_pieces(segment, walk.end, walk.holes[holes_before:], limits)
        if at < segment.end or inflater.ended:
            break
        if inflater.skip(at - segment.end) < at - segment.end:
            _clip(walk, dataset_offset + inflater.position)
            break
    if walk.pixels is not None and walk.pixels.fragments is not None:
        raise InvalidInstance("fragments in a deflated data set", code="fragments_in_deflated")
    return walk, pieces


def _walk_next(
    careful: CarefulWalk, inflater: Inflater, shift: int, limits: ScanLimits
) -> tuple[CarefulWalk, Segment, int]:
    """Inflate as much as it takes for the walk to get on."""
    inflated = bytearray(inflater.read(_FIRST_BYTES))
    while True:
        segment = Segment(inflated, 0, len(inflated), shift)
        attempt = deepcopy(careful)
        try:
            return attempt, segment, attempt.run(segment, more=not inflater.ended)
        except NeedMore:
            if len(inflated) > limits.max_header_bytes:
                raise LimitExceeded("the header is too large", code="header_too_large") from None
        inflated += inflater.read(min(3 * len(inflated), limits.max_header_bytes + 1))


def _clip(walk: Walk, end: int) -> None:
    """Let the last value end where the stream does."""
    start = walk.holes[-1][0]
    if walk.pixels is None or walk.pixels.start != start:
        raise InvalidInstance("the data set ends in the middle of an element", code="truncated")
    walk.holes[-1] = (start, end)
    walk.pixels.end = end
    walk.findings.append(
        ("pixel_data_truncated", f"{walk.pixels.tag:08X}", "shorter than its length says")
    )
