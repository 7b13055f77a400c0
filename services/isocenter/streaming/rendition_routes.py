"""`/api/studies/{s}/renditions`: what of a study can be streamed; make it now, and not when its turn comes."""

from isocenter.errors import InvalidRequest
from isocenter.runtime.caller import Action
from isocenter.runtime.web import Request, Route
from isocenter.streaming.answers import respond_json
from isocenter.streaming.packs import PackTables
from isocenter.streaming.ports import Transcoding, Urgency
from isocenter.streaming.stored import Instances, check_uids, viewed_of

_URGENCIES: dict[str, Urgency] = {"reading": "reading", "backfill": "backfill"}


class RenditionRoutes:
    """Handlers that look at packs and ask the transcoder."""

    def __init__(self, transcoding: Transcoding, instances: Instances, packs: PackTables) -> None:
        self._transcoding = transcoding
        self._instances = instances
        self._packs = packs

    def routes(self) -> list[Route]:
        """Both."""
        path = "/api/studies/{study}/renditions"
        return [
            Route("GET", path, Action.OBSERVE, self.tell),
            Route("POST", path, Action.TRANSCODE, self.make),
        ]

    async def tell(self, request: Request) -> None:
        """How many instances with pixels can be streamed, how many wait, and which stay as stored, with the reason."""
        rows = await self._instances.rows(request.params["study"])
        streamed, waiting, as_stored = 0, 0, list[dict[str, str]]()
        for row in filter(lambda row: row.pixel_data, rows):
            entry = await self._packs.entry(viewed_of(row))
            if entry is None:
                waiting += 1
            elif entry.instance.refused:
                told = {"sop": row.sop_instance_uid, "reason": entry.instance.refused}
                as_stored.append(told)
            else:
                streamed += 1
        await respond_json(
            request, {"streamed": streamed, "waiting": waiting, "as_stored": as_stored}
        )

    async def make(self, request: Request) -> None:
        """Answer once the study's packs are up to date: how many instances, made now, left as stored."""
        study = request.params["study"]
        check_uids(study)
        urgency = _URGENCIES.get(dict(request.query).get("urgency", "reading"))
        if urgency is None:
            raise InvalidRequest("the urgency is reading or backfill")
        instances, made, as_stored = await self._transcoding.transcode(study, urgency)
        await respond_json(request, {"instances": instances, "made": made, "as_stored": as_stored})
