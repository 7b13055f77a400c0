"""From the walk over Pixel Data to where each frame is."""

from isocenter.dicom.attributes import key_of
from isocenter.dicom.encoding import Buffer
from isocenter.dicom.fragments import map_frames
from isocenter.dicom.limits import Finding
from isocenter.dicom.pixel_location import PixelLocation
from isocenter.dicom.transfer_syntaxes import TransferSyntax
from isocenter.dicom.walk import NUMBER_OF_FRAMES, Walk


def locate_pixels(
    data: Buffer, walk: Walk, syntax: TransferSyntax
) -> tuple[PixelLocation | None, tuple[Finding, ...]]:
    """Give the place of the pixels, and what is odd about it; reads starts of fragments when nothing else tells."""
    span = walk.pixels
    if span is None:
        return None, ()
    tag = key_of(span.tag)
    if span.fragments is None:
        findings: tuple[Finding, ...] = ()
        if syntax.encapsulated and syntax.known:
            findings = (
                (
                    "native_in_encapsulated_syntax",
                    tag,
                    "a plain value where items are due (PS3.5 A.4)",
                ),
            )
        return PixelLocation(tag, span.start, span.end - span.start), findings
    found = span.fragments
    frames, problems = _number_of_frames(walk.values.get(NUMBER_OF_FRAMES, b""))
    if not syntax.encapsulated:
        problems.append(("encapsulated_in_native_syntax", tag, "items where a plain value is due"))
    first = map_frames(data, found, frames, walk.extended_table, video=syntax.video)
    if first is None:
        problems.append(
            ("frame_boundaries_unknown", tag, "fragments cannot be told apart into frames")
        )
    location = PixelLocation(
        tag,
        found.offset,
        found.end - found.offset,
        True,
        found.lengths,
        first if first is not None else (),
    )
    return location, tuple(problems)


def _number_of_frames(raw: bytes) -> tuple[int, list[Finding]]:
    text = raw.strip(b" \0")
    if not text:
        return 1, []
    if text.isdigit() and int(text[:12]) > 0:
        return int(text[:12]), []
    return 1, [
        (
            "number_of_frames_invalid",
            key_of(NUMBER_OF_FRAMES),
            "not a positive number, taken as one",
        )
    ]
