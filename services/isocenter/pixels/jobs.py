"""What a codec process can be asked: values that travel as JSON, so that neither side unpickles the other's bytes."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from isocenter.dicom.frames import Frame
from isocenter.errors import InvalidRequest
from isocenter.pixels.image import Image
from isocenter.pixels.rendering import Rendering, Viewport, Window
from isocenter.pixels.source import Source

Kind = Literal[
    "decode",
    "render",
    "read",
    "explicit",
    "implicit",
    "compressed",
    "rendition",
    "classic",
    "shaped",
]


@dataclass(frozen=True, slots=True)
class Shape:
    """What is to be made of an object; 0: as it is. `frame_number` and `part` count from 1, `quality` is 1 to 100."""

    frame_number: int = 0
    part: int = 0
    quality: int = 0


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work.

    decode: samples of the first frame, explicit little endian. render: a picture of it, `document` is the instance's
    DICOM JSON. read: the ranges of the first frame as they are (for deflated objects). explicit: the whole object as a
    Part 10 file in Explicit VR Little Endian, all frames decoded. implicit: the same in Implicit VR Little Endian.
    compressed: the same in `syntax`, lossless, each frame proven to come back equal. rendition: the frames as they lie
    in a pack, one after another; the header tells where each ends, see `made`. classic: frames from
    `frame_number` on as files of their own, as many as `max_bytes` are, see `classic_files`. shaped: the object as
    `shape` says, in `syntax`, which may be a lossy one; see `shaped`.
    """

    kind: Kind
    source: Source
    frames: tuple[Frame, ...] = ()
    image: Image | None = None
    frame_number: int = 1
    rendering: Rendering = field(default_factory=Rendering)
    document: bytes = b""
    max_bytes: int = 512 << 20
    syntax: str = ""
    shape: Shape = field(default_factory=Shape)

    def encode(self) -> bytes:
        """The job without its document, as JSON."""
        fields = asdict(self)
        del fields["document"]
        return json.dumps(fields).encode()


def decode_job(header: bytes, document: bytes) -> Job:
    """Read a job back; raises InvalidRequest when it is none."""
    try:
        fields: dict[str, Any] = json.loads(header)
        fields["source"] = Source(**fields["source"])
        fields["frames"] = tuple(
            Frame(tuple((int(a), int(b)) for a, b in frame["ranges"]), frame["first_bit"])
            for frame in fields["frames"]
        )
        fields["image"] = Image(**fields["image"]) if fields["image"] else None
        fields["shape"] = Shape(**fields["shape"])
        fields["rendering"] = _rendering(fields["rendering"])
        return Job(document=document, **fields)
    except (ValueError, TypeError, KeyError) as error:
        raise InvalidRequest("not a job") from error


def _rendering(fields: dict[str, Any]) -> Rendering:
    window, viewport = fields.pop("window"), fields.pop("viewport")
    return Rendering(
        **fields,
        window=Window(**window) if window else None,
        viewport=Viewport(**viewport) if viewport else None,
    )
