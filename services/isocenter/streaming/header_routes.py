"""The header of an instance for a person: its elements with their names, and what was odd about it."""

import orjson

from isocenter.events.versions import version_ms
from isocenter.runtime.caller import Action
from isocenter.runtime.web import Request, Route
from isocenter.streaming.answers import respond_json
from isocenter.streaming.header_lines import header_lines
from isocenter.streaming.metadata_routes import document_of
from isocenter.streaming.packs import PackTables
from isocenter.streaming.stored import Instances, viewed_of

PIXEL_DATA = "7FE00010"


class HeaderRoutes:
    """The handler."""

    def __init__(self, instances: Instances, packs: PackTables) -> None:
        self._instances = instances
        self._packs = packs

    def routes(self) -> list[Route]:
        """The one there is."""
        path = "/api/studies/{study}/series/{series}/instances/{instance}/header"
        return [Route("GET", path, Action.RETRIEVE, self.header)]

    async def header(self, request: Request) -> None:
        """What readers see of the instance, as its metadata has it; bulk data by their length."""
        params = request.params
        row = await self._instances.row(params["study"], params["series"], params["instance"])
        findings = [
            {"code": code, "tag": tag, "message": message} for code, tag, message in row.findings
        ]
        entry = await self._packs.entry(viewed_of(row)) if row.pixel_data else None
        if entry is not None and entry.instance.refused:
            told = f"not made ready to be streamed: {entry.instance.refused}"
            findings.append({"code": "stays_as_stored", "tag": PIXEL_DATA, "message": told})
        content = {
            "sop_instance_uid": row.sop_instance_uid,
            "transfer_syntax_uid": row.transfer_syntax_uid,
            "digest": row.digest,
            "size_bytes": row.size_bytes,
            "received_ms": version_ms(row.first_version),
            "findings": findings,
            "elements": header_lines(orjson.loads(document_of(row, ""))),
        }
        await respond_json(request, content)
