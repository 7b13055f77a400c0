"""How a codec process tells of the files it made of an enhanced object; both sides of the pipe read it here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Divided:
    """Some classic files, one a frame, and how many frames the object has in all."""

    files: tuple[bytes, ...]
    number_of_frames: int


def told(files: list[bytes], number_of_frames: int) -> tuple[dict[str, str], bytes]:
    """Header and payload of the result."""
    lengths = ",".join(str(len(file)) for file in files)
    return {"lengths": lengths, "frames": str(number_of_frames)}, b"".join(files)


def divided_of(header: dict[str, str], payload: bytes) -> Divided:
    """Read them back."""
    files, start = [], 0
    for length in map(int, filter(None, header["lengths"].split(","))):
        files.append(payload[start : start + length])
        start += length
    return Divided(tuple(files), int(header["frames"]))
