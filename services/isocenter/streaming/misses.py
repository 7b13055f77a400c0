"""Studies that somebody reads and nobody has packed: the transcoder is told, and does them first."""

import asyncio

from isocenter.errors import IsocenterError
from isocenter.runtime.log import logger
from isocenter.streaming.ports import Transcoding

MAX_WAITING = 64

log = logger(__name__)


class Misses:
    """Tells of each study once at a time; what does not fit is told when somebody asks again."""

    def __init__(self, transcoding: Transcoding) -> None:
        self._transcoding = transcoding
        self._waiting: asyncio.Queue[str] = asyncio.Queue(MAX_WAITING)
        self._told: set[str] = set()

    def tell(self, study: str) -> None:
        """Return at once."""
        if study not in self._told and not self._waiting.full():
            self._told.add(study)
            self._waiting.put_nowait(study)

    async def run(self) -> None:
        """Ask until cancelled."""
        while True:
            study = await self._waiting.get()
            try:
                await self._transcoding.transcode(study, "reading")
            except IsocenterError as error:
                log.warning("not_transcoded", study_instance_uid=study, reason=error.reason)
            finally:
                self._told.discard(study)
