"""Pictures of frames, for whoever asks: over HTTP, by WADO-URI, over gRPC."""

import json

from isocenter.errors import NotFound
from isocenter.pixels.rendering import Rendering
from isocenter.streaming.decoding import Decoding
from isocenter.streaming.stored import Instances, Stored
from isocenter.streaming.view import view

JPEG, PNG = "image/jpeg", "image/png"
QUALITY = 90
REPRESENTATIVE_FRAME = "00286010"


class Pictures:
    """Made by the codec processes and kept there."""

    def __init__(self, instances: Instances, decoding: Decoding) -> None:
        self._instances = instances
        self._decoding = decoding

    async def document(self, stored: Stored) -> bytes:
        """The instance's DICOM JSON; raises NotFound when it is not what it was."""
        viewed = stored.viewed
        row = await self._instances.row(
            viewed.study_instance_uid, viewed.series_instance_uid, viewed.sop_instance_uid
        )
        if row.digest != viewed.digest:
            raise NotFound("the instance was just replaced")
        return row.document

    async def picture(
        self, stored: Stored, number: int, rendering: Rendering, document: bytes = b""
    ) -> bytes:
        """A frame as a picture; `number` 0 is the one that stands for the whole. Raises NotAcceptable, NotFound."""
        document = document or await self.document(stored)
        number = number or representative(document, stored)
        picture = await self._decoding.picture(stored, number, document, rendering)
        return bytes(view(stored.viewed, "picture", (picture,))[0])


def representative(document: bytes, stored: Stored) -> int:
    """The frame that stands for the whole (0028,6010), else the middle one."""
    frames = stored.layout.number_of_frames if stored.layout is not None else 1
    if frames == 1:
        return 1
    found = json.loads(document).get(REPRESENTATIVE_FRAME, {}).get("Value") or [0]
    number = found[0] if isinstance(found[0], int) else 0
    return number if 1 <= number <= frames else (frames + 1) // 2
