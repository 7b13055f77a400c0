"""The DICOM JSON Model (PS3.18 annex F) of a header, from the pieces the scan cut.

What is chosen where the standard leaves room:
- DS and IS are numbers; a text that is none (or one with more in it, as "1,5") stays a text.
- Not-a-number and the infinities of FL and FD are the texts "NaN", "Infinity" and "-Infinity".
- Text attributes of PS3.6 have the VR of PS3.6, even when written with another text VR or UN, so that a reader finds
  PN where PN belongs. Numeric and binary ones keep the VR they were written with.
- Spaces that do not count (PS3.5 table 6.2-1) are left out. An element written twice is used once, the first.
- A private attribute without a VR is UN.
"""

from collections.abc import Callable, Sequence

import orjson

from isocenter.dicom.json_builder import Builder
from isocenter.dicom.json_values import JsonObject
from isocenter.dicom.limits import Finding
from isocenter.dicom.pieces import Piece, Runs
from isocenter.dicom.transfer_syntaxes import transfer_syntax
from isocenter.errors import Corrupted


def to_json(
    pieces: Sequence[Piece],
    *,
    dataset_offset: int,
    transfer_syntax_uid: str,
    bulk_data_uri: Callable[[int, int], str],
    findings: list[Finding] | None = None,
) -> JsonObject:
    """Give the data set of `pieces` (see `Header.pieces`) as a DICOM JSON object, without Pixel Data.

    `dataset_offset` is where the first piece starts. A value that was cut out is given as
    `bulk_data_uri(offset, length)`, counted as the pieces do, in the byte order of the transfer syntax; fragments of an
    icon with their item headers. `findings`, when given, takes what only decoding shows: `text_undecodable`,
    `vr_differs`, `malformed_sequence`.

    Never fails for pieces that the scan gave; raises Corrupted, InvalidInstance, LimitExceeded (`nesting`) for others.
    """
    if pieces and pieces[0][0] != dataset_offset:
        raise Corrupted("the pieces of a header do not start where the data set does")
    syntax = transfer_syntax(transfer_syntax_uid)
    builder = Builder(Runs(pieces), bulk_data_uri)
    document = builder.build(explicit=not syntax.implicit, big_endian=syntax.big_endian)
    if findings is not None:
        findings.extend(builder.findings())
    return document


def dumps(document: JsonObject) -> bytes:
    """Write a document compactly as UTF-8."""
    return orjson.dumps(document)
