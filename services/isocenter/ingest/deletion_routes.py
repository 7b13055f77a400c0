"""HTTP routes to delete and undelete."""

from dataclasses import asdict

from isocenter.errors import InvalidRequest
from isocenter.ingest.deletion import Deletions, Target
from isocenter.ingest.json_answers import json_body, page_of, respond_json
from isocenter.runtime.caller import Action
from isocenter.runtime.web import Request, Route

_STUDY = "/api/studies/{study}"


class DeletionRoutes:
    """The handlers, over the decisions."""

    def __init__(self, deletions: Deletions) -> None:
        self._deletions = deletions

    async def delete(self, request: Request) -> None:
        """Delete a study, series or instance; the answer names the deletion, for undo."""
        params = request.params
        target = Target(params["study"], params.get("series", ""), params.get("sop", ""))
        row = await self._deletions.delete(target, request.caller, await _reason(request))
        await respond_json(request, 200, asdict(row))

    async def undo(self, request: Request) -> None:
        """Take a deletion back in its grace time."""
        row = await self._deletions.undo(request.params["id"], request.caller)
        await respond_json(request, 200, asdict(row) | {"state": "undeleted"})

    async def listed(self, request: Request) -> None:
        """Deletions in force, by id; `limit` and `after` page."""
        limit, after = page_of(request)
        rows = await self._deletions.listed(limit, after)
        await respond_json(request, 200, [asdict(row) for row in rows])

    def routes(self) -> list[Route]:
        """All of them."""
        series = f"{_STUDY}/series/{{series}}"
        return [
            Route("DELETE", _STUDY, Action.DELETE, self.delete),
            Route("DELETE", series, Action.DELETE, self.delete),
            Route("DELETE", f"{series}/instances/{{sop}}", Action.DELETE, self.delete),
            Route("POST", "/api/deletions/{id}/undo", Action.DELETE, self.undo),
            Route("GET", "/api/deletions", Action.OBSERVE, self.listed),
        ]


async def _reason(request: Request) -> str:
    """Why, from the query or a JSON body."""
    for name, value in request.query:
        if name == "reason":
            return value
    reason = (await json_body(request)).get("reason", "")
    if not isinstance(reason, str):
        raise InvalidRequest("reason is a text")
    return reason
