"""HTTP routes over the quarantine."""

from dataclasses import asdict

from isocenter.dicom.uids import is_valid_uid
from isocenter.errors import InvalidRequest
from isocenter.ingest.import_route import described
from isocenter.ingest.json_answers import json_body, page_of, respond_json
from isocenter.ingest.quarantine_decisions import QuarantineDecisions
from isocenter.runtime.caller import Action
from isocenter.runtime.web import Request, Route

_ONE = "/api/quarantine/{digest}"


class QuarantineRoutes:
    """The handlers, over the decisions."""

    def __init__(self, decisions: QuarantineDecisions) -> None:
        self._decisions = decisions

    async def listed(self, request: Request) -> None:
        """What is in quarantine; `limit` and `after` page, `study` narrows."""
        limit, after = page_of(request)
        study = dict(request.query).get("study")
        if study is not None and not is_valid_uid(study):
            raise InvalidRequest("not a UID")
        rows = await self._decisions.listed(limit, after, study)
        await respond_json(request, 200, [asdict(row) for row in rows])

    async def shown(self, request: Request) -> None:
        """One thing and a glance at its header."""
        await respond_json(request, 200, await self._decisions.shown(request.params["digest"]))

    async def release(self, request: Request) -> None:
        """Try to accept it again; 409 with the reason when it stays."""
        force = (await json_body(request)).get("force", False)
        if not isinstance(force, bool):
            raise InvalidRequest("force is true or false")
        outcome = await self._decisions.release(
            request.params["digest"], request.caller, force=force
        )
        await respond_json(request, 200, described(outcome))

    async def drop(self, request: Request) -> None:
        """Delete the bytes."""
        digest = request.params["digest"]
        await self._decisions.drop(digest, request.caller)
        await respond_json(request, 200, {"digest": digest, "state": "dropped"})

    def routes(self) -> list[Route]:
        """All of them. The glance may show a patient's name, so it needs more than the list."""
        return [
            Route("GET", "/api/quarantine", Action.OBSERVE, self.listed),
            Route("GET", _ONE, Action.HANDLE_QUARANTINE, self.shown),
            Route("POST", f"{_ONE}/release", Action.HANDLE_QUARANTINE, self.release),
            Route("POST", f"{_ONE}/drop", Action.HANDLE_QUARANTINE, self.drop),
        ]
