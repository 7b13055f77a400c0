"""What codec processes made of frames, as services read it: known without loading a codec."""

import json
from dataclasses import dataclass

from isocenter.errors import InvalidInstance


@dataclass(frozen=True, slots=True)
class FrameMade:
    """One frame's stream. `sample_sha256` is of the samples that it was proven to hold, empty where none were made."""

    stream: bytes
    level_ends: tuple[int, ...]
    sample_sha256: bytes


@dataclass(frozen=True, slots=True)
class Made:
    """Frames of one instance, all in one transfer syntax and colour model."""

    transfer_syntax_uid: str
    photometric_interpretation: str
    frames: tuple[FrameMade, ...]


def made_of(header: dict[str, str], payload: bytes) -> Made:
    """Read a result back; raises InvalidInstance when it is none."""
    try:
        told = json.loads(header["frames"])
        frames, start = [], 0
        for length, ends, proof in told:
            stream = payload[start : start + length]
            frames.append(FrameMade(stream, tuple(ends), bytes.fromhex(proof)))
            start += length
        if start != len(payload):
            raise InvalidInstance("the streams are not as long as they are said to be")
        return Made(header["syntax"], header["photometric"], tuple(frames))
    except (KeyError, ValueError, TypeError) as error:
        raise InvalidInstance("not a rendition") from error
