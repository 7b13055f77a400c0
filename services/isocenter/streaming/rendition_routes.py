"""`POST /api/studies/{s}/renditions`: make what is streamed now, and not when its turn comes."""

import json

from isocenter.errors import InvalidRequest
from isocenter.runtime.caller import Action
from isocenter.runtime.web import Request, Route
from isocenter.streaming.ports import Transcoding, Urgency
from isocenter.streaming.stored import check_uids

_URGENCIES: dict[str, Urgency] = {"reading": "reading", "backfill": "backfill"}


class RenditionRoutes:
    """The handler that asks the transcoder."""

    def __init__(self, transcoding: Transcoding) -> None:
        self._transcoding = transcoding

    def routes(self) -> list[Route]:
        """The one there is."""
        path = "/api/studies/{study}/renditions"
        return [Route("POST", path, Action.TRANSCODE, self.make)]

    async def make(self, request: Request) -> None:
        """Answer once the study's packs are up to date: how many instances, made now, left as stored."""
        study = request.params["study"]
        check_uids(study)
        urgency = _URGENCIES.get(dict(request.query).get("urgency", "reading"))
        if urgency is None:
            raise InvalidRequest("the urgency is reading or backfill")
        instances, made, as_stored = await self._transcoding.transcode(study, urgency)
        told = {"instances": instances, "made": made, "as_stored": as_stored}
        headers = [("Content-Type", "application/json"), ("Cache-Control", "no-store")]
        await request.respond(200, json.dumps(told).encode(), headers)
