"""Frames as they are streamed: HTJ2K lossless in growing resolutions, proven; lossy ones as they came.

For codec processes.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

from isocenter.dicom.frames import Frame
from isocenter.dicom.transfer_syntaxes import HTJ2K_RPCL, transfer_syntax
from isocenter.errors import LimitExceeded, PermanentError, UnsupportedSyntax
from isocenter.pixels.decode import decode_frame, decoded_photometric_interpretation
from isocenter.pixels.encode import encode_frame, photometric_of
from isocenter.pixels.image import Image
from isocenter.pixels.levels import level_ends
from isocenter.pixels.source import Source

INDICES = "PALETTE COLOR"  # samples that are places in a table: their mean is the colour of something else


def rendition(
    source: Source, frames: Sequence[Frame], first_number: int, image: Image, max_bytes: int
) -> tuple[dict[str, str], bytes]:
    """Header and payload of the result, which `made.made_of` reads.

    Raises UnsupportedSyntax, InvalidInstance or LimitExceeded for a frame that has to stay as stored.
    """
    streams: list[bytes] = []
    told: list[tuple[int, tuple[int, ...], str]] = []
    photometric, size, is_wrapped = image.photometric_interpretation, 0, stays_as_it_came(image)
    for number, frame in enumerate(frames, first_number):
        content = source.read_all(list(frame.ranges))
        try:
            if is_wrapped:
                stream, proof = content, ""
            else:
                stream, photometric, proof = _encoded(content, image, frame.first_bit)
        except PermanentError as error:
            raise type(error)(f"frame {number}: {error.message}") from error
        size += len(stream)
        if size > max_bytes:
            raise LimitExceeded("the frames are too large together", max_bytes=max_bytes)
        has_levels = image.photometric_interpretation != INDICES
        streams.append(stream)
        told.append((len(stream), level_ends(stream) if has_levels else (len(stream),), proof))
    header = {
        "syntax": image.transfer_syntax_uid if is_wrapped else HTJ2K_RPCL,
        "photometric": photometric,
        "frames": json.dumps(told),
    }
    return header, b"".join(streams)


def stays_as_it_came(image: Image) -> bool:
    """Whether frames are taken as they are: they are streamable already, or have lost something before.

    Raises UnsupportedSyntax for a video, which has no frames of its own.
    """
    syntax = transfer_syntax(image.transfer_syntax_uid)
    if syntax.video:
        raise UnsupportedSyntax("a video is not a run of pictures")
    return syntax.known and (not syntax.lossless or syntax.uid == HTJ2K_RPCL)


def _encoded(content: bytes, image: Image, first_bit: int) -> tuple[bytes, str, str]:
    """Stream, colour model, and digest of the samples: little endian, colour by pixel."""
    samples = decode_frame(content, image, first_bit)
    photometric = decoded_photometric_interpretation(image, content)
    decoded = replace(image, photometric_interpretation=photometric, planar_configuration=0)
    stream = encode_frame(samples, decoded, HTJ2K_RPCL)
    said = photometric_of(image, photometric, HTJ2K_RPCL)
    return stream, said, sha256(samples.tobytes()).hexdigest()
